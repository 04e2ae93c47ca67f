//! The three days in a month on which something happens on an account: it is billed, it pays, and everything else.

use super::cast::Line;
use super::draw::{About, Draw};
use super::habits::{Habits, MOST_LEDGERS, Pays};
use super::history::Desk;
use crate::domain::ledgers::journal::PostError;
use crate::domain::ledgers::transactions::{Kind, New};
use crate::domain::ledgers::{charges, transfers};
use crate::platform::market::Reason;
use crate::platform::money::{Minor, Split};

// What payments are called on the wire: one of `AccountPaymentTransactionTypeChoices`.
const FIRST_COLLECTION: &str = "DD_FIRST_COLLECTION";
const COLLECTION: &str = "DD_REGULAR_COLLECTION";
const COLLECTED_AGAIN: &str = "DD_RE_PRESENTATION";
const REFUND: &str = "BACS_DEPOSIT";
/// How many of a thousand collections bounce.
const BOUNCES: u64 = 18;
/// In how many of a thousand months somebody is given something, or charged something by hand.
const GIFTS: u64 = 14;
const FEES: u64 = 7;

/// Whether anything may happen on a day of a month.
pub(super) fn has_day(habits: &Habits, month: u32, day: u32) -> bool {
    let day = day as u8;
    let is_one = day == habits.bills_on || day == habits.pays_on || day == habits.rests_on;
    is_one && month >= u32::from(habits.joined)
}

/// What happens on a day.
pub(super) fn day(seed: u64, index: u64, day: u32, desk: &mut Desk<'_>) -> Result<(), PostError> {
    let habits = desk.account.habits;
    let day = day as u8;
    if day == habits.bills_on {
        bill(&mut drawn(seed, About::Bill, index, desk), &habits, desk)?;
    }
    if day == habits.pays_on {
        pay(seed, index, &habits, desk)?;
    }
    if day == habits.rests_on {
        rest(&mut drawn(seed, About::Rest, index, desk), &habits, desk)?;
    }
    Ok(())
}

fn drawn(seed: u64, about: About, index: u64, desk: &Desk<'_>) -> Draw {
    Draw::in_month(seed, about, index, desk.when.month)
}

/// Months since the account was opened.
fn age(habits: &Habits, desk: &Desk<'_>) -> u32 {
    desk.when.month.saturating_sub(u32::from(habits.joined))
}

/// Charges for what was supplied. Who has just come has used nothing yet.
fn bill(draw: &mut Draw, habits: &Habits, desk: &mut Desk<'_>) -> Result<(), PostError> {
    if habits.joined > 0 && age(habits, desk) == 0 {
        return Ok(());
    }
    for (slot, supply) in habits.supplies() {
        // Weather: up to an eighth more or less than the season has it.
        let weather = draw.between(875, 1125);
        let season = supply.seasons.get(desk.when.season).copied().unwrap_or(1000);
        for line in &supply.lines {
            let net = of_line(habits, supply.monthly, line, desk.when.days_in_month, season * weather / 1000);
            let net = Minor(if supply.export { -net } else { net });
            if net == Minor::ZERO {
                continue;
            }
            let split = charges::supply_split(desk.market, net, habits.account_type(), supply.export)?;
            let charge = New::of(Kind::Charge, split, &line.title);
            let supply = (Some(supply.supply.as_str()), supply.export);
            desk.record(slot, New { supply: supply.0, is_export: supply.1, ..charge })?;
        }
    }
    Ok(())
}

/// Net: what does not depend on use goes by days, the rest by how much is used in this season.
fn of_line(habits: &Habits, monthly: i64, line: &Line, days: i64, season: i64) -> i64 {
    if line.fixed {
        let rate = if habits.is_business { 3 } else { 1 };
        monthly * line.permille * rate * days / 30_000
    } else {
        habits.average_of(monthly) * line.permille / 1000 * season / 1000
    }
}

fn pay(seed: u64, index: u64, habits: &Habits, desk: &mut Desk<'_>) -> Result<(), PostError> {
    let age = age(habits, desk);
    match habits.pays {
        Pays::Steady { permille } => steady(seed, index, habits, permille, desk),
        Pays::InFull => settle(habits, desk),
        Pays::Late { every } if age % u32::from(every) == u32::from(every) - 1 => settle(habits, desk),
        Pays::Stops { after } if age < u32::from(after) => settle(habits, desk),
        Pays::Late { .. } | Pays::Stops { .. } => Ok(()),
    }
}

/// Collects an instalment on each ledger, and one that bounced together with the next.
fn steady(
    seed: u64,
    index: u64,
    habits: &Habits,
    permille: u16,
    desk: &mut Desk<'_>,
) -> Result<(), PostError> {
    let month = desk.when.month;
    let is_first = age(habits, desk) == 0;
    let bounces =
        |month: u32| Draw::in_month(seed, About::Payment, index, month).happens(BOUNCES) && !is_first;
    if bounces(month) {
        return Ok(());
    }
    let again = month > 0 && bounces(month - 1) && age(habits, desk) > 1;
    let payment_type = match (is_first, again) {
        (true, _) => FIRST_COLLECTION,
        (_, true) => COLLECTED_AGAIN,
        _ => COLLECTION,
    };
    for (slot, owed) in instalments(habits, desk)?.into_iter().enumerate() {
        let amount = owed * i64::from(permille) / 1000 * if again { 2 } else { 1 };
        paid(desk, slot, amount, payment_type, &habits.cast().steady.title)?;
    }
    Ok(())
}

/// Gross, by ledger: what an average month costs.
fn instalments(habits: &Habits, desk: &Desk<'_>) -> Result<[i64; MOST_LEDGERS], PostError> {
    let mut owed = [0; MOST_LEDGERS];
    for (slot, supply) in habits.supplies().filter(|(_, supply)| !supply.export) {
        let net: i64 = supply.lines.iter().map(|line| of_line(habits, supply.monthly, line, 30, 1000)).sum();
        let split = desk.market.split_net(Minor(net), habits.account_type())?;
        owed[slot] += split.gross.0;
    }
    Ok(owed)
}

/// Pays what is owed on each ledger.
fn settle(habits: &Habits, desk: &mut Desk<'_>) -> Result<(), PostError> {
    let (payment_type, title) = habits.paid_by();
    for slot in 0..MOST_LEDGERS {
        let owed = -desk.balance(slot);
        paid(desk, slot, owed, payment_type, title)?;
    }
    Ok(())
}

fn paid(
    desk: &mut Desk<'_>,
    slot: usize,
    amount: i64,
    payment_type: &'static str,
    title: &'static str,
) -> Result<(), PostError> {
    let accepts =
        desk.account.habits.ledgers().get(slot).copied().flatten().is_some_and(|l| l.accepts_payments);
    if amount <= 0 || !accepts {
        return Ok(());
    }
    let payment = New::of(Kind::Payment, Split::untaxed(Minor::entry(amount)?), title);
    desk.record(slot, New { payment_type: Some(payment_type), ..payment })
}

/// Fees for being late, gifts, refunds, and credit that goes where it is needed.
fn rest(draw: &mut Draw, habits: &Habits, desk: &mut Desk<'_>) -> Result<(), PostError> {
    let age = age(habits, desk);
    let is_late = match habits.pays {
        Pays::Late { every } => age > 0 && age % u32::from(every) == u32::from(every) / 2,
        Pays::Stops { after } => age > u32::from(after) && (age - u32::from(after)) % 4 == 2,
        _ => false,
    };
    if is_late && desk.balance(0) < 0 {
        by_hand(desk, Kind::Charge, "LATE_PAYMENT_FEE", habits.cast().late_fee)?;
    }
    if draw.happens(GIFTS) {
        let codes = ["EXTERNAL_REFERRAL_CREDIT", "GOODWILL", "COMPENSATION", "BALANCE_CORRECTION"];
        let code = draw.one(&codes).copied().unwrap_or_default();
        by_hand(desk, Kind::Credit, code, habits.cast().gift * draw.between(2, 12) / 10)?;
    }
    if draw.happens(FEES) {
        let code = draw.one(&["ADMIN_FEE", "METER_VISIT_FEE"]).copied().unwrap_or_default();
        by_hand(desk, Kind::Charge, code, habits.cast().late_fee * draw.between(1, 4))?;
    }
    refund(habits, age, desk)?;
    even_out(habits, age, desk)
}

/// A charge or credit that somebody makes for a reason, on the main ledger.
fn by_hand(desk: &mut Desk<'_>, kind: Kind, code: &str, gross: i64) -> Result<(), PostError> {
    let known: &[Reason] = match kind {
        Kind::Charge => &desk.market.charge_reasons,
        _ => &desk.market.credit_reasons,
    };
    let Some(reason) = known.iter().find(|reason| reason.code == code && !reason.is_deprecated) else {
        return Ok(());
    };
    let gross = Minor::positive_entry(gross)?;
    let split = desk.market.split_gross(gross, desk.account.habits.account_type(), reason.is_tax_exempt)?;
    desk.record(0, New { reason_code: Some(&reason.code), ..New::of(kind, split, &reason.display) })
}

/// Twice a year, whoever has paid far too much gets half of it back.
fn refund(habits: &Habits, age: u32, desk: &mut Desk<'_>) -> Result<(), PostError> {
    let [usual, ..] = instalments(habits, desk)?;
    let credit = desk.balance(0);
    if age % 6 != 5 || credit <= usual * 3 {
        return Ok(());
    }
    let refund = New::of(Kind::Refund, Split::untaxed(Minor::entry(credit / 2)?), "Refund");
    desk.record(0, New { payment_type: Some(REFUND), ..refund })
}

/// Credit on other ledgers goes to the main one: all of it from a wallet, and what is owed there from the rest.
fn even_out(habits: &Habits, age: u32, desk: &mut Desk<'_>) -> Result<(), PostError> {
    if age % 3 != 2 {
        return Ok(());
    }
    for (slot, kind) in habits.ledgers().into_iter().enumerate().skip(1) {
        let Some(kind) = kind else { continue };
        let spare = desk.balance(slot);
        let amount = if kind.accepts_payments { spare.min(-desk.balance(0)) } else { spare };
        if amount <= 0 {
            continue;
        }
        let split = Split::untaxed(Minor::entry(amount)?);
        let side =
            |kind| New { reason_code: Some(transfers::REASON), ..New::of(kind, split, transfers::TITLE) };
        let shown = [(slot, side(Kind::Charge)), (0, side(Kind::Credit))];
        desk.record_entry(transfers::ENTRY, &shown, &[])?;
    }
    Ok(())
}
