//! Billing up to the newest reading that a smart meter sent.

use chrono::NaiveDate;
use thiserror::Error;

use super::cycle;
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::domain::ledgers::balances;
use crate::domain::supply::identifiers::MarketName;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::money::Minor;

/// Why an account was not billed.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The viewer has no business with bills.
    #[error("the viewer may not have accounts billed")]
    Forbidden,
    /// There is no such account, or not for this viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// No point with this number is supplied on the account.
    #[error("no such point is supplied on the account")]
    NoPoint,
    /// Nothing is agreed on at the point, so nothing can be charged.
    #[error("nothing is agreed on at the point")]
    NoAgreement,
    /// The meter at the point tells nobody what it counts.
    #[error("the meter is no smart meter")]
    NotSmart,
    /// The meter has sent nothing since the supply began.
    #[error("the meter has sent nothing yet")]
    NothingSent,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SnapshotError);

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// The last local day of the point that has been charged for.
    pub to: Option<NaiveDate>,
    /// The balance of the account afterwards, in minor units.
    pub balance: Minor,
}

row! {
    struct Supplied {
        ledger_id: i64,
        supply_point_id: i64,
        is_agreed: bool,
        is_smart: bool,
    }
}

statement!(static SUPPLIED: Supplied = "
    select l.id as ledger_id, sp.id as supply_point_id, exists (
            select from agreements g where g.supply_point_id = sp.id and g.account_id = s.account_id
                and g.revoked_at is null and g.during @> $3::timestamptz) as is_agreed, exists (
            select from meters m where m.supply_point_id = sp.id and m.active_to is null and (m.sends_half_hourly or exists (
                select from smart_meter_devices d where d.meter_id = m.id and d.status = 'COMMISSIONED'))) as is_smart
    from supply_points sp join supply_periods s on s.supply_point_id = sp.id and s.account_id = $1 and s.during @> $3::timestamptz
        join ledgers l on l.account_id = s.account_id and l.is_main
    where sp.market_name = 'GBR_ELECTRICITY' and sp.identifier = $2");
// A day of intervals is sent when none of them is missing; a reading of registers tells all until the day on which it was
// taken.
statement!(static SENT: (Option<NaiveDate>,) = "
    select greatest(
        (select max(i.day) + 1 from interval_days i
            where i.supply_point_id = $1 and array_position(i.wh, null) is null and i.day < $2),
        (select max((r.read_at at time zone 'Europe/London')::date) from meters m join meter_readings r on r.meter_id = m.id
            where m.supply_point_id = $1 and r.source = 'SMART_METER' and r.withdrawn_at is null
                and exists (select from register_readings x where x.reading_id = r.id and not x.is_quarantined)
                and (r.read_at at time zone 'Europe/London')::date <= $2))");
statement!(static CHARGED: (Option<NaiveDate>,) = "
    select max(upper(c.days)) - 1 from supply_charges c join agreements g on g.id = c.agreement_id
    where g.supply_point_id = $1 and g.account_id = $2 and g.revoked_at is null");

/// Bills an account up to the newest reading that the smart meter at a point sent: the last day that was sent as a whole is
/// the last one of the bill, and the period after it begins on the next. A repeat finds nothing to bill, and answers the
/// same.
///
/// # Errors
/// See [`SnapshotError`].
pub async fn bill(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    mpan: &str,
) -> Result<Billed, SnapshotError> {
    if viewer.account_user().is_none() && !viewer.may(POST_TRANSACTIONS) {
        return Err(SnapshotError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, account_number).await?;
    let account = account.ok_or(SnapshotError::UnknownAccount)?;
    let mpan = MarketName::GbrElectricity.identifier(mpan).map_err(|_| SnapshotError::NoPoint)?;
    let market = account.market().ok_or(SnapshotError::NoPoint)?;
    let now = tx.business_now().await?;
    let supplied = SUPPLIED.query().bind(account.id).bind(mpan).bind(now);
    let supplied = supplied.fetch_optional(&mut *tx).await?.ok_or(SnapshotError::NoPoint)?;
    if !supplied.is_agreed {
        return Err(SnapshotError::NoAgreement);
    }
    if !supplied.is_smart {
        return Err(SnapshotError::NotSmart);
    }
    let sent = SENT.query().bind(supplied.supply_point_id).bind(market.day(now));
    let (sent,) = sent.fetch_one(&mut *tx).await?;
    let until = sent.ok_or(SnapshotError::NothingSent)?;
    cycle::bill_until(tx, supplied.ledger_id, until).await?;
    let charged = CHARGED.query().bind(supplied.supply_point_id).bind(account.id);
    let (to,) = charged.fetch_one(&mut *tx).await?;
    let balance = balances::of_accounts(tx, viewer, &[account.id], false).await?;
    Ok(Billed { to, balance: balance.first().copied().unwrap_or_default() })
}
