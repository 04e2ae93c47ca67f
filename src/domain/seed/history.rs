//! What happened on the accounts, day after day: charges for what was supplied, payments, fees, gifts and transfers, as
//! rows. Nothing here knows the database, and the rules of posting are those of `ledgers`.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::habits::{Habits, MOST_LEDGERS};
use super::life;
use crate::domain::ledgers::books::{self, Book, Books};
use crate::domain::ledgers::journal::{self, Leg, PostError, Standing};
use crate::domain::ledgers::transactions::New;
use crate::platform::market::Market;
use crate::platform::money::Minor;

/// Everything is posted between these hours of a day, when it is the same day in all the markets.
const OPENS: u32 = 7;
const SECONDS_OPEN: i64 = 5 * 3600;
/// The last day of a month on which anything happens.
const LAST_DAY: u32 = 28;

/// A row of `journal_entries`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryRow {
    pub id: i64,
    pub kind: &'static str,
    pub currency: &'static str,
    pub posted_date: NaiveDate,
    pub created_at: DateTime<Utc>,
}

/// A row of `postings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PostingRow {
    pub ledger: i64,
    pub sequence: i64,
    pub entry: i64,
    pub currency: &'static str,
    pub amount: Minor,
    pub balance_after: Minor,
}

/// A row of `transactions`.
#[derive(Clone, Debug)]
pub(super) struct TransactionRow {
    pub id: i64,
    pub ledger: i64,
    pub sequence: i64,
    pub entry: i64,
    pub posted_date: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub balance_after: Minor,
    pub new: New<'static>,
}

/// Rows that belong together: no entry is torn apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub entries: Vec<EntryRow>,
    pub postings: Vec<PostingRow>,
    pub transactions: Vec<TransactionRow>,
}

impl Batch {
    pub fn clear(&mut self) {
        self.entries.clear();
        self.postings.clear();
        self.transactions.clear();
    }
}

/// An account while its history is written.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub habits: Habits,
    /// Its ledgers are numbered from here.
    pub first_ledger: i64,
    pub standings: [Standing; MOST_LEDGERS],
}

impl Account {
    /// An account on which nothing happened yet.
    pub fn new(habits: Habits, first_ledger: i64) -> Self {
        Self { habits, first_ledger, standings: Default::default() }
    }

    fn slot(&self, ledger: i64) -> Option<usize> {
        usize::try_from(ledger - self.first_ledger).ok().filter(|slot| *slot < MOST_LEDGERS)
    }

    /// The id of the ledger in this place.
    pub fn ledger(&self, slot: usize) -> i64 {
        self.first_ledger + slot as i64
    }
}

/// The retailer's own books: which there are, by market and stripe, and where they stand.
#[derive(Clone, Debug, Default)]
pub(super) struct House {
    pub books: books::House,
    pub standings: HashMap<i64, Standing>,
}

/// When something happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// Months since the history began.
    pub month: u32,
    /// Of the year, January is 0.
    pub season: usize,
    pub days_in_month: i64,
    pub date: NaiveDate,
    pub moment: DateTime<Utc>,
}

/// Where the writing of history begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    /// The first day.
    pub first: NaiveDate,
    /// How many months there are.
    pub months: u32,
    pub entry: i64,
    pub transaction: i64,
}

/// The history of all accounts, written in the order in which it happened.
#[derive(Debug)]
pub(super) struct History {
    seed: u64,
    begin: Begin,
    pub accounts: Vec<Account>,
    pub house: House,
    pub next_entry: i64,
    pub next_transaction: i64,
    month: u32,
    day: u32,
    at: usize,
}

impl History {
    /// A history about to begin.
    pub fn new(seed: u64, begin: Begin, accounts: Vec<Account>, house: House) -> Self {
        let (next_entry, next_transaction) = (begin.entry, begin.transaction);
        Self { seed, begin, accounts, house, next_entry, next_transaction, month: 0, day: 1, at: 0 }
    }

    /// Months that are over.
    pub fn month(&self) -> u32 {
        self.month
    }

    /// Adds what happened next, about `most` entries of it. Nothing once the history is over.
    ///
    /// # Errors
    /// If a rule of posting is broken, which no history does.
    pub fn next(&mut self, most: usize, batch: &mut Batch) -> Result<(), PostError> {
        while self.month < self.begin.months && batch.entries.len() < most {
            self.rest_of_day(most, batch)?;
            if self.at == self.accounts.len() {
                self.at = 0;
                self.day += 1;
            }
            if self.day > LAST_DAY {
                self.day = 1;
                self.month += 1;
            }
        }
        Ok(())
    }

    fn rest_of_day(&mut self, most: usize, batch: &mut Batch) -> Result<(), PostError> {
        let first = self.begin.first + Months::new(self.month);
        let today = first.with_day(self.day).unwrap_or(first);
        let days_in_month = (first + Months::new(1) - first).num_days();
        let opens = today.and_time(NaiveTime::from_hms_opt(OPENS, 0, 0).unwrap_or_default()).and_utc();
        let step = SECONDS_OPEN * 1_000_000 / i64::try_from(self.accounts.len().max(1)).unwrap_or(1);
        let season = first.month0() as usize;
        while self.at < self.accounts.len() && batch.entries.len() < most {
            let at = self.at;
            self.at += 1;
            let Some(account) = self.accounts.get_mut(at) else { break };
            if !life::has_day(&account.habits, self.month, self.day) {
                continue;
            }
            let moment = opens + TimeDelta::microseconds(step * at as i64);
            let when = When { month: self.month, season, days_in_month, date: today, moment };
            let mut desk = Desk {
                market: account.habits.cast().market,
                account,
                when,
                house: &mut self.house,
                next_entry: &mut self.next_entry,
                next_transaction: &mut self.next_transaction,
                batch,
            };
            life::day(self.seed, at as u64, self.day, &mut desk)?;
        }
        Ok(())
    }
}

/// Posts on one account on one day, by the rules of `ledgers`.
pub(super) struct Desk<'a> {
    pub market: &'static Market,
    pub account: &'a mut Account,
    pub when: When,
    house: &'a mut House,
    next_entry: &'a mut i64,
    next_transaction: &'a mut i64,
    batch: &'a mut Batch,
}

impl Desk<'_> {
    /// The balance of a ledger.
    pub fn balance(&self, slot: usize) -> i64 {
        self.account.standings.get(slot).map_or(0, |standing| standing.balance.0)
    }

    fn books(&self, slot: usize) -> Result<Books, PostError> {
        let stripe = books::stripe(self.account.ledger(slot));
        let books = self.house.books.get(&(self.market.code.as_str(), stripe));
        books.copied().ok_or(PostError::UnknownLedger)
    }

    /// Posts a transaction on a ledger against the retailer's books, as the use cases of its kind would.
    pub fn record(&mut self, slot: usize, new: New<'static>) -> Result<(), PostError> {
        let books = self.books(slot)?;
        let kind = new.kind.code();
        let others = books.against(Book::of(new.kind), new.kind, &new.split)?;
        self.record_entry(kind, &[(slot, new)], &others)
    }

    /// Posts transactions on different ledgers of the account and `others` as one entry.
    pub fn record_entry(
        &mut self,
        kind: &'static str,
        shown: &[(usize, New<'static>)],
        others: &[Leg],
    ) -> Result<(), PostError> {
        let mut legs = Vec::with_capacity(shown.len() + others.len());
        for (slot, new) in shown {
            let amount = new.kind.effect(new.split.gross)?;
            legs.push(Leg { ledger: self.account.ledger(*slot), amount });
        }
        legs.extend_from_slice(others);
        let entry = *self.next_entry;
        *self.next_entry += 1;
        let currency = self.market.currency.code.as_str();
        let (posted_date, created_at) = (self.when.date, self.when.moment);
        self.batch.entries.push(EntryRow { id: entry, kind, currency, posted_date, created_at });
        for leg in journal::balanced(legs)? {
            self.post(entry, currency, leg)?;
        }
        for (slot, new) in shown {
            let standing = self.account.standings.get(*slot).ok_or(PostError::UnknownLedger)?;
            standing.balance.to_wire()?;
            self.batch.transactions.push(TransactionRow {
                id: *self.next_transaction,
                ledger: self.account.ledger(*slot),
                sequence: standing.last_sequence,
                entry,
                posted_date,
                created_at,
                balance_after: standing.balance,
                new: new.clone(),
            });
            *self.next_transaction += 1;
        }
        Ok(())
    }

    fn post(&mut self, entry: i64, currency: &'static str, leg: Leg) -> Result<(), PostError> {
        let standing = match self.account.slot(leg.ledger) {
            Some(slot) => self.account.standings.get_mut(slot),
            None => self.house.standings.get_mut(&leg.ledger),
        };
        let standing = standing.ok_or(PostError::UnknownLedger)?;
        standing.step(leg.amount)?;
        self.batch.postings.push(PostingRow {
            ledger: leg.ledger,
            sequence: standing.last_sequence,
            entry,
            currency,
            amount: leg.amount,
            balance_after: standing.balance,
        });
        Ok(())
    }
}

/// The first day of a history of so many months that ends before `until`.
pub(super) fn first_day(until: NaiveDate, months: u32) -> NaiveDate {
    until - Months::new(months)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market;

    #[test]
    fn a_day_at_work_is_one_day_everywhere() {
        let mut day = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
        for _ in 0..800 {
            let opens = day.and_time(NaiveTime::from_hms_opt(OPENS, 0, 0).expect("an hour")).and_utc();
            for market in market::all() {
                assert_eq!(market.day(opens), day, "{}", market.code);
                let closes = opens + TimeDelta::seconds(SECONDS_OPEN) - TimeDelta::microseconds(1);
                assert_eq!(market.day(closes), day, "{}", market.code);
            }
            day = day.succ_opt().expect("a day");
        }
    }
}
