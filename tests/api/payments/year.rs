//! A year of billing and collection: month ends, a leap day, changes of the clocks; the books are clean every month.

use chrono::{Datelike, Days, NaiveDate};
use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::nodes;
use super::schedules::pick;
use crate::support::Server;
use crate::support::world::PASSWORD;

#[tokio::test]
async fn a_year_is_billed_and_collected() {
    let server = Server::start().await;
    server.member_of_staff("staff@example.org", "billing").await;
    server.wall.set("2027-09-01T09:00:00Z".parse().expect("a moment"));
    let gail = server.customer("gail@example.co.uk", "Gail Bristol", "OCTOPUS_ENERGY").await;
    let mia = server.customer("mia@example.de", "Mia Fluss", "OCTOPUS_ENERGY_GERMANY").await;
    let eve = server.customer("eve@example.com.au", "Eve Down", "ORIGIN").await;
    for customer in [&gail, &mia, &eve] {
        server.pays_by(customer, "DIRECT_DEBIT").await;
    }
    server.pays_as(&gail, &NewSchedule::monthly("DIRECT_DEBIT", 31, Minor(5000))).await;
    server.pays_as(&mia, &NewSchedule::by_bill("DIRECT_DEBIT", None)).await;
    let weekly = NewSchedule {
        frequency: Some("Weekly"),
        multiplier: 2,
        ..NewSchedule::monthly("DIRECT_DEBIT", 5, Minor(2500))
    };
    server.pays_as(&eve, &weekly).await;
    let last: NaiveDate = "2028-09-08".parse().expect("a day");
    let mut day = server.wall.now().date_naive();
    while day < last {
        day = day + Days::new(1);
        // In the evening it is tomorrow in Australia, and within an hour of midnight where clocks change.
        server.wall.set(day.and_hms_opt(23, 30, 0).expect("a time").and_utc());
        server.work_off().await;
        if day.day() == 3 {
            for customer in [&gail, &mia, &eve] {
                server.owe(customer.account_id, 4000).await;
            }
        }
        if day.succ_opt().is_some_and(|next| next.day() == 1) {
            server.books_are_clean().await;
        }
    }
    let staff = server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
    let days = |seen: &Value| -> Vec<String> {
        let mut all: Vec<String> = pick(&nodes(&seen["payments"]), &["paymentDate", "status"])
            .iter()
            .filter(|row| row[1] == "CLEARED")
            .filter_map(|row| row[0].as_str().map(str::to_owned))
            .collect();
        all.reverse();
        all
    };
    let seen = server.payments(&staff, &gail).await;
    // Weekends, Christmas and the last Monday of May move a payment to the next working day; February has 29 days.
    assert_eq!(
        days(&seen),
        [
            "2027-09-30",
            "2027-11-01",
            "2027-11-30",
            "2027-12-31",
            "2028-01-31",
            "2028-02-29",
            "2028-03-31",
            "2028-05-02",
            "2028-05-31",
            "2028-06-30",
            "2028-07-31",
            "2028-08-31"
        ]
    );
    assert_eq!(seen["balance"], 12 * 5000 - 12 * 4200 - 4200);
    let seen = server.payments(&staff, &mia).await;
    assert!(days(&seen).len() >= 11, "{:?}", days(&seen));
    let (owed,): (i64,) = sqlx::query_as(
        "select coalesce(sum(amount), 0)::bigint from account_payments p where p.account_id = $1 and status = 'CLEARED'",
    )
    .bind(mia.account_id)
    .fetch_one(server.database.pool())
    .await
    .expect("a sum");
    assert_eq!(owed % 4760, 0, "whole bills of 40.00 and 19 per cent");
    let seen = server.payments(&staff, &eve).await;
    let paid: Vec<NaiveDate> = days(&seen).iter().map(|day| day.parse().expect("a day")).collect();
    assert!((25..=27).contains(&paid.len()), "{}", paid.len());
    assert!(paid.windows(2).all(|two| (9..=18).contains(&(two[1] - two[0]).num_days())), "{paid:?}");
}
