//! The port to the services through which makers let their devices be watched and told what to do.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// A car that is told by its own maker when to charge.
    Vehicle,
    /// A charge point, whatever car is behind it.
    ChargePoint,
    /// A battery at home.
    Battery,
    /// An inverter, with solar panels and a battery.
    Inverter,
    /// A heat pump.
    HeatPump,
    /// A thermostat.
    Thermostat,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Vehicle, Self::ChargePoint, Self::Battery, Self::Inverter, Self::HeatPump, Self::Thermostat];

    /// As the database knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vehicle => "VEHICLE",
            Self::ChargePoint => "CHARGE_POINT",
            Self::Battery => "BATTERY",
            Self::Inverter => "INVERTER",
            Self::HeatPump => "HEAT_PUMP",
            Self::Thermostat => "THERMOSTAT",
        }
    }

    /// The kind that the database calls `code`.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether it charges cars.
    pub fn charges_cars(self) -> bool {
        matches!(self, Self::Vehicle | Self::ChargePoint)
    }
}

/// A device as its maker's service knows it.
#[derive(Clone, Debug)]
pub struct Thing {
    /// The maker's name for it.
    pub reference: String,
    /// What it is.
    pub kind: Kind,
    /// The clock that the people go by who use it.
    pub zone: Tz,
    /// What its battery holds, in joules; zero without one.
    pub battery_j: i64,
    /// How far the battery lets itself be charged, in joules.
    pub limit_j: i64,
    /// The most that it takes from the grid, in watts.
    pub power_w: i64,
}

/// Where a device stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// When: a whole second.
    pub at: DateTime<Utc>,
    /// What is in its battery, in joules.
    pub charge_j: i64,
    /// Whether it is at home.
    pub is_home: bool,
    /// Whether it is plugged in there.
    pub is_plugged: bool,
    /// Whether its maker's service can reach it.
    pub is_connected: bool,
    /// What it takes from the grid, in watts.
    pub power_w: i64,
    /// Where it charges while it is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
}

/// A public charge point at which a car charges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Who runs it, by their code.
    pub operator: String,
    /// Where it is.
    pub location: String,
    /// What a kWh of its energy costs there, with tax, in minor units.
    pub price: i64,
}

/// What a device has been told to do until it is told something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// As it likes: to charge whenever it can.
    Free,
    /// To rest.
    Hold,
    /// To charge.
    Charge {
        /// With so many watts into the battery.
        battery_w: i64,
        /// Until so much is in the battery, in joules, if it lets itself be charged that far.
        up_to_j: i64,
    },
}

/// What a device did for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// From the grid, in joules.
    pub grid_j: i64,
    /// Into the battery, in joules.
    pub battery_j: i64,
}

/// What a device is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To charge at once.
    Boost,
    /// To charge at once no longer.
    EndBoost,
    /// To do as it likes.
    LetGo,
    /// To do as it is told.
    TakeOver,
    /// To go by new wishes.
    Prefer,
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The service has it; the device will follow at this moment.
    Taken(DateTime<Utc>),
    /// The device refuses.
    Refused,
    /// The service did not answer, or cannot reach the device.
    Silent,
}

/// How the test charge of a new device ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestFailure {
    /// It did not do as it was told.
    AssessmentsFailed,
    /// It could not be reached.
    UnableToCommunicate,
}

/// What a service says about a device that is in no catalogue of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Who made it, and what they call it.
    pub made: (&'static str, &'static str),
    /// The most that it takes from the grid, in watts.
    pub power_w: i64,
    /// What its battery holds.
    pub battery_wh: Option<i64>,
}

/// A device that a service reaches for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The maker's name for it.
    pub reference: String,
    /// What it is.
    pub kind: Kind,
    /// What else is known, of what is in no catalogue.
    pub about: Option<About>,
}

/// A service that reaches devices. What it says of a device depends on the device and the moment only.
pub trait Cloud: Send + Sync {
    /// A device as it is found at a moment at which nothing is known of it.
    fn find(&self, thing: &Thing, at: DateTime<Utc>) -> Condition;

    /// Follows a device that goes by `instruction`, from where it stands until `until`, or until something else about it
    /// changes. The condition is brought forward to that moment.
    fn follow(
        &self,
        thing: &Thing,
        condition: &mut Condition,
        instruction: Instruction,
        until: DateTime<Utc>,
    ) -> Moved;

    /// Gives an order.
    fn order(&self, thing: &Thing, condition: &Condition, order: Order) -> Receipt;

    /// Whether the customer has let us in, once the service has asked them.
    fn lets_in(&self, thing: &Thing) -> bool;

    /// What goes wrong in a test charge, if anything does.
    fn test(&self, thing: &Thing, condition: &Condition) -> Option<TestFailure>;

    /// Whether the service answers questions about a device.
    fn answers(&self, thing: &Thing) -> bool;

    /// What is reached through a provider, if anything is.
    fn reaches(&self, provider: &str) -> Option<Kind>;

    /// Whether devices of a provider speak to us themselves, without a service.
    fn is_told_by_device(&self, provider: &str) -> bool;

    /// What a provider reaches for whoever has been given `sign_in` for us; none, if that is not good.
    fn listed(&self, provider: &str, sign_in: &str) -> Option<Vec<Listed>>;
}

/// The service that reaches the devices of a provider.
pub fn of(_provider: &str) -> &'static dyn Cloud {
    &super::simulator::Simulator
}
