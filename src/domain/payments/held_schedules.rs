//! What holds on a ledger: one schedule ends, another begins, and none is in its way.

use chrono::{Months, NaiveDate};
use thiserror::Error;

use super::collect::CollectError;
use super::schedules::{Schedule, schedule_columns};
use super::terms;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::billing::rhythms;
use crate::platform::calendar;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;

/// The last day of the month that every month has.
pub(super) const LAST_SURE_DAY: i32 = 28;
const LONGEST_NOTE: usize = 1000;

/// What is wrong with an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountFlaw {
    /// Zero or less, or too large to be shown.
    Impossible,
    /// Less than half of what is charged in a month.
    TooLow,
    /// More than ten times what is charged in a month.
    TooHigh,
    /// It is what is paid already.
    Same,
    /// Less than before, while the account owes what is overdue.
    InDebt,
}

/// Why a schedule was not made or changed.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// The viewer may not deal with payments.
    #[error("the viewer may not deal with payments")]
    Forbidden,
    /// There is no such account for the viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The viewer only looks after the account.
    #[error("the account is not the viewer's to pay from")]
    NotTheirs,
    /// The account has no such ledger, or it takes no payments.
    #[error("payments cannot be made to this ledger")]
    NoLedger,
    /// The amount cannot be.
    #[error("the amount cannot be")]
    Amount(AmountFlaw),
    /// The day is not one that every month has.
    #[error("the day must be between 1 and {LAST_SURE_DAY}")]
    Day,
    /// The day is the one that is paid on already.
    #[error("the day is the same as before")]
    SameDay,
    /// No schedule holds.
    #[error("no schedule holds")]
    NoneActive,
    /// Nothing would be different.
    #[error("nothing would be different")]
    NothingNew,
    /// A payment plan goes by it.
    #[error("a payment plan goes by it")]
    Planned,
    /// What holds has no fixed amount or day, or nothing is collected at present.
    #[error("what holds cannot be changed in this way")]
    Fixed,
    /// A schedule that begins later is in the way.
    #[error("a schedule that begins later is in the way")]
    InTheWay,
    /// There is nothing to collect from.
    #[error("there is nothing to collect from")]
    NoInstruction,
    /// The first day is too early.
    #[error("it cannot begin that early")]
    TooSoon,
    /// A payment is being collected.
    #[error("a payment is on its way")]
    UnderWay,
    /// Households only.
    #[error("this is for households only")]
    Business,
    /// Nothing was billed for two months.
    #[error("nothing has been billed lately")]
    NoRecentBill,
    /// What holds does not go by the balance.
    #[error("what holds does not go by the balance")]
    NotByBalance,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ScheduleError);

impl From<CollectError> for ScheduleError {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Forbidden => Self::Forbidden,
            CollectError::UnknownAccount => Self::UnknownAccount,
            CollectError::NotTheirs => Self::NotTheirs,
            CollectError::Database(error) => Self::Database(error),
            _ => Self::NoLedger,
        }
    }
}

/// When and how much a ledger is to be paid.
#[derive(Clone, Copy, Debug)]
pub struct NewSchedule<'a> {
    /// What makes a payment fall due: `REGULAR`, `BILL`, `BALANCE` or `PLAN`.
    pub trigger: &'a str,
    /// One of `ScheduleType`.
    pub schedule_type: &'a str,
    /// `Weekly`, `Monthly` or `Planned`; none where payments do not come round.
    pub frequency: Option<&'a str>,
    /// Weeks or months from one payment to the next.
    pub multiplier: i32,
    /// Day of the month, or of the week from Monday on.
    pub payment_day: Option<i32>,
    /// In minor units; none where each payment is what the bill comes to.
    pub payment_amount: Option<Minor>,
    /// The balance below which it is paid.
    pub balance_below: Option<Minor>,
    /// The debt that it pays off, in minor units.
    pub total_debt_amount: Option<Minor>,
    /// Why nothing is collected meanwhile.
    pub holiday_reason: Option<&'a str>,
    /// For staff.
    pub note: Option<&'a str>,
}

impl<'a> NewSchedule<'a> {
    /// So much on a day of every month, collected as this.
    pub fn monthly(schedule_type: &'a str, day: i32, amount: Minor) -> Self {
        Self {
            trigger: "REGULAR",
            schedule_type,
            frequency: Some("Monthly"),
            multiplier: 1,
            payment_day: Some(day),
            payment_amount: Some(amount),
            balance_below: None,
            total_debt_amount: None,
            holiday_reason: None,
            note: None,
        }
    }

    /// What each bill comes to, on a day of the month or when the bill is due.
    pub fn by_bill(schedule_type: &'a str, day: Option<i32>) -> Self {
        let monthly = Self::monthly(schedule_type, 1, Minor::ZERO);
        Self { trigger: "BILL", frequency: None, payment_day: day, payment_amount: None, ..monthly }
    }

    /// So much whenever the balance is below a line.
    pub fn by_balance(schedule_type: &'a str, amount: Minor, below: Minor) -> Self {
        let monthly = Self::monthly(schedule_type, 1, amount);
        Self { trigger: "BALANCE", frequency: None, payment_day: None, balance_below: Some(below), ..monthly }
    }

    /// As another, whose texts it borrows.
    pub(super) fn like(schedule: &'a Schedule) -> Self {
        Self {
            trigger: &schedule.trigger,
            schedule_type: &schedule.schedule_type,
            frequency: schedule.frequency.as_deref(),
            multiplier: schedule.multiplier,
            payment_day: schedule.payment_day,
            payment_amount: schedule.payment_amount,
            balance_below: schedule.balance_below,
            total_debt_amount: schedule.total_debt_amount,
            holiday_reason: schedule.holiday_reason.as_deref(),
            note: None,
        }
    }
}

row! {
    struct Held {
        account_id: i64,
        market: String,
    }
}

// Postings are let through: what they lock is the balance.
statement!(static HOLD: Held = "
    select l.account_id, a.market from ledgers l join accounts a on a.id = l.account_id
    where l.id = $1 for no key update of l");
statement!(static LOOK: Held = "
    select l.account_id, a.market from ledgers l join accounts a on a.id = l.account_id where l.id = $1");
statement!(static COMING: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id
    where s.ledger_id = $1 and s.valid_to is distinct from s.valid_from and (s.valid_to is null or s.valid_to > $2)
    order by s.valid_from"));
// Of an instalment that credit was set off against as a whole there is no payment.
statement!(static LAST_DUE: (Option<NaiveDate>,) = "
    select greatest(
        (select max(due_on) from account_payments where ledger_id = $1 and status <> 'DELETED'),
        (select max(o.due_on) from instalment_settlements s join instalment_offsets o on o.settlement_id = s.id
            where s.ledger_id = $1))");
statement!(static END: () = "
    update payment_schedules set valid_to = greatest(valid_from, $2),
        next_due = case when next_due < $2 then next_due end, plan_on = case when next_due < $2 then plan_on end
    where id = $1");
statement!(static ADD: (i64,) = "
    insert into payment_schedules (account_id, ledger_id, valid_from, valid_to, trigger, schedule_type, reason, frequency,
        multiplier, payment_day, payment_amount, balance_below, total_debt_amount, holiday_reason, note, created_at,
        made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6, case when $5 = 'PLAN' then 'DEBT_REPAYMENT_PLAN' else 'GENERAL_ACCOUNT_PAYMENT' end,
        $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    returning id");

/// What another schedule does to those that would begin later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallsOff {
    /// They are in its way.
    Nothing,
    /// It takes their place, but those of plans and payment holidays are in its way.
    Ordinary,
    /// It takes their place.
    All,
}

/// What holds on a ledger, held until this transaction ends.
pub(super) struct Ledger {
    pub id: i64,
    account: i64,
    pub market: String,
    pub today: NaiveDate,
    /// What holds now or later, by its days.
    pub coming: Vec<Schedule>,
}

impl Ledger {
    /// Holds a ledger. No viewer: the caller has seen to that.
    pub(super) async fn hold(tx: &mut Tx, ledger: i64) -> Result<Self, ScheduleError> {
        let held = HOLD.query().bind(ledger).fetch_optional(&mut *tx).await?;
        Self::of(tx, ledger, held).await
    }

    /// As [`Ledger::hold`], but only looks.
    pub(super) async fn look(tx: &mut Tx, ledger: i64) -> Result<Self, ScheduleError> {
        let seen = LOOK.query().bind(ledger).fetch_optional(&mut *tx).await?;
        Self::of(tx, ledger, seen).await
    }

    async fn of(tx: &mut Tx, ledger: i64, held: Option<Held>) -> Result<Self, ScheduleError> {
        let Held { account_id, market } = held.ok_or(ScheduleError::NoLedger)?;
        let now = tx.business_now().await?;
        let today = market::by_code(&market).ok_or(ScheduleError::NoLedger)?.day(now);
        let coming = COMING.query().bind(ledger).bind(today).fetch_all(&mut *tx).await?;
        Ok(Self { id: ledger, account: account_id, market, today, coming })
    }

    /// What holds today.
    pub(super) fn current(&self) -> Option<&Schedule> {
        self.coming.first().filter(|schedule| schedule.valid_from <= self.today)
    }

    /// The first day on which another schedule would ask for nothing that what holds has asked for already.
    pub(super) async fn free_from(&self, tx: &mut Tx) -> Result<NaiveDate, sqlx::Error> {
        let Some(current) = self.coming.last() else { return Ok(self.today) };
        let (last,) = LAST_DUE.query().bind(self.id).fetch_one(&mut *tx).await?;
        let Some(last) = last else { return Ok(self.today) };
        let free = match current.frequency.as_deref() {
            Some("Monthly") => {
                let months = Months::new(u32::try_from(current.multiplier).unwrap_or(1));
                calendar::day_in_month(last, 1).checked_add_months(months)
            }
            _ => last.succ_opt(),
        };
        Ok(free.unwrap_or(last).max(self.today))
    }

    /// Has `new` hold from a day on. What holds by then ends; what would begin later is in the way, or is called off.
    /// Answers the new schedule's id.
    pub(super) async fn put(
        &self,
        tx: &mut Tx,
        by: Option<&Viewer>,
        new: &NewSchedule<'_>,
        days: (NaiveDate, Option<NaiveDate>),
        calls_off: CallsOff,
    ) -> Result<i64, ScheduleError> {
        let (from, to) = days;
        let mut later = self.coming.iter().filter(|schedule| schedule.valid_from > self.today);
        let is_in_the_way = match calls_off {
            CallsOff::Nothing => later.next().is_some(),
            CallsOff::Ordinary => later.any(|schedule| schedule.trigger == "PLAN" || schedule.is_holiday()),
            CallsOff::All => false,
        };
        if is_in_the_way {
            return Err(ScheduleError::InTheWay);
        }
        self.end(tx, from).await?;
        let now = tx.business_now().await?;
        let (kind, hand) = by.map(hand).unzip();
        let note: Option<String> = new.note.map(|note| note.chars().take(LONGEST_NOTE).collect());
        let add = ADD.query().bind(self.account).bind(self.id).bind(from).bind(to).bind(new.trigger);
        let add = add.bind(new.schedule_type).bind(new.frequency).bind(new.multiplier).bind(new.payment_day);
        let add = add.bind(new.payment_amount).bind(new.balance_below).bind(new.total_debt_amount);
        let add = add.bind(new.holiday_reason).bind(note).bind(now).bind(kind).bind(hand);
        let (id,) = add.fetch_one(&mut *tx).await.map_err(|error| {
            if on_constraint(&error, "payment_schedules_one_at_a_time") {
                ScheduleError::InTheWay
            } else {
                ScheduleError::Database(error)
            }
        })?;
        plan_next(tx, id, from).await?;
        // A plan is for a debt: what is paid otherwise goes on when it is over.
        if new.trigger != "PLAN" {
            rhythms::follow(tx, self.id, from, new.trigger == "REGULAR").await?;
        }
        Ok(id)
    }

    /// Ends what holds on a day or would begin later.
    pub(super) async fn end(&self, tx: &mut Tx, from: NaiveDate) -> Result<(), sqlx::Error> {
        for schedule in self.coming.iter().filter(|schedule| schedule.valid_to.is_none_or(|end| end > from)) {
            END.command().bind(schedule.id).bind(from).execute(&mut *tx).await?;
        }
        Ok(())
    }
}

statement!(static ONE: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id where s.id = $1"));
statement!(static PLAN: () = "update payment_schedules set next_due = $2, plan_on = $3 where id = $1");

/// Notes the first due day of a schedule that is not before `from`, and when it is to be looked at.
pub(super) async fn plan_next(tx: &mut Tx, schedule: i64, from: NaiveDate) -> Result<(), sqlx::Error> {
    let schedule = ONE.query().bind(schedule).fetch_one(&mut *tx).await?;
    let method = schedule.method().filter(|_| schedule.trigger == "REGULAR");
    let next = method.and_then(|method| Some((method, schedule.next_due(from)?)));
    let plan = match next {
        Some((method, due)) => {
            terms::of(tx, &schedule.market, method).await?.map(|terms| (due, terms.horizon(due)))
        }
        None => None,
    };
    let (due, plan_on) = plan.map(|(due, horizon)| (due, horizon.min(due))).unzip();
    PLAN.command().bind(schedule.id).bind(due).bind(plan_on).execute(&mut *tx).await?;
    Ok(())
}

/// Has a ledger paid in some way from a day on. For worlds that are told, and for what the server does of its own: the
/// caller has seen to who may.
pub async fn put(
    tx: &mut Tx,
    by: Option<&Viewer>,
    ledger: i64,
    new: &NewSchedule<'_>,
    from: NaiveDate,
) -> Result<i64, ScheduleError> {
    Ledger::hold(tx, ledger).await?.put(tx, by, new, (from, None), CallsOff::Ordinary).await
}
