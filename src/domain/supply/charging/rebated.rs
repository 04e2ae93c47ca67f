//! Rebates on what was charged: which days of it are entitled is kept by day, and what they come to is credited as the
//! difference to what was credited before. So late readings and cards put it right in the same way as energy itself.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use super::{CORRECTED_FOR, ChargingError, Due, pieces};
use crate::domain::ledgers::credits::{self, RuleCredit};
use crate::domain::supply::rebates::{self, Home, Rate};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::Market;

statement!(static BEFORE: (i64, NaiveDate, i64) = "
    select agreement_id, day, card_id from rebate_days where agreement_id = any($1)");

row! {
    struct Charged {
        agreement_id: i64,
        first: Option<NaiveDate>,
        last: Option<NaiveDate>,
    }
}

statement!(static CHARGED: Charged = "
    select agreement_id, lower(days) as first, upper(days) as last from supply_charges
    where agreement_id = any($1) and corrects_id is null and not is_forgone and upper(days) > $2::date - $3::integer
    order by agreement_id, lower(days)");

/// Days that have a rebate now and had none before: the first and the last one of them, and how many.
type News = BTreeMap<(i64, String), (NaiveDate, NaiveDate, i64)>;

/// Credits a ledger with the difference between what the days that were charged on it are entitled to by what is known now, and
/// what was credited for them. Answers the transactions. The caller holds the ledger.
pub(super) async fn credit(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    due: &[Due],
) -> Result<Vec<i64>, ChargingError> {
    let Some(account) = due.first().map(|each| each.account_id).filter(|_| !market.rebates.is_empty()) else {
        return Ok(Vec::new());
    };
    let ids: Vec<i64> = due.iter().map(|each| each.id).collect();
    let mut before: HashMap<i64, HashMap<NaiveDate, i64>> = HashMap::new();
    for (agreement, day, card) in BEFORE.query().bind(&ids).fetch_all(&mut *tx).await? {
        before.entry(agreement).or_default().insert(day, card);
    }
    let cards: Vec<i64> = before.values().flat_map(HashMap::values).copied().collect();
    let homes = rebates::homes(tx, market, &ids, &cards).await?;
    if !homes.values().any(Home::has_cards) {
        return Ok(Vec::new());
    }
    let today = market.day(tx.business_now().await?);
    let charged = CHARGED.query().bind(&ids).bind(today).bind(CORRECTED_FOR).fetch_all(&mut *tx).await?;
    let mut news = News::new();
    for each in due {
        let Some(home) = homes.get(&each.id) else { continue };
        let known = before.remove(&each.id).unwrap_or_default();
        let days = charged.iter().filter(|days| days.agreement_id == each.id);
        let days: Vec<NaiveDate> = days.flat_map(Charged::days).collect();
        let entitled = entitled(home, &days, &known);
        if let Some(first) = days.first().filter(|_| !entitled.is_empty() || !known.is_empty())
            && keep(tx, market, (each, home), *first, &entitled).await?
        {
            tell(&mut news, home, &entitled, &known);
        }
    }
    settle(tx, (account, ledger), &homes, &news).await
}

impl Charged {
    fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let days = self.first.zip(self.last);
        days.into_iter().flat_map(|(first, last)| first.iter_days().take_while(move |day| *day < last))
    }
}

/// A local day, by which rate it is entitled, and by whose card.
type Entitled<'h> = (NaiveDate, &'h Rate, i64);

fn entitled<'h>(home: &'h Home, days: &[NaiveDate], known: &HashMap<NaiveDate, i64>) -> Vec<Entitled<'h>> {
    let found = |day: &NaiveDate| {
        let (rate, card) = home.entitled(*day, known.get(day).copied())?;
        Some((*day, rate, card))
    };
    days.iter().filter_map(found).collect()
}

fn tell(news: &mut News, home: &Home, entitled: &[Entitled<'_>], known: &HashMap<NaiveDate, i64>) {
    for (day, ..) in entitled.iter().filter(|(day, ..)| !known.contains_key(day)) {
        let told = news.entry((home.property_id, home.market_name.clone())).or_insert((*day, *day, 0));
        *told = (told.0.min(*day), told.1.max(*day), told.2 + 1);
    }
}

statement!(static FORGET: () = "
    delete from rebate_days where agreement_id = $1 and day >= $2 and day <> all($3)");
// A day on which the household has a rebate by another agreement bears none by this one.
statement!(static KEEP: () = "
    insert into rebate_days (property_id, market_name, day, account_id, agreement_id, card_id, rate_id, charged)
    select $1, $2, e.day, $3, $4, e.card, e.rate, e.charged
    from unnest($5::date[], $6::bigint[], $7::bigint[], $8::numeric[]) as e (day, card, rate, charged)
    on conflict on constraint rebate_days_once do update
        set card_id = excluded.card_id, rate_id = excluded.rate_id, charged = excluded.charged
        where rebate_days.agreement_id = excluded.agreement_id");

/// Keeps which days of an agreement from a first one on are entitled, and to what. Says no, and does nothing, while a price is
/// not known.
async fn keep(
    tx: &mut Tx,
    market: &Market,
    (due, home): (&Due, &Home),
    first: NaiveDate,
    entitled: &[Entitled<'_>],
) -> Result<bool, ChargingError> {
    let Some(costs) = costs(tx, market, due, entitled).await? else { return Ok(false) };
    let days: Vec<NaiveDate> = entitled.iter().map(|(day, ..)| *day).collect();
    let rates: Vec<i64> = entitled.iter().map(|(_, rate, _)| rate.id).collect();
    let cards: Vec<i64> = entitled.iter().map(|(.., card)| *card).collect();
    let cost = |day: &NaiveDate| costs.get(day).copied().unwrap_or_default();
    let charged: Vec<Decimal> = days.iter().map(cost).collect();
    FORGET.command().bind(due.id).bind(first).bind(&days).execute(&mut *tx).await?;
    let keep =
        KEEP.command().bind(home.property_id).bind(&home.market_name).bind(due.account_id).bind(due.id);
    keep.bind(days).bind(cards).bind(rates).bind(charged).execute(&mut *tx).await?;
    Ok(true)
}

/// What each day cost with tax, in minor units, not rounded, as far as rebates are a share of that; none while a price is not
/// known.
async fn costs(
    tx: &mut Tx,
    market: &Market,
    due: &Due,
    entitled: &[Entitled<'_>],
) -> Result<Option<BTreeMap<NaiveDate, Decimal>>, ChargingError> {
    let mut costs = BTreeMap::new();
    let mut shared = entitled.iter().filter(|(_, rate, _)| rate.share.is_some()).map(|(day, ..)| *day);
    let Some(first) = shared.next() else { return Ok(Some(costs)) };
    let last = shared.next_back().unwrap_or(first);
    let end = last.checked_add_days(Days::new(1)).unwrap_or(last);
    let Some((_, pieces)) = pieces(tx, market, due, (first, end)).await? else { return Ok(None) };
    for piece in pieces {
        *costs.entry(market.day(piece.start)).or_default() += piece.gross();
    }
    let is_shared = |day: &NaiveDate| entitled.iter().any(|each| each.0 == *day && each.1.share.is_some());
    costs.retain(|day, _| is_shared(day));
    Ok(Some(costs))
}

row! {
    struct Difference {
        property_id: i64,
        market_name: String,
        credit_reason: String,
        amount: i64,
    }
}

statement!(static DIFFERENCES: Difference = "
    select coalesce(d.property_id, c.property_id) as property_id, coalesce(d.market_name, c.market_name, '') as market_name,
        coalesce(d.credit_reason, c.credit_reason, '') as credit_reason,
        coalesce(d.amount, 0) - coalesce(c.amount, 0) as amount
    from (select * from rebates_due where account_id = $1 and market_name = any($2)) d full join (
        select property_id, market_name, credit_reason, sum(amount)::bigint as amount from rebate_credits
        where account_id = $1 and market_name = any($2) group by property_id, market_name, credit_reason
    ) c on c.property_id = d.property_id and c.market_name = d.market_name and c.credit_reason = d.credit_reason
    where coalesce(d.amount, 0) <> coalesce(c.amount, 0) order by 1, 2, 3");
statement!(static CREDITED: () = "
    insert into rebate_credits (transaction_id, account_id, property_id, market_name, credit_reason, amount)
    values ($1, $2, $3, $4, $5, $6)");

async fn settle(
    tx: &mut Tx,
    (account, ledger): (i64, i64),
    homes: &HashMap<i64, Home>,
    news: &News,
) -> Result<Vec<i64>, ChargingError> {
    let fuels: Vec<&str> = homes.values().map(|home| home.market_name.as_str()).collect();
    let mut posted = Vec::new();
    for each in DIFFERENCES.query().bind(account).bind(&fuels).fetch_all(&mut *tx).await? {
        let told = news.get(&(each.property_id, each.market_name.clone()));
        let note = told.map_or_else(
            || "Correction of earlier days".to_owned(),
            |(first, last, count)| {
                let day = |day: &NaiveDate| day.format("%-d %b %Y").to_string();
                let noun = if *count == 1 { "day" } else { "days" };
                format!("{count} {noun} from {} to {}", day(first), day(last))
            },
        );
        let new =
            RuleCredit { ledger, amount: each.amount, reason: &each.credit_reason, display_note: &note };
        let transaction = credits::by_rule(tx, &new).await?;
        let credited = CREDITED.command().bind(transaction).bind(account).bind(each.property_id);
        let credited = credited.bind(&each.market_name).bind(&each.credit_reason).bind(each.amount);
        credited.execute(&mut *tx).await?;
        posted.push(transaction);
    }
    Ok(posted)
}
