//! The books: what is posted, by how many at once, and whether the check would notice.

use super::support::*;

async fn shown(trial: &Trial, id: i64) -> Transaction {
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    transactions::by_ids(&mut tx, &staff(), &[id]).await.expect("found").remove(0).expect("shown")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_stays_posted() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    let made = trial.charge(&home.number, 1050, "ADMIN_FEE").await.expect("charged");
    assert_eq!(
        (made.split.net, made.split.tax, shown(&trial, made.id).await.balance_carried_forward),
        (Minor(1000), Minor(50), Minor(-1050))
    );
    for (sql, constraint) in [
        ("update postings set amount = amount + 1", "postings_append_only"),
        ("delete from postings", "postings_append_only"),
        ("truncate postings cascade", "postings_append_only"),
        ("update journal_entries set kind = 'credit'", "journal_entries_append_only"),
        ("delete from journal_entries", "journal_entries_append_only"),
        ("update transactions set amount = 1, net_amount = 1, tax_amount = 0", "transactions_append_only"),
        ("delete from transactions", "transactions_append_only"),
    ] {
        let error = trial.db.pool().execute(sql).await.expect_err(sql);
        let found = violated(&error).unwrap_or_default().to_owned();
        assert!(found == constraint || sql.starts_with("truncate"), "{sql}: {error}");
    }
    trial.db.pool().execute("update transactions set is_issued = true").await.expect("issuing is allowed");
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_does_not_balance_is_refused() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    trial.charge(&home.number, 1050, "ADMIN_FEE").await.expect("charged");
    let entry = "insert into journal_entries (kind, currency, posted_date, created_at)
        values ('transfer', 'GBP', current_date, now()) returning id";
    for legs in [vec![], vec![5], vec![5, -4]] {
        let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
        let (id,): (i64,) = sqlx::query_as(entry).fetch_one(&mut tx).await.expect("entry");
        for (place, amount) in legs.iter().enumerate() {
            sqlx::query("insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
                select id, 1000, $1, 'GBP', $2, 0 from ledger_accounts where currency = 'GBP' order by id offset $3 limit 1")
                .bind(id).bind(i64::from(*amount)).bind(place as i64).execute(&mut tx).await.expect("leg");
        }
        let error = tx.commit().await.expect_err("unbalanced");
        assert_eq!(violated(&error), Some("postings_sum_to_zero"));
    }
    let mixed = "insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
        select l.id, 1, e.id, 'GBP', 1, 1 from ledger_accounts l, journal_entries e where l.currency = 'JPY' limit 1";
    assert!(trial.db.pool().execute(mixed).await.is_err());
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_lose_nothing() {
    let trial = Arc::new(Trial::start().await);
    let home = Arc::new(trial.home("OCTOPUS_ENERGY").await);
    let begun = std::time::Instant::now();
    let tasks: Vec<_> = (0..16i64)
        .map(|task| {
            let (trial, home) = (Arc::clone(&trial), Arc::clone(&home));
            tokio::spawn(async move {
                for turn in 0..10 {
                    trial.charge(&home.number, 100 + task + turn, "ADMIN_FEE").await.expect("charged");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("task");
    }
    eprintln!("160 charges by 16 tasks on one account: {:?}", begun.elapsed());
    let sum: i64 = (0..16).flat_map(|task| (0..10).map(move |turn| 100 + task + turn)).sum();
    assert_eq!(trial.balance(home.account).await, -sum);
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_and_credits_say_what_is_wrong() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    let n = home.number.as_str();
    assert!(matches!(trial.charge(n, 0, "ADMIN_FEE").await, Err(HandError::Amount(_))));
    assert!(matches!(trial.charge(n, -5, "ADMIN_FEE").await, Err(HandError::Amount(_))));
    assert!(matches!(trial.charge(n, 1 << 31, "ADMIN_FEE").await, Err(HandError::Amount(_))));
    assert!(matches!(trial.charge(n, 5, "NO_SUCH").await, Err(HandError::UnknownReason)));
    assert!(matches!(trial.charge(n, 5, "PAPER_BILL_FEE").await, Err(HandError::DeprecatedReason)));
    assert!(matches!(trial.charge("A-00000000", 5, "ADMIN_FEE").await, Err(HandError::UnknownAccount)));
    // The balance itself must fit as well.
    trial.charge(n, i64::from(i32::MAX), "LATE_PAYMENT_FEE").await.expect("charged");
    assert!(matches!(trial.charge(n, 2, "LATE_PAYMENT_FEE").await, Err(HandError::Balance)));

    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let credit = |net, tax, gross| NewCredit {
        account_number: n,
        net,
        tax,
        gross,
        reason: "EXTERNAL_REFERRAL_CREDIT",
        ..NewCredit::default()
    };
    let user = Viewer::customer(home.user);
    assert!(matches!(credits::create(&mut tx, &user, &credit(5, 1, 6)).await, Err(HandError::Forbidden)));
    assert!(matches!(
        credits::create(&mut tx, &staff(), &credit(5, 1, 7)).await,
        Err(HandError::DoesNotAddUp)
    ));
    let meta: serde_json::Value =
        serde_json::from_str(r#"{"b":1.10,"a":[12345678901234567890]}"#).expect("json");
    let made = NewCredit { metadata: Some(&meta), ..credit(100, 20, 120) };
    let made = credits::create(&mut tx, &staff(), &made).await.expect("credited");
    assert_eq!(
        made.metadata.map(|m| m.to_string()).as_deref(),
        Some(r#"{"b":1.10,"a":[12345678901234567890]}"#)
    );
    let seen = transactions::by_ids(&mut tx, &staff(), &[made.id]).await.expect("found").remove(0);
    assert_eq!(seen.expect("shown").balance_carried_forward, Minor(120 - i64::from(i32::MAX)));
    tx.commit().await.expect("commit");
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_refunds_keep_the_identity() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY_GERMANY").await;
    trial.charge(&home.number, 11900, "ADMIN_FEE").await.expect("charged");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let movement =
        Movement { amount: 20000, title: "SEPA", payment_type: "DD_REGULAR_COLLECTION", ledger_type: None };
    let paid = payments::record(&mut tx, home.account, &movement).await.expect("paid");
    payments::refund(&mut tx, home.account, &Movement { amount: 100, ..movement.clone() })
        .await
        .expect("refunded");
    let gas = Movement { ledger_type: Some("GAS_LEDGER"), ..movement };
    assert!(payments::record(&mut tx, home.account, &gas).await.is_err());
    let row = transactions::by_ids(&mut tx, &staff(), &[paid]).await.expect("rows").remove(0).expect("there");
    assert_eq!((row.amounts().net, row.amounts().gross, row.amount), (Minor(20000), Minor(0), Minor(20000)));
    tx.commit().await.expect("commit");
    assert_eq!(trial.balance(home.account).await, 20000 - 11900 - 100);
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_finds_what_was_tampered_with() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    for gross in [500, 700] {
        trial.charge(&home.number, gross, "LATE_PAYMENT_FEE").await.expect("charged");
    }
    let broken = async |sql: &str| {
        let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
        for step in [
            "alter table postings disable trigger user",
            "alter table transactions disable trigger user",
            sql,
        ] {
            (&mut tx).execute(step).await.expect(step);
        }
        let found = check::run(&mut tx).await.expect("checked");
        found.into_iter().filter(|finding| finding.broken > 0).map(|finding| finding.rule).collect::<Vec<_>>()
    };
    let of_customer = "where ledger_account_id in (select id from ledgers)";
    let changed =
        broken(&format!("update postings set amount = amount - 1 {of_customer} and sequence = 1")).await;
    for word in ["sums to zero", "equals its postings", "carried forward", "says what was posted"] {
        assert!(changed.iter().any(|rule| rule.contains(word)), "{word}: {changed:?}");
    }
    let balance = broken(&format!("update ledger_balances set balance = balance + 1 {of_customer}")).await;
    assert_eq!(balance, ["every balance equals its postings"]);
    let shown = broken("delete from transactions where sequence = 2").await;
    assert_eq!(shown, ["every posting on a customer's ledger is shown as a transaction"]);
    trial.checked().await;
}

/// Draws operations at random and keeps the same books in memory.
#[tokio::test(flavor = "multi_thread")]
async fn the_books_agree_with_a_model() {
    let trial = Trial::start().await;
    let seed = 20_261_121;
    let draw = Randomness::seeded(seed);
    let brands = ["OCTOPUS_ENERGY", "OCTOPUS_ENERGY_GERMANY", "TG_OCTOPUS_ENERGY"];
    let mut homes = Vec::new();
    for brand in brands {
        homes.push((trial.home(brand).await, 0i64, 0i64));
    }
    for _ in 0..150 {
        let place = draw.below(homes.len() as u64) as usize;
        let (home, balance, count) = &mut homes[place];
        let amount = draw.below(5000) as i64 - 500;
        let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
        let movement = Movement { amount, title: "Payment", payment_type: "CREDIT_CARD", ledger_type: None };
        let (effect, done) = match draw.below(4) {
            0 => (amount, payments::record(&mut tx, home.account, &movement).await.is_ok()),
            1 => (-amount, payments::refund(&mut tx, home.account, &movement).await.is_ok()),
            2 => {
                let (account_number, reason) = (home.number.as_str(), "ADMIN_FEE");
                let new = NewCharge {
                    account_number,
                    gross: amount,
                    reason,
                    note: None,
                    display_note: None,
                    metadata: None,
                };
                (-amount, charges::create(&mut tx, &staff(), &new).await.is_ok())
            }
            _ => {
                let (account_number, reason) = (home.number.as_str(), "EXTERNAL_REFERRAL_CREDIT");
                let (net, tax) = (amount - amount / 5, amount / 5);
                let new =
                    NewCredit { account_number, net, tax, gross: amount, reason, ..NewCredit::default() };
                (amount, credits::create(&mut tx, &staff(), &new).await.is_ok())
            }
        };
        assert_eq!(done, amount > 0, "seed {seed}");
        // Some of it is thought better of.
        if !done || draw.below(5) == 0 {
            tx.rollback().await.expect("rolled back");
        } else {
            tx.commit().await.expect("committed");
            *balance += effect;
            *count += 1;
        }
    }
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    let ids: Vec<i64> = homes.iter().map(|(home, ..)| home.account).collect();
    let money = balances::of_accounts(&mut tx, &staff(), &ids, false).await.expect("balances");
    let window = Window::forward(0, 1).counted();
    let pages = transaction_lists::pages::<Transaction>(
        &mut tx,
        &staff(),
        Below::Accounts,
        &ids,
        &Filter::default(),
        &window,
    )
    .await;
    for ((page, money), (_, balance, count)) in pages.expect("pages").iter().zip(money).zip(&homes) {
        assert_eq!((money.0, page.total), (*balance, Some(*count)), "seed {seed}");
        assert_eq!(page.rows[0].balance_carried_forward, money, "seed {seed}");
    }
    drop(tx);
    trial.checked().await;
}
