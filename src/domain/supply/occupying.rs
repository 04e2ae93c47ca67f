//! Becoming the occupier of a property that we have supplied, with a product that was quoted. Whoever answered for it while
//! nobody was known to live there gives it up on that day, and is billed for the days until then.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use thiserror::Error;

use super::agreements::{self, AgreementError, NewAgreement};
use super::periods::{self, SupplyError};
use super::product_switches;
use super::properties::{self, OccupancyError};
use crate::domain::auth::viewer::Viewer;
use crate::domain::billing::finals;
use crate::domain::contracts::sign::{self, SignError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// How far ahead somebody can move in.
const FARTHEST: TimeDelta = TimeDelta::days(90);
/// How somebody pays of whom nothing else is known.
const PAYMENT_METHOD: &str = "DIRECT_DEBIT";

/// Why nobody moved in.
#[derive(Debug, Error)]
pub enum OccupyError {
    /// The viewer may not do this, or there is no such account for them.
    #[error("there is no such account")]
    NoAccount,
    /// There is no such property in the country that nobody else lives in, or we have never supplied it.
    #[error("there is no such property that is free then")]
    NoProperty,
    /// The day is past, or too far ahead.
    #[error("the day is past, or more than 90 days ahead")]
    Day,
    /// The account has no such quote, or it has lapsed.
    #[error("the account has no such quote")]
    NoQuote,
    /// The product was not quoted, or is not made for the property's points.
    #[error("the product was not quoted, or is not made for the property")]
    NotQuoted,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(OccupyError);

impl From<OccupancyError> for OccupyError {
    fn from(error: OccupancyError) -> Self {
        match error {
            OccupancyError::Database(error) => Self::Database(error),
            _ => Self::NoProperty,
        }
    }
}

impl From<SupplyError> for OccupyError {
    fn from(error: SupplyError) -> Self {
        match error {
            SupplyError::Database(error) => Self::Database(error),
            _ => Self::NoProperty,
        }
    }
}

impl From<SignError> for OccupyError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Database(error) => Self::Database(error),
            _ => Self::NotQuoted,
        }
    }
}

/// Somebody's wish to live somewhere.
#[derive(Clone, Debug)]
pub struct MoveIn {
    /// Number of the account.
    pub account_number: String,
    /// The property, by row id.
    pub property: i64,
    /// Code of the quote.
    pub quote: String,
    /// Code of a product in it.
    pub product: String,
    /// The first local day there; today without one.
    pub on: Option<NaiveDate>,
}

row! {
    struct Occupant {
        account_id: i64,
        from_at: Option<DateTime<Utc>>,
        is_placeholder: bool,
    }
}

statement!(static QUOTED: (bool,) = "
    select exists (select from quoted_points t join quoted_products c on c.quoted_point_id = t.id
        join products p on p.id = c.product_id where t.quote_id = q.id and p.code = $3)
    from quote_requests q where q.code::text = lower(btrim($1)) and q.account_id = $2 and q.expires_at > $4");
// Whoever lives there on that day or later, the latest first.
statement!(static OCCUPANTS: Occupant = "
    select o.account_id, lower(o.during) as from_at, upper_inf(o.during) and lower(o.during) < $2 and a.account_type in
        ('OCCUPIER', 'BUSINESS_OCCUPIER', 'VACANT', 'BUSINESS_VACANT') as is_placeholder
    from occupancies o join accounts a on a.id = o.account_id
    where o.property_id = $1 and o.is_occupier and o.during && tstzrange($2, null) order by 2 desc
    for no key update of o");
statement!(static POINTS: (i64,) = "
    select sp.id from supply_points sp join properties pr on pr.id = sp.property_id
    where pr.id = $1 and pr.market = $2 and exists (select from supply_periods s where s.supply_point_id = sp.id)
    order by sp.id");

/// Moves an account into a property. A repeat changes nothing.
///
/// # Errors
/// See [`OccupyError`].
pub async fn occupy(tx: &mut Tx, viewer: &Viewer, wanted: &MoveIn) -> Result<(), OccupyError> {
    let held = product_switches::hold_account(tx, viewer, &wanted.account_number).await?;
    let (account, market) = held.ok_or(OccupyError::NoAccount)?;
    let market = market::by_code(&market).ok_or(OccupyError::NoAccount)?;
    let now = tx.business_now().await?;
    let today = market.day(now);
    let on = wanted.on.unwrap_or(today);
    let from = market.start_of(on);
    let points = POINTS.query().bind(wanted.property).bind(&market.code).fetch_all(&mut *tx).await?;
    if points.is_empty() {
        return Err(OccupyError::NoProperty);
    }
    let occupants = OCCUPANTS.query().bind(wanted.property).bind(from).fetch_all(&mut *tx).await?;
    if occupants.iter().any(|each| each.account_id == account && each.from_at == Some(from)) {
        return Ok(());
    }
    if on < today || on - today > FARTHEST {
        return Err(OccupyError::Day);
    }
    if occupants.iter().any(|each| !each.is_placeholder) {
        return Err(OccupyError::NoProperty);
    }
    let quoted = QUOTED.query().bind(&wanted.quote).bind(account).bind(&wanted.product).bind(now);
    match quoted.fetch_optional(&mut *tx).await? {
        Some((true,)) => {}
        Some((false,)) => return Err(OccupyError::NotQuoted),
        None => return Err(OccupyError::NoQuote),
    }
    for placeholder in occupants {
        properties::move_out(tx, wanted.property, placeholder.account_id, on).await?;
        finals::expect(tx, viewer, (placeholder.account_id, wanted.property), on).await?;
    }
    properties::move_in(tx, wanted.property, account, on, true).await?;
    supply(tx, wanted, account, on, &points).await?;
    Ok(sign::with_agreement(tx, viewer, account, on).await?)
}

/// Supplies the account at all points, and agrees on the product where it is made for the point.
async fn supply(
    tx: &mut Tx,
    wanted: &MoveIn,
    account: i64,
    on: NaiveDate,
    points: &[(i64,)],
) -> Result<(), OccupyError> {
    let mut agreed = 0;
    for (point,) in points {
        periods::begin_supply(tx, *point, account, on).await?;
        let new = NewAgreement {
            account,
            supply_point: *point,
            product: &wanted.product,
            payment_method: PAYMENT_METHOD,
            from: on,
            to: None,
            charged_from: None,
        };
        match agreements::agree(tx, &new).await {
            Ok(_) => agreed += 1,
            Err(AgreementError::NoProduct) => {}
            Err(AgreementError::Database(error)) => return Err(error.into()),
            Err(_) => return Err(OccupyError::NotQuoted),
        }
    }
    if agreed == 0 { Err(OccupyError::NotQuoted) } else { Ok(()) }
}
