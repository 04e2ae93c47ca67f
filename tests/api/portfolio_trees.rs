//! Portfolios within portfolios, and what other systems call them.

use kraken_api::domain::accounts::manage::{self, ManageError};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::Viewer;
use serde_json::{Value, json};

use crate::support::{Server, record};

const CREATE: &str = "mutation($i: CreatePortfolioInput) { createPortfolio(input: $i) {
    portfolio { id number depth parent { number } } } }";
const REFER: &str = "mutation($i: AddPortfolioReferenceInput!) { addPortfolioReference(input: $i) {
    possibleErrors { code } } }";
const FIND: &str =
    "query($r: PortfolioReferenceInput!) { portfolioByReference(portfolioReference: $r) { number } }";
const TREE: &str = "query($n: String!) { portfolio(portfolioNumber: $n) { depth parent { number }
    ancestors(first: 5) { totalCount edges { node { number depth } } }
    nearest: ancestors(last: 1) { edges { node { number } } pageInfo { hasPreviousPage } }
    descendants(first: 2) { totalCount pageInfo { hasNextPage } edges { node { number depth } } }
    oldest: descendants(last: 1) { edges { node { number } } } } }";

impl Server {
    /// Makes a portfolio in another. Answers its id and number.
    async fn within(&self, admin: &str, parent: Option<&str>) -> (i64, String) {
        let data = self.ask(Some(admin), CREATE, json!({ "i": { "parentPortfolioNumber": parent } })).await;
        let made = &data["createPortfolio"]["portfolio"];
        assert_eq!(made["parent"]["number"].as_str(), parent);
        let id = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        (id, made["number"].as_str().expect("a number").to_owned())
    }

    async fn move_below(&self, portfolio: i64, parent: i64) -> Result<(), ManageError> {
        let permissions = vec!["manage-portfolios".to_owned()];
        let viewer = Viewer::Staff { id: 1, roles: Vec::new(), permissions };
        let mut tx = self.tx().await;
        manage::move_portfolio(&mut tx, &viewer, portfolio, Some(parent)).await?;
        // Whoever comes second has begun before the first is done.
        tokio::task::yield_now().await;
        tx.commit().await.map_err(ManageError::from)
    }
}

fn numbers(connection: &Value) -> Vec<&str> {
    let edges = connection["edges"].as_array().expect("edges");
    edges.iter().filter_map(|edge| edge["node"]["number"].as_str()).collect()
}

#[tokio::test]
async fn portfolios_form_trees() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let (_, group) = server.within(&admin, None).await;
    let (region_id, region) = server.within(&admin, Some(&group)).await;
    let (shop_id, shop) = server.within(&admin, Some(&region)).await;
    let (_, other) = server.within(&admin, Some(&group)).await;
    let seen = server.ask(Some(&world.reader), TREE, json!({ "n": shop })).await;
    let tree = &seen["portfolio"];
    assert_eq!((&tree["depth"], &tree["parent"]["number"]), (&json!(2), &json!(region)));
    assert_eq!(numbers(&tree["ancestors"]), [&group, &region]);
    assert_eq!(tree["ancestors"]["totalCount"], 2);
    assert_eq!(
        (numbers(&tree["nearest"]), &tree["nearest"]["pageInfo"]["hasPreviousPage"]),
        (vec![region.as_str()], &json!(true))
    );
    assert_eq!(numbers(&tree["descendants"]), [""; 0]);
    let seen = server.ask(Some(&world.reader), TREE, json!({ "n": group })).await;
    let tree = &seen["portfolio"];
    assert_eq!(
        (&tree["depth"], &tree["parent"], &tree["descendants"]["totalCount"]),
        (&json!(0), &json!(null), &json!(3))
    );
    assert_eq!(numbers(&tree["descendants"]), [&region, &shop]);
    assert_eq!(tree["descendants"]["edges"][1]["node"]["depth"], 2);
    assert_eq!(numbers(&tree["oldest"]), [&other]);

    // Whoever sees the ends alone does not see through the middle.
    let mut tx = server.tx().await;
    roles::give_on_portfolio(&mut tx, shop_id, world.ada.user_id, "MEMBER").await.expect("a role");
    let top: (i64,) = sqlx::query_as("select parent_id from portfolios where id = $1")
        .bind(region_id)
        .fetch_one(&mut tx)
        .await
        .expect("the group");
    roles::give_on_portfolio(&mut tx, top.0, world.ada.user_id, "MEMBER").await.expect("a role");
    tx.commit().await.expect("committed");
    let seen = server.ask(Some(&world.ada.token), TREE, json!({ "n": shop })).await;
    assert_eq!((&seen["portfolio"]["depth"], &seen["portfolio"]["parent"]), (&json!(0), &json!(null)));
    assert_eq!(seen["portfolio"]["ancestors"]["totalCount"], 0);
    let seen = server.ask(Some(&world.ada.token), TREE, json!({ "n": group })).await;
    assert_eq!(seen["portfolio"]["descendants"]["totalCount"], 0);

    for parent in ["P-00000000", "x"] {
        let reply =
            server.send(Some(&admin), CREATE, json!({ "i": { "parentPortfolioNumber": parent } })).await;
        assert_eq!(reply.codes(), ["KT-CT-9403"]);
    }
    let input = json!({ "brandCode": "ORIGIN", "parentPortfolioNumber": group });
    assert_eq!(server.send(Some(&admin), CREATE, json!({ "i": input })).await.codes(), ["KT-CT-9403"]);
}

#[tokio::test]
async fn nothing_is_above_itself() {
    let server = Server::start().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let (one, number) = server.within(&admin, None).await;
    let (below, _) = server.within(&admin, Some(&number)).await;
    for parent in [one, below] {
        assert!(matches!(server.move_below(one, parent).await, Err(ManageError::Circle)));
    }
    assert!(matches!(server.move_below(one, 1).await, Err(ManageError::UnknownPortfolio)));
    assert!(matches!(server.move_below(1, one).await, Err(ManageError::UnknownPortfolio)));
    // Two at once cannot close a circle either.
    let (other, _) = server.within(&admin, None).await;
    let (there, back) = tokio::join!(server.move_below(one, other), server.move_below(other, one));
    assert_eq!([&there, &back].into_iter().filter(|done| done.is_ok()).count(), 1, "{there:?} {back:?}");
    assert!([there, back].into_iter().any(|done| matches!(done, Err(ManageError::Circle))));
}

#[tokio::test]
async fn a_portfolio_is_found_by_what_another_system_calls_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let query = "query($n: String!) { account(accountNumber: $n) { portfolio { number } } }";
    let data = server.ask(Some(&admin), query, json!({ "n": world.ada.account })).await;
    let number = data["account"]["portfolio"]["number"].clone();
    let (_, other) = server.within(&admin, None).await;
    let refer = async |portfolio: &Value, namespace: &str, value: &str| {
        let input =
            json!({ "portfolioNumber": portfolio, "reference": { "namespace": namespace, "value": value } });
        server.send(Some(&admin), REFER, json!({ "i": input })).await.codes().join(" ")
    };
    let (one, twin) = tokio::join!(refer(&number, "CRM", " 007 "), refer(&number, "CRM", "007"));
    assert_eq!((one.as_str(), twin.as_str()), ("", ""), "given once, whoever asks how often");
    let wanted = json!({ "r": { "namespace": "CRM", "value": "007" } });
    for token in [&admin, &world.ada.token] {
        let data = server.ask(Some(token), FIND, wanted.clone()).await;
        assert_eq!(data["portfolioByReference"]["number"], number);
    }
    record::read_back("addPortfolioReference");
    let unknown = json!({ "r": { "namespace": "CRM", "value": "008" } });
    for (token, wanted) in [(&world.bob.token, &wanted), (&world.partner, &wanted), (&admin, &unknown)] {
        let data = server.ask(Some(token), FIND, wanted.clone()).await;
        assert_eq!(data["portfolioByReference"], Value::Null);
    }
    let nowhere = json!({ "r": { "namespace": "NOWHERE", "value": "007" } });
    assert_eq!(server.send(Some(&world.ada.token), FIND, nowhere).await.codes(), ["KT-CT-9409"]);
    // SAP is another brand's.
    assert_eq!(refer(&number, "SAP", "007").await, "KT-CT-9409");
    assert_eq!(refer(&number, "CRM", "008").await, "KT-CT-9410");
    assert_eq!(refer(&json!(other), "CRM", "007").await, "KT-CT-9410");
    assert_eq!(refer(&json!("P-00000000"), "CRM", "7").await, "KT-CT-9403");
    assert_eq!(refer(&number, "LEGACY_BILLING", " ").await, "KT-CT-1605");
    let input = json!({ "portfolioNumber": number, "reference": { "namespace": "CRM", "value": "9" } });
    assert_eq!(server.send(Some(&world.staff), REFER, json!({ "i": input })).await.codes(), ["KT-CT-1111"]);
}
