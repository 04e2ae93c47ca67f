//! Agreements: who takes what at a supply point, for how long. At most one holds at any moment, which
//! `agreements_one_at_a_time` sees to, whoever agrees at once.

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use thiserror::Error;

use super::catalogue;
use super::interval::Period;
use crate::domain::events::{self, About, Event, Name};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market::{self, Market};

/// For how long somebody may think better of it.
const COOLING_OFF: TimeDelta = TimeDelta::days(14);

/// Why nothing was agreed, or an agreement did not change.
#[derive(Debug, Error)]
pub enum AgreementError {
    /// There is no such agreement.
    #[error("there is no such agreement")]
    NotThere,
    /// The product is not sold, or not for such a point or account.
    #[error("the product is not sold for this supply point")]
    NoProduct,
    /// The point is not supplied on the account on the first day.
    #[error("the point is not supplied on the account then")]
    NotSupplied,
    /// Another agreement holds at some time of it.
    #[error("another agreement holds then")]
    Overlaps,
    /// It does not hold on that day, or no longer.
    #[error("the agreement does not hold on that day")]
    NotThen,
    /// Something of it has been charged.
    #[error("the agreement has been billed")]
    Billed,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(AgreementError);

impl From<sqlx::Error> for AgreementError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "agreements_one_at_a_time") { Self::Overlaps } else { Self::Database(error) }
    }
}

/// What is agreed.
#[derive(Clone, Copy, Debug)]
pub struct NewAgreement<'a> {
    /// The account, by row id.
    pub account: i64,
    /// The supply point, by row id.
    pub supply_point: i64,
    /// Code of the product.
    pub product: &'a str,
    /// How the account pays, where prices go by it.
    pub payment_method: &'a str,
    /// The first local day.
    pub from: NaiveDate,
    /// The local day after the last one. Without one it is the product's term, or for good.
    pub to: Option<NaiveDate>,
    /// The first local day that is charged here, where others have charged those before.
    pub charged_from: Option<NaiveDate>,
}

row! {
    struct Choice {
        market: String,
        region: String,
        offer_id: i64,
        term_months: Option<i32>,
    }
}

// A meter that counts night by itself is for prices by day and night, unless one price is wanted; where the product has none,
// any will do.
statement!(static CHOICE: Choice = "
    select sp.market, sp.region, o.id as offer_id, p.term_months
    from supply_points sp join accounts a on a.id = $1 and a.market = sp.market
        join products p on p.market = sp.market and p.code = $3 and p.direction = sp.direction
            and p.available_from <= $4 and (p.available_to is null or p.available_to > $4)
            and case when a.account_type like 'BUSINESS%' then p.is_business or p.direction = 'EXPORT' else p.is_domestic end
        join product_offers o on o.product_id = p.id and o.market_name = sp.market_name
    where sp.id = $2
    order by (o.kind = 'DAY_NIGHT') = exists (select from meters m join meter_registers r on r.meter_id = m.id
            where m.supply_point_id = sp.id and r.band = 'NIGHT' and not $5::boolean) desc, o.id
    limit 1");
statement!(static IS_SUPPLIED: (bool,) = "
    select exists (select from supply_periods s
        where s.supply_point_id = $1 and s.account_id = $2 and s.during @> $3::timestamptz)");
statement!(static TARIFF: (i64,) = "
    select t.id from tariffs t where t.offer_id = $1 and t.region = $2
    order by (t.payment_method is not distinct from $3) desc, t.payment_method nulls first limit 1");
statement!(static ADD: (i64,) = "
    insert into agreements (supply_point_id, account_id, tariff_id, during, agreed_from, agreed_to, agreed_at,
        rescission_deadline_at, charged_from)
    values ($1, $2, $3, tstzrange($4, $5), $4, $5, $6, $7, $8) returning id");

/// Agrees to take a product at a supply point. Answers the agreement's row id.
///
/// # Errors
/// See [`AgreementError`].
pub async fn agree(tx: &mut Tx, new: &NewAgreement<'_>) -> Result<i64, AgreementError> {
    agree_as(tx, new, false).await
}

/// As [`agree`], at one price for all hours even where the meter counts night by itself, if the product has that.
async fn agree_as(tx: &mut Tx, new: &NewAgreement<'_>, is_flat: bool) -> Result<i64, AgreementError> {
    let now = tx.business_now().await?;
    let asked = (new.account, new.supply_point, new.product, new.payment_method);
    let (choice, tariff) = chosen(tx, asked, is_flat).await?.ok_or(AgreementError::NoProduct)?;
    let market = market::by_code(&choice.market).ok_or(AgreementError::NoProduct)?;
    let (from, to) = period(market, new, choice.term_months)?;
    let supplied = IS_SUPPLIED.query().bind(new.supply_point).bind(new.account).bind(from);
    if !supplied.fetch_one(&mut *tx).await?.0 {
        return Err(AgreementError::NotSupplied);
    }
    let add = ADD.query().bind(new.supply_point).bind(new.account).bind(tariff).bind(from).bind(to);
    let (id,) = add.bind(now).bind(now + COOLING_OFF).bind(new.charged_from).fetch_one(&mut *tx).await?;
    tell(tx, id, Name::AgreementMade, json!({ "validFrom": from, "validTo": to })).await?;
    Ok(id)
}

/// The tariff on which an account would take a product at a point if it agreed on it now; none where the product is not sold for
/// them.
pub(in crate::domain) async fn tariff_for(
    tx: &mut Tx,
    account: i64,
    supply_point: i64,
    product: &str,
    payment_method: &str,
) -> Result<Option<i64>, sqlx::Error> {
    let chosen = chosen(tx, (account, supply_point, product, payment_method), false).await?;
    Ok(chosen.map(|(_, tariff)| tariff))
}

/// What is chosen for an account at a supply point by the code of a product and a way to pay, with the tariff.
async fn chosen(
    tx: &mut Tx,
    (account, supply_point, product, payment_method): (i64, i64, &str, &str),
    is_flat: bool,
) -> Result<Option<(Choice, i64)>, sqlx::Error> {
    let now = tx.business_now().await?;
    let choice = CHOICE.query().bind(account).bind(supply_point).bind(product).bind(now).bind(is_flat);
    let Some(choice) = choice.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let Some(region) = catalogue::region(&choice.market, &choice.region) else { return Ok(None) };
    let tariff = TARIFF.query().bind(choice.offer_id).bind(region).bind(payment_method);
    Ok(tariff.fetch_optional(&mut *tx).await?.map(|(tariff,)| (choice, tariff)))
}

fn period(market: &Market, new: &NewAgreement<'_>, term: Option<i32>) -> Result<Period, AgreementError> {
    let term = term.and_then(|months| u32::try_from(months).ok());
    let to = match (new.to, term) {
        (None, Some(months)) => {
            Some(new.from.checked_add_months(Months::new(months)).ok_or(AgreementError::NotThen)?)
        }
        (to, _) => to,
    };
    if to.is_some_and(|to| to <= new.from) {
        return Err(AgreementError::NotThen);
    }
    Ok((market.start_of(new.from), to.map(|day| market.start_of(day))))
}

row! {
    struct Held {
        account_id: i64,
        supply_point_id: i64,
        market: String,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        payment_method: Option<String>,
        charged_to: Option<NaiveDate>,
    }
}

statement!(static HOLD: Held = "
    select g.account_id, g.supply_point_id, sp.market, lower(g.during) as from_at, upper(g.during) as to_at,
        t.payment_method, (select max(upper(c.days)) from supply_charges c where c.agreement_id = g.id) as charged_to
    from agreements g join supply_points sp on sp.id = g.supply_point_id join tariffs t on t.id = g.tariff_id
    where g.id = $1 and g.revoked_at is null for no key update of g");
statement!(static END: () = "
    update agreements set during = tstzrange(lower(during), $2), terminated_at = $3 where id = $1");
statement!(static REVOKE: () = "update agreements set revoked_at = $2 where id = $1");

/// Nobody else changes the agreement, and nobody charges it, until the transaction ends.
async fn hold(tx: &mut Tx, agreement: i64) -> Result<(Held, &'static Market), AgreementError> {
    let held = HOLD.query().bind(agreement).fetch_optional(&mut *tx).await?;
    let held = held.ok_or(AgreementError::NotThere)?;
    let market = market::by_code(&held.market).ok_or(AgreementError::NotThere)?;
    Ok((held, market))
}

/// Ends an agreement at the beginning of a local day on which it holds. One that is never to hold is revoked instead.
///
/// # Errors
/// Not on its first day, not after its last one, and not before a day that has been charged.
pub async fn terminate(tx: &mut Tx, agreement: i64, on: NaiveDate) -> Result<(), AgreementError> {
    let (held, market) = hold(tx, agreement).await?;
    let end = market.start_of(on);
    if held.from_at.is_none_or(|from| end <= from) || held.to_at.is_some_and(|to| end > to) {
        return Err(AgreementError::NotThen);
    }
    if held.charged_to.is_some_and(|charged| on < charged) {
        return Err(AgreementError::Billed);
    }
    let now = tx.business_now().await?;
    END.command().bind(agreement).bind(end).bind(now).execute(&mut *tx).await?;
    tell(tx, agreement, Name::AgreementTerminated, json!({ "validTo": end })).await?;
    Ok(())
}

/// Ends an agreement and begins another one on the same day, for the same account at the same point. Answers the new one's
/// row id.
///
/// # Errors
/// Those of [`terminate`] and [`agree`].
pub async fn switch(
    tx: &mut Tx,
    agreement: i64,
    product: &str,
    from: NaiveDate,
) -> Result<i64, AgreementError> {
    follow(tx, agreement, &Next { product, from, is_flat: false }).await
}

/// What follows an agreement.
#[derive(Clone, Copy, Debug)]
pub struct Next<'a> {
    /// Code of the product.
    pub product: &'a str,
    /// The first local day.
    pub from: NaiveDate,
    /// Whether one price is wanted for all hours, where the product has that.
    pub is_flat: bool,
}

/// Lets another agreement follow one, for the same account at the same point, on a day on which it holds or ends; one that
/// would begin on that day never does. Answers the new one's row id.
///
/// # Errors
/// Those of [`terminate`], [`revoke`] and [`agree`].
pub async fn follow(tx: &mut Tx, agreement: i64, next: &Next<'_>) -> Result<i64, AgreementError> {
    let (held, market) = hold(tx, agreement).await?;
    let (product, from) = (next.product, next.from);
    let start = Some(market.start_of(from));
    if held.from_at == start {
        revoke(tx, agreement).await?;
    } else if held.to_at != start {
        terminate(tx, agreement, from).await?;
    }
    let payment_method = held.payment_method.as_deref().unwrap_or("DIRECT_DEBIT");
    let Held { account_id: account, supply_point_id: supply_point, .. } = held;
    let new =
        NewAgreement { account, supply_point, product, payment_method, from, to: None, charged_from: None };
    agree_as(tx, &new, next.is_flat).await
}

row! {
    struct Within {
        is_home: bool,
        is_supplied: bool,
    }
}

// Supply and the property may have changed hands in between, to the same account.
statement!(static WITHIN: Within = "
    select coalesce((select range_agg(s.during) from supply_periods s
            where s.supply_point_id = $1 and s.account_id = $2) @> tstzrange($3, $4), false) as is_supplied,
        coalesce((select range_agg(o.during) from occupancies o join supply_points sp on sp.property_id = o.property_id
            where sp.id = $1 and o.account_id = $2) @> tstzrange($3, $4), false) as is_home");
statement!(static MOVE: () = "
    update agreements set during = tstzrange($2, $3), agreed_from = $2, agreed_to = $3, terminated_at = null
    where id = $1");

/// Has an agreement hold from one local day until another, or for good. A repeat changes nothing.
///
/// # Errors
/// Not before or after the account is supplied at the point and holds the property; not without a day that has been charged,
/// and once one has, from no other day on; not while another agreement holds.
pub async fn set_period(
    tx: &mut Tx,
    agreement: i64,
    from: NaiveDate,
    to: Option<NaiveDate>,
) -> Result<(), AgreementError> {
    let (held, market) = hold(tx, agreement).await?;
    if to.is_some_and(|to| to <= from) {
        return Err(AgreementError::NotThen);
    }
    let (start, end) = (market.start_of(from), to.map(|to| market.start_of(to)));
    if (held.from_at, held.to_at) == (Some(start), end) {
        return Ok(());
    }
    if let Some(charged) = held.charged_to
        && (held.from_at != Some(start) || to.is_some_and(|to| to < charged))
    {
        return Err(AgreementError::Billed);
    }
    let within = WITHIN.query().bind(held.supply_point_id).bind(held.account_id).bind(start).bind(end);
    let within = within.fetch_one(&mut *tx).await?;
    if !within.is_supplied || !within.is_home {
        return Err(AgreementError::NotSupplied);
    }
    MOVE.command().bind(agreement).bind(start).bind(end).execute(&mut *tx).await?;
    tell(tx, agreement, Name::AgreementChanged, json!({ "validFrom": start, "validTo": end })).await?;
    Ok(())
}

/// Makes an agreement as if it had never been.
///
/// # Errors
/// Not once something of it has been charged.
pub async fn revoke(tx: &mut Tx, agreement: i64) -> Result<(), AgreementError> {
    let (held, _) = hold(tx, agreement).await?;
    if held.charged_to.is_some() {
        return Err(AgreementError::Billed);
    }
    let now = tx.business_now().await?;
    REVOKE.command().bind(agreement).bind(now).execute(&mut *tx).await?;
    tell(tx, agreement, Name::AgreementRevoked, json!({})).await?;
    Ok(())
}

// What ends later ends with the supply, and what would only begin then never does.
statement!(static END_WITH_SUPPLY: (i64, bool) = "
    update agreements g set terminated_at = case when lower(g.during) < $3::timestamptz then $4::timestamptz end,
        revoked_at = case when lower(g.during) >= $3 then $4::timestamptz end,
        during = case when lower(g.during) < $3 then tstzrange(lower(g.during), $3) else g.during end
    from supply_periods s
    where g.supply_point_id = any($1) and ($2::bigint is null or g.account_id = $2) and g.revoked_at is null
        and (upper_inf(g.during) or upper(g.during) > $3) and s.supply_point_id = g.supply_point_id
        and s.account_id = g.account_id and upper(s.during) = $3
    returning g.id, g.revoked_at is not null");

/// Ends what was agreed at points whose supply, on an account or by whoever had it, ended at a moment.
pub(super) async fn end_with_supply(
    tx: &mut Tx,
    points: &[i64],
    account: Option<i64>,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let end = END_WITH_SUPPLY.query().bind(points).bind(account).bind(until).bind(now);
    for (agreement, is_revoked) in end.fetch_all(&mut *tx).await? {
        if is_revoked {
            tell(tx, agreement, Name::AgreementRevoked, json!({})).await?;
        } else {
            tell(tx, agreement, Name::AgreementTerminated, json!({ "validTo": until })).await?;
        }
    }
    Ok(())
}

statement!(static REVOKE_FROM: (i64,) = "
    update agreements set revoked_at = $4 where supply_point_id = $1 and account_id = $2 and revoked_at is null
        and lower(during) >= $3 returning id");

/// Revokes what was agreed at a point on an account from a moment on, as nothing is supplied there then.
pub(super) async fn revoke_from(
    tx: &mut Tx,
    (point, account): (i64, i64),
    from: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let revoke = REVOKE_FROM.query().bind(point).bind(account).bind(from).bind(now);
    for (agreement,) in revoke.fetch_all(&mut *tx).await? {
        tell(tx, agreement, Name::AgreementRevoked, json!({})).await?;
    }
    Ok(())
}

statement!(static BEGIN_WITH_SUPPLY: (i64, Option<DateTime<Utc>>) = "
    update agreements set during = tstzrange($4, upper(during)), agreed_from = $4
    where supply_point_id = $1 and account_id = $2 and revoked_at is null and lower(during) = $3
        and (upper_inf(during) or upper(during) > $4) returning id, upper(during)");
statement!(static IS_BEFORE: (bool,) = "
    select exists (select from agreements where supply_point_id = $1 and account_id = $2 and revoked_at is null
        and lower(during) >= $3 and lower(during) < $4)");

/// Has what was agreed to begin with a supply begin at another moment with it. Says no if something agreed for that supply
/// would begin before it.
pub(super) async fn begin_with_supply(
    tx: &mut Tx,
    (supply_point, account): (i64, i64),
    was: DateTime<Utc>,
    start: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let begin = BEGIN_WITH_SUPPLY.query().bind(supply_point).bind(account).bind(was).bind(start);
    for (agreement, to) in begin.fetch_all(&mut *tx).await? {
        tell(tx, agreement, Name::AgreementChanged, json!({ "validFrom": start, "validTo": to })).await?;
    }
    let before = IS_BEFORE.query().bind(supply_point).bind(account).bind(was).bind(start);
    Ok(!before.fetch_one(&mut *tx).await?.0)
}

async fn tell(tx: &mut Tx, agreement: i64, name: Name, data: Value) -> Result<(), sqlx::Error> {
    events::record(tx, &[Event { name, about: About::Agreement(agreement), data }]).await
}
