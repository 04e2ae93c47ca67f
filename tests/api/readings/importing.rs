//! Measured data from files.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::import::{self, ImportError, Imported, Mistake};

use super::{MPAN, MPRN};
use crate::support::Server;

impl Server {
    async fn import(&self, file: &str) -> Result<Imported, ImportError> {
        let mut tx = self.tx().await;
        let done = import::import(&mut tx, file.as_bytes()).await;
        match done {
            Ok(_) => tx.commit().await.expect("committed"),
            Err(_) => tx.rollback().await.expect("undone"),
        }
        done
    }

    async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        sqlx::query_scalar(&count).fetch_one(self.database.pool()).await.expect("a count")
    }
}

fn mistakes(done: Result<Imported, ImportError>) -> Vec<Mistake> {
    match done {
        Err(ImportError::Lines(mistakes)) => mistakes,
        other => panic!("{other:?}"),
    }
}

fn day_of(value: &str, entries: usize) -> String {
    vec![value; entries].join(" ")
}

#[tokio::test]
async fn days_are_taken_in_and_become_further_versions() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let file = format!(
        "{}\nGBR_ELECTRICITY,{MPAN},2025-03-29,30,{}\n\nGBR_ELECTRICITY,{MPAN},2025-03-30,30,{}\n",
        import::DAYS,
        day_of("100", 48),
        day_of("-", 46),
    );
    let done = server.import(&file).await.expect("taken in");
    assert_eq!(done, Imported { lines: 2, new: 2 });
    assert_eq!(server.import(&file).await.expect("taken in"), Imported { lines: 2, new: 0 });
    let filled = format!("{}\r\nGBR_ELECTRICITY,{MPAN},2025-03-30,30,{}", import::DAYS, day_of("7", 46));
    assert_eq!(server.import(&filled).await.expect("taken in").new, 1);
    let versions =
        "select day::text, version, wh[1] from interval_days where supply_point_id = $1 order by 1, 2";
    let versions: Vec<(String, i32, Option<i32>)> =
        sqlx::query_as(versions).bind(home.point).fetch_all(server.database.pool()).await.expect("rows");
    let row = |day: &str, version, wh| (day.to_owned(), version, wh);
    assert_eq!(
        versions,
        [row("2025-03-29", 1, Some(100)), row("2025-03-30", 1, None), row("2025-03-30", 2, Some(7))]
    );
}

#[tokio::test]
async fn errors_name_the_line_and_nothing_is_half_imported() {
    let server = Server::start().await;
    let world = server.world().await;
    server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let good = format!("GBR_ELECTRICITY,{MPAN},2025-03-29,30,{}", day_of("1", 48));
    let lines = [
        (good.clone(), ""),
        (
            format!("GBR_ELECTRICITY,{MPAN},2025-03-30,30,{}", day_of("1", 48)),
            "This day has 46 entries, and there are 48.",
        ),
        (
            format!("GBR_ELECTRICITY,2200001234569,2025-03-29,30,{}", day_of("1", 48)),
            "There is no supply point 2200001234569 in GBR_ELECTRICITY.",
        ),
        ("FRA_GAS,1,2025-03-29,30,1".to_owned(), "There is no market FRA_GAS."),
        (format!("GBR_ELECTRICITY,{MPAN},2025-02-30,30,1"), "2025-02-30 is no day."),
        (format!("GBR_ELECTRICITY,{MPAN},2025-03-28,30,{}", day_of("x", 48)), "x is no energy in Wh."),
        (format!("GBR_ELECTRICITY,{MPAN},2025-03-28,20,1"), "Entries are 15 or 30 minutes long."),
        ("GBR_ELECTRICITY".to_owned(), "There are 1 fields instead of 5."),
        (good, "This day of the point has been given before."),
    ];
    let file: String = lines.iter().map(|(line, _)| format!("\n{line}")).collect();
    let mut found = mistakes(server.import(&format!("{}{file}", import::DAYS)).await);
    found.sort_by_key(|mistake| mistake.line);
    let expected: Vec<Mistake> = (2..)
        .zip(&lines)
        .filter(|(_, (_, what))| !what.is_empty())
        .map(|(line, (_, what))| Mistake { line, what: (*what).to_owned() })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(server.count("interval_days").await, 0);
    assert!(matches!(server.import("day,wh\n").await, Err(ImportError::Heading)));
    assert!(matches!(server.import("").await, Err(ImportError::Heading)));
}

#[tokio::test]
async fn readings_are_taken_in_like_any_others() {
    let server = Server::start().await;
    let world = server.world().await;
    server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let line = |at: &str, source: &str, value: &str| format!("\nGBR_GAS,{MPRN},G1,1,{at},{source},{value}");
    let file = format!(
        "{}{}{}{}",
        import::READINGS,
        line("2026-01-01T00:00:00Z", "CHANGE_OF_SUPPLY", "100"),
        line("2026-02-01T00:00:00+00:00", "DATA_COLLECTOR", "250.5"),
        line("2026-02-10T00:00:00Z", "CUSTOMER", "90000"),
    );
    assert_eq!(server.import(&file).await.expect("taken in"), Imported { lines: 3, new: 3 });
    assert_eq!(server.import(&file).await.expect("taken in"), Imported { lines: 3, new: 0 });
    assert_eq!(server.count("register_readings where is_quarantined").await, 1);
    let wrong = format!(
        "{}{}{}{}{}{}",
        import::READINGS,
        line("2026-01-05T00:00:00Z", "CUSTOMER", "110"),
        line("2026-03-05T00:00:00Z", "CUSTOMER", "110"),
        line("2026-01-06", "CUSTOMER", "110"),
        line("2026-01-07T00:00:00Z", "GUESS", "100000"),
        line("2026-01-07T00:00:00Z", "CUSTOMER", "100000"),
    );
    let mut found = mistakes(server.import(&wrong).await);
    found.sort_by_key(|mistake| mistake.line);
    let found: Vec<(u64, &str)> = found.iter().map(|m| (m.line, m.what.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, "This moment is still to come."),
            (4, "2026-01-06 is no moment with its offset."),
            (5, "There is no source GUESS."),
            (6, "The register cannot show this value."),
        ]
    );
    assert_eq!(server.count("meter_readings").await, 3);
}
