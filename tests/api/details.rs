//! What customers change about themselves and their accounts, and the trace that it leaves.

use serde_json::{Value, json};

use crate::support::world::Customer;
use crate::support::{Reply, Server, World, record};

const USER: &str = "mutation($i: UpdateUserInput!) { updateUser(input: $i) {
    possibleErrors { code } viewer { givenName email mobile landline title pronouns dateOfBirth } } }";
const OWN: &str = "mutation($i: UpdateAccountUserMutationInput!) { updateUserDetails(input: $i) {
    givenName familyName pronouns mobile email dateOfBirth landline clientMutationId errors { field messages } } }";
const EMAIL: &str = "mutation($i: UpdateAccountBillingEmailInput!) {
    updateAccountBillingEmail(input: $i) { account { number ... on AccountType { billingEmail } } } }";
const ADDRESS: &str = "mutation($i: AccountBillingAddressInput!) {
    updateAccountBillingAddress(input: $i) { account { address { locality } splitBillingAddress } } }";
const DELIVERY: &str = "mutation($i: UpdateCommsDeliveryPreferenceInput!) {
    updateCommsDeliveryPreference(input: $i) { account { ... on AccountType { commsDeliveryPreference } } } }";
const FORM: &str = "mutation($i: UpdateDocumentAccessibilityPreferenceInput!) {
    updateDocumentAccessibilityPreference(input: $i) { account { documentAccessibility } } }";

impl Server {
    pub async fn with(&self, token: &str, document: &str, input: Value) -> Reply {
        self.send(Some(token), document, json!({ "i": input })).await
    }

    /// The traces about a customer: attribute, before, after, by whom.
    pub async fn traces(&self, customer: &Customer) -> Vec<(String, Value, Value, String)> {
        let traces = sqlx::query_as(
            "select field, before, after, by_kind from detail_changes
             where account_user_id = $1 or account_id = $2 order by id",
        );
        let traces = traces.bind(customer.user_id).bind(customer.account_id);
        traces.fetch_all(self.database.pool()).await.expect("traces")
    }

    /// An organisation that may edit customers and sees Ada's account.
    pub async fn bureau(&self, world: &World) -> String {
        let (id, token) = self.organisation("Bureau Ltd", &["view-accounts", "edit-customers"]).await;
        let mut tx = self.tx().await;
        kraken_api::domain::auth::organisations::grant(&mut tx, id, world.ada.account_id)
            .await
            .expect("granted");
        tx.commit().await.expect("committed");
        token
    }
}

#[tokio::test]
async fn a_customer_changes_their_details_and_is_told() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let wishes = json!({ "givenName": " Augusta ", "mobile": "07700 900101", "landline": "+44 20 7946 0000",
        "title": "Countess", "pronouns": "she/her", "dateOfBirth": "1985-12-10" });
    let reply = server.with(&ada.token, USER, wishes.clone()).await;
    let now = json!({ "givenName": "Augusta", "email": ada.email, "mobile": "+447700900101",
        "landline": "+442079460000", "title": "Countess", "pronouns": "she/her", "dateOfBirth": "1985-12-10" });
    assert_eq!(reply.json["data"]["updateUser"]["viewer"], now, "{}", reply.json);
    let seen = server.ask(Some(&ada.token), "{ viewer { givenName mobile title } }", json!({})).await;
    assert_eq!(
        seen["viewer"],
        json!({ "givenName": "Augusta", "mobile": "+447700900101", "title": "Countess" })
    );
    record::read_back("updateUser");
    let traces = server.traces(ada).await;
    assert_eq!(traces.len(), 6);
    assert_eq!(traces[0], ("givenName".into(), json!("Ada"), json!("Augusta"), "account-user".into()));
    // Twice is once.
    server.with(&ada.token, USER, wishes).await;
    assert_eq!(server.traces(ada).await.len(), 6);
    let letters = server.letters("details-changed").await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].recipient, ada.email);
    // Empty text takes away what need not be there.
    let reply = server.with(&ada.token, USER, json!({ "title": "", "mobile": " ", "pronouns": null })).await;
    let viewer = &reply.json["data"]["updateUser"]["viewer"];
    assert_eq!(
        (&viewer["title"], &viewer["mobile"], &viewer["pronouns"]),
        (&json!(null), &json!(""), &json!("she/her"))
    );
}

#[tokio::test]
async fn a_new_email_is_the_log_in_and_ends_every_session() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    for session in [&others.masquerade, &others.third_party] {
        let reply = server.with(session, USER, json!({ "email": "mallory@example.org" })).await;
        assert_eq!(reply.codes(), ["KT-CT-5414"]);
        let reply = server.with(session, OWN, json!({ "email": "mallory@example.org" })).await;
        assert_eq!(reply.json["data"]["updateUserDetails"]["errors"][0]["field"], "email");
    }
    let reply = server.with(&world.ada.token, USER, json!({ "email": " countess@example.org " })).await;
    assert_eq!(reply.json["data"]["updateUser"]["viewer"]["email"], "countess@example.org", "{}", reply.json);
    for session in [&world.ada.token, &others.third_party, &others.masquerade] {
        assert_eq!(server.send(Some(session), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1162"]);
    }
    server
        .log_in(json!({ "email": "countess@example.org", "password": crate::support::world::PASSWORD }))
        .await;
    let letters = server.letters("details-changed").await;
    let to: Vec<&str> = letters.iter().map(|letter| letter.recipient.as_str()).collect();
    assert_eq!(to, [world.ada.email, "countess@example.org"]);
}

#[tokio::test]
async fn wrong_details_are_said_field_by_field() {
    let server = Server::start().await;
    let world = server.world().await;
    let wrong = [
        ("givenName", json!(" ")),
        ("familyName", json!("two\nlines")),
        ("mobile", json!("call me")),
        ("landline", json!("+44 1")),
        ("email", json!("nowhere")),
        ("email", json!("BOB@example.org")),
        ("dateOfBirth", json!("2099-01-01")),
    ];
    for (field, value) in wrong {
        let reply = server.with(&world.ada.token, USER, json!({ field: value })).await;
        assert_eq!(reply.codes(), ["KT-CT-5414"], "{field}");
        let path = &reply.errors()[0]["extensions"]["validationErrors"][0]["inputPath"];
        assert_eq!(path, &json!(["input", field]));
        let input = json!({ field: value, "clientMutationId": "7" });
        let data = server.ask(Some(&world.ada.token), OWN, json!({ "i": input })).await;
        let outcome = &data["updateUserDetails"];
        assert_eq!(outcome["errors"][0]["field"], field);
        assert_eq!((&outcome["givenName"], &outcome["clientMutationId"]), (&json!("Ada"), &json!("7")));
    }
    assert!(server.traces(&world.ada).await.is_empty() && server.letters("details-changed").await.is_empty());
    let long =
        json!({ "familyName": "x".repeat(200), "pronouns": "y".repeat(200), "dateOfBirth": "1785-12-10" });
    let data = server.ask(Some(&world.ada.token), OWN, json!({ "i": long })).await;
    assert_eq!(data["updateUserDetails"]["errors"].as_array().map(Vec::len), Some(3));
    let good = json!({ "familyName": "King", "landline": "020 7946 0000" });
    let data = server.ask(Some(&world.ada.token), OWN, json!({ "i": good })).await;
    assert_eq!(data["updateUserDetails"]["errors"], json!([]));
    let seen = server.ask(Some(&world.ada.token), "{ viewer { familyName landline } }", json!({})).await;
    assert_eq!(seen["viewer"], json!({ "familyName": "King", "landline": "+442079460000" }));
    record::read_back("updateUserDetails");
}

#[tokio::test]
async fn emails_of_others_cannot_be_guessed_for_ever() {
    let server = Server::start().await;
    let world = server.world().await;
    for _ in 0..10 {
        let reply = server.with(&world.ada.token, USER, json!({ "email": world.bob.email })).await;
        assert_eq!(reply.codes(), ["KT-CT-5414"]);
    }
    let reply = server.with(&world.ada.token, USER, json!({ "email": "new@example.org" })).await;
    assert_eq!(reply.codes(), ["KT-CT-1199"]);
    assert!(server.with(&world.ada.token, USER, json!({ "givenName": "Augusta" })).await.errors().is_empty());
}

#[tokio::test]
async fn whoever_edits_customers_says_whom() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let (ada, bob) = (world.ada.user_id.to_string(), world.bob.user_id.to_string());
    for (token, named) in [
        (&bureau, json!(null)),
        (&bureau, json!(bob)),
        (&world.staff, json!(null)),
        (&world.staff, json!("nobody")),
        (&world.staff, json!("999999")),
        (&world.ada.token, json!(bob)),
    ] {
        let reply = server.with(token, USER, json!({ "userId": named, "givenName": "Eve" })).await;
        assert_eq!(reply.codes(), ["KT-CT-5413"], "{named}");
    }
    for token in [&world.reader, &world.partner] {
        let reply = server.with(token, USER, json!({ "userId": ada, "givenName": "Eve" })).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"]);
    }
    let reply = server.with(&bureau, USER, json!({ "userId": ada, "email": "eve@example.org" })).await;
    assert_eq!(reply.codes(), ["KT-CT-5414"]);
    assert!(
        server
            .with(&bureau, USER, json!({ "userId": ada, "givenName": "Augusta" }))
            .await
            .errors()
            .is_empty()
    );
    let reply = server.with(&world.staff, USER, json!({ "userId": ada, "email": "new@example.org" })).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    let hands: Vec<String> = server.traces(&world.ada).await.into_iter().map(|(_, _, _, by)| by).collect();
    assert_eq!(hands, ["organisation", "support-user"]);
    assert!(server.traces(&world.bob).await.is_empty());
}

#[tokio::test]
async fn bills_go_where_the_customer_wants_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let (token, number) = (&world.ada.token, &world.ada.account);
    let read = "query($n: String!) { account(accountNumber: $n) { billingEmail billingAddressPostcode
        splitBillingAddress commsDeliveryPreference communicationDeliveryPreference documentAccessibility
        address { name streetAddress dependentLocality locality administrativeArea postalCode sortingCode country
            deliveryPointIdentifier asString short: asString(showName: false, showCountry: false) } } }";
    let seen = server.ask(Some(token), read, json!({ "n": number })).await;
    assert_eq!(seen["account"]["address"]["streetAddress"], "1 High Street\nMiddletown");
    assert_eq!(seen["account"]["commsDeliveryPreference"], "EMAIL");
    let input = json!({ "accountNumber": number, "billingEmail": "bills@example.org" });
    assert!(server.with(token, EMAIL, input).await.errors().is_empty());
    let address =
        json!({ "streetAddress": "10 Downing Street", "locality": "London", "postalCode": "sw1a 2aa" });
    let input = json!({ "accountNumber": number, "billingAddress": address });
    let reply = server.with(token, ADDRESS, input.clone()).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    assert!(server.with(token, ADDRESS, input).await.errors().is_empty());
    let input = json!({ "accountNumber": number, "commsDeliveryPreference": "POSTAL_MAIL" });
    assert!(server.with(token, DELIVERY, input).await.errors().is_empty());
    let input = json!({ "accountNumber": number, "documentAccessibilityPreference": "BRAILLE" });
    assert!(server.with(token, FORM, input).await.errors().is_empty());
    let seen = server.ask(Some(token), read, json!({ "n": number })).await;
    let expected = json!({ "billingEmail": "bills@example.org", "billingAddressPostcode": "SW1A 2AA",
        "splitBillingAddress": ["10 Downing Street", "London"], "commsDeliveryPreference": "POSTAL_MAIL",
        "communicationDeliveryPreference": "POSTAL_MAIL", "documentAccessibility": "BRAILLE",
        "address": { "name": "Ada Lovelace", "streetAddress": "10 Downing Street", "dependentLocality": null,
            "locality": "London", "administrativeArea": null, "postalCode": "SW1A 2AA", "sortingCode": null,
            "country": "GB", "deliveryPointIdentifier": null,
            "asString": "Ada Lovelace, 10 Downing Street, London, SW1A 2AA, GB",
            "short": "10 Downing Street, London, SW1A 2AA" } });
    assert_eq!(seen["account"], expected);
    for mutation in [
        "updateAccountBillingEmail",
        "updateAccountBillingAddress",
        "updateCommsDeliveryPreference",
        "updateDocumentAccessibilityPreference",
    ] {
        record::read_back(mutation);
    }
    let traces = server.traces(&world.ada).await;
    let fields: Vec<&str> = traces.iter().map(|(field, ..)| field.as_str()).collect();
    assert_eq!(
        fields,
        ["billingEmail", "billingAddress", "commsDeliveryPreference", "documentAccessibility"]
    );
    assert_eq!(traces[1].1["streetAddress"], "1 High Street\nMiddletown");
    let input = json!({ "accountNumber": number, "documentAccessibilityPreference": null });
    let reply = server.with(token, FORM, input).await;
    let account = &reply.json["data"]["updateDocumentAccessibilityPreference"]["account"];
    assert_eq!(account, &json!({ "documentAccessibility": null }));
}

#[tokio::test]
async fn what_bills_cannot_reach_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let (token, number) = (&world.ada.token, &world.ada.account);
    for email in [json!("nowhere"), json!(null), json!("")] {
        let reply =
            server.with(token, EMAIL, json!({ "accountNumber": number, "billingEmail": email })).await;
        assert_eq!(reply.codes(), ["KT-CT-4122"]);
    }
    for address in [
        json!(null),
        json!({}),
        json!({ "streetAddress": "1 Road", "locality": "London", "postalCode": "12345" }),
        json!({ "streetAddress": "1 Road", "locality": "New York", "postalCode": "10001", "country": "US" }),
        json!({ "streetAddress": "1 Road", "locality": "Paris", "country": "France" }),
    ] {
        let input = json!({ "accountNumber": number, "billingAddress": address });
        assert_eq!(server.with(token, ADDRESS, input).await.codes(), ["KT-CT-4145"], "{address}");
    }
    sqlx::query("update accounts set billing_email = '' where number = $1")
        .bind(number)
        .execute(server.database.pool())
        .await
        .expect("no e-mail");
    let input = json!({ "accountNumber": number, "commsDeliveryPreference": "EMAIL" });
    assert_eq!(server.with(token, DELIVERY, input).await.codes(), ["KT-CT-4136"]);
    let read = "query($n: String!) { account(accountNumber: $n) { commsDeliveryPreference } }";
    let seen = server.ask(Some(token), read, json!({ "n": number })).await;
    assert_eq!(seen["account"]["commsDeliveryPreference"], "POSTAL_MAIL");
    assert!(server.traces(&world.ada).await.is_empty());
}

#[tokio::test]
async fn accounts_are_changed_only_by_those_who_may() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let (ada, bob) = (&world.ada.account, &world.bob.account);
    for (token, number) in [
        (&world.ada.token, bob.as_str()),
        (&world.ada.token, "A-00000000"),
        (&world.reader, ada),
        (&world.partner, ada),
        (&bureau, bob),
    ] {
        let email = json!({ "accountNumber": number, "billingEmail": "eve@example.org" });
        assert_eq!(server.with(token, EMAIL, email).await.codes(), ["KT-CT-4123"]);
        let address = json!({ "accountNumber": number, "billingAddress": null });
        assert_eq!(server.with(token, ADDRESS, address).await.codes(), ["KT-CT-7123"]);
        let way = json!({ "accountNumber": number, "commsDeliveryPreference": "EMAIL" });
        assert_eq!(server.with(token, DELIVERY, way).await.codes(), ["KT-CT-4123"]);
        let form = json!({ "accountNumber": number, "documentAccessibilityPreference": "AUDIO" });
        assert_eq!(server.with(token, FORM, form).await.codes(), ["KT-CT-4123"]);
    }
    for token in [&bureau, &world.staff] {
        let input = json!({ "accountNumber": ada, "billingEmail": format!("{}@example.org", token.len()) });
        assert!(server.with(token, EMAIL, input).await.errors().is_empty());
    }
}

#[tokio::test]
async fn two_callers_at_once_leave_one_trace_and_one_owner_of_an_email() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let name = || server.with(&ada.token, USER, json!({ "familyName": "King" }));
    let (one, other) = tokio::join!(name(), name());
    assert!(one.errors().is_empty() && other.errors().is_empty());
    assert_eq!(server.traces(ada).await.len(), 1);
    let wanted = || json!({ "email": "wanted@example.org" });
    let (one, other) =
        tokio::join!(server.with(&ada.token, USER, wanted()), server.with(&bob.token, USER, wanted()));
    let mut codes = [one.codes(), other.codes()];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["KT-CT-5414"]]);
    assert_eq!(server.traces(ada).await.len() + server.traces(bob).await.len(), 2);
}
