//! Signing keys are replaced while tokens go on working.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use kraken_api::domain::work;
use serde_json::json;

use crate::support::Server;
use crate::support::world::Customer;

async fn kids(server: &Server) -> BTreeSet<String> {
    let keys = server.app.jwks().await.expect("the keys");
    let kids = keys["keys"].as_array().expect("a list").iter();
    kids.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

async fn codes(server: &Server, token: &str) -> Vec<String> {
    let reply = server.send(Some(token), "{ viewer { id } }", json!({})).await;
    reply.codes().into_iter().map(str::to_owned).collect()
}

async fn log_in(server: &Server, customer: &Customer) -> String {
    server.log_in(json!({ "APIKey": customer.api_key })).await
}

#[tokio::test]
async fn a_month_later_another_key_signs_and_old_tokens_live_out_their_hour() {
    let server = Server::start().await;
    let ada = server.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let (runner, beside) = (work::runner(&server.random), work::runner(&server.random));
    let pass = |span: TimeDelta| server.wall.set(server.wall.now() + span);
    let up_keep = async || {
        let (a, b) = tokio::join!(runner.run_due(&server.database), beside.run_due(&server.database));
        a.and(b).expect("upkeep");
    };
    let first = kids(&server).await;
    // The key that the template was installed with is as old as the machine's clock says.
    sqlx::query("update signing_keys set created_at = $1")
        .bind(server.wall.now())
        .execute(server.database.pool())
        .await
        .expect("set back");
    pass(TimeDelta::days(29));
    up_keep().await;
    assert_eq!(kids(&server).await, first);

    pass(TimeDelta::days(2));
    let old = log_in(&server, &ada).await;
    up_keep().await;
    pass(TimeDelta::minutes(2));
    let both = kids(&server).await;
    assert!(both.len() == 2 && both.is_superset(&first), "{both:?}");
    let new = log_in(&server, &ada).await;
    pass(TimeDelta::minutes(57));
    up_keep().await;
    assert_eq!(codes(&server, &old).await, [""; 0], "within its hour");
    assert_eq!(codes(&server, &new).await, [""; 0]);

    pass(TimeDelta::hours(2));
    up_keep().await;
    pass(TimeDelta::minutes(2));
    let last = kids(&server).await;
    assert!(last.len() == 1 && last.is_disjoint(&first), "{last:?}");
    assert_eq!(codes(&server, &old).await, ["KT-CT-1125"]);
    assert_eq!(codes(&server, &new).await, ["KT-CT-1124"]);
    let fresh = log_in(&server, &ada).await;
    assert_eq!(codes(&server, &fresh).await, [""; 0]);
}
