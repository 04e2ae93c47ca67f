//! Setting devices up step by step, as wizards show it: `onboardingWizard` of devices, its steps and what can be chosen in them.

use std::sync::Arc;

use uuid::Uuid;

use super::shown::{Shown, test_failure};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::catalogue::{ChargePointModel, Make, VehicleModel};
use crate::domain::devices::fleet::Device;
use crate::domain::devices::life::Stage;
use crate::domain::devices::onboarding::{self, Kind, Step, Wizard};
use crate::graphql::{FieldError, Leaf, Node, Resolved};

/// A wizard, which its steps look at.
type Shared = Arc<Wizard>;

/// A step of a wizard.
struct Taken {
    wizard: Shared,
    step: Step,
}

/// Whether a wizard can be gone on with.
struct Resumable(Vec<&'static str>);

/// Something that can be chosen: its identifier, and what it is.
struct Choice<T>(String, T);

/// What went wrong in a test charge.
struct Failure {
    reasons: Vec<&'static str>,
    is_begun: bool,
}

/// Having the charge point call this server, under the wizard's identifier.
struct Action(Uuid);

/// The types of steps, and those of them in which something is chosen from a list.
const LISTS: [(&str, &str); 6] = [
    ("SelectDeviceType", "SelectDeviceType.options"),
    ("SelectVehicleMake", "SelectVehicleMake.options"),
    ("SelectVehicleVariant", "SelectVehicleVariant.options"),
    ("SelectChargePointMake", "SelectChargePointMake.options"),
    ("SelectChargePointVariant", "SelectChargePointVariant.options"),
    ("SelectUserVehicle", "SelectUserVehicle.options"),
];
const OTHERS: [&str; 8] = [
    "SelectVehicleOrChargePoint",
    "AuthFlow",
    "TeslaSetupVirtualKey",
    "UserActionRequired",
    "SmartFlexOnboardingDeviceRegistration",
    "WaitForTransition",
    "TestCharge",
    "WaitForLiveIntegration",
];

pub(super) fn bind(b: &mut Bindings) {
    for field in [
        "SmartFlexVehicle.onboardingWizard",
        "SmartFlexChargePoint.onboardingWizard",
        "SmartFlexBattery.onboardingWizard",
        "SmartFlexInverter.onboardingWizard",
        "SmartFlexThermostat.onboardingWizard",
        "SmartFlexDevice.onboardingWizard",
    ] {
        b.batch(field, of_devices);
    }
    b.leaves::<Wizard>(
        "SmartFlexOnboardingWizard",
        &[
            ("id", |w| w.held.id.into()),
            ("deviceType", |w| (&w.held.device_type).into()),
            ("displayName", |w| w.device.as_ref().map(|device| device.held.name.as_str()).into()),
        ],
    );
    b.batch("SmartFlexOnboardingWizard.currentStep", current);
    b.batch("SmartFlexOnboardingWizard.completedSteps", completed);
    b.parts::<Wizard>(
        "SmartFlexOnboardingWizard",
        &[("resumable", |w| Resolved::node(Resumable(w.obstacles())))],
    );
    b.leaves::<Resumable>(
        "SmartFlexResumable",
        &[
            ("isResumable", |r| r.0.is_empty().into()),
            ("resumableReasons", |r| Leaf::from(r.0.iter().map(|why| (*why).to_owned()).collect::<Vec<_>>())),
        ],
    );
    bind_steps(b);
    bind_options(b);
}

fn bind_steps(b: &mut Bindings) {
    for object in LISTS.iter().map(|(object, _)| *object).chain(OTHERS) {
        b.leaves::<Taken>(object, &[("id", |t| t.step.id.into())]);
    }
    b.leaves::<Taken>("SelectVehicleOrChargePoint", &[("selectedIntegration", |t| (&t.step.answer).into())]);
    b.leaves::<Taken>(
        "SmartFlexOnboardingDeviceRegistration",
        &[("deviceRegistered", |t| t.wizard.device.is_some().into())],
    );
    b.leaves::<Taken>("WaitForLiveIntegration", &[("isLive", |t| (t.stage() == Some(Stage::Live)).into())]);
    b.leaves::<Taken>(
        "TestCharge",
        &[
            ("isReady", |t| onboarding::is_ready(&t.wizard).into()),
            ("status", |t| t.test().into()),
            ("isStarted", |t| t.test().is_some().into()),
        ],
    );
    b.parts::<Taken>("TestCharge", &[("error", |t| Resolved::maybe(t.failure()))]);
    b.leaves::<Failure>(
        "TestChargeError",
        &[
            ("message", |f| f.message().into()),
            ("errorType", |f| f.error_type().into()),
            ("refusalReasons", |f| Leaf::from(if f.is_begun { Vec::new() } else { f.codes() })),
            ("reasons", |f| Leaf::from(f.codes())),
            ("descriptions", |f| Leaf::from(f.reasons.iter().map(|why| described(why)).collect::<Vec<_>>())),
        ],
    );
    b.parts::<Taken>(
        "UserActionRequired",
        &[("userActions", |t| Resolved::nodes([Action(t.wizard.held.id)]))],
    );
    b.leaves::<Action>(
        "UserActionReason",
        &[
            ("userAction", |_| "CONNECT_CHARGE_POINT".into()),
            ("description", |a| {
                format!("Have the charge point call this server under the name {}.", a.0).into()
            }),
        ],
    );
    b.batch("AuthFlow.authorizationUri", authorization_pages);
    b.batch("AuthFlow.redirectUri", return_pages);
    b.batch("TeslaSetupVirtualKey.uri", key_pages);
}

fn bind_options(b: &mut Bindings) {
    for (object, options) in LISTS {
        b.leaves::<Taken>(object, &[("selectedOptionId", |t| (&t.step.answer).into())]);
        b.batch(options, options_of);
    }
    b.leaves::<Choice<&'static str>>(
        "SelectDeviceTypeListItem",
        &[("id", |c| (&c.0).into()), ("label", |c| c.1.into())],
    );
    for object in ["SelectVehicleMakeListItem", "SelectVehicleVariantListItem", "SelectUserVehicleListItem"] {
        b.leaves::<Choice<Make<VehicleModel>>>(object, &[("id", |c| (&c.0).into())]);
    }
    for object in ["SelectChargePointMakeListItem", "SelectChargePointVariantListItem"] {
        b.leaves::<Choice<Make<ChargePointModel>>>(object, &[("id", |c| (&c.0).into())]);
    }
    b.parts::<Choice<Make<VehicleModel>>>("SelectVehicleMakeListItem", &[("vehicleMake", car)]);
    b.parts::<Choice<Make<VehicleModel>>>("SelectVehicleVariantListItem", &[("vehicleVariant", car)]);
    b.parts::<Choice<Make<VehicleModel>>>("SelectUserVehicleListItem", &[("userVehicle", car)]);
    b.parts::<Choice<Make<ChargePointModel>>>(
        "SelectChargePointMakeListItem",
        &[("chargePointMake", charge_point)],
    );
    b.parts::<Choice<Make<ChargePointModel>>>(
        "SelectChargePointVariantListItem",
        &[("chargePointVariant", charge_point)],
    );
}

fn car(choice: &Choice<Make<VehicleModel>>) -> Resolved {
    Resolved::node(choice.1.clone())
}

fn charge_point(choice: &Choice<Make<ChargePointModel>>) -> Resolved {
    Resolved::node(choice.1.clone())
}

impl Failure {
    fn codes(&self) -> Vec<String> {
        self.reasons.iter().map(|why| (*why).to_owned()).collect()
    }

    fn message(&self) -> &'static str {
        if self.is_begun { "The car did not pass the test charge." } else { "The test charge cannot begin." }
    }

    fn error_type(&self) -> &'static str {
        if self.is_begun { "UNABLE_TO_COMPLETE_TEST_CHARGE" } else { "UNABLE_TO_INITIATE_TEST_CHARGE" }
    }
}

fn described(reason: &str) -> String {
    let text = match reason {
        "DEVICE_AWAY_FROM_HOME" => "The car is not at home.",
        "DEVICE_DISCONNECTED" => "The car is not plugged in, or cannot be reached.",
        "UNABLE_TO_COMMUNICATE" => "The car could not be reached.",
        _ => "The car did not do as it was told.",
    };
    text.to_owned()
}

impl Taken {
    fn stage(&self) -> Option<Stage> {
        self.wizard.device.as_ref().map(|device| device.state.stage)
    }

    /// One of `TestDispatchStatus`; none before it begins.
    fn test(&self) -> Option<&'static str> {
        match self.stage()? {
            Stage::Testing { .. } => Some("TRIGGERED"),
            Stage::PendingLive { .. } | Stage::Live => Some("COMPLETE"),
            Stage::TestFailed(_) => Some("FAILED"),
            _ => None,
        }
    }

    fn failure(&self) -> Option<Failure> {
        let device = self.wizard.device.as_ref()?;
        let condition = &device.state.condition;
        match device.state.stage {
            Stage::TestFailed(_) => Some(Failure { reasons: vec![test_failure(device)], is_begun: true }),
            Stage::AwaitingTest if !condition.is_home => {
                Some(Failure { reasons: vec!["DEVICE_AWAY_FROM_HOME"], is_begun: false })
            }
            Stage::AwaitingTest if !condition.is_plugged || !condition.is_connected => {
                Some(Failure { reasons: vec!["DEVICE_DISCONNECTED"], is_begun: false })
            }
            _ => None,
        }
    }
}

/// A step as the object that it is.
fn step(wizard: &Shared, step: &Step) -> Resolved {
    let tag = match step.kind() {
        Kind::DeviceType => "SelectDeviceType",
        Kind::Integration => "SelectVehicleOrChargePoint",
        Kind::VehicleMake => "SelectVehicleMake",
        Kind::VehicleVariant => "SelectVehicleVariant",
        Kind::ChargePointMake => "SelectChargePointMake",
        Kind::ChargePointVariant => "SelectChargePointVariant",
        Kind::SignIn => "AuthFlow",
        Kind::Reached => "SelectUserVehicle",
        Kind::VirtualKey => "TeslaSetupVirtualKey",
        Kind::Connect => "UserActionRequired",
        Kind::Registration => "SmartFlexOnboardingDeviceRegistration",
        Kind::Transition => "WaitForTransition",
        Kind::TestCharge => "TestCharge",
        Kind::InService => "WaitForLiveIntegration",
    };
    Resolved::Node(Node::typed(tag, Taken { wizard: Arc::clone(wizard), step: step.clone() }))
}

async fn of_devices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let devices: Vec<&Device> = call.parents::<Shown>()?.iter().map(|shown| &*shown.0).collect();
    let mut view = call.cx.read().await?;
    let found = onboarding::of_devices(&mut view, call.cx.viewer(), &devices).await;
    let found = found.map_err(FieldError::internal)?.into_iter();
    Ok(found.map(|wizard| wizard.map_or(Resolved::Null, Resolved::node)).collect())
}

async fn current(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |wizard: &Wizard| {
        let shared = Arc::new(wizard.clone());
        wizard.current().map_or(Resolved::Null, |current| step(&shared, current))
    };
    Ok(call.parents::<Wizard>()?.into_iter().map(shown).collect())
}

async fn completed(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |wizard: &Wizard| {
        let shared = Arc::new(wizard.clone());
        Resolved::List(wizard.completed().map(|done| step(&shared, done)).collect())
    };
    Ok(call.parents::<Wizard>()?.into_iter().map(shown).collect())
}

async fn pages(call: &Call<'_>, page: fn(&Uuid) -> String) -> Result<Vec<Resolved>, FieldError> {
    let files = call.cx.app.files();
    let address = |taken: &Taken| Resolved::leaf(files.address(&page(&taken.step.id)));
    Ok(call.parents::<Taken>()?.into_iter().map(address).collect())
}

async fn authorization_pages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    pages(&call, |step| format!("/authorize/{step}")).await
}

async fn return_pages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    pages(&call, |_| "/authorized".to_owned()).await
}

async fn key_pages(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    pages(&call, |step| format!("/virtual-key/{step}")).await
}

fn choice<T: Send + Sync + 'static>(tag: &'static str, id: String, what: T) -> Resolved {
    Resolved::Node(Node::typed(tag, Choice(id, what)))
}

/// What can be chosen in each step. Two statements.
async fn options_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let steps = call.parents::<Taken>()?;
    let mut view = call.cx.read().await?;
    let (mut cars, mut points) = (Vec::new(), Vec::new());
    if steps.iter().any(|taken| taken.step.kind() != Kind::DeviceType) {
        cars = onboarding::vehicles(&mut view).await.map_err(FieldError::internal)?;
        points = onboarding::charge_points(&mut view).await.map_err(FieldError::internal)?;
    }
    Ok(steps.into_iter().map(|taken| Resolved::List(options(taken, &cars, &points))).collect())
}

fn options(taken: &Taken, cars: &[Make<VehicleModel>], points: &[Make<ChargePointModel>]) -> Vec<Resolved> {
    let wizard = &taken.wizard;
    match taken.step.kind() {
        Kind::DeviceType => {
            let types = onboarding::device_types().into_iter();
            types.map(|(code, label)| choice("SelectDeviceTypeListItem", code.to_owned(), label)).collect()
        }
        Kind::VehicleMake => {
            let makes = onboarding::cars_to_choose(wizard, cars);
            makes.map(|make| choice("SelectVehicleMakeListItem", make.make.clone(), make)).collect()
        }
        Kind::VehicleVariant => {
            let makes = onboarding::cars_to_choose(wizard, cars);
            let chosen = makes.filter(|make| wizard.chosen(Kind::VehicleMake) == Some(&make.make));
            chosen
                .flat_map(alone)
                .map(|(id, make)| choice("SelectVehicleVariantListItem", id, make))
                .collect()
        }
        Kind::ChargePointMake => {
            let makes = onboarding::points_to_choose(wizard, points);
            makes.map(|make| choice("SelectChargePointMakeListItem", make.make.clone(), make)).collect()
        }
        Kind::ChargePointVariant => {
            let makes = onboarding::points_to_choose(wizard, points);
            let chosen = makes.filter(|make| wizard.chosen(Kind::ChargePointMake) == Some(&make.make));
            let models = chosen.flat_map(|Make { make, models }| {
                models.into_iter().map(move |model| {
                    (model.id.to_string(), Make { make: make.clone(), models: vec![model] })
                })
            });
            models.map(|(id, make)| choice("SelectChargePointVariantListItem", id, make)).collect()
        }
        Kind::Reached => {
            let is_it = |make: &Make<VehicleModel>| {
                make.models.iter().any(|model| Some(model.id) == wizard.held.vehicle_model_id)
            };
            let chosen = cars.iter().filter(|make| is_it(make)).flat_map(|make| alone(make.clone()));
            let model = wizard.held.vehicle_model_id.map(|id| id.to_string());
            let car = chosen.into_iter().find(|(id, _)| Some(id) == model.as_ref()).map(|(_, make)| make);
            let reached = taken.step.reached.iter().zip(std::iter::repeat(car));
            reached
                .filter_map(|(id, car)| Some(choice("SelectUserVehicleListItem", id.clone(), car?)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Each model of a maker by itself.
fn alone(make: Make<VehicleModel>) -> Vec<(String, Make<VehicleModel>)> {
    let Make { make, models } = make;
    let by_itself =
        |model: VehicleModel| (model.id.to_string(), Make { make: make.clone(), models: vec![model] });
    models.into_iter().map(by_itself).collect()
}
