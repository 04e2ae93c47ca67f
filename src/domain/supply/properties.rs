//! Properties: the places that are supplied, and who has lived in them or answered for them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use thiserror::Error;

use super::periods;
use super::processes::{Kind, making};
use super::visible::property_is_visible;
use crate::domain::accounts::address::{self, Address, NoAddress};
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, database_error, on_constraint, row, statement};
use crate::platform::market::{self, Market};

row! {
    /// A place that is supplied.
    pub struct Property {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// Market code.
        pub market: String,
        /// What its people call it.
        pub label: Option<String>,
        /// First line of the address.
        pub address_line1: String,
        /// Second line.
        pub address_line2: String,
        /// Third line.
        pub address_line3: String,
        /// Fourth line.
        pub address_line4: String,
        /// Fifth line.
        pub address_line5: String,
        /// Postcode.
        pub postcode: String,
        /// The address in its parts.
        pub address_id: i64,
        /// Degrees north.
        pub latitude: Option<Decimal>,
        /// Degrees east.
        pub longitude: Option<Decimal>,
    }
}

impl Property {
    /// The lines of the address that hold anything.
    pub fn address_lines(&self) -> impl Iterator<Item = &str> {
        let lines = [
            &self.address_line1,
            &self.address_line2,
            &self.address_line3,
            &self.address_line4,
            &self.address_line5,
        ];
        lines.into_iter().map(String::as_str).filter(|line| !line.is_empty())
    }

    /// Address and postcode on one line.
    pub fn address(&self) -> String {
        let postcode = Some(self.postcode.as_str()).filter(|code| !code.is_empty());
        self.address_lines().chain(postcode).collect::<Vec<_>>().join(", ")
    }

    /// The rules of its country.
    pub fn market(&self) -> Option<&'static Market> {
        market::by_code(&self.market)
    }
}

row! {
    /// A time for which an account held a property.
    pub struct Occupancy {
        /// Row id.
        pub id: i64,
        /// The property.
        pub property_id: i64,
        /// Number of the account.
        pub account_number: String,
        /// The first moment.
        pub starts_at: DateTime<Utc>,
        /// The moment after the last, once it is known.
        pub ends_at: Option<DateTime<Utc>>,
        /// Whether its people lived there, rather than answering for the place.
        pub is_occupier: bool,
    }
}

/// What a property is added with.
#[derive(Clone, Debug, Default)]
pub struct NewProperty<'a> {
    /// Market code.
    pub market: &'a str,
    /// What its people call it.
    pub label: Option<&'a str>,
    /// Where it is. Without a country it is in that of the market.
    pub address: Address,
    /// Degrees north and east.
    pub coordinates: Option<(Decimal, Decimal)>,
}

/// Why a property was not added.
#[derive(Debug, Error)]
pub enum PropertyError {
    /// There is no such market.
    #[error("there is no such market")]
    UnknownMarket,
    /// Letters could not reach the address; a sentence.
    #[error("{}", .0.0)]
    Address(NoAddress),
    /// The coordinates are no place on earth.
    #[error("latitude goes from -90 to 90, longitude from -180 to 180")]
    Coordinates,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(PropertyError);

impl From<sqlx::Error> for PropertyError {
    fn from(error: sqlx::Error) -> Self {
        let wrong = ["properties_latitude_check", "properties_longitude_check"];
        if wrong.iter().any(|name| on_constraint(&error, name)) {
            Self::Coordinates
        } else {
            Self::Database(error)
        }
    }
}

/// Why nobody moved in or out.
#[derive(Debug, Error)]
pub enum OccupancyError {
    /// There is no such property or account, or they are in different countries.
    #[error("there is no such property for the account")]
    NotThere,
    /// The account holds the property already at that time.
    #[error("the account holds the property already")]
    HeldAlready,
    /// Somebody else lives there at that time.
    #[error("somebody else lives there")]
    Occupied,
    /// The account does not hold the property, or only from a later day.
    #[error("the account does not hold the property on that day")]
    NotHeld,
    /// Supply has begun since that day.
    #[error("the account has been supplied there since that day")]
    SuppliedSince,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(OccupancyError);

impl From<sqlx::Error> for OccupancyError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "occupancies_once") {
            Self::HeldAlready
        } else if on_constraint(&error, "occupancies_one_occupier") {
            Self::Occupied
        } else {
            Self::Database(error)
        }
    }
}

/// The columns of a [`Property`].
macro_rules! property_columns {
    () => {
        "pr.id, pr.market, pr.label, pr.address_line1, pr.address_line2, pr.address_line3, pr.address_line4, \
         pr.address_line5, pr.postcode, pr.address_id, pr.latitude, pr.longitude"
    };
}

statement!(static ADD: (i64,) = "
    insert into properties (market, label, address_line1, address_line2, address_line3, address_line4, address_line5,
        postcode, address_id, latitude, longitude, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id");
statement!(static MOVE_IN: (i64,) = "
    insert into occupancies (property_id, account_id, during, is_occupier, created_at)
    select pr.id, a.id, tstzrange($3, null), $4, $5 from properties pr join accounts a on a.market = pr.market
    where pr.id = $1 and a.id = $2 returning id");
statement!(static MOVE_OUT: (i64,) = "
    update occupancies set during = tstzrange(lower(during), $3), updated_at = $4
    where property_id = $1 and account_id = $2 and upper_inf(during) and lower(during) < $3 returning id");
statement!(static MARKET_OF: (String,) = "select market from properties where id = $1");
statement!(static BY_ID: Property = concat!(
    "select ", property_columns!(), " from properties pr where pr.id = any($3::bigint[]) and ",
    property_is_visible!()));
statement!(static BY_IDENTIFIER: Property = concat!(
    "select ", property_columns!(), " from properties pr join supply_points sp on sp.property_id = pr.id
    where sp.market_name = $3 and sp.identifier = $4 and ", property_is_visible!()));
// $4 is whether the property is held now, null for either; $5 is now, and $6 the moment from which it must have been
// held at all.
statement!(static OF_ACCOUNTS: Under<Property> = concat!("
    select distinct on (o.account_id, pr.id) o.account_id as parent, ", property_columns!(), "
    from occupancies o join accounts a on a.id = o.account_id join properties pr on pr.id = o.property_id
    where o.account_id = any($3::bigint[]) and ($4::boolean is null or (o.during @> $5::timestamptz) = $4)
      and ($6::timestamptz is null or o.during && tstzrange($6, null)) and ", account_is_visible!(), "
    order by o.account_id, pr.id"));
statement!(static OCCUPANCIES: Occupancy = concat!("
    select o.id, o.property_id, a.number as account_number, lower(o.during) as starts_at, upper(o.during) as ends_at,
        o.is_occupier
    from occupancies o join accounts a on a.id = o.account_id
    where o.property_id = any($3::bigint[]) and ", account_is_visible!(), " order by o.property_id, 4, o.id"));

/// Adds a property. Answers its row id.
pub async fn add(tx: &mut Tx, new: &NewProperty<'_>) -> Result<i64, PropertyError> {
    let market = market::by_code(new.market).ok_or(PropertyError::UnknownMarket)?;
    let address = new.address.clone().judged(&market.country).map_err(PropertyError::Address)?;
    let now = tx.business_now().await?;
    let kept = address::keep(tx, &address).await?;
    let lines = address.lines();
    let line = |at: usize| lines.get(at).cloned().unwrap_or_default();
    let label = new.label.map(str::trim).filter(|label| !label.is_empty());
    let add =
        ADD.query().bind(new.market).bind(label).bind(line(0)).bind(line(1)).bind(line(2)).bind(line(3));
    let add = add.bind(line(4)).bind(&address.postal_code).bind(kept);
    let (latitude, longitude) = new.coordinates.unzip();
    Ok(add.bind(latitude).bind(longitude).bind(now).fetch_one(&mut *tx).await?.0)
}

/// Lets an account hold a property from the beginning of a local day on. Answers the row id of the occupancy.
pub async fn move_in(
    tx: &mut Tx,
    property: i64,
    account: i64,
    on: NaiveDate,
    is_occupier: bool,
) -> Result<i64, OccupancyError> {
    let from = start_of(tx, property, on).await?;
    let now = tx.business_now().await?;
    let add = MOVE_IN.query().bind(property).bind(account).bind(from).bind(is_occupier).bind(now);
    let (id,) = add.fetch_optional(&mut *tx).await?.ok_or(OccupancyError::NotThere)?;
    making::hold(tx, Kind::Occupy, (account, property), from).await?;
    Ok(id)
}

/// Lets an account give up a property at the beginning of a local day; what it is supplied with there ends with it.
pub async fn move_out(tx: &mut Tx, property: i64, account: i64, on: NaiveDate) -> Result<(), OccupancyError> {
    let until = start_of(tx, property, on).await?;
    let now = tx.business_now().await?;
    let end = MOVE_OUT.query().bind(property).bind(account).bind(until).bind(now);
    let ended = end.fetch_optional(&mut *tx).await?;
    ended.ok_or(OccupancyError::NotHeld)?;
    making::hold(tx, Kind::Vacate, (account, property), until).await?;
    if periods::end_at_property(tx, property, account, until).await? {
        Ok(())
    } else {
        Err(OccupancyError::SuppliedSince)
    }
}

async fn start_of(tx: &mut Tx, property: i64, day: NaiveDate) -> Result<DateTime<Utc>, OccupancyError> {
    let (market,) =
        MARKET_OF.query().bind(property).fetch_optional(&mut *tx).await?.ok_or(OccupancyError::NotThere)?;
    let market = market::by_code(&market).ok_or(OccupancyError::NotThere)?;
    Ok(market.start_of(day))
}

/// The properties with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Property>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |property| property.id))
}

/// The property of the supply point with this number, as it is kept, if the viewer may see the property.
pub async fn by_identifier(
    tx: &mut Tx,
    viewer: &Viewer,
    market_name: &str,
    identifier: &str,
) -> Result<Option<Property>, sqlx::Error> {
    let query = BY_IDENTIFIER.seen_by(viewer).bind(market_name);
    query.bind(identifier).fetch_optional(&mut *tx).await
}

/// Which properties of an account are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Those that it holds now, or those that it does not; all without a value.
    pub active: Option<bool>,
    /// Only those that it has held at this moment or later.
    pub held_since: Option<DateTime<Utc>>,
}

/// The properties that each of these accounts holds or has held, in the order in which they were added.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    which: Which,
) -> Result<Vec<Vec<Property>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let held = query.bind(which.active).bind(now).bind(which.held_since).fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, held.into_iter().map(Under::pair).collect()))
}

/// Who has held each of these properties, as far as the viewer may see their accounts, from the earliest on.
pub async fn occupancies(
    tx: &mut Tx,
    viewer: &Viewer,
    properties: &[i64],
) -> Result<Vec<Vec<Occupancy>>, sqlx::Error> {
    let query = OCCUPANCIES.seen_by(viewer).bind(properties);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(properties, rows.into_iter().map(|row| (row.property_id, row)).collect()))
}
