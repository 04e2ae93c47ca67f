//! What is written to customers, how they want to be reached, and their calls.

mod calls;
mod conversations;
mod devices;
mod forms;
mod letters;
mod opt_ins;
mod triggers;
mod uploads;
mod verification;

use kraken_api::domain::communications::messages::{self, NewLetter};

use crate::support::Server;
use crate::support::world::Customer;

impl Server {
    /// Writes a letter about a customer's account and has the post house take it. Answers its row id.
    pub async fn writes_to(&self, customer: &Customer, template: &str, to: &str) -> i64 {
        let mut tx = self.tx().await;
        let letter = NewLetter {
            template,
            account: customer.account_id,
            to,
            subject: "A letter",
            text: "Dear customer",
            enclosure: "bills/77/bill.pdf",
        };
        let id = messages::send_letter(&mut tx, &letter).await.expect("written");
        tx.commit().await.expect("committed");
        self.calm().await;
        id
    }

    /// Does every job that is due, with a post house that always has time.
    pub async fn calm(&self) {
        use kraken_api::domain::communications::simulator::Simulator;
        let house = Simulator::moody(self.random.clone(), 0);
        let runner = kraken_api::domain::work::runner_with(&self.random, std::sync::Arc::new(house));
        runner.run_due(&self.database).await.expect("worked off");
    }

    /// The last text that a kind of message had.
    pub async fn last_text(&self, template: &str) -> String {
        let text = "select body from messages where template = $1 order by id desc limit 1";
        let (text,) =
            sqlx::query_as(text).bind(template).fetch_one(self.database.pool()).await.expect("a text");
        text
    }

    /// The token in the last message of a kind: its longest word.
    pub async fn token_mailed(&self, template: &str) -> String {
        let text = self.last_text(template).await;
        let longest = text.split_whitespace().max_by_key(|word| word.len());
        longest.expect("a word").to_owned()
    }
}
