//! Topping a meter up by itself: so much is collected from the customer's card once the meter's balance is below a line.

use chrono::{DateTime, Utc};

use super::credits::{self, New};
use super::meters::{self, Asked, PrepayError};
use super::spending;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::payments::instructions::{self, CARD};
use crate::domain::payments::life::{self, NewPayment};
use crate::domain::payments::terms;
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;
use crate::platform::random::Randomness;

row! {
    /// How a meter is topped up by itself.
    pub struct TopUp {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// The account's number.
        pub account_number: String,
        /// The meter's number for life.
        pub device_id: String,
        /// In minor units.
        pub amount: i64,
        /// From when on.
        pub effective_from: DateTime<Utc>,
        /// Until when.
        pub effective_to: Option<DateTime<Utc>>,
    }
}

macro_rules! top_ups {
    ($which:literal) => {
        concat!(
            "select t.id, a.number as account_number, d.device_id, t.amount, t.effective_from, t.effective_to \
             from auto_top_ups t join prepay_meters p on p.id = t.prepay_meter_id \
                 join accounts a on a.id = p.account_id join smart_meter_devices d on d.id = p.device_id where ",
            $which
        )
    };
}

statement!(static CURRENT: TopUp = top_ups!("t.prepay_meter_id = $1 and t.effective_to is null"));
statement!(static BY_ID: TopUp = top_ups!("t.id = $1"));
statement!(static END: (i64,) = "
    update auto_top_ups set effective_to = greatest(effective_from, $2)
    where prepay_meter_id = $1 and effective_to is null returning id");
statement!(static ADD: (i64,) = "
    insert into auto_top_ups (prepay_meter_id, amount, below, effective_from, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6) returning id");

/// Has a meter topped up by itself from now on, in place of how it was before. What is so already stays.
pub async fn create(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    asked: &Asked<'_>,
    amount: i64,
) -> Result<TopUp, PrepayError> {
    let meter = meters::hold(tx, random, viewer, asked).await?;
    let terms = meters::terms(tx, &meter.market).await?;
    terms.judge(amount)?;
    let now = tx.business_now().await?;
    let card =
        instructions::usable(tx, meter.account_id, Some(meter.main_ledger_id), now, Some(CARD)).await?;
    if card.is_none() {
        return Err(PrepayError::NoCard);
    }
    let current = CURRENT.query().bind(meter.id).fetch_optional(&mut *tx).await?;
    if let Some(current) = current.filter(|current| current.amount == amount) {
        return Ok(current);
    }
    END.query().bind(meter.id).bind(now).fetch_optional(&mut *tx).await?;
    let (kind, by) = hand(viewer);
    let add = ADD.query().bind(meter.id).bind(amount).bind(terms.tops_up_below).bind(now).bind(kind).bind(by);
    let (id,) = add.fetch_one(&mut *tx).await?;
    Ok(BY_ID.query().bind(id).fetch_one(&mut *tx).await?)
}

/// Has a meter not topped up by itself any more. Says whether it was.
pub async fn disable(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    asked: &Asked<'_>,
) -> Result<bool, PrepayError> {
    let meter = meters::hold(tx, random, viewer, asked).await?;
    let now = tx.business_now().await?;
    Ok(END.query().bind(meter.id).bind(now).fetch_optional(&mut *tx).await?.is_some())
}

statement!(static ALL: (i64,) = "
    select t.id from auto_top_ups t where t.effective_to is null and not exists (select from meter_credits c
        where c.prepay_meter_id = t.prepay_meter_id and c.auto_top_up_id is not null and c.status = 'WAITING')
    order by t.id limit $1");

/// The top-ups that hold and of which none is under way.
pub(super) async fn all(tx: &mut Tx, limit: i64) -> Result<Vec<i64>, sqlx::Error> {
    let all = ALL.query().bind(limit).fetch_all(&mut *tx).await?;
    Ok(all.into_iter().map(|(id,)| id).collect())
}

row! {
    struct Held {
        id: i64,
        prepay_meter_id: i64,
        amount: Minor,
        below: i64,
    }
}

statement!(static METER: (i64,) = "select prepay_meter_id from auto_top_ups where id = $1");
statement!(static HOLD: Held = "
    select t.id, t.prepay_meter_id, t.amount, t.below from auto_top_ups t
    where t.id = $1 and t.effective_to is null and not exists (select from meter_credits c
        where c.prepay_meter_id = t.prepay_meter_id and c.auto_top_up_id is not null and c.status = 'WAITING')
    for no key update of t");

/// Collects a top-up, if the meter's balance is below its line and none is under way; once a day.
pub(super) async fn look(tx: &mut Tx, top_up: i64) -> Result<(), PrepayError> {
    let Some((meter,)) = METER.query().bind(top_up).fetch_optional(&mut *tx).await? else { return Ok(()) };
    // Whoever changes how the meter is paid for holds it.
    let meter = meters::held(tx, meter).await?;
    let Some(held) = HOLD.query().bind(top_up).fetch_optional(&mut *tx).await? else { return Ok(()) };
    if meter.is_over || spending::balance(tx, &meter).await? >= held.below {
        return Ok(());
    }
    let now = tx.business_now().await?;
    let today = meter.market()?.day(now);
    let Some(terms) = terms::of(tx, &meter.market, CARD).await? else { return Ok(()) };
    // Without one the payment fails, and the customer is told.
    let card =
        instructions::usable(tx, meter.account_id, Some(meter.main_ledger_id), now, Some(CARD)).await?;
    let key = format!("auto-top-up-{}-{today}", held.id);
    let new = NewPayment {
        account: meter.account_id,
        ledger: meter.main_ledger_id,
        instruction: card.map(|card| card.id),
        method: CARD,
        amount: held.amount,
        plan: terms.asked(today, today),
        reason: Some("BALANCE_THRESHOLD_CROSSED"),
        reference: &meter.account_number,
        schedule: None,
        due_on: None,
        bill: None,
        represents: None,
        idempotency_key: Some(&key),
    };
    let Some(payment) = life::request(tx, None, &new).await? else { return Ok(()) };
    let credit = New { payment: Some(payment), top_up: Some(held.id), ..New::of(held.amount.0) };
    credits::keep(tx, &meter, &credit, None).await?;
    Ok(())
}
