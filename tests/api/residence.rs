//! Where people get their post.

use serde_json::{Value, json};

use crate::support::Server;

const READ: &str = "query($n: String!) { account(accountNumber: $n) { users { state address {
    name streetAddress locality administrativeArea postalCode } } } }";
const ADDRESS: &str = "mutation($i: AccountBillingAddressInput!) {
    updateAccountBillingAddress(input: $i) { account { number } } }";

impl Server {
    async fn home(&self, token: &str, account: &str) -> Value {
        let data = self.ask(Some(token), READ, json!({ "n": account })).await;
        data["account"]["users"][0].clone()
    }
}

#[tokio::test]
async fn post_goes_where_the_bills_of_the_first_account_go() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let address = json!({ "streetAddress": "5 Cuttlefish Crescent", "locality": "Marrickville",
        "administrativeArea": "NSW", "postalCode": "2204" });
    let input = json!({ "accountNumber": tilly.account, "billingAddress": address });
    assert!(server.put(&tilly.token, ADDRESS, &input).await.errors().is_empty());
    let expected = json!({ "state": "NEW_SOUTH_WALES", "address": { "name": "Tilly Nguyen",
        "streetAddress": "5 Cuttlefish Crescent", "locality": "Marrickville", "administrativeArea": "NSW",
        "postalCode": "2204" } });
    for token in [&tilly.token, &world.reader] {
        assert_eq!(server.home(token, &tilly.account).await, expected);
    }
    let ada = server.home(&world.ada.token, &world.ada.account).await;
    assert_eq!((&ada["state"], &ada["address"]["postalCode"]), (&Value::Null, &json!("AB1 2CD")));
    // Nothing but the country of the market is known.
    sqlx::query(
        "update accounts set billing_address_line1 = '', billing_address_line2 = '', billing_postcode = ''",
    )
    .execute(server.database.pool())
    .await
    .expect("run");
    assert_eq!(server.home(&world.reader, &world.ada.account).await["address"], Value::Null);
}
