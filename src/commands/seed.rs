//! `kraken-api seed`: the demo data, or bulk data.

use std::time::Instant;

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::admin::report;
use super::config::Config;
use super::open::{Opened, Problem};
use super::serve::{make_demo, write_private};
use crate::domain::seed::{self, Made, Order};

/// Where the credentials of bulk data are written, in the home.
const FILE: &str = "seed.json";

#[derive(Debug, Args)]
pub struct Seed {
    /// Make so many accounts with a history instead of the demo data. Only where there are no customers.
    #[arg(long)]
    accounts: Option<u32>,
    /// What chance follows from: the same number makes the same data.
    #[arg(long, default_value_t = 1, requires = "accounts")]
    seed: u64,
    /// The day after the history, the first of a month.
    #[arg(long, default_value = "2026-01-01", requires = "accounts")]
    until: NaiveDate,
    /// How many months the history has.
    #[arg(long, default_value_t = seed::MOST_MONTHS, requires = "accounts")]
    months: u32,
    /// Give everybody with an e-mail the same password, which is drawn.
    #[arg(long, requires = "accounts")]
    password: bool,
    /// Give so many customers an API key.
    #[arg(long, default_value_t = 0, requires = "accounts")]
    api_keys: u32,
    /// Let so many smart meters have sent what ran through them.
    #[arg(long, default_value_t = 0, requires = "accounts")]
    measured: u32,
    /// Of how many days before the end of the history.
    #[arg(long, default_value_t = 365, requires = "measured")]
    measured_days: u16,
}

pub async fn run(config: &Config, options: &Seed) -> Result<(), Problem> {
    let mut opened = Opened::open(config).await?;
    let done = match (options.accounts, opened.unlock(config).await) {
        (Some(accounts), _) => bulk(config, options, accounts, &opened).await,
        (None, Ok(())) => demo(config, &opened).await,
        (None, Err(problem)) => Err(problem),
    };
    opened.close().await?;
    done
}

async fn demo(config: &Config, opened: &Opened) -> Result<(), Problem> {
    match make_demo(config, opened).await? {
        Some(file) => println!("The demo data is made; its credentials are in {}.", file.display()),
        None => println!("The demo data was there already."),
    }
    Ok(())
}

async fn bulk(config: &Config, options: &Seed, accounts: u32, opened: &Opened) -> Result<(), Problem> {
    let begun = Instant::now();
    let password = options.password.then(|| opened.random.alphanumeric(16));
    let password_hash = match &password {
        Some(password) => Some(opened.auth(config).passwords().hash(password).await.map_err(Problem::other)?),
        None => None,
    };
    let order = Order {
        accounts,
        seed: options.seed,
        until: options.until,
        months: options.months,
        password_hash,
        api_keys: options.api_keys,
        measured: (options.measured, options.measured_days),
    };
    let say = move |what: &str| eprintln!("{:>7.1} s  {what}", begun.elapsed().as_secs_f64());
    let made = seed::make(&opened.database, &opened.random, &order, &say).await.map_err(Problem::other)?;
    report(&made.findings);
    tell(&made, begun);
    if password.is_some() || !made.keys.is_empty() {
        let file = config.home()?.join(FILE);
        write_private(&file, &credentials(config, password.as_deref(), &made))?;
        println!("Credentials are in {}.", file.display());
    }
    Ok(())
}

fn tell(made: &Made, begun: Instant) {
    let counts = &made.counts;
    println!(
        "{} accounts of {} people in {} portfolios, {} ledgers, {} transactions, {} entries, {} postings, \
         {} supply points, {} days of intervals: {:.1} s, {} MB",
        counts.accounts,
        counts.users,
        counts.portfolios,
        counts.ledgers,
        counts.transactions,
        counts.entries,
        counts.postings,
        counts.supply_points,
        counts.measured_days,
        begun.elapsed().as_secs_f64(),
        made.size >> 20,
    );
}

fn credentials(config: &Config, password: Option<&str>, made: &Made) -> serde_json::Value {
    let keys = made
        .keys
        .iter()
        .map(|key| json!({ "email": key.email, "accountNumber": key.account_number, "apiKey": key.key }));
    json!({
        "url": format!("{}/v1/graphql/", config.base_url()),
        "password": password,
        "customers": keys.collect::<Vec<_>>(),
    })
}
