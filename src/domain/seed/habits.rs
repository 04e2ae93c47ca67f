//! How an account is lived in: what it is supplied with, how much of it is used, how it is paid for.

use super::cast::{self, Cast, Supply};
use super::draw::{About, Draw};
use crate::platform::market::LedgerKind;

/// The most months of history.
pub(in crate::domain) const MONTHS: u32 = 24;
/// An account has at most as many ledgers.
pub(super) const MOST_LEDGERS: usize = 3;
/// How many of a hundred accounts are there from the beginning.
const OLD: u64 = 88;
/// The last day that every month has.
const DAYS: u64 = 28;

/// How somebody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pays {
    /// The same every month: so many permille of what an average month costs.
    Steady { permille: u16 },
    /// What is owed, every month.
    InFull,
    /// What is owed, every so many months.
    Late { every: u8 },
    /// What is owed, for so many months, and then no more.
    Stops { after: u8 },
}

/// How much is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Accounts.
    pub accounts: u64,
    /// Months of history.
    pub months: u32,
}

/// What an account is like. Small: there is one for each account while history is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    cast: u8,
    pub is_business: bool,
    supplies: u8,
    /// In which month of the history the account was opened; those of the first were there before.
    pub joined: u8,
    // Days of the month.
    pub bills_on: u8,
    pub pays_on: u8,
    pub rests_on: u8,
    pub pays: Pays,
    by: u8,
    /// Permille of what an average household uses.
    size: u32,
}

impl Habits {
    /// What the account numbered `index` is like, among `all` of them.
    pub fn of(seed: u64, index: u64, all: Extent, cast: usize, is_business: bool) -> Self {
        let mut draw = Draw::of(seed, About::Habits, index);
        let known = cast::all().get(cast).map_or(&[][..], |cast| &cast.supplies);
        let mut supplies = 0;
        for (place, supply) in known.iter().enumerate() {
            supplies |= u8::from(draw.happens(supply.share)) << place;
        }
        let day = draw.below(DAYS);
        let after = |days: u64| ((day + days) % DAYS + 1) as u8;
        let usual = 400 + draw.below(650) + draw.below(650);
        let size = if is_business { usual * (3 + draw.below(6)) } else { usual };
        Self {
            cast: cast as u8,
            is_business,
            supplies,
            joined: joined(index, all),
            bills_on: after(0),
            pays_on: after(9),
            rests_on: after(16),
            pays: pays(&mut draw, is_business),
            by: draw.below(16) as u8,
            size: size as u32,
        }
    }

    /// The market's names and prices.
    pub fn cast(&self) -> &'static Cast {
        let casts = cast::all();
        casts.get(usize::from(self.cast)).unwrap_or(&casts[0])
    }

    /// One of `AccountTypeChoices`.
    pub fn account_type(&self) -> &'static str {
        if self.is_business { "BUSINESS" } else { "DOMESTIC" }
    }

    /// What the account is supplied with or feeds in, and on which of its ledgers it is charged.
    pub fn supplies(&self) -> impl Iterator<Item = (usize, &'static Supply)> + use<> {
        let (mask, ledgers) = (self.supplies, self.ledgers());
        let all = self.cast().supplies.iter().enumerate();
        all.filter(move |(place, _)| mask & 1 << place != 0).map(move |(_, supply)| {
            let wanted = supply.ledger_type.as_deref();
            let slot = ledgers.iter().flatten().position(|kind| Some(kind.ledger_type.as_str()) == wanted);
            (slot.unwrap_or(0), supply)
        })
    }

    /// The account's ledgers, the main one first.
    pub fn ledgers(&self) -> [Option<&'static LedgerKind>; MOST_LEDGERS] {
        let kinds = &self.cast().market.ledgers;
        let is_needed = |kind: &LedgerKind| {
            self.cast().supplies.iter().enumerate().any(|(place, supply)| {
                self.supplies & 1 << place != 0
                    && supply.ledger_type.as_deref() == Some(kind.ledger_type.as_str())
            })
        };
        let opened = kinds.iter().filter(|kind| kind.opened_with_account);
        let others = kinds.iter().filter(|kind| !kind.opened_with_account && is_needed(kind));
        let mut all = opened.chain(others);
        std::array::from_fn(|_| all.next())
    }

    /// How the account pays, if not by instalments: payment type and title.
    pub fn paid_by(&self) -> (&'static str, &'static str) {
        let ways = &self.cast().in_full;
        let way = ways.get(usize::from(self.by) % ways.len().max(1));
        way.map_or(("UNKNOWN", ""), |way| (&way.payment_type, &way.title))
    }

    /// What costs an average household so much costs this one in an average month.
    pub fn average_of(&self, monthly: i64) -> i64 {
        monthly * i64::from(self.size) / 1000
    }
}

/// Later accounts are opened later, so that numbers of rows tell their age.
fn joined(index: u64, all: Extent) -> u8 {
    let old = all.accounts * OLD / 100;
    let (Some(late), Some(all_late)) = (index.checked_sub(old), all.accounts.checked_sub(old)) else {
        return 0;
    };
    // Nobody joins in the last month.
    let months = u64::from(all.months.saturating_sub(2));
    (1 + late * months / all_late.max(1)).min(months) as u8
}

fn pays(draw: &mut Draw, is_business: bool) -> Pays {
    let kind = draw.below(100);
    let (month, every) = (2 + draw.below(20) as u8, 3 + draw.below(3) as u8);
    let permille = 970 + draw.below(90) as u16;
    match kind {
        // Businesses pay invoices.
        0..=61 if !is_business => Pays::Steady { permille },
        0..=87 => Pays::InFull,
        88..=95 => Pays::Late { every },
        _ => Pays::Stops { after: month },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_accounts_are_old_and_none_joins_at_the_end() {
        let all = |accounts, months| Extent { accounts, months };
        let months: Vec<u8> = (0..1000).map(|index| joined(index, all(1000, MONTHS))).collect();
        assert_eq!(months.iter().filter(|month| **month == 0).count(), 880);
        assert_eq!(months.iter().max(), Some(&22));
        assert!(months.is_sorted());
        assert!(joined(0, all(1, MONTHS)) < 23);
        assert_eq!((0..1000).map(|index| joined(index, all(1000, 3))).max(), Some(1));
    }

    #[test]
    fn supplies_are_charged_on_ledgers_that_are_there() {
        for (cast, known) in cast::all().iter().enumerate() {
            for index in 0..300 {
                let habits = Habits::of(1, index, Extent { accounts: 300, months: MONTHS }, cast, false);
                let ledgers = habits.ledgers();
                assert!(ledgers[0].is_some_and(|kind| kind.is_main));
                for (slot, supply) in habits.supplies() {
                    let kind = ledgers[slot].expect("a ledger");
                    let wanted = supply.ledger_type.as_ref();
                    assert!(wanted.map_or(kind.is_main, |wanted| *wanted == kind.ledger_type));
                }
                assert!(habits.supplies().next().is_some(), "{}", known.market.code);
            }
        }
    }
}
