//! The British winter discount for households on a low income: applied for once each winter, looked into for two weeks,
//! and credited where the account is still a household's.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;
use thiserror::Error;

use super::may_manage;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{Viewer, account_is_owned, account_is_visible};
use crate::domain::ledgers::credits::{self, GrantError};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;

const TITLE: &str = "Warm home discount";
/// The reason of its credits. Nobody can give it for anything else.
const REASON: &str = "WARM_HOME_DISCOUNT";

const TURN: TimeDelta = TimeDelta::hours(1);
/// How long an application is looked into.
const LOOKED_INTO: TimeDelta = TimeDelta::days(14);
/// How many are decided in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
const JOB: &str = "warm-home-discount";

/// Why nothing was applied for.
#[derive(Debug, Error)]
pub enum ApplicationError {
    /// The viewer may not apply for anybody.
    #[error("the viewer may not apply")]
    Forbidden,
    /// There is no such account for the viewer, or it is not theirs to apply for.
    #[error("There is no such account of yours.")]
    NotTheirs,
    /// The account is no British household's.
    #[error("The discount is for households in Great Britain.")]
    NotAHousehold,
    /// No scheme takes applications today.
    #[error("Applications are taken from October to March.")]
    Closed,
    /// There are no grounds.
    #[error("Say on what grounds you apply.")]
    NoCriteria,
    /// On these grounds something else must be shown.
    #[error("On these grounds, one of these is needed as well: {0}.")]
    Component(String),
    /// The account has applied for this winter.
    #[error("You have applied for this winter.")]
    Already,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ApplicationError);

impl From<sqlx::Error> for ApplicationError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "warm_home_discount_applications_once") {
            Self::Already
        } else {
            Self::Database(error)
        }
    }
}

row! {
    struct Account {
        id: i64,
        market: String,
        account_type: String,
    }
}

statement!(static ACCOUNT: Account = concat!(
    "select a.id, a.market, a.account_type from accounts a where a.number = $3 and ", account_is_owned!(), " and ",
    account_is_visible!()));
statement!(static SCHEME: (String,) = "
    select code from warm_home_discount_schemes where opens_on <= $1::date and closes_on > $1");
statement!(static COMPONENTS: (Vec<String>,) = "
    select components from warm_home_discount_criteria where code = $1");
statement!(static APPLY: (i64,) = "
    insert into warm_home_discount_applications (account_id, scheme, criteria, component, applied_at, applied_by_kind,
        applied_by_id)
    values ($1, $2, $3, $4, $5, $6, $7) returning id");

/// Applies for the discount of this winter. Answers the application's id.
pub async fn apply(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    criteria: Option<&str>,
    component: Option<&str>,
) -> Result<i64, ApplicationError> {
    if !may_manage(viewer) {
        return Err(ApplicationError::Forbidden);
    }
    let query = ACCOUNT.seen_by(viewer).bind(account_number);
    let account = query.fetch_optional(&mut *tx).await?.ok_or(ApplicationError::NotTheirs)?;
    if account.market != "gb" || account.account_type.starts_with("BUSINESS") {
        return Err(ApplicationError::NotAHousehold);
    }
    let market = market::by_code(&account.market).ok_or(ApplicationError::NotAHousehold)?;
    let now: DateTime<Utc> = tx.business_now().await?;
    let today: NaiveDate = market.day(now);
    let scheme = SCHEME.query().bind(today).fetch_optional(&mut *tx).await?;
    let (scheme,) = scheme.ok_or(ApplicationError::Closed)?;
    let criteria = criteria.ok_or(ApplicationError::NoCriteria)?;
    let components = COMPONENTS.query().bind(criteria).fetch_optional(&mut *tx).await?;
    let (components,) = components.ok_or(ApplicationError::NoCriteria)?;
    if !components.is_empty() && !component.is_some_and(|given| components.iter().any(|each| each == given)) {
        return Err(ApplicationError::Component(components.join(", ")));
    }
    let (kind, by) = hand(viewer);
    let apply = APPLY.query().bind(account.id).bind(scheme).bind(criteria).bind(component);
    let (id,) = apply.bind(now).bind(kind).bind(by).fetch_one(&mut *tx).await?;
    Ok(id)
}

/// Has this runner decide on applications.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-warm-home-discounts", |tx, _| Box::pin(async move { Ok(queue(tx).await?) }));
    runner.on(JOB, |tx, payload| {
        Box::pin(async move { decide(tx, payload["application"].as_i64().ok_or(JobError::Payload)?).await })
    });
}

statement!(static OPEN: (i64,) = "
    select id from warm_home_discount_applications where status = 'RECEIVED' and applied_at <= $1
    order by applied_at, id limit $2");

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (now, wall) = (tx.business_now().await?, tx.wall_now());
    for (id,) in OPEN.query().bind(now - LOOKED_INTO).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        jobs::enqueue(tx, JOB, &json!({ "application": id }), wall).await?;
    }
    Ok(())
}

row! {
    struct Received {
        account_id: i64,
        amount: i64,
        is_supplied: bool,
    }
}

statement!(static TAKE: Received = "
    select w.account_id, s.amount,
        a.status in ('PENDING', 'INCOMPLETE', 'ACTIVE') and a.account_type not like 'BUSINESS%' as is_supplied
    from warm_home_discount_applications w join warm_home_discount_schemes s on s.code = w.scheme
        join accounts a on a.id = w.account_id
    where w.id = $1 and w.status = 'RECEIVED' for update of w");
statement!(static DECIDE: () = "
    update warm_home_discount_applications set decided_at = $2, transaction_id = $3,
        status = case when $3::bigint is null then 'REFUSED' else 'GRANTED' end
    where id = $1");

/// Grants an application, unless that was done or the household has gone.
async fn decide(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some(received) = TAKE.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let transaction = if received.is_supplied {
        let granted = credits::grant(tx, received.account_id, received.amount, REASON, TITLE).await;
        Some(granted.map_err(|error| match error {
            GrantError::Database(error) => JobError::Database(error),
            other => JobError::Other(other.to_string()),
        })?)
    } else {
        None
    };
    let now = tx.business_now().await?;
    DECIDE.command().bind(id).bind(now).bind(transaction).execute(&mut *tx).await?;
    Ok(())
}
