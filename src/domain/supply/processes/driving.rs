//! What carries processes on: the register of the market, asked about each point, and time. What the register refuses is
//! called off as long as it has not begun; what has begun is asked about again every day.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Kind;
use crate::domain::supply::periods;
use crate::domain::supply::registration::{Answer, Decision, Registration, Wish};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::Runner;

/// How many are looked at in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
/// When something is looked at again that waits for others.
const SOON: TimeDelta = TimeDelta::hours(1);
/// When the register is asked again about what it does not agree to.
const NEXT: TimeDelta = TimeDelta::days(1);

row! {
    struct Due {
        id: i64,
        kind: String,
        account_id: i64,
        property_id: i64,
        subtype: Option<String>,
        effective_at: DateTime<Utc>,
        is_wish: bool,
    }
}

row! {
    struct Point {
        supply_point_id: i64,
        market_name: String,
        identifier: String,
        stage: String,
        reference: Option<String>,
        decided_at: Option<DateTime<Utc>>,
    }
}

// Another server takes others.
statement!(static DUE: (i64,) = "
    select id from supply_processes where ended_at is null and due_at <= $1 order by due_at, id limit $2
    for no key update skip locked");
statement!(static HOLD: Due = "
    select id, kind, account_id, property_id, subtype, effective_at, is_wish from supply_processes
    where id = $1 and ended_at is null for no key update");
statement!(static POINTS: Point = "
    select t.supply_point_id, sp.market_name, sp.identifier, t.stage, t.reference, t.decided_at
    from supply_process_points t join supply_points sp on sp.id = t.supply_point_id where t.process_id = $1 order by 1");
statement!(static STEP: () = "
    update supply_process_points set stage = $3, reference = $4, decided_at = $5
    where process_id = $1 and supply_point_id = $2");
statement!(static KEEP: () = "
    update supply_processes set stage = $2, status = $3, due_at = $4,
        ended_at = case when $4::timestamptz is null then $5::timestamptz end
    where id = $1");
statement!(static IS_WAITING: (bool,) = "
    select exists (select from supply_processes p where p.account_id = $1 and p.property_id = $2 and p.kind = $3
            and p.ended_at is null)
        or $3 = 'leave' and exists (select from move_outs m where m.account_id = $1 and m.property_id = $2
            and m.billed_at is null)");

/// Has processes carried on through `register` by this runner.
pub fn register(runner: &mut Runner, register: Arc<dyn Registration>) {
    runner.every(TimeDelta::hours(1), "upkeep-supply-processes", move |tx, _| {
        let register = Arc::clone(&register);
        Box::pin(async move { Ok(turn(tx, &*register).await?) })
    });
}

/// One turn of the upkeep.
///
/// # Errors
/// Those of the database.
pub async fn turn(tx: &mut Tx, register: &dyn Registration) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for (process,) in DUE.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        if let Some(due) = HOLD.query().bind(process).fetch_optional(&mut *tx).await? {
            carry_on(tx, register, &due).await?;
        }
    }
    Ok(())
}

/// Judges a process anew whose points have changed.
pub(super) async fn judge(tx: &mut Tx, process: i64) -> Result<(), sqlx::Error> {
    let Some(due) = HOLD.query().bind(process).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let points = POINTS.query().bind(due.id).fetch_all(&mut *tx).await?;
    let now = tx.business_now().await?;
    keep(tx, &due, of_points(Kind::parse(&due.kind), &points, false, due.effective_at, now)).await
}

async fn carry_on(tx: &mut Tx, register: &dyn Registration, due: &Due) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let kind = Kind::parse(&due.kind);
    let standing = match kind {
        Kind::Join | Kind::Leave => {
            let mut points = POINTS.query().bind(due.id).fetch_all(&mut *tx).await?;
            let mut is_stalled = false;
            for point in &mut points {
                is_stalled |= step(tx, register, due, kind, point).await?;
            }
            of_points(kind, &points, is_stalled, due.effective_at, now)
        }
        Kind::Occupy | Kind::Vacate => {
            let awaited = if kind == Kind::Occupy { Kind::Join } else { Kind::Leave };
            let query = IS_WAITING.query().bind(due.account_id).bind(due.property_id).bind(awaited.code());
            let (is_waiting,) = query.fetch_one(&mut *tx).await?;
            of_day(is_waiting, due.effective_at, now)
        }
    };
    keep(tx, due, standing).await
}

async fn keep(tx: &mut Tx, due: &Due, standing: Standing) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let keep = KEEP.command().bind(due.id).bind(standing.stage).bind(standing.status);
    keep.bind(standing.due).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Carries a point on as far as it goes now. Answers whether the register stands against what has begun.
async fn step(
    tx: &mut Tx,
    register: &dyn Registration,
    due: &Due,
    kind: Kind,
    point: &mut Point,
) -> Result<bool, sqlx::Error> {
    let now = tx.business_now().await?;
    let wish = Wish {
        market_name: point.market_name.clone(),
        identifier: point.identifier.clone(),
        is_gain: kind == Kind::Join,
        is_ours: due.subtype.as_deref() == Some("CHANGE_OF_TENANCY"),
        effective_at: due.effective_at,
    };
    let before = point.stage.clone();
    if point.stage == "REQUESTED" {
        match register.submit(tx, &wish).await? {
            Answer::Accepted { reference, decided_at } => {
                "REGISTERED".clone_into(&mut point.stage);
                point.reference = Some(reference);
                point.decided_at = Some(decided_at);
            }
            Answer::Later => return Ok(false),
            Answer::Refused => {
                return call_off(tx, due, point, "REFUSED", "DISTRIBUTOR_INADMISSIBILITY").await;
            }
        }
    }
    if point.stage == "REGISTERED" && point.decided_at.is_some_and(|at| at <= now) {
        let reference = point.reference.clone().unwrap_or_default();
        match register.decision(tx, &wish, &reference).await? {
            Decision::Confirmed => confirm(tx, due, point).await?,
            Decision::Objected => {
                return call_off(tx, due, point, "OBJECTED", "ANOTHER_REQUEST_PREVAILING").await;
            }
        }
    }
    if point.stage != before {
        set(tx, due, point).await?;
    }
    Ok(false)
}

/// What was confirmed comes about: whoever leaves at their own wish is supplied until then. Where supply has ended otherwise,
/// the wish is void.
async fn confirm(tx: &mut Tx, due: &Due, point: &mut Point) -> Result<(), sqlx::Error> {
    let whose = (point.supply_point_id, due.account_id);
    let is_void = due.is_wish && !periods::end_on_account(tx, whose, due.effective_at).await?;
    if is_void { "CANCELLED" } else { "CONFIRMED" }.clone_into(&mut point.stage);
    Ok(())
}

async fn set(tx: &mut Tx, due: &Due, point: &Point) -> Result<(), sqlx::Error> {
    let step = STEP.command().bind(due.id).bind(point.supply_point_id).bind(&point.stage);
    step.bind(&point.reference).bind(point.decided_at).execute(&mut *tx).await?;
    Ok(())
}

/// Calls a supply off that has not begun. Answers whether it could not be.
async fn call_off(
    tx: &mut Tx,
    due: &Due,
    point: &mut Point,
    stage: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let whose = (point.supply_point_id, due.account_id);
    if periods::call_off(tx, whose, due.effective_at, reason).await? {
        stage.clone_into(&mut point.stage);
        set(tx, due, point).await?;
        return Ok(false);
    }
    set(tx, due, point).await?;
    Ok(true)
}

/// How a process stands, and when it is looked at again if it is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    stage: &'static str,
    status: &'static str,
    due: Option<DateTime<Utc>>,
}

/// How a process stands by its points.
fn of_points(
    kind: Kind,
    points: &[Point],
    is_stalled: bool,
    effective_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Standing {
    let count = |stage: &str| points.iter().filter(|point| point.stage == stage).count();
    let live = points.len() - count("CANCELLED");
    let (requested, registered, confirmed) = (count("REQUESTED"), count("REGISTERED"), count("CONFIRMED"));
    if live == 0 {
        return Standing { stage: "CANCELLED", status: "CANCELLED", due: None };
    }
    if requested + registered > 0 {
        let decided = points.iter().filter(|point| point.stage == "REGISTERED");
        let decided = decided.filter_map(|point| point.decided_at).filter(|at| *at > now);
        let again = now + if is_stalled { NEXT } else { SOON };
        let due = decided.chain((requested > 0 || is_stalled).then_some(again)).min().unwrap_or(again);
        let status = match (is_stalled, requested == live) {
            (true, _) => "STALLED",
            (false, true) => "PENDING",
            (false, false) => "IN_PROGRESS",
        };
        let stage = if requested > 0 { "REQUESTED" } else { "OBJECTION_WINDOW" };
        return Standing { stage, status, due: Some(due) };
    }
    if confirmed == 0 {
        let stage = if count("OBJECTED") > 0 { "OBJECTED" } else { "REFUSED" };
        return Standing { stage, status: "FAILED", due: None };
    }
    if effective_at > now {
        return Standing { stage: "CONFIRMED", status: "IN_PROGRESS", due: Some(effective_at) };
    }
    let status = if confirmed == live { "COMPLETED" } else { "PARTIALLY_COMPLETED" };
    let stage = if kind == Kind::Join { "SUPPLIED" } else { "ENDED" };
    Standing { stage, status, due: None }
}

/// How moving in or out stands: it waits for its day, and then for what else has to come about.
fn of_day(is_waiting: bool, effective_at: DateTime<Utc>, now: DateTime<Utc>) -> Standing {
    if effective_at > now {
        Standing { stage: "REQUESTED", status: "PENDING", due: Some(effective_at) }
    } else if is_waiting {
        Standing { stage: "DAY_HAS_COME", status: "IN_PROGRESS", due: Some(now + SOON) }
    } else {
        Standing { stage: "ENDED", status: "COMPLETED", due: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn points(stages: &[&str]) -> Vec<Point> {
        let point = |stage: &&str| Point {
            supply_point_id: 1,
            market_name: "GBR_GAS".to_owned(),
            identifier: "1".to_owned(),
            stage: (*stage).to_owned(),
            reference: None,
            decided_at: Some(moment("2026-03-03T00:00:00Z")),
        };
        stages.iter().map(point).collect()
    }

    #[test]
    fn a_process_stands_as_its_points_do() {
        let (now, later) = (moment("2026-03-02T09:00:00Z"), moment("2026-03-20T00:00:00Z"));
        let of = |stages: &[&str], at| {
            let standing = of_points(Kind::Join, &points(stages), false, at, now);
            (standing.stage, standing.status, standing.due)
        };
        assert_eq!(of(&["CANCELLED"], later), ("CANCELLED", "CANCELLED", None));
        assert_eq!(of(&["REQUESTED", "REQUESTED"], later), ("REQUESTED", "PENDING", Some(now + SOON)));
        assert_eq!(of(&["REQUESTED", "CONFIRMED"], later), ("REQUESTED", "IN_PROGRESS", Some(now + SOON)));
        let decided = moment("2026-03-03T00:00:00Z");
        let window = ("OBJECTION_WINDOW", "IN_PROGRESS", Some(decided));
        assert_eq!(of(&["REGISTERED", "CONFIRMED"], later), window);
        assert_eq!(of(&["CONFIRMED", "CANCELLED"], later), ("CONFIRMED", "IN_PROGRESS", Some(later)));
        assert_eq!(of(&["CONFIRMED", "CANCELLED"], now), ("SUPPLIED", "COMPLETED", None));
        assert_eq!(of(&["CONFIRMED", "REFUSED"], now), ("SUPPLIED", "PARTIALLY_COMPLETED", None));
        assert_eq!(of(&["REFUSED", "OBJECTED"], later), ("OBJECTED", "FAILED", None));
        let stalled = of_points(Kind::Join, &points(&["REQUESTED"]), true, now, now);
        assert_eq!((stalled.status, stalled.due), ("STALLED", Some(now + NEXT)));
    }
}
