//! Whether a customer should be asked how a call or a conversation went. The rules of a market are a row: soon after it,
//! not too often, once for each, and nobody who does without such messages.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::domain::auth::viewer::{Viewer, account_is_visible, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// Why it cannot be said.
#[derive(Debug, Error)]
pub enum EligibilityError {
    /// The account and the user are not one customer's, or not the viewer's to see.
    #[error("the account and the user do not go together")]
    Mismatch,
    /// There is no such call or conversation on the account.
    #[error("there is no such call or conversation")]
    UnknownContact,
    /// The market has no rules.
    #[error("the market has no rules")]
    NoRules,
    /// The market's rules cannot be read.
    #[error("the market's rules are wrong")]
    WrongRules,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(EligibilityError);

/// When customers are asked.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Rules {
    /// So many days after a call at most.
    within_days: i32,
    /// Not again for so many days.
    quiet_days: i32,
}

impl Rules {
    fn read(rules: &Value) -> Option<Self> {
        let rules = Self::deserialize(rules).ok()?;
        (rules.within_days > 0 && rules.quiet_days >= 0).then_some(rules)
    }
}

row! {
    struct Customer {
        account: i64,
        user: i64,
        market: String,
        wants_messages: bool,
    }
}

const AFTER_CALLS: &str = "FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP";
const AFTER_EMAILS: &str = "FEEDBACK_SOURCE_EMAIL_FOLLOW_UP";

statement!(static CUSTOMER: Customer = concat!("
    select a.id as account, u.id as user, a.market, u.wants_client_messages as wants_messages
    from accounts a join account_users u on u.number = $4
    where a.number = $3 and (
        exists (select 1 from account_user_roles held where held.user_id = u.id and held.account_id = a.id)
        or exists (select 1 from portfolio_user_roles held
            where held.user_id = u.id and held.portfolio_id = a.portfolio_id))
    and ", account_is_visible!(), " and ", user_is_visible!()));
statement!(static CALL: (bool,) = "
    select coalesce(status = 'ENDED' and ended_at > $3::timestamptz - make_interval(days => $4), false)
    from calls where id = $1 and account_id = $2");
statement!(static IS_CALL: (i32,) = "select id from calls where id = $1 and account_id = $2");
statement!(static IS_CONVERSATION: (i32,) = "
    select id from ink_conversations where id = $1 and account_id = $2");
statement!(static RULES: (Value,) = "select rules from feedback_eligibility where market = $1 and source = $2");
statement!(static WAS_ASKED: (bool,) = "
    select exists (select 1 from customer_feedback f
        where f.source = $2 and $3 = case f.source
            when 'FEEDBACK_SOURCE_EMAIL_FOLLOW_UP' then f.ink_conversation_id else f.voice_call_id end or (
        f.account_user_id = $1 and f.source = $2 and f.opened_at > $4::timestamptz - make_interval(days => $5)))");

/// Whether a customer should be asked how a call went.
pub async fn after_call(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    user: &str,
    call: i32,
) -> Result<bool, EligibilityError> {
    let customer = customer(tx, viewer, account, user).await?;
    let is_call = IS_CALL.query().bind(call).bind(customer.account).fetch_optional(&mut *tx).await?;
    is_call.ok_or(EligibilityError::UnknownContact)?;
    let rules = rules(tx, &customer, AFTER_CALLS).await?;
    let now = tx.business_now().await?;
    let fits = CALL.query().bind(call).bind(customer.account).bind(now).bind(rules.within_days);
    let (fits,) = fits.fetch_one(&mut *tx).await?;
    Ok(fits && may_be_asked(tx, &customer, &rules, (AFTER_CALLS, call)).await?)
}

/// Whether a customer should be asked how a conversation by e-mail went, which was closed at a moment.
pub async fn after_email(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    user: &str,
    (conversation, closed_at): (i32, DateTime<Utc>),
) -> Result<bool, EligibilityError> {
    let customer = customer(tx, viewer, account, user).await?;
    let found = IS_CONVERSATION.query().bind(conversation).bind(customer.account);
    found.fetch_optional(&mut *tx).await?.ok_or(EligibilityError::UnknownContact)?;
    let rules = rules(tx, &customer, AFTER_EMAILS).await?;
    let now = tx.business_now().await?;
    let is_recent = closed_at <= now && now - closed_at <= TimeDelta::days(rules.within_days.into());
    Ok(is_recent && may_be_asked(tx, &customer, &rules, (AFTER_EMAILS, conversation)).await?)
}

async fn customer(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    user: &str,
) -> Result<Customer, EligibilityError> {
    let customer = CUSTOMER.seen_by(viewer).bind(account).bind(user);
    customer.fetch_optional(&mut *tx).await?.ok_or(EligibilityError::Mismatch)
}

async fn rules(tx: &mut Tx, customer: &Customer, source: &str) -> Result<Rules, EligibilityError> {
    let rules = RULES.query().bind(&customer.market).bind(source).fetch_optional(&mut *tx).await?;
    let (rules,) = rules.ok_or(EligibilityError::NoRules)?;
    Rules::read(&rules).ok_or(EligibilityError::WrongRules)
}

/// Whether somebody wants to be asked, and has not been lately, nor about the same.
async fn may_be_asked(
    tx: &mut Tx,
    customer: &Customer,
    rules: &Rules,
    (source, contact): (&str, i32),
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let asked = WAS_ASKED.query().bind(customer.user).bind(source).bind(contact).bind(now);
    let (was_asked,) = asked.bind(rules.quiet_days).fetch_one(&mut *tx).await?;
    Ok(!was_asked && customer.wants_messages)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_read_whole_or_not_at_all() {
        let read = |rules: Value| Rules::read(&rules);
        assert_eq!(
            read(json!({ "withinDays": 7, "quietDays": 90 })),
            Some(Rules { within_days: 7, quiet_days: 90 })
        );
        for odd in
            [json!({}), json!({ "withinDays": 7 }), json!({ "withinDays": 0, "quietDays": 1 }), json!(null)]
        {
            assert_eq!(read(odd.clone()), None, "{odd}");
        }
    }
}
