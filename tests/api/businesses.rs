//! Businesses: registering them, whose accounts are theirs, how they are treated.

use kraken_api::domain::accounts::businesses::links;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::{Reply, Server, World, record};

const CREATE: &str = "mutation($i: CreateBusinessInput!) { createBusiness(input: $i) { business {
    id name number numberType displayableNumber businessType sectors details { key value }
    billingAddress { name organization streetAddress structuredStreetAddress postalCode asString }
    legalAddress { locality country } linkedAccountNumber linkedAccountNumbers segmentName
    kanjiCompanyName kanaCompanyName } } }";
const LINK: &str = "mutation($i: LinkAccountToBusinessInput!) { linkAccountToBusiness(input: $i) {
    business { id linkedAccountNumber linkedAccountNumbers } } }";
const PLACE: &str = "mutation($i: AddBusinessToSegmentInput!) { addBusinessToSegment(input: $i) {
    businessSegmentPeriod { id segment { name } startAt endAt } } }";
const FIND: &str = "query($id: ID, $n: String, $d: [BusinessDetailInput]) {
    business(id: $id, displayableNumber: $n, details: $d) { id name linkedAccountNumbers segmentName } }";

impl Server {
    async fn input(&self, token: &str, document: &str, input: Value) -> Reply {
        self.send(Some(token), document, json!({ "i": input })).await
    }

    /// Registers a business with this company number. Answers its identifier.
    pub async fn business(&self, token: &str, number: &str) -> String {
        let number = format!("{number:0>8}");
        let input =
            json!({ "businessName": "Reef Ltd", "businessNumber": number, "businessType": "LIMITED" });
        let data = self.ask(Some(token), CREATE, json!({ "i": input })).await;
        data["createBusiness"]["business"]["id"].as_str().expect("an id").to_owned()
    }

    /// Makes the whole portfolio of an account a business's.
    pub async fn share(&self, account: i64, business: &str) {
        let mut tx = self.tx().await;
        let (portfolio,): (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
            .bind(account)
            .fetch_one(&mut tx)
            .await
            .expect("a portfolio");
        let business = business.parse().expect("an id");
        let is_new = links::link_portfolio(&mut tx, portfolio, business, links::OWNER).await.expect("linked");
        assert!(
            is_new
                && !links::link_portfolio(&mut tx, portfolio, business, "CONTACT").await.expect("as before")
        );
        tx.commit().await.expect("committed");
    }

    /// An organisation that manages businesses and sees Ada's account.
    async fn broker(&self, world: &World) -> String {
        let (id, token) = self.organisation("Broker Ltd", &["view-accounts", "manage-businesses"]).await;
        let mut tx = self.tx().await;
        organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
        tx.commit().await.expect("committed");
        token
    }
}

#[tokio::test]
async fn a_business_is_registered_with_all_that_is_known_of_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let address = json!({ "name": "Accounts", "organization": "Kaisha KK", "administrativeArea": "Tokyo",
        "locality": "Minato", "postalCode": "105-0001", "country": "jp",
        "structuredStreetAddress": { "chome": "1", "banchi": "2", "buildingName": "Pearl" } });
    let input = json!({ "businessName": " Kaisha ", "businessNumber": "7-0000-1205-0002", "businessType": "LIMITED",
        "businessDetails": [{ "key": "KANJI_COMPANY_NAME", "value": "会社" },
            { "key": "KANA_COMPANY_NAME", "value": "カイシャ" }],
        "businessBillingAddress": address, "businessSectors": ["RETAIL", "ENERGY", "RETAIL"] });
    let reply = server.input(&world.staff, CREATE, input.clone()).await;
    let made = &reply.json["data"]["createBusiness"]["business"];
    let expected = json!({ "id": made["id"], "name": "Kaisha", "number": "7000012050002",
        "numberType": "CORPORATE_NUMBER", "displayableNumber": "7-0000-1205-0002", "businessType": "LIMITED",
        "sectors": ["ENERGY", "RETAIL"],
        "details": [{ "key": "KANA_COMPANY_NAME", "value": "カイシャ" }, { "key": "KANJI_COMPANY_NAME", "value": "会社" }],
        "billingAddress": { "name": "Accounts", "organization": "Kaisha KK", "streetAddress": "1 2\nPearl",
            "structuredStreetAddress": { "chome": "1", "banchi": "2", "buildingName": "Pearl" },
            "postalCode": "105-0001", "asString": "105-0001, Tokyo Minato, 1 2, Pearl, Kaisha KK, Accounts, JP" },
        "legalAddress": null, "linkedAccountNumber": null, "linkedAccountNumbers": [], "segmentName": null,
        "kanjiCompanyName": "会社", "kanaCompanyName": "カイシャ" });
    assert_eq!(made, &expected, "{}", reply.json);
    for wanted in [
        json!({ "id": made["id"] }),
        json!({ "n": "7000012050002" }),
        json!({ "n": " 7-0000-1205-0002" }),
        json!({ "d": [{ "key": "KANJI_COMPANY_NAME", "value": "会社" }, { "key": "KANA_COMPANY_NAME", "value": "カイシャ" }] }),
    ] {
        let data = server.ask(Some(&world.reader), FIND, wanted).await;
        assert_eq!(data["business"]["id"], made["id"]);
    }
    record::read_back("createBusiness");
    // Its number is taken, whoever asks and however it is written.
    let mut again = input;
    again["businessNumber"] = json!("7000012050002");
    assert_eq!(server.input(&world.staff, CREATE, again).await.codes(), ["KT-CT-11109"]);
    let new = || {
        let input =
            json!({ "businessName": "Twin", "businessNumber": "SC000001", "businessType": "LIMITED" });
        server.input(&world.staff, CREATE, input)
    };
    let (one, other) = tokio::join!(new(), new());
    let mut codes = [one.codes(), other.codes()];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["KT-CT-11109"]]);
}

#[tokio::test]
async fn what_cannot_be_kept_of_a_business_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let good = json!({ "businessName": "Reef Ltd", "businessNumber": "1234567", "businessType": "LIMITED" });
    let detail = |key: &str, value: &str| json!({ "key": key, "value": value });
    for (field, value, code) in [
        ("businessName", json!(" "), "KT-CT-11108"),
        ("businessDetails", json!([detail("A", "1"), detail("A", "2")]), "KT-CT-11108"),
        ("businessDetails", json!([detail("A", " ")]), "KT-CT-11108"),
        ("businessDetails", json!([detail("KANA_COMPANY_NAME", "Kaisha")]), "KT-CT-11108"),
        ("businessDetails", json!(vec![detail("A", "1"); 51]), "KT-CT-11108"),
        ("businessSectors", json!(["MAGIC"]), "KT-CT-11108"),
        ("businessNumber", json!("ZZ1"), "KT-CT-11109"),
        ("businessNumber", json!(""), "KT-CT-11109"),
        ("businessNumber", json!("1\n2"), "KT-CT-11109"),
        ("businessLegalAddress", json!({ "streetAddress": "1 Road" }), "KT-CT-11110"),
        (
            "businessBillingAddress",
            json!({ "streetAddress": "1 Road", "locality": "London", "postalCode": "1" }),
            "KT-CT-11110",
        ),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let reply = server.input(&world.staff, CREATE, wrong.clone()).await;
        assert_eq!(reply.codes(), [code], "{wrong}: {}", reply.json);
        assert_eq!(server.input(&world.reader, CREATE, wrong).await.codes(), ["KT-CT-1111"]);
    }
    // A seat in Germany makes it a German register's business.
    let mut german = good.clone();
    german["businessLegalAddress"] = json!({ "streetAddress": "Muschelweg 7", "locality": "Hamburg",
        "postalCode": "20457", "country": "DE" });
    assert_eq!(server.input(&world.staff, CREATE, german.clone()).await.codes(), ["KT-CT-11109"]);
    german["businessNumber"] = json!("HRB 4711, Amtsgericht Hamburg");
    let reply = server.input(&world.staff, CREATE, german).await;
    let made = &reply.json["data"]["createBusiness"]["business"];
    assert_eq!(
        (&made["numberType"], &made["legalAddress"]["country"]),
        (&json!("HANDELSREGISTER"), &json!("DE"))
    );
    // Those that need no number can be many.
    for _ in 0..2 {
        let trader = json!({ "businessName": "Ada", "businessNumber": "", "businessType": "SOLE_TRADER" });
        let reply = server.input(&world.staff, CREATE, trader).await;
        let made = &reply.json["data"]["createBusiness"]["business"];
        assert_eq!((&made["numberType"], &made["displayableNumber"]), (&json!("MISSING"), &json!(null)));
    }
    let reply = server.input(&world.partner, CREATE, good).await;
    assert_eq!(reply.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn an_account_is_one_businesss() {
    let server = Server::start().await;
    let world = server.world().await;
    let (reef, tide) = (server.business(&world.staff, "1").await, server.business(&world.staff, "2").await);
    let input = json!({ "accountId": world.ada.account_id.to_string(), "businessId": reef });
    let link = || server.input(&world.staff, LINK, input.clone());
    let (one, other) = tokio::join!(link(), link());
    let mut codes = [one.codes(), other.codes()];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["KT-CT-11104"]]);
    let read =
        "query($n: String!) { account(accountNumber: $n) { businessType business { id linkedAccountNumbers }
        users { businesses(first: 5) { totalCount edges { node { id } } } } } }";
    let seen = server.ask(Some(&world.ada.token), read, json!({ "n": world.ada.account })).await;
    let page = |id: &str| json!([{ "businesses": { "totalCount": 1, "edges": [{ "node": { "id": id } }] } }]);
    let expected = json!({ "businessType": "LIMITED",
        "business": { "id": reef, "linkedAccountNumbers": [world.ada.account] }, "users": page(&reef) });
    assert_eq!(seen["account"], expected);
    record::read_back("linkAccountToBusiness");
    assert_eq!(
        server.send(Some(&world.bob.token), FIND, json!({ "id": reef })).await.codes(),
        ["KT-CT-11101"]
    );

    let mut instead =
        json!({ "accountId": input["accountId"], "businessId": tide, "roleCode": "BILL_PAYER" });
    assert_eq!(server.input(&world.staff, LINK, instead.clone()).await.codes(), ["KT-CT-11104"]);
    instead["shouldOverwrite"] = json!(true);
    let reply = server.input(&world.staff, LINK, instead).await;
    assert_eq!(
        reply.json["data"]["linkAccountToBusiness"]["business"]["linkedAccountNumber"],
        world.ada.account
    );
    let seen = server.ask(Some(&world.ada.token), read, json!({ "n": world.ada.account })).await;
    assert_eq!((&seen["account"]["business"]["id"], &seen["account"]["users"]), (&json!(tide), &page(&tide)));
    assert_eq!(
        server.send(Some(&world.ada.token), FIND, json!({ "id": reef })).await.codes(),
        ["KT-CT-11101"]
    );
    let traces: Vec<(Value, Value)> = sqlx::query_as(
        "select before, after from detail_changes where account_id = $1 and field = 'business' order by id",
    )
    .bind(world.ada.account_id)
    .fetch_all(server.database.pool())
    .await
    .expect("traces");
    let id = |text: &str| json!(text.parse::<i64>().expect("an id"));
    assert_eq!(traces, [(json!(null), id(&reef)), (id(&reef), id(&tide))]);
}

#[tokio::test]
async fn the_portfolio_of_a_business_stands_for_its_accounts() {
    let server = Server::start().await;
    let world = server.world().await;
    let (reef, tide) = (server.business(&world.staff, "1").await, server.business(&world.staff, "2").await);
    server.share(world.ada.account_id, &reef).await;
    let mut input = json!({ "accountId": world.ada.account_id.to_string(), "businessId": tide });
    assert_eq!(server.input(&world.staff, LINK, input.clone()).await.codes(), ["KT-CT-11105"]);
    let data = server.ask(Some(&world.ada.token), FIND, json!({ "id": reef })).await;
    assert_eq!(data["business"]["linkedAccountNumbers"], json!([world.ada.account]));
    input["shouldOverwrite"] = json!(true);
    assert!(server.input(&world.staff, LINK, input).await.errors().is_empty());
    for (business, accounts) in [(&reef, json!([])), (&tide, json!([world.ada.account]))] {
        let data = server.ask(Some(&world.reader), FIND, json!({ "id": business })).await;
        assert_eq!(data["business"]["linkedAccountNumbers"], accounts);
    }
}

#[tokio::test]
async fn whoever_manages_businesses_manages_those_they_see() {
    let server = Server::start().await;
    let world = server.world().await;
    let broker = server.broker(&world).await;
    let (own, other) = (server.business(&broker, "1").await, server.business(&world.staff, "2").await);
    let (ada, bob) = (world.ada.account_id.to_string(), world.bob.account_id.to_string());
    for (account, business, code) in [
        (bob.as_str(), own.as_str(), "KT-CT-11106"),
        ("x", &own, "KT-CT-11106"),
        (&ada, &other, "KT-CT-11107"),
        (&ada, "x", "KT-CT-11107"),
    ] {
        let input = json!({ "accountId": account, "businessId": business });
        assert_eq!(server.input(&broker, LINK, input.clone()).await.codes(), [code], "{input}");
        assert_eq!(server.input(&world.partner, LINK, input.clone()).await.codes(), ["KT-CT-1111"]);
        assert_eq!(server.input(&world.reader, LINK, input).await.codes(), ["KT-CT-1111"]);
    }
    let input = json!({ "accountId": ada, "businessId": own, "roleCode": "KING" });
    assert_eq!(server.input(&broker, LINK, input).await.codes(), ["KT-CT-1605"]);
    let input = json!({ "accountId": ada, "businessId": own });
    assert!(server.input(&broker, LINK, input).await.errors().is_empty());

    let find =
        async |token: &str, wanted: Value| server.send(Some(token), FIND, wanted).await.codes().join(" ");
    let id_and_number = json!({ "id": own, "n": "00000001" });
    for wanted in [
        json!({}),
        json!({ "d": [] }),
        id_and_number,
        json!({ "id": own, "d": [{ "key": "A", "value": "1" }] }),
    ] {
        assert_eq!(find(&world.staff, wanted).await, "KT-CT-1605");
    }
    assert_eq!(find(&broker, json!({ "id": other })).await, "KT-CT-11101");
    assert_eq!(find(&broker, json!({ "n": "00000002" })).await, "KT-CT-11107");
    assert_eq!(find(&broker, json!({ "d": [{ "key": "A", "value": "1" }] })).await, "KT-CT-11107");
    assert_eq!(find(&broker, json!({ "n": "00000001" })).await, "");
    assert_eq!(find(&world.ada.token, json!({ "id": own })).await, "");
    assert_eq!(find(&world.partner, json!({ "id": own })).await, "KT-CT-11101");
    // What fits several tells nothing.
    for number in ["00000011", "00000012"] {
        let input = json!({ "businessName": "Chain", "businessNumber": number, "businessType": "LIMITED",
            "businessDetails": [{ "key": "CHAIN", "value": "7" }] });
        assert!(server.input(&world.staff, CREATE, input).await.errors().is_empty());
    }
    assert_eq!(find(&world.staff, json!({ "d": [{ "key": "CHAIN", "value": "7" }] })).await, "KT-CT-1605");
}

#[tokio::test]
async fn a_business_is_in_one_segment_at_a_time() {
    let server = Server::start().await;
    let world = server.world().await;
    let reef = server.business(&world.staff, "1").await;
    let input = json!({ "businessId": reef, "segmentName": "NEW_BUSINESS" });
    let place = || server.input(&world.staff, PLACE, input.clone());
    let (one, other) = tokio::join!(place(), place());
    assert_eq!(one.json, other.json, "once, whoever asks how often");
    let period = &one.json["data"]["addBusinessToSegment"]["businessSegmentPeriod"];
    assert_eq!(period["segment"]["name"], "NEW_BUSINESS");
    assert_eq!(period["startAt"], "2026-03-02T09:30:00+00:00");
    assert_eq!(period["endAt"], "2027-03-02T09:30:00+00:00");
    let data = server.ask(Some(&world.reader), FIND, json!({ "id": reef })).await;
    assert_eq!(data["business"]["segmentName"], "NEW_BUSINESS");
    record::read_back("addBusinessToSegment");

    server.wall.set("2026-05-02T09:30:00Z".parse().expect("a moment"));
    let staff = server
        .log_in(json!({ "email": "staff@example.org", "password": crate::support::world::PASSWORD }))
        .await;
    for segment in ["PUBLIC_SECTOR", "MICRO_BUSINESS"] {
        let input = json!({ "businessId": reef, "segmentName": segment });
        let reply = server.input(&staff, PLACE, input).await;
        assert_eq!(reply.json["data"]["addBusinessToSegment"]["businessSegmentPeriod"]["endAt"], json!(null));
    }
    let data = server.ask(Some(&staff), FIND, json!({ "id": reef })).await;
    assert_eq!(data["business"]["segmentName"], "MICRO_BUSINESS");
    let periods: Vec<(String, String)> = sqlx::query_as(
        "select s.name, p.period::text from business_segment_periods p
         join business_segments s on s.id = p.segment_id order by p.id",
    )
    .fetch_all(server.database.pool())
    .await
    .expect("periods");
    let expected = [
        ("NEW_BUSINESS", "[\"2026-03-02 09:30:00+00\",\"2026-05-02 09:30:00+00\")"),
        ("MICRO_BUSINESS", "[\"2026-05-02 09:30:00+00\",)"),
    ];
    assert_eq!(periods, expected.map(|(segment, period)| (segment.to_owned(), period.to_owned())));

    for (business, segment, code) in [
        (reef.as_str(), "NOBODY", "KT-CT-11111"),
        ("1", "PUBLIC_SECTOR", "KT-CT-11107"),
        ("x", "PUBLIC_SECTOR", "KT-CT-11107"),
    ] {
        let input = json!({ "businessId": business, "segmentName": segment });
        assert_eq!(server.input(&staff, PLACE, input).await.codes(), [code]);
    }
    let overlap = "insert into business_segment_periods (business_id, segment_id, period)
        select business_id, segment_id, tstzrange('2026-03-05', '2026-03-06') from business_segment_periods limit 1";
    assert!(sqlx::query(overlap).execute(server.database.pool()).await.is_err());
}
