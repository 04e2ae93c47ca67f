//! The domain against a real Postgres. `DATABASE_URL` names a server on which databases may be made;
//! without it these trials do nothing.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use kraken_api::domain::accounts::{NewAccount, NewUser, accounts, open, portfolios, roles, users};
use kraken_api::domain::auth::subjects::{self, Subject};
use kraken_api::domain::auth::{
    Auth, Credentials, Issuer, LoginError, TokenError, Viewer, api_keys, keys, logins, organisations,
};
use kraken_api::domain::ledgers::charges::{self, ChargeError, NewCharge};
use kraken_api::domain::ledgers::credits::{self, CreditError, NewCredit};
use kraken_api::domain::ledgers::payments::{self, Movement};
use kraken_api::domain::ledgers::{Filter, Order, balances, ledgers, transactions};
use kraken_api::domain::{check, demo, install};
use kraken_api::platform::clock::{self, ClockError, Deadline, WallClock};
use kraken_api::platform::db::{Database, Stats, violated};
use kraken_api::platform::money::Minor;
use kraken_api::platform::page::Window;
use kraken_api::platform::random::Randomness;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};
use tokio::sync::OnceCell;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

struct Trial {
    db: Database,
    auth: Arc<Auth>,
    random: Randomness,
    wall: WallClock,
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

async fn template(server: &PgConnectOptions) -> String {
    let name = format!("trial_{}", uuid::Uuid::new_v4().simple());
    let mut admin = PgConnection::connect_with(server).await.expect("server");
    admin.execute(format!("create database {name}").as_str()).await.expect("database");
    let options = server.clone().database(&name);
    let db = Database::connect_with(options, 2, WallClock::System).await.expect("connected");
    // Two servers that start at once, and one that comes later.
    let (one, two) = (Randomness::seeded(1), Randomness::seeded(2));
    let (first, second) = tokio::join!(install(&db, &one), install(&db, &two));
    first.and(second).expect("installed at once");
    install(&db, &Randomness::seeded(3)).await.expect("installed again");
    db.close().await;
    name
}

async fn trial() -> Option<Trial> {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        eprintln!("DATABASE_URL is not set: skipped");
        return None;
    };
    let server = PgConnectOptions::from_str(&url).expect("an address");
    let template = TEMPLATE.get_or_init(|| template(&server)).await;
    let name = format!("trial_{}", uuid::Uuid::new_v4().simple());
    let mut admin = PgConnection::connect_with(&server).await.expect("server");
    admin.execute(format!("create database {name} template {template}").as_str()).await.expect("database");
    let wall = WallClock::fixed(Utc::now());
    let db = Database::connect_with(server.database(&name), 20, wall.clone()).await.expect("connected");
    let random = Randomness::seeded(7);
    let issuer =
        Issuer { url: "https://api.test/v1/graphql/".into(), jwks_url: "https://auth.test/jwks.json".into() };
    let auth = Auth::new(issuer, random.clone(), 2);
    Some(Trial { db, auth, random, wall })
}

macro_rules! trial {
    () => {
        match trial().await {
            Some(trial) => trial,
            None => return,
        }
    };
}

fn staff() -> Viewer {
    Viewer::Staff { id: 1, roles: vec!["admin".into()], permissions: vec!["post-transactions".into()] }
}

struct Home {
    account: i64,
    number: String,
    user: i64,
    portfolio: i64,
}

impl Trial {
    async fn home(&self, brand: &str) -> Home {
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

    async fn charge(
        &self,
        number: &str,
        gross: i64,
        reason: &str,
    ) -> Result<transactions::Transaction, ChargeError> {
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
            .writing_with(soon(), &stats, &(viewer, new), |tx, (viewer, new)| {
                Box::pin(charges::create(tx, viewer, new))
            })
            .await
    }

    async fn balance(&self, account: i64) -> i64 {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        balances::of_accounts(&mut tx, &staff(), &[account], false).await.expect("balance")[0].0
    }

    async fn checked(&self) {
        let mut tx = self.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        for finding in check::run(&mut tx).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_fits_the_schema() {
    let trial = trial!();
    let found = trial.db.mismatched_statements().await.expect("prepared");
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_posted_stays_posted() {
    let trial = trial!();
    let home = trial.home("OCTOPUS_ENERGY").await;
    let made = trial.charge(&home.number, 1050, "ADMIN_FEE").await.expect("charged");
    assert_eq!(
        (made.net_amount, made.tax_amount, made.balance_carried_forward),
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
    let trial = trial!();
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
    let trial = Arc::new(trial!());
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
    let trial = trial!();
    let home = trial.home("OCTOPUS_ENERGY").await;
    let n = home.number.as_str();
    assert!(matches!(trial.charge(n, 0, "ADMIN_FEE").await, Err(ChargeError::Amount(_))));
    assert!(matches!(trial.charge(n, -5, "ADMIN_FEE").await, Err(ChargeError::Amount(_))));
    assert!(matches!(trial.charge(n, 1 << 31, "ADMIN_FEE").await, Err(ChargeError::Amount(_))));
    assert!(matches!(trial.charge(n, 5, "NO_SUCH").await, Err(ChargeError::UnknownReason)));
    assert!(matches!(trial.charge(n, 5, "PAPER_BILL_FEE").await, Err(ChargeError::DeprecatedReason)));
    assert!(matches!(trial.charge("A-00000000", 5, "ADMIN_FEE").await, Err(ChargeError::UnknownAccount)));
    // The balance itself must fit as well.
    trial.charge(n, i64::from(i32::MAX), "LATE_PAYMENT_FEE").await.expect("charged");
    assert!(matches!(trial.charge(n, 2, "LATE_PAYMENT_FEE").await, Err(ChargeError::Amount(_))));

    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let credit = |net, tax, gross| NewCredit {
        account_number: n,
        net,
        tax,
        gross,
        reason: "EXTERNAL_REFERRAL_CREDIT",
        note: None,
        metadata: None,
    };
    let user = Viewer::AccountUser { id: home.user };
    assert!(matches!(credits::create(&mut tx, &user, &credit(5, 1, 6)).await, Err(CreditError::Forbidden)));
    assert!(matches!(
        credits::create(&mut tx, &staff(), &credit(5, 1, 7)).await,
        Err(CreditError::DoesNotAddUp)
    ));
    let meta: serde_json::Value =
        serde_json::from_str(r#"{"b":1.10,"a":[12345678901234567890]}"#).expect("json");
    let made = NewCredit { metadata: Some(&meta), ..credit(100, 20, 120) };
    let made = credits::create(&mut tx, &staff(), &made).await.expect("credited");
    assert_eq!(
        made.metadata.map(|m| m.to_string()).as_deref(),
        Some(r#"{"b":1.10,"a":[12345678901234567890]}"#)
    );
    assert_eq!(made.balance_carried_forward, Minor(120 - i64::from(i32::MAX)));
    tx.commit().await.expect("commit");
    trial.checked().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_see_does_not_exist() {
    let trial = trial!();
    let (mine, theirs) = (trial.home("OCTOPUS_ENERGY").await, trial.home("TG_OCTOPUS_ENERGY").await);
    trial.charge(&mine.number, 500, "ADMIN_FEE").await.expect("charged");
    trial.charge(&theirs.number, 500, "ADMIN_FEE").await.expect("charged");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let (partner, _) = organisations::add(&mut tx, &trial.random, "Partner").await.expect("organisation");
    let me = Viewer::AccountUser { id: mine.user };
    let other = Viewer::Organisation { id: partner };
    let numbers = [theirs.number.clone(), mine.number.clone()];
    let window = Window::forward(0, 10).counted();
    for (viewer, expected) in
        [(&me, [false, true]), (&other, [false; 2]), (&Viewer::Anonymous, [false; 2]), (&staff(), [true; 2])]
    {
        let found = accounts::by_numbers(&mut tx, viewer, &numbers).await.expect("accounts");
        assert_eq!(found.map_seen(), expected, "{viewer:?}");
        let ids = [theirs.account, mine.account];
        let ledgers =
            ledgers::of_accounts(&mut tx, viewer, &ids, &ledgers::Which::default()).await.expect("ledgers");
        assert_eq!(ledgers.iter().map(|l| !l.is_empty()).collect::<Vec<_>>(), expected);
        let pages = transactions::page_of_accounts(&mut tx, viewer, &ids, &Filter::default(), &window)
            .await
            .expect("pages");
        assert_eq!(
            pages.iter().map(|p| p.total == Some(1) && p.rows.len() == 1).collect::<Vec<_>>(),
            expected
        );
        let money = balances::of_accounts(&mut tx, viewer, &ids, true).await.expect("balances");
        assert_eq!(money.iter().map(|m| m.0 == -500).collect::<Vec<_>>(), expected);
        let people = users::of_accounts(&mut tx, viewer, &ids).await.expect("users");
        assert_eq!(people.iter().map(|p| p.len() == 1).collect::<Vec<_>>(), expected);
    }
    let held = accounts::of_users(&mut tx, &me, &[mine.user, theirs.user]).await.expect("accounts");
    assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    let around = portfolios::of_users(&mut tx, &me, &[mine.user], &window).await.expect("portfolios");
    assert_eq!(around[0].rows[0].id, mine.portfolio);
    let inside = accounts::of_portfolios(&mut tx, &me, &[mine.portfolio, theirs.portfolio], &window)
        .await
        .expect("accounts");
    assert_eq!(inside.iter().map(|p| p.total).collect::<Vec<_>>(), [Some(1), Some(0)]);
    organisations::grant(&mut tx, partner, theirs.account).await.expect("granted");
    let found = accounts::by_numbers(&mut tx, &other, &numbers).await.expect("accounts");
    assert_eq!(found.map_seen(), [true, false]);
    roles::give_on_portfolio(&mut tx, theirs.portfolio, mine.user, roles::PORTFOLIO_OWNER)
        .await
        .expect("role");
    let found = accounts::by_numbers(&mut tx, &me, &numbers).await.expect("accounts");
    assert_eq!(found.map_seen(), [true, true]);
}

trait Seen {
    fn map_seen(&self) -> [bool; 2];
}

impl<T> Seen for Vec<Option<T>> {
    fn map_seen(&self) -> [bool; 2] {
        [self[0].is_some(), self[1].is_some()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_cover_the_list_from_both_ends() {
    let trial = trial!();
    let home = trial.home("OCTOPUS_ENERGY").await;
    for gross in 1..=7 {
        trial.charge(&home.number, gross, "LATE_PAYMENT_FEE").await.expect("charged");
    }
    let stats = Stats::new();
    let mut tx = trial.db.snapshot(soon(), &stats).await.expect("tx");
    let ledger = ledgers::of_accounts(&mut tx, &staff(), &[home.account], &ledgers::Which::default())
        .await
        .expect("l")[0][0]
        .id;
    let asc = Filter { order: Order::PostedDateAsc, ..Filter::default() };
    let mut amounts = async |filter: &Filter, window: Window| {
        let page = transactions::page_of_ledgers(&mut tx, &staff(), &[ledger], filter, &window)
            .await
            .expect("page")
            .remove(0);
        (
            page.rows.iter().map(|t| t.amount.0).collect::<Vec<_>>(),
            page.offset,
            page.has_next,
            page.has_previous,
        )
    };
    assert_eq!(amounts(&Filter::default(), Window::forward(0, 3)).await, (vec![7, 6, 5], 0, true, false));
    assert_eq!(amounts(&asc, Window::forward(5, 3)).await, (vec![6, 7], 5, false, false));
    assert_eq!(amounts(&asc, Window::backward(None, 3)).await, (vec![5, 6, 7], 4, false, true));
    assert_eq!(amounts(&asc, Window::backward(Some(2), 3)).await, (vec![1, 2], 0, false, false));
    let energy = Filter { types: vec!["ENERGY_CHARGES".into()], ..Filter::default() };
    assert_eq!(amounts(&energy, Window::forward(0, 3)).await.0, Vec::<i64>::new());
    let unissued = Filter { types_excluded: vec!["UNISSUED_TRANSACTIONS".into()], ..Filter::default() };
    assert_eq!(amounts(&unissued, Window::forward(0, 3)).await.0, Vec::<i64>::new());
    assert_eq!(stats.statements(), 1 + 2 + 2 * 2 + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_what_they_say() {
    let trial = trial!();
    let home = trial.home("OCTOPUS_ENERGY").await;
    let owner = Subject::AccountUser(home.user);
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let hash = trial.auth.passwords().hash("a password").await.expect("hash");
    logins::add(&mut tx, owner, "Kim@Example.com", Some(&hash)).await.expect("login");
    let key = api_keys::regenerate(&mut tx, &trial.random, home.user).await.expect("key");
    let (_, secret) = organisations::add(&mut tx, &trial.random, "Partner").await.expect("organisation");
    tx.commit().await.expect("commit");

    let obtain = async |credentials| trial.auth.obtain(&trial.db, soon(), &Stats::new(), &credentials).await;
    let password =
        |text: &str| Credentials::Password { email: "kim@example.com".into(), password: text.into() };
    let who = async |header: String| {
        let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        trial.auth.authenticate(&mut tx, Some(&header)).await
    };
    let me = Viewer::AccountUser { id: home.user };
    let first = obtain(password("a password")).await.expect("logged in");
    assert_eq!(first.payload.sub, format!("kraken|account-user:{}", home.user));
    for header in [first.token.clone(), format!("JWT {}", first.token), format!("Bearer {}", first.token)] {
        assert_eq!(who(header).await.expect("known"), me);
    }
    assert!(matches!(obtain(password("another")).await, Err(LoginError::WrongPassword)));
    assert!(matches!(obtain(Credentials::ApiKey("sk_live_x".into())).await, Err(LoginError::WrongApiKey)));
    let by_key = obtain(Credentials::ApiKey(key)).await.expect("logged in");
    assert_eq!(by_key.payload.gty, "API-KEY");
    let partner = obtain(Credentials::OrganisationKey(secret)).await.expect("logged in");
    assert!(matches!(who(partner.token).await, Ok(Viewer::Organisation { .. })));

    for odd in ["", "x", "a.b.c", "JWT ", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(matches!(who(odd.to_owned()).await, Err(TokenError::NotACredential)), "{odd}");
    }
    let mut forged = first.token.clone();
    let last = forged.pop().expect("a character");
    forged.pop();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    forged.push('A');
    assert!(matches!(who(forged).await, Err(TokenError::BadSignature)));

    // A second key signs from now on, and the first still verifies until it is retired.
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    keys::rotate(&mut tx, &trial.random).await.expect("rotated");
    tx.commit().await.expect("commit");
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(90));
    let second = obtain(Credentials::RefreshToken(first.refresh_token.clone())).await.expect("refreshed");
    assert_eq!(
        (&second.refresh_token, second.refresh_expires_at),
        (&first.refresh_token, first.refresh_expires_at)
    );
    assert_eq!(second.payload.orig_iat, first.payload.orig_iat);
    assert_eq!(who(first.token.clone()).await.expect("known"), me);
    let kid = |token: &str| {
        use base64::Engine;
        let head = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap_or(""))
            .expect("base64");
        serde_json::from_slice::<serde_json::Value>(&head).expect("json")["kid"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_ne!(kid(&first.token), kid(&second.token));
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    assert_eq!(
        trial.auth.keys().jwks(&mut tx).await.expect("jwks")["keys"].as_array().map(Vec::len),
        Some(2)
    );
    keys::retire(&mut tx, &kid(&first.token)).await.expect("retired");
    tx.commit().await.expect("commit");
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(90));
    assert!(matches!(who(first.token.clone()).await, Err(TokenError::KeysRotated)));

    // Ending the sessions refuses what was issued so far, and nothing that is issued afterwards.
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    subjects::end_sessions(&mut tx, owner).await.expect("ended");
    tx.commit().await.expect("commit");
    assert!(matches!(who(second.token).await, Err(TokenError::Invalidated)));
    let refreshed = obtain(Credentials::RefreshToken(second.refresh_token)).await;
    assert!(matches!(refreshed, Err(LoginError::RefreshUnknown)));
    let third = obtain(password("a password")).await.expect("logged in at once");
    assert_eq!(who(third.token.clone()).await.expect("known"), me);
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(3602));
    assert!(matches!(who(third.token).await, Err(TokenError::Expired)));
    trial.wall.set(trial.wall.now() + TimeDelta::days(7));
    let late = obtain(Credentials::RefreshToken(third.refresh_token)).await;
    assert!(matches!(late, Err(LoginError::RefreshExpired)));
}

#[tokio::test(flavor = "multi_thread")]
async fn business_time_is_moved_forward_and_only_in_a_demo() {
    let trial = trial!();
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
    let trial = trial!();
    let begun = std::time::Instant::now();
    let made = demo::make(&trial.db, &trial.auth, &trial.random).await.expect("made").expect("first");
    eprintln!("demo world: {:?}", begun.elapsed());
    assert!(demo::make(&trial.db, &trial.auth, &trial.random).await.expect("asked").is_none());
    trial.checked().await;
    let stats = Stats::new();
    let mut tx = trial.db.snapshot(soon(), &stats).await.expect("tx");
    assert_eq!(tx.business_now().await.expect("now"), trial.wall.now());
    let number = &made.customer.account_numbers[0];
    let account = accounts::by_number(&mut tx, &staff(), number).await.expect("account").expect("there");
    let window = Window::forward(0, 100).counted();
    let page = transactions::page_of_accounts(&mut tx, &staff(), &[account.id], &Filter::default(), &window)
        .await
        .expect("page")
        .remove(0);
    assert!(page.total.is_some_and(|total| total > 70), "{:?}", page.total);
    let newest = page.rows.first().expect("rows").balance_carried_forward;
    assert_eq!(balances::of_accounts(&mut tx, &staff(), &[account.id], false).await.expect("b")[0], newest);
    for account in &made.accounts {
        let row =
            accounts::by_number(&mut tx, &staff(), &account.number).await.expect("account").expect("there");
        let balance = balances::of_accounts(&mut tx, &staff(), &[row.id], false).await.expect("b")[0];
        eprintln!("{} {} {:>8} {}", account.market, account.number, balance.0, account.holder);
    }
    drop(tx);
    let login = Credentials::Password { email: made.staff.email, password: made.staff.password };
    let obtained = trial.auth.obtain(&trial.db, soon(), &Stats::new(), &login).await.expect("logged in");
    let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
    assert!(
        trial
            .auth
            .authenticate(&mut tx, Some(&obtained.token))
            .await
            .expect("known")
            .may("post-transactions")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_and_refunds_keep_the_identity() {
    let trial = trial!();
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
    let trial = trial!();
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
    let balance = broken("update ledger_balances set balance = balance + 1").await;
    assert_eq!(balance, ["every balance equals its postings"]);
    let shown = broken("delete from transactions where sequence = 2").await;
    assert_eq!(shown, ["every posting on a customer's ledger is shown as a transaction"]);
    trial.checked().await;
}

/// Draws operations at random and keeps the same books in memory.
#[tokio::test(flavor = "multi_thread")]
async fn the_books_agree_with_a_model() {
    let trial = trial!();
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
                    NewCredit { account_number, net, tax, gross: amount, reason, note: None, metadata: None };
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
    let pages = transactions::page_of_accounts(&mut tx, &staff(), &ids, &Filter::default(), &window).await;
    for ((page, money), (_, balance, count)) in pages.expect("pages").iter().zip(money).zip(&homes) {
        assert_eq!((money.0, page.total), (*balance, Some(*count)), "seed {seed}");
        assert_eq!(page.rows[0].balance_carried_forward, money, "seed {seed}");
    }
    drop(tx);
    trial.checked().await;
}
