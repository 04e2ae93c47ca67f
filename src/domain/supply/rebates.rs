//! What the states of Australia pay towards the energy of households in which somebody holds a concession card: what the schemes
//! are, and which households are entitled on which days. What follows for bills is `charging::rebated`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::agreed::Agreement;
use crate::domain::accounts::concessions::{self, Counting};
use crate::domain::accounts::residence;
use crate::platform::db::{Statement, Tx, row, statement};
use crate::platform::market::{self, Market, RebateScheme};

statement!(static ADD_SCHEME: (i64,) = "
    with added as (
        insert into rebate_schemes (market_name, state, credit_reason, year_begins) values ($1, $2, $3, $4)
        on conflict on constraint rebate_schemes_key do nothing returning id)
    select id from added");
statement!(static ADD_RATE: () = "
    insert into rebate_rates (scheme_id, card_types, during, daily, share, threshold, yearly_cap)
    values ($1, $2, daterange($3, $4), $5, $6, $7, $8)");

/// Adds the schemes of the market data files that are not there yet; those that are stay as they are.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for scheme in market::all().iter().flat_map(|market| &market.rebates) {
        add(tx, scheme).await?;
    }
    Ok(())
}

async fn add(tx: &mut Tx, scheme: &RebateScheme) -> Result<(), sqlx::Error> {
    let add = ADD_SCHEME.query().bind(&scheme.market_name).bind(&scheme.state).bind(&scheme.credit_reason);
    let Some((id,)) = add.bind(scheme.year_begins).fetch_optional(&mut *tx).await? else { return Ok(()) };
    for rate in &scheme.rates {
        let add = ADD_RATE.command().bind(id).bind(&scheme.card_types).bind(rate.from).bind(rate.to);
        let add = add.bind(rate.daily).bind(rate.share).bind(rate.threshold).bind(rate.yearly_cap);
        add.execute(&mut *tx).await?;
    }
    Ok(())
}

row! {
    /// What a scheme comes to for half-open local days.
    pub struct Rate {
        /// Row id.
        pub id: i64,
        market_name: String,
        state: String,
        /// Code of the credit reason.
        pub credit_reason: String,
        /// What bills call it.
        pub name: String,
        /// The cards that count.
        pub card_types: Vec<String>,
        first: Option<NaiveDate>,
        last: Option<NaiveDate>,
        /// Minor units a day.
        pub daily: Option<Decimal>,
        /// The share of what days cost with tax.
        pub share: Option<Decimal>,
    }
}

impl Rate {
    fn days(&self) -> Days {
        (self.first.unwrap_or(NaiveDate::MIN), self.last.unwrap_or(NaiveDate::MAX))
    }

    fn takes(&self, card: &Counting) -> bool {
        self.card_types.contains(&card.card_type)
    }
}

row! {
    struct Place {
        agreement_id: i64,
        property_id: i64,
        market_name: String,
        country: String,
        area: String,
    }
}

row! {
    struct Resident {
        agreement_id: i64,
        user_id: i64,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
    }
}

// Businesses and what is fed in have no rebates.
statement!(static PLACES: Place = "
    select g.id as agreement_id, sp.property_id, sp.market_name, d.country, d.administrative_area as area
    from agreements g join accounts a on a.id = g.account_id and a.account_type = 'DOMESTIC'
        join supply_points sp on sp.id = g.supply_point_id and sp.direction = 'IMPORT'
        join properties p on p.id = sp.property_id join addresses d on d.id = p.address_id
    where g.id = any($1)");
statement!(static RATES: Rate = "
    select r.id, s.market_name, s.state, s.credit_reason, coalesce(c.display, s.credit_reason) as name, r.card_types,
        lower(r.during) as first, upper(r.during) as last, r.daily, r.share
    from rebate_schemes s join rebate_rates r on r.scheme_id = s.id
        left join credit_reasons c on c.market = $1 and c.code = s.credit_reason
    where s.market_name = any($2) order by r.scheme_id, lower(r.during)");
// Whoever has something to do with the account and lives there: on an account of their own, which may be another one.
statement!(static RESIDENTS: Resident = "
    select distinct g.id as agreement_id, people.user_id, lower(o.during) as from_at, upper(o.during) as to_at
    from agreements g join accounts a on a.id = g.account_id join supply_points sp on sp.id = g.supply_point_id
        cross join lateral (
            select r.user_id from account_user_roles r where r.account_id = a.id
            union select r.user_id from portfolio_user_roles r where r.portfolio_id = a.portfolio_id) people
        join occupancies o on o.property_id = sp.property_id and o.is_occupier
        join accounts own on own.id = o.account_id and own.account_type = 'DOMESTIC'
    where g.id = any($1) and (
        exists (select from account_user_roles r
            where r.account_id = own.id and r.user_id = people.user_id and r.role = 'ACCOUNT_OWNER')
        or exists (select from portfolio_user_roles r
            where r.portfolio_id = own.portfolio_id and r.user_id = people.user_id and r.role = 'PORTFOLIO_OWNER'))");

/// Half-open local days.
pub(super) type Days = (NaiveDate, NaiveDate);

fn common(one: Days, other: Days) -> Days {
    (one.0.max(other.0), one.1.min(other.1))
}

fn holds(days: Days, day: NaiveDate) -> bool {
    days.0 <= day && day < days.1
}

/// The household behind an agreement, as far as it may be entitled to something.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub property_id: i64,
    pub market_name: String,
    rates: Vec<Rate>,
    residents: Vec<(i64, Days)>,
    cards: Vec<Counting>,
}

impl Home {
    /// Whether anybody's card is known of.
    pub fn has_cards(&self) -> bool {
        !self.cards.is_empty()
    }

    /// By which rate and whose card, by row id, a local day is entitled. A card that a day was found entitled by before goes on
    /// to entitle it when its holder has nothing to do with the account any more.
    pub fn entitled(&self, day: NaiveDate, before: Option<i64>) -> Option<(&Rate, i64)> {
        let rate = self.rates.iter().find(|rate| holds(rate.days(), day))?;
        let cards = self.cards.iter().filter(|card| rate.takes(card) && counts(card, day));
        let mut those = cards.filter(|card| self.lives(card.user_id, day) || self.has_gone(card, before));
        those.next().map(|card| (rate, card.card_id))
    }

    fn lives(&self, user: i64, day: NaiveDate) -> bool {
        self.residents.iter().any(|(resident, days)| *resident == user && holds(*days, day))
    }

    fn has_gone(&self, card: &Counting, before: Option<i64>) -> bool {
        before == Some(card.card_id) && !self.residents.iter().any(|(user, _)| *user == card.user_id)
    }

    /// The days within `within` on which somebody's card counts by a rate, in order and apart.
    fn spans(&self, rate: &Rate, within: Days) -> Vec<Days> {
        let mut all = Vec::new();
        for card in self.cards.iter().filter(|card| rate.takes(card)) {
            for (_, lived) in self.residents.iter().filter(|(user, _)| *user == card.user_id) {
                let periods = card.periods.iter().map(|p| (p.from, p.to.unwrap_or(NaiveDate::MAX)));
                all.extend(periods.map(|days| common(common(days, *lived), within)));
            }
        }
        merged(all)
    }
}

fn counts(card: &Counting, day: NaiveDate) -> bool {
    card.periods.iter().any(|period| holds((period.from, period.to.unwrap_or(NaiveDate::MAX)), day))
}

/// The same days, in order and apart.
fn merged(mut all: Vec<Days>) -> Vec<Days> {
    all.retain(|(from, to)| from < to);
    all.sort_unstable();
    let mut apart: Vec<Days> = Vec::new();
    for (from, to) in all {
        match apart.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => apart.push((from, to)),
        }
    }
    apart
}

/// The households behind these agreements of a market, by the agreements' row ids; none where no state pays anything. `cards` are
/// looked at beside those of whoever lives there. Half a dozen statements, however many there are.
pub(super) async fn homes(
    tx: &mut Tx,
    market: &Market,
    agreements: &[i64],
    cards: &[i64],
) -> Result<HashMap<i64, Home>, sqlx::Error> {
    let places = PLACES.query().bind(agreements).fetch_all(&mut *tx).await?;
    let names: Vec<&str> = places.iter().map(|place| place.market_name.as_str()).collect();
    let rates = RATES.query().bind(&market.code).bind(&names).fetch_all(&mut *tx).await?;
    let residents = RESIDENTS.query().bind(agreements).fetch_all(&mut *tx).await?;
    let users: Vec<i64> = residents.iter().map(|resident| resident.user_id).collect();
    let cards = concessions::counting(tx, market, &users, cards).await?;
    let home = |place: Place| {
        let state = residence::state(&place.country, &place.area)?;
        let pays = |rate: &&Rate| rate.state == state && rate.market_name == place.market_name;
        let rates: Vec<Rate> = rates.iter().filter(pays).cloned().collect();
        let here = residents.iter().filter(|resident| resident.agreement_id == place.agreement_id);
        let here = here.map(|resident| (resident.user_id, lived(market, resident)));
        let (property_id, market_name) = (place.property_id, place.market_name);
        let home = Home { property_id, market_name, rates, residents: here.collect(), cards: cards.clone() };
        (!home.rates.is_empty()).then_some((place.agreement_id, home))
    };
    Ok(places.into_iter().filter_map(home).collect())
}

fn lived(market: &Market, resident: &Resident) -> Days {
    let day = |moment: Option<DateTime<Utc>>| moment.map(|moment| market.day(moment));
    (day(resident.from_at).unwrap_or(NaiveDate::MIN), day(resident.to_at).unwrap_or(NaiveDate::MAX))
}

/// A rebate that a household is entitled to under an agreement for a while.
#[derive(Clone, Debug)]
pub struct Eligible {
    /// What it is and comes to.
    pub rate: Rate,
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one, if it is known.
    pub to: Option<DateTime<Utc>>,
}

/// What of eligibility is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// The first moment; that of the agreement where none is named.
    pub from: Option<DateTime<Utc>>,
    /// The moment after the last one; that of the agreement where none is named.
    pub to: Option<DateTime<Utc>>,
    /// The moment whose amounts are told; those of each day where none is named.
    pub amounts_at: Option<DateTime<Utc>>,
}

/// The rebates that the households behind these agreements, which the viewer sees, are entitled to, in the order of time.
pub async fn eligible(
    tx: &mut Tx,
    agreements: &[&Agreement],
    asked: &Asked,
) -> Result<Vec<Vec<Eligible>>, sqlx::Error> {
    let mut all = vec![Vec::new(); agreements.len()];
    for market in market::all().iter().filter(|market| !market.rebates.is_empty()) {
        let mine = agreements.iter().zip(&mut all).filter(|(each, _)| each.market == market.code);
        let mine: Vec<_> = mine.collect();
        let ids: Vec<i64> = mine.iter().map(|(each, _)| each.id).collect();
        let homes = homes(tx, market, &ids, &[]).await?;
        for (agreement, found) in mine {
            if let Some(home) = homes.get(&agreement.id).filter(|_| !agreement.is_revoked) {
                *found = of_home(market, agreement, home, asked);
            }
        }
    }
    Ok(all)
}

fn of_home(market: &Market, agreement: &Agreement, home: &Home, asked: &Asked) -> Vec<Eligible> {
    let until = |moment: Option<DateTime<Utc>>| moment.map_or(NaiveDate::MAX, |at| market.day(at));
    let held = (market.day(agreement.valid_from), until(agreement.valid_to));
    let wanted = (asked.from.map_or(NaiveDate::MIN, |at| market.day(at)), until(asked.to));
    let within = common(held, wanted);
    let mut found = Vec::new();
    for rate in &home.rates {
        let days = match asked.amounts_at.map(|at| market.day(at)) {
            None => common(rate.days(), within),
            Some(day) if holds(rate.days(), day) => within,
            Some(_) => continue,
        };
        for (from, to) in home.spans(rate, days) {
            let to = (to < NaiveDate::MAX).then(|| market.start_of(to));
            found.push(Eligible { rate: rate.clone(), from: market.start_of(from), to });
        }
    }
    found
}

statement!(static DUE: (i64, i64) = "
    select count(*), count(*) filter (where coalesce(d.amount, 0) <> coalesce(c.amount, 0))
    from rebates_due d full join (
        select account_id, property_id, market_name, credit_reason, sum(amount) as amount from rebate_credits
        group by account_id, property_id, market_name, credit_reason
    ) c using (account_id, property_id, market_name, credit_reason)");
statement!(static CREDITS: (i64, i64) = "
    select count(*), count(*) filter (where t.kind <> 'credit' or t.amount <> c.amount or t.tax_amount <> 0
        or t.reason_code is distinct from c.credit_reason or l.account_id <> c.account_id)
    from rebate_credits c join transactions t on t.id = c.transaction_id join ledgers l on l.id = t.ledger_id");
statement!(static DAYS: (i64, i64) = "
    select count(*), count(*) filter (where not r.during @> d.day or k.card_type <> all(r.card_types)
        or g.account_id <> d.account_id or sp.property_id <> d.property_id or sp.market_name <> d.market_name
        or not exists (select from supply_charges c where c.agreement_id = d.agreement_id and c.days @> d.day
            and c.corrects_id is null and not c.is_forgone))
    from rebate_days d join rebate_rates r on r.id = d.rate_id join concession_cards k on k.id = d.card_id
        join agreements g on g.id = d.agreement_id join supply_points sp on sp.id = g.supply_point_id");

pub(in crate::domain) static RULES: [(&str, &Statement<(i64, i64)>); 3] = [
    ("every household was credited what its entitled days come to", &DUE),
    ("every rebate was credited as it is kept", &CREDITS),
    ("every day with a rebate was charged for, and its card counts there", &DAYS),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, to: &str) -> Days {
        (from.parse().expect("a day"), to.parse().expect("a day"))
    }

    #[test]
    fn days_of_several_cards_count_once() {
        let of_two = [
            days("2026-03-01", "2026-04-01"),
            days("2026-01-01", "2026-02-01"),
            days("2026-01-15", "2026-02-10"),
            days("2026-02-10", "2026-02-12"),
            days("2026-05-01", "2026-05-01"),
        ];
        let apart = [days("2026-01-01", "2026-02-12"), days("2026-03-01", "2026-04-01")];
        assert_eq!(merged(of_two.to_vec()), apart);
    }
}
