//! Events: what happened here, told to other systems. `docs/events.md` says what they find in them.
//!
//! An event is a row of the outbox, written in the transaction that makes it true, together with a delivery for each
//! endpoint that wants it. A [`courier::Courier`] of any server sends them.

pub mod carrier;
pub mod courier;
pub mod endpoints;
pub mod envelope;
mod upkeep;

use serde_json::Value;

use crate::platform::db::{Literal, Tx, opening, statement};

pub use upkeep::register;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// An account was opened.
    AccountOpened,
    /// Attributes of an account have changed.
    AccountChanged,
    /// An account got another status.
    AccountStatusChanged,
    /// Somebody was added who may hold accounts.
    UserCreated,
    /// Attributes of a user have changed.
    UserChanged,
    /// A transaction was posted on a customer's ledger.
    TransactionPosted,
    /// Something is done about a debt from now on.
    ProcessStarted,
    /// It was put to work.
    ProcessActivated,
    /// One of its steps was taken.
    ProcessStepTaken,
    /// It was ordered otherwise.
    ProcessChanged,
    /// It is held back.
    ProcessPaused,
    /// It goes on.
    ProcessResumed,
    /// It was stopped.
    ProcessWithdrawn,
    /// Nothing is left to do.
    ProcessCompleted,
    /// A product was agreed on for a supply point.
    AgreementMade,
    /// An agreement begins or ends on another day than it did.
    AgreementChanged,
    /// An agreement ends earlier than was agreed.
    AgreementTerminated,
    /// An agreement is as if it had never been.
    AgreementRevoked,
}

/// Everything that can happen.
pub const ALL: [Name; 18] = [
    Name::AccountOpened,
    Name::AccountChanged,
    Name::AccountStatusChanged,
    Name::UserCreated,
    Name::UserChanged,
    Name::TransactionPosted,
    Name::ProcessStarted,
    Name::ProcessActivated,
    Name::ProcessStepTaken,
    Name::ProcessChanged,
    Name::ProcessPaused,
    Name::ProcessResumed,
    Name::ProcessWithdrawn,
    Name::ProcessCompleted,
    Name::AgreementMade,
    Name::AgreementChanged,
    Name::AgreementTerminated,
    Name::AgreementRevoked,
];

impl Name {
    /// As others know it: `<domain>.<entity>.<past tense>-v<version>`.
    pub fn text(self) -> &'static str {
        match self {
            Self::AccountOpened => "accounts.account.opened-v1",
            Self::AccountChanged => "accounts.account.changed-v1",
            Self::AccountStatusChanged => "accounts.account.status-changed-v1",
            Self::UserCreated => "accounts.user.created-v1",
            Self::UserChanged => "accounts.user.changed-v1",
            Self::TransactionPosted => "ledgers.transaction.posted-v1",
            Self::ProcessStarted => "ledgers.debt-process.started-v1",
            Self::ProcessActivated => "ledgers.debt-process.activated-v1",
            Self::ProcessStepTaken => "ledgers.debt-process.step-taken-v1",
            Self::ProcessChanged => "ledgers.debt-process.changed-v1",
            Self::ProcessPaused => "ledgers.debt-process.paused-v1",
            Self::ProcessResumed => "ledgers.debt-process.resumed-v1",
            Self::ProcessWithdrawn => "ledgers.debt-process.withdrawn-v1",
            Self::ProcessCompleted => "ledgers.debt-process.completed-v1",
            Self::AgreementMade => "supply.agreement.made-v1",
            Self::AgreementChanged => "supply.agreement.changed-v1",
            Self::AgreementTerminated => "supply.agreement.terminated-v1",
            Self::AgreementRevoked => "supply.agreement.revoked-v1",
        }
    }
}

/// What an event is about, by row id. The account, and the numbers of ledgers and users, follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// An account.
    Account(i64),
    /// An account user.
    User(i64),
    /// A customer's ledger.
    Ledger(i64),
    /// What is done about a debt.
    Process(i64),
    /// What is taken at a supply point.
    Agreement(i64),
}

impl About {
    fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Account(id) => ("account", id),
            Self::User(id) => ("user", id),
            Self::Ledger(id) => ("ledger", id),
            Self::Process(id) => ("process", id),
            Self::Agreement(id) => ("agreement", id),
        }
    }
}

/// Something that is true once its transaction commits.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub name: Name,
    /// To what.
    pub about: About,
    /// An object of ids and facts: nothing personal beyond numbers, and no secrets.
    pub data: Value,
}

// Locks that made a transaction wait are taken before its events get their ids, so these follow the order of commits
// wherever one change had to wait for another.
// What is known of an event's subject is looked up; `$data` is that, `$from` where from.
macro_rules! record {
    ($account:literal, $user:literal, $data:literal, $from:literal) => {
        concat!(
            "with added as (
                insert into outbox (name, account_id, account_user_id, data, occurred_at, recorded_at)
                select told.name, ",
            $account,
            ", ",
            $user,
            ", told.data || ",
            $data,
            ", $5, $6
                from unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[]) with ordinality
                    as told (name, about, id, data, place) ",
            $from,
            " order by told.place
                returning id, name, account_id, account_user_id
            )
            insert into webhook_deliveries (endpoint_id, event_id, lane, due_at)
            select e.id, added.id, coalesce('account-' || added.account_id, 'user-' || added.account_user_id,
                'event-' || added.id), $6
            from added join webhook_endpoints e on e.removed_at is null and exists (
                select 1 from unnest(e.patterns) as wanted (pattern)
                where added.name like replace(wanted.pattern, '*', '%'))"
        )
    };
}

statement!(static RECORD: () = record!(
    "coalesce(a.id, l.account_id, p.account_id, g.account_id)",
    "u.id",
    "jsonb_strip_nulls(jsonb_build_object('userNumber', u.number, 'ledgerId', l.id::text, 'ledgerNumber', l.number,
        'processId', p.id::text, 'processKind', p.kind, 'agreementId', g.id::text,
        'supplyPointId', g.supply_point_id::text))",
    "left join accounts a on told.about = 'account' and a.id = told.id
     left join account_users u on told.about = 'user' and u.id = told.id
     left join processes p on told.about = 'process' and p.id = told.id
     left join agreements g on told.about = 'agreement' and g.id = told.id
     left join ledgers l on l.id = case told.about when 'ledger' then told.id else p.ledger_id end"
));
// Most events are postings.
statement!(static RECORD_ON_LEDGERS: () = record!(
    "l.account_id",
    "null::bigint",
    "jsonb_strip_nulls(jsonb_build_object('ledgerId', l.id::text, 'ledgerNumber', l.number))",
    "left join ledgers l on l.id = told.id"
));

// With nobody to tell.
statement!(static KEEP_ON_LEDGER: () = "
    insert into outbox (name, account_id, data, occurred_at, recorded_at)
    select $1, l.account_id, $3 || jsonb_build_object('ledgerId', l.id::text, 'ledgerNumber', l.number), $4, $5
    from ledgers l where l.id = $2");

opening!(
    static RECORDING: () = "kraken_events" ("text[], text[], bigint[], jsonb[], timestamptz, timestamptz") RECORD
);
opening!(
    static RECORDING_ON_LEDGERS: () =
        "kraken_ledger_events" ("text[], text[], bigint[], jsonb[], timestamptz, timestamptz") RECORD_ON_LEDGERS
);

opening!(
    static KEEPING_ON_LEDGER: () =
        "kraken_ledger_event" ("text, bigint, jsonb, timestamptz, timestamptz") KEEP_ON_LEDGER
);

/// Has events told to everybody who wants them, in this order, provided that this transaction commits. One statement, or one
/// for each posting where nobody listens.
///
/// # Errors
/// Those of the database.
pub async fn record(tx: &mut Tx, events: &[Event]) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let (occurred, recorded) = (tx.business_now().await?, tx.wall_now());
    let (occurred, recorded) = (Literal::Moment(occurred), Literal::Moment(recorded));
    let are_postings = events.iter().all(|event| matches!(event.about, About::Ledger(_)));
    if are_postings && tx.brought().and_then(|brought| brought.is_listened_to) == Some(false) {
        for Event { name, about, data } in events {
            let (name, (_, ledger)) = (Literal::Text(name.text()), about.parts());
            let values = [name, Literal::Big(ledger), Literal::Json(data), occurred, recorded];
            tx.later(&KEEPING_ON_LEDGER, &values);
        }
        return Ok(());
    }
    let names: Vec<&str> = events.iter().map(|event| event.name.text()).collect();
    let (abouts, ids): (Vec<&str>, Vec<i64>) = events.iter().map(|event| event.about.parts()).unzip();
    let data: Vec<&Value> = events.iter().map(|event| &event.data).collect();
    let (names, abouts) = (Literal::Texts(&names), Literal::Texts(&abouts));
    let values = [names, abouts, Literal::Bigs(&ids), Literal::Jsons(&data), occurred, recorded];
    tx.later(if are_postings { &RECORDING_ON_LEDGERS } else { &RECORDING }, &values);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_in_the_docs_and_named_as_events_are() {
        let docs = include_str!("../../../docs/events.md");
        for name in ALL.map(Name::text) {
            assert!(docs.contains(&format!("`{name}`")), "{name}");
            assert_eq!(name.split('.').count(), 3, "{name}");
            assert!(envelope::version(name).is_some(), "{name}");
        }
    }
}
