//! The demo world: two years in the lives of some fifty customers, told through the use cases under a moved
//! clock and committed as a whole, so that it stands entirely or not at all.

mod agreements;
pub(super) mod areas;
mod arrangements;
mod bills;
mod cast;
mod contact;
mod contracts;
mod conversations;
mod desk;
mod engineers;
mod europe;
mod fleet;
mod friends;
mod homes;
mod leads;
mod letters;
mod logins;
mod money_back;
mod months;
mod movers;
mod newcomers;
mod overseas;
mod papers;
mod payers;
mod premises;
mod products;
mod regular;
mod savings;
mod stories;
mod trade;
mod voice;
mod vouchers;
mod wheel;

use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;
use thiserror::Error;

use crate::domain::accounts::applications::MigrationError;
use crate::domain::accounts::billing::BillingError;
use crate::domain::accounts::businesses::create::CreateError;
use crate::domain::accounts::businesses::links::LinkError;
use crate::domain::accounts::businesses::segments::SegmentError;
use crate::domain::accounts::campaigns::CampaignError;
use crate::domain::accounts::circumstances::CircumstanceError;
use crate::domain::accounts::concessions::ConcessionError;
use crate::domain::accounts::consents::ConsentError;
use crate::domain::accounts::external_events::EventError;
use crate::domain::accounts::feedback::FeedbackError;
use crate::domain::accounts::lifecycle::LifecycleError;
use crate::domain::accounts::metadata::MetadataError;
use crate::domain::accounts::notes::NoteError;
use crate::domain::accounts::preferences::PreferencesError;
use crate::domain::accounts::references::ReferenceError;
use crate::domain::accounts::reminders::ReminderError;
use crate::domain::accounts::roles::{self, ACCOUNT_OWNER, PORTFOLIO_OWNER};
use crate::domain::accounts::sign_up::SignUpError;
use crate::domain::accounts::{NewAccount, NewUser, OpenError, open};
use crate::domain::auth::logins::ChangeError;
use crate::domain::auth::partners::{self, PartnerError};
use crate::domain::auth::passwords::PasswordError;
use crate::domain::auth::staff::{self, StaffError};
use crate::domain::auth::viewer::{
    ACT_FOR_CUSTOMERS, EDIT_CUSTOMERS, HANDLE_EXCEPTIONS, MANAGE_BUSINESSES, MANAGE_CONTRACTS, MANAGE_DEBT,
    MANAGE_LEADS, MANAGE_PAYMENTS, OPEN_ACCOUNTS, POST_TRANSACTIONS, PRE_SIGN, PRINT_LETTERS,
    RECORD_CONTACTS, SEND_MESSAGES, VIEW_ACCOUNTS,
};
use crate::domain::auth::{Auth, Viewer, organisations};
use crate::domain::billing::annul::AnnulError;
use crate::domain::billing::holds::HoldError;
use crate::domain::billing::rhythms::RhythmError;
use crate::domain::communications::calls::CallError;
use crate::domain::communications::calls::agents::AgentError;
use crate::domain::communications::ink::handling::HandleError;
use crate::domain::communications::ink::taking::TakeError;
use crate::domain::communications::opt_ins::OptInError;
use crate::domain::communications::print::PrintError;
use crate::domain::communications::push::PushError;
use crate::domain::communications::triggers::TriggerError;
use crate::domain::contracts::sign::SignError;
use crate::domain::contracts::vary::VaryError;
use crate::domain::devices::DeviceError;
use crate::domain::devices::onboarding::WizardError;
use crate::domain::devices::register::RegisterError;
use crate::domain::leads::LeadError;
use crate::domain::leads::blocklist::BarError;
use crate::domain::leads::channels::ChannelError;
use crate::domain::leads::making::FunnelError;
use crate::domain::leads::quotes::QuoteError;
use crate::domain::ledgers::contributions::ContributionError;
use crate::domain::ledgers::debts::DebtError;
use crate::domain::ledgers::dunning::DunningError;
use crate::domain::ledgers::journal::PostError;
use crate::domain::ledgers::payments::PaymentError;
use crate::domain::ledgers::permissions::PermissionError;
use crate::domain::ledgers::proceedings::ProceedingError;
use crate::domain::ledgers::reversals::ReversalError;
use crate::domain::ledgers::transfers::TransferError;
use crate::domain::ledgers::write_offs::WriteOffError;
use crate::domain::ledgers::{self, ChargeError, HandError};
use crate::domain::loyalty::cards::CardError;
use crate::domain::loyalty::dealings::DealError;
use crate::domain::loyalty::memberships::MembershipError;
use crate::domain::loyalty::referrals::claim_codes::IssueError;
use crate::domain::loyalty::referrals::making::ReferralError;
use crate::domain::loyalty::taking_part::TakingPartError;
use crate::domain::loyalty::vouchers::VoucherError;
use crate::domain::loyalty::wheel::SpinError;
use crate::domain::payments::centrepay::CentrepayError;
use crate::domain::payments::collect::CollectError;
use crate::domain::payments::direct_debits::SetUpError;
use crate::domain::payments::held_schedules::ScheduleError;
use crate::domain::payments::requests::RequestError;
use crate::domain::supply::agreements::AgreementError;
use crate::domain::supply::on_site::OnSiteError;
use crate::platform::clock::{ClockError, Deadline};
use crate::platform::db::{Database, Stats, Tx, statement};
use crate::platform::jobs::JobError;
use crate::platform::market::{self, Market};
use crate::platform::random::Randomness;

use cast::{CUSTOMERS, Customer};

/// How to call as each kind of user. Drawn anew for every installation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoCredentials {
    /// A customer.
    pub customer: DemoCustomer,
    /// A member of staff.
    pub staff: DemoStaff,
    /// A partner organisation.
    pub organisation: DemoOrganisation,
    /// A partner user.
    pub partner: DemoPartner,
    /// A customer of each market; the first is the one above.
    pub customers: Vec<DemoCustomer>,
    /// Every account of the world.
    pub accounts: Vec<DemoAccount>,
}

/// A customer's log-in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoCustomer {
    /// Market code.
    pub market: String,
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
    /// API key.
    pub api_key: String,
    /// The accounts that they hold.
    pub account_numbers: Vec<String>,
}

/// A staff log-in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoStaff {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// An organisation's log-in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoOrganisation {
    /// Its name.
    pub name: String,
    /// Its secret key.
    pub secret_key: String,
    /// The accounts granted to it.
    pub account_numbers: Vec<String>,
}

/// A partner user's log-in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPartner {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// One account of the demo world.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoAccount {
    /// Market code.
    pub market: String,
    /// Account number.
    pub number: String,
    /// Who holds it.
    pub holder: String,
}

/// Why the demo world was not made. Nothing of it is left then.
#[derive(Debug, Error)]
pub enum DemoError {
    #[error(transparent)]
    Clock(#[from] ClockError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Staff(#[from] StaffError),
    #[error(transparent)]
    Login(#[from] ChangeError),
    #[error(transparent)]
    Partner(#[from] PartnerError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Charge(#[from] ChargeError),
    #[error(transparent)]
    ByHand(#[from] HandError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
    #[error(transparent)]
    Annul(#[from] AnnulError),
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error(transparent)]
    Rhythm(#[from] RhythmError),
    #[error(transparent)]
    Debt(#[from] DebtError),
    #[error(transparent)]
    Proceeding(#[from] ProceedingError),
    #[error(transparent)]
    Contribution(#[from] ContributionError),
    #[error(transparent)]
    Permission(#[from] PermissionError),
    #[error(transparent)]
    MoneyBack(#[from] RequestError),
    #[error(transparent)]
    Business(#[from] CreateError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Segment(#[from] SegmentError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Reminder(#[from] ReminderError),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error(transparent)]
    Circumstance(#[from] CircumstanceError),
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    #[error(transparent)]
    Centrepay(#[from] CentrepayError),
    #[error(transparent)]
    DirectDebit(#[from] SetUpError),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Collect(#[from] CollectError),
    #[error(transparent)]
    Amount(#[from] crate::platform::money::AmountError),
    #[error(transparent)]
    Concession(#[from] ConcessionError),
    #[error(transparent)]
    Consent(#[from] ConsentError),
    #[error(transparent)]
    Preferences(#[from] PreferencesError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Feedback(#[from] FeedbackError),
    #[error(transparent)]
    Referral(#[from] ReferralError),
    #[error(transparent)]
    ClaimCode(#[from] IssueError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Billing(#[from] BillingError),
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error(transparent)]
    SignUp(#[from] SignUpError),
    #[error(transparent)]
    Dunning(#[from] DunningError),
    #[error(transparent)]
    WriteOff(#[from] WriteOffError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Reversal(#[from] ReversalError),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error(transparent)]
    Product(#[from] AgreementError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Onboarding(#[from] WizardError),
    #[error(transparent)]
    Registering(#[from] RegisterError),
    #[error(transparent)]
    Home(#[from] homes::HomeError),
    #[error(transparent)]
    Desk(#[from] desk::DeskError),
    #[error(transparent)]
    Membership(#[from] MembershipError),
    #[error(transparent)]
    TakingPart(#[from] TakingPartError),
    #[error(transparent)]
    Points(#[from] DealError),
    #[error(transparent)]
    Signing(#[from] SignError),
    #[error(transparent)]
    Varying(#[from] VaryError),
    #[error(transparent)]
    Plan(#[from] serde_json::Error),
    #[error(transparent)]
    Quote(#[from] QuoteError),
    #[error(transparent)]
    Lead(#[from] LeadError),
    #[error(transparent)]
    Funnel(#[from] FunnelError),
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Barring(#[from] BarError),
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(transparent)]
    OnSite(#[from] OnSiteError),
    #[error(transparent)]
    Voucher(#[from] VoucherError),
    #[error(transparent)]
    Wheel(#[from] SpinError),
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    #[error(transparent)]
    Print(#[from] PrintError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Taking(#[from] TakeError),
    #[error(transparent)]
    Handling(#[from] HandleError),
    #[error(transparent)]
    OptIn(#[from] OptInError),
    #[error(transparent)]
    Push(#[from] PushError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

statement!(static CLAIM: (bool,) = "
    insert into demo_world (made_at) values ($1) on conflict do nothing returning only_row");

/// Makes the demo world, unless it stands already: then the answer is `None`. The clock ends where it
/// began, and may be moved forward from then on.
pub async fn make(
    db: &Database,
    auth: &Auth,
    random: &Randomness,
) -> Result<Option<DemoCredentials>, DemoError> {
    let mut tx = db.write(Deadline::after(Duration::from_secs(120)), &Stats::new()).await?;
    let now = tx.wall_now();
    if CLAIM.query().bind(now).fetch_optional(&mut tx).await?.is_none() {
        return Ok(None);
    }
    months::begin(&mut tx).await?;
    let (clerk, staff) = staff(&mut tx, auth, random).await?;
    let mut world = World { random, clerk, people: Vec::new(), others: Vec::new() };
    months::live(&mut tx, &mut world).await?;
    let credentials = credentials(&mut tx, auth, &world, staff).await?;
    tx.commit().await?;
    Ok(Some(credentials))
}

struct World<'a> {
    random: &'a Randomness,
    clerk: Viewer,
    people: Vec<Person>,
    /// Accounts without a history.
    others: Vec<DemoAccount>,
}

impl World<'_> {
    fn market_of(&self, account_number: &str) -> Option<&'static Market> {
        let person = self.people.iter().find(|person| person.number() == account_number)?;
        market::of_brand(person.customer.brand)
    }
}

/// A customer who has joined, or further premises of one.
struct Person {
    customer: &'static Customer,
    user: i64,
    account: i64,
    portfolio: i64,
    numbers: Vec<String>,
    is_further: bool,
}

impl Person {
    /// The number of the account that has a history.
    fn number(&self) -> &str {
        self.numbers.first().map(String::as_str).unwrap_or_default()
    }
}

async fn staff(tx: &mut Tx, auth: &Auth, random: &Randomness) -> Result<(Viewer, DemoStaff), DemoError> {
    let (email, password) = ("operations@example.com".to_owned(), random.alphanumeric(16));
    let hash = auth.passwords().hash(&password).await?;
    let id = staff::add(tx, &email, "Olive Operations", &hash, &["admin"]).await?;
    let permissions = [
        POST_TRANSACTIONS,
        EDIT_CUSTOMERS,
        RECORD_CONTACTS,
        MANAGE_DEBT,
        MANAGE_BUSINESSES,
        MANAGE_PAYMENTS,
        MANAGE_CONTRACTS,
        MANAGE_LEADS,
        OPEN_ACCOUNTS,
        PRINT_LETTERS,
        SEND_MESSAGES,
        HANDLE_EXCEPTIONS,
    ];
    let permissions = permissions.map(str::to_owned).to_vec();
    Ok((Viewer::Staff { id, roles: vec!["admin".to_owned()], permissions }, DemoStaff { email, password }))
}

/// Opens a customer's account, and for the first customer a second one beside it.
async fn join(tx: &mut Tx, random: &Randomness, customer: &'static Customer) -> Result<Person, DemoError> {
    let name = format!("{} {}", customer.given_name, customer.family_name);
    let (year, month, day) = customer.born;
    let new = NewUser {
        given_name: customer.given_name,
        family_name: customer.family_name,
        email: customer.email,
        mobile: customer.mobile,
        landline: "",
        title: customer.title,
        pronouns: customer.pronouns,
        preferred_name: None,
        date_of_birth: NaiveDate::from_ymd_opt(year, month, day),
    };
    let user = open::user(tx, random, &new).await?;
    let portfolio = open::portfolio(tx, random, customer.brand, &name).await?;
    let mut account = NewAccount {
        brand: customer.brand,
        account_type: customer.account_type,
        urn: None,
        billing_name: &name,
        billing_email: customer.email,
        address: customer.address,
        postcode: customer.postcode,
    };
    let opened = open::account(tx, random, portfolio, &account).await?;
    roles::give_on_account(tx, opened.id, user, ACCOUNT_OWNER).await?;
    let mut numbers = vec![opened.number];
    if std::ptr::eq(customer, &CUSTOMERS[0]) {
        account.address = &["2 Limpet Lane", "Clevedon"];
        account.postcode = "BS21 6AB";
        numbers.push(open::account(tx, random, portfolio, &account).await?.number);
        roles::give_on_portfolio(tx, portfolio, user, PORTFOLIO_OWNER).await?;
    }
    more_ledgers(tx, random, opened.id, customer).await?;
    Ok(Person { customer, user, account: opened.id, portfolio, numbers, is_further: false })
}

/// Opens the accounts of a business's further premises.
async fn premises(tx: &mut Tx, random: &Randomness, person: &Person) -> Result<Vec<Person>, DemoError> {
    let customer = person.customer;
    let name = format!("{} {}", customer.given_name, customer.family_name);
    let mut opened = Vec::new();
    for (address, postcode) in customer.company.map(|company| company.premises).unwrap_or_default() {
        let new = NewAccount {
            brand: customer.brand,
            account_type: customer.account_type,
            urn: None,
            billing_name: &name,
            billing_email: customer.email,
            address,
            postcode,
        };
        let account = open::account(tx, random, person.portfolio, &new).await?;
        roles::give_on_account(tx, account.id, person.user, ACCOUNT_OWNER).await?;
        more_ledgers(tx, random, account.id, customer).await?;
        let (numbers, is_further) = (vec![account.number], true);
        opened.push(Person { account: account.id, numbers, is_further, ..*person });
    }
    Ok(opened)
}

/// Opens the ledgers that a customer's supplies need beyond those every account has.
async fn more_ledgers(
    tx: &mut Tx,
    random: &Randomness,
    account: i64,
    customer: &Customer,
) -> Result<(), DemoError> {
    let wanted = customer.supplies.iter().filter_map(|supply| supply.ledger_type);
    let Some(market) = market::of_brand(customer.brand) else {
        return Ok(());
    };
    for name in wanted {
        if let Some(kind) =
            market.ledgers.iter().find(|kind| kind.ledger_type == name && !kind.opened_with_account)
        {
            ledgers::open::customer_ledger(tx, random, account, market, kind).await?;
        }
    }
    Ok(())
}

async fn credentials(
    tx: &mut Tx,
    auth: &Auth,
    world: &World<'_>,
    staff: DemoStaff,
) -> Result<DemoCredentials, DemoError> {
    let customers = logins::give(tx, auth, world).await?;
    let customer = customers.first().cloned().ok_or(sqlx::Error::RowNotFound)?;

    let name = "Tidal Insights".to_owned();
    let (id, secret_key) =
        organisations::add(tx, world.random, &name, &[VIEW_ACCOUNTS, ACT_FOR_CUSTOMERS, PRE_SIGN]).await?;
    let mut granted = Vec::new();
    for person in world.people.iter().take(2) {
        organisations::grant(tx, id, person.account).await?;
        granted.extend(person.numbers.first().cloned());
    }
    let organisation = DemoOrganisation { name, secret_key, account_numbers: granted };
    let accounts = world.people.iter().flat_map(listed).chain(world.others.iter().cloned()).collect();
    let partner = partner(tx, auth, world.random).await?;
    Ok(DemoCredentials { customer, staff, organisation, partner, customers, accounts })
}

async fn partner(tx: &mut Tx, auth: &Auth, random: &Randomness) -> Result<DemoPartner, DemoError> {
    let (email, password) = ("agent@example.com".to_owned(), random.alphanumeric(16));
    let hash = auth.passwords().hash(&password).await?;
    let id = partners::add(tx, random, &email, "Alma Agent", &hash, &[]).await?;
    trade::employ(tx, random, id).await?;
    Ok(DemoPartner { email, password })
}

fn listed(person: &Person) -> impl Iterator<Item = DemoAccount> {
    let customer = person.customer;
    let market = market::of_brand(customer.brand).map(|market| market.code.clone()).unwrap_or_default();
    let holder = format!("{} {}", customer.given_name, customer.family_name);
    let account = move |number: &String| DemoAccount {
        market: market.clone(),
        number: number.clone(),
        holder: holder.clone(),
    };
    person.numbers.iter().map(account)
}
