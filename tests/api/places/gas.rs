//! British gas: what the industry's register says of a point, and what is known of its meter.

use kraken_api::domain::supply::disputes::{self, DisputeError, Disputed};
use kraken_api::domain::supply::gas_meters::{self, FactsError, GasMeterFacts};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use kraken_api::domain::supply::{gas_register, properties};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::places::{day, point, property, since, supplied};

// Its fifth digit from the end is none of those that the simulated register treats in a way of its own.
const MPRN: &str = "1234567810";

const POINT: &str = "query($id: ID!) { property(id: $id) { gasSupplyPoints { mprn } gasMeterPoints { mprn identifier supplyType status
    supplyEndDate ldz confirmationReference currentDmSoq currentNdmSoq endUserCategory eucIdentifier
    exitCapacityChargeRate exitZone formulaYearSmpAq formulaYearSmpSoq hasOpenClosingReadDispute
    hasOpenOpeningReadDispute igtCheckedAt igtIdentifier ldzCapacityChargeRate ldzCommodityChargeRate
    ldzCustomerChargeRate marketCategory marketSectorCode meterOwnershipType meterReadBatchFrequency mrfType
    newSupplierId nominationShipperReference nominationType ntsExitCommodityChargeRate oldSupplierId
    requiresEnrolment requiresWithdrawal smartStartDate statusUpdatedAt supplyClass supplyPointCategory targetSsd
    xoserveStatus meters { id nodeId meterType fuelType modelName mechanism manufacturerCode manufacturedYear location
        locationDescription owner imperial units consumptionUnits correction readingFactor pulseValue installationDate
        lastInspectionDate smartGasMeter { id } smartDevices { id } meterPoint { mprn }
        registers { identifier name unitRateType digits decimalPlaces } } } } }";

impl Server {
    async fn gas_point(&self, token: &str, property: i64) -> Value {
        let data = self.ask(Some(token), POINT, json!({ "id": property.to_string() })).await;
        data["property"]["gasMeterPoints"][0].clone()
    }
}

#[tokio::test]
async fn the_register_is_asked_and_confirms_the_supply() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G4W1").await;
    let before = server.gas_point(&world.ada.token, home.property).await;
    assert_eq!((&before["exitZone"], &before["supplyClass"]), (&json!(""), &json!(0)));
    assert_eq!((&before["marketCategory"], &before["requiresEnrolment"]), (&Value::Null, &json!(false)));
    // The charges of the zone are nobody's secret.
    assert_eq!(before["ldzCapacityChargeRate"], "0.2876");

    server.work_off().await;
    let after = server.gas_point(&world.ada.token, home.property).await;
    assert_eq!((&after["exitZone"], &after["supplyClass"]), (&json!("SW3"), &json!(4)));
    assert_eq!((&after["marketCategory"], &after["marketSectorCode"]), (&json!("SSP"), &json!("D")));
    assert_eq!(after["eucIdentifier"], "SW:E2501BND");
    assert_eq!((&after["targetSsd"], &after["newSupplierId"]), (&json!("2026-01-01"), &json!("TID")));
    assert!(after["confirmationReference"].is_i64() && after["oldSupplierId"].is_string());
    assert_eq!((&after["requiresEnrolment"], &after["requiresWithdrawal"]), (&json!(false), &json!(false)));
    assert_eq!((&after["currentDmSoq"], &after["supplyPointCategory"]), (&Value::Null, &json!("NDM")));
    let (aq, soq) = (after["formulaYearSmpAq"].as_i64(), after["formulaYearSmpSoq"].as_i64());
    assert_eq!(soq, aq.map(|aq| aq * 3 / 365), "the hardest day is worth three");
    assert_eq!((&after["xoserveStatus"], &after["mrfType"]), (&json!("LI"), &json!("SIX_MONTHLY")));
    assert_eq!(after["igtCheckedAt"], "2026-03-02T09:30:00+00:00");

    // What comes after her is nothing to her.
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, day("2026-02-01")).await.expect("ended");
    tx.commit().await.expect("committed");
    let of_staff = server.gas_point(&world.staff, home.property).await;
    assert_eq!(of_staff["requiresWithdrawal"], true);
    let hers = server.gas_point(&world.ada.token, home.property).await;
    assert_eq!((&hers["exitZone"], &hers["confirmationReference"]), (&json!(""), &Value::Null));
    assert_eq!((&hers["status"], &hers["supplyEndDate"]), (&json!("OFF_SUPPLY"), &json!("2026-01-31")));
    server.work_off().await;
    let withdrawn = server.gas_point(&world.staff, home.property).await;
    assert_eq!(
        (&withdrawn["confirmationReference"], &withdrawn["nominationType"]),
        (&Value::Null, &json!(""))
    );
    assert_eq!(withdrawn["requiresWithdrawal"], false);
}

#[tokio::test]
async fn a_register_that_has_no_time_is_asked_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", world.ada.account_id).await;
    // The two last digits check the others.
    let marked = |mark: char| MarketName::GbrGas.invent(&format!("75123{mark}"), &server.random);
    let (busy, unknown) = (marked('8'), marked('9'));
    let (slow, _) =
        supplied(&mut tx, &point(home, MarketName::GbrGas, &busy), world.ada.account_id, "G1").await;
    let (never, _) =
        supplied(&mut tx, &point(home, MarketName::GbrGas, &unknown), world.ada.account_id, "G2").await;
    tx.commit().await.expect("committed");
    let entries = async || -> Vec<i64> {
        let query = "select supply_point_id from gas_register_entries order by 1";
        let rows: Vec<(i64,)> =
            sqlx::query_as(query).fetch_all(server.database.pool()).await.expect("entries");
        rows.into_iter().map(|(id,)| id).collect()
    };
    server.work_off().await;
    assert_eq!(entries().await, Vec::<i64>::new());
    server.wall.set(server.wall.now() + chrono::TimeDelta::minutes(3));
    server.work_off().await;
    assert_eq!(entries().await, [slow], "{never} is not in the register");
}

#[tokio::test]
async fn what_is_known_of_a_meter_is_shown() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G4W1").await;
    let unknown = server.gas_point(&world.ada.token, home.property).await;
    let shown = &unknown["meters"][0];
    assert_eq!((&shown["modelName"], &shown["mechanism"]), (&json!(""), &Value::Null));
    assert_eq!((&shown["units"], &shown["consumptionUnits"]), (&json!(1), &json!("kWh")));
    let facts = GasMeterFacts {
        model_name: "BK-G4M".into(),
        manufacturer_code: "ELS".into(),
        manufactured_year: Some(2009),
        mechanism: "CR".into(),
        is_imperial: true,
        correction: Decimal::new(102_264, 5),
        reading_factor: Decimal::ONE,
        pulse_value: Decimal::new(1, 2),
        location: "02".into(),
        location_description: "Under the stairs".into(),
        owner: "MAM".into(),
        inspected_on: Some(day("2025-06-01")),
    };
    let mut tx = server.tx().await;
    gas_meters::describe(&mut tx, home.meter, &facts).await.expect("described");
    tx.commit().await.expect("committed");
    let known = server.gas_point(&world.ada.token, home.property).await;
    let shown = &known["meters"][0];
    assert_eq!((&shown["modelName"], &shown["mechanism"]), (&json!("BK-G4M"), &json!("CR")));
    assert_eq!((&shown["imperial"], &shown["units"]), (&json!(true), &json!(0)));
    assert_eq!((&shown["correction"], &shown["pulseValue"]), (&json!(1.02264), &json!("0.010000")));
    assert_eq!(
        (&shown["lastInspectionDate"], &shown["meterPoint"]["mprn"]),
        (&json!("2025-06-01"), &json!(MPRN))
    );
    let mut tx = server.tx().await;
    let again = gas_meters::describe(&mut tx, home.meter, &facts).await;
    assert!(matches!(again, Err(FactsError::DescribedAlready)));
    let mut tx = server.tx().await;
    let electric = property(&mut tx, "gb", world.bob.account_id).await;
    let new = point(electric, MarketName::GbrElectricity, "2000050773706");
    let (_, meter) = supplied(&mut tx, &new, world.bob.account_id, "E1").await;
    assert!(matches!(gas_meters::describe(&mut tx, meter, &facts).await, Err(FactsError::UnknownMeter)));
}

#[tokio::test]
async fn readings_are_disputed_and_settled() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", world.ada.account_id).await;
    let new = NewPoint { annual_wh: Some(300_000_000), ..point(home, MarketName::GbrGas, MPRN) };
    let at = supply_points::register(&mut tx, &new).await.expect("registered");
    let period =
        supply_points::begin_supply(&mut tx, at, world.ada.account_id, since()).await.expect("supplied");
    disputes::raise(&mut tx, period, Disputed::Opening).await.expect("raised");
    tx.commit().await.expect("committed");
    server.work_off().await;
    let shown = server.gas_point(&world.ada.token, home).await;
    assert_eq!(
        (&shown["hasOpenOpeningReadDispute"], &shown["hasOpenClosingReadDispute"]),
        (&json!(true), &json!(false))
    );
    assert_eq!((&shown["marketCategory"], &shown["endUserCategory"]), (&json!("LSP"), &json!(3)));
    let mut tx = server.tx().await;
    assert!(matches!(
        disputes::raise(&mut tx, period, Disputed::Opening).await,
        Err(DisputeError::RaisedAlready)
    ));
    let mut tx = server.tx().await;
    assert!(matches!(disputes::raise(&mut tx, 1, Disputed::Closing).await, Err(DisputeError::UnknownSupply)));
    let mut tx = server.tx().await;
    disputes::settle(&mut tx, period, Disputed::Opening).await.expect("settled");
    let settled = disputes::settle(&mut tx, period, Disputed::Opening).await;
    assert!(matches!(settled, Err(DisputeError::NotDisputed)));
    tx.commit().await.expect("committed");
    let shown = server.gas_point(&world.ada.token, home).await;
    assert_eq!(shown["hasOpenOpeningReadDispute"], false);
    // Nothing is asked about what is no point of British gas.
    let mut tx = server.tx().await;
    let simulator = kraken_api::domain::supply::simulated_gas_register::Simulator;
    assert_eq!(gas_register::look_up(&mut tx, &simulator, 1).await.expect("nothing"), None);
    assert!(
        properties::by_ids(&mut tx, &kraken_api::domain::auth::Viewer::Anonymous, &[home])
            .await
            .expect("asked")[0]
            .is_none()
    );
}
