//! Concession cards.

use kraken_api::domain::accounts::concessions::{self, Answer, ConcessionError, NewCard};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::agreed::date;

const READ: &str = "query($n: String!) { account(accountNumber: $n) { users { id number applicableConcessionCardTypes {
    cardType cardLabel } concessions { id number cardType cardLabel cardIssueDate cardExpiryDate removalDate isCurrent
    isCardValid nextValidationDate applicablePeriods { fromDate toDate } concessionValidations {
        validatedAt validationDt isCardValid failureCode failureReason notes method } } } } }";
const ADDRESS: &str = "mutation($i: AccountBillingAddressInput!) {
    updateAccountBillingAddress(input: $i) { account { number } } }";

#[tokio::test]
async fn a_card_counts_once_its_office_has_said_so() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let id = json!(tilly.user_id.to_string());
    let user = async |token: &str| {
        let data = server.ask(Some(token), READ, json!({ "n": tilly.account })).await;
        let users = data["account"]["users"].as_array().expect("users").clone();
        users.into_iter().find(|user| user["id"] == id).expect("Tilly")
    };
    let nothing = user(&world.reader).await;
    assert_eq!(
        (&nothing["concessions"], &nothing["applicableConcessionCardTypes"]),
        (&json!([]), &json!([]))
    );
    let number = nothing["number"].as_str().expect("a number").to_owned();
    let address = json!({ "streetAddress": "5 Cuttlefish Crescent", "locality": "Adelaide",
        "administrativeArea": "SA", "postalCode": "5000" });
    let input = json!({ "accountNumber": tilly.account, "billingAddress": address });
    assert!(server.put(&tilly.token, ADDRESS, &input).await.errors().is_empty());

    let new = NewCard {
        card_type: "SA_GENERIC",
        number: " 204-111-222A ",
        issued_on: Some(date("2026-01-01")),
        expires_on: Some(date("2027-01-01")),
    };
    let mut tx = server.tx().await;
    let card = concessions::note(&mut tx, &number, &new).await.expect("noted");
    assert_eq!(concessions::note(&mut tx, &number, &new).await.expect("the same"), card);
    let failure = Some(("NAME", "The name is spelt otherwise."));
    let said = Answer { failure, ..Answer::default() };
    concessions::validated(&mut tx, card, &said).await.expect("asked");
    tx.commit().await.expect("committed");
    server.wall.set("2026-03-05T09:00:00Z".parse().expect("a moment"));
    let mut tx = server.tx().await;
    let said = Answer { notes: Some("By telephone"), ..Answer::default() };
    concessions::validated(&mut tx, card, &said).await.expect("asked again");
    tx.commit().await.expect("committed");

    let asked = json!([
        { "validatedAt": "2026-03-02", "validationDt": "2026-03-02T09:30:00+00:00", "isCardValid": false,
            "failureCode": "NAME", "failureReason": "The name is spelt otherwise.", "notes": null, "method": "MANUAL" },
        { "validatedAt": "2026-03-05", "validationDt": "2026-03-05T09:00:00+00:00", "isCardValid": true,
            "failureCode": null, "failureReason": null, "notes": "By telephone", "method": "MANUAL" }]);
    let shown = json!({ "id": card.to_string(), "number": "204-111-222A", "cardType": "SA_GENERIC",
        "cardLabel": "South Australian concession", "cardIssueDate": "2026-01-01", "cardExpiryDate": "2027-01-01",
        "removalDate": null, "isCurrent": true, "isCardValid": true, "nextValidationDate": "2027-03-05",
        "applicablePeriods": [{ "fromDate": "2026-03-05", "toDate": "2027-01-01" }], "concessionValidations": asked });
    let token = server.again(&tilly).await;
    let seen = user(&token).await;
    assert_eq!(seen["concessions"], json!([shown]));
    let kinds = seen["applicableConcessionCardTypes"].as_array().expect("kinds");
    let has = |code: &str| kinds.iter().any(|kind| kind["cardType"] == code);
    assert!(has("SA_GENERIC") && has("CENTRELINK_PENSIONER") && !has("QUEENSLAND_SENIORS_CARD"), "{kinds:?}");
    let staff = server.on_day(4).await;
    assert_eq!(user(&staff).await["concessions"], json!([shown]));
    // Nobody else is told, whoever shares an account.
    let mut tx = server.tx().await;
    let share =
        "insert into account_user_roles (account_id, user_id, role, created_at) values ($1, $2, $3, now())";
    for role_of in [world.bob.user_id, tilly.user_id] {
        let share = sqlx::query(share).bind(tilly.account_id).bind(role_of).bind("CARER");
        share.execute(&mut tx).await.expect("a role");
    }
    tx.commit().await.expect("committed");
    let carer = server.again(&world.bob).await;
    assert_eq!(user(&carer).await["concessions"], Value::Null);

    let mut tx = server.tx().await;
    concessions::remove(&mut tx, card, None).await.expect("taken off");
    let gone = concessions::remove(&mut tx, card, None).await;
    assert!(matches!(gone, Err(ConcessionError::NoCard)), "{gone:?}");
    tx.commit().await.expect("committed");
    let off = user(&staff).await["concessions"][0].clone();
    assert_eq!((&off["isCurrent"], &off["nextValidationDate"]), (&json!(false), &Value::Null));
    assert_eq!(off["applicablePeriods"][0]["toDate"], off["removalDate"]);
}

#[tokio::test]
async fn what_is_no_card_is_not_noted() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = sqlx::query_scalar("select number from account_users where id = $1").bind(world.ada.user_id);
    let number: String = number.fetch_one(server.database.pool()).await.expect("a number");
    let good = NewCard { card_type: "OTHER", number: "1", issued_on: None, expires_on: None };
    let (issued_on, expires_on) = (Some(date("2026-01-02")), Some(date("2026-01-01")));
    for (user, new, wanted) in [
        ("U-00000000", good, "no account user"),
        (&number, NewCard { card_type: "LIBRARY", ..good }, "no such kind"),
        (&number, NewCard { number: " ", ..good }, "the text"),
        (&number, NewCard { issued_on, expires_on, ..good }, "expires before"),
    ] {
        let mut tx = server.tx().await;
        let refused = concessions::note(&mut tx, user, &new).await.expect_err("refused").to_string();
        assert!(refused.contains(wanted), "{refused}");
    }
    let mut tx = server.tx().await;
    for failure in [None, Some(("", "No."))] {
        let said = Answer { failure, ..Answer::default() };
        assert!(concessions::validated(&mut tx, 1, &said).await.is_err());
    }
}
