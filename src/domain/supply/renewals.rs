//! Moving single supply points of an account to other products: renewing what was agreed, at a property or agreement by
//! agreement, and switching some points. Each follows what was agreed at its point before, all of them or none.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use super::agreements::{self, AgreementError, Next};
use super::identifiers::MarketName;
use super::product_switches::{self, FARTHEST, Offer};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::ledgers::{self, Ledger, Which};
use crate::domain::payments::adequacy::{self, AdequacyError};
use crate::domain::payments::collect::{self, CollectError};
use crate::domain::payments::schedule_changes::{self, Refusal, ScheduleError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market::{self, Market};

/// What banks call the payment that settles a debt before a renewal.
const SETTLEMENT: &str = "Balance before renewal";

/// Why nothing was renewed or switched.
#[derive(Debug, Error)]
pub enum RenewalError {
    /// The viewer may not do this, or there is no such account for them.
    #[error("the viewer may not change what is agreed on this account")]
    Unauthorized,
    /// No list of agreements was given.
    #[error("there is nothing to renew")]
    NoList,
    /// What was asked for cannot be meant.
    #[error("{0}")]
    Invalid(&'static str),
    /// Nothing with this identifier or code is offered.
    #[error("there is no such product for sale")]
    UnknownOffer,
    /// The point is supplied on another account that the viewer sees.
    #[error("the point is supplied on another account")]
    Elsewhere,
    /// Nothing is agreed on at the point on that day.
    #[error("nothing is agreed on at the point on that day")]
    NotAgreed,
    /// Things stand in the way.
    #[error("{0}")]
    Cannot(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RenewalError);

impl From<AgreementError> for RenewalError {
    fn from(error: AgreementError) -> Self {
        Self::Cannot(match error {
            AgreementError::Database(error) => return Self::Database(error),
            AgreementError::NotThere => "the agreement is over",
            AgreementError::NoProduct => "the product is not made for the supply point",
            AgreementError::NotSupplied => "the point is not supplied on that day",
            AgreementError::Overlaps => "something else was agreed on for later",
            AgreementError::NotThen => "the agreement does not hold on that day",
            AgreementError::Billed => "the days from then on have been billed",
        })
    }
}

/// The account that is dealt with, and today there.
struct Dealing {
    account: i64,
    market: &'static Market,
    today: NaiveDate,
}

impl Dealing {
    async fn begin(tx: &mut Tx, viewer: &Viewer, account_number: &str) -> Result<Self, RenewalError> {
        let held = product_switches::hold_account(tx, viewer, account_number).await?;
        let (account, market) = held.ok_or(RenewalError::Unauthorized)?;
        let market = market::by_code(&market).ok_or(RenewalError::Unauthorized)?;
        let today = market.day(tx.business_now().await?);
        Ok(Self { account, market, today })
    }

    /// A day from which on something new can hold.
    fn judged(&self, day: NaiveDate) -> Result<NaiveDate, RenewalError> {
        if day < self.today {
            return Err(RenewalError::Invalid("the day is over"));
        }
        if day - self.today > FARTHEST {
            return Err(RenewalError::Invalid("the day is more than 90 days ahead"));
        }
        Ok(day)
    }

    fn for_sale(&self, offer: Option<Offer>) -> Result<Offer, RenewalError> {
        let known = offer.filter(|offer| offer.is_for_sale && offer.market == self.market.code);
        known.ok_or(RenewalError::UnknownOffer)
    }

    /// Renews an agreement on a day, or else on the one on which it ends, or today.
    async fn renew(
        &self,
        tx: &mut Tx,
        held: &Last,
        offer: &Offer,
        on: Option<NaiveDate>,
        is_flat: bool,
    ) -> Result<(), RenewalError> {
        let on = match on {
            Some(on) => on,
            None => held.to_at.map_or(self.today, |end| self.market.day(end)),
        };
        if on - self.today > FARTHEST {
            return Err(RenewalError::Cannot("it is too early to renew the agreement"));
        }
        self.follow(tx, held, offer, on, is_flat).await
    }

    /// What has been done already is left as it is.
    async fn follow(
        &self,
        tx: &mut Tx,
        held: &Last,
        offer: &Offer,
        on: NaiveDate,
        is_flat: bool,
    ) -> Result<(), RenewalError> {
        let is_same = held.product_id == offer.id;
        if is_same && held.from_at == Some(self.market.start_of(on)) {
            return Ok(());
        }
        if is_same && held.to_at.is_none() {
            return Err(RenewalError::Cannot("the point is on the product already"));
        }
        let next = Next { product: &offer.code, from: on, is_flat };
        agreements::follow(tx, held.id, &next).await?;
        Ok(())
    }
}

row! {
    /// What was agreed last at a point.
    struct Last {
        id: i64,
        product_id: i64,
        commodity: String,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
        is_flat: bool,
    }
}

/// The columns of [`Last`].
macro_rules! last {
    () => {
        "g.id, o.product_id, sp.commodity, lower(g.during) as from_at, upper(g.during) as to_at, o.kind <> 'DAY_NIGHT' as is_flat"
    };
}

statement!(static HOLDS_PROPERTY: (bool,) = "
    select exists (select from occupancies where property_id = $1 and account_id = $2 and during @> $3::timestamptz)");
statement!(static AT_PROPERTY: Last = concat!("
    select distinct on (sp.id) ", last!(), "
    from supply_points sp join agreements g on g.supply_point_id = sp.id and g.account_id = $2 and g.revoked_at is null
        join tariffs t on t.id = g.tariff_id join product_offers o on o.id = t.offer_id
    where sp.property_id = $1 and (upper_inf(g.during) or upper(g.during) > $3)
        and exists (select from product_offers fit join products p on p.id = fit.product_id
            where p.id = $4 and fit.market_name = sp.market_name and p.direction = sp.direction)
    order by sp.id, lower(g.during) desc"));

/// A renewal of all that a product is made for at a property.
#[derive(Clone, Debug)]
pub struct AtProperty {
    /// Number of the account.
    pub account_number: String,
    /// The product, by row id.
    pub product: i64,
    /// The property, by row id.
    pub property: i64,
    /// Whether what is owed is collected today.
    pub settles_debt: bool,
    /// Whether points that have one price for all hours keep that.
    pub keeps_flat: bool,
    /// The first local day; the one on which each agreement ends, or else today, unless given.
    pub on: Option<NaiveDate>,
}

/// Renews what is agreed at a property.
///
/// # Errors
/// See [`RenewalError`].
pub async fn at_property(tx: &mut Tx, viewer: &Viewer, wanted: &AtProperty) -> Result<(), RenewalError> {
    let dealing = Dealing::begin(tx, viewer, &wanted.account_number).await?;
    let now = tx.business_now().await?;
    let holds = HOLDS_PROPERTY.query().bind(wanted.property).bind(dealing.account).bind(now);
    if !holds.fetch_one(&mut *tx).await?.0 {
        return Err(RenewalError::Invalid("the account does not hold such a property"));
    }
    let on = wanted.on.map(|on| dealing.judged(on)).transpose()?;
    let offer = dealing.for_sale(product_switches::offer(tx, wanted.product).await?)?;
    let held = AT_PROPERTY.query().bind(wanted.property).bind(dealing.account).bind(now).bind(offer.id);
    let held = held.fetch_all(&mut *tx).await?;
    if held.is_empty() {
        return Err(RenewalError::Cannot("nothing is agreed at the property that the product could follow"));
    }
    for last in &held {
        dealing.renew(tx, last, &offer, on, wanted.keeps_flat && last.is_flat).await?;
    }
    if wanted.settles_debt {
        settle(tx, viewer, &dealing, wanted).await?;
    }
    Ok(())
}

/// Has what is owed on the account's main ledger collected, once a day.
async fn settle(
    tx: &mut Tx,
    viewer: &Viewer,
    dealing: &Dealing,
    wanted: &AtProperty,
) -> Result<(), RenewalError> {
    let main = main_ledger(tx, viewer, dealing.account).await?;
    let Some(main) = main.filter(|ledger| ledger.balance.0 < 0) else { return Ok(()) };
    let payment = collect::Wanted {
        account_number: &wanted.account_number,
        ledger: &main.number,
        amount: main.balance.0.saturating_neg(),
        day: dealing.today,
        description: SETTLEMENT,
        method: None,
        idempotency_key: &format!("renewal on {}", dealing.today),
    };
    match collect::collect(tx, viewer, &payment).await {
        Ok(_) | Err(CollectError::UsedKey) => Ok(()),
        Err(CollectError::Database(error)) => Err(error.into()),
        Err(_) => Err(RenewalError::Cannot("what is owed cannot be collected")),
    }
}

async fn main_ledger(tx: &mut Tx, viewer: &Viewer, account: i64) -> Result<Option<Ledger>, sqlx::Error> {
    let ledgers = ledgers::of_accounts(tx, viewer, &[account], &Which::default()).await?;
    Ok(ledgers.into_iter().flatten().find(|ledger| ledger.is_main))
}

// Whoever may see the account has been asked already.
statement!(static OF_ACCOUNT: Last = concat!("
    select ", last!(), "
    from agreements g join supply_points sp on sp.id = g.supply_point_id join tariffs t on t.id = g.tariff_id
        join product_offers o on o.id = t.offer_id
    where g.id = $1 and g.account_id = $2 and g.revoked_at is null"));

/// An agreement, by row id, and the code of the product that is to follow it.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The agreement; zero for none.
    pub agreement: i64,
    /// Code of the product.
    pub product: String,
}

/// Renewals of agreements of an account, by commodity.
#[derive(Clone, Debug)]
pub struct OfAccount {
    /// Number of the account.
    pub account_number: String,
    /// Agreements on electricity.
    pub electricity: Vec<Renewal>,
    /// Agreements on gas.
    pub gas: Vec<Renewal>,
    /// The first local day; the one on which each agreement ends, or else today, unless given.
    pub on: Option<NaiveDate>,
}

/// Renews agreements of an account, each on a product of its own.
///
/// # Errors
/// See [`RenewalError`].
pub async fn of_account(tx: &mut Tx, viewer: &Viewer, wanted: &OfAccount) -> Result<(), RenewalError> {
    let dealing = Dealing::begin(tx, viewer, &wanted.account_number).await?;
    let electricity = wanted.electricity.iter().map(|each| ("electricity", each));
    let all: Vec<_> = electricity.chain(wanted.gas.iter().map(|each| ("gas", each))).collect();
    if all.is_empty() {
        return Err(RenewalError::NoList);
    }
    let distinct: BTreeSet<i64> = all.iter().map(|(_, each)| each.agreement).collect();
    if distinct.len() < all.len() {
        return Err(RenewalError::Invalid("an agreement is renewed once"));
    }
    let on = wanted.on.map(|on| dealing.judged(on)).transpose()?;
    for (commodity, each) in all {
        let held = OF_ACCOUNT.query().bind(each.agreement).bind(dealing.account);
        let held = held.fetch_optional(&mut *tx).await?.filter(|held| held.commodity == commodity);
        let held = held.ok_or(RenewalError::Invalid("the account has no such agreement"))?;
        let offer = dealing.for_sale(product_switches::offer_by_code(tx, &each.product).await?)?;
        dealing.renew(tx, &held, &offer, on, false).await?;
    }
    Ok(())
}

row! {
    struct AtPoint {
        is_own: bool,
        agreement_id: Option<i64>,
    }
}

statement!(static AT_POINT: AtPoint = concat!("
    select a.id = $3 as is_own, g.id as agreement_id
    from supply_points sp join supply_periods s on s.supply_point_id = sp.id and s.during @> $5::timestamptz
        join accounts a on a.id = s.account_id
        left join agreements g on g.supply_point_id = sp.id and g.account_id = a.id and g.revoked_at is null
            and g.during @> $5
    where sp.market = 'gb' and sp.identifier = $4 and ", account_is_visible!()));

/// What one point is to be on.
#[derive(Clone, Debug)]
pub struct PointSwitch {
    /// The number of the point.
    pub mpxn: String,
    /// The product, by row id.
    pub product: i64,
    /// The first local day; today unless given.
    pub on: Option<NaiveDate>,
    /// Whether one price is wanted for all hours.
    pub is_flat: bool,
}

/// Switches of points of an account.
#[derive(Clone, Debug)]
pub struct PointSwitches {
    /// Number of the account.
    pub account_number: String,
    /// What each is to be on.
    pub points: Vec<PointSwitch>,
    /// Whether the regular payment is brought up to what is charged.
    pub updates_payment: bool,
}

/// Switches points of an account.
///
/// # Errors
/// See [`RenewalError`].
pub async fn of_points(tx: &mut Tx, viewer: &Viewer, wanted: &PointSwitches) -> Result<(), RenewalError> {
    let dealing = Dealing::begin(tx, viewer, &wanted.account_number).await?;
    let numbers = wanted.points.iter().map(|point| mpxn(&point.mpxn)).collect::<Option<Vec<_>>>();
    let numbers = numbers.ok_or(RenewalError::Invalid("this is no number of a meter point"))?;
    if numbers.is_empty() || numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() {
        return Err(RenewalError::Invalid("each meter point is switched once, and at least one"));
    }
    for (point, number) in wanted.points.iter().zip(&numbers) {
        switch_point(tx, viewer, &dealing, point, number).await?;
    }
    if wanted.updates_payment {
        update_payment(tx, viewer, &dealing, &wanted.account_number).await?;
    }
    Ok(())
}

/// The number of a British meter point as it is kept.
pub(super) fn mpxn(text: &str) -> Option<String> {
    let of = |market: MarketName| market.identifier(text).ok();
    of(MarketName::GbrElectricity).or_else(|| of(MarketName::GbrGas))
}

async fn switch_point(
    tx: &mut Tx,
    viewer: &Viewer,
    dealing: &Dealing,
    point: &PointSwitch,
    number: &str,
) -> Result<(), RenewalError> {
    let on = dealing.judged(point.on.unwrap_or(dealing.today))?;
    let offer = dealing.for_sale(product_switches::offer(tx, point.product).await?)?;
    let at = AT_POINT.seen_by(viewer).bind(dealing.account).bind(number);
    let at = at.bind(dealing.market.start_of(on)).fetch_optional(&mut *tx).await?;
    let at = at.ok_or(RenewalError::NotAgreed)?;
    if !at.is_own {
        return Err(RenewalError::Elsewhere);
    }
    let held = OF_ACCOUNT.query().bind(at.agreement_id.unwrap_or(0)).bind(dealing.account);
    let held = held.fetch_optional(&mut *tx).await?.ok_or(RenewalError::NotAgreed)?;
    dealing.follow(tx, &held, &offer, on, point.is_flat).await
}

/// Has the account pay regularly what it is charged, where it pays a fixed amount and enough has been charged to tell.
async fn update_payment(
    tx: &mut Tx,
    viewer: &Viewer,
    dealing: &Dealing,
    account_number: &str,
) -> Result<(), RenewalError> {
    let Some(main) = main_ledger(tx, viewer, dealing.account).await? else { return Ok(()) };
    let found = match adequacy::calculate(tx, viewer, &main.number).await {
        Ok(found) => found,
        Err(AdequacyError::Database(error)) => return Err(error.into()),
        Err(AdequacyError::NoLedger | AdequacyError::TooEarly) => return Ok(()),
    };
    if found.existing.is_none_or(|existing| existing == found.suggested) || found.suggested == 0 {
        return Ok(());
    }
    match schedule_changes::set_amount(tx, viewer, account_number, found.suggested).await {
        Ok(_) => Ok(()),
        Err(Refusal { error: ScheduleError::Database(error), .. }) => Err(error.into()),
        Err(_) => Err(RenewalError::Cannot("the regular payment cannot be changed")),
    }
}
