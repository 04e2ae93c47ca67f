//! Undoing transactions and writing off debts: what no request can do.

use kraken_api::domain::ledgers::reversals::{self, ReversalError};
use kraken_api::domain::ledgers::transactions::Transaction;
use kraken_api::domain::ledgers::write_offs::{self, WriteOffError};

use super::support::*;

impl Trial {
    async fn undo(&self, transaction: i64) -> Result<Vec<i64>, ReversalError> {
        let stats = Stats::new();
        self.db
            .writing(soon(), &stats, &transaction, |tx, id| {
                Box::pin(reversals::reverse(tx, *id, Some("a mistake")))
            })
            .await
    }

    async fn written_off(&self, ledger: &str, amount: Option<i64>) -> Result<i64, WriteOffError> {
        let mut tx = self.db.write(soon(), &Stats::new()).await?;
        let id = write_offs::write_off(&mut tx, ledger, amount, Some("moved away")).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The main ledger's number and transactions, the oldest first.
    async fn main(&self, account: i64) -> (String, Vec<Transaction>) {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        let which = ledgers::Which::default();
        let of = ledgers::of_accounts(&mut tx, &staff(), &[account], &which).await.expect("ledgers");
        let filter = Filter { order: Order::PostedDateAsc, ..Filter::default() };
        let window = Window::forward(0, 100);
        let mut pages = transaction_lists::pages::<Transaction>(
            &mut tx,
            &staff(),
            Below::Accounts,
            &[account],
            &filter,
            &window,
        )
        .await
        .expect("pages");
        (of[0][0].number.clone(), pages.remove(0).rows)
    }

    async fn has_write_offs(&self, account: i64) -> bool {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        write_offs::on_accounts(&mut tx, &staff(), &[account]).await.expect("asked")[0]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_is_a_new_transaction_that_takes_back_the_whole_of_one() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    let fee = trial.charge(&home.number, 1050, "ADMIN_FEE").await.expect("charged");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let movement = Movement {
        amount: 700,
        title: "Direct debit",
        payment_type: "DD_REGULAR_COLLECTION",
        ledger_type: None,
    };
    let paid = payments::record(&mut tx, home.account, &movement).await.expect("paid");
    tx.commit().await.expect("commit");
    let undone = trial.undo(fee.id).await.expect("undone");
    trial.undo(paid).await.expect("bounced");
    let (_, rows) = trial.main(home.account).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.kind.as_str(), row.amount.0, row.balance_carried_forward.0, row.is_reversed))
        .collect();
    assert_eq!(
        shown,
        [
            ("charge", 1050, -1050, true),
            ("payment", 700, -350, true),
            ("charge", -1050, 700, false),
            ("payment", -700, 0, false)
        ]
    );
    let back = &rows[2];
    assert_eq!((back.id, back.net_amount, back.tax_amount), (undone[0], Minor(-1000), Minor(-50)));
    assert_eq!(
        (back.title.as_str(), back.note.as_deref()),
        ("Reversal: Administration fee", Some("a mistake"))
    );
    assert_eq!(back.reason_code.as_deref(), Some(fee.reason.as_str()));
    assert_eq!(rows[3].payment_type.as_deref(), Some("DD_REGULAR_COLLECTION"));
    assert!(matches!(trial.undo(fee.id).await, Err(ReversalError::Already)));
    assert!(matches!(trial.undo(undone[0]).await, Err(ReversalError::IsReversal)));
    assert!(matches!(trial.undo(1).await, Err(ReversalError::Unknown)));
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_undo_the_same_one_succeeds() {
    let trial = Arc::new(Trial::start().await);
    let home = trial.home("OCTOPUS_ENERGY").await;
    let fee = trial.charge(&home.number, 500, "LATE_PAYMENT_FEE").await.expect("charged");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let trial = Arc::clone(&trial);
            tokio::spawn(async move { trial.undo(fee.id).await })
        })
        .collect();
    let mut succeeded = 0;
    for task in tasks {
        match task.await.expect("task") {
            Ok(_) => succeeded += 1,
            Err(ReversalError::Already) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(succeeded, 1);
    assert_eq!(trial.balance(home.account).await, 0);
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_is_written_off_no_further_than_it_goes_and_comes_back_with_a_reversal() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.charge(&home.number, 900, "LATE_PAYMENT_FEE").await.expect("charged");
    let (ledger, _) = trial.main(home.account).await;
    assert!(matches!(trial.written_off(&ledger, Some(0)).await, Err(WriteOffError::Amount(_))));
    assert!(matches!(trial.written_off(&ledger, Some(901)).await, Err(WriteOffError::NotAsMuch)));
    assert!(matches!(trial.written_off("L-00000000", None).await, Err(WriteOffError::NoLedger)));
    assert!(!trial.has_write_offs(home.account).await);
    trial.written_off(&ledger, Some(400)).await.expect("written off");
    let rest = trial.written_off(&ledger, None).await.expect("written off");
    assert!(matches!(trial.written_off(&ledger, None).await, Err(WriteOffError::NothingOwed)));
    let (_, rows) = trial.main(home.account).await;
    let last = rows.last().expect("a credit");
    assert_eq!((last.id, last.kind.as_str(), last.amount), (rest, "credit", Minor(500)));
    assert_eq!((last.title.as_str(), last.balance_carried_forward), ("Debt written off", Minor(0)));
    let lost: i64 = sqlx::query_scalar(
        "select sum(b.balance)::bigint from ledger_balances b join ledger_accounts s on s.id = b.ledger_account_id
            where s.book = 'bad-debts'",
    )
    .fetch_one(trial.db.pool())
    .await
    .expect("a sum");
    assert_eq!(lost, -900);
    trial.undo(rest).await.expect("undone");
    assert!(trial.has_write_offs(home.account).await, "some of it still is");
    trial.undo(rows[1].id).await.expect("undone");
    assert!(!trial.has_write_offs(home.account).await);
    assert_eq!(trial.balance(home.account).await, -900);
    trial.checked().await;
}
