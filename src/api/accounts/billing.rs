//! Where an account's bills go: address, e-mail, way and form.

use serde::Deserialize;

use super::address::RichAddress;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::billing::{self, BillingError};
use crate::graphql::{FieldError, Node, Resolved};

const UNAUTHORISED: &str = "KT-CT-4123";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateAccountBillingEmail", update_email);
    b.root("Mutation.updateAccountBillingAddress", update_address);
    b.root("Mutation.updateCommsDeliveryPreference", update_delivery);
    b.root("Mutation.updateDocumentAccessibilityPreference", update_accessibility);
    b.batch("AccountType.address", addresses);
    b.batch("AccountType.commsDeliveryPreference", deliveries);
    b.batch("AccountType.communicationDeliveryPreference", deliveries);
    b.batch("AccountType.documentAccessibility", accessibilities);
    b.parts::<Changed>("UpdateAccountBillingEmail", &[("account", behind_interface)]);
    b.parts::<Changed>("UpdateAccountBillingAddress", &[("account", |c| Resolved::node(c.0.clone()))]);
    b.parts::<Changed>("UpdateCommsDeliveryPreference", &[("account", behind_interface)]);
    b.parts::<Changed>(
        "UpdateDocumentAccessibilityPreference",
        &[("account", |c| Resolved::node(c.0.clone()))],
    );
}

/// The account after a change.
struct Changed(Account);

/// The fields are typed by the interface.
fn behind_interface(changed: &Changed) -> Resolved {
    Resolved::Node(Node::typed("AccountType", changed.0.clone()))
}

fn refusal(error: BillingError, unauthorised: &'static str) -> FieldError {
    match error {
        BillingError::Unauthorised => FieldError::code(unauthorised),
        BillingError::Email => FieldError::code("KT-CT-4122").at_input(&["input", "billingEmail"]),
        BillingError::Address(why) => {
            FieldError::code("KT-CT-4145").describe(why).at_input(&["input", "billingAddress"])
        }
        BillingError::NoEmail => FieldError::code("KT-CT-4136"),
        BillingError::Database(error) => FieldError::internal(error),
    }
}

async fn changed(
    call: Call<'_>,
    number: &str,
    done: Result<(), BillingError>,
    unauthorised: &'static str,
) -> Result<Resolved, FieldError> {
    done.map_err(|error| refusal(error, unauthorised))?;
    let mut view = call.cx.read().await?;
    let found =
        accounts::by_number(&mut view, call.cx.viewer(), number).await.map_err(FieldError::internal)?;
    found.map(|account| Resolved::node(Changed(account))).ok_or_else(|| FieldError::code(unauthorised))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailInput {
    account_number: String,
    billing_email: Option<String>,
}

async fn update_email(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EmailInput = call.arg("input")?;
    let number = input.account_number.as_str();
    let done =
        call.cx.write("Mutation.updateAccountBillingEmail", Some(number), &input, |tx, viewer, input| {
            let email = input.billing_email.as_deref().unwrap_or_default();
            Box::pin(billing::set_email(tx, viewer, &input.account_number, email))
        });
    changed(call, number, done.await, UNAUTHORISED).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressInput {
    account_number: Option<String>,
    billing_address: Option<RichAddress>,
}

async fn update_address(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AddressInput = call.arg("input")?;
    let number = input.account_number.as_deref();
    let operation = "Mutation.updateAccountBillingAddress";
    let done = call.cx.write(operation, number, &input, |tx, viewer, input| {
        let number = input.account_number.as_deref().unwrap_or_default();
        let address = input.billing_address.clone().map(Address::from);
        Box::pin(billing::set_address(tx, viewer, number, address))
    });
    changed(call, number.unwrap_or_default(), done.await, "KT-CT-7123").await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryInput {
    account_number: String,
    comms_delivery_preference: String,
}

async fn update_delivery(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DeliveryInput = call.arg("input")?;
    let number = input.account_number.as_str();
    let operation = "Mutation.updateCommsDeliveryPreference";
    let done = call.cx.write(operation, Some(number), &input, |tx, viewer, input| {
        let way = &input.comms_delivery_preference;
        Box::pin(billing::set_delivery(tx, viewer, &input.account_number, way))
    });
    changed(call, number, done.await, UNAUTHORISED).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessibilityInput {
    account_number: String,
    document_accessibility_preference: Option<String>,
}

async fn update_accessibility(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccessibilityInput = call.arg("input")?;
    let number = input.account_number.as_str();
    let operation = "Mutation.updateDocumentAccessibilityPreference";
    let done = call.cx.write(operation, Some(number), &input, |tx, viewer, input| {
        let form = input.document_accessibility_preference.as_deref();
        Box::pin(billing::set_accessibility(tx, viewer, &input.account_number, form))
    });
    changed(call, number, done.await, UNAUTHORISED).await
}

/// Where the bills of the accounts of a level go, each as `show` has it.
async fn of_parents(
    call: Call<'_>,
    show: impl Fn(billing::Billing) -> Resolved + Send,
) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        billing::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|billing| billing.map_or(Resolved::Null, &show)).collect())
}

async fn addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_parents(call, |b| Resolved::node(b.address())).await
}

async fn deliveries(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_parents(call, |b| Resolved::leaf(b.delivery())).await
}

async fn accessibilities(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_parents(call, |b| Resolved::leaf(b.accessibility.as_deref())).await
}
