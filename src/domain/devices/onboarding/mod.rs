//! Setting up a car or a charge point step by step: the customer says what they have, signs in with its maker, and watches it being
//! taken in. What a step asks follows from what was answered before; the last steps follow from the device itself.

mod steps;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

pub use steps::{
    Answer, Doing, cars_to_choose, charge_points, complete, device_types, is_ready, points_to_choose,
    vehicles,
};

use super::DeviceError;
use super::fleet::{self, Device};
use super::life::Stage;
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::random::Randomness;

/// Why a wizard did not go on.
#[derive(Debug, Error)]
pub enum WizardError {
    /// The viewer sees the account and may not do this for it.
    #[error("the viewer may not set up devices on this account")]
    Forbidden,
    /// There is no such account for the viewer, or it does not hold the home: where it stands in the input.
    #[error("the account has no such home")]
    NoHome(&'static str),
    /// There is no such wizard for the viewer, or it was cancelled.
    #[error("there is no such wizard")]
    Unknown,
    /// Somebody else is at it.
    #[error("somebody else is setting up the device at this moment")]
    Busy,
    /// Something is missing, or is not among what can be chosen.
    #[error("what was chosen is not among the options")]
    Parameters,
    /// It cannot be done, now or at all.
    #[error("the step cannot be completed: {0}")]
    Unable(&'static str),
    /// The wizard has no such step.
    #[error("the wizard has no such step")]
    UnknownStep,
    /// The step is another one than this is for, or is not the one that is waited for.
    #[error("another step is waited for")]
    WrongStep,
    /// The car is not plugged in, or we have not been let in yet.
    #[error("the car is not ready for a test charge")]
    NotReady,
    /// It is done: the device is registered.
    #[error("the device has been registered")]
    Done,
    /// What is known of the device cannot be read.
    #[error(transparent)]
    Device(DeviceError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(WizardError);

impl From<DeviceError> for WizardError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Database(error) => Self::Database(error),
            other => Self::Device(other),
        }
    }
}

row! {
    /// What is kept of a wizard.
    pub struct Held {
        /// Its identifier.
        pub id: Uuid,
        account_id: i64,
        property_id: i64,
        /// One of `KrakenFlexDeviceTypes`, once it was chosen.
        pub device_type: Option<String>,
        /// One of `SelectIntegrationChoices`, once it was chosen.
        pub integration: Option<String>,
        /// The model of the car, once it was chosen.
        pub vehicle_model_id: Option<i32>,
        /// The model of the charge point, once it was chosen.
        pub charge_point_model_id: Option<i32>,
        /// The device, once it is registered.
        pub device_id: Option<Uuid>,
        cancelled_at: Option<DateTime<Utc>>,
    }
}

row! {
    /// A step of a wizard.
    pub struct Step {
        /// Its identifier.
        pub id: Uuid,
        wizard_id: Uuid,
        kind: String,
        /// The devices among which the customer chooses, as their maker's service calls them.
        pub reached: Vec<String>,
        /// What was chosen.
        pub answer: Option<String>,
        completed_at: Option<DateTime<Utc>>,
    }
}

/// What a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What kind of device it is.
    DeviceType,
    /// Whether the car is reached or the charge point.
    Integration,
    /// Who made the car.
    VehicleMake,
    /// Which car it is.
    VehicleVariant,
    /// Who made the charge point.
    ChargePointMake,
    /// Which charge point it is.
    ChargePointVariant,
    /// Signing in with the maker's service.
    SignIn,
    /// Which of the cars is meant that the service reaches.
    Reached,
    /// Giving the car a key of ours.
    VirtualKey,
    /// Having the charge point call us.
    Connect,
    /// The device is registered.
    Registration,
    /// The maker's service asks the customer, and tells what the device can do.
    Transition,
    /// The device shows that it does as it is told.
    TestCharge,
    /// The device is taken into service.
    InService,
}

impl Kind {
    const ALL: [(Self, &'static str); 14] = [
        (Self::DeviceType, "DEVICE_TYPE"),
        (Self::Integration, "INTEGRATION"),
        (Self::VehicleMake, "VEHICLE_MAKE"),
        (Self::VehicleVariant, "VEHICLE_VARIANT"),
        (Self::ChargePointMake, "CHARGE_POINT_MAKE"),
        (Self::ChargePointVariant, "CHARGE_POINT_VARIANT"),
        (Self::SignIn, "SIGN_IN"),
        (Self::Reached, "REACHED"),
        (Self::VirtualKey, "VIRTUAL_KEY"),
        (Self::Connect, "CONNECT"),
        (Self::Registration, "REGISTRATION"),
        (Self::Transition, "TRANSITION"),
        (Self::TestCharge, "TEST_CHARGE"),
        (Self::InService, "IN_SERVICE"),
    ];

    fn code(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, code)| code)
    }

    fn of(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == code).map(|(kind, _)| *kind)
    }
}

impl Step {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        Kind::of(&self.kind).unwrap_or(Kind::Registration)
    }

    /// Whether it is behind the customer. The last ones are when the device has come so far.
    fn is_done(&self, device: Option<&Device>) -> bool {
        let Some(device) = device else { return self.completed_at.is_some() };
        let stage = device.state.stage;
        match self.kind() {
            Kind::Transition => {
                !matches!(stage, Stage::SigningIn { .. } | Stage::SignedIn { .. } | Stage::NotLetIn)
            }
            Kind::TestCharge => matches!(stage, Stage::PendingLive { .. } | Stage::Live),
            Kind::InService => stage == Stage::Live,
            _ => self.completed_at.is_some(),
        }
    }
}

/// A wizard with its steps, and the device once there is one.
#[derive(Clone, Debug)]
pub struct Wizard {
    /// What is kept of it.
    pub held: Held,
    /// In order.
    pub steps: Vec<Step>,
    /// The device at present.
    pub device: Option<Device>,
}

impl Wizard {
    /// The step that is waited for; none, once all is done or given up.
    pub fn current(&self) -> Option<&Step> {
        let open = self.held.cancelled_at.is_none() && !self.device.as_ref().is_some_and(Device::is_gone);
        self.steps.iter().find(|step| open && !step.is_done(self.device.as_ref()))
    }

    /// The steps that are behind the customer.
    pub fn completed(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_done(self.device.as_ref()))
    }

    /// Why it cannot be gone on with; nothing, if it can.
    pub fn obstacles(&self) -> Vec<&'static str> {
        let stage = self.device.as_ref().map(|device| device.state.stage);
        let all = [
            (self.held.cancelled_at.is_some(), "CANCELLED"),
            (stage == Some(Stage::NotLetIn), "AUTHENTICATION_FAILED"),
            (stage == Some(Stage::Retired), "DEVICE_RETIRED"),
            (stage == Some(Stage::Live), "COMPLETED"),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect()
    }
}

macro_rules! wizards {
    () => {
        "select w.id, w.account_id, w.property_id, w.device_type, w.integration, w.vehicle_model_id, \
         w.charge_point_model_id, w.device_id, w.cancelled_at \
         from onboarding_wizards w join accounts a on a.id = w.account_id "
    };
}

statement!(static BY_IDS: Held = concat!(
    wizards!(), " where w.id = any($3::uuid[]) and ", account_is_visible!()));
statement!(static OF_DEVICES: Held = concat!(
    wizards!(), " where w.device_id = any($3::uuid[]) and ", account_is_visible!()));
statement!(static STEPS: Step = "
    select id, wizard_id, kind, reached, answer, completed_at from onboarding_steps
    where wizard_id = any($1::uuid[]) order by wizard_id, place");

async fn steps_of(tx: &mut Tx, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Step>>, sqlx::Error> {
    let mut all: HashMap<Uuid, Vec<Step>> = HashMap::new();
    for step in STEPS.query().bind(ids).fetch_all(&mut *tx).await? {
        all.entry(step.wizard_id).or_default().push(step);
    }
    Ok(all)
}

/// The wizard with this identifier.
///
/// # Errors
/// [`WizardError::Unknown`], if there is none for the viewer.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Wizard, WizardError> {
    let query = BY_IDS.seen_by(viewer).bind(vec![id]);
    let held = query.fetch_optional(&mut *tx).await?.ok_or(WizardError::Unknown)?;
    let steps = steps_of(tx, &[id]).await?.remove(&id).unwrap_or_default();
    let device = match held.device_id {
        Some(device) => Some(fleet::by_id(tx, viewer, device).await?),
        None => None,
    };
    Ok(Wizard { held, steps, device })
}

/// The wizard by which each of these devices was set up, in order; none for those that were registered otherwise. Two
/// statements.
pub async fn of_devices(
    tx: &mut Tx,
    viewer: &Viewer,
    devices: &[&Device],
) -> Result<Vec<Option<Wizard>>, sqlx::Error> {
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let query = OF_DEVICES.seen_by(viewer).bind(ids);
    let found = query.fetch_all(&mut *tx).await?;
    let wizards: Vec<Uuid> = found.iter().map(|held| held.id).collect();
    let mut steps = steps_of(tx, &wizards).await?;
    let mut wizard = |device: &&Device| {
        let held = found.iter().find(|held| held.device_id == Some(device.held.id))?.clone();
        let steps = steps.remove(&held.id).unwrap_or_default();
        Some(Wizard { held, steps, device: Some((*device).clone()) })
    };
    Ok(devices.iter().map(&mut wizard).collect())
}

// Whoever starts one for the account at the same time waits.
statement!(static ACCOUNT: (i64,) = concat!("
    select a.id from accounts a where a.number = $3 and ", account_is_visible!(), " for no key update of a"));
statement!(static HOLDS: (bool,) = "
    select exists (select from occupancies where account_id = $1 and property_id = $2 and during @> $3::timestamptz)");
statement!(static OPEN: (Uuid,) = "
    select id from onboarding_wizards
    where account_id = $1 and property_id = $2 and device_id is null and cancelled_at is null");
statement!(static START: () = "
    insert into onboarding_wizards (id, account_id, property_id, started_at) values ($1, $2, $3, $4)");
statement!(static ADD_STEP: () = "
    insert into onboarding_steps (id, wizard_id, place, kind, reached, completed_at)
    select $1, $2, coalesce(max(s.place), 0) + 1, $3, $4, $5 from onboarding_steps s where s.wizard_id = $2");

/// Begins to set up a device in a home of an account. What was begun there and not brought to an end goes on. Answers the
/// wizard's identifier.
///
/// # Errors
/// [`WizardError::NoHome`], [`WizardError::Forbidden`].
pub async fn start(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    account_number: &str,
    property: i64,
) -> Result<Uuid, WizardError> {
    let account = ACCOUNT.seen_by(viewer).bind(account_number);
    let (account,) = account.fetch_optional(&mut *tx).await?.ok_or(WizardError::NoHome("accountNumber"))?;
    if !may_edit(viewer) {
        return Err(WizardError::Forbidden);
    }
    let now = tx.business_now().await?;
    if !holds(tx, account, property, now).await? {
        return Err(WizardError::NoHome("propertyId"));
    }
    let open = OPEN.query().bind(account).bind(property).fetch_optional(&mut *tx).await?;
    if let Some((id,)) = open {
        return Ok(id);
    }
    let id = random.uuid();
    START.command().bind(id).bind(account).bind(property).bind(now).execute(&mut *tx).await?;
    ask(tx, random, id, Kind::DeviceType, &[]).await?;
    Ok(id)
}

async fn holds(tx: &mut Tx, account: i64, property: i64, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    Ok(HOLDS.query().bind(account).bind(property).bind(now).fetch_one(&mut *tx).await?.0)
}

/// Adds a step to a wizard that is held, or was made just now.
async fn ask(
    tx: &mut Tx,
    random: &Randomness,
    wizard: Uuid,
    kind: Kind,
    reached: &[String],
) -> Result<(), sqlx::Error> {
    // The device is there already when its registration becomes a step.
    let done = if kind == Kind::Registration { Some(tx.business_now().await?) } else { None };
    let add = ADD_STEP.command().bind(random.uuid()).bind(wizard).bind(kind.code());
    add.bind(reached).bind(done).execute(&mut *tx).await?;
    Ok(())
}

statement!(static EXISTS: (Uuid,) = concat!("
    select w.id from onboarding_wizards w join accounts a on a.id = w.account_id
    where w.id = $3 and w.cancelled_at is null and ", account_is_visible!()));
statement!(static TRY_LOCK: (Uuid,) = "
    select id from onboarding_wizards where id = $1 for no key update skip locked");
statement!(static CANCEL: () = "update onboarding_wizards set cancelled_at = $2 where id = $1");

/// A wizard that nobody else moves until the transaction ends.
async fn hold(tx: &mut Tx, viewer: &Viewer, id: &str) -> Result<Wizard, WizardError> {
    if id.trim().is_empty() {
        return Err(WizardError::Parameters);
    }
    let id: Uuid = id.parse().map_err(|_| WizardError::Unknown)?;
    let exists = EXISTS.seen_by(viewer).bind(id);
    exists.fetch_optional(&mut *tx).await?.ok_or(WizardError::Unknown)?;
    TRY_LOCK.query().bind(id).fetch_optional(&mut *tx).await?.ok_or(WizardError::Busy)?;
    if !may_edit(viewer) {
        return Err(WizardError::Forbidden);
    }
    let wizard = by_id(tx, viewer, id).await?;
    // Somebody may have cancelled it in between.
    if wizard.held.cancelled_at.is_some() { Err(WizardError::Unknown) } else { Ok(wizard) }
}

/// Gives up setting up a device that is not registered yet. Answers the wizard's identifier.
///
/// # Errors
/// [`WizardError::Unknown`] also for one that was given up before; [`WizardError::Done`], once the device is registered: then it
/// is the device that can be let go of.
pub async fn cancel(tx: &mut Tx, viewer: &Viewer, id: &str) -> Result<Uuid, WizardError> {
    let wizard = hold(tx, viewer, id).await?;
    if wizard.held.device_id.is_some() {
        return Err(WizardError::Done);
    }
    let now = tx.business_now().await?;
    CANCEL.command().bind(wizard.held.id).bind(now).execute(&mut *tx).await?;
    Ok(wizard.held.id)
}
