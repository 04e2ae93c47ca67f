//! Supply points: where energy is handed over, each with its number in the market of one commodity.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::types::Json;
use thiserror::Error;

use super::gas_points::{GasEntry, gas_entry};
use super::gas_register;
use super::identifiers::{self, MarketName, NotAnIdentifier};
pub use super::periods::{
    CalledOff, SupplyError, SupplyPeriod, begin_supply, called_off, end_supply, of_points as periods_of,
};
use super::visible::supply_point_is_visible;
use crate::domain::accounts::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::calendar;
use crate::platform::db::{Statement, Tx, Under, database_error, on_constraint, row, statement};
use crate::platform::market::{self, Market};
use crate::platform::page::{self, Page, Window};

row! {
    /// A point at which energy is handed over.
    pub struct SupplyPoint {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The property.
        pub property_id: i64,
        /// Territory and commodity, such as `GBR_GAS`.
        pub market_name: String,
        /// Market code, such as `gb`.
        pub market: String,
        /// `electricity` or `gas`.
        pub commodity: String,
        /// Its number in its market.
        pub identifier: String,
        /// The place of metering behind it, where the market tells them apart (MeLo).
        pub metering_location: Option<String>,
        /// `IMPORT` into the property or `EXPORT` out of it.
        pub direction: String,
        /// What prices and rules of the network go by.
        pub region: String,
        /// Whose network it is.
        pub network_operator: Option<String>,
        /// Profile class, standard load profile, or the like.
        pub load_profile: Option<String>,
        /// What is expected to run through it in a year, in Wh.
        pub annual_wh: Option<i64>,
        /// Day of the month on which the meter is read, where the network has one.
        pub reading_day: Option<i16>,
        /// Whether somebody's health depends on it.
        pub has_critical_care: bool,
        /// What the register of British gas says of it.
        pub gas: Option<Json<GasEntry>>,
    }
}

impl SupplyPoint {
    /// What the register of British gas says of it, if it says anything to the viewer.
    pub fn entry(&self) -> Option<&GasEntry> {
        self.gas.as_deref()
    }

    /// Whether gas runs through it.
    pub fn is_gas(&self) -> bool {
        self.commodity == "gas"
    }

    /// The rules of its country.
    pub fn market(&self) -> Option<&'static Market> {
        market::by_code(&self.market)
    }

    /// What is expected to run through it in a year, in kWh.
    pub fn annual_kwh(&self) -> Option<Decimal> {
        self.annual_wh.map(|wh| (Decimal::from(wh) / Decimal::ONE_THOUSAND).normalize())
    }

    /// The local day on which the meter is read next, from today on, or the one that comes so many readings later.
    pub fn reading_date(&self, now: DateTime<Utc>, later: u32) -> Option<NaiveDate> {
        let (market, day) = (self.market()?, u32::try_from(self.reading_day?).ok()?);
        let today = market.day(now);
        let next = calendar::next_in_months(today, 1, day, today)?;
        calendar::next_in_months(next, 1, day, next.checked_add_months(Months::new(later))?.with_day(1)?)
    }
}

/// How a supply stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has not begun yet.
    Pending,
    /// It is under way.
    On {
        /// The moment at which it ends, if that is known.
        until: Option<DateTime<Utc>>,
    },
    /// It is over.
    Ended {
        /// The moment at which it ended.
        at: DateTime<Utc>,
    },
    /// There never was one.
    Never,
}

impl Standing {
    /// How periods, from the earliest on, make a point stand.
    fn of(periods: &[SupplyPeriod], now: DateTime<Utc>) -> Self {
        let is_on =
            |period: &&SupplyPeriod| period.starts_at <= now && period.ends_at.is_none_or(|end| now < end);
        if let Some(present) = periods.iter().find(is_on) {
            return Self::On { until: present.ends_at };
        }
        match periods.last() {
            None => Self::Never,
            Some(period) if period.starts_at > now => Self::Pending,
            Some(period) => period.ends_at.map_or(Self::Never, |at| Self::Ended { at }),
        }
    }

    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::On { .. } => "ON_SUPPLY",
            Self::Ended { .. } | Self::Never => "OFF_SUPPLY",
        }
    }

    /// How far somebody has come towards being supplied, as clients know it.
    pub fn enrolment(self) -> Option<&'static str> {
        match self {
            Self::Pending => Some("ACCEPTED_AWAITING_ACTIVATION"),
            Self::On { .. } => Some("ON_SUPPLY"),
            Self::Ended { .. } => Some("NOT_ACTIVE"),
            Self::Never => None,
        }
    }

    /// The last local day of a supply that has an end.
    pub fn last_day(self, point: &SupplyPoint) -> Option<NaiveDate> {
        let end = match self {
            Self::On { until } => until?,
            Self::Ended { at } => at,
            Self::Pending | Self::Never => return None,
        };
        Some(point.market()?.day(end - TimeDelta::microseconds(1)))
    }
}

/// What a supply point is registered with.
#[derive(Clone, Debug)]
pub struct NewPoint<'a> {
    /// The property, by row id.
    pub property: i64,
    /// Its market.
    pub market_name: MarketName,
    /// Its number there; spaces and dashes do not count.
    pub identifier: &'a str,
    /// The place of metering, where the market tells them apart (MeLo).
    pub metering_location: Option<&'a str>,
    /// Whether energy runs out of the property.
    pub is_export: bool,
    /// What prices and rules of the network go by.
    pub region: &'a str,
    /// Whose network it is.
    pub network_operator: Option<&'a str>,
    /// Profile class, standard load profile, or the like.
    pub load_profile: Option<&'a str>,
    /// What is expected to run through it in a year, in Wh.
    pub annual_wh: Option<i64>,
    /// Day of the month on which the meter is read.
    pub reading_day: Option<i16>,
    /// Whether somebody's health depends on it.
    pub has_critical_care: bool,
}

/// Why a supply point was not registered.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The number, or that of the place of metering, is none; a sentence.
    #[error(transparent)]
    Identifier(#[from] NotAnIdentifier),
    /// There is no such property in the country of the market.
    #[error("there is no such property in the market")]
    UnknownProperty,
    /// There is a point with this number.
    #[error("there is a supply point with this number already")]
    Taken,
    /// The day on which the meter is read is none of a month.
    #[error("the day of reading goes from 1 to 31")]
    ReadingDay,
    /// Less than nothing is expected to run through it.
    #[error("what is expected in a year is not negative")]
    AnnualConsumption,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(RegisterError);

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "supply_points_identifier_key") {
            Self::Taken
        } else if on_constraint(&error, "supply_points_reading_day_check") {
            Self::ReadingDay
        } else if on_constraint(&error, "supply_points_annual_wh_check") {
            Self::AnnualConsumption
        } else {
            Self::Database(error)
        }
    }
}

/// The columns of a [`SupplyPoint`].
macro_rules! supply_point_columns {
    () => {
        concat!(
            "sp.id, sp.property_id, sp.market_name, sp.market, sp.commodity, sp.identifier, sp.metering_location, \
             sp.direction, sp.region, sp.network_operator, sp.load_profile, sp.annual_wh, sp.reading_day, \
             sp.has_critical_care, ",
            gas_entry!(),
            " as gas"
        )
    };
}

statement!(static ADD: (i64,) = "
    insert into supply_points (property_id, market_name, identifier, metering_location, direction, region,
        network_operator, load_profile, annual_wh, reading_day, has_critical_care, created_at)
    select pr.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 from properties pr where pr.id = $1 and pr.market = $13
    returning id");
statement!(static BY_ID: SupplyPoint = concat!(
    "select ", supply_point_columns!(), " from supply_points sp where sp.id = any($3::bigint[]) and ",
    supply_point_is_visible!()));
statement!(static BY_IDENTIFIER: SupplyPoint = concat!(
    "select ", supply_point_columns!(), " from supply_points sp where sp.market_name = $3 and sp.identifier = $4 and ",
    supply_point_is_visible!()));
statement!(static OF_PROPERTIES: SupplyPoint = concat!(
    "select ", supply_point_columns!(), " from supply_points sp where sp.property_id = any($3::bigint[]) and ",
    supply_point_is_visible!(), " order by sp.id"));
// Those somebody joins or leaves with, or those that an account is supplied at while it holds the property.
statement!(static OF_PROCESSES: Under<SupplyPoint> = concat!("
    select p.id as parent, ", supply_point_columns!(), "
    from supply_processes p join accounts a on a.id = p.account_id join supply_points sp on sp.property_id = p.property_id
    where p.id = any($3::bigint[]) and case when p.kind in ('join', 'leave')
        then exists (select from supply_process_points t where t.process_id = p.id and t.supply_point_id = sp.id)
        else exists (select from supply_periods s where s.supply_point_id = sp.id and s.account_id = p.account_id
            and s.during && case p.kind when 'occupy' then tstzrange(p.effective_at, null)
                else tstzrange(null, p.effective_at) end) end
      and ", account_is_visible!(), " order by p.id, sp.id"));

row! {
    struct Supplied {
        parent: i64,
        supply_point_id: i64,
    }
}

statement!(static COUNT_OF_ACCOUNTS: (i64, i64) = concat!("
    select s.account_id, count(distinct s.supply_point_id) from supply_periods s join accounts a on a.id = s.account_id
    where s.account_id = any($3::bigint[]) and ", account_is_visible!(), " group by s.account_id"));
statement!(static PAGE_OF_ACCOUNTS: Supplied = concat!("
    select parents.id as parent, supplied.supply_point_id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select distinct s.supply_point_id from supply_periods s join accounts a on a.id = s.account_id
        where s.account_id = parents.id and ", account_is_visible!(), "
        order by s.supply_point_id offset parents.skip limit parents.take
    ) supplied order by 1, 2"));
statement!(static COUNT_OF_PORTFOLIOS: (i64, i64) = concat!("
    select a.portfolio_id, count(distinct s.supply_point_id) from accounts a join supply_periods s on s.account_id = a.id
    where a.portfolio_id = any($3::bigint[]) and ", account_is_visible!(), " group by a.portfolio_id"));
statement!(static PAGE_OF_PORTFOLIOS: Supplied = concat!("
    select parents.id as parent, supplied.supply_point_id
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select distinct s.supply_point_id from accounts a join supply_periods s on s.account_id = a.id
        where a.portfolio_id = parents.id and ", account_is_visible!(), "
        order by s.supply_point_id offset parents.skip limit parents.take
    ) supplied order by 1, 2"));

/// Registers a supply point at a property. Answers its row id.
pub async fn register(tx: &mut Tx, new: &NewPoint<'_>) -> Result<i64, RegisterError> {
    let identifier = new.market_name.identifier(new.identifier)?;
    let metering_location = new.metering_location.map(identifiers::melo).transpose()?;
    let now = tx.business_now().await?;
    let add =
        ADD.query().bind(new.property).bind(new.market_name.code()).bind(identifier).bind(metering_location);
    let add = add.bind(if new.is_export { "EXPORT" } else { "IMPORT" }).bind(new.region);
    let add = add.bind(new.network_operator).bind(new.load_profile).bind(new.annual_wh).bind(new.reading_day);
    let add = add.bind(new.has_critical_care).bind(now).bind(new.market_name.market());
    let (id,) = add.fetch_optional(&mut *tx).await?.ok_or(RegisterError::UnknownProperty)?;
    if new.market_name == MarketName::GbrGas {
        gas_register::ask_soon(tx, id).await?;
    }
    Ok(id)
}

/// The supply points with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<SupplyPoint>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |point| point.id))
}

/// The supply point with this number in a market, if the viewer may see it. The number is looked up as it is kept: see
/// [`MarketName::identifier`].
pub async fn by_identifier(
    tx: &mut Tx,
    viewer: &Viewer,
    market_name: MarketName,
    identifier: &str,
) -> Result<Option<SupplyPoint>, sqlx::Error> {
    let query = BY_IDENTIFIER.seen_by(viewer).bind(market_name.code());
    query.bind(identifier).fetch_optional(&mut *tx).await
}

/// The points of each of these properties that the viewer may see, oldest first.
pub async fn of_properties(
    tx: &mut Tx,
    viewer: &Viewer,
    properties: &[i64],
) -> Result<Vec<Vec<SupplyPoint>>, sqlx::Error> {
    let query = OF_PROPERTIES.seen_by(viewer).bind(properties);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(properties, rows.into_iter().map(|point| (point.property_id, point)).collect()))
}

/// The points that processes are about, each with the process, as far as the viewer sees their accounts.
pub(super) async fn of_processes(
    tx: &mut Tx,
    viewer: &Viewer,
    processes: &[i64],
) -> Result<Vec<(i64, SupplyPoint)>, sqlx::Error> {
    let query = OF_PROCESSES.seen_by(viewer).bind(processes);
    Ok(query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair).collect())
}

/// How each of these points stands now, as far as it was supplied on accounts that the viewer may see.
pub async fn standings(tx: &mut Tx, viewer: &Viewer, points: &[i64]) -> Result<Vec<Standing>, sqlx::Error> {
    let now = tx.business_now().await?;
    let periods = periods_of(tx, viewer, points).await?;
    Ok(periods.iter().map(|periods| Standing::of(periods, now)).collect())
}

/// One page of the points that are or were supplied on each of these accounts, oldest first.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Vec<Page<SupplyPoint>>, sqlx::Error> {
    paged(tx, viewer, accounts, window, &PAGE_OF_ACCOUNTS, &COUNT_OF_ACCOUNTS).await
}

/// One page of the points that are or were supplied on the accounts of each of these portfolios, oldest first.
pub async fn page_of_portfolios(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolios: &[i64],
    window: &Window,
) -> Result<Vec<Page<SupplyPoint>>, sqlx::Error> {
    paged(tx, viewer, portfolios, window, &PAGE_OF_PORTFOLIOS, &COUNT_OF_PORTFOLIOS).await
}

async fn paged(
    tx: &mut Tx,
    viewer: &Viewer,
    parents: &[i64],
    window: &Window,
    rows: &'static Statement<Supplied>,
    count: &'static Statement<(i64, i64)>,
) -> Result<Vec<Page<SupplyPoint>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = count.seen_by(viewer).bind(parents);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, parents, totals.as_ref());
    let query = rows.seen_by(viewer).bind(parents);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let rows = loaded(tx, viewer, found).await?;
    Ok(page::pages(window, parents, totals.as_ref(), rows))
}

async fn loaded(
    tx: &mut Tx,
    viewer: &Viewer,
    found: Vec<Supplied>,
) -> Result<Vec<(i64, SupplyPoint)>, sqlx::Error> {
    let ids: Vec<i64> = found.iter().map(|row| row.supply_point_id).collect();
    let points = by_ids(tx, viewer, &ids).await?;
    Ok(found.iter().zip(points).filter_map(|(row, point)| Some((row.parent, point?))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn period(from: &str, to: Option<&str>) -> SupplyPeriod {
        SupplyPeriod {
            id: 1,
            supply_point_id: 1,
            account_id: 1,
            starts_at: moment(from),
            ends_at: to.map(moment),
            is_billable: true,
            agreed_at: moment(from),
        }
    }

    fn point() -> SupplyPoint {
        SupplyPoint {
            id: 1,
            property_id: 1,
            market_name: "JPN_ELECTRICITY".into(),
            market: "jp".into(),
            commodity: "electricity".into(),
            identifier: "0300010001123456789012".into(),
            metering_location: None,
            direction: "IMPORT".into(),
            region: "03".into(),
            network_operator: None,
            load_profile: None,
            annual_wh: Some(3_600_500),
            reading_day: Some(31),
            has_critical_care: false,
            gas: None,
        }
    }

    #[test]
    fn the_present_supply_counts_then_the_latest() {
        let (first, second) = (
            period("2026-01-01T00:00:00Z", Some("2026-03-01T00:00:00Z")),
            period("2026-06-01T00:00:00Z", None),
        );
        let both = [first.clone(), second];
        let at = |text| Standing::of(&both, moment(text)).code();
        assert_eq!(at("2026-02-01T00:00:00Z"), "ON_SUPPLY");
        assert_eq!(at("2026-03-01T00:00:00Z"), "PENDING", "an end is no part of the period");
        assert_eq!(at("2026-06-01T00:00:00Z"), "ON_SUPPLY");
        let ended = Standing::of(&[first], moment("2026-04-01T00:00:00Z"));
        assert_eq!(ended.code(), "OFF_SUPPLY");
        // The first of March begins in Tokyo nine hours before this end.
        assert_eq!(ended.last_day(&point()), NaiveDate::from_ymd_opt(2026, 3, 1));
        assert_eq!(Standing::of(&[], moment("2026-04-01T00:00:00Z")), Standing::Never);
    }

    #[test]
    fn meters_are_read_on_the_last_of_short_months() {
        // In Tokyo it is the first of February already.
        let now = moment("2026-01-31T20:00:00Z");
        let date = |later| point().reading_date(now, later).map(|day| day.to_string());
        assert_eq!(date(0).as_deref(), Some("2026-02-28"));
        assert_eq!(date(1).as_deref(), Some("2026-03-31"));
        assert_eq!(date(2).as_deref(), Some("2026-04-30"));
        assert_eq!(point().annual_kwh(), Some(Decimal::new(36_005, 1)));
    }
}
