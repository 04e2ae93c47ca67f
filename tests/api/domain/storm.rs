//! Many hands on the same few ledgers at once, against books kept in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use kraken_api::api::App;
use kraken_api::domain::ledgers::charges::SupplyCharge;
use kraken_api::domain::ledgers::open as ledger_opening;
use kraken_api::domain::ledgers::reversals::{self, ReversalError};
use kraken_api::domain::ledgers::scheduled::{self, NewScheduled};
use kraken_api::domain::ledgers::transfers::{self, NewTransfer, Place, TransferError};
use kraken_api::domain::ledgers::write_offs::{self, WriteOffError};
use kraken_api::platform::market;
use rust_decimal::Decimal;
use serde_json::json;
use tokio::sync::Semaphore;

use super::support::*;
use crate::support::server::{files, host};
use crate::support::storms::{ask, codes, cut, from_environment};

/// How many operations each task of the storm does, unless `KRAKEN_STORM_TURNS` says otherwise.
const TURNS: u64 = 6;
const TASKS: u64 = 64;
const ACCOUNTS: usize = 10;
/// Fewer than the trial has connections: whoever waits for one waits here, however slow the machine is.
const AT_ONCE: usize = 16;

/// A ledger, and what the model says is on it.
struct Known {
    account: String,
    account_id: i64,
    id: i64,
    name: String,
    is_main: bool,
    balance: AtomicI64,
    count: AtomicI64,
}

impl Known {
    fn place(&self) -> Place<'_> {
        Place { account_number: &self.account, ledger: &self.name }
    }

    fn moved(&self, amount: i64) {
        self.balance.fetch_add(amount, Ordering::SeqCst);
        self.count.fetch_add(1, Ordering::SeqCst);
    }
}

impl Trial {
    /// The main ledger and the solar wallet of a new British account.
    async fn pair(&self) -> [Known; 2] {
        let home = self.home("OCTOPUS_ENERGY").await;
        let market = market::by_code("gb").expect("the market");
        let kind =
            market.ledgers.iter().find(|kind| kind.ledger_type == "SOLAR_WALLET_LEDGER").expect("a kind");
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        ledger_opening::customer_ledger(&mut tx, &self.random, home.account, market, kind)
            .await
            .expect("a wallet");
        let which = ledgers::Which::default();
        let rows = ledgers::of_accounts(&mut tx, &staff(), &[home.account], &which)
            .await
            .expect("ledgers")
            .remove(0);
        tx.commit().await.expect("commit");
        let known = |row: ledgers::Ledger| Known {
            account: home.number.clone(),
            account_id: home.account,
            id: row.id,
            name: row.number,
            is_main: row.is_main,
            balance: AtomicI64::new(0),
            count: AtomicI64::new(0),
        };
        rows.into_iter().map(known).collect::<Vec<_>>().try_into().ok().expect("two ledgers")
    }

    /// In a transaction of its own that nobody tries again, as all of these: a deadlock would show.
    async fn transfer(&self, source: &Known, target: &Known, amount: i64) -> Result<i64, TransferError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let new = NewTransfer { source: source.place(), target: target.place(), amount, note: None };
        let made = transfers::create(&mut tx, &staff(), &new).await?;
        tx.commit().await?;
        Ok(made.charge.id)
    }

    async fn credit(&self, onto: &Known, amount: i64) -> Result<i64, HandError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let (net, tax) = (amount - amount / 6, amount / 6);
        let ledger = (!onto.is_main).then_some(onto.name.as_str());
        let reason = "GOODWILL";
        let account_number = onto.account.as_str();
        let new =
            NewCredit { account_number, ledger, net, tax, gross: amount, reason, ..NewCredit::default() };
        let made = credits::create(&mut tx, &staff(), &new).await?;
        tx.commit().await?;
        Ok(made.id)
    }

    async fn charge_by_hand(&self, main: &Known, gross: i64) -> Result<i64, HandError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let new = NewCharge {
            account_number: &main.account,
            gross,
            reason: "ADMIN_FEE",
            note: None,
            display_note: None,
            metadata: None,
        };
        let made = charges::create(&mut tx, &staff(), &new).await?;
        tx.commit().await?;
        Ok(made.id)
    }

    /// Energy fed in, untaxed.
    async fn export(&self, main: &Known, amount: i64) -> i64 {
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let new = SupplyCharge {
            supply: "electricity",
            title: "Export",
            net: -amount,
            is_export: true,
            ledger_type: None,
        };
        let id = charges::for_supply(&mut tx, main.account_id, &new).await.expect("charged");
        tx.commit().await.expect("commit");
        id
    }

    async fn pay(&self, main: &Known, amount: i64, back: bool) -> i64 {
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let movement = Movement { amount, title: "Card", payment_type: "CREDIT_CARD", ledger_type: None };
        let id = match back {
            false => payments::record(&mut tx, main.account_id, &movement).await.expect("paid"),
            true => payments::refund(&mut tx, main.account_id, &movement).await.expect("refunded"),
        };
        tx.commit().await.expect("commit");
        id
    }

    async fn plan(&self, onto: &Known, amount: i64, key: &str) {
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let nothing = json!({});
        let new = NewScheduled {
            action: "CREDIT",
            ledger_number: &onto.name,
            net: amount,
            tax: 0,
            gross: amount,
            tax_rate: Decimal::ZERO,
            reason: "GOODWILL",
            idempotency_key: key,
            posted_after: self.wall.now() - TimeDelta::hours(1),
            ancillary_data: &nothing,
            metadata: &nothing,
            internal_note: "",
            display_note: "",
        };
        scheduled::create(&mut tx, &staff(), &[Some(new)]).await.expect("planned");
        tx.commit().await.expect("commit");
    }

    async fn write_off(&self, ledger: &Known, amount: i64) -> Result<i64, WriteOffError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let id = write_offs::write_off(&mut tx, &ledger.name, Some(amount), None).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn reverse(&self, transaction: i64) -> Result<usize, ReversalError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let ids = reversals::reverse(&mut tx, transaction, None).await?;
        tx.commit().await?;
        Ok(ids.len())
    }
}

/// Something that was posted: what it did to which ledgers, and how often that was undone.
struct Done {
    id: i64,
    moved: Vec<(usize, i64)>,
    undone: AtomicU32,
    /// Whether anybody was told that it had been undone already.
    refused: AtomicU32,
}

/// The model: the ledgers, and what was posted on them.
struct Storm {
    trial: Trial,
    known: Vec<Known>,
    done: Mutex<Vec<Arc<Done>>>,
    door: Semaphore,
}

impl Storm {
    async fn start(accounts: usize) -> Arc<Self> {
        let trial = Trial::start().await;
        let mut known = Vec::new();
        for _ in 0..accounts {
            known.extend(trial.pair().await);
        }
        Arc::new(Self { trial, known, done: Mutex::default(), door: Semaphore::new(AT_ONCE) })
    }

    fn noted(&self, id: i64, moved: Vec<(usize, i64)>) {
        for (ledger, amount) in &moved {
            self.known[*ledger].moved(*amount);
        }
        let done = Done { id, moved, undone: AtomicU32::new(0), refused: AtomicU32::new(0) };
        self.done.lock().expect("the list").push(Arc::new(done));
    }

    /// One task's share: what is drawn is done, and what was done goes into the model.
    async fn work(&self, draw: &Randomness, turns: u64, task: u64) {
        for turn in 0..turns {
            let _turn = self.door.acquire().await.expect("open");
            self.step(draw, &format!("{task}-{turn}")).await;
        }
    }

    async fn step(&self, draw: &Randomness, key: &str) {
        let pick = || draw.below(self.known.len() as u64) as usize;
        let (ledger, other, amount) = (pick(), pick(), 1 + draw.below(900) as i64);
        // The main ledger of an account stands before its wallet.
        let (trial, known, main) = (&self.trial, &self.known, ledger - ledger % 2);
        match draw.below(10) {
            0 => {
                let id = trial.charge_by_hand(&known[main], amount).await.expect("charged");
                self.noted(id, vec![(main, -amount)]);
            }
            1 => self.noted(trial.export(&known[main], amount).await, vec![(main, amount)]),
            2 => {
                let id = trial.credit(&known[ledger], amount).await.expect("credited");
                self.noted(id, vec![(ledger, amount)]);
            }
            3 => self.noted(trial.pay(&known[main], amount, false).await, vec![(main, amount)]),
            4 => self.noted(trial.pay(&known[main], amount, true).await, vec![(main, -amount)]),
            5 => {
                trial.plan(&known[ledger], amount, key).await;
                known[ledger].moved(amount);
            }
            6 => match trial.write_off(&known[ledger], amount).await {
                Ok(id) => self.noted(id, vec![(ledger, amount)]),
                Err(WriteOffError::NothingOwed | WriteOffError::NotAsMuch) => {}
                Err(error) => panic!("{error}"),
            },
            7 => self.undo(draw).await,
            _ => match trial.transfer(&known[ledger], &known[other], amount).await {
                Ok(id) => self.noted(id, vec![(ledger, -amount), (other, amount)]),
                Err(TransferError::SameLedger) => assert_eq!(ledger, other),
                Err(TransferError::NothingThere | TransferError::NotEnough) => {}
                Err(error) => panic!("{error}"),
            },
        }
    }

    /// Undoes something of late, which others may be about to undo as well.
    async fn undo(&self, draw: &Randomness) {
        let chosen = {
            let done = self.done.lock().expect("the list");
            let late = done.len().min(8) as u64;
            if late == 0 {
                return;
            }
            Arc::clone(&done[done.len() - 1 - draw.below(late) as usize])
        };
        match self.trial.reverse(chosen.id).await {
            Ok(shown) => {
                assert_eq!(shown, chosen.moved.len());
                chosen.undone.fetch_add(1, Ordering::SeqCst);
                for (ledger, amount) in &chosen.moved {
                    self.known[*ledger].moved(-amount);
                }
            }
            Err(ReversalError::Already) => {
                chosen.refused.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The books are what the model says, and every identity holds.
    async fn agree(&self, seed: u64) {
        let ids: Vec<i64> = self.known.iter().map(|k| k.id).collect();
        let mut tx = self.trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let rows = ledgers::by_ids(&mut tx, &staff(), &ids).await.expect("ledgers");
        let window = Window::forward(0, 1).counted();
        let pages = transaction_lists::pages::<Transaction>(
            &mut tx,
            &staff(),
            Below::Ledgers,
            &ids,
            &Filter::default(),
            &window,
        )
        .await;
        for ((known, row), page) in self.known.iter().zip(rows).zip(pages.expect("pages")) {
            let balance = row.expect("a ledger").balance.0;
            assert_eq!(balance, known.balance.load(Ordering::SeqCst), "seed {seed}");
            assert_eq!(page.total, Some(known.count.load(Ordering::SeqCst)), "seed {seed}");
        }
        for done in self.done.lock().expect("the list").iter() {
            let (undone, refused) = (done.undone.load(Ordering::SeqCst), done.refused.load(Ordering::SeqCst));
            assert!(undone == 1 || (undone == 0 && refused == 0), "seed {seed}: {} {undone}", done.id);
        }
        // Nobody gave what they had not, and no more was written off than was owed.
        let wrong = "select count(*) from transactions t
            join postings p on p.ledger_account_id = t.ledger_id and p.sequence = t.sequence
            where t.amount > 0 and ((t.reason_code = 'BALANCE_TRANSFER' and t.kind = 'charge' and p.balance_after < 0)
                or (t.reason_code = 'WRITE_OFF' and p.balance_after > 0))";
        let wrong: (i64,) = sqlx::query_as(wrong).fetch_one(&mut tx).await.expect("a count");
        assert_eq!(wrong.0, 0, "seed {seed}");
        drop(tx);
        self.trial.checked().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_loses_nothing_and_doubles_nothing() {
    let seed = from_environment("KRAKEN_STORM_SEED", 20_261_121);
    let turns = from_environment("KRAKEN_STORM_TURNS", TURNS);
    eprintln!("KRAKEN_STORM_SEED={seed} KRAKEN_STORM_TURNS={turns}");
    let storm = Storm::start(ACCOUNTS).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let storm = Arc::clone(&storm);
            let draw = Randomness::seeded(seed.wrapping_add(task));
            tokio::spawn(async move { storm.work(&draw, turns, task).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    // Two servers post what was planned, all of it in as many turns as it takes.
    let planned = "select count(*) from scheduled_transactions where transaction_id is null";
    loop {
        let (one, two) = (work::runner(&storm.trial.random), work::runner(&storm.trial.random));
        let (a, b) = tokio::join!(one.run_due(&storm.trial.db), two.run_due(&storm.trial.db));
        assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
        let left: i64 = sqlx::query_scalar(planned).fetch_one(storm.trial.db.pool()).await.expect("a count");
        if left == 0 {
            break;
        }
        storm.trial.wall.set(storm.trial.wall.now() + TimeDelta::minutes(10));
    }
    storm.agree(seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opposite_transfers_never_wait_for_each_other() {
    let storm = Storm::start(1).await;
    for ledger in [0, 1] {
        let id = storm.trial.credit(&storm.known[ledger], 1000).await.expect("credited");
        storm.noted(id, vec![(ledger, 1000)]);
    }
    let tasks: Vec<_> = (0..8usize)
        .map(|task| {
            let storm = Arc::clone(&storm);
            tokio::spawn(async move {
                let (source, target) = (task % 2, (task + 1) % 2);
                for _ in 0..10 {
                    // Four tasks each way take 400 at most of the 1,000.
                    let known = &storm.known;
                    let moved = storm.trial.transfer(&known[source], &known[target], 10).await;
                    storm.noted(moved.expect("moved"), vec![(source, -10), (target, 10)]);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    storm.agree(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_is_cut_off_leaves_the_books_whole() {
    let trial = Arc::new(Trial::start().await);
    let app = App::new(trial.db.clone(), Arc::clone(&trial.auth), files(), host(None));
    let home = trial.home("OCTOPUS_ENERGY").await;
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    kraken_api::domain::auth::staff::add(&mut tx, "clerk@example.org", "Clerk", "-", &["billing"])
        .await
        .expect("staff");
    let token = trial.auth.issue_to(&mut tx, "clerk@example.org").await.expect("issued").expect("a token");
    tx.commit().await.expect("commit");
    let over = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let (app, token, number, over) =
                (Arc::clone(&app), token.clone(), home.number.clone(), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut answered, mut coded) = (Vec::new(), Vec::new());
                for turn in 0.. {
                    let note = format!("{task}-{turn}");
                    match charge(&app, &token, &number, &note).await {
                        None => answered.push(note),
                        Some(code) => {
                            assert_eq!(code, "KT-CT-7899");
                            coded.push(note);
                        }
                    }
                    // Once nobody cuts any more, everything is answered.
                    if over.load(Ordering::SeqCst) && turn >= 20 {
                        break;
                    }
                }
                (answered, coded)
            })
        })
        .collect();
    cut(&trial.db, 25, &AtomicBool::new(false)).await;
    over.store(true, Ordering::SeqCst);
    let (mut answered, mut coded) = (Vec::new(), Vec::new());
    for task in tasks {
        let (one, two) = task.await.expect("task");
        answered.extend(one);
        coded.extend(two);
    }
    assert!(!answered.is_empty() && !coded.is_empty(), "{} answered, {} not", answered.len(), coded.len());
    let all = sqlx::query_as("select note, count(*) from transactions group by 1");
    let all: Vec<(String, i64)> = all.fetch_all(trial.db.pool()).await.expect("notes");
    let all: HashMap<String, i64> = all.into_iter().collect();
    assert!(all.values().all(|times| *times == 1));
    assert!(answered.iter().all(|note| all.contains_key(note)), "what was answered is there");
    assert!(all.keys().all(|note| answered.contains(note) || coded.contains(note)));
    let gross = i64::try_from(all.len()).expect("few") * 105;
    assert_eq!(trial.balance(home.account).await, -gross);
    trial.checked().await;
}

/// Charges by the API, with nobody noting it down; the code of the refusal, if it is one.
async fn charge(app: &Arc<App>, token: &str, number: &str, note: &str) -> Option<String> {
    let query = format!(
        "mutation {{ createAccountCharge(input: {{ accountNumber: \"{number}\", grossAmount: 105,
            reason: \"ADMIN_FEE\", note: \"{note}\" }}) {{ accountCharge {{ id }} }} }}"
    );
    let answer = ask(app, token, &query, json!({})).await;
    codes(&answer).first().map(|code| (*code).to_owned())
}
