//! The program's subcommands.

mod access;
mod accounts;
mod admin;
mod affiliates;
mod bills;
mod centrepay;
mod complaints;
mod config;
mod dunning;
mod hardship;
mod ledger;
mod limits;
mod open;
mod parties;
mod people;
mod post;
mod premises;
mod prepay;
mod readings;
mod repayments;
mod sales;
mod schema;
mod sealing;
mod seed;
mod serve;
mod webhook;

use clap::{Parser, Subcommand};

pub use config::Config;
pub use open::{Opened, Problem};

/// An open GraphQL server for energy retail.
#[derive(Debug, Parser)]
#[command(name = "kraken-api", version, about)]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API.
    Serve(serve::Serve),
    /// Bring the database's schema up to date.
    Migrate,
    /// Make the demo data, once; or with --accounts, bulk data at the size of a retailer.
    Seed(seed::Seed),
    /// Look at the served schema.
    #[command(subcommand)]
    Schema(schema::Schema),
    /// Prove that the books are sound.
    Check,
    /// Hold bills back, annul them, bill a ledger at once.
    #[command(subcommand)]
    Bills(bills::Bills),
    /// Refuse a request for money back.
    #[command(subcommand)]
    Repayment(repayments::Repayment),
    /// Set up, change and cancel deductions from welfare benefits.
    #[command(subcommand)]
    Centrepay(centrepay::Centrepay),
    /// Pay for a prepayment meter as at the till of a shop: the simulated shops take the money.
    TopUp(prepay::TopUp),
    /// Correct the books: undo a transaction, write a debt off.
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Start to remind somebody of what is overdue.
    #[command(subcommand)]
    Dunning(dunning::Dunning),
    /// Write down what was agreed with customers who find it hard to pay.
    #[command(subcommand)]
    Hardship(hardship::Hardship),
    /// Write down what is known about people.
    #[command(subcommand)]
    People(people::People),
    /// Look after complaints.
    #[command(subcommand)]
    Complaint(complaints::Complaint),
    /// Make the links under which agents of sales partners sell.
    #[command(subcommand)]
    Affiliate(affiliates::Affiliate),
    /// Make sales funnels and channels, bar people from signing up.
    #[command(subcommand)]
    Sales(sales::Sales),
    /// Take in measured data, confirm readings that were held back.
    #[command(subcommand)]
    Readings(readings::Readings),
    /// Take in the market's list of addresses in Texas.
    #[command(subcommand)]
    Premises(premises::Premises),
    /// Write down where accounts came from.
    #[command(subcommand)]
    Account(accounts::Account),
    /// Say what the installation demands of those who come in: captchas, second factors, the age of passwords.
    #[command(subcommand)]
    Access(access::Access),
    /// Look after staff log-ins.
    #[command(subcommand)]
    Staff(parties::Staff),
    /// Let organisations in.
    #[command(subcommand)]
    Organisation(parties::Organisation),
    /// Let partner users in.
    #[command(subcommand)]
    Partner(parties::Partner),
    /// Look at business time, or move it forwards in a demo world.
    #[command(subcommand)]
    Clock(admin::Clock),
    /// Announce windows in which a field is switched off.
    #[command(subcommand)]
    Brownout(admin::Brownout),
    /// Look at what single callers may ask for, or change it.
    #[command(subcommand)]
    Limits(limits::Limits),
    /// Print a Kraken Token for the owner of an e-mail.
    Token(admin::Token),
    /// Say where events are sent.
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Print the newest messages to customers: the simulated post house delivers them nowhere else.
    Post(post::Post),
}

impl Cli {
    /// Runs the chosen subcommand.
    ///
    /// # Errors
    /// One sentence for whoever typed the command.
    pub async fn run(self) -> Result<(), Problem> {
        let config = self.config;
        match self.command {
            Command::Serve(options) => serve::run(&config, &options).await,
            Command::Schema(what) => schema::run(&config, &what),
            Command::Migrate => admin::migrate(&config).await,
            Command::Seed(options) => seed::run(&config, &options).await,
            Command::Check => admin::check(&config).await,
            Command::Bills(what) => bills::run(&config, &what).await,
            Command::Repayment(what) => repayments::run(&config, &what).await,
            Command::Centrepay(what) => centrepay::run(&config, &what).await,
            Command::TopUp(what) => prepay::run(&config, &what).await,
            Command::Ledger(what) => ledger::run(&config, &what).await,
            Command::Dunning(what) => dunning::run(&config, &what).await,
            Command::Hardship(what) => hardship::run(&config, &what).await,
            Command::People(what) => people::run(&config, &what).await,
            Command::Complaint(what) => complaints::run(&config, &what).await,
            Command::Affiliate(what) => affiliates::run(&config, &what).await,
            Command::Sales(what) => sales::run(&config, &what).await,
            Command::Readings(what) => readings::run(&config, &what).await,
            Command::Premises(what) => premises::run(&config, &what).await,
            Command::Account(what) => accounts::run(&config, &what).await,
            Command::Access(what) => access::run(&config, &what).await,
            Command::Staff(what) => parties::staff(&config, what).await,
            Command::Organisation(what) => parties::organisation(&config, what).await,
            Command::Partner(what) => parties::partner(&config, what).await,
            Command::Clock(what) => admin::clock(&config, &what).await,
            Command::Brownout(what) => admin::brownout(&config, &what).await,
            Command::Limits(what) => limits::run(&config, &what).await,
            Command::Token(what) => admin::token(&config, &what).await,
            Command::Webhook(what) => webhook::run(&config, &what).await,
            Command::Post(what) => post::run(&config, &what).await,
        }
    }
}
