//! Taking in what data services publish.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use kraken_api::domain::supply::feed::{DataService, FedMeter, Published, Unavailable};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::{collector, consumption, intervals};
use rust_decimal::Decimal;

use super::{MALO, MPAN, MPRN, begins, moment};
use crate::support::Server;
use crate::support::places::day;

/// A service that never answers.
struct Silent;

impl DataService for Silent {
    fn published<'a>(
        &'a self,
        _: &'a FedMeter,
        _: Option<DateTime<Utc>>,
        _: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Published, Unavailable>> {
        Box::pin(async { Err(Unavailable) })
    }

    fn calorific_values<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: NaiveDate,
        _: NaiveDate,
    ) -> BoxFuture<'a, Result<Vec<Decimal>, Unavailable>> {
        Box::pin(async { Err(Unavailable) })
    }
}

impl Server {
    /// Rows of intervals and the newest day.
    async fn days_of(&self, point: i64) -> (i64, Option<NaiveDate>) {
        let count = "select count(*), max(day) from interval_days where supply_point_id = $1";
        sqlx::query_as(count).bind(point).fetch_one(self.database.pool()).await.expect("a count")
    }
}

#[tokio::test]
async fn what_was_published_is_taken_in_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let later = server.supplied_home(&world.bob, MarketName::GbrElectricity, "2200001234569", "E2").await;
    tokio::join!(server.collect(), server.collect());
    server.collect().await;
    let (count, newest) = server.days_of(home.point).await;
    // January and February, and the first of March if it was not late; some days came in two versions.
    assert!((57..=70).contains(&count), "{count}");
    assert!(newest.is_some_and(|newest| newest >= day("2026-02-26") && newest <= day("2026-03-01")));
    assert_ne!(server.days_of(later.point).await.0, 0);
    let read = "select count(*) from meter_readings where meter_id = $1";
    let read: i64 =
        sqlx::query_scalar(read).bind(home.meter).fetch_one(server.database.pool()).await.expect("readings");
    assert_eq!(read, 3, "when supply began, and on the first of each month");
}

#[tokio::test]
async fn months_are_caught_up_when_the_clock_has_moved() {
    let server = Server::start().await;
    let world = server.world().await;
    let british = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let anna = server.customer("anna@example.org", "Anna Schmidt", "OCTOPUS_ENERGY_GERMANY").await;
    let german = server.supplied_home(&anna, MarketName::DeuElectricity, MALO, "1EMH1").await;
    server.collect().await;
    server.wall.set(server.wall.now() + TimeDelta::days(120));
    server.work_off().await;
    let today = server.wall.now().date_naive();
    for point in [british.point, german.point] {
        let (count, newest) = server.days_of(point).await;
        assert!((170..220).contains(&count), "{count}");
        assert!(newest.is_some_and(|newest| today - newest <= TimeDelta::days(6)), "{newest:?}");
    }
    let lengths =
        "select distinct minutes, cardinality(wh) from interval_days where day = '2026-03-29' order by 1";
    let lengths: Vec<(i16, i32)> =
        sqlx::query_as(lengths).fetch_all(server.database.pool()).await.expect("lengths");
    assert_eq!(lengths, [(15, 92), (30, 46)], "23 hours by quarters in Germany, by halves in Britain");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_asked_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let mut tx = server.tx().await;
    collector::catch_up(&mut tx, &Silent).await.expect("collected");
    tx.commit().await.expect("committed");
    assert_eq!(server.days_of(home.point).await.0, 0);
    server.collect().await;
    assert_eq!(server.days_of(home.point).await.0, 0, "not before its time");
    server.wall.set(server.wall.now() + TimeDelta::hours(1));
    server.collect().await;
    assert!(server.days_of(home.point).await.0 > 50);
    let heat = "select count(*) from calorific_values where market = 'gb' and day between '2026-01-01' and '2026-03-01'";
    let heat: i64 = sqlx::query_scalar(heat).fetch_one(server.database.pool()).await.expect("a count");
    assert_eq!(heat, 60);
}

#[tokio::test]
async fn registers_and_intervals_say_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let smart = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let gas = server.supplied_home(&world.bob, MarketName::GbrGas, MPRN, "G1").await;
    server.collect().await;
    let (from, to) = (begins("gb", "2026-01-01"), begins("gb", "2026-02-01"));
    for (point, meter) in [(smart.point, smart.meter), (gas.point, gas.meter)] {
        let mut tx = server.tx().await;
        let by_intervals = consumption::of_points(&mut tx, &[point], from, to).await.expect("known");
        let by_intervals: i64 = by_intervals[&point].iter().map(|interval| interval.wh).sum();
        sqlx::query("delete from interval_days").execute(&mut tx).await.expect("forgotten");
        let by_register = consumption::of_points(&mut tx, &[point], from, to).await.expect("known");
        let by_register: i64 = by_register[&point].iter().map(|interval| interval.wh).sum();
        // Registers show whole units only: a kWh, or a cubic metre of some eleven.
        assert!((by_intervals - by_register).abs() < 25_000, "{meter}: {by_intervals} {by_register}");
        tx.rollback().await.expect("undone");
    }
}

#[tokio::test]
async fn a_day_without_a_partition_is_kept_and_moves_when_there_is_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let far = intervals::NewDay {
        supply_point_id: home.point,
        day: day("2039-07-01"),
        version: 1,
        minutes: 30,
        is_final: false,
        wh: vec![Some(5); 48],
    };
    let received = moment("2039-07-02T06:00:00Z");
    let lies_in = "select tableoid::regclass::text from interval_days where day = '2039-07-01'";
    let mut tx = server.tx().await;
    assert_eq!(intervals::keep(&mut tx, std::slice::from_ref(&far), received).await.expect("kept"), 1);
    assert_eq!(intervals::keep(&mut tx, &[far], received).await.expect("kept"), 0);
    let place: String = sqlx::query_scalar(lies_in).fetch_one(&mut tx).await.expect("a row");
    assert_eq!(place, "interval_days_beyond");
    tx.commit().await.expect("committed");
    for _ in 0..2 {
        let mut tx = server.tx().await;
        intervals::prepare(&mut tx, day("2038-01-01")).await.expect("prepared");
        tx.commit().await.expect("committed");
    }
    let mut tx = server.tx().await;
    let place: String = sqlx::query_scalar(lies_in).fetch_one(&mut tx).await.expect("a row");
    assert_eq!(place, "interval_days_2039");
    let known = consumption::of_points(&mut tx, &[home.point], begins("gb", "2039-07-01"), received).await;
    assert_eq!(known.expect("known")[&home.point].len(), 48);
}

#[tokio::test]
async fn a_month_of_one_meter_is_one_indexed_statement() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.collect().await;
    let mut tx = server.tx().await;
    let before = tx.stats().statements();
    let days =
        intervals::newest(&mut tx, &[home.point], day("2026-01-01"), day("2026-02-01")).await.expect("days");
    assert_eq!((days.len(), tx.stats().statements() - before), (31, 1));
    let plan = "explain (costs off) select distinct on (supply_point_id, day) wh from interval_days
        where supply_point_id = any(array[1::bigint]) and day >= '2026-01-01' and day < '2026-02-01'
        order by supply_point_id, day, version desc";
    sqlx::query("set local enable_seqscan = off").execute(&mut tx).await.expect("set");
    let plan: Vec<String> = sqlx::query_scalar(plan).fetch_all(&mut tx).await.expect("a plan");
    let plan = plan.join("\n");
    assert!(plan.contains("interval_days_2026_pkey") && !plan.contains("interval_days_2025"), "{plan}");
}
