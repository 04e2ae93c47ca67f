//! How the two years pass. Every event is at nine in the morning, UTC, when it is the same day in all the
//! markets.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::cast::{Customer, Pays, Supply, everybody};
use super::{
    DemoError, Person, World, agreements, arrangements, bills, contact, contracts, desk, engineers, fleet,
    friends, homes, join, leads, letters, money_back, movers, newcomers, papers, payers, premises, regular,
    savings, stories, trade, voice, vouchers, wheel,
};
use crate::domain::billing::cycle;
use crate::domain::ledgers::charges::{self, NewCharge, SupplyCharge};
use crate::domain::ledgers::credits::{self, NewCredit};
use crate::domain::ledgers::ledgers::{self, Which};
use crate::domain::ledgers::payments::{self, Movement};
use crate::domain::ledgers::{reminders, scheduled};
use crate::domain::payments::vendors::simulated_mandates;
use crate::domain::supply::{collector, day_ahead, published, simulated_feed};
use crate::platform::clock;
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::money::Minor;

/// How many months are told.
const MONTHS: u32 = 24;
// The days of the month on which people join, are billed and pay, and everything else happens.
const JOIN: u32 = 1;
const BILL: u32 = 3;
const PAY: u32 = 11;
const REST: u32 = 17;
/// How long before the present the post goes out for the last time.
const SHORTLY: TimeDelta = TimeDelta::minutes(10);
/// The month in which somebody begins to pay from a benefit.
const DEDUCTED: u32 = 20;
/// How those pay who take a slip to a shop.
pub(super) const KONBINI: &str = "KONBINI";

/// Puts the clock to the beginning of the first month.
pub(super) async fn begin(tx: &mut Tx) -> Result<(), DemoError> {
    let first = at(tx.wall_now(), 0, 1) - TimeDelta::hours(1);
    clock::enter_demo(tx, first).await?;
    Ok(())
}

/// Lets the months pass, and ends at the present.
pub(super) async fn live(tx: &mut Tx, world: &mut World<'_>) -> Result<(), DemoError> {
    let present = tx.wall_now();
    for month in 0..MONTHS {
        wait_until(tx, at(present, month, JOIN)).await?;
        measure(tx).await?;
        savings::settle(tx, world).await?;
        cycle::bill_due(tx).await?;
        payers::collect(tx).await?;
        payers::through_others(tx, world).await?;
        payers::at_the_till(tx, world, month as usize).await?;
        remind(tx, world).await?;
        for customer in everybody().filter(|customer| customer.joined == month as usize) {
            let person = join(tx, world.random, customer).await?;
            letters::welcome(tx, world.random, &person).await?;
            papers::open(tx, &world.clerk, &person).await?;
            trade::register(tx, &world.clerk, &person).await?;
            voice::settle_in(tx, &person).await?;
            voice::show_card(tx, &world.people, &person).await?;
            papers::concession(tx, &person).await?;
            payers::bank_account(tx, world, &person).await?;
            stories::begin(tx, world, &person).await?;
            let further = premises(tx, world.random, &person).await?;
            for person in [person].into_iter().chain(further) {
                arrangements::rhythm(tx, &person).await?;
                homes::settle(tx, world, &person).await?;
                payers::instalments(tx, world, &person).await?;
                world.people.push(person);
            }
        }
        wait_until(tx, at(present, month, BILL)).await?;
        movers::carry_on(tx).await?;
        payers::collect(tx).await?;
        payers::through_others(tx, world).await?;
        for person in &world.people {
            bill(tx, world, person, month).await?;
        }
        scheduled::post_due(tx).await?;
        wait_until(tx, at(present, month, PAY)).await?;
        simulated_mandates::turn(tx).await?;
        payers::collect(tx).await?;
        for person in world.people.iter().filter(|person| person.customer.pays_in(month as usize)) {
            pay(tx, world, person, month).await?;
        }
        remind(tx, world).await?;
        wait_until(tx, at(present, month, REST)).await?;
        payers::collect(tx).await?;
        payers::through_others(tx, world).await?;
        for person in world.people.iter().filter(|person| !person.is_further) {
            rest(tx, world, person, month as usize).await?;
            arrangements::agency(tx, world, person, month as usize).await?;
            homes::happen(tx, world, person, month as usize).await?;
            stories::happen(tx, world, person, month as usize).await?;
        }
        if month == fleet::BOUGHT {
            fleet::register(tx, world).await?;
        }
        if month == DEDUCTED {
            payers::deduction(tx, world).await?;
        }
        remind(tx, world).await?;
        bills::happen(tx, world, month).await?;
        savings::join(tx, world, month).await?;
        savings::afternoons(tx, world, month).await?;
        wheel::spin(tx, world, month).await?;
        vouchers::deal(tx, world, month).await?;
        engineers::come(tx, world, month).await?;
        friends::bring(tx, world, month).await?;
        contact::happen(tx, world, month).await?;
        desk::happen(tx, world, month).await?;
    }
    // The last month is billed when it ends.
    let end = at(present, MONTHS, JOIN);
    if end <= present {
        wait_until(tx, end).await?;
        measure(tx).await?;
        cycle::bill_due(tx).await?;
        payers::collect(tx).await?;
        payers::through_others(tx, world).await?;
        letters::carry(tx, world.random).await?;
    }
    world.others = newcomers::sign_up(tx, world).await?;
    world.others.extend(leads::talk(tx, world).await?);
    agreements::make(tx, world, present).await?;
    contracts::sign(tx, world).await?;
    leads::quote(tx, world).await?;
    money_back::ask(tx, world).await?;
    regular::begin(tx, world).await?;
    movers::announce(tx, world).await?;
    // What is collected in the days to come has been announced, and the post needs a moment for that.
    wait_until(tx, present - SHORTLY).await?;
    payers::collect(tx).await?;
    letters::carry(tx, world.random).await?;
    let behind = -clock::offset(tx).await?;
    clock::advance(tx, behind).await?;
    published::turn(tx, &day_ahead::Simulator::default()).await?;
    movers::carry_on(tx).await?;
    fleet::set_up(tx, world).await?;
    fleet::follow(tx).await?;
    measure(tx).await?;
    savings::look(tx, world).await?;
    savings::settle(tx, world).await
}

/// Takes in what meters have sent by now.
async fn measure(tx: &mut Tx) -> Result<(), DemoError> {
    Ok(collector::catch_up(tx, &simulated_feed::Simulator::default()).await?)
}

/// Nine o'clock on a day of the month that lies so many months after the first.
fn at(present: DateTime<Utc>, month: u32, day: u32) -> DateTime<Utc> {
    let today = present.date_naive();
    let first = today.with_day(1).unwrap_or(today) - Months::new(MONTHS) + Months::new(month);
    let date: NaiveDate = first.with_day(day).unwrap_or(first);
    date.and_time(NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default()).and_utc()
}

/// Reminds whoever owes, and has the post carry it.
async fn remind(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    reminders::turn(tx).await?;
    letters::carry(tx, world.random).await
}

pub(super) async fn wait_until(tx: &mut Tx, moment: DateTime<Utc>) -> Result<(), DemoError> {
    let now = tx.business_now().await?;
    clock::advance(tx, (moment - now).max(TimeDelta::zero())).await?;
    Ok(())
}

async fn bill(tx: &mut Tx, world: &World<'_>, person: &Person, month: u32) -> Result<(), DemoError> {
    let season = tx.business_now().await?.month0() as usize;
    let customer = person.customer;
    let is_new = customer.joined == month as usize;
    if is_new || customer.is_gone(month as usize) || customer.is_charged_as_used() {
        return Ok(());
    }
    for supply in person.customer.supplies {
        // Weather: up to a tenth more or less than the season has it.
        let weather = 900 + i64::try_from(world.random.below(201)).unwrap_or(100);
        let net =
            supply.monthly * supply.seasons.get(season).copied().unwrap_or(1000) / 1000 * weather / 1000;
        let charge = SupplyCharge {
            supply: supply.supply,
            title: supply.title,
            net,
            is_export: supply.monthly < 0,
            ledger_type: supply.ledger_type,
        };
        charges::for_supply(tx, person.account, &charge).await?;
    }
    Ok(())
}

async fn pay(tx: &mut Tx, world: &World<'_>, person: &Person, month: u32) -> Result<(), DemoError> {
    if person.customer.is_gone(month as usize) {
        return Ok(());
    }
    match person.customer.pays {
        Pays::Fixed { permille, payment_type, title } => {
            let first = person.customer.joined == month as usize;
            let payment_type = if first { "DD_FIRST_COLLECTION" } else { payment_type };
            for supply in person.customer.supplies.iter().filter(|supply| supply.monthly > 0) {
                let amount = instalment(person.customer, supply)? * permille / 1000;
                let movement = Movement { amount, title, payment_type, ledger_type: supply.ledger_type };
                payments::record(tx, person.account, &movement).await?;
            }
        }
        // They are collected by their schedule.
        Pays::Instalments { .. } => {}
        // They have been to a shop already.
        Pays::InFull { payment_type: KONBINI, .. } | Pays::Late { payment_type: KONBINI, .. } => {}
        Pays::InFull { payment_type, title } => pay_all(tx, world, person, title, payment_type).await?,
        Pays::Late { every, payment_type, title } => {
            let months = (month as usize).saturating_sub(person.customer.joined);
            if months % every == every - 1 {
                pay_all(tx, world, person, title, payment_type).await?;
            }
        }
    }
    Ok(())
}

/// What an average month of a supply costs with tax.
pub(super) fn instalment(customer: &Customer, supply: &Supply) -> Result<i64, DemoError> {
    let net = Minor::entry(supply.monthly)?;
    let gross = market::of_brand(customer.brand).map(|market| market.split_net(net, customer.account_type));
    Ok(gross.transpose()?.map_or(supply.monthly, |split| split.gross.0))
}

async fn pay_all(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    title: &str,
    payment_type: &str,
) -> Result<(), DemoError> {
    let ledgers = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?;
    for ledger in ledgers.into_iter().flatten().filter(|ledger| ledger.accepts_payments) {
        let amount = ledger.amount_owed_by_customer()?.0;
        if amount > 0 {
            let ledger_type = Some(ledger.ledger_type.as_str());
            payments::record(tx, person.account, &Movement { amount, title, payment_type, ledger_type })
                .await?;
        }
    }
    Ok(())
}

/// Late fees, rewards and refunds.
async fn rest(tx: &mut Tx, world: &World<'_>, person: &Person, month: usize) -> Result<(), DemoError> {
    let customer = person.customer;
    let number = person.numbers.first().map(String::as_str).unwrap_or_default();
    if let Pays::Late { every, .. } = customer.pays {
        let months = month.saturating_sub(customer.joined);
        if months > 0 && months % every == every / 2 {
            let charge = late_fee(customer, number);
            charges::create(tx, &world.clerk, &charge).await?;
            if months < every {
                voice::call_about_fee(tx, &world.clerk, person).await?;
            }
        }
        if month + 1 == MONTHS as usize {
            papers::late(tx, &world.clerk, person).await?;
        }
    }
    if let Some((_, gross)) = customer.reward.filter(|(when, _)| *when == month) {
        let reason = "EXTERNAL_REFERRAL_CREDIT";
        let note = Some("Brought a friend along.");
        let credit = NewCredit {
            account_number: number,
            net: gross,
            tax: 0,
            gross,
            reason,
            note,
            ..NewCredit::default()
        };
        credits::create(tx, &world.clerk, &credit).await?;
        letters::reward(tx, world.random, person).await?;
    }
    if let Some((_, amount)) = customer.refund.filter(|(when, _)| *when == month) {
        let movement = Movement { amount, title: "Refund", payment_type: "BACS_DEPOSIT", ledger_type: None };
        payments::refund(tx, person.account, &movement).await?;
    }
    Ok(())
}

fn late_fee<'a>(customer: &Customer, number: &'a str) -> NewCharge<'a> {
    let whole_yen = market::of_brand(customer.brand).is_some_and(|market| market.currency.exponent == 0);
    NewCharge {
        account_number: number,
        gross: if whole_yen { 330 } else { 500 },
        reason: "LATE_PAYMENT_FEE",
        note: Some("Two reminders were sent."),
        display_note: Some("Late payment"),
        metadata: None,
    }
}
