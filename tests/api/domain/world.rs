//! The schema, the clock and the demo world.

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_fits_the_schema() {
    let trial = Trial::start().await;
    let found = trial.db.mismatched_statements().await.expect("prepared");
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn business_time_is_moved_forward_and_only_in_a_demo() {
    let trial = Trial::start().await;
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    assert!(matches!(clock::advance(&mut tx, TimeDelta::days(1)).await, Err(ClockError::NotDemo)));
    drop(tx);
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    assert!(matches!(clock::advance(&mut tx, TimeDelta::days(-1)).await, Err(ClockError::Backwards)));
    let start = trial.wall.now() - TimeDelta::days(40);
    clock::enter_demo(&mut tx, start).await.expect("demo");
    assert_eq!(clock::advance(&mut tx, TimeDelta::days(3)).await.expect("moved"), start + TimeDelta::days(3));
    tx.commit().await.expect("commit");
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    assert_eq!(tx.business_now().await.expect("now"), start + TimeDelta::days(3));
    drop(tx);
    assert!(
        trial.db.pool().execute("update platform_clock set offset_micros = offset_micros - 1").await.is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_world_stands_once_and_its_books_are_right() {
    let trial = Trial::start().await;
    let begun = std::time::Instant::now();
    let made = demo::make(&trial.db, &trial.auth, &trial.random).await.expect("made").expect("first");
    eprintln!("demo world: {:?}", begun.elapsed());
    assert!(demo::make(&trial.db, &trial.auth, &trial.random).await.expect("asked").is_none());
    trial.checked().await;
    is_varied(&trial, &made.accounts).await;
    let stats = Stats::new();
    let mut tx = trial.db.snapshot(soon(), &stats).await.expect("tx");
    assert_eq!(tx.business_now().await.expect("now"), trial.wall.now());
    let number = &made.customer.account_numbers[0];
    let account = accounts::by_number(&mut tx, &staff(), number).await.expect("account").expect("there");
    let window = Window::forward(0, 100).counted();
    let page = transaction_lists::pages::<Transaction>(
        &mut tx,
        &staff(),
        Below::Accounts,
        &[account.id],
        &Filter::default(),
        &window,
    )
    .await
    .expect("page")
    .remove(0);
    assert!(page.total.is_some_and(|total| total > 70), "{:?}", page.total);
    let channels = [Channel::Email, Channel::Sms];
    let sent =
        events::of_accounts(&mut tx, &staff(), &[account.id], &channels, &window).await.expect("events");
    let kinds: Vec<&str> = sent[0].rows.iter().map(|sent| sent.template.as_str()).collect();
    assert_eq!(kinds, ["referral-reward", "welcome"]);
    assert!(sent[0].rows[1].sent_at < trial.wall.now() - TimeDelta::days(700), "told under the moved clock");
    let newest = page.rows.first().expect("rows").balance_carried_forward;
    assert_eq!(balances::of_accounts(&mut tx, &staff(), &[account.id], false).await.expect("b")[0], newest);
    for account in &made.accounts {
        let row =
            accounts::by_number(&mut tx, &staff(), &account.number).await.expect("account").expect("there");
        let balance = balances::of_accounts(&mut tx, &staff(), &[row.id], false).await.expect("b")[0];
        eprintln!("{} {} {:>8} {}", account.market, account.number, balance.0, account.holder);
    }
    drop(tx);
    work::runner(&trial.random).run_due(&trial.db).await.expect("what was delivered is not delivered again");
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    // Those who owe are told as soon as there is a server; everything else had been delivered before.
    let posted = messages::newest(&mut tx, None, 100).await.expect("messages");
    let (reminders, posted): (Vec<_>, Vec<_>) =
        posted.into_iter().partition(|message| message.created_at == trial.wall.now());
    assert!(reminders.iter().any(|message| message.template == "dunning"));
    let others = reminders.iter().find(|told| !["dunning", "payment-slip"].contains(&told.template.as_str()));
    assert!(others.is_none(), "{others:?}");
    let open: Vec<_> = posted.iter().filter(|message| message.status != "delivered").collect();
    assert!(open.is_empty(), "{open:?}");
    let told: Vec<i64> = posted.iter().map(|message| message.id).collect();
    let events = sqlx::query_as("select count(*) from message_events where message_id = any($1)");
    let (events,): (i64,) = events.bind(told).fetch_one(&mut tx).await.expect("a count");
    assert_eq!(events, 3 * i64::try_from(posted.len()).expect("few"));
    drop(tx);
    let login =
        Credentials::Password { email: made.staff.email, password: made.staff.password, captcha: None };
    let obtained = trial.auth.obtain(&trial.db, soon(), &Stats::new(), &login).await.expect("logged in");
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    assert!(
        trial.auth.authenticate(&mut tx, &obtained.token).await.expect("known").0.may("post-transactions")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_past_the_deadline_or_for_a_full_pool() {
    let trial = Trial::start().await;
    let short = Deadline::after(Duration::from_millis(200));
    let mut tx = trial.db.snapshot(short, &Stats::new()).await.expect("tx");
    let begun = std::time::Instant::now();
    assert!((&mut tx).execute("select pg_sleep(5)").await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(1));
    drop(tx);
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(trial.db.snapshot(soon(), &Stats::new()).await.expect("tx"));
    }
    let begun = std::time::Instant::now();
    assert!(matches!(trial.db.snapshot(soon(), &Stats::new()).await, Err(sqlx::Error::PoolTimedOut)));
    assert!(begun.elapsed() < Duration::from_secs(1));
    let mut tx = held.pop().expect("one");
    assert!((&mut tx).execute("update platform_clock set demo_mode = true").await.is_err(), "it only reads");
}

/// What there is to be found among the customers of the demo world, and how often at least.
const VARIETY: &[(&str, i64)] = &[
    ("select count(distinct kind) from supply_processes where status = 'COMPLETED'", 4),
    ("select count(distinct kind) from supply_processes where ended_at is null", 4),
    ("select count(*) from supply_process_points where stage = 'REGISTERED'", 1),
    ("select count(distinct market) from contracts where account_id is not null", 5),
    ("select count(*) from contracts where business_id is not null", 2),
    ("select count(*) from contract_versions where version > 1", 1),
    ("select count(distinct brand) from leads", 5),
    ("select count(*) from quote_requests", 2),
    ("select count(*) from quote_requests where accepted_at is not null", 1),
    ("select count(distinct s.code) from opportunities o join sales_stages s on s.id = o.stage_id", 4),
    ("select count(*) from leads where account_id is not null", 1),
    ("select count(distinct scheme) from loyalty_cards where status = 'ACTIVE'", 2),
    ("select count(distinct holder) from (select string_agg(r.user_id::text, ',' order by r.user_id) as holder
        from account_user_roles r group by r.account_id) as held", 50),
    ("select count(distinct market) from accounts", 5),
    ("select count(*) from (select account_id from account_user_roles group by account_id
        having count(*) > 1) as joint", 4),
    ("select count(*) from (select portfolio_id from accounts join business_portfolios using (portfolio_id)
        group by portfolio_id having count(*) > 1) as several", 2),
    ("select count(distinct market) from accounts where account_type = 'BUSINESS'", 5),
    ("select count(distinct account_id) from detail_changes where field like 'billingAddress%' or field like '%ddress%'", 4),
    ("select count(*) from processes where kind = 'dunning' and ended_at is null", 3),
    ("select count(*) from processes p join process_pauses s on s.process_id = p.id
        where p.kind = 'dunning' and p.ended_at is null", 2),
    ("select count(*) from processes where kind = 'dunning' and ended_at is not null", 5),
    ("select count(distinct account_id) from contribution_agreements", 5),
    ("select count(*) from journal_entries where kind = 'transfer'", 1),
    ("select count(*) from journal_entries where kind = 'reversal'", 3),
    ("select count(*) from journal_entries where kind = 'write_off'", 2),
    ("select count(distinct stop_reason) from debt_proceedings", 2),
    ("select count(*) from transactions where kind = 'refund'", 2),
    ("select count(distinct status) from accounts", 6),
    ("select count(*) from accounts where document_accessibility is not null", 3),
    ("select count(*) from account_reminders", 5),
    ("select count(*) from billing_documents where status = 'ISSUED'", 400),
    ("select (max(created_at)::date - min(created_at)::date) from accounts", 650),
    ("select count(*) from properties", 52),
    ("select count(distinct market_name) from supply_points", 9),
    ("select count(*) from agreements g join tariffs t on t.id = g.tariff_id where t.code = 'GAS-2022-11-TOKYO_GAS'", 1),
    ("select count(*) from referrals where paid_at is not null", 2),
    ("select count(*) from referral_claim_codes", 3),
    ("select count(*) from supply_points where direction = 'EXPORT'", 1),
    ("select count(*) from occupancies where not upper_inf(during)", 8),
    ("select count(*) from occupancies o join occupancies later on later.account_id = o.account_id
        and lower(later.during) = upper(o.during)", 4),
    ("select count(*) from (select supply_point_id from meters group by 1 having count(*) > 1) as exchanged", 3),
    ("select count(distinct band) from meter_registers", 4),
    ("select count(*) from gas_register_entries where confirmation is not null", 8),
    ("select count(distinct kind) from devices where state->>'stage' = 'Live'", 6),
    ("select count(distinct a.market) from devices d join accounts a on a.id = d.account_id", 5),
    ("select count(distinct device_id) from charging_sessions where source = 'SMART'", 8),
    ("select count(*) from device_dispatches where ended_at > (select max(ended_at) from device_dispatches) - interval '2 days'", 8),
    ("select count(*) from devices where state->'plan' <> 'null'", 1),
    ("select count(*) from saving_session_joins where points > 0", 10),
    ("select count(*) from saving_session_joins where result = 'FAIL'", 1),
    ("select count(*) from saving_session_joins where result is null", 1),
    ("select count(*) from point_redemptions", 1),
    ("select count(*) from account_applications where migration_source is not null", 2),
    ("select count(*) from wheel_spins", 6),
    ("select count(*) from voucher_purchases where refunded_at is null", 3),
    ("select count(*) from voucher_purchases where refunded_at is not null", 1),
    ("select count(*) from voucher_redemptions", 2),
    ("select count(distinct r.market) from on_site_requests r where status = 'COMPLETED'", 2),
    ("select count(*) from on_site_appointments where status = 'BOOKED'", 1),
    ("select count(*) from account_users where wheel_terms_accepted_at is not null", 2),
    ("select count(*) from postal_areas", 50),
    ("select count(distinct device_id is null) from onboarding_wizards", 2),
    ("select count(distinct device_id) from charging_sessions where source = 'PUBLIC'", 5),
    ("select count(*) from instalment_settlements where repayment_id is not null and new_instalment < old_instalment", 1),
    ("select count(*) from instalment_settlements s join account_payments p on p.id = s.payment_id
        where s.new_instalment > s.old_instalment and p.transaction_id is not null", 1),
    ("select count(*) from instalment_offsets", 1),
    ("select count(distinct c.credit_reason) from rebate_credits c join transactions t on t.id = c.transaction_id
        where t.is_issued and c.amount > 0", 3),
    ("select count(distinct r.share is null) from rebate_days d join rebate_rates r on r.id = d.rate_id", 2),
    ("select count(distinct channel) from messages where trigger_id is not null", 2),
    ("select count(*) from print_batches where status = 'PROCESSED'", 1),
    ("select count(*) from calls where status = 'ENDED' and account_id is not null", 3),
    ("select count(*) from voice_campaign_items", 2),
    ("select count(distinct channel) from ink_messages", 4),
    ("select count(*) from ink_conversations where is_live_chat and status <> 'CLOSED'", 1),
    ("select count(*) from ink_notes", 1),
    ("select count(*) from accounts where preferred_language is not null", 1),
    ("select count(*) from double_opt_ins where confirmed_at is null", 1),
    ("select count(*) from push_notification_bindings", 1),
    ("select count(distinct resolved_on is null) from complaints", 2),
    ("select count(*) from complaint_contacts", 8),
    ("select count(distinct resolution_status) from api_exceptions", 2),
    ("select count(*) from account_file_attachments", 1),
    ("select count(*) from customer_verifications", 1),
    ("select count(*) from app_sessions where account_id is not null", 2),
];

async fn is_varied(trial: &Trial, accounts: &[demo::DemoAccount]) {
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    for (query, least) in VARIETY {
        let counted = format!("select ({query})::bigint");
        let (found,): (i64,) = sqlx::query_as(&counted).fetch_one(&mut tx).await.expect(query);
        assert!(found >= *least, "{found} instead of {least}: {query}");
    }
    let (all,): (i64,) =
        sqlx::query_as("select count(*) from accounts").fetch_one(&mut tx).await.expect("all");
    assert_eq!(i64::try_from(accounts.len()), Ok(all), "every account is told of");
}
