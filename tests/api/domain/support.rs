//! A database for each trial, and the steps that most of them begin with.

pub use std::sync::Arc;
pub use std::time::Duration;

pub use chrono::TimeDelta;
pub use kraken_api::domain::accounts::{NewAccount, NewUser, accounts, open, portfolios, roles, users};
pub use kraken_api::domain::auth::subjects::{self, Subject};
pub use kraken_api::domain::auth::{
    Auth, Credentials, Issuer, LoginError, TokenError, Viewer, api_keys, keys, logins, organisations,
};
pub use kraken_api::domain::communications::messages::{self, Channel, NewMessage};
pub use kraken_api::domain::communications::simulator::Simulator;
pub use kraken_api::domain::communications::{events, post};
pub use kraken_api::domain::ledgers::HandError;
pub use kraken_api::domain::ledgers::by_hand::Posted;
pub use kraken_api::domain::ledgers::charges::{self, NewCharge};
pub use kraken_api::domain::ledgers::credits::{self, NewCredit};
pub use kraken_api::domain::ledgers::payments::{self, Movement};
pub use kraken_api::domain::ledgers::transaction_lists::{self, Below};
pub use kraken_api::domain::ledgers::{Filter, Order, Transaction, balances, ledgers, transactions};
pub use kraken_api::domain::work;
pub use kraken_api::domain::{check, demo};
pub use kraken_api::platform::clock::{self, ClockError, Deadline, WallClock};
pub use kraken_api::platform::db::{Database, Stats, Tx, violated};
pub use kraken_api::platform::jobs::{self, JobError, Runner};
pub use kraken_api::platform::money::Minor;
pub use kraken_api::platform::page::Window;
pub use kraken_api::platform::random::Randomness;
pub use kraken_api::platform::sealing::Sealer;

pub use sqlx::Executor;

use crate::support::database::{self, Fresh};
use crate::support::server::beginning;

pub struct Trial {
    pub db: Database,
    pub auth: Arc<Auth>,
    pub random: Randomness,
    pub wall: WallClock,
    _held: Fresh,
}

pub fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

impl Trial {
    /// A fresh database with the wall clock standing still.
    pub async fn start() -> Self {
        let wall = WallClock::fixed(beginning());
        let held = database::fresh().await;
        let db = Database::connect(&held.url, 20, wall.clone()).await.expect("connected");
        let db = db.sealed_by(Sealer::new(&[7; 32], Randomness::seeded(8)));
        let random = Randomness::seeded(7);
        let issuer = Issuer {
            url: "https://api.test/v1/graphql/".into(),
            jwks_url: "https://auth.test/jwks.json".into(),
        };
        let auth = Auth::new(issuer, random.clone(), 2);
        Self { db, auth, random, wall, _held: held }
    }
}

pub fn staff() -> Viewer {
    Viewer::Staff { id: 1, roles: vec!["admin".into()], permissions: vec!["post-transactions".into()] }
}

pub struct Home {
    pub account: i64,
    pub number: String,
    pub user: i64,
    pub portfolio: i64,
}

impl Trial {
    pub async fn home(&self, brand: &str) -> Home {
        let mut tx = self.db.write(soon(), &Stats::new()).await.expect("tx");
        let user = open::user(&mut tx, &self.random, &NewUser { given_name: "Kim", ..NewUser::default() })
            .await
            .expect("user");
        let portfolio = open::portfolio(&mut tx, &self.random, brand, "Kim").await.expect("portfolio");
        let new =
            NewAccount { brand, account_type: "DOMESTIC", billing_name: "Kim", ..NewAccount::default() };
        let opened = open::account(&mut tx, &self.random, portfolio, &new).await.expect("account");
        roles::give_on_account(&mut tx, opened.id, user, roles::ACCOUNT_OWNER).await.expect("role");
        tx.commit().await.expect("commit");
        Home { account: opened.id, number: opened.number, user, portfolio }
    }

    pub async fn charge(&self, number: &str, gross: i64, reason: &str) -> Result<Posted, HandError> {
        let (stats, viewer) = (Stats::new(), staff());
        let new = NewCharge {
            account_number: number,
            gross,
            reason,
            note: None,
            display_note: None,
            metadata: None,
        };
        self.db
            .writing(soon(), &stats, &(viewer, new), |tx, (viewer, new)| {
                Box::pin(charges::create(tx, viewer, new))
            })
            .await
    }

    pub async fn balance(&self, account: i64) -> i64 {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        balances::of_accounts(&mut tx, &staff(), &[account], false).await.expect("balance")[0].0
    }

    pub async fn checked(&self) {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        for finding in check::run(&mut tx).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}
