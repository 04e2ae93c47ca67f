//! Writing bulk data: customers first, then their history, then where it left their ledgers.

use chrono::{DateTime, Months, NaiveTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::draw::shuffled;
use super::habits::Extent;
use super::history::{Account, Batch, Begin, History, House, first_day};
use super::homes::{self, Homes};
use super::numbers::{Next, Numbered};
use super::people::{Household, Households};
use super::rows::{Balances, Events, People, Placed, Portfolio, Tables};
use super::{Counts, Order, Say, SeedError};
use crate::domain::ledgers::books;
use crate::domain::ledgers::journal::{PostError, Standing};
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;

/// Bytes of rows that are copied at once.
const BYTES_AT_ONCE: usize = 4 << 20;
/// Entries of history that are written at once, and batches of them that wait to be copied.
const ENTRIES_AT_ONCE: usize = 20_000;
const BATCHES_AHEAD: usize = 2;

row! {
    struct HouseRow {
        id: i64,
        balance: i64,
        last_sequence: i64,
    }
}

statement!(static HOUSE: HouseRow = "
    select l.id, b.balance, b.last_sequence from ledger_accounts l join ledger_balances b on b.ledger_account_id = l.id
    where l.owner = 'house'");
statement!(static SETTLE: () = "
    update ledger_balances b set balance = now.balance, last_sequence = now.sequence
    from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as now (ledger, balance, sequence)
    where b.ledger_account_id = now.ledger");

/// Writes what was ordered.
pub(super) struct Loader<'a> {
    tx: &'a mut Tx,
    order: &'a Order,
    next: Next,
    begun: DateTime<Utc>,
    counts: Counts,
}

/// A batch on its way, and how many months it ends.
struct Written {
    events: Events,
    month: u32,
}

impl<'a> Loader<'a> {
    /// Looks where the numbers of rows go on.
    pub async fn begin(tx: &'a mut Tx, order: &'a Order) -> Result<Self, SeedError> {
        let next = Next::read(tx).await?;
        // Accounts are opened before anything is posted on their first day.
        let six = NaiveTime::from_hms_opt(6, 0, 0).unwrap_or_default();
        let begun = first_day(order.until, order.months).and_time(six).and_utc();
        Ok(Self { tx, order, next, begun, counts: Counts::default() })
    }

    /// Writes everything. Keys are not in force, so the order of tables does not matter.
    pub async fn load(mut self, say: &Say) -> Result<Counts, SeedError> {
        let accounts = self.people(say).await?;
        self.counts.measured_days = homes::measure(self.tx, self.order, say).await?;
        let house = house(self.tx).await?;
        let history = self.history(accounts, house, say).await?;
        self.balances(&history).await?;
        *self.next.of(Numbered::JournalEntries) = history.next_entry;
        *self.next.of(Numbered::Transactions) = history.next_transaction;
        self.next.keep(self.tx).await?;
        Ok(self.counts)
    }

    async fn people(&mut self, say: &Say) -> Result<Vec<Account>, SeedError> {
        let wanted = usize::try_from(self.order.accounts).unwrap_or(0);
        let mut accounts = Vec::with_capacity(wanted);
        let (mut people, mut homes) = (People::default(), Homes::default());
        let all = Extent { accounts: u64::from(self.order.accounts), months: self.order.months };
        for household in Households::new(self.order.seed, all) {
            self.household(&household?, &mut people, &mut homes, &mut accounts);
            if people.size() > BYTES_AT_ONCE {
                people.copy(self.tx).await?;
                self.counts.supply_points += homes.settle(self.tx, self.order).await?;
            }
        }
        people.copy(self.tx).await?;
        self.counts.supply_points += homes.settle(self.tx, self.order).await?;
        self.counts.accounts = accounts.len() as u64;
        say(&format!("{} accounts of {} people", self.counts.accounts, self.counts.users));
        Ok(accounts)
    }

    fn household(
        &mut self,
        household: &Household,
        people: &mut People,
        homes: &mut Homes,
        accounts: &mut Vec<Account>,
    ) {
        let Some(first) = household.homes.first() else { return };
        let seed = self.order.seed;
        let brands = &household.cast.market.brands;
        // The first brand is the usual one.
        let is_other = brands.len() > 1 && self.counts.portfolios % 8 == 7;
        let brand = brands.get(usize::from(is_other)).map(|b| b.code.as_str()).unwrap_or_default();
        let at = self.opened(first.habits.joined, accounts.len());
        let portfolio = self.next.take(Numbered::Portfolios);
        let lead = *self.next.of(Numbered::Accounts);
        let number = shuffled(seed ^ 1, self.counts.portfolios as u32);
        people.portfolio(&Portfolio { id: portfolio, number, brand, name: &household.name, lead, at });
        self.counts.portfolios += 1;
        let mut users = Vec::with_capacity(household.people.len());
        for person in &household.people {
            let id = self.next.take(Numbered::AccountUsers);
            people.user(id, shuffled(seed ^ 2, self.counts.users as u32), person, at);
            self.counts.users += 1;
            if !person.email.is_empty() {
                let hash = self.order.password_hash.as_deref();
                people.login(self.next.take(Numbered::Logins), &person.email, hash, id, at);
            }
            users.push(id);
        }
        for home in &household.homes {
            let at = self.opened(home.habits.joined, accounts.len());
            let id = self.next.take(Numbered::Accounts);
            let number = shuffled(seed ^ 3, accounts.len() as u32);
            let placed = Placed { id, number, brand, market: household.cast.market, portfolio, at };
            people.account(&placed, home);
            homes.add(seed, &placed, home, accounts.len() as u64);
            for user in &users {
                people.owner(self.next.take(Numbered::AccountUserRoles), id, *user, at);
            }
            accounts.push(Account::new(home.habits, *self.next.of(Numbered::LedgerAccounts)));
            for kind in home.habits.ledgers().into_iter().flatten() {
                let ledger = self.next.take(Numbered::LedgerAccounts);
                people.ledger(ledger, shuffled(seed ^ 4, self.counts.ledgers as u32), &placed, kind);
                self.counts.ledgers += 1;
            }
        }
        if let (Some(user), true) = (users.first(), household.homes.len() > 1) {
            people.portfolio_owner(self.next.take(Numbered::PortfolioUserRoles), portfolio, *user, at);
        }
    }

    /// When the account in this place was opened: in the morning of the first day of a month.
    fn opened(&self, month: u8, place: usize) -> DateTime<Utc> {
        let seconds = i64::try_from(place).unwrap_or(0) * 3000 / i64::from(self.order.accounts);
        self.begun + Months::new(u32::from(month)) + TimeDelta::seconds(seconds)
    }

    /// History is written on a thread of its own while what is written is copied.
    async fn history(
        &mut self,
        accounts: Vec<Account>,
        house: House,
        say: &Say,
    ) -> Result<History, SeedError> {
        let entry = *self.next.of(Numbered::JournalEntries);
        let transaction = *self.next.of(Numbered::Transactions);
        let begin = Begin {
            first: first_day(self.order.until, self.order.months),
            months: self.order.months,
            entry,
            transaction,
        };
        let history = History::new(self.order.seed, begin, accounts, house);
        let (give, mut take) = mpsc::channel(BATCHES_AHEAD);
        let writing = tokio::task::spawn_blocking(move || write(history, &give));
        let (months, mut told) = (self.order.months, 0);
        while let Some(Written { mut events, month }) = take.recv().await {
            self.counts.entries += events.journal_entries.count();
            self.counts.postings += events.postings.count();
            self.counts.transactions += events.transactions.count();
            events.copy(self.tx).await?;
            if month > told {
                told = month;
                say(&format!("month {month} of {months}: {} transactions", self.counts.transactions));
            }
        }
        Ok(writing.await.map_err(|_| SeedError::BrokeOff)??)
    }

    async fn balances(&mut self, history: &History) -> Result<(), SeedError> {
        let mut balances = Balances::default();
        for account in &history.accounts {
            for slot in account.habits.ledgers().iter().flatten().enumerate().map(|(slot, _)| slot) {
                balances.add(account.ledger(slot), account.standings[slot]);
            }
            if balances.size() > BYTES_AT_ONCE {
                balances.copy(self.tx).await?;
            }
        }
        balances.copy(self.tx).await?;
        let (mut ledgers, mut sums, mut sequences) = (Vec::new(), Vec::new(), Vec::new());
        for (ledger, standing) in &history.house.standings {
            ledgers.push(*ledger);
            sums.push(standing.balance.0);
            sequences.push(standing.last_sequence);
        }
        SETTLE.command().bind(ledgers).bind(sums).bind(sequences).execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// Writes batch after batch until the history is over or nobody wants it any more.
fn write(mut history: History, give: &mpsc::Sender<Written>) -> Result<History, PostError> {
    let mut batch = Batch::default();
    loop {
        batch.clear();
        history.next(ENTRIES_AT_ONCE, &mut batch)?;
        let mut events = Events::default();
        events.add(&batch);
        let is_over = batch.entries.is_empty();
        if is_over || give.blocking_send(Written { events, month: history.month() }).is_err() {
            return Ok(history);
        }
    }
}

/// The retailer's books as they stand.
async fn house(tx: &mut Tx) -> Result<House, SeedError> {
    let mut house = House { books: books::all(tx).await?, ..House::default() };
    for HouseRow { id, balance, last_sequence } in HOUSE.query().fetch_all(&mut *tx).await? {
        house.standings.insert(id, Standing { balance: Minor(balance), last_sequence });
    }
    Ok(house)
}
