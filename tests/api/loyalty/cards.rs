//! Cards of loyalty schemes that others run.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::world::Customer;
use crate::support::{Server, record};

const KEEP: &str = "mutation($i: CreateOrUpdateLoyaltyCardInput!) {
    createOrUpdateLoyaltyCard(input: $i) { loyaltyCard { id scheme number status } } }";
const CARDS: &str = "query($u: String!) { loyaltyCards(accountUserId: $u) { id scheme number status } }";

const ONE: &str = "9826300000000000014";
const OTHER: &str = "9826300000000000022";

fn card(of: &Customer, scheme: &str, number: &str) -> Value {
    json!({ "accountUserId": of.user_id.to_string(), "scheme": scheme, "number": number })
}

/// The numbers of a user's cards and how they stand.
async fn standing(server: &Server, token: &str, of: &Customer) -> Vec<(String, String)> {
    let data = server.ask(Some(token), CARDS, json!({ "u": of.user_id.to_string() })).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let cards = data["loyaltyCards"].as_array().expect("cards");
    cards.iter().map(|card| (text(&card["number"]), text(&card["status"]))).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(number, status)| (number.to_owned(), status.to_owned())).to_vec()
}

#[tokio::test]
async fn a_card_is_kept_and_replaced() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    assert_eq!(standing(&server, &ada.token, ada).await, []);
    let grouped = card(ada, "nectar", "9826 3000 0000 0000 014");
    let reply = server.put(&ada.token, KEEP, &grouped).await;
    let kept = &reply.json["data"]["createOrUpdateLoyaltyCard"]["loyaltyCard"];
    let id = kept["id"].clone();
    assert_eq!(*kept, json!({ "id": id, "scheme": "NECTAR", "number": ONE, "status": "ACTIVE" }));
    record::read_back("createOrUpdateLoyaltyCard");

    let again = server.put(&ada.token, KEEP, &card(ada, "NECTAR", ONE)).await;
    assert_eq!(again.json["data"]["createOrUpdateLoyaltyCard"]["loyaltyCard"]["id"], id, "the same card");
    assert_eq!(standing(&server, &ada.token, ada).await, pairs([(ONE, "ACTIVE")]));

    // Whoever names nobody means themselves.
    let own = json!({ "scheme": "NECTAR", "number": OTHER });
    let reply = server.put(&ada.token, KEEP, &own).await;
    assert_ne!(reply.json["data"]["createOrUpdateLoyaltyCard"]["loyaltyCard"]["id"], id);
    let both = pairs([(OTHER, "ACTIVE"), (ONE, "REPLACED")]);
    assert_eq!(standing(&server, &ada.token, ada).await, both);
    assert_eq!(standing(&server, &world.reader, ada).await, both, "staff see it");
    assert_eq!(standing(&server, &world.bob.token, &world.bob).await, [], "nobody else has it");
}

#[tokio::test]
async fn a_number_is_one_of_its_scheme() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let tilly = server.customer("tilly@example.com.au", "Tilly Nguyen", "ORIGIN").await;
    for (of, scheme, number, code) in [
        (ada, "NECTAR", "9826300000000000018", "KT-CT-8610"),
        (ada, "NECTAR", "982630000000000001", "KT-CT-8610"),
        (ada, "NECTAR", "9826000000000000017", "KT-CT-8610"),
        (ada, "NECTAR", "982630000000000001x", "KT-CT-8610"),
        (ada, "NECTAR", "", "KT-CT-8610"),
        (ada, "", ONE, "KT-CT-8611"),
        (ada, "MOONRAKER", ONE, "KT-CT-8611"),
        // It takes no more cards; it is another market's.
        (ada, "GREEN_SHIELD", ONE, "KT-CT-8611"),
        (ada, "EVERYDAY_REWARDS", "9344123456780", "KT-CT-8611"),
        (&tilly, "NECTAR", ONE, "KT-CT-8611"),
    ] {
        let reply = server.put(&of.token, KEEP, &card(of, scheme, number)).await;
        assert_eq!(reply.codes(), [code], "{scheme} {number}");
    }
    let nothing = json!({ "accountUserId": ada.user_id.to_string() });
    assert_eq!(server.put(&ada.token, KEEP, &nothing).await.codes(), ["KT-CT-8611"]);
    let numberless = json!({ "scheme": "NECTAR" });
    assert_eq!(server.put(&ada.token, KEEP, &numberless).await.codes(), ["KT-CT-8610"]);
    assert_eq!(standing(&server, &ada.token, ada).await, []);
    // One by each rule, side by side.
    for (scheme, number) in [("FLYBUYS", "2793123456789012"), ("EVERYDAY_REWARDS", "9344-1234-56780")] {
        let reply = server.put(&tilly.token, KEEP, &card(&tilly, scheme, number)).await;
        assert_eq!(reply.errors().len(), 0, "{}", reply.json);
    }
    assert_eq!(standing(&server, &tilly.token, &tilly).await.len(), 2);
}

#[tokio::test]
async fn cards_are_their_owners_business() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.helps(&world.bob, ada).await;
    let (id, organisation) = server.organisation("Clubs Ltd", &["view-accounts", "edit-customers"]).await;
    let of_ada = card(ada, "NECTAR", ONE);
    let cards = json!({ "u": ada.user_id.to_string() });
    for token in [&world.bob.token, &organisation] {
        assert_eq!(server.put(token, KEEP, &of_ada).await.codes(), ["KT-CT-5412"]);
        assert_eq!(server.send(Some(token), CARDS, cards.clone()).await.codes(), ["KT-CT-5412"]);
    }
    for nobody in ["0", "somebody"] {
        let of_nobody = json!({ "accountUserId": nobody, "scheme": "NECTAR", "number": ONE });
        assert_eq!(server.put(&ada.token, KEEP, &of_nobody).await.codes(), ["KT-CT-5412"]);
        assert_eq!(
            server.send(Some(&ada.token), CARDS, json!({ "u": nobody })).await.codes(),
            ["KT-CT-5412"]
        );
    }
    let nameless = json!({ "scheme": "NECTAR", "number": ONE });
    assert_eq!(server.put(&world.reader, KEEP, &nameless).await.codes(), ["KT-CT-1111"], "may not edit");
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    assert_eq!(server.put(&admin, KEEP, &nameless).await.codes(), ["KT-CT-5412"]);
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    for (token, number) in [(&organisation, ONE), (&admin, OTHER)] {
        let reply = server.put(token, KEEP, &card(ada, "NECTAR", number)).await;
        assert!(reply.errors().is_empty(), "{}", reply.json);
    }
    let both = pairs([(OTHER, "ACTIVE"), (ONE, "REPLACED")]);
    assert_eq!(standing(&server, &organisation, ada).await, both);
    assert_eq!(standing(&server, &ada.token, ada).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_card_of_a_scheme_is_active() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, twin) = (&world.ada, server.twin());
    let (one, other) = (card(ada, "NECTAR", ONE), card(ada, "NECTAR", OTHER));
    let (a, b, c, d) = tokio::join!(
        server.put(&ada.token, KEEP, &one),
        twin.put(&ada.token, KEEP, &other),
        twin.put(&ada.token, KEEP, &one),
        server.put(&ada.token, KEEP, &other),
    );
    assert_eq!([a.codes(), b.codes(), c.codes(), d.codes()].concat(), [""; 0]);
    let all = standing(&server, &ada.token, ada).await;
    assert_eq!(all.iter().filter(|(_, status)| status == "ACTIVE").count(), 1, "{all:?}");
}
