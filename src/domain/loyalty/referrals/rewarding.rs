//! Paying for referrals: once a newcomer has been supplied for as long as the scheme says, both are credited, and who brought
//! them is given points. A newcomer who never is, or whose account comes to nothing, is paid for never.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::ledgers::credits::{self, GrantError};
use crate::domain::loyalty::points::{self, NewEntry, PointsError, Side};
use crate::domain::loyalty::{memberships, programmes};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};

/// The reason of the credit.
const REASON: &str = "REFERRAL_REWARD";
/// The reason of the points, among those that programmes have.
const POINTS: &str = "POINTS_AWARDED_IN_PROMOTION";
const TURN: TimeDelta = TimeDelta::hours(1);
/// How many are looked at in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
const JOB: &str = "referral-reward";
/// Within how long a newcomer must have been supplied.
const PATIENCE: TimeDelta = TimeDelta::days(365);

statement!(static CANCEL: () = "
    update referrals f set cancelled_at = $1 from accounts a
    where a.id = f.referred_account_id and f.paid_at is null and f.cancelled_at is null
        and (a.status in ('VOID', 'WITHDRAWN') or f.created_at < $2)");
statement!(static DUE: (i64,) = "
    select f.id from referrals f join referral_schemes s on s.id = f.scheme_id
    where f.paid_at is null and f.cancelled_at is null and exists (select from supply_periods p
        where p.account_id = f.referred_account_id and p.during @> $1::timestamptz
            and lower(p.during) <= $1 - make_interval(days => s.wait_days))
    order by f.id limit $2");

row! {
    struct Due {
        referring_account_id: Option<i64>,
        referred_account_id: i64,
        referrer_amount: i32,
        referred_amount: i32,
        bonus_points: i32,
        scheme_type: String,
        referrer_is_there: bool,
    }
}

statement!(static HOLD: Due = "
    select f.referring_account_id, f.referred_account_id, f.referrer_amount, f.referred_amount, f.bonus_points, s.scheme_type,
        coalesce(a.status not in ('VOID', 'WITHDRAWN'), false) as referrer_is_there
    from referrals f join referral_schemes s on s.id = f.scheme_id left join accounts a on a.id = f.referring_account_id
    where f.id = $1 and f.paid_at is null and f.cancelled_at is null for no key update of f");
statement!(static PAID: () = "
    update referrals set paid_at = $2, referrer_transaction_id = $3, referred_transaction_id = $4 where id = $1");

/// Has this runner pay for referrals.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-referrals", |tx, _| Box::pin(async move { Ok(queue(tx).await?) }));
    runner.on(JOB, |tx, payload| {
        Box::pin(async move { reward(tx, payload["referral"].as_i64().ok_or(JobError::Payload)?).await })
    });
}

/// Those that are to be paid for, once those that came to nothing are put aside.
async fn due(tx: &mut Tx) -> Result<Vec<(i64,)>, sqlx::Error> {
    let now = tx.business_now().await?;
    CANCEL.command().bind(now).bind(now - PATIENCE).execute(&mut *tx).await?;
    DUE.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await
}

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let wall = tx.wall_now();
    for (id,) in due(tx).await? {
        jobs::enqueue(tx, JOB, &json!({ "referral": id }), wall).await?;
    }
    Ok(())
}

/// Pays for all that is due at once.
///
/// # Errors
/// Why something could not be credited.
pub(in crate::domain) async fn pay_due(tx: &mut Tx) -> Result<(), JobError> {
    for (id,) in due(tx).await? {
        reward(tx, id).await?;
    }
    Ok(())
}

/// Pays for a referral, unless it was paid for.
async fn reward(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some(due) = HOLD.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let referrer = due.referring_account_id.filter(|_| due.referrer_is_there);
    let mut shares = vec![(due.referred_account_id, due.referred_amount)];
    shares.extend(referrer.map(|account| (account, due.referrer_amount)));
    // Ledgers are locked in one order, whoever brought whom.
    shares.sort_unstable();
    let title = if due.scheme_type == "REFERRAL_REWARD" { "Referral reward" } else { "Sign-up reward" };
    let (mut given, mut received) = (None, None);
    for (account, amount) in shares {
        if amount > 0 {
            let credit = credits::grant(tx, account, amount.into(), REASON, title).await.map_err(failed)?;
            *(if account == due.referred_account_id { &mut received } else { &mut given }) = Some(credit);
        }
    }
    if let Some(account) = referrer {
        bonus(tx, account, due.bonus_points).await?;
    }
    let now = tx.business_now().await?;
    PAID.command().bind(id).bind(now).bind(given).bind(received).execute(&mut *tx).await?;
    Ok(())
}

/// Gives points to whoever has those of an account, if somebody does.
async fn bonus(tx: &mut Tx, account: i64, points: i32) -> Result<(), JobError> {
    let Some(member) = memberships::current(tx, account).await?.filter(|_| points > 0) else { return Ok(()) };
    let Some(programme) = programmes::of_account_id(tx, account).await? else { return Ok(()) };
    let entry = NewEntry {
        market: &programme.market,
        kind: "award",
        reason: POINTS,
        note: None,
        account,
        key: None,
        by: hand(&Viewer::server()),
        points: points.into(),
        from: Side::Book("awards"),
        to: Side::Wallet(member.user_id),
    };
    match points::post(tx, &entry).await {
        Ok(_) => Ok(()),
        Err(PointsError::Database(error)) => Err(error.into()),
        Err(other) => Err(JobError::Other(other.to_string())),
    }
}

fn failed(error: GrantError) -> JobError {
    match error {
        GrantError::Database(error) => error.into(),
        other => JobError::Other(other.to_string()),
    }
}
