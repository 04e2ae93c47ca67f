//! What completes a step, and which one comes next.

use uuid::Uuid;

use super::{Kind, Step, Wizard, WizardError, ask, hold, holds};
use crate::domain::auth::viewer::Viewer;
use crate::domain::devices::catalogue::{self, ChargePointModel, VehicleModel, is_live};
use crate::domain::devices::cloud;
use crate::domain::devices::life::Stage;
use crate::domain::devices::register::{self, Make, NewDevice, RegisterError};
use crate::domain::devices::{DeviceError, letting_go};
use crate::platform::db::{Tx, statement};
use crate::platform::random::Randomness;

/// How far cars let themselves be charged, in per cent, until we know better.
const CHARGE_LIMIT: i16 = 90;
/// The kind of device that is set up step by step.
const CARS: &str = "ELECTRIC_VEHICLES";
/// Cars of this service need a key of ours.
const NEEDS_KEY: &str = "TESLA_V2";

/// What the customer says in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One of the options, in a step of this kind.
    Option(Kind, String),
    /// The address that the customer was sent back to after signing in.
    SignedIn(String),
    /// They have done what was asked, in a step of this kind.
    Done(Kind),
}

impl Answer {
    fn kind(&self) -> Kind {
        match self {
            Self::Option(kind, _) | Self::Done(kind) => *kind,
            Self::SignedIn(_) => Kind::SignIn,
        }
    }
}

/// A step that somebody completes.
#[derive(Clone, Debug)]
pub struct Doing {
    /// The wizard.
    pub wizard: String,
    /// The step.
    pub step: String,
    /// What is said.
    pub answer: Answer,
}

statement!(static COMPLETE: () = "
    update onboarding_steps set answer = $2, completed_at = $3 where id = $1");
statement!(static CHOOSE: () = "
    update onboarding_wizards set device_type = coalesce($2, device_type), integration = coalesce($3, integration),
        vehicle_model_id = coalesce($4, vehicle_model_id), charge_point_model_id = coalesce($5, charge_point_model_id)
    where id = $1");
statement!(static REGISTERED: () = "update onboarding_wizards set device_id = $2 where id = $1");

/// Completes the step of a wizard that is waited for. Answers the wizard's identifier.
///
/// # Errors
/// See [`WizardError`].
pub async fn complete(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    doing: &Doing,
) -> Result<Uuid, WizardError> {
    if doing.step.trim().is_empty() {
        return Err(WizardError::Parameters);
    }
    let mut wizard = hold(tx, viewer, &doing.wizard).await?;
    let now = tx.business_now().await?;
    if !holds(tx, wizard.held.account_id, wizard.held.property_id, now).await? {
        return Err(WizardError::Unable("the account has moved out"));
    }
    let step = named(&wizard, doing)?.clone();
    match &doing.answer {
        Answer::Option(kind, chosen) => choose(tx, random, &mut wizard, *kind, &step, chosen).await?,
        Answer::SignedIn(address) => {
            let sign_in = code(address, step.id)?;
            signed_in(tx, random, &wizard, &step, &sign_in).await?;
        }
        Answer::Done(Kind::TestCharge) => return test(tx, viewer, wizard).await,
        Answer::Done(kind) => {
            settle(tx, &step, None).await?;
            let reference = match kind {
                Kind::VirtualKey => step.reached.first().cloned(),
                _ => Some(wizard.held.id.to_string()),
            };
            let reference = reference.ok_or(WizardError::Unable("no car is known"))?;
            register(tx, random, &wizard, &reference).await?;
        }
    }
    Ok(wizard.held.id)
}

/// The step that is named, if it is the one that is waited for and of the right kind.
fn named<'a>(wizard: &'a Wizard, doing: &Doing) -> Result<&'a Step, WizardError> {
    let id: Uuid = doing.step.parse().map_err(|_| WizardError::UnknownStep)?;
    let step = wizard.steps.iter().find(|step| step.id == id).ok_or(WizardError::UnknownStep)?;
    let current = wizard.current();
    if current.is_some_and(|current| current.id == id) && step.kind() == doing.answer.kind() {
        return Ok(step);
    }
    let is_waiting = |step: &Step| matches!(step.kind(), Kind::Transition | Kind::TestCharge);
    if current.is_some_and(is_waiting) && !is_ready(wizard) {
        return Err(WizardError::NotReady);
    }
    Err(WizardError::WrongStep)
}

/// Whether the car could be tested, or is.
pub fn is_ready(wizard: &Wizard) -> bool {
    wizard.device.as_ref().is_some_and(|device| {
        let condition = &device.state.condition;
        let may =
            matches!(device.state.stage, Stage::AwaitingTest | Stage::Testing { .. } | Stage::TestFailed(_));
        may && condition.is_plugged && condition.is_connected
    })
}

async fn settle(tx: &mut Tx, step: &Step, answer: Option<&str>) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    COMPLETE.command().bind(step.id).bind(answer).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Whether the service of one of these providers reaches such devices. Answers the first one.
fn provider_of(providers: &[String], kind: cloud::Kind) -> Option<&str> {
    let reaches = |provider: &&String| cloud::of(provider).reaches(provider) == Some(kind);
    providers.iter().find(reaches).map(String::as_str)
}

/// All cars that everybody can have controlled.
pub async fn vehicles(tx: &mut Tx) -> Result<Vec<catalogue::Make<VehicleModel>>, sqlx::Error> {
    catalogue::vehicles(tx, None, None, Some(true)).await
}

/// All charge points that everybody can have controlled.
pub async fn charge_points(tx: &mut Tx) -> Result<Vec<catalogue::Make<ChargePointModel>>, sqlx::Error> {
    let mut all = catalogue::charge_points(tx).await?;
    all.iter_mut().for_each(|make| make.models.retain(|model| is_live(&model.integration_status)));
    Ok(all)
}

/// What of these is left of each maker, if anything is.
fn only<'a, M: Clone>(
    all: &'a [catalogue::Make<M>],
    fits: impl Fn(&M) -> bool + 'a,
) -> impl Iterator<Item = catalogue::Make<M>> + 'a {
    let left = move |known: &catalogue::Make<M>| {
        let models: Vec<M> = known.models.iter().filter(|model| fits(model)).cloned().collect();
        (!models.is_empty()).then(|| catalogue::Make { make: known.make.clone(), models })
    };
    all.iter().filter_map(left)
}

/// The cars that can be chosen: those that are reached, where it is the car that is to be.
pub fn cars_to_choose<'a>(
    wizard: &Wizard,
    all: &'a [catalogue::Make<VehicleModel>],
) -> impl Iterator<Item = catalogue::Make<VehicleModel>> + 'a {
    let any = wizard.is_of_charge_point();
    only(all, move |model| any || provider_of(&model.providers, cloud::Kind::Vehicle).is_some())
}

/// The charge points that can be chosen: those that are reached, where it is the charge point that is to be.
pub fn points_to_choose<'a>(
    wizard: &Wizard,
    all: &'a [catalogue::Make<ChargePointModel>],
) -> impl Iterator<Item = catalogue::Make<ChargePointModel>> + 'a {
    let any = !wizard.is_of_charge_point();
    only(all, move |model| any || provider_of(&model.providers, cloud::Kind::ChargePoint).is_some())
}

/// The kinds of devices that can be set up step by step, and what to call them.
pub fn device_types() -> [(&'static str, &'static str); 1] {
    [(CARS, "Electric vehicle or charge point")]
}

impl Wizard {
    /// Whether it is the charge point that is reached.
    pub fn is_of_charge_point(&self) -> bool {
        self.held.integration.as_deref() == Some("CHARGE_POINT")
    }

    /// What was chosen in the last step of a kind.
    pub fn chosen(&self, kind: Kind) -> Option<&str> {
        self.steps.iter().rfind(|step| step.kind() == kind)?.answer.as_deref()
    }
}

async fn choose(
    tx: &mut Tx,
    random: &Randomness,
    wizard: &mut Wizard,
    kind: Kind,
    step: &Step,
    chosen: &str,
) -> Result<(), WizardError> {
    let is_point = wizard.is_of_charge_point();
    let (mut device_type, mut integration, mut vehicle, mut point) = (None, None, None, None);
    let next = match kind {
        Kind::DeviceType => {
            device_type =
                Some(chosen).filter(|chosen| device_types().iter().any(|(known, _)| known == chosen));
            device_type.map(|_| Some(Kind::Integration))
        }
        Kind::Integration => {
            integration = Some(chosen);
            match chosen {
                "ELECTRIC_VEHICLE" => Some(Some(Kind::VehicleMake)),
                "CHARGE_POINT" => Some(Some(Kind::ChargePointMake)),
                _ => None,
            }
        }
        Kind::VehicleMake => {
            let all = vehicles(tx).await?;
            let is_one = cars_to_choose(wizard, &all).any(|make| make.make == chosen);
            is_one.then_some(Some(Kind::VehicleVariant))
        }
        Kind::ChargePointMake => {
            let all = charge_points(tx).await?;
            let is_one = points_to_choose(wizard, &all).any(|make| make.make == chosen);
            is_one.then_some(Some(Kind::ChargePointVariant))
        }
        Kind::VehicleVariant => {
            let all = vehicles(tx).await?;
            let make = wizard.chosen(Kind::VehicleMake).unwrap_or_default();
            let models = cars_to_choose(wizard, &all).filter(|known| known.make == make);
            let mut ids = models.flat_map(|known| known.models).map(|model| model.id);
            vehicle = ids.find(|id| id.to_string() == chosen);
            vehicle.map(|_| (!is_point).then_some(Kind::ChargePointMake))
        }
        Kind::ChargePointVariant => {
            let all = charge_points(tx).await?;
            let make = wizard.chosen(Kind::ChargePointMake).unwrap_or_default();
            let models = points_to_choose(wizard, &all).filter(|known| known.make == make);
            let mut ids = models.flat_map(|known| known.models).map(|model| model.id);
            point = ids.find(|id| id.to_string() == chosen);
            point.map(|_| is_point.then_some(Kind::VehicleMake))
        }
        Kind::Reached => {
            let reference = step.reached.iter().find(|reference| *reference == chosen);
            let reference = reference.ok_or(WizardError::Parameters)?.clone();
            settle(tx, step, Some(chosen)).await?;
            return reached(tx, random, wizard, &reference).await;
        }
        _ => None,
    };
    let next = next.ok_or(WizardError::Parameters)?;
    settle(tx, step, Some(chosen)).await?;
    let choose = CHOOSE.command().bind(wizard.held.id).bind(device_type).bind(integration);
    choose.bind(vehicle).bind(point).execute(&mut *tx).await?;
    wizard.held.vehicle_model_id = vehicle.or(wizard.held.vehicle_model_id);
    wizard.held.charge_point_model_id = point.or(wizard.held.charge_point_model_id);
    let next = match next {
        Some(next) => next,
        None => first_contact(tx, wizard).await?,
    };
    Ok(ask(tx, random, wizard.held.id, next, &[]).await?)
}

/// How a device that is known by its models is reached.
async fn first_contact(tx: &mut Tx, wizard: &Wizard) -> Result<Kind, WizardError> {
    let provider = provider(tx, wizard).await?;
    let calls_us = cloud::of(&provider).is_told_by_device(&provider);
    Ok(if calls_us { Kind::Connect } else { Kind::SignIn })
}

/// Through which service the device is reached.
async fn provider(tx: &mut Tx, wizard: &Wizard) -> Result<String, WizardError> {
    let gone = || WizardError::Unable("the model is reached no longer");
    let (providers, kind) = if wizard.is_of_charge_point() {
        let id = wizard.held.charge_point_model_id.ok_or(gone())?;
        let model = catalogue::charge_points_by_id(tx, &[id]).await?.pop().ok_or(gone())?;
        (model.providers, cloud::Kind::ChargePoint)
    } else {
        let id = wizard.held.vehicle_model_id.ok_or(gone())?;
        let model = catalogue::vehicles_by_id(tx, &[id]).await?.pop().ok_or(gone())?;
        (model.providers, cloud::Kind::Vehicle)
    };
    provider_of(&providers, kind).map(str::to_owned).ok_or(gone())
}

/// What the maker's service gave the customer for us, out of the address that they were sent back to. The step says which
/// sign-in it belongs to.
fn code(address: &str, step: Uuid) -> Result<String, WizardError> {
    let address = url::Url::parse(address).map_err(|_| WizardError::Parameters)?;
    let given =
        |name: &str| address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if given("state") != Some(step.to_string()) {
        return Err(WizardError::Parameters);
    }
    if given("error").is_some() {
        return Err(WizardError::Unable("the customer did not let us in"));
    }
    given("code").filter(|code| !code.is_empty()).ok_or(WizardError::Parameters)
}

async fn signed_in(
    tx: &mut Tx,
    random: &Randomness,
    wizard: &Wizard,
    step: &Step,
    sign_in: &str,
) -> Result<(), WizardError> {
    let provider = provider(tx, wizard).await?;
    let listed = cloud::of(&provider).listed(&provider, sign_in);
    let listed = listed.ok_or(WizardError::Unable("the maker's service does not let us in"))?;
    let references: Vec<String> = listed.into_iter().map(|each| each.reference).collect();
    match references.as_slice() {
        [] => return Err(WizardError::Unable("no such device is reached for the customer")),
        [only] => {
            settle(tx, step, None).await?;
            reached(tx, random, wizard, only).await?;
        }
        several => {
            settle(tx, step, None).await?;
            ask(tx, random, wizard.held.id, Kind::Reached, several).await?;
        }
    }
    Ok(())
}

/// Goes on once it is known which device is meant.
async fn reached(
    tx: &mut Tx,
    random: &Randomness,
    wizard: &Wizard,
    reference: &str,
) -> Result<(), WizardError> {
    if provider(tx, wizard).await? == NEEDS_KEY {
        return Ok(ask(tx, random, wizard.held.id, Kind::VirtualKey, &[reference.to_owned()]).await?);
    }
    register(tx, random, wizard, reference).await
}

async fn register(
    tx: &mut Tx,
    random: &Randomness,
    wizard: &Wizard,
    reference: &str,
) -> Result<(), WizardError> {
    let provider = provider(tx, wizard).await?;
    let missing = || WizardError::Unable("it is not known which car it is");
    let vehicle = wizard.held.vehicle_model_id.ok_or(missing())?;
    let make = match wizard.held.charge_point_model_id {
        Some(model) if wizard.is_of_charge_point() => Make::ChargePoint { model, vehicle },
        charge_point => Make::Vehicle { model: vehicle, charge_point },
    };
    let new = NewDevice {
        account: wizard.held.account_id,
        property: wizard.held.property_id,
        provider: &provider,
        reference,
        name: "",
        charge_limit: CHARGE_LIMIT,
        make,
    };
    let device = register::register(tx, random, &new).await.map_err(|error| match error {
        RegisterError::Already => WizardError::Unable("the device is registered already"),
        RegisterError::NoProperty => WizardError::Unable("the account has moved out"),
        RegisterError::NotSupported => WizardError::Unable("the model is reached no longer"),
        RegisterError::Device(error) => error.into(),
        RegisterError::Database(error) => WizardError::Database(error),
    })?;
    REGISTERED.command().bind(wizard.held.id).bind(device).execute(&mut *tx).await?;
    for kind in [Kind::Registration, Kind::Transition, Kind::TestCharge, Kind::InService] {
        ask(tx, random, wizard.held.id, kind, &[]).await?;
    }
    Ok(())
}

/// Has the car tested, again if it failed. One that is being tested goes on.
async fn test(tx: &mut Tx, viewer: &Viewer, wizard: Wizard) -> Result<Uuid, WizardError> {
    if !is_ready(&wizard) {
        return Err(WizardError::NotReady);
    }
    let device = wizard.device.ok_or(WizardError::WrongStep)?;
    if matches!(device.state.stage, Stage::Testing { .. }) {
        return Ok(wizard.held.id);
    }
    match letting_go::test_one(tx, viewer, device.held.id).await {
        Ok(_) => Ok(wizard.held.id),
        Err(DeviceError::NotReady(_) | DeviceError::NotNow(_)) => Err(WizardError::NotReady),
        Err(DeviceError::Refused | DeviceError::Silent) => Err(WizardError::Unable("the car did not obey")),
        Err(other) => Err(other.into()),
    }
}
