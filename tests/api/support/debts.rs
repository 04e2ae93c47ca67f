//! Owing, paying, and letting time go by.

use chrono::Days;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::payments::{self, Movement};
use serde_json::json;

use super::server::beginning;
use super::world::PASSWORD;
use super::{Server, World};

/// Days after which what is posted today is dunned in Great Britain: terms of 14 days, 7 of grace, and one more.
pub const LATE: u64 = 22;

/// The day so many days after the beginning.
pub fn day(after: u64) -> String {
    (beginning().date_naive() + Days::new(after)).to_string()
}

impl Server {
    /// Moves on to so many days after the beginning, and answers a fresh session of staff.
    pub async fn on_day(&self, days: u64) -> String {
        self.wall.set(beginning() + Days::new(days));
        self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
    }

    /// Charges an account for energy, tax on top.
    pub async fn owe(&self, account: i64, net: i64) {
        let mut tx = self.tx().await;
        let new =
            SupplyCharge { supply: "electricity", title: "Energy", net, is_export: false, ledger_type: None };
        charges::for_supply(&mut tx, account, &new).await.expect("charged");
        tx.commit().await.expect("committed");
    }

    /// Has an account pay.
    pub async fn pay(&self, account: i64, amount: i64) {
        let mut tx = self.tx().await;
        let movement =
            Movement { amount, title: "Transfer", payment_type: "BACS_DEPOSIT", ledger_type: None };
        payments::record(&mut tx, account, &movement).await.expect("paid");
        tx.commit().await.expect("committed");
    }

    /// Ada owes 50.00 and 2.50 of tax, that is overdue, and she has been reminded.
    pub async fn overdue(&self) -> (World, String) {
        let world = self.world().await;
        self.owe(world.ada.account_id, 5000).await;
        let staff = self.on_day(LATE).await;
        self.work_off().await;
        (world, staff)
    }
}
