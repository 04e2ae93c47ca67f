//! The language that customers are written to in.

use serde_json::{Value, json};

use crate::support::{Server, record};

const PREFER: &str = "mutation($i: UpdateLanguagePreferenceInput!) { updateLanguagePreference(input: $i) {
    possibleErrors { code } languagePreference } }";

impl Server {
    async fn language(&self, token: &str, account: &str) -> Value {
        let query = "query($n: String!) { account(accountNumber: $n) { preferredLanguageForComms } }";
        let data = self.ask(Some(token), query, json!({ "n": account })).await;
        data["account"]["preferredLanguageForComms"].clone()
    }

    /// What an account is told of work on its line.
    async fn told_of_work(&self, staff: &str, account: &str) -> String {
        let params = json!({ "accountNumbers": [account], "startsAt": "2026-03-09", "hours": 3 });
        let publish = "mutation($p: JSONString!) { publishTransactionalMessagingTrigger(
            input: { triggerTypeCode: \"PLANNED_INTERRUPTION\", params: $p }) { trigger { id } } }";
        self.ask(Some(staff), publish, json!({ "p": params.to_string() })).await;
        self.calm().await;
        self.last_text("planned-interruption").await
    }
}

#[tokio::test]
async fn people_are_written_to_in_the_language_that_they_prefer() {
    let server = Server::start().await;
    let world = server.world().await;
    let eva = server.customer("eva@example.org", "Eva Stein", "OCTOPUS_ENERGY_GERMANY").await;
    assert_eq!(server.language(&eva.token, &eva.account).await, "de");
    let text = server.told_of_work(&world.staff, &eva.account).await;
    assert!(text.contains("Netzbetreiber"), "{text}");

    let prefer = |language: Value| json!({ "accountNumber": eva.account, "languagePreference": language });
    let reply = server.with(&eva.token, PREFER, prefer(json!("ENGLISH"))).await;
    assert_eq!(reply.json["data"]["updateLanguagePreference"]["languagePreference"], "ENGLISH");
    assert_eq!(server.language(&eva.token, &eva.account).await, "en");
    record::read_back("updateLanguagePreference");
    let text = server.told_of_work(&world.staff, &eva.account).await;
    assert!(text.contains("network operator"), "{text}");
    let fields: Vec<String> = server.traces(&eva).await.into_iter().map(|(field, ..)| field).collect();
    assert_eq!(fields, ["preferredLanguageForComms"]);

    // Where there are no words in it, those of the market have to do.
    server.with(&eva.token, PREFER, prefer(json!("JAPANESE"))).await;
    let text = server.told_of_work(&world.staff, &eva.account).await;
    assert!(text.contains("Netzbetreiber"), "{text}");

    let reply = server.with(&world.bob.token, PREFER, prefer(json!("JAPANESE"))).await;
    assert_eq!(reply.codes(), ["KT-CT-4123"]);
    let reply = server.with(&world.staff, PREFER, prefer(Value::Null)).await;
    assert_eq!(reply.json["data"]["updateLanguagePreference"]["languagePreference"], "GERMAN");
    assert_eq!(server.language(&eva.token, &eva.account).await, "de");
}
