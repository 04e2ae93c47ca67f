//! Forms at a vendor: who may fill one in, what is typed there, and where its user goes afterwards.
//!
//! The token in a form's address is all that it takes, so it is long, drawn at random, good for an hour, and kept as a
//! digest only. What is typed into a form goes to the vendor and stays there.

use chrono::TimeDelta;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;
use url::Url;

use super::cards::{self, Made, StoreError};
use super::instructions;
use super::owners::{self, OwnerError};
use super::standalone;
use super::vendors::vault::{Kept, TypedCard, Vault, VaultError};
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Cause, Tx, row, statement};
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

/// How long a form can be filled in, by wall time.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Letters and digits of a token.
const TOKEN: usize = 43;

/// Why there is no form.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The account, ledger or kind of payment does not do.
    #[error(transparent)]
    Place(#[from] StoreError),
    /// This is no address that a customer can be sent to.
    #[error("the page cannot send anybody there")]
    ReturnUrl(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Cause for SessionError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Place(error) => error.cause(),
            Self::ReturnUrl(_) => None,
        }
    }
}

/// For what a form is.
#[derive(Clone, Debug)]
pub struct NewForm<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Id or number of the ledger; none for all that take payments.
    pub ledger: Option<&'a str>,
    /// One of `PaymentType`.
    pub kind: &'a str,
}

/// Where a page sends its user, by what became of it: the name of the input, what became of it, and the address.
pub type ReturnUrls<'a> = [(&'static str, &'static str, Option<&'a str>)];

statement!(static OPEN: () = "
    insert into payment_sessions (digest, is_hosted, account_id, ledger_id, instruction_type, vendor, return_urls, created_at,
        expires_at, created_by_kind, created_by_id, amount, description, retrieval_digest)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)");

/// What is paid by a form.
pub(super) struct Payment<'a> {
    /// Without any fee.
    pub amount: Minor,
    /// What it is for.
    pub description: &'a str,
}

/// A form that is opened.
pub(super) struct Opening<'a> {
    pub is_hosted: bool,
    pub account: Option<i64>,
    pub ledger: Option<i64>,
    pub kind: &'a str,
    pub vendor: Option<&'a str>,
    pub return_urls: Value,
    pub payment: Option<Payment<'a>>,
}

/// Opens a form. Answers its token, and the one by which its payment is found again.
pub(super) async fn open(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    opening: Opening<'_>,
) -> Result<(String, String), sqlx::Error> {
    let (token, retrieval) = (random.alphanumeric(TOKEN), random.alphanumeric(TOKEN));
    let (now, (kind, by)) = (tx.wall_now(), hand(viewer));
    let open = OPEN.command().bind(digest(&token)).bind(opening.is_hosted).bind(opening.account);
    let open = open.bind(opening.ledger).bind(opening.kind).bind(opening.vendor).bind(opening.return_urls);
    let open = open.bind(now).bind(now + LIFETIME).bind(kind).bind(by);
    let (amount, description) = opening.payment.as_ref().map(|paid| (paid.amount, paid.description)).unzip();
    let found_by = opening.payment.as_ref().map(|_| digest(&retrieval));
    open.bind(amount).bind(description).bind(found_by).execute(&mut *tx).await?;
    Ok((token, retrieval))
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// Opens a form that the client shows in a page of its own. Answers its token.
pub async fn embedded(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewForm<'_>,
) -> Result<String, SessionError> {
    let (account, ledger, vendor) =
        cards::place(tx, viewer, new.account_number, new.ledger, new.kind).await?;
    let opening = Opening {
        is_hosted: false,
        account: Some(account.id),
        ledger,
        kind: new.kind,
        vendor: Some(&vendor),
        return_urls: Value::Object(Map::new()),
        payment: None,
    };
    Ok(open(tx, random, viewer, opening).await?.0)
}

statement!(static IS_KEPT: (bool,) = "
    select coalesce(exists (select 1 from payment_vendors where instruction_type = $1 and instruction_type = 'CARD'), false)");

/// As [`embedded`], for somebody who has no account yet: the card is any account's that it is stored for first.
pub async fn embedded_for_prospect(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    kind: &str,
) -> Result<String, SessionError> {
    if !IS_KEPT.query().bind(kind).fetch_one(&mut *tx).await?.0 {
        return Err(StoreError::NotOffered.into());
    }
    let (is_hosted, return_urls) = (false, Value::Object(Map::new()));
    let opening =
        Opening { is_hosted, account: None, ledger: None, kind, vendor: None, return_urls, payment: None };
    Ok(open(tx, random, viewer, opening).await?.0)
}

/// Opens a page of the vendor's own. Answers its token.
pub async fn hosted(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewForm<'_>,
    return_urls: &ReturnUrls<'_>,
) -> Result<String, SessionError> {
    let (account, ledger, vendor) =
        cards::place(tx, viewer, new.account_number, new.ledger, new.kind).await?;
    let opening = Opening {
        is_hosted: true,
        account: Some(account.id),
        ledger,
        kind: new.kind,
        vendor: Some(&vendor),
        return_urls: addresses(return_urls).map_err(SessionError::ReturnUrl)?,
        payment: None,
    };
    Ok(open(tx, random, viewer, opening).await?.0)
}

/// The addresses as they are kept, or the input whose address is none.
pub(super) fn addresses(return_urls: &ReturnUrls<'_>) -> Result<Value, &'static str> {
    let mut kept = Map::new();
    for (input, outcome, text) in return_urls {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let url = return_url(text).ok_or(*input)?;
            kept.insert((*outcome).to_owned(), url.into());
        }
    }
    Ok(Value::Object(kept))
}

/// An address that a browser can be sent to: on the web, and without somebody's password in it.
fn return_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https") && url.has_host();
    (fits && url.username().is_empty() && url.password().is_none()).then(|| url.into())
}

/// What somebody sent from a form.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The card.
    #[serde(flatten)]
    pub card: TypedCard,
    /// What proves that a challenged card is its user's.
    pub code: String,
    /// Filled if the user would rather not.
    pub cancel: String,
}

/// What a form answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It asks for a card; with what was wrong with the last one.
    AsksCard(Option<&'static str>),
    /// It asks for the code that the bank has sent.
    AsksCode,
    /// It is over.
    Over {
        /// `success`, `failure`, `cancel` or `expired`.
        outcome: &'static str,
        /// Where its user goes.
        return_url: Option<String>,
        /// What the vendor calls the card; for forms in a client's own page.
        vendor_reference: Option<String>,
    },
}

/// A form as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Whether it is a page of the vendor's own.
    pub is_hosted: bool,
    /// What it says.
    pub answer: Answer,
}

row! {
    pub(super) struct Session {
        pub(super) id: i64,
        is_hosted: bool,
        pub(super) account_id: Option<i64>,
        pub(super) ledger_id: Option<i64>,
        pub(super) amount: Option<Minor>,
        pub(super) description: Option<String>,
        pub(super) instruction_id: Option<i64>,
        vendor: Option<String>,
        return_urls: Value,
        status: String,
        vendor_reference: Option<String>,
        has_expired: bool,
        created_by_kind: String,
        created_by_id: i64,
    }
}

macro_rules! session {
    ($which:literal) => {
        concat!(
            "select id, is_hosted, account_id, ledger_id, amount, description, instruction_id, vendor, return_urls, \
             status, vendor_reference, expires_at <= $2 as has_expired, created_by_kind, created_by_id \
             from payment_sessions where ",
            $which
        )
    };
}

// A second click waits for the first.
statement!(static HOLD: Session = session!("digest = $1 for update"));
statement!(static LOOK: Session = session!("digest = $1"));
statement!(static RETRIEVE: Session = session!("retrieval_digest = $1 for update"));
statement!(static MOVE: () = "
    update payment_sessions set status = $2, vendor_reference = coalesce($3, vendor_reference), instruction_id = $4,
        ended_at = case when $2 = 'CHALLENGED' then null else $5::timestamptz end
    where id = $1");

impl Session {
    fn over(&self, outcome: &'static str) -> Answer {
        let return_url = self.return_urls.get(outcome).and_then(Value::as_str).map(str::to_owned);
        let told = outcome == "success" && !self.is_hosted && self.amount.is_none();
        let vendor_reference = self.vendor_reference.clone().filter(|_| told);
        Answer::Over { outcome, return_url, vendor_reference }
    }

    /// Whether what it asked for has been entered.
    pub(super) fn is_done(&self) -> bool {
        self.status == "DONE"
    }

    /// What it says before anything is sent.
    fn standing(&self) -> Answer {
        match self.status.as_str() {
            "DONE" => self.over("success"),
            "FAILED" => self.over("failure"),
            "CANCELLED" => self.over("cancel"),
            _ if self.has_expired => self.over("expired"),
            "CHALLENGED" => Answer::AsksCode,
            _ => Answer::AsksCard(None),
        }
    }
}

/// The session whose payment this token finds, held until this transaction ends.
pub(super) async fn retrieved(tx: &mut Tx, retrieval: &str) -> Result<Option<Session>, sqlx::Error> {
    let wall = tx.wall_now();
    RETRIEVE.query().bind(digest(retrieval)).bind(wall).fetch_optional(&mut *tx).await
}

/// The form of a token; none if nobody was given this token.
pub async fn look(tx: &mut Tx, token: &str) -> Result<Option<Form>, sqlx::Error> {
    let wall = tx.wall_now();
    let session = LOOK.query().bind(digest(token)).bind(wall).fetch_optional(&mut *tx).await?;
    Ok(session.map(|session| Form { is_hosted: session.is_hosted, answer: session.standing() }))
}

/// Why what was sent from a form came to nothing.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// The vendor does not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The card cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody can be its owner.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Cause for SubmitError {
    fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Vault(error) => error.cause(),
            Self::Store(error) => error.cause(),
            Self::Owner(error) => error.cause(),
        }
    }
}

/// Takes in what was sent from the form of a token; none if nobody was given this token. What is over stays as it is.
pub async fn submit(
    tx: &mut Tx,
    vault: &dyn Vault,
    token: &str,
    typed: &Typed,
) -> Result<Option<Form>, SubmitError> {
    let wall = tx.wall_now();
    let session = HOLD.query().bind(digest(token)).bind(wall).fetch_optional(&mut *tx).await?;
    let Some(mut session) = session else { return Ok(None) };
    let standing = session.standing();
    let answer = match standing {
        Answer::Over { .. } => standing,
        _ if !typed.cancel.is_empty() => finish(tx, &mut session, "CANCELLED", None).await?,
        Answer::AsksCode => match session.vendor_reference.clone() {
            Some(reference) if vault.proves(&reference, &typed.code) => {
                succeed(tx, vault, &mut session, &reference).await?
            }
            _ => finish(tx, &mut session, "FAILED", None).await?,
        },
        Answer::AsksCard(_) => {
            let vendor = session.vendor.clone().unwrap_or_default();
            match vault.keep(tx, &vendor, &typed.card).await? {
                Kept::Yes(reference) => succeed(tx, vault, &mut session, &reference).await?,
                Kept::Challenged(reference) => {
                    session.vendor_reference = Some(reference);
                    finish(tx, &mut session, "CHALLENGED", None).await?
                }
                Kept::Declined => finish(tx, &mut session, "FAILED", None).await?,
                Kept::Mistyped(why) => Answer::AsksCard(Some(why)),
            }
        }
    };
    Ok(Some(Form { is_hosted: session.is_hosted, answer }))
}

/// The vendor keeps the card. A page of its own has it stored for the account, or charged; otherwise the client does that.
async fn succeed(
    tx: &mut Tx,
    vault: &dyn Vault,
    session: &mut Session,
    reference: &str,
) -> Result<Answer, SubmitError> {
    session.vendor_reference = Some(reference.to_owned());
    let is_payment = session.amount.is_some();
    let instruction = match (session.is_hosted || is_payment, session.account_id, &session.vendor) {
        (true, Some(account), Some(vendor)) => {
            let now = tx.business_now().await?;
            let by = (session.created_by_kind.as_str(), session.created_by_id);
            // Whoever asked for the page is who fills it in, unless they asked for a customer of theirs.
            let who = if by.0 == "account-user" { Viewer::customer(by.1) } else { Viewer::server() };
            let found = accounts::by_ids(tx, &who, &[account]).await?.pop().flatten();
            let found = found.ok_or(StoreError::Unauthorised)?;
            let owners = owners::found(tx, &who, &found, &[]).await?;
            let made = Made {
                account,
                ledger: session.ledger_id,
                vendor,
                reference,
                valid_from: now,
                by,
                single_use: is_payment,
            };
            let card = cards::keep(tx, vault, &made, &owners).await?;
            if is_payment && !instructions::hold(tx, card, now).await? {
                return Ok(finish(tx, session, "FAILED", None).await?);
            }
            if is_payment && session.is_hosted {
                standalone::pay(tx, &who, session, card).await?;
            }
            Some(card)
        }
        _ => None,
    };
    Ok(finish(tx, session, "DONE", instruction).await?)
}

async fn finish(
    tx: &mut Tx,
    session: &mut Session,
    status: &str,
    instruction: Option<i64>,
) -> Result<Answer, sqlx::Error> {
    let wall = tx.wall_now();
    status.clone_into(&mut session.status);
    let to = MOVE.command().bind(session.id).bind(status).bind(session.vendor_reference.as_deref());
    to.bind(instruction).bind(wall).execute(&mut *tx).await?;
    Ok(session.standing())
}

statement!(static PURGE: () = "delete from payment_sessions where expires_at < $1 and status <> 'DONE'");

/// Forgets forms that came to nothing a week ago.
pub async fn purge(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let before = tx.wall_now() - TimeDelta::days(7);
    PURGE.command().bind(before).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_where_a_browser_should_not_go() {
        assert_eq!(return_url("https://shop.example/a?b=c").as_deref(), Some("https://shop.example/a?b=c"));
        assert!(return_url("http://localhost:3000/done").is_some());
        for text in [
            "",
            "/done",
            "//shop.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://shop.example",
            "https://bank@shop.example",
            "https://user:secret@shop.example",
            "https://",
        ] {
            assert_eq!(return_url(text), None, "{text}");
        }
    }
}
