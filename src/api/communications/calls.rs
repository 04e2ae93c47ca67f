//! Phone calls: what the telephone system tells of them, who calls, and how long callers wait.

use serde::Deserialize;
use uuid::Uuid;

use super::accounts_at;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::communications::calls::agents::{self, Agent};
use crate::domain::communications::calls::eligibility::{self, EligibilityError};
use crate::domain::communications::calls::identification;
use crate::domain::communications::calls::queue::{self, Waits, Wish};
use crate::domain::communications::calls::{self, CallError, Item, NewCall, NewItem, PhoneCall};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

const INBOUND: &str = "InboundCallType";
const OUTBOUND: &str = "OutboundCallType";

/// No such call for the viewer.
const NO_CALL: &str = "KT-CT-11802";

/// Who calls, by their number.
struct Caller(String);

/// The call that a payload is about.
struct Told(PhoneCall);

const TOLD: Parts<Told> = &[("call", |told| Resolved::Node(node(told.0.clone())))];
const CALL: Leaves<PhoneCall> = &[("id", |call| i64::from(call.id).into())];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.call", call);
    b.root("Query.agentCallCenterStatus", agent);
    b.root("Query.inboundCallAverageWaitTime", waits);
    b.root("Query.isCustomerEligibleToGiveFeedbackFollowingCall", is_eligible);
    b.root("Mutation.createInboundCall", create);
    b.root("Mutation.enqueueInboundCall", enqueue);
    b.root("Mutation.createCallMetadata", add_items);
    b.root("Mutation.associateCallWithAccount", associate);
    for payload in
        ["CreateInboundCall", "EnqueueInboundCall", "CreateCallMetadata", "AssociateCallWithAccount"]
    {
        b.parts(payload, TOLD);
    }
    b.leaves(INBOUND, CALL);
    b.leaves(OUTBOUND, CALL);
    b.batch("InboundCallType.account", account_of);
    b.batch("OutboundCallType.account", account_of);
    b.batch("InboundCallType.metadata", items_of);
    b.batch("OutboundCallType.metadata", items_of);
    b.parts::<PhoneCall>(
        INBOUND,
        &[("initialCallerIdentification", |call| Resolved::node(Caller(call.from_number.clone())))],
    );
    b.leaves::<Item>(
        "CallMetadataItemType",
        &[("key", |item| (&item.key).into()), ("value", |item| (&item.value).into())],
    );
    b.batch("PhoneNumberIdentificationType.accountBestMatch", best_account);
    b.batch("PhoneNumberIdentificationType.accountAllMatches", all_accounts);
    b.batch("PhoneNumberIdentificationType.accountUserBestMatch", best_user);
    b.batch("PhoneNumberIdentificationType.accountUserAllMatches", all_users);
    b.leaves::<Agent>(
        "AgentCallCenterStatusType",
        &[
            ("id", |agent| agent.id.into()),
            ("status", |agent| (&agent.status).into()),
            ("updatedAt", |agent| agent.updated_at.into()),
            ("mostRecentCallId", |agent| agent.most_recent_call_id.into()),
        ],
    );
    b.leaves::<Waits>(
        "InboundCallAverageWaitTimeType",
        &[("yesterday", |w| w.yesterday.into()), ("recent", |w| w.recent.into())],
    );
}

fn node(call: PhoneCall) -> Node {
    Node::typed(if call.is_inbound { INBOUND } else { OUTBOUND }, call)
}

/// A number that is a row id; none for a call that cannot be there.
fn call_id(text: &str) -> Option<i32> {
    text.parse().ok()
}

async fn call(call: Call<'_>) -> Result<Resolved, FieldError> {
    if !calls::may_look(call.cx.viewer()) {
        return Err(FieldError::code(FORBIDDEN));
    }
    let named: String = call.arg("id")?;
    let is_name =
        named.parse::<u64>().is_ok() || named.parse::<Uuid>().is_ok_and(|id| id.get_version_num() == 4);
    if !is_name {
        return Err(FieldError::code("KT-CT-11817").at_input(&["id"]));
    }
    let ids: Vec<i32> = call_id(&named).into_iter().collect();
    let mut view = call.cx.read().await?;
    let found = calls::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let found = found.into_iter().flatten().next();
    found.map(|call| Resolved::Node(node(call))).ok_or_else(|| FieldError::code(NO_CALL).at_input(&["id"]))
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = call.parents::<PhoneCall>()?.iter().map(|parent| parent.account_id).collect();
    accounts_at(&call, ids).await
}

async fn items_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i32> = call.parents::<PhoneCall>()?.iter().map(|parent| parent.id).collect();
    let mut view = call.cx.read().await?;
    let found = calls::items(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

fn numbers<'a>(call: &Call<'a>) -> Result<Vec<&'a str>, FieldError> {
    Ok(call.parents::<Caller>()?.into_iter().map(|caller| caller.0.as_str()).collect())
}

async fn best_account(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let numbers = numbers(&call)?;
    let mut view = call.cx.read().await?;
    let found = identification::best_accounts(&mut view, call.cx.viewer(), &numbers).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn all_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, numbers) = (window(&call)?, numbers(&call)?);
    let mut view = call.cx.read().await?;
    let pages = identification::accounts_of(&mut view, call.cx.viewer(), &numbers, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn best_user(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let numbers = numbers(&call)?;
    let mut view = call.cx.read().await?;
    let found = identification::best_users(&mut view, call.cx.viewer(), &numbers).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn all_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, numbers) = (window(&call)?, numbers(&call)?);
    let mut view = call.cx.read().await?;
    let pages = identification::users_of(&mut view, call.cx.viewer(), &numbers, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn agent(call: Call<'_>) -> Result<Resolved, FieldError> {
    let name: String = call.arg("supportUserName")?;
    let mut view = call.cx.read().await?;
    let found = agents::by_name(&mut view, &name).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code("KT-CT-7813").at_input(&["supportUserName"]))
}

async fn waits(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    queue::waits(&mut view).await.map(Resolved::node).map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EligibleArgs {
    account_number: String,
    account_user_number: String,
    call_id: i32,
}

async fn is_eligible(call: Call<'_>) -> Result<Resolved, FieldError> {
    let EligibleArgs { account_number, account_user_number, call_id } = call.args()?;
    let mut view = call.cx.read().await?;
    let viewer = call.cx.viewer();
    let said =
        eligibility::after_call(&mut view, viewer, &account_number, &account_user_number, call_id).await;
    said.map(Resolved::leaf).map_err(|error| match error {
        EligibilityError::UnknownContact => FieldError::code("KT-CT-5519").at_input(&["callId"]),
        other => ineligible(other),
    })
}

/// Why it cannot be said whether a customer should be asked, whatever about.
pub(super) fn ineligible(error: EligibilityError) -> FieldError {
    match error {
        EligibilityError::Mismatch => FieldError::code("KT-CT-5523").at_input(&["accountUserNumber"]),
        EligibilityError::NoRules => FieldError::code("KT-CT-5521"),
        EligibilityError::WrongRules => FieldError::code("KT-CT-5522"),
        EligibilityError::UnknownContact => FieldError::internal(error),
        EligibilityError::Database(error) => FieldError::internal(error),
    }
}

fn refusal(error: CallError) -> FieldError {
    let (code, field) = match error {
        CallError::Database(error) => return FieldError::internal(error),
        CallError::Forbidden => return FieldError::code(FORBIDDEN),
        CallError::Invalid(field, why) => {
            let code = if field == "metadata" { INVALID_INPUT } else { "KT-CT-11805" };
            return FieldError::code(code).describe(why).at_input(&["input", field]);
        }
        CallError::Queue(why) => return FieldError::code("KT-CT-11803").describe(why).at_input(&["input"]),
        CallError::Unknown => (NO_CALL, "callId"),
        CallError::UnknownAccount => ("KT-CT-4178", "accountNumber"),
        CallError::OtherAccount => ("KT-CT-11808", "accountNumber"),
        CallError::EmptyKey => ("KT-CT-11806", "metadata"),
        CallError::TakenKey => ("KT-CT-11807", "metadata"),
    };
    FieldError::code(code).at_input(&["input", field])
}

fn told(done: Result<PhoneCall, CallError>) -> Result<Resolved, FieldError> {
    done.map(|call| Resolved::node(Told(call))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    from_phone_number: String,
    to_phone_number: String,
    vendor_call_id: String,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let new =
        NewCall { from: input.from_phone_number, to: input.to_phone_number, vendor_id: input.vendor_call_id };
    let done = call.cx.write("Mutation.createInboundCall", None, &new, |tx, viewer, new| {
        Box::pin(calls::create_inbound(tx, viewer, new))
    });
    told(done.await)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnqueueInput {
    call_id: String,
    routing_attributes: Option<Vec<String>>,
    priority: Option<i32>,
    waiting_behaviour_url: Option<String>,
    infer_language_attribute: Option<bool>,
    infer_operations_group_attributes: Option<bool>,
}

async fn enqueue(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EnqueueInput = call.arg("input")?;
    let subject = Some(input.call_id.as_str());
    let wish = Wish {
        call: call_id(&input.call_id).unwrap_or_default(),
        skills: input.routing_attributes.unwrap_or_default(),
        priority: input.priority.unwrap_or_default(),
        waiting: input.waiting_behaviour_url,
        infer_language: input.infer_language_attribute.unwrap_or(true),
        infer_team: input.infer_operations_group_attributes.unwrap_or(true),
    };
    let done = call.cx.write("Mutation.enqueueInboundCall", subject, &wish, |tx, viewer, wish| {
        Box::pin(queue::enqueue(tx, viewer, wish))
    });
    told(done.await)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemsInput {
    call_id: String,
    metadata: Vec<ItemInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemInput {
    key: String,
    value: String,
    hide_on_support_site: Option<bool>,
}

async fn add_items(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ItemsInput = call.arg("input")?;
    let items = input.metadata.into_iter().map(|item| NewItem {
        key: item.key,
        value: item.value,
        is_hidden: item.hide_on_support_site.unwrap_or(false),
    });
    let given = (call_id(&input.call_id).unwrap_or_default(), items.collect::<Vec<_>>());
    let subject = Some(input.call_id.as_str());
    let done = call.cx.write("Mutation.createCallMetadata", subject, &given, |tx, viewer, given| {
        Box::pin(calls::add_items(tx, viewer, given.0, &given.1))
    });
    told(done.await)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssociateInput {
    call_id: String,
    account_number: String,
}

async fn associate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AssociateInput = call.arg("input")?;
    let id = call_id(&input.call_id).unwrap_or_default();
    let subject = Some(input.account_number.as_str());
    let given = (id, input.account_number.as_str());
    let done = call.cx.write("Mutation.associateCallWithAccount", subject, &given, |tx, viewer, given| {
        Box::pin(calls::associate(tx, viewer, given.0, given.1))
    });
    told(done.await)
}
