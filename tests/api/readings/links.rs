//! Links on which meters are read without a log-in.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::supply_points;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{GAS_MALO, MALO, nodes};
use crate::support::Server;
use crate::support::places::day;
use crate::support::server::BASE_URL;

const LINKS: &str = "query($n: String!) { account(accountNumber: $n) { allProperties {
    electricityMalos { meter { id number submitMeterReadingUrl } } gasMalos { meter { submitMeterReadingUrl } } } } }";
const READINGS: &str = "query($m: String!) { electricityMeterReadings(meterId: $m, first: 9) {
    edges { node { readAt source registers { value } } } } }";

impl Server {
    /// What the page at a link answers, before or after something was typed into it.
    async fn read_at(&self, link: &str, typed: Option<&str>) -> (StatusCode, String) {
        let path = link.strip_prefix(BASE_URL).expect("a page of this server");
        let form = "application/x-www-form-urlencoded";
        let request = match typed {
            None => Request::get(path).body(Body::empty()),
            Some(typed) => {
                Request::post(path).header(header::CONTENT_TYPE, form).body(Body::from(typed.to_owned()))
            }
        };
        let response = self.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
        let status = response.status();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    async fn meter_of(&self, token: &str, account: &str) -> Value {
        let data = self.ask(Some(token), LINKS, json!({ "n": account })).await;
        let homes = data["account"]["allProperties"].as_array().expect("homes");
        let home = homes.iter().find(|home| home["electricityMalos"][0].is_object());
        home.unwrap_or_else(|| panic!("no electricity: {data}")).clone()
    }
}

#[tokio::test]
async fn whoever_has_the_link_reads_the_meter_for_two_weeks() {
    let server = Server::start().await;
    let world = server.world().await;
    let greta = server.customer("greta@example.de", "Greta Lindemann", "OCTOPUS_ENERGY_GERMANY").await;
    let home = server.supplied_home(&greta, MarketName::DeuElectricity, MALO, "1EMH <1>").await;
    let gas = server.supplied_home(&greta, MarketName::DeuGas, GAS_MALO, "7ELS0012345678").await;
    let meter = server.meter_of(&greta.token, &greta.account).await["electricityMalos"][0]["meter"].clone();
    let link = meter["submitMeterReadingUrl"].as_str().expect("a link").to_owned();

    let (status, page) = server.read_at(&link, None).await;
    assert_eq!(status, StatusCode::OK);
    let register = format!("register-{}", server.registers(home.meter).await[0]);
    assert!(page.contains("1EMH &lt;1&gt;") && page.contains(&format!("name=\"{register}\"")), "{page}");
    assert!(page.contains("value=\"2026-03-02\""), "today: {page}");
    assert!(!page.contains(&greta.account) && !page.contains("Greta"), "nothing else is told");

    let (status, page) = server.read_at(&link, Some(&format!("day=2026-03-01&{register}=1234"))).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(page.contains("2026-03-01"), "{page}");
    let read = async || {
        let data = server.ask(Some(&greta.token), READINGS, json!({ "m": home.meter.to_string() })).await;
        nodes(&data["electricityMeterReadings"]).into_iter().cloned().collect::<Vec<Value>>()
    };
    let shown = read().await;
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (&shown[0]["source"], &shown[0]["registers"][0]["value"]),
        (&json!("CUSTOMER"), &json!("1234"))
    );
    // The same again is the same reading.
    server.read_at(&link, Some(&format!("day=2026-03-01&{register}=1234"))).await;
    assert_eq!(read().await.len(), 1);

    for (typed, why) in [
        ("", "All registers of the meter are to be read."),
        ("day=2026-03-01", "All registers of the meter are to be read."),
        ("day=soon&R=1", "The day is none."),
        ("day=2026-03-09&R=1300", "A meter cannot have been read on a day to come."),
        ("day=2025-12-30&R=1", "The meter was not yours on that day."),
        ("R=many", "A reading is a number."),
        ("R=-4", "The register cannot show this."),
        ("R=12345678", "The register cannot show this."),
    ] {
        let typed = typed.replace("R=", &format!("{register}="));
        let (status, page) = server.read_at(&link, Some(&typed)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}: {page}");
        assert!(page.contains(why), "{typed}: {page}");
    }
    assert_eq!(read().await.len(), 1);

    // A link that was meddled with leads nowhere, and so does one for something else.
    let signature = link.split_once("&signature=").expect("a signature").1;
    let target = format!("/readings/{}-{}", home.meter, greta.account_id);
    for odd in [
        link.replace(signature, &"0".repeat(64)),
        link.replace(&target, &format!("/readings/{}-{}", gas.meter, greta.account_id)),
        link.replace(&target, &format!("/readings/{}-{}", home.meter, world.ada.account_id)),
        link.replace("expires=", "expires=9"),
        link.replace("/readings/", "/files/readings/"),
        format!("{BASE_URL}{target}"),
    ] {
        let typed = format!("{register}=1300");
        assert_eq!(server.read_at(&odd, None).await.0, StatusCode::NOT_FOUND, "{odd}");
        if !odd.contains("/files/") {
            assert_eq!(server.read_at(&odd, Some(&typed)).await.0, StatusCode::NOT_FOUND, "{odd}");
        }
    }
    server.wall.set(server.wall.now() + TimeDelta::days(14) - TimeDelta::seconds(1));
    assert_eq!(server.read_at(&link, None).await.0, StatusCode::OK);
    server.wall.set(server.wall.now() + TimeDelta::seconds(1));
    assert_eq!(server.read_at(&link, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_are_for_those_who_may_give_readings_and_end_with_the_supply() {
    let server = Server::start().await;
    let world = server.world().await;
    let greta = server.customer("greta@example.de", "Greta Lindemann", "OCTOPUS_ENERGY_GERMANY").await;
    let home = server.supplied_home(&greta, MarketName::DeuElectricity, MALO, "1EMH1").await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, greta.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    for (token, may) in
        [(&greta.token, true), (&world.staff, true), (&world.reader, false), (&world.partner, false)]
    {
        let shown = server.meter_of(token, &greta.account).await;
        let url = &shown["electricityMalos"][0]["meter"]["submitMeterReadingUrl"];
        assert_eq!(url.is_string(), may, "{shown}");
    }
    let shown = server.meter_of(&greta.token, &greta.account).await;
    let link =
        shown["electricityMalos"][0]["meter"]["submitMeterReadingUrl"].as_str().expect("a link").to_owned();
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, day("2026-03-01")).await.expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(server.read_at(&link, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.read_at(&link, Some("R=1")).await.0, StatusCode::NOT_FOUND);
    let shown = server.meter_of(&greta.token, &greta.account).await;
    assert_eq!(shown["electricityMalos"][0]["meter"]["submitMeterReadingUrl"], Value::Null);
}
