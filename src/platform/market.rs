//! Markets: what differs between countries, as data. A market is reached through an account's brand.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::{AmountError, Currency, Minor, Rounding, Split};
use super::recurrence::{Frequency, Recurrence, YearDay};

/// One country's rules.
#[derive(Clone, Debug, Deserialize)]
pub struct Market {
    /// Short name: `gb`, `de`, `jp`, `au` or `us`.
    pub code: String,
    /// ISO 3166 country code.
    pub country: String,
    /// The one currency of its ledgers.
    pub currency: Currency,
    #[serde(rename = "time_zone")]
    zone: String,
    /// Sales tax.
    pub tax: Tax,
    /// Its brands; the first is the usual one.
    pub brands: Vec<Brand>,
    /// The companies of the retailer that trade there.
    pub companies: Vec<InternalCompany>,
    /// The kinds of ledger that its accounts have.
    pub ledgers: Vec<LedgerKind>,
    /// Why an account may be charged.
    pub charge_reasons: Vec<Reason>,
    /// Why an account may be credited.
    pub credit_reasons: Vec<Reason>,
    /// What its states pay towards the energy of those who hold concession cards: as a simulated register has it.
    #[serde(default)]
    pub rebates: Vec<RebateScheme>,
    /// For how many months after energy was used it may still be charged for, where that is limited.
    #[serde(default)]
    pub back_billing_months: Option<u32>,
    /// How those are billed who pay fixed instalments, where that is otherwise than [`Market::billing`] says.
    #[serde(default)]
    pub instalments: Option<Instalments>,
    /// How its accounts are billed unless something else was agreed.
    pub billing: Vec<BillingOperation>,
}

/// How instalments are settled: each bill is set against what was paid in its period.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Instalments {
    /// Months from one settlement to the next.
    pub settled_every: u32,
    /// For how many days after its bill a shortfall is not due.
    pub days_to_pay: u32,
    /// Instalments are multiples of this, in minor units.
    pub step: i64,
}

/// Something that is done about bills again and again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BillingOperation {
    /// What is done.
    pub operation: BillingAction,
    /// What each run of it is for.
    pub target: BillingTarget,
    /// The unit from one run to the next.
    pub frequency: Frequency,
    /// How many units there are from one run to the next.
    pub multiplier: u32,
    /// The day of the year that runs are counted from. Without one it is the day on which what is billed was opened;
    /// a rhythm that is read for somebody has it filled in.
    #[serde(default)]
    pub start: Option<YearDay>,
    /// Days of every year on which it runs as well, by what they are, such as a change of regulated prices.
    pub days: Vec<NamedDay>,
}

/// A day of every year with a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NamedDay {
    /// What it is.
    pub key: String,
    /// The day.
    pub on: YearDay,
}

/// What a billing run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingAction {
    /// Charges what was used.
    ChargeTarget,
    /// Charges, and issues an invoice of it.
    ChargeTargetAndIssueInvoice,
    /// Charges, and issues a statement of it.
    ChargeTargetAndIssueStatement,
    /// Issues a statement of what has been charged.
    IssueStatementForTarget,
    /// Issues an invoice of what has been charged.
    IssueInvoiceForTarget,
}

impl BillingAction {
    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChargeTarget => "CHARGE_TARGET",
            Self::ChargeTargetAndIssueInvoice => "CHARGE_TARGET_AND_ISSUE_INVOICE",
            Self::ChargeTargetAndIssueStatement => "CHARGE_TARGET_AND_ISSUE_STATEMENT",
            Self::IssueStatementForTarget => "ISSUE_STATEMENT_FOR_TARGET",
            Self::IssueInvoiceForTarget => "ISSUE_INVOICE_FOR_TARGET",
        }
    }

    /// Whether it charges what was used.
    pub fn charges(self) -> bool {
        !matches!(self, Self::IssueStatementForTarget | Self::IssueInvoiceForTarget)
    }

    /// Whether what it issues are invoices.
    pub fn is_of_invoices(self) -> bool {
        matches!(self, Self::ChargeTargetAndIssueInvoice | Self::IssueInvoiceForTarget)
    }

    /// Whether it issues a document.
    pub fn issues(self) -> bool {
        !matches!(self, Self::ChargeTarget)
    }
}

/// What is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingTarget {
    /// One ledger.
    ChargingLedger,
    /// All ledgers of an account.
    Account,
    /// All accounts of a portfolio, together.
    Portfolio,
}

impl BillingTarget {
    /// As clients and the database know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChargingLedger => "CHARGING_LEDGER",
            Self::Account => "ACCOUNT",
            Self::Portfolio => "PORTFOLIO",
        }
    }
}

impl BillingOperation {
    /// The first day, before neither `since` nor `day`, on which it runs, where it has held since `since`.
    pub fn next(&self, since: NaiveDate, day: NaiveDate) -> Option<NaiveDate> {
        let Self { frequency, multiplier, start, .. } = *self;
        let regular = start.and_then(|start| Recurrence { frequency, multiplier, start }.next(since, day));
        let named = self.days.iter().filter_map(|named| named.on.next(day.max(since)));
        regular.into_iter().chain(named).min()
    }
}

/// A market's sales tax.
#[derive(Clone, Debug, Deserialize)]
pub struct Tax {
    /// What it is called.
    pub name: String,
    /// Rate for households; 0.05 is five per cent.
    pub domestic: Decimal,
    /// Rate for businesses.
    pub business: Decimal,
    /// How it is rounded to minor units.
    pub rounding: Rounding,
    /// When it was, or will be, another one for some supply.
    #[serde(default)]
    pub exceptions: Vec<TaxException>,
}

/// Days on which a supply bears another tax than usual.
#[derive(Clone, Debug, Deserialize)]
pub struct TaxException {
    /// `electricity` or `gas`.
    pub commodity: String,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
    /// Rate for households.
    pub domestic: Decimal,
    /// Rate for businesses.
    pub business: Decimal,
}

/// A brand that accounts are held with.
#[derive(Clone, Debug, Deserialize)]
pub struct Brand {
    /// Its code on the wire.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Number of the company that supplies under it.
    pub company: String,
    /// What its bills are like.
    pub billing: Billing,
}

/// A company of the retailer: who a customer's contract is with, and whose bills they pay.
#[derive(Clone, Debug, Deserialize)]
pub struct InternalCompany {
    /// The retailer's own number of it.
    pub number: String,
    /// Its registered name.
    pub name: String,
    /// Its number in the register of companies.
    pub registration: String,
    /// What else it is registered under: the court that keeps the register, or a licence.
    #[serde(default)]
    pub second_registration: Option<String>,
    /// Its number with the tax office.
    pub tax_number: String,
    /// Its seat, in the parts of an address.
    pub legal_address: serde_json::Value,
}

/// What the bills of a brand are like. When they are issued is the market's rhythm of billing.
#[derive(Clone, Debug, Deserialize)]
pub struct Billing {
    /// Whether its statements are of the newer kind, which goes by periods.
    pub is_period_based: bool,
    /// Days from the issue of a bill until it is due.
    pub terms_days: i32,
}

/// A kind of customer ledger.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerKind {
    /// Its type on the wire, such as `ELECTRICITY_LEDGER`.
    pub ledger_type: String,
    /// Its name.
    pub name: String,
    /// Whether charges and credits go here unless another ledger is named. One a market.
    pub is_main: bool,
    /// Whether it counts towards the account's balance.
    pub affects_account_balance: bool,
    /// Whether payments may go to it.
    pub accepts_payments: bool,
    /// Whether it is billed by statements.
    pub supports_statements: bool,
    /// Whether it is billed by invoices.
    pub supports_invoices: bool,
    /// Whether it only stores credit, which may be permitted to settle what other ledgers owe.
    #[serde(default)]
    pub stores_credit: bool,
    /// Whether every account has one from the start.
    pub opened_with_account: bool,
}

/// A reason for a charge or a credit.
#[derive(Clone, Debug, Deserialize)]
pub struct Reason {
    /// Its code on the wire.
    pub code: String,
    /// How it is shown.
    pub display: String,
    /// Whether it may no longer be used.
    pub is_deprecated: bool,
    /// Whether the amount bears no tax.
    pub is_tax_exempt: bool,
    /// Whether forms leave it out.
    pub is_hidden: bool,
    /// The heading it stands under.
    pub group: String,
}

/// What a state pays towards one fuel of those who hold certain cards.
#[derive(Clone, Debug, Deserialize)]
pub struct RebateScheme {
    /// Territory and fuel, such as `AUS_GAS`.
    pub market_name: String,
    /// The state, as clients know it.
    pub state: String,
    /// Code of the credit reason.
    pub credit_reason: String,
    /// The month in which its years begin.
    pub year_begins: i32,
    /// The cards that count.
    pub card_types: Vec<String>,
    /// What it comes to.
    pub rates: Vec<RebateRate>,
}

/// What a rebate comes to for a while: so much a day, or a share of what a household is charged above a threshold.
#[derive(Clone, Debug, Deserialize)]
pub struct RebateRate {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one, if it is known.
    #[serde(default)]
    pub to: Option<NaiveDate>,
    /// Minor units a day.
    #[serde(default)]
    pub daily: Option<Decimal>,
    /// The share; 0.175 is 17.5 per cent.
    #[serde(default)]
    pub share: Option<Decimal>,
    /// Minor units a year of which nothing is paid.
    #[serde(default)]
    pub threshold: Option<i64>,
    /// The most that is paid for a year, in minor units.
    #[serde(default)]
    pub yearly_cap: Option<i64>,
}

static MARKETS: LazyLock<Vec<Market>> = LazyLock::new(|| {
    let files = [
        include_str!("markets/gb.json"),
        include_str!("markets/de.json"),
        include_str!("markets/jp.json"),
        include_str!("markets/au.json"),
        include_str!("markets/us.json"),
    ];
    // Compiled in and covered by a test below.
    files.iter().map(|file| serde_json::from_str(file).expect("a market's data file is valid")).collect()
});

/// All markets.
pub fn all() -> &'static [Market] {
    &MARKETS
}

/// The market called `code`.
pub fn by_code(code: &str) -> Option<&'static Market> {
    MARKETS.iter().find(|market| market.code == code)
}

/// The market that `brand` belongs to.
pub fn of_brand(brand: &str) -> Option<&'static Market> {
    MARKETS.iter().find(|market| market.brands.iter().any(|known| known.code == brand))
}

/// The moment at which a day begins in a time zone.
pub fn start_of_day(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    // Where clocks are put forward at midnight, the day begins an hour later.
    let begins = [midnight, midnight + TimeDelta::hours(1)];
    let begins = begins.iter().find_map(|local| zone.from_local_datetime(local).earliest());
    begins.map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc))
}

impl Market {
    /// Its time zone.
    pub fn time_zone(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }

    /// The local day at `moment`.
    pub fn day(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.time_zone()).date_naive()
    }

    /// The moment at which a local day begins.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        start_of_day(self.time_zone(), day)
    }

    /// The tax rate for an account of this type.
    pub fn tax_rate(&self, account_type: &str) -> Decimal {
        if account_type.starts_with("BUSINESS") { self.tax.business } else { self.tax.domestic }
    }

    /// The tax rate for what an account of this type is supplied with on a local day.
    pub fn supply_tax_rate(&self, commodity: &str, account_type: &str, day: NaiveDate) -> Decimal {
        let holds =
            |other: &&TaxException| other.commodity == commodity && (other.from..other.to).contains(&day);
        match self.tax.exceptions.iter().find(holds) {
            Some(other) if account_type.starts_with("BUSINESS") => other.business,
            Some(other) => other.domestic,
            None => self.tax_rate(account_type),
        }
    }

    /// Takes the tax out of a gross amount; a tax-exempt one is all net.
    pub fn split_gross(&self, gross: Minor, account_type: &str, exempt: bool) -> Result<Split, AmountError> {
        if exempt {
            return Ok(Split::untaxed(gross));
        }
        Split::of_gross(gross, self.tax_rate(account_type), self.tax.rounding)
    }

    /// Adds the tax to a net amount.
    pub fn split_net(&self, net: Minor, account_type: &str) -> Result<Split, AmountError> {
        Split::of_net(net, self.tax_rate(account_type), self.tax.rounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_files_are_whole() {
        assert_eq!(all().len(), 5);
        for market in all() {
            assert!(market.zone.parse::<Tz>().is_ok(), "{}", market.zone);
            assert!(market.currency.code.len() == 3 && market.country.len() == 2);
            assert_eq!(market.ledgers.iter().filter(|l| l.is_main && l.affects_account_balance).count(), 1);
            assert!(!market.brands.is_empty() && !market.charge_reasons.is_empty());
            assert!(market.billing.iter().any(|op| op.operation.charges()));
            assert!(market.billing.iter().any(|op| op.operation.issues()));
            for scheme in &market.rebates {
                let is_known = market.credit_reasons.iter().any(|reason| reason.code == scheme.credit_reason);
                assert!(is_known && !scheme.rates.is_empty(), "{}", scheme.credit_reason);
            }
            assert!(of_brand(&market.brands[0].code).is_some_and(|m| m.code == market.code));
        }
        assert_eq!(by_code("jp").map(|m| m.currency.exponent), Some(0));
    }

    #[test]
    fn tax_is_taken_out_by_the_rule_of_the_market() {
        let split = |market: &str, gross, kind| {
            by_code(market).map(|m| m.split_gross(Minor(gross), kind, false).map(|s| (s.net.0, s.tax.0)))
        };
        assert_eq!(split("gb", 1050, "DOMESTIC"), Some(Ok((1000, 50))));
        assert_eq!(split("gb", 1200, "BUSINESS"), Some(Ok((1000, 200))));
        assert_eq!(split("de", 11900, "DOMESTIC"), Some(Ok((10000, 1900))));
        // 999 yen hold 90.8 yen of tax, and yen are cut off.
        assert_eq!(split("jp", 999, "DOMESTIC"), Some(Ok((909, 90))));
    }

    #[test]
    fn what_is_supplied_bears_the_tax_of_its_day() {
        let rate = |commodity, day: &str| {
            let day = day.parse().expect("a day");
            by_code("de").map(|market| market.supply_tax_rate(commodity, "DOMESTIC", day).to_string())
        };
        assert_eq!(rate("gas", "2024-03-31").as_deref(), Some("0.07"));
        assert_eq!(rate("gas", "2024-04-01").as_deref(), Some("0.19"));
        assert_eq!(rate("electricity", "2024-03-31").as_deref(), Some("0.19"));
    }

    #[test]
    fn a_day_begins_where_the_customer_is() {
        let evening = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let day = |market| by_code(market).map(|m| m.day(evening).to_string());
        assert_eq!(day("gb").as_deref(), Some("2023-11-14"));
        assert_eq!(day("jp").as_deref(), Some("2023-11-15"));
        let begins = |market: &str, day: &str| {
            let market = by_code(market).expect("a market");
            market.start_of(day.parse().expect("a day")).to_rfc3339()
        };
        assert_eq!(begins("jp", "2023-11-15"), "2023-11-14T15:00:00+00:00");
        assert_eq!(begins("gb", "2023-07-01"), "2023-06-30T23:00:00+00:00");
    }
}
