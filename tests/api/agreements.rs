//! What customers agreed on: who sees it, what it says in each market, and that no two hold at once.

use kraken_api::api::Origin;
use kraken_api::domain::supply::agreements::{self, AgreementError, NewAgreement};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::graphql;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::agreed::date;

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";

const HELD: &str = "query($n: String!, $active: Boolean) { account(accountNumber: $n) { hasActiveAgreement hasFutureAgreement
    electricityAgreements(active: $active) { id validFrom validTo agreedFrom agreedTo isRevoked account { number }
        tariff { __typename ... on TariffType { tariffCode productCode }
            ... on StandardTariff { unitRate preVatUnitRate }
            ... on HalfHourlyTariff { standingCharge unitRates { validFrom validTo value preVatValue rateType } } } }
    gasAgreements(active: $active) { id isRevoked tariff { tariffCode unitRate preVatUnitRate standingCharge } } } }";
const ONE: &str = "query($i: ID!) { agreement(id: $i) { id validFrom validTo agreedFrom agreedTo isRevoked agreedAt
    terminatedAt isActive ratesAgreedAt rescissionDeadlineAt params product { code displayName isVariable } } }";
const MARKET: &str = "query($n: String!, $i: ID, $a: Boolean) { account(accountNumber: $n) {
    marketSupplyAgreements(id: $i, active: $a, first: 10) { totalCount edgeCount edges { cursor node { id validFrom validTo
        agreedAt terminatedAt isActive agreedFrom agreedTo isRevoked ratesAgreedAt rescissionDeadlineAt params
        account { number } product { code marketName } } } }
    agreements { id validFrom isRevoked isActive } } }";

fn new<'a>(account: i64, supply_point: i64, product: &'a str, from: &str) -> NewAgreement<'a> {
    NewAgreement {
        account,
        supply_point,
        product,
        payment_method: "DIRECT_DEBIT",
        from: date(from),
        to: None,
        charged_from: None,
    }
}

#[tokio::test]
async fn agreements_are_their_accounts_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let gas = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-01-01").await;
    let first = server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let gas = server.agree(ada, gas, "VAR-22-11-01", "2026-01-01").await;

    let held = server.ask(Some(&ada.token), HELD, json!({ "n": ada.account, "active": true })).await;
    let account = &held["account"];
    assert_eq!(
        (&account["hasActiveAgreement"], &account["hasFutureAgreement"]),
        (&json!(true), &json!(false))
    );
    let electricity = &account["electricityAgreements"][0];
    assert_eq!(electricity["id"], first);
    assert_eq!(electricity["validFrom"], "2026-01-01T00:00:00+00:00");
    assert_eq!(electricity["account"]["number"], ada.account);
    assert_eq!(electricity["tariff"]["tariffCode"], "E-1R-VAR-22-11-01-L");
    assert_eq!(electricity["tariff"]["unitRate"].to_string(), "27.965385");
    assert_eq!(account["gasAgreements"][0]["tariff"]["tariffCode"], "G-1R-VAR-22-11-01-L");

    let one = server.ask(Some(&ada.token), ONE, json!({ "i": first.to_string() })).await;
    assert_eq!(
        one["agreement"]["product"],
        json!({ "code": "VAR-22-11-01", "displayName": "Flexible Octopus", "isVariable": true })
    );
    assert_eq!(one["agreement"]["rescissionDeadlineAt"], "2026-03-16T09:30:00+00:00");
    // Whoever may see the account sees them; to everybody else they are not there.
    for (root, id) in [("agreement", first), ("electricityAgreement", first), ("gasAgreement", gas)] {
        let query = format!("{{ {root}(id: \"{id}\") {{ __typename }} }}");
        let none = format!("{{ {root}(id: \"x1\") {{ __typename }} }}");
        for token in [&ada.token, &world.reader] {
            server.ask(Some(token), &query, json!({})).await;
            assert_eq!(server.send(Some(token), &none, json!({})).await.codes(), ["KT-CT-1501"]);
        }
        for token in [&bob.token, &world.partner] {
            assert_eq!(server.send(Some(token), &query, json!({})).await.codes(), ["KT-CT-1501"], "{root}");
        }
        let (_, blind) = server.organisation(&format!("Blind {root}"), &[]).await;
        assert_eq!(server.send(Some(&blind), &query, json!({})).await.codes(), ["KT-CT-4922"], "{root}");
    }
    let other = format!("{{ gasAgreement(id: \"{first}\") {{ id }} }}");
    assert_eq!(server.send(Some(&ada.token), &other, json!({})).await.codes(), ["KT-CT-1501"]);
}

#[tokio::test]
async fn agreements_follow_each_other_and_what_is_revoked_is_gone() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let first = server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let mut tx = server.tx().await;
    let refused =
        agreements::agree(&mut tx, &new(ada.account_id, point, "GO-VAR-22-10-14", "2026-06-01")).await;
    assert!(matches!(refused, Err(AgreementError::Overlaps)), "{refused:?}");
    drop(tx);

    let mut tx = server.tx().await;
    let second = agreements::switch(&mut tx, first, "OE-FIX-12M-25-09-02", date("2026-04-01"))
        .await
        .expect("switched");
    let mistake =
        agreements::switch(&mut tx, second, "AGILE-24-10-01", date("2026-09-01")).await.expect("switched");
    agreements::revoke(&mut tx, mistake).await.expect("revoked");
    tx.commit().await.expect("committed");

    let ids = async |active: Value| {
        let held = server.ask(Some(&ada.token), HELD, json!({ "n": ada.account, "active": active })).await;
        assert_eq!(held["account"]["hasFutureAgreement"], true);
        let all = held["account"]["electricityAgreements"].as_array().expect("a list").clone();
        all.iter().filter_map(|each| each["id"].as_i64()).collect::<Vec<_>>()
    };
    // False is both, and never what was revoked.
    assert_eq!(ids(json!(true)).await, [first]);
    for both in [json!(false), Value::Null] {
        assert_eq!(ids(both).await, [first, second]);
    }
    let one = server.ask(Some(&ada.token), ONE, json!({ "i": second.to_string() })).await;
    assert_eq!(one["agreement"]["agreedTo"], "2027-03-31T23:00:00+00:00", "twelve months were agreed");
    assert_eq!(one["agreement"]["validTo"], "2026-08-31T23:00:00+00:00");
    let gone = server.ask(Some(&ada.token), ONE, json!({ "i": mistake.to_string() })).await;
    assert_eq!(
        (&gone["agreement"]["isRevoked"], &gone["agreement"]["isActive"]),
        (&json!(true), &json!(false))
    );

    let page = async |variables: Value| {
        let mut all = json!({ "n": ada.account });
        all.as_object_mut().expect("an object").extend(variables.as_object().expect("an object").clone());
        server.ask(Some(&ada.token), MARKET, all).await["account"].clone()
    };
    let all = page(json!({})).await;
    assert_eq!(all["marketSupplyAgreements"]["totalCount"], 2);
    assert_eq!(all["marketSupplyAgreements"]["edges"][1]["node"]["product"]["code"], "OE-FIX-12M-25-09-02");
    assert_eq!(all["agreements"].as_array().map(Vec::len), Some(2));
    assert_eq!(page(json!({ "a": true })).await["marketSupplyAgreements"]["edgeCount"], 1);
    let one = page(json!({ "i": second.to_string() })).await;
    assert_eq!(one["marketSupplyAgreements"]["edges"][0]["node"]["id"], second.to_string());
    assert_eq!(page(json!({ "i": "nonsense" })).await["marketSupplyAgreements"]["totalCount"], 0);
    let below = format!(
        "account(accountNumber: \"{}\") {{ marketSupplyAgreements(PAGE) {{ edgeCount }} }}",
        ada.account
    );
    bounds_its_pages(&server, &ada.token, &below).await;

    let told: Vec<(String,)> =
        sqlx::query_as("select name from outbox where name like 'supply.agreement.%' order by id")
            .fetch_all(server.database.pool())
            .await
            .expect("events");
    let told: Vec<&str> = told.iter().map(|(name,)| name.as_str()).collect();
    let made = "supply.agreement.made-v1";
    let ended = "supply.agreement.terminated-v1";
    assert_eq!(told, [made, ended, made, ended, made, "supply.agreement.revoked-v1"]);
}

#[tokio::test]
async fn two_callers_at_once_do_not_agree_twice() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let agree = async || {
        let mut tx = server.tx().await;
        let new = new(ada.account_id, point, "VAR-22-11-01", "2026-01-01");
        let agreed = agreements::agree(&mut tx, &new).await;
        if agreed.is_ok() {
            tx.commit().await.expect("committed");
        }
        agreed
    };
    let (one, other) = tokio::join!(agree(), agree());
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn what_cannot_be_agreed_on_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    let refused = async |account: i64, product: &str, from: &str| {
        let mut tx = server.tx().await;
        agreements::agree(&mut tx, &new(account, point, product, from)).await.expect_err("refused")
    };
    for product in
        ["NOTHING", "DEU-GO-23", "OUTGOING-VAR-24-10-26", "BUS-VAR-23-01-01", "OE-FIX-12M-24-10-03"]
    {
        let error = refused(ada.account_id, product, "2026-02-01").await;
        assert!(matches!(error, AgreementError::NoProduct), "{product}: {error}");
    }
    for (account, from) in [(bob.account_id, "2026-02-01"), (ada.account_id, "2025-12-31")] {
        let error = refused(account, "VAR-22-11-01", from).await;
        assert!(matches!(error, AgreementError::NotSupplied), "{error}");
    }
    let agreed = server.agree(ada, point, "VAR-22-11-01", "2026-02-01").await;
    let mut tx = server.tx().await;
    for (day, what) in [("2026-02-01", "its first day"), ("2026-01-01", "before it")] {
        let error = agreements::terminate(&mut tx, agreed, date(day)).await.expect_err(what);
        assert!(matches!(error, AgreementError::NotThen), "{what}: {error}");
    }
    assert!(matches!(agreements::revoke(&mut tx, 1).await, Err(AgreementError::NotThere)));
}

#[tokio::test]
async fn prices_of_half_hours_are_known_a_day_ahead() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "_L"), "2026-01-01").await;
    server.agree(ada, point, "AGILE-24-10-01", "2026-02-01").await;
    server.publish().await;
    let rates = async || {
        let token = server.log_in(json!({ "APIKey": ada.api_key })).await;
        let held = server.ask(Some(&token), HELD, json!({ "n": ada.account, "active": true })).await;
        let tariff = held["account"]["electricityAgreements"][0]["tariff"].clone();
        assert_eq!(tariff["__typename"], "HalfHourlyTariff");
        assert_eq!(tariff["standingCharge"].to_string(), "60.1755");
        tariff["unitRates"].as_array().expect("rates").clone()
    };
    server.wall.set("2026-03-02T09:45:00Z".parse().expect("a moment"));
    let morning = rates().await;
    // From half past nine, which has begun, to midnight.
    assert_eq!(morning.len(), 29);
    assert_eq!(morning[0]["validFrom"], "2026-03-02T09:30:00+00:00");
    assert!(morning.windows(2).all(|pair| pair[0]["validTo"] == pair[1]["validFrom"]));
    let peak =
        morning.iter().find(|rate| rate["validFrom"] == "2026-03-02T17:00:00+00:00").expect("an evening");
    assert_eq!(peak["rateType"], "PEAK");
    assert!(peak["value"].as_f64() > morning[0]["value"].as_f64());
    server.wall.set("2026-03-02T18:30:00Z".parse().expect("a moment"));
    server.publish().await;
    server.wall.set("2026-03-02T20:00:00Z".parse().expect("a moment"));
    assert_eq!(rates().await.len(), 8 + 48);
}

#[tokio::test]
async fn rates_are_listed_for_a_period() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2025-06-01").await;
    let first = server.agree(ada, point, "VAR-22-11-01", "2025-06-01").await;
    let mut tx = server.tx().await;
    agreements::switch(&mut tx, first, "GO-VAR-22-10-14", date("2026-02-02")).await.expect("switched");
    tx.commit().await.expect("committed");
    let ask = |from: &str, to: &str, page: &str| {
        format!(
            "{{ applicableRates(accountNumber: \"{}\", mpxn: \"{MPAN}\", startAt: \"{from}\", endAt: \"{to}\"{page}) {{
                totalCount edgeCount pageInfo {{ hasNextPage }} edges {{ node {{ value validFrom validTo }} }} }} }}",
            ada.account
        )
    };
    let rates = async |from: &str, to: &str| {
        let data = server.ask(Some(&ada.token), &ask(from, to, ", first: 20"), json!({})).await;
        let edges = data["applicableRates"]["edges"].as_array().expect("edges").clone();
        edges.into_iter().map(|edge| edge["node"].clone()).collect::<Vec<_>>()
    };
    // The price changed at the new year: 25.09 in autumn has no price of its own here, so that of July held on.
    let winter = rates("2025-12-30T00:00:00Z", "2026-01-02T00:00:00Z").await;
    let at = |day: &str| format!("{day}T00:00:00+00:00");
    assert_eq!(
        winter,
        [
            json!({ "value": "24.7551", "validFrom": at("2025-12-30"), "validTo": at("2026-01-01") }),
            json!({ "value": "26.6337", "validFrom": at("2026-01-01"), "validTo": at("2026-01-02") }),
        ]
    );
    let switched = rates("2026-02-01T12:00:00Z", "2026-02-02T12:00:00Z").await;
    let spans: Vec<(&str, &str)> = switched
        .iter()
        .filter_map(|rate| {
            Some((rate["validFrom"].as_str()?.get(5..16)?, rate["validTo"].as_str()?.get(5..16)?))
        })
        .collect();
    assert_eq!(
        spans,
        [
            ("02-01T12:00", "02-02T00:00"),
            ("02-02T00:00", "02-02T00:30"),
            ("02-02T00:30", "02-02T05:30"),
            ("02-02T05:30", "02-02T12:00"),
        ]
    );
    let send = async |token: &str, query: String| server.send(Some(token), &query, json!({})).await;
    let (from, to) = ("2026-02-01T12:00:00Z", "2026-02-02T12:00:00Z");
    assert_eq!(send(&ada.token, ask(from, to, "")).await.codes(), ["KT-CT-1201"]);
    assert_eq!(send(&world.bob.token, ask(from, to, ", first: 1")).await.codes(), ["KT-CT-4177"]);
    assert_eq!(send(&ada.token, ask("2020-01-01T00:00:00Z", to, ", first: 1")).await.codes(), ["KT-CT-1605"]);
    assert_eq!(rates(to, from).await, Vec::<Value>::new());
    let page = server.ask(Some(&ada.token), &ask(from, to, ", first: 1"), json!({})).await;
    assert_eq!(page["applicableRates"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(page["applicableRates"]["totalCount"], 4);
}

#[tokio::test]
async fn few_and_many_agreements_cost_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-01-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-01-01").await;
    let query = format!(
        "{{ account(accountNumber: \"{}\") {{ hasActiveAgreement hasFutureAgreement
            electricityAgreements {{ account {{ number }} tariff {{ __typename ... on TariffType {{ tariffCode }} }}
                lineItems(startAt: \"2026-01-01T00:00:00Z\", grouping: MONTH, itemType: CONSUMPTION_CHARGE,
                    timezone: \"Europe/London\", first: 2) {{ edges {{ node {{ netAmount }} }} }} }}
            marketSupplyAgreements(first: 100) {{ totalCount edges {{ node {{ product {{ code }} account {{ number }} }} }} }}
            agreements {{ product {{ code }} }} }} }}",
        ada.account
    );
    let mut counts = Vec::new();
    for copies in [0, 9, 40] {
        let copy = "with copied as (
                insert into supply_points (property_id, market_name, identifier, region, created_at)
                select property_id, market_name, 'COPY' || $2 || 'N' || n, region, created_at
                from supply_points, generate_series(1, $2) as n where id = $1 returning id),
            supplied as (
                insert into supply_periods (supply_point_id, account_id, during, created_at)
                select copied.id, s.account_id, s.during, s.created_at from copied, supply_periods s
                where s.supply_point_id = $1)
            insert into agreements (supply_point_id, account_id, tariff_id, during, agreed_from, agreed_at,
                rescission_deadline_at)
            select copied.id, g.account_id, g.tariff_id, g.during, g.agreed_from, g.agreed_at, g.agreed_at
            from copied, agreements g where g.supply_point_id = $1";
        let copied = sqlx::query(copy).bind(point).bind(copies).execute(server.database.pool()).await;
        copied.expect("copied");
        let request = graphql::Request { query: query.clone(), ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        assert!(body.get("errors").is_none(), "{body}");
        counts.push(answer.stats.statements());
    }
    assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test]
async fn meter_points_show_the_agreements_of_whoever_asks() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2025-06-01").await;
    let first = server.agree(ada, point, "VAR-22-11-01", "2025-06-01").await;
    let mut tx = server.tx().await;
    let second =
        agreements::switch(&mut tx, first, "GO-VAR-22-10-14", date("2026-02-02")).await.expect("switched");
    let third =
        agreements::switch(&mut tx, second, "VAR-22-11-01", date("2026-06-01")).await.expect("switched");
    tx.commit().await.expect("committed");
    let ids = async |arguments: &str| {
        let query = format!(
            "{{ account(accountNumber: \"{}\") {{ properties {{ electricityMeterPoints {{
                ... on ElectricityMeterPointType {{ mpan
                agreements{arguments} {{ id validFrom validTo meterPoint {{ mpan }} }}
                terms: agreements{arguments} {{ __typename id validFrom validTo }} }} }} }} }} }}",
            ada.account
        );
        let data = server.ask(Some(&ada.token), &query, json!({})).await;
        let point = data["account"]["properties"][0]["electricityMeterPoints"][0].clone();
        assert_eq!(point["agreements"][0]["meterPoint"]["mpan"], MPAN);
        let all = point["agreements"].as_array().expect("a list").clone();
        let shown = |list: &Value| {
            let of = |each: &Value| ["id", "validFrom", "validTo"].map(|field| each[field].clone());
            list.as_array().expect("a list").iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(shown(&point["terms"]), shown(&point["agreements"]));
        assert_eq!(point["terms"][0]["__typename"], "ElectricityAgreementType");
        all.iter().filter_map(|each| each["id"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [second, third]);
    assert_eq!(ids("(includeInactive: true)").await, [first, second, third]);
    assert_eq!(ids("(includeInactive: true, excludeFuture: true)").await, [first, second]);
    assert_eq!(ids("(validAfter: \"2026-01-01T00:00:00Z\")").await, [first, second, third]);
    assert_eq!(ids("(validAfter: \"2026-03-01T00:00:00Z\")").await, [second, third]);
    let query = "query($i: ID!) { agreement(id: $i) { supplyPoint { __typename
        ... on ElectricitySupplyPointType { id pod product { code displayName fullName description standingChargePricePerDay
            standingChargeUnitType standingCharges { pricePerUnit } validTo
            params { productType annualStandingCharge consumptionCharge consumptionChargeF2 }
            prices { productType annualStandingCharge annualStandingChargeUnits consumptionCharge consumptionChargeF2
                consumptionChargeF3 consumptionChargeUnits } }
            agreements(first: 5) { totalCount edges { node { id } } } } } } }";
    let data = server.ask(Some(&ada.token), query, json!({ "i": second.to_string() })).await;
    let point = &data["agreement"]["supplyPoint"];
    assert_eq!(point["agreements"]["totalCount"], 3);
    assert_eq!(point["product"]["code"], "GO-VAR-22-10-14");
    // 57.31 pence a day are 209.1815 pounds a year; 28.7433 × 1.01 by day and 8.9658 × 1.01 by night.
    assert_eq!(
        point["product"]["prices"],
        json!({ "productType": "DAY_NIGHT", "annualStandingCharge": "209.1815", "annualStandingChargeUnits": "GBP/year",
            "consumptionCharge": "0.290307", "consumptionChargeF2": "0.090555", "consumptionChargeF3": null,
            "consumptionChargeUnits": "GBP/kWh" })
    );
    let below = format!(
        "agreement(id: \"{second}\") {{ supplyPoint {{ ... on ElectricitySupplyPointType {{
        agreements(PAGE) {{ edgeCount }} }} }} }}"
    );
    bounds_its_pages(&server, &ada.token, &below).await;
    let gas = server.supply(ada, MarketName::GbrGas, ("1234567810", "SW"), "2026-03-02").await;
    let gas = server.agree(ada, gas, "VAR-22-11-01", "2026-03-02").await;
    let below = format!(
        "agreement(id: \"{gas}\") {{ supplyPoint {{ ... on GasSupplyPointType {{ agreements(PAGE) {{ edgeCount }} }} }} }}"
    );
    bounds_its_pages(&server, &ada.token, &below).await;
}
