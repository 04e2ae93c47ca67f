//! Concession cards of Australian customers, which entitle them to cheaper energy. The states say which cards count; operations
//! staff note cards and what came of asking the offices that issued them. Whose card it is and staff may know of it.

use chrono::{DateTime, Months, NaiveDate, Utc};
use thiserror::Error;

use super::residence::{self, state};
use super::{contacts, grouped};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market::{self, Market};

/// Whose law concession cards are.
const MARKET: &str = "au";
/// How often an office is asked.
const ASKED_EVERY: Months = Months::new(12);
/// How it is asked.
const METHOD: &str = "MANUAL";

row! {
    struct Row {
        id: i64,
        account_user_id: i64,
        number: String,
        card_type: String,
        label: String,
        issued_on: Option<NaiveDate>,
        expires_on: Option<NaiveDate>,
        removed_on: Option<NaiveDate>,
        noted_at: DateTime<Utc>,
    }
}

row! {
    /// What came of asking the office that issued a card.
    pub struct Validation {
        /// Row id.
        pub id: i64,
        card_id: i64,
        /// When it was asked.
        pub validated_at: DateTime<Utc>,
        /// Whether the card counts.
        pub is_valid: bool,
        holds_from: Option<NaiveDate>,
        /// Why not, for programs.
        pub failure_code: Option<String>,
        /// Why not, for people.
        pub failure_reason: Option<String>,
        /// What else was said.
        pub notes: Option<String>,
        /// How it was asked.
        pub method: String,
    }
}

impl Validation {
    /// The local day.
    pub fn day(&self) -> Option<NaiveDate> {
        Some(market::by_code(MARKET)?.day(self.validated_at))
    }

    /// The local day from which on it holds what was said.
    fn holds_from(&self, market: &Market) -> NaiveDate {
        self.holds_from.unwrap_or_else(|| market.day(self.validated_at))
    }
}

/// Half-open local days on which a card counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicable {
    /// Row id of the validation from which on it does.
    pub id: i64,
    /// The first day.
    pub from: NaiveDate,
    /// The day on which it does no longer.
    pub to: Option<NaiveDate>,
}

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    row: Row,
    /// What came of asking, from the earliest on.
    pub validations: Vec<Validation>,
    /// When it counts.
    pub periods: Vec<Applicable>,
    today: NaiveDate,
}

impl Card {
    fn new(row: Row, validations: Vec<Validation>, market: &Market, today: NaiveDate) -> Self {
        let end = [row.expires_on, row.removed_on].into_iter().flatten().min();
        let asked: Vec<_> =
            validations.iter().map(|each| (each.id, each.holds_from(market), each.is_valid)).collect();
        let periods = periods(&asked, end);
        Self { row, validations, periods, today }
    }

    /// Row id.
    pub fn id(&self) -> i64 {
        self.row.id
    }

    /// What is printed on it.
    pub fn number(&self) -> &str {
        &self.row.number
    }

    /// One of `ConcessionCardType`.
    pub fn card_type(&self) -> &str {
        &self.row.card_type
    }

    /// What people call such cards.
    pub fn label(&self) -> &str {
        &self.row.label
    }

    /// When it was issued.
    pub fn issued_on(&self) -> Option<NaiveDate> {
        self.row.issued_on
    }

    /// The day on which it expires.
    pub fn expires_on(&self) -> Option<NaiveDate> {
        self.row.expires_on
    }

    /// The day on which it was taken off.
    pub fn removed_on(&self) -> Option<NaiveDate> {
        self.row.removed_on
    }

    /// Whether it has neither expired nor been taken off.
    pub fn is_current(&self) -> bool {
        [self.row.expires_on, self.row.removed_on].into_iter().flatten().all(|end| end > self.today)
    }

    /// What the office said last; none before it was asked.
    pub fn is_valid(&self) -> Option<bool> {
        self.validations.last().map(|last| last.is_valid)
    }

    /// When the office is asked next; none about a card that is over.
    pub fn next_validation(&self) -> Option<NaiveDate> {
        let market = market::by_code(MARKET)?;
        let next = match self.validations.last() {
            Some(last) => market.day(last.validated_at).checked_add_months(ASKED_EVERY)?,
            None => market.day(self.row.noted_at),
        };
        self.is_current().then_some(next)
    }
}

/// From each day on which the office said yes until the next on which it said no, or until the card ends. What it said later
/// holds, from the day for which it said so.
fn periods(asked: &[(i64, NaiveDate, bool)], end: Option<NaiveDate>) -> Vec<Applicable> {
    let mut known: Vec<(i64, NaiveDate, bool)> = Vec::new();
    for each in asked {
        known.retain(|(_, day, _)| *day < each.1);
        known.push(*each);
    }
    let mut all: Vec<Applicable> = Vec::new();
    let mut since: Option<(i64, NaiveDate)> = None;
    for (id, day, is_valid) in &known {
        match (since, is_valid) {
            (None, true) => since = Some((*id, *day)),
            (Some((id, from)), false) => {
                all.push(Applicable { id, from, to: Some(*day) });
                since = None;
            }
            _ => {}
        }
    }
    all.extend(since.map(|(id, from)| Applicable { id, from, to: end }));
    for period in &mut all {
        period.to = [period.to, end].into_iter().flatten().min();
    }
    all.retain(|period| period.to.is_none_or(|to| to > period.from));
    all
}

statement!(static OF_USERS: Row = "
    select c.id, c.account_user_id, c.number, c.card_type, k.label, c.issued_on, c.expires_on, c.removed_on, c.noted_at
    from concession_cards c join concession_card_types k on k.code = c.card_type
    where c.account_user_id = any($1) order by c.account_user_id, c.id");
statement!(static VALIDATIONS: Validation = "
    select id, card_id, validated_at, is_valid, holds_from, failure_code, failure_reason, notes, method
    from concession_card_validations where card_id = any($1) order by card_id, validated_at, id");

/// The cards of each of these users; none for whoever may not know.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Vec<Card>>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let Some(market) = market::by_code(MARKET) else { return Ok(vec![None; users.len()]) };
    let rows = OF_USERS.query().bind(users).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let validations = VALIDATIONS.query().bind(&ids).fetch_all(&mut *tx).await?;
    let validations = grouped(&ids, validations.into_iter().map(|each| (each.card_id, each)).collect());
    let today = market.day(now);
    let cards = rows.into_iter().zip(validations);
    let cards = cards.map(|(row, asked)| (row.account_user_id, Card::new(row, asked, market, today)));
    let cards = grouped(users, cards.collect());
    let may_know = |user: i64| viewer.is_staff() || viewer.account_user() == Some(user);
    Ok(users.iter().zip(cards).map(|(user, cards)| may_know(*user).then_some(cards)).collect())
}

/// A card that may entitle whoever lives with its holder to something.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Counting {
    /// Row id.
    pub card_id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// One of `ConcessionCardType`.
    pub card_type: String,
    /// When it counts.
    pub periods: Vec<Applicable>,
}

statement!(static COUNTING: Row = "
    select c.id, c.account_user_id, c.number, c.card_type, k.label, c.issued_on, c.expires_on, c.removed_on, c.noted_at
    from concession_cards c join concession_card_types k on k.code = c.card_type
    where c.account_user_id = any($1) or c.id = any($2) order by c.id");

/// The cards of these people, and these cards, by row ids. No viewer: for rules that go by them. Two statements.
pub(in crate::domain) async fn counting(
    tx: &mut Tx,
    market: &Market,
    users: &[i64],
    cards: &[i64],
) -> Result<Vec<Counting>, sqlx::Error> {
    let today = market.day(tx.business_now().await?);
    let rows = COUNTING.query().bind(users).bind(cards).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let validations = VALIDATIONS.query().bind(&ids).fetch_all(&mut *tx).await?;
    let validations = grouped(&ids, validations.into_iter().map(|each| (each.card_id, each)).collect());
    let counting = |(row, asked)| {
        let card = Card::new(row, asked, market, today);
        let Card { row, periods, .. } = card;
        Counting { card_id: row.id, user_id: row.account_user_id, card_type: row.card_type, periods }
    };
    Ok(rows.into_iter().zip(validations).map(counting).collect())
}

row! {
    /// A kind of card.
    pub struct Kind {
        /// One of `ConcessionCardType`.
        pub code: String,
        /// What people call it.
        pub label: String,
        states: Vec<String>,
    }
}

statement!(static KINDS: Kind = "select code, label, states from concession_card_types order by code");

/// Which cards count where each of these users gets their post.
pub async fn applicable(tx: &mut Tx, viewer: &Viewer, users: &[i64]) -> Result<Vec<Vec<Kind>>, sqlx::Error> {
    let homes = residence::of_users(tx, viewer, users).await?;
    let kinds = KINDS.query().fetch_all(&mut *tx).await?;
    let there = |home: Option<super::billing::Billing>| {
        let address = home.map(|home| home.address()).unwrap_or_default();
        let state = state(&address.country, &address.administrative_area).unwrap_or_default();
        kinds.iter().filter(|kind| kind.states.iter().any(|known| known == state)).cloned().collect()
    };
    Ok(homes.into_iter().map(there).collect())
}

/// Why nothing was noted about a card.
#[derive(Debug, Error)]
pub enum ConcessionError {
    /// There is no such person.
    #[error("there is no account user with this number")]
    Unknown,
    /// There is no such kind of card.
    #[error("there is no such kind of card")]
    NoKind,
    /// There is no such card, or it was taken off.
    #[error("there is no such card")]
    NoCard,
    /// It expires before it was issued.
    #[error("the card expires before it was issued")]
    Days,
    /// Nobody knows yet what holds on a day that is to come, and no card counts before it was issued.
    #[error("the day is to come, or before the card was issued")]
    Day,
    /// The text is empty, too long or holds odd characters.
    #[error("the text is empty, too long, or has characters that cannot be kept")]
    Text,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ConcessionError);

impl From<sqlx::Error> for ConcessionError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "concession_cards_card_type_fkey") {
            Self::NoKind
        } else if on_constraint(&error, "concession_cards_days_check") {
            Self::Days
        } else {
            Self::Database(error)
        }
    }
}

/// A card that somebody has shown.
#[derive(Clone, Copy, Debug)]
pub struct NewCard<'a> {
    /// One of `ConcessionCardType`.
    pub card_type: &'a str,
    /// What is printed on it.
    pub number: &'a str,
    /// When it was issued.
    pub issued_on: Option<NaiveDate>,
    /// The day on which it expires.
    pub expires_on: Option<NaiveDate>,
}

statement!(static USER: (i64,) = "select id from account_users where number = $1");
statement!(static ADD: (i64,) = "
    insert into concession_cards (account_user_id, card_type, number, issued_on, expires_on, noted_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (account_user_id, card_type, number) where removed_on is null
        do update set issued_on = excluded.issued_on, expires_on = excluded.expires_on
    returning id");
statement!(static ASK: (i64,) = "
    insert into concession_card_validations (card_id, validated_at, is_valid, failure_code, failure_reason, notes, method,
        holds_from)
    select id, $2, $3, $4, $5, $6, $7, $8 from concession_cards where id = $1 and removed_on is null returning id");
statement!(static HELD: (Option<NaiveDate>,) = "
    select issued_on from concession_cards where id = $1 and removed_on is null for no key update");
statement!(static REMOVE: (i64,) = "
    update concession_cards set removed_on = $2 where id = $1 and removed_on is null returning id");

/// Notes a card of the person with this number. The same card again is the same card. Answers its row id.
pub async fn note(tx: &mut Tx, user: &str, new: &NewCard<'_>) -> Result<i64, ConcessionError> {
    let user = USER.query().bind(user).fetch_optional(&mut *tx).await?;
    let (user,) = user.ok_or(ConcessionError::Unknown)?;
    note_of(tx, user, new).await
}

/// Notes a card of the person with this row id.
pub(in crate::domain) async fn note_of(
    tx: &mut Tx,
    user: i64,
    new: &NewCard<'_>,
) -> Result<i64, ConcessionError> {
    let number =
        contacts::line(new.number).filter(|number| !number.is_empty()).ok_or(ConcessionError::Text)?;
    let now = tx.business_now().await?;
    let add =
        ADD.query().bind(user).bind(new.card_type).bind(number).bind(new.issued_on).bind(new.expires_on);
    Ok(add.bind(now).fetch_one(&mut *tx).await?.0)
}

/// What the office that issued a card said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// Why it does not count, as a code and a sentence; it does where there is none.
    pub failure: Option<(&'a str, &'a str)>,
    /// What else was said.
    pub notes: Option<&'a str>,
    /// The local day from which on that holds; today where none is named.
    pub since: Option<NaiveDate>,
}

/// Notes what the office said of a card.
pub async fn validated(tx: &mut Tx, card: i64, said: &Answer<'_>) -> Result<(), ConcessionError> {
    let kept = |text: &str| contacts::text(text, 1000).ok_or(ConcessionError::Text);
    let failure = said.failure.map(|(code, reason)| Ok::<_, ConcessionError>((kept(code)?, kept(reason)?)));
    let (code, reason) = failure.transpose()?.unzip();
    let notes = said.notes.map(kept).transpose()?;
    past(tx, card, said.since).await?;
    let now = tx.business_now().await?;
    let ask = ASK.query().bind(card).bind(now).bind(code.is_none()).bind(code).bind(reason).bind(notes);
    let ask = ask.bind(METHOD).bind(said.since);
    ask.fetch_optional(&mut *tx).await?.ok_or(ConcessionError::NoCard)?;
    Ok(())
}

/// Takes a card off from a local day on that is not to come; from today on where none is named.
pub async fn remove(tx: &mut Tx, card: i64, on: Option<NaiveDate>) -> Result<(), ConcessionError> {
    let today = past(tx, card, on).await?;
    let remove = REMOVE.query().bind(card).bind(on.or(today)).fetch_optional(&mut *tx).await?;
    remove.ok_or(ConcessionError::NoCard)?;
    Ok(())
}

/// Holds a card, and refuses days of which it cannot be told. Answers today.
async fn past(tx: &mut Tx, card: i64, day: Option<NaiveDate>) -> Result<Option<NaiveDate>, ConcessionError> {
    let held = HELD.query().bind(card).fetch_optional(&mut *tx).await?;
    let (issued_on,) = held.ok_or(ConcessionError::NoCard)?;
    let now = tx.business_now().await?;
    let today = market::by_code(MARKET).map(|market| market.day(now));
    match day {
        Some(day) if today.is_some_and(|today| day > today) || issued_on.is_some_and(|first| day < first) => {
            Err(ConcessionError::Day)
        }
        _ => Ok(today),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_card_counts_from_yes_to_no() {
        let asked = [
            (1, day("2026-01-01"), false),
            (2, day("2026-02-01"), true),
            (3, day("2026-03-01"), true),
            (4, day("2026-04-01"), false),
            (5, day("2026-05-01"), true),
        ];
        let period = |id, from, to: Option<&str>| Applicable { id, from: day(from), to: to.map(day) };
        let first = period(2, "2026-02-01", Some("2026-04-01"));
        assert_eq!(periods(&asked, None), [first.clone(), period(5, "2026-05-01", None)]);
        assert_eq!(periods(&asked, Some(day("2026-05-01"))), [first]);
        assert_eq!(periods(&asked, Some(day("2026-03-15"))), [period(2, "2026-02-01", Some("2026-03-15"))]);
        assert!(periods(&asked[..1], None).is_empty());
        // What the office says later may be about days that are past.
        let back =
            [(1, day("2026-03-01"), true), (2, day("2026-02-01"), true), (3, day("2026-02-10"), false)];
        assert_eq!(periods(&back[..2], None), [period(2, "2026-02-01", None)]);
        assert_eq!(periods(&back, None), [period(2, "2026-02-01", Some("2026-02-10"))]);
    }
}
