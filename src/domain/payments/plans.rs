//! Payment plans: a debt is paid off bit by bit, as offered and accepted.

use std::collections::HashMap;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use thiserror::Error;

use super::collect;
use super::held_schedules::{CallsOff, Ledger, NewSchedule, ScheduleError};
use super::instructions;
use super::life::{self, NewPayment};
use super::schedules;
use super::terms;
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

/// How long an offer holds.
const OFFER: TimeDelta = TimeDelta::days(14);
/// How many instalments a plan has at most.
const MOST: u32 = 36;
const IN_ONE_TURN: i64 = 1000;

/// Why no plan was offered or accepted.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The viewer may not offer plans.
    #[error("the viewer may not offer plans")]
    Forbidden,
    /// There are no or too many instalments, or they come to less than one minor unit each.
    #[error("a plan has 1 to {MOST} instalments of something")]
    Instalments,
    /// A plan is offered or holds already.
    #[error("there is a plan already")]
    Exists,
    /// There is no such offer, or no longer.
    #[error("there is no such offer")]
    NoOffer,
    /// It does not go with how the ledger is paid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PlanError);

/// What is offered.
#[derive(Clone, Copy, Debug)]
pub struct NewPlan<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Id or number of one of its ledgers.
    pub ledger: &'a str,
    /// The debt, in minor units.
    pub total: i64,
    /// In how many parts it is paid.
    pub instalments: u32,
    /// When the first of them is; the others follow each month.
    pub first: NaiveDate,
}

statement!(static ADD: (i64,) = "
    insert into payment_plans (account_id, ledger_id, strategy_name, strategy_display_name, schedule_type, status, offered_at,
        offer_expires_at, made_by_kind, made_by_id)
    values ($1, $2, 'EQUAL_INSTALMENTS', 'Equal monthly instalments', $3, 'OFFERED', $4, $5, $6, $7)
    on conflict do nothing returning id");
statement!(static ADD_INSTALMENT: () = "
    insert into payment_plan_instalments (plan_id, position, payable_date, amount) values ($1, $2, $3, $4)");

/// Offers to have a debt paid off in equal parts, one a month; the first takes what does not divide.
pub async fn offer(tx: &mut Tx, viewer: &Viewer, new: &NewPlan<'_>) -> Result<i64, PlanError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(PlanError::Forbidden);
    }
    let count = i64::from(new.instalments);
    if !(1..=MOST).contains(&new.instalments) || new.total < count || Minor::entry(new.total).is_err() {
        return Err(PlanError::Instalments);
    }
    let payer = collect::payer(tx, viewer, new.account_number).await.map_err(ScheduleError::from)?;
    let ledger = collect::paid_ledger(tx, payer.id, new.ledger).await.map_err(ScheduleError::from)?;
    let now = tx.business_now().await?;
    let usable = instructions::usable(tx, payer.id, Some(ledger), now, None).await?;
    let kind = match usable.as_ref().map(|usable| usable.kind.as_str()) {
        Some("DIRECT_DEBIT") => "DIRECT_DEBIT",
        Some("CARD") => "CARD_PAYMENT",
        _ => return Err(ScheduleError::NoInstruction.into()),
    };
    let (by, id) = hand(viewer);
    let add =
        ADD.query().bind(payer.id).bind(ledger).bind(kind).bind(now).bind(now + OFFER).bind(by).bind(id);
    let (plan,) = add.fetch_optional(&mut *tx).await?.ok_or(PlanError::Exists)?;
    for part in 0..new.instalments {
        let day = new.first.checked_add_months(Months::new(part)).ok_or(PlanError::Instalments)?;
        let amount = new.total / count + if part == 0 { new.total % count } else { 0 };
        let position = i16::try_from(part + 1).map_err(|_| PlanError::Instalments)?;
        ADD_INSTALMENT.command().bind(plan).bind(position).bind(day).bind(amount).execute(&mut *tx).await?;
    }
    Ok(plan)
}

row! {
    struct Offer {
        ledger_id: i64,
        schedule_type: String,
        total: i64,
        largest: i64,
        first: Option<NaiveDate>,
        last: Option<NaiveDate>,
    }
}

statement!(static OFFERED: Offer = "
    select p.ledger_id, p.schedule_type, parts.total, parts.largest, parts.first, parts.last
    from payment_plans p cross join lateral (
        select coalesce(sum(i.amount), 0)::bigint as total, coalesce(max(i.amount), 0) as largest,
            min(i.payable_date) as first, max(i.payable_date) as last
        from payment_plan_instalments i where i.plan_id = p.id
    ) parts
    where p.id = $1 and p.status = 'OFFERED' and p.offer_expires_at > $2 for no key update of p");
statement!(static ACCEPT: () = "
    update payment_plans set status = 'ACTIVE', accepted_at = $2, schedule_id = $3 where id = $1");

/// Accepts an offer that has not expired. Until the last instalment the plan takes the place of whatever the ledger was paid
/// by, which then goes on. The caller has seen to whose offer it is.
pub async fn accept(tx: &mut Tx, by: &Viewer, plan: i64) -> Result<(), PlanError> {
    let now = tx.business_now().await?;
    let offer = OFFERED.query().bind(plan).bind(now).fetch_optional(&mut *tx).await?;
    let offer = offer.ok_or(PlanError::NoOffer)?;
    let ledger = Ledger::hold(tx, offer.ledger_id).await?;
    let end = offer.last.and_then(|last| last.succ_opt()).ok_or(PlanError::NoOffer)?;
    let before = ledger.coming.last().filter(|before| before.valid_to.is_none()).cloned();
    let new = NewSchedule {
        trigger: "PLAN",
        frequency: Some("Planned"),
        payment_day: None,
        total_debt_amount: Some(Minor(offer.total)),
        ..NewSchedule::monthly(&offer.schedule_type, 1, Minor(offer.largest))
    };
    let from = ledger.today.min(offer.first.unwrap_or(ledger.today));
    let schedule = ledger.put(tx, Some(by), &new, (from, Some(end)), CallsOff::All).await?;
    if let Some(before) = before {
        let ledger = Ledger::hold(tx, offer.ledger_id).await?;
        ledger.put(tx, Some(by), &NewSchedule::like(&before), (end, None), CallsOff::All).await?;
    }
    ACCEPT.command().bind(plan).bind(now).bind(schedule).execute(&mut *tx).await?;
    Ok(())
}

row! {
    struct Due {
        plan_id: i64,
        position: i16,
        account_id: i64,
        account_number: String,
        ledger_id: i64,
        market: String,
        schedule_id: Option<i64>,
        schedule_type: String,
        payable_date: NaiveDate,
        amount: Minor,
        today: NaiveDate,
    }
}

// Twenty days are more than any market's notice.
statement!(static DUE: Due = "
    select p.id as plan_id, i.position, p.account_id, a.number as account_number, p.ledger_id, a.market, p.schedule_id,
        p.schedule_type, i.payable_date, i.amount, today.day as today
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join payment_plans p on p.account_id = a.id and p.status = 'ACTIVE'
        join payment_plan_instalments i on i.plan_id = p.id and i.payment_id is null
            and i.payable_date <= today.day + 20
    order by i.payable_date limit $3 for no key update of i skip locked");
statement!(static ASKED: () = "
    update payment_plan_instalments set payment_id = $3 where plan_id = $1 and position = $2");
statement!(static EXPIRE: () = "
    update payment_plans set status = 'EXPIRED', ended_at = $1 where status = 'OFFERED' and offer_expires_at <= $1");
// An instalment that failed is paid all the same if it was collected once more.
statement!(static END: () = "
    update payment_plans p set ended_at = $1, status = case when parts.failed then 'BROKEN' else 'COMPLETED' end
    from (
        select i.plan_id, bool_or(m.status = 'FAILED' and (again.id is null or again.status = 'FAILED')) as failed,
            bool_and(coalesce(m.status = 'CLEARED' or again.status = 'CLEARED', false)) as paid
        from payment_plans open join payment_plan_instalments i on i.plan_id = open.id
            left join account_payments m on m.id = i.payment_id
            left join account_payments again on again.represents_id = m.id
        where open.status = 'ACTIVE' group by i.plan_id
    ) parts
    where p.id = parts.plan_id and p.status = 'ACTIVE' and (parts.paid or parts.failed)");

/// One turn of the upkeep: asks for the instalments that fall due, and ends what is over.
pub(super) async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    EXPIRE.command().bind(now).execute(&mut *tx).await?;
    END.command().bind(now).execute(&mut *tx).await?;
    let (markets, days) = today(tx).await?;
    for due in DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        ask(tx, &due).await?;
    }
    Ok(())
}

async fn ask(tx: &mut Tx, due: &Due) -> Result<(), sqlx::Error> {
    let Some(method) = schedules::method(&due.schedule_type) else { return Ok(()) };
    let Some(terms) = terms::of(tx, &due.market, method).await? else { return Ok(()) };
    if terms.horizon(due.payable_date) > due.today {
        return Ok(());
    }
    let now = tx.business_now().await?;
    let usable = instructions::usable(tx, due.account_id, Some(due.ledger_id), now, Some(method)).await?;
    let new = NewPayment {
        account: due.account_id,
        ledger: due.ledger_id,
        instruction: usable.map(|usable| usable.id),
        method,
        amount: due.amount,
        plan: terms.announced(due.today, due.payable_date),
        reason: Some("PAYMENT_PLAN"),
        reference: &due.account_number,
        schedule: due.schedule_id,
        due_on: Some(due.payable_date),
        bill: None,
        represents: None,
        idempotency_key: None,
    };
    let Some(payment) = life::request(tx, None, &new).await? else { return Ok(()) };
    ASKED.command().bind(due.plan_id).bind(due.position).bind(payment).execute(&mut *tx).await?;
    Ok(())
}

row! {
    /// What was agreed about paying a debt off.
    pub struct Plan {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// Number of the ledger.
        pub ledger_number: String,
        /// How the parts were worked out.
        pub strategy_name: String,
        /// The same for people.
        pub strategy_display_name: String,
        /// One of `ScheduleType`.
        pub schedule_type: String,
        /// `OFFERED`, `EXPIRED`, `ACTIVE`, `COMPLETED` or `BROKEN`.
        pub status: String,
        /// When it was offered.
        pub offered_at: DateTime<Utc>,
        /// Until when the offer could be accepted.
        pub offer_expires_at: DateTime<Utc>,
        /// When it was accepted.
        pub accepted_at: Option<DateTime<Utc>>,
        /// The customer's day now.
        pub today: NaiveDate,
    }
}

row! {
    /// One payment of a plan.
    pub struct Instalment {
        plan_id: i64,
        /// When it is due.
        pub payable_date: NaiveDate,
        /// In minor units.
        pub amount: Minor,
        /// How it is or was collected, once it has been asked for.
        pub payment_type: Option<String>,
    }
}

macro_rules! plans {
    () => {
        concat!(
            " from payment_plans p join accounts a on a.id = p.account_id join ledgers l on l.id = p.ledger_id \
                join unnest($6::text[], $7::date[]) as today (market, day) on today.market = a.market \
              where a.id = parents.id and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<Plan> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select p.id, p.account_id, l.number as ledger_number, p.strategy_name, p.strategy_display_name, p.schedule_type,
            p.status, p.offered_at, p.offer_expires_at, p.accepted_at, today.day as today", plans!(), "
        order by p.id desc offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", plans!(), ")
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents"));
statement!(static INSTALMENTS: Instalment = "
    select i.plan_id, i.payable_date, i.amount, m.payment_type
    from payment_plan_instalments i left join account_payments m on m.id = i.payment_id
    where i.plan_id = any($1) order by i.plan_id, i.position");

/// A page of the plans of each of these accounts, the newest first.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Vec<Page<Plan>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let none = vec![0_i64; accounts.len()];
        let count = COUNT.seen_by(viewer).bind(accounts).bind(&none).bind(&none);
        Some(count.bind(&markets).bind(&days).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts);
    let query = query.bind(&slices.offsets).bind(&slices.limits).bind(&markets).bind(&days);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(page::pages(window, accounts, totals.as_ref(), rows.into_iter().map(Under::pair)))
}

/// The payments of each of these plans, which the viewer sees, by their days.
pub async fn instalments(tx: &mut Tx, plans: &[i64]) -> Result<Vec<Vec<Instalment>>, sqlx::Error> {
    let rows = INSTALMENTS.query().bind(plans).fetch_all(&mut *tx).await?;
    Ok(grouped(plans, rows.into_iter().map(|row| (row.plan_id, row)).collect()))
}
