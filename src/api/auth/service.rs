//! What the API says of itself: its version, its errors, its weights, its brownouts.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::auth::brownouts::{self, Brownout};
use crate::graphql::document::CHOOSE_OPERATION;
use crate::graphql::{FieldError, Node, RequestError, Resolved, possible_errors};

/// Commit that the program was built from, where the build knows it.
const COMMIT: Option<&str> = option_env!("KRAKEN_COMMIT");

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.krakenVersion", kraken_version);
    b.root("Query.possibleErrors", possible_errors_of);
    b.root("Query.queryComplexity", query_complexity);
    b.root("Query.apiBrownouts", api_brownouts);
    b.leaves::<Version>(
        "KrakenVersionType",
        &[
            ("number", |_| env!("CARGO_PKG_VERSION").into()),
            ("SHA", |_| COMMIT.into()),
            ("isPinned", |_| true.into()),
        ],
    );
    b.leaves::<Listed>(
        "PossibleErrorsOutputType",
        &[
            ("name", |l| (&l.name).into()),
            ("type", |l| (&l.kind).into()),
            ("authErrors", |l| l.auth_errors.into()),
        ],
    );
    b.parts::<Listed>("PossibleErrorsOutputType", &[("possibleErrors", |l| possible_errors(&l.codes))]);
    b.leaves::<Weighed>("QueryComplexityOutputType", &[("complexityValue", |w| w.0.into())]);
    b.leaves::<Brownout>(
        "APIBrownout",
        &[
            ("disablesRequestsTo", |b| (&b.disables).into()),
            ("status", |b| (&b.status).into()),
            ("apiType", |b| (&b.api_type).into()),
            ("startsAt", |b| b.starts_at.into()),
            ("endsAt", |b| b.ends_at.into()),
        ],
    );
}

/// A build is one version, for as long as it runs.
struct Version;

async fn kraken_version(_: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(Version))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    auth_errors: Option<bool>,
}

struct Listed {
    name: String,
    kind: String,
    auth_errors: bool,
    codes: Vec<String>,
}

/// Codes that follow from access alone.
const AUTH_ERRORS: [&str; 3] = ["KT-CT-1111", "KT-CT-1112", "KT-CT-1113"];

async fn possible_errors_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ListInput = call.arg("input")?;
    let engine = call.cx.app.engine();
    let facts = engine.model().root_facts(input.kind == "mutation", &input.name);
    let facts = facts.ok_or_else(|| FieldError::code("KT-CT-1606"))?;
    let auth_errors = input.auth_errors.unwrap_or(true);
    let wanted = |code: &&String| auth_errors || !AUTH_ERRORS.contains(&code.as_str());
    let codes = facts.codes.iter().filter(wanted).cloned().collect();
    Ok(Resolved::node(Listed { name: input.name, kind: input.kind, auth_errors, codes }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WeighInput {
    query: String,
    variables: Option<Value>,
    operation_name: Option<String>,
}

struct Weighed(i32);

async fn query_complexity(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: WeighInput = call.arg("input")?;
    let variables = match input.variables {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => {
            let text = "The variables must be a JSON object.";
            return Err(FieldError::code("KT-CT-1605").describe(text).at_input(&["input", "variables"]));
        }
    };
    let engine = call.cx.app.engine();
    match engine.cost_of(&input.query, input.operation_name.as_deref(), &variables) {
        Ok(cost) => Ok(Resolved::node(Weighed(i32::try_from(cost.complexity).unwrap_or(i32::MAX)))),
        Err(errors) => Err(not_weighed(&errors)),
    }
}

fn not_weighed(errors: &[RequestError]) -> FieldError {
    let text = errors.first().map_or("", |error| error.message.as_str());
    if text == CHOOSE_OPERATION {
        return FieldError::code("KT-CT-1604").at_input(&["input", "operationName"]);
    }
    FieldError::code("KT-CT-1603").describe(text).at_input(&["input", "query"])
}

#[derive(Deserialize)]
struct BrownoutInput {
    statuses: Option<Vec<Option<String>>>,
}

async fn api_brownouts(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let input: Option<BrownoutInput> = call.arg("input")?;
    let statuses: Vec<String> = match input.and_then(|input| input.statuses) {
        Some(statuses) => statuses.into_iter().flatten().collect(),
        None => ["SCHEDULED", "IN_PROGRESS"].map(str::to_owned).to_vec(),
    };
    let mut view = call.cx.read().await?;
    let page = brownouts::page(&mut view, &statuses, &window).await.map_err(FieldError::internal)?;
    Ok(connection(page, Node::new))
}
