//! Loyalty points, and sessions in which customers are given some for using less.

mod cards;
mod dealings;
mod members;
mod points;
mod referrals;
mod sessions;
mod taking_part;
mod vouchers;
mod wheel;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::check;
use kraken_api::domain::loyalty::grid::{Announcement, GridOperator, Notice, Unavailable};
use kraken_api::domain::loyalty::settling;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::platform::jobs::Runner;
use serde_json::{Value, json};

use crate::support::places::Home;
use crate::support::world::Customer;
use crate::support::{Server, World};

pub const JOIN_OCTOPLUS: &str = "mutation($n: String, $o: SavingSessionsEnrolmentOptions) {
    joinOctoplusCampaign(accountNumber: $n, savingSessionsEnrolmentOptions: $o) { success outcome {
        octoplus { hasEnrolled } savingSessions { hasEnrolled enrolledMpan notEnrolledReason } } } }";
pub const JOIN_CAMPAIGN: &str = "mutation($i: JoinSavingSessionsCampaignInput!) {
    joinSavingSessionsCampaign(input: $i) { account { number } } }";
pub const JOIN_EVENT: &str =
    "mutation($i: JoinSavingSessionsEventInput!) { joinSavingSessionsEvent(input: $i) { joinedEventCodes } }";
pub const INFO: &str = "query($n: String!) { octoplusAccountInfo(accountNumber: $n) { isOctoplusEnrolled
    isLoyaltyPointsUser octoplusEligibility { isEligible ineligibilityReason ineligibilityReasons } } }";
pub const BALANCE: &str = "query($n: String, $i: LoyaltyPointsBalanceInput) {
    loyaltyPointsBalance(accountNumber: $n, input: $i) { loyaltyPoints totalMonetaryAmount } }";
pub const ENTRIES: &str =
    "query($i: LoyaltyPointLedgersInput) { loyaltyPointLedgers(input: $i) { id ledgerType value
    balanceBroughtForward balanceCarriedForward reasonCode idempotencyKey postedAt accountNumber } }";

/// A grid operator that announces what a test wants.
#[derive(Clone)]
pub struct Grid(pub Vec<Announcement>);

impl GridOperator for Grid {
    fn announced(&self, day: NaiveDate, now: DateTime<Utc>) -> Result<Vec<Announcement>, Unavailable> {
        let is_known = |each: &&Announcement| each.starts_at.date_naive() == day && each.announced_at <= now;
        Ok(self.0.iter().filter(is_known).cloned().collect())
    }
}

/// An hour of an evening, announced the day before.
pub fn evening(day: &str) -> Announcement {
    let starts_at: DateTime<Utc> = format!("{day}T17:30:00Z").parse().expect("a moment");
    Announcement {
        code: format!("EVENT_{day}"),
        starts_at,
        ends_at: starts_at + chrono::TimeDelta::hours(1),
        points_per_kwh: 1800,
        grams_per_kwh: 300,
        notice: Notice::DayAhead,
        is_trial: false,
        announced_at: starts_at - chrono::TimeDelta::days(5),
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

impl Server {
    /// Does what is due about saving sessions.
    pub async fn keep_sessions(&self, grid: &Grid) {
        let mut runner = Runner::default();
        settling::register(&mut runner, Arc::new(grid.clone()));
        runner.run_due(&self.database).await.expect("the jobs are done");
        let failed: Vec<(String, Option<String>)> = sqlx::query_as(
            "select kind, failure from jobs where failure is not null and kind like '%saving%'",
        )
        .fetch_all(self.database.pool())
        .await
        .expect("jobs");
        assert!(failed.is_empty(), "{failed:?}");
    }

    /// Gives a customer a home with a smart meter, and a direct debit. Answers the home and its MPAN.
    pub async fn smart_home(&self, of: &Customer) -> (Home, String) {
        let mpan = MarketName::GbrElectricity.invent("", &self.random);
        let home = self.supplied_home(of, MarketName::GbrElectricity, &mpan, "23L0000001").await;
        self.pays_by(of, "DIRECT_DEBIT").await;
        (home, mpan)
    }

    /// Has a customer with a home join Octoplus, and the sessions with it.
    pub async fn in_octoplus(&self, of: &Customer) -> (Home, String) {
        let (home, mpan) = self.smart_home(of).await;
        let variables = json!({ "n": of.account, "o": { "shouldEnrol": true } });
        self.ask(Some(&of.token), JOIN_OCTOPLUS, variables).await;
        (home, mpan)
    }

    /// Makes a German customer, who needs nothing to join their programme, and has them join it.
    pub async fn member(&self, email: &'static str) -> Customer {
        let customer = self.customer(email, "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
        let enrol = "mutation($i: EnrollAccountInLoyaltyProgramInput!) {
            enrollAccountInLoyaltyProgram(input: $i) { outcome { hasEnrolled } } }";
        let data = self
            .ask(Some(&customer.token), enrol, json!({ "i": { "accountNumber": customer.account } }))
            .await;
        assert_eq!(data["enrollAccountInLoyaltyProgram"]["outcome"]["hasEnrolled"], true);
        customer
    }

    /// Gives somebody a role on another's account.
    pub async fn helps(&self, helper: &Customer, of: &Customer) {
        let mut tx = self.tx().await;
        roles::give_on_account(&mut tx, of.account_id, helper.user_id, "CARER").await.expect("a role");
        tx.commit().await.expect("committed");
    }

    /// The points that whoever has an account's has.
    pub async fn points_of(&self, token: &str, account: &str) -> Value {
        let data = self.ask(Some(token), BALANCE, json!({ "i": { "accountNumber": account } })).await;
        data["loyaltyPointsBalance"]["loyaltyPoints"].clone()
    }

    pub async fn books_are_right(&self) {
        for finding in check::run(&mut self.tx().await).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }

    /// Fresh sessions of Ada and of staff, at a moment.
    pub async fn on(&self, world: &mut World, moment: &str) {
        self.wall.set(at(moment));
        world.ada.token = self.again(&world.ada).await;
        let password = crate::support::world::PASSWORD;
        world.staff = self.log_in(json!({ "email": "staff@example.org", "password": password })).await;
    }
}
