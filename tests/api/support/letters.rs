//! What the server wrote to people, and the settings that its operator changes.

use std::sync::Arc;

use kraken_api::domain::auth::settings::{self, Settings};
use kraken_api::domain::work;
use sqlx::Row;

use super::Server;

/// A message as it was written.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Letter {
    pub channel: String,
    pub recipient: String,
    pub body: String,
    pub confidential: bool,
}

impl Server {
    /// Does every job that is due.
    pub async fn work_off(&self) {
        let storage = Arc::clone(&self.app.files().storage);
        for runner in [work::runner(&self.random), work::billing(storage)] {
            runner.run_due(&self.database).await.expect("the jobs are done");
        }
    }

    /// The messages of a kind, the oldest first.
    pub async fn letters(&self, template: &str) -> Vec<Letter> {
        self.work_off().await;
        let all = sqlx::query_as(
            "select channel, recipient, body, confidential from messages where template = $1 order by id",
        );
        all.bind(template).fetch_all(self.database.pool()).await.expect("messages")
    }

    /// Changes what the installation demands of those who come in.
    pub async fn demand(&self, apply: impl FnOnce(&mut Settings) + Send) {
        let mut tx = self.tx().await;
        settings::change(&mut tx, apply).await.expect("changed");
        tx.commit().await.expect("committed");
    }

    /// The tables in which `secret` stands anywhere, in the clear.
    pub async fn tables_with(&self, secret: &str) -> Vec<String> {
        let tables = sqlx::query(
            "select quote_ident(tablename) from pg_tables where schemaname = 'public' order by 1",
        );
        let tables = tables.fetch_all(self.database.pool()).await.expect("the tables");
        let mut found = Vec::new();
        for table in tables {
            let name: String = table.get(0);
            let count = format!("select count(*) from {name} t where t::text like '%' || $1 || '%'");
            let row =
                sqlx::query(&count).bind(secret).fetch_one(self.database.pool()).await.expect("a count");
            if row.get::<i64, _>(0) > 0 {
                found.push(name);
            }
        }
        found
    }

    /// Runs SQL that no use case would.
    pub async fn tamper(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(self.database.pool()).await.expect("tampered");
    }
}
