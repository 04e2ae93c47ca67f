//! Devices that customers bring: they sign in with the maker's service, which says what it reaches for them.

use thiserror::Error;
use uuid::Uuid;

use super::DeviceError;
use super::cloud::{self, Kind, Listed};
use super::fleet::{self, Device};
use super::register::{self, Make, NewDevice, RegisterError};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::random::Randomness;

/// How far cars let themselves be charged, in per cent, until we know better.
const CHARGE_LIMIT: i16 = 90;

/// Why nothing was taken in.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// There is no such account, or not for this viewer.
    #[error("there is no such account")]
    NoAccount,
    /// The viewer sees the account and may not do this for it.
    #[error("the viewer may not register devices on this account")]
    Forbidden,
    /// Nothing is reached through the provider.
    #[error("nothing is reached through this provider")]
    NoProvider,
    /// What is said about the device does not fit: where it stands in the input, and why.
    #[error("{1}")]
    Invalid(&'static str, &'static str),
    /// Another device of the account is being taken in.
    #[error("another device of the account is being registered")]
    InProgress,
    /// The maker's service does not let us in.
    #[error("the maker's service does not let us in")]
    NotLetIn,
    /// The maker's service reaches no such device for the customer.
    #[error("no such device is reached for the customer")]
    NoneFound,
    /// It reaches several, and none was named.
    #[error("several devices are reached: {}", .0.join(", "))]
    Several(Vec<String>),
    /// The device is registered already, here or elsewhere.
    #[error("the device is registered already")]
    Already,
    /// The device cannot be read back.
    #[error(transparent)]
    Device(DeviceError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(EnrolError);

impl From<DeviceError> for EnrolError {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Database(error) => Self::Database(error),
            other => Self::Device(other),
        }
    }
}

/// A device that a customer brings.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Number of the account.
    pub account: &'a str,
    /// The home, by row id; without one, the home that the account moved into last.
    pub property: Option<i64>,
    /// One of `ProviderChoices`.
    pub provider: &'a str,
    /// What kinds it may be of.
    pub kinds: &'a [Kind],
    /// The car, by the number of its model.
    pub vehicle: Option<i32>,
    /// The charge point, by the number of its model.
    pub charge_point: Option<i32>,
    /// What the customer was given by the maker's service for us: secret.
    pub sign_in: Option<&'a str>,
    /// What the maker's service calls it, where it reaches several.
    pub reference: Option<&'a str>,
    /// Whether it is to be the only one on the account that is being taken in.
    pub is_alone: bool,
}

// Whoever registers something on an account at the same time waits.
statement!(static ACCOUNT: (i64,) = concat!("
    select a.id from accounts a where a.number = $3 and ", account_is_visible!(), " for no key update of a"));
statement!(static HOME: (i64,) = "
    select property_id from occupancies
    where account_id = $1 and during @> $2::timestamptz and ($3::bigint is null or property_id = $3)
    order by lower(during) desc limit 1");

/// Takes in the device that the customer brings.
///
/// # Errors
/// See [`EnrolError`].
pub async fn enrol(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
) -> Result<Device, EnrolError> {
    let account = ACCOUNT.seen_by(viewer).bind(wanted.account);
    let (account,) = account.fetch_optional(&mut *tx).await?.ok_or(EnrolError::NoAccount)?;
    if !may_edit(viewer) {
        return Err(EnrolError::Forbidden);
    }
    let now = tx.business_now().await?;
    let home = HOME.query().bind(account).bind(now).bind(wanted.property).fetch_optional(&mut *tx).await?;
    let (property,) = home.ok_or(EnrolError::Invalid("propertyId", "The account has no such home."))?;
    if wanted.is_alone && is_busy(tx, viewer, wanted.account).await? {
        return Err(EnrolError::InProgress);
    }
    let found = find(random, wanted)?;
    let new = NewDevice {
        account,
        property,
        provider: wanted.provider,
        reference: &found.reference,
        name: "",
        charge_limit: CHARGE_LIMIT,
        make: make(&found, wanted)?,
    };
    let id = register::register(tx, random, &new).await.map_err(|error| match error {
        RegisterError::NoProperty => EnrolError::Invalid("propertyId", "The account has no such home."),
        RegisterError::NotSupported => EnrolError::Invalid(
            "deviceVariantId",
            "There is no such model, or the provider does not reach it.",
        ),
        RegisterError::Already => EnrolError::Already,
        RegisterError::Device(error) => error.into(),
        RegisterError::Database(error) => EnrolError::Database(error),
    })?;
    Ok(fleet::by_id(tx, viewer, id).await?)
}

/// Whether something of the account is being taken in.
async fn is_busy(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<bool, EnrolError> {
    match fleet::of_account(tx, viewer, account, None, None).await {
        Ok(devices) => Ok(devices.iter().any(|device| device.state.is_being_taken_in())),
        Err(DeviceError::Unknown) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The one device that is meant, among those that the maker's service reaches.
fn find(random: &Randomness, wanted: &Wanted<'_>) -> Result<Listed, EnrolError> {
    let cloud = cloud::of(wanted.provider);
    let offered = cloud.reaches(wanted.provider).ok_or(EnrolError::NoProvider)?;
    if !wanted.kinds.contains(&offered) {
        return Err(EnrolError::Invalid("deviceType", "The provider reaches no such devices."));
    }
    if cloud.is_told_by_device(wanted.provider) {
        // It calls us by a name that it is given.
        let reference = wanted.reference.map_or_else(|| Uuid::to_string(&random.uuid()), str::to_owned);
        return Ok(Listed { reference, kind: offered, about: None });
    }
    let sign_in = wanted.sign_in.ok_or(EnrolError::NotLetIn)?;
    let mut listed = cloud.listed(wanted.provider, sign_in).ok_or(EnrolError::NotLetIn)?;
    if let Some(reference) = wanted.reference {
        listed.retain(|each| each.reference == reference);
    }
    if listed.len() > 1 {
        return Err(EnrolError::Several(listed.into_iter().map(|each| each.reference).collect()));
    }
    listed.pop().ok_or(EnrolError::NoneFound)
}

fn make(found: &Listed, wanted: &Wanted<'_>) -> Result<Make<'static>, EnrolError> {
    let missing = |at| EnrolError::Invalid(at, "Say which car it is, and which charge point.");
    match (found.kind, found.about) {
        (Kind::Vehicle, _) => {
            let model = wanted.vehicle.ok_or(missing("deviceVariantId"))?;
            Ok(Make::Vehicle { model, charge_point: wanted.charge_point })
        }
        (Kind::ChargePoint, _) => {
            let model = wanted.charge_point.ok_or(missing("deviceVariantId"))?;
            let vehicle = wanted.vehicle.ok_or(missing("auxDeviceVariantId"))?;
            Ok(Make::ChargePoint { model, vehicle })
        }
        (kind, Some(about)) => {
            let (make, model) = about.made;
            Ok(Make::Other { kind, make, model, power_w: about.power_w, battery_wh: about.battery_wh })
        }
        (_, None) => Err(EnrolError::NoneFound),
    }
}
