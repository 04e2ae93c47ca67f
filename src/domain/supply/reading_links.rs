//! Links on which customers hand in what their meters show, without logging in. A link is of a meter and of the account that is
//! supplied there, is signed, and ends; it gives readings and shows nothing but the meter.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::identifiers::MarketName;
use super::meters::{self, Register};
use super::taking::{self, Given, TakeError, Which, Wrong};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

/// For how long a link is good.
pub const LIFETIME: TimeDelta = TimeDelta::days(14);

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The meter, by row id.
    pub meter: i64,
    /// The account that is supplied there, by row id.
    pub account: i64,
}

impl Target {
    /// Where the page is, without a slash before it.
    pub fn path(self) -> String {
        format!("readings/{}-{}", self.meter, self.account)
    }

    /// What the last part of a page's path names.
    pub fn parse(text: &str) -> Option<Self> {
        let (meter, account) = text.split_once('-')?;
        let target = Self { meter: meter.parse().ok()?, account: account.parse().ok()? };
        (target.path() == format!("readings/{text}")).then_some(target)
    }
}

/// What is typed into the page: the day, and a value for each register, as texts by the names of the fields.
pub type Typed = HashMap<String, String>;

/// The page as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingForm {
    /// What is written on the meter.
    pub serial_number: String,
    /// The field of each register, and what to call it.
    pub registers: Vec<(String, String)>,
    /// The local day.
    pub today: NaiveDate,
    /// What became of what was typed.
    pub outcome: Option<Outcome>,
}

/// What became of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Taken(NaiveDate),
    /// It cannot be; a sentence.
    Wrong(&'static str),
}

row! {
    struct At {
        id: i64,
        market_name: String,
        serial_number: String,
    }
}

statement!(static SUPPLIED: (i64, i64) = concat!("
    select m.id, a.id from meters m
        join supply_periods s on s.supply_point_id = m.supply_point_id and s.during @> $4::timestamptz
        join accounts a on a.id = s.account_id
    where m.id = any($3::bigint[]) and m.active_to is null and ", account_is_visible!()));
statement!(static AT: At = "
    select m.id, sp.market_name, m.serial_number from meters m join supply_points sp on sp.id = m.supply_point_id
        join supply_periods s on s.supply_point_id = sp.id and s.during @> $3::timestamptz
    where m.id = $1 and s.account_id = $2 and m.active_to is null");

/// What a link leads to for each of these meters, in order: those that hang at a point which is supplied on an account of which
/// the viewer may give readings.
pub async fn targets(
    tx: &mut Tx,
    viewer: &Viewer,
    meters: &[i64],
) -> Result<Vec<Option<Target>>, sqlx::Error> {
    if !may_edit(viewer) {
        return Ok(vec![None; meters.len()]);
    }
    let now = tx.business_now().await?;
    let query = SUPPLIED.seen_by(viewer).bind(meters).bind(now);
    let found: HashMap<i64, i64> = query.fetch_all(&mut *tx).await?.into_iter().collect();
    let target = |meter: &i64| Some(Target { meter: *meter, account: *found.get(meter)? });
    Ok(meters.iter().map(target).collect())
}

/// The page of a good link; none, once the meter is gone or the account is supplied there no longer.
pub async fn look(tx: &mut Tx, target: Target) -> Result<Option<ReadingForm>, sqlx::Error> {
    Ok(open(tx, target).await?.map(|(_, _, form)| form))
}

/// The meter as it is asked about.
type Open = (MarketName, Vec<Register>, ReadingForm);

async fn open(tx: &mut Tx, target: Target) -> Result<Option<Open>, sqlx::Error> {
    let now: DateTime<Utc> = tx.business_now().await?;
    let found = AT.query().bind(target.meter).bind(target.account).bind(now).fetch_optional(&mut *tx).await?;
    let Some(at) = found else { return Ok(None) };
    let Some(market_name) = MarketName::parse(&at.market_name) else { return Ok(None) };
    let Some(market) = market::by_code(market_name.market()) else { return Ok(None) };
    let registers = meters::registers(tx, &[at.id]).await?.pop().unwrap_or_default();
    let fields = registers.iter().map(|register| (field(register), register.name.clone()));
    let form = ReadingForm {
        serial_number: at.serial_number,
        registers: fields.collect(),
        today: market.day(now),
        outcome: None,
    };
    Ok(Some((market_name, registers, form)))
}

fn field(register: &Register) -> String {
    format!("register-{}", register.id)
}

/// Takes what was typed into the page of a good link, by the rules for readings that customers give.
pub async fn submit(tx: &mut Tx, target: Target, typed: &Typed) -> Result<Option<ReadingForm>, TakeError> {
    let Some((market_name, registers, mut form)) = open(tx, target).await? else { return Ok(None) };
    form.outcome = Some(match read(&registers, typed) {
        Err(wrong) => Outcome::Wrong(wrong),
        Ok((day, values)) => {
            let given = Given { market_name, which: Which::Meter(target.meter), day, values };
            let giver = ("link", target.account);
            match taking::take_from(tx, &Viewer::server(), giver, Some(target.account), &given).await {
                Ok(taken) => Outcome::Taken(taken.day),
                Err(TakeError::Wrong(wrong)) => Outcome::Wrong(wrong.sentence()),
                Err(TakeError::NotThen) => Outcome::Wrong("The meter was not yours on that day."),
                Err(TakeError::NoRegister | TakeError::UnknownMeter) => return Ok(None),
                Err(other) => return Err(other),
            }
        }
    });
    Ok(Some(form))
}

/// What the registers show, by row id.
type Shown = Vec<(Option<i64>, Decimal)>;

fn read(registers: &[Register], typed: &Typed) -> Result<(Option<NaiveDate>, Shown), &'static str> {
    let text = |name: &str| typed.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let day = text("day").map(str::parse).transpose().map_err(|_| "The day is none.")?;
    let mut values = Shown::new();
    for register in registers {
        let value = text(&field(register)).ok_or(Wrong::Missing.sentence())?;
        // In Germany a comma stands before the decimals.
        let value = value.replace(',', ".").parse().map_err(|_| "A reading is a number.")?;
        values.push((Some(register.id), value));
    }
    Ok((day, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_meter_and_an_account() {
        let target = Target { meter: 71_001, account: 3 };
        assert_eq!(target.path(), "readings/71001-3");
        assert_eq!(Target::parse("71001-3"), Some(target));
        for odd in ["", "71001", "71001-", "-3", "071001-3", "71001-+3", "71001-3-4", "a-b"] {
            assert_eq!(Target::parse(odd), None, "{odd}");
        }
    }
}
