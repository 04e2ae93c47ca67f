//! `lifecycleProcesses`, `joinSupplierProcess`, `leaveSupplierProcess` and `houseMoveOutWorkflows`.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::supply::processes::workflows::{self, Filter, Step, Workflow};
use crate::domain::supply::processes::{self, Kind, Name, Process, Which};
use crate::graphql::{FieldError, Leaves, Node, Resolved};
use crate::platform::page::Page;

/// The viewer has no such account.
const NO_ACCOUNT: &str = "KT-CT-4123";
/// The viewer has no such joining.
const NO_JOIN: &str = "KT-CT-10332";
/// The viewer has no such leaving.
const NO_LEAVE: &str = "KT-CT-10302";
/// Neither number nor id was given.
const NO_NAME: &str = "KT-CT-10333";

const JOIN: &str = "JoinSupplierProcessType";
const LEAVE: &str = "LeaveSupplierProcessType";
const OCCUPY: &str = "OccupyPropertyProcessType";
const VACATE: &str = "LeavePropertyProcessType";

const EVERY: Leaves<Process> =
    &[("id", |p| p.id.to_string().into()), ("status", |p| p.status.as_str().into())];
const SUPPLIERS: Leaves<Process> = &[
    ("number", |p| (&p.number).into()),
    ("subtype", |p| p.subtype.as_deref().into()),
    ("stage", |p| p.stage.as_str().into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.lifecycleProcesses", of_account);
    b.root("Query.joinSupplierProcess", join);
    b.root("Query.leaveSupplierProcess", leave);
    b.batch("LifecycleProcessesType.joinSupplierProcesses", joins);
    b.batch("LifecycleProcessesType.leaveSupplierProcesses", leaves);
    b.batch("LifecycleProcessesType.occupyPropertyProcesses", occupations);
    b.batch("LifecycleProcessesType.leavePropertyProcesses", vacations);
    for shape in [JOIN, LEAVE, OCCUPY, VACATE] {
        b.leaves(shape, EVERY);
    }
    b.leaves(JOIN, SUPPLIERS).leaves(LEAVE, SUPPLIERS);
    b.leaves::<Process>(OCCUPY, &[("occupyAt", |p| p.effective_at.into())]);
    b.batch("JoinSupplierProcessType.supplyPoints", points);
    b.batch("LeaveSupplierProcessType.supplyPoints", points);
    b.batch("OccupyPropertyProcessType.supplyPoints", points);
    b.batch("LeavePropertyProcessType.supplyPoints", points);
    b.batch("JoinSupplierProcessType.contractIdentifiers", contracts);
    b.parts::<Process>(JOIN, &[("currentProcessData", |p| Resolved::node(p.clone()))]);
    b.parts::<Process>(LEAVE, &[("processData", |p| Resolved::node(p.clone()))]);
    b.leaves::<Process>("JoinSupplierProcessDataType", &[("requestedAt", |p| p.requested_at.into())]);
    b.leaves::<Process>(
        "LeaveSupplierProcessData",
        &[("requestedAt", |p| p.requested_at.into()), ("requestedSupplyEndDate", |p| p.last_day().into())],
    );
    b.root("Query.houseMoveOutWorkflows", move_outs);
    b.leaves::<Workflow>(
        "WorkflowType",
        &[
            ("id", |w| w.id.to_string().into()),
            ("name", |_| "House move-out".into()),
            ("status", |w| w.status.as_str().into()),
        ],
    );
    b.parts::<Workflow>("WorkflowType", &[("steps", |w| Resolved::nodes(w.steps()))]);
    b.leaves::<Step>(
        "StepType",
        &[("id", |s| (&s.id).into()), ("name", |s| s.name.into()), ("status", |s| s.status.into())],
    );
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let only_active: Option<bool> = call.arg("onlyActive")?;
    let order: Option<String> = call.arg("sortOrder")?;
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, call.cx.viewer(), &number).await;
    let account = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NO_ACCOUNT))?;
    Ok(Resolved::node(Which {
        account: account.id,
        only_active: only_active.unwrap_or(false),
        is_ascending: order.as_deref() == Some("ASC"),
    }))
}

async fn joins(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_kind(call, Kind::Join).await
}

async fn leaves(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_kind(call, Kind::Leave).await
}

async fn occupations(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_kind(call, Kind::Occupy).await
}

async fn vacations(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_kind(call, Kind::Vacate).await
}

async fn of_kind(call: Call<'_>, kind: Kind) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let mut view = call.cx.read().await?;
    let mut pages = Vec::new();
    // One for each `lifecycleProcesses` of the request.
    for which in call.parents::<Which>()? {
        let page = processes::page(&mut view, call.cx.viewer(), *which, kind, &window).await;
        pages.push(connection(page.map_err(FieldError::internal)?, Node::new));
    }
    Ok(pages)
}

async fn join(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("number")?;
    one(&call, Kind::Join, Name::Number(&number), NO_JOIN).await
}

async fn leave(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("number")?;
    let id: Option<String> = call.arg("leaveSupplierProcessId")?;
    let name = match (&number, &id) {
        (Some(number), _) => Name::Number(number),
        // What is no number names nothing.
        (None, Some(id)) => Name::Id(id.parse().unwrap_or(0)),
        (None, None) => return Err(FieldError::code(NO_NAME).at_input(&["number"])),
    };
    one(&call, Kind::Leave, name, NO_LEAVE).await
}

async fn one(
    call: &Call<'_>,
    kind: Kind,
    name: Name<'_>,
    unknown: &'static str,
) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = processes::find(&mut view, call.cx.viewer(), kind, name).await;
    found.map_err(FieldError::internal)?.map(Resolved::node).ok_or_else(|| FieldError::code(unknown))
}

async fn points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = processes::points(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|points| connection(Page::of(&window, points), Node::new)).collect())
}

async fn contracts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = processes::contracts(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::leaf).collect())
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Process>()?.iter().map(|process| process.id).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterInput {
    account_number: Option<String>,
    property_id: Option<String>,
}

async fn move_outs(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let input: Option<FilterInput> = call.arg("input")?;
    let filter = input.map(|input| Filter {
        account_number: input.account_number,
        property: input.property_id.map(|id| id.parse().unwrap_or(0)),
    });
    let mut view = call.cx.read().await?;
    let page = workflows::page(&mut view, call.cx.viewer(), &filter.unwrap_or_default(), &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}
