//! Takes in the sessions that the grid operator announces, by business time.

use chrono::{DateTime, Days, Utc};

use super::grid::{Announcement, GridOperator};
use super::simulated_grid::MARKET;
use crate::platform::db::{Tx, statement};
use crate::platform::market;

/// How many days before today are asked about, for a server that has been away.
const BEHIND: u64 = 14;
/// How many days after today are asked about.
const AHEAD: u64 = 7;

statement!(static ADD: () = "
    insert into saving_session_events
        (market, code, starts_at, ends_at, points_per_kwh, grams_per_kwh, notice, is_trial, announced_at)
    select $1, new.* from unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::integer[],
        $7::text[], $8::boolean[], $9::timestamptz[]) as new
    on conflict on constraint saving_session_events_code_key do nothing");

/// Takes in what has been announced by now and is not known yet. What was announced stays as it is. An operator that does
/// not answer is asked again in the next turn.
///
/// # Errors
/// Those of the database.
pub async fn turn(tx: &mut Tx, from: &dyn GridOperator) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let today = market::by_code(MARKET).map_or(now.date_naive(), |market| market.day(now));
    let first = today.checked_sub_days(Days::new(BEHIND)).unwrap_or(today);
    let days = first.iter_days().take(usize::try_from(BEHIND + AHEAD + 1).unwrap_or(1));
    let announced: Vec<Announcement> =
        days.flat_map(|day| from.announced(day, now).unwrap_or_default()).collect();
    keep(tx, &announced).await
}

async fn keep(tx: &mut Tx, all: &[Announcement]) -> Result<(), sqlx::Error> {
    if all.is_empty() {
        return Ok(());
    }
    let codes: Vec<&str> = all.iter().map(|each| each.code.as_str()).collect();
    let moments = |of: fn(&Announcement) -> DateTime<Utc>| all.iter().map(of).collect::<Vec<_>>();
    let numbers = |of: fn(&Announcement) -> i32| all.iter().map(of).collect::<Vec<_>>();
    let notices: Vec<&str> = all.iter().map(|each| each.notice.code()).collect();
    let trials: Vec<bool> = all.iter().map(|each| each.is_trial).collect();
    let add = ADD.command().bind(MARKET).bind(codes);
    let add = add.bind(moments(|each| each.starts_at)).bind(moments(|each| each.ends_at));
    let add = add.bind(numbers(|each| each.points_per_kwh)).bind(numbers(|each| each.grams_per_kwh));
    let add = add.bind(notices).bind(trials).bind(moments(|each| each.announced_at));
    add.execute(&mut *tx).await?;
    Ok(())
}
