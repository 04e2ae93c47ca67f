//! Transactional messages that other systems ask for. A trigger says of what kind the message is, whom it is about and with
//! what values; the words are rows, by market and channel, and `triggering` writes them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::triggering::PROCESS;
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::users;
use crate::domain::auth::viewer::{SEND_MESSAGES, Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::jobs;
use crate::platform::market;
use crate::platform::page::{self, Page, Window};

/// The most accounts that one trigger is about.
const MOST_ACCOUNTS: usize = 1_000;
/// Characters of one value.
const LONGEST_VALUE: usize = 500;

/// Why nothing was published.
#[derive(Debug, Error)]
pub enum TriggerError {
    /// The viewer may not have messages sent.
    #[error("the viewer may not have messages sent")]
    Forbidden,
    /// There is no such kind of trigger, or not for this way of publishing.
    #[error("there is no such kind of trigger")]
    UnknownType,
    /// Only the program itself publishes this kind.
    #[error("only the program itself publishes triggers of this kind")]
    NotPublic,
    /// The accounts or values cannot be, and why.
    #[error("{0}")]
    Params(&'static str),
    /// The account does not exist for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The user does not exist for the viewer.
    #[error("there is no such user")]
    UnknownUser,
    /// Whom it is about is missing, and what.
    #[error("{0}")]
    Context(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TriggerError);

row! {
    /// A request to send messages.
    pub struct Trigger {
        /// Row id.
        pub id: i64,
        /// Code of its kind.
        pub code: String,
        /// When it was published.
        pub created_at: DateTime<Utc>,
        /// One of `TriggerProcessingStatus`.
        pub status: String,
        /// When it was known which accounts it is about.
        pub accounts_linked_at: Option<DateTime<Utc>>,
    }
}

row! {
    struct Kind {
        id: i64,
        subject: String,
        is_public: bool,
        variables: Value,
    }
}

/// Somebody who is no customer.
#[derive(Clone, Debug, Default)]
pub struct Recipient {
    /// E-mail address.
    pub email: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// The brand that writes.
    pub brand: Option<String>,
}

/// A trigger about one customer, or somebody who is none.
#[derive(Clone, Debug)]
pub struct NewTrigger {
    /// Code of its kind.
    pub code: String,
    /// Number of the account.
    pub account: Option<String>,
    /// Number of the user.
    pub user: Option<String>,
    /// Values for the words.
    pub variables: Value,
    /// Somebody who is no customer.
    pub recipient: Option<Recipient>,
    /// Whoever publishes under the same key again is given the trigger that is there.
    pub key: Option<String>,
}

statement!(static KIND: Kind = "select id, subject, is_public, variables from trigger_types where code = $1");
statement!(static ADD: (i64,) = "
    insert into triggers (trigger_type_id, params, account_user_id, recipient, idempotency_key, by_kind, by_id,
        created_at, accounts_linked_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
    on conflict on constraint triggers_idempotency_key do nothing returning id");
statement!(static BY_KEY: (i64,) = "
    select id from triggers where by_kind = $1 and by_id = $2 and idempotency_key = $3");
statement!(static LINK: () = "
    insert into trigger_accounts (trigger_id, account_id) select $1, id from unnest($2::bigint[]) as a (id)");
// Organisations see what they asked for, staff all of it.
statement!(static BY_ID: Trigger = "
    select t.id, k.code, t.created_at, t.status, t.accounts_linked_at
    from triggers t join trigger_types k on k.id = t.trigger_type_id
    where t.id = $3::bigint and ($1::text = 'support-user'
        or ($1 in ('organisation', 'anonymous') and t.by_kind = 'organisation' and t.by_id = $2::bigint and $2 <> 0))");
statement!(static COUNT_ACCOUNTS: (i64, i64) = concat!("
    select t.id, (select count(*) from trigger_accounts l join accounts a on a.id = l.account_id
        where l.trigger_id = t.id and ", account_is_visible!(), ")
    from triggers t where t.id = any($3::bigint[])"));
statement!(static PAGE_OF_ACCOUNTS: Under<Linked> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select a.id from trigger_accounts l join accounts a on a.id = l.account_id
        where l.trigger_id = parents.id and ", account_is_visible!(), "
        order by a.id offset parents.skip limit parents.take) inside"));

row! {
    struct Linked {
        id: i64,
    }
}

/// A trigger that the viewer may see.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Trigger>, sqlx::Error> {
    BY_ID.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// One page of the accounts that each of these triggers is about, as far as the viewer may see them, oldest first.
pub async fn accounts_of(
    tx: &mut Tx,
    viewer: &Viewer,
    triggers: &[i64],
    window: &Window,
) -> Result<Vec<Page<Account>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_ACCOUNTS.seen_by(viewer).bind(triggers);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, triggers, totals.as_ref());
    let query = PAGE_OF_ACCOUNTS.seen_by(viewer).bind(triggers);
    let linked = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = linked.iter().map(|under| under.row.id).collect();
    let found = accounts::by_ids(tx, viewer, &ids).await?;
    let rows = linked.iter().zip(found).filter_map(|(under, account)| Some((under.parent, account?)));
    Ok(page::pages(window, triggers, totals.as_ref(), rows.collect::<Vec<_>>()))
}

/// Publishes a trigger about many accounts: `accountNumbers`, beside the values of its kind. Answers its row id.
pub async fn publish(tx: &mut Tx, viewer: &Viewer, code: &str, params: &Value) -> Result<i64, TriggerError> {
    let kind = kind(tx, viewer, code).await?;
    if !kind.is_public {
        return Err(TriggerError::NotPublic);
    }
    if kind.subject != "ACCOUNTS" {
        return Err(TriggerError::Params("Messages of this kind are about one customer."));
    }
    let mut values = params.as_object().cloned().ok_or(TriggerError::Params("This is no object."))?;
    let numbers = values.remove("accountNumbers").unwrap_or_default();
    let numbers: BTreeSet<&str> =
        numbers.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if numbers.is_empty() || numbers.len() > MOST_ACCOUNTS {
        return Err(TriggerError::Params("accountNumbers names between 1 and 1000 accounts."));
    }
    fits(&kind.variables, &values).map_err(TriggerError::Params)?;
    let mut about = Vec::new();
    for number in numbers {
        let account = accounts::by_number(tx, viewer, number).await?;
        about.push(account.ok_or(TriggerError::Params("There is no such account."))?.id);
    }
    let new = New { kind: kind.id, values, about, user: None, recipient: None, key: None };
    Ok(add(tx, viewer, new).await?)
}

/// Publishes a trigger about one customer, or somebody who is none. Answers its row id.
pub async fn publish_external(tx: &mut Tx, viewer: &Viewer, new: &NewTrigger) -> Result<i64, TriggerError> {
    let kind = kind(tx, viewer, &new.code).await?;
    if !kind.is_public || kind.subject == "ACCOUNTS" {
        return Err(TriggerError::UnknownType);
    }
    let account = match &new.account {
        Some(number) => {
            let found = accounts::by_number(tx, viewer, number).await?;
            Some(found.ok_or(TriggerError::UnknownAccount)?.id)
        }
        None => None,
    };
    let user = match &new.user {
        Some(number) => {
            let found = users::id_by_number(tx, viewer, number).await?;
            Some(found.ok_or(TriggerError::UnknownUser)?)
        }
        None => None,
    };
    let recipient = match kind.subject.as_str() {
        "ACCOUNT" if account.is_none() => {
            return Err(TriggerError::Context("This kind of message is about an account."));
        }
        "ACCOUNT_USER" if user.is_none() => {
            return Err(TriggerError::Context("This kind of message is for an account user."));
        }
        "NOBODY" => Some(reached(new.recipient.as_ref())?),
        _ => None,
    };
    let values = new.variables.as_object().cloned();
    let values = values.ok_or(TriggerError::Params("The variables are no object."))?;
    fits(&kind.variables, &values).map_err(TriggerError::Params)?;
    let key = new.key.as_deref().filter(|key| !key.is_empty());
    let about = account.into_iter().collect();
    Ok(add(tx, viewer, New { kind: kind.id, values, about, user, recipient, key }).await?)
}

/// Somebody who can be written to, by a brand that is known.
fn reached(recipient: Option<&Recipient>) -> Result<Value, TriggerError> {
    let nobody = TriggerError::Context("This kind of message needs a recipient with a brand and an address.");
    let Some(to) = recipient else { return Err(nobody) };
    let given = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let (email, mobile) = (given(&to.email), given(&to.mobile));
    let Some(market) = to.brand.as_deref().and_then(market::of_brand) else { return Err(nobody) };
    if email.is_empty() && mobile.is_empty() {
        return Err(nobody);
    }
    let name = format!("{} {}", given(&to.given_name), given(&to.family_name));
    Ok(json!({ "email": email, "mobile": mobile, "name": name.trim(), "market": market.code }))
}

async fn kind(tx: &mut Tx, viewer: &Viewer, code: &str) -> Result<Kind, TriggerError> {
    if !viewer.may(SEND_MESSAGES) {
        return Err(TriggerError::Forbidden);
    }
    KIND.query().bind(code).fetch_optional(&mut *tx).await?.ok_or(TriggerError::UnknownType)
}

/// Whether these are the values that a kind of trigger needs: all of them, and no others.
fn fits(wanted: &Value, given: &Map<String, Value>) -> Result<(), &'static str> {
    let Some(wanted) = wanted.as_object() else { return Ok(()) };
    if given.keys().any(|name| !wanted.contains_key(name)) {
        return Err("There is a value that no text of this kind uses.");
    }
    for (name, kind) in wanted {
        let value = given.get(name).ok_or("A value is missing.")?;
        let text = value.as_str().filter(|text| !text.is_empty() && text.chars().count() <= LONGEST_VALUE);
        let is_right = match kind.as_str() {
            Some("number") => value.is_number(),
            Some("date") => text.is_some_and(is_day),
            _ => text.is_some(),
        };
        if !is_right {
            return Err("A value is not of its kind.");
        }
    }
    Ok(())
}

fn is_day(text: &str) -> bool {
    text.parse::<NaiveDate>().is_ok() || DateTime::parse_from_rfc3339(text).is_ok()
}

struct New<'a> {
    kind: i64,
    values: Map<String, Value>,
    about: Vec<i64>,
    user: Option<i64>,
    recipient: Option<Value>,
    key: Option<&'a str>,
}

async fn add(tx: &mut Tx, viewer: &Viewer, new: New<'_>) -> Result<i64, sqlx::Error> {
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let add = ADD.query().bind(new.kind).bind(Value::Object(new.values)).bind(new.user).bind(new.recipient);
    let add = add.bind(new.key).bind(by_kind).bind(by_id).bind(now);
    let Some((id,)) = add.fetch_optional(&mut *tx).await? else {
        let (id,) = BY_KEY.query().bind(by_kind).bind(by_id).bind(new.key).fetch_one(&mut *tx).await?;
        return Ok(id);
    };
    LINK.command().bind(id).bind(new.about).execute(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, PROCESS, &json!({"trigger": id}), at_once).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_that_the_words_need() {
        let wanted = json!({ "startsAt": "date", "hours": "number", "slot": "text" });
        let judge = |given: Value| fits(&wanted, given.as_object().expect("an object")).is_ok();
        assert!(judge(json!({ "startsAt": "2026-03-02", "hours": 2, "slot": "morning" })));
        assert!(judge(json!({ "startsAt": "2026-03-02T08:00:00Z", "hours": 2.5, "slot": "morning" })));
        for odd in [
            json!({}),
            json!({ "startsAt": "tomorrow", "hours": 2, "slot": "morning" }),
            json!({ "startsAt": "2026-03-02", "hours": "2", "slot": "morning" }),
            json!({ "startsAt": "2026-03-02", "hours": 2, "slot": "" }),
            json!({ "startsAt": "2026-03-02", "hours": 2, "slot": "morning", "more": 1 }),
        ] {
            assert!(!judge(odd.clone()), "{odd}");
        }
    }

    #[test]
    fn somebody_is_reached_by_a_brand_and_an_address() {
        let ada = Recipient {
            email: Some(" ada@example.org ".into()),
            given_name: Some("Ada".into()),
            brand: Some("OCTOPUS_ENERGY".into()),
            ..Recipient::default()
        };
        let reached_at = reached(Some(&ada)).expect("reached");
        assert_eq!((&reached_at["email"], &reached_at["market"]), (&json!("ada@example.org"), &json!("gb")));
        assert_eq!(reached_at["name"], "Ada");
        assert!(reached(None).is_err());
        assert!(reached(Some(&Recipient { email: None, ..ada.clone() })).is_err());
        assert!(reached(Some(&Recipient { brand: Some("NOBODY".into()), ..ada })).is_err());
    }
}
