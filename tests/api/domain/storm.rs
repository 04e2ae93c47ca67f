//! Many hands on the same few ledgers at once, against books kept in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use kraken_api::api::{App, Origin};
use kraken_api::domain::ledgers::open as ledger_opening;
use kraken_api::domain::ledgers::transfers::{self, NewTransfer, Place, TransferError};
use kraken_api::graphql;
use kraken_api::platform::market;
use sqlx::Connection;

use super::support::*;
use crate::support::server::files;

/// A ledger, and what the model says is on it.
struct Known {
    account: String,
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
            id: row.id,
            name: row.number,
            is_main: row.is_main,
            balance: AtomicI64::new(0),
            count: AtomicI64::new(0),
        };
        rows.into_iter().map(known).collect::<Vec<_>>().try_into().ok().expect("two ledgers")
    }

    /// In a transaction of its own that nobody tries again: a deadlock would show.
    async fn transfer(&self, source: &Known, target: &Known, amount: i64) -> Result<(), TransferError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let new = NewTransfer { source: source.place(), target: target.place(), amount, note: None };
        transfers::create(&mut tx, &staff(), &new).await?;
        Ok(tx.commit().await?)
    }

    async fn credit(&self, onto: &Known, amount: i64, named: bool) -> Result<(), CreditError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let (net, tax) = (amount - amount / 6, amount / 6);
        let ledger = named.then_some(onto.name.as_str());
        let reason = "GOODWILL";
        let account_number = onto.account.as_str();
        let new =
            NewCredit { account_number, ledger, net, tax, gross: amount, reason, ..NewCredit::default() };
        credits::create(&mut tx, &staff(), &new).await?;
        Ok(tx.commit().await?)
    }
}

/// One task's share: what is drawn is done, and what was done goes into the model.
async fn work(trial: &Trial, known: &[Known], draw: &Randomness, turns: u32) {
    let pick = || &known[draw.below(known.len() as u64) as usize];
    for _ in 0..turns {
        let (ledger, other, amount) = (pick(), pick(), 1 + draw.below(900) as i64);
        match draw.below(4) {
            0 => {
                let main =
                    known.iter().find(|k| k.is_main && k.account == ledger.account).expect("a main one");
                trial.charge(&main.account, amount, "ADMIN_FEE").await.expect("charged");
                main.moved(-amount);
            }
            1 => {
                trial.credit(ledger, amount, !ledger.is_main).await.expect("credited");
                ledger.moved(amount);
            }
            _ => match trial.transfer(ledger, other, amount).await {
                Ok(()) => {
                    ledger.moved(-amount);
                    other.moved(amount);
                }
                Err(TransferError::SameLedger) => assert_eq!(ledger.id, other.id),
                Err(TransferError::NothingThere | TransferError::NotEnough) => {}
                Err(error) => panic!("{error}"),
            },
        }
    }
}

async fn agree(trial: &Trial, known: &[Known], seed: u64) {
    let ids: Vec<i64> = known.iter().map(|k| k.id).collect();
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    let rows = ledgers::by_ids(&mut tx, &staff(), &ids).await.expect("ledgers");
    let window = Window::forward(0, 1).counted();
    let pages = transactions::page_of_ledgers(&mut tx, &staff(), &ids, &Filter::default(), &window).await;
    for ((known, row), page) in known.iter().zip(rows).zip(pages.expect("pages")) {
        let balance = row.expect("a ledger").balance.0;
        assert_eq!(balance, known.balance.load(Ordering::SeqCst), "seed {seed}");
        assert_eq!(page.total, Some(known.count.load(Ordering::SeqCst)), "seed {seed}");
        // Nobody charges a wallet, and a transfer takes no more than is there.
        assert!(known.is_main || balance >= 0, "seed {seed}: {balance}");
    }
    drop(tx);
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_books_agree_with_a_model_whoever_posts_at_once() {
    let seed = 20_261_121;
    eprintln!("seed {seed}");
    let trial = Arc::new(Trial::start().await);
    let known: Arc<Vec<Known>> = Arc::new(trial.pair().await.into_iter().chain(trial.pair().await).collect());
    let tasks: Vec<_> = (0..6u64)
        .map(|task| {
            let (trial, known) = (Arc::clone(&trial), Arc::clone(&known));
            tokio::spawn(async move { work(&trial, &known, &Randomness::seeded(seed + task), 25).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    agree(&trial, &known, seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn opposite_transfers_never_wait_for_each_other() {
    let trial = Arc::new(Trial::start().await);
    let known: Arc<Vec<Known>> = Arc::new(trial.pair().await.into_iter().collect());
    for ledger in known.iter() {
        trial.credit(ledger, 1000, true).await.expect("credited");
        ledger.moved(1000);
    }
    let tasks: Vec<_> = (0..8usize)
        .map(|task| {
            let (trial, known) = (Arc::clone(&trial), Arc::clone(&known));
            tokio::spawn(async move {
                let (source, target) = (&known[task % 2], &known[(task + 1) % 2]);
                for _ in 0..10 {
                    // Four tasks each way take 400 at most of the 1,000.
                    trial.transfer(source, target, 10).await.expect("moved");
                    source.moved(-10);
                    target.moved(10);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    agree(&trial, &known, 0).await;
}

/// Ends connections that are in the midst of something, so many of them.
async fn cut(trial: &Trial, times: u32) {
    let options = trial.db.pool().connect_options().as_ref().clone().application_name("cutter");
    let mut cutter = sqlx::PgConnection::connect_with(&options).await.expect("a connection");
    let cut = "select coalesce(bool_or(pg_terminate_backend(pid)), false) from (
        select pid from pg_stat_activity where datname = current_database() and application_name = 'kraken-api'
            and state in ('active', 'idle in transaction') order by random() limit 1) busy";
    let mut left = times;
    while left > 0 {
        let (hit,): (bool,) = sqlx::query_as(cut).fetch_one(&mut cutter).await.expect("a cut");
        left -= u32::from(hit);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_is_cut_off_leaves_the_books_whole() {
    let trial = Arc::new(Trial::start().await);
    let app = App::new(trial.db.clone(), Arc::clone(&trial.auth), files(), None).expect("the API");
    let home = trial.home("OCTOPUS_ENERGY").await;
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    kraken_api::domain::auth::staff::add(&mut tx, "clerk@example.org", "Clerk", "-", &["billing"])
        .await
        .expect("staff");
    let token = trial.auth.issue_to(&mut tx, "clerk@example.org").await.expect("issued").expect("a token");
    tx.commit().await.expect("commit");
    let over = Arc::new(std::sync::atomic::AtomicBool::new(false));
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
    cut(&trial, 25).await;
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
    let request = graphql::Request { query, ..graphql::Request::default() };
    let answer =
        app.execute(request, Origin { authorization: Some(token), client: None }).await.expect("an answer");
    let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
    let error = body.get("errors")?.get(0)?;
    Some(error["extensions"]["errorCode"].as_str().expect("a code").to_owned())
}
