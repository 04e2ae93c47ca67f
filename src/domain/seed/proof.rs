//! What must hold of any history, whatever the seed.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use proptest::prelude::*;

use super::habits::{Extent, MONTHS, MOST_LEDGERS};
use super::history::{Account, Batch, Begin, History, House, first_day};
use super::people::Households;
use crate::domain::ledgers::books::{Book, Books, STRIPES};
use crate::domain::ledgers::journal::Standing;
use crate::domain::ledgers::transactions::Kind;
use crate::platform::market;
use crate::platform::money::Minor;

const FIRST_LEDGER: i64 = 10_000;

fn until() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day")
}

/// Books of all markets, open and empty.
fn house() -> House {
    let mut house = House::default();
    let mut next = 1;
    let mut open = || {
        next += 1;
        next
    };
    for market in market::all() {
        for stripe in 0..STRIPES {
            let books = Books::find(|_| Ok::<i64, ()>(open())).expect("books");
            for book in Book::ALL {
                house.standings.insert(books.get(book), Standing::default());
            }
            house.books.insert((&market.code, i16::try_from(stripe).expect("few")), books);
        }
    }
    house
}

fn two_years(accounts: u64) -> Extent {
    Extent { accounts, months: MONTHS }
}

fn begun(seed: u64, all: Extent) -> History {
    let households = Households::new(seed, all).map(|household| household.expect("an address"));
    let homes = households.flat_map(|household| household.homes);
    let mut ledger = FIRST_LEDGER;
    let mut open = |home: super::people::Home| {
        let account = Account::new(home.habits, ledger);
        ledger += home.habits.ledgers().iter().flatten().count() as i64;
        account
    };
    let accounts = homes.map(&mut open).collect();
    let begin =
        Begin { first: first_day(until(), all.months), months: all.months, entry: 7001, transaction: 8001 };
    History::new(seed, begin, accounts, house())
}

fn whole(seed: u64, extent: Extent, at_once: usize) -> (History, Batch) {
    let (mut history, mut all) = (begun(seed, extent), Batch::default());
    loop {
        let mut batch = Batch::default();
        history.next(at_once, &mut batch).expect("posted");
        if batch.entries.is_empty() {
            return (history, all);
        }
        all.entries.append(&mut batch.entries);
        all.postings.append(&mut batch.postings);
        all.transactions.append(&mut batch.transactions);
    }
}

/// Entries sum to zero in their currency, in the order of time.
fn entries_balance(batch: &Batch) {
    let mut sums: HashMap<i64, (i64, u32)> = HashMap::new();
    let currencies: HashMap<i64, &str> = batch.entries.iter().map(|e| (e.id, e.currency)).collect();
    for posting in &batch.postings {
        let (sum, legs) = sums.entry(posting.entry).or_default();
        (*sum, *legs) = (*sum + posting.amount.0, *legs + 1);
        assert!(posting.amount != Minor::ZERO && currencies[&posting.entry] == posting.currency);
    }
    assert_eq!(sums.len(), batch.entries.len());
    assert!(sums.values().all(|(sum, legs)| *sum == 0 && *legs >= 2));
    assert!(batch.entries.is_sorted_by(|a, b| a.id + 1 == b.id && a.created_at <= b.created_at));
}

/// Every balance is carried forward from the one before, to where the ledger stands in the end.
fn balances_follow(history: &History, batch: &Batch) {
    let mut known: HashMap<i64, Standing> = HashMap::new();
    for posting in &batch.postings {
        let standing = known.entry(posting.ledger).or_default();
        standing.step(posting.amount).expect("in range");
        let here = Standing { balance: posting.balance_after, last_sequence: posting.sequence };
        assert_eq!(*standing, here);
    }
    let stands = |ledger| known.get(&ledger).copied().unwrap_or_default();
    let mut owned = 0;
    for account in &history.accounts {
        for slot in 0..account.habits.ledgers().iter().flatten().count() {
            assert_eq!(account.standings[slot], stands(account.ledger(slot)));
            owned += account.standings[slot].balance.0;
        }
    }
    for (ledger, standing) in &history.house.standings {
        assert_eq!(*standing, stands(*ledger));
        owned += standing.balance.0;
    }
    assert_eq!(owned, 0);
}

/// Every posting on a customer's ledger is a transaction that says the same.
fn transactions_show(batch: &Batch) {
    let postings: HashMap<(i64, i64), _> =
        batch.postings.iter().map(|posting| ((posting.ledger, posting.sequence), posting)).collect();
    let of_customers = batch.postings.iter().filter(|posting| posting.ledger >= FIRST_LEDGER).count();
    assert_eq!(batch.transactions.len(), of_customers);
    for shown in &batch.transactions {
        let posting = postings[&(shown.ledger, shown.sequence)];
        let split = shown.new.split;
        assert_eq!(
            (posting.entry, posting.amount),
            (shown.entry, shown.new.kind.effect(split.gross).expect("ok"))
        );
        assert_eq!(split.net.plus(split.tax), Ok(split.gross));
        assert!(shown.new.kind != Kind::Payment || shown.new.payment_type.is_some());
    }
    assert!(batch.transactions.is_sorted_by(|a, b| a.id + 1 == b.id));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn books_hold_whatever_the_seed(seed in any::<u64>(), accounts in 1u64..60, months in 3..=MONTHS) {
        let (history, batch) = whole(seed, Extent { accounts, months }, 500);
        prop_assert_eq!(history.month(), months);
        entries_balance(&batch);
        balances_follow(&history, &batch);
        transactions_show(&batch);
        let (first, last) = (first_day(until(), months), until());
        prop_assert!(batch.entries.iter().all(|e| (first..last).contains(&e.posted_date)));
    }
}

#[test]
fn it_does_not_matter_how_much_is_written_at_once() {
    let ((_, one), (_, other)) = (whole(9, two_years(40), 7), whole(9, two_years(40), 100_000));
    assert_eq!((one.entries, one.postings), (other.entries, other.postings));
    let told = |batch: Vec<super::history::TransactionRow>| format!("{batch:?}");
    assert_eq!(told(one.transactions), told(other.transactions));
}

#[test]
fn lives_are_varied() {
    let (history, batch) = whole(1, two_years(2000), 100_000);
    let each = batch.transactions.len() / history.accounts.len();
    assert!((90..=115).contains(&each), "{each} transactions an account");
    let owing = |account: &&Account| account.standings[0].balance.0 < 0;
    let balances = history.accounts.iter().filter(owing).count() * 100 / history.accounts.len();
    assert!((5..60).contains(&balances), "{balances} % owe something");
    let kinds: HashSet<&str> = batch.entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    for count in 1..=MOST_LEDGERS {
        let have = |account: &Account| account.habits.ledgers().iter().flatten().count() == count;
        assert!(history.accounts.iter().any(have), "{count} ledgers");
    }
    // A wallet is never charged for more than is in it.
    for account in &history.accounts {
        for (slot, kind) in account.habits.ledgers().into_iter().enumerate() {
            assert!(kind.is_none_or(|k| k.accepts_payments) || account.standings[slot].balance.0 >= 0);
        }
    }
}
