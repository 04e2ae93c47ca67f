//! Where an account's bills go: address, e-mail, way and form.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::address::RichAddress;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::billing::{self, BillingError};
use crate::domain::accounts::languages;
use crate::domain::accounts::residence;
use crate::domain::accounts::users::AccountUser;
use crate::domain::auth::Viewer;
use crate::graphql::{BoxFuture, FieldError, Node, Resolved};
use crate::platform::db::Tx;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateAccountBillingEmail", change::<EmailInput>);
    b.root("Mutation.updateAccountBillingAddress", change::<AddressInput>);
    b.root("Mutation.updateCommsDeliveryPreference", change::<DeliveryInput>);
    b.root("Mutation.updateDocumentAccessibilityPreference", change::<AccessibilityInput>);
    b.root("Mutation.updateLanguagePreference", change::<LanguageInput>);
    b.batch("AccountUserType.address", homes);
    b.batch("AccountUserType.state", states);
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
    b.leaves::<Changed>(
        "UpdateLanguagePreference",
        &[("languagePreference", |c| languages::name(c.0.language()).into())],
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

/// One thing about an account's bills that can be changed: the input of its mutation.
trait Change: DeserializeOwned + Send + Sync {
    /// The mutation.
    const FIELD: &'static str;
    /// Its code for whoever may not change the account.
    const UNAUTHORISED: &'static str = "KT-CT-4123";

    /// Number of the account.
    fn account(&self) -> Option<&str>;

    /// Changes it.
    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>>;
}

async fn change<C: Change>(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: C = call.arg("input")?;
    let number = input.account();
    let done = call.cx.write(C::FIELD, number, &input, |tx, viewer, input: &C| input.make(tx, viewer));
    done.await.map_err(|error| refusal(error, C::UNAUTHORISED))?;
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, call.cx.viewer(), number.unwrap_or_default()).await;
    let found = found.map_err(FieldError::internal)?;
    found.map(|account| Resolved::node(Changed(account))).ok_or_else(|| FieldError::code(C::UNAUTHORISED))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailInput {
    account_number: String,
    billing_email: Option<String>,
}

impl Change for EmailInput {
    const FIELD: &'static str = "Mutation.updateAccountBillingEmail";

    fn account(&self) -> Option<&str> {
        Some(&self.account_number)
    }

    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>> {
        let email = self.billing_email.as_deref().unwrap_or_default();
        Box::pin(billing::set_email(tx, viewer, &self.account_number, email))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressInput {
    account_number: Option<String>,
    billing_address: Option<RichAddress>,
}

impl Change for AddressInput {
    const FIELD: &'static str = "Mutation.updateAccountBillingAddress";
    const UNAUTHORISED: &'static str = "KT-CT-7123";

    fn account(&self) -> Option<&str> {
        self.account_number.as_deref()
    }

    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>> {
        let number = self.account_number.as_deref().unwrap_or_default();
        let address = self.billing_address.clone().map(Address::from);
        Box::pin(billing::set_address(tx, viewer, number, address))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryInput {
    account_number: String,
    comms_delivery_preference: String,
}

impl Change for DeliveryInput {
    const FIELD: &'static str = "Mutation.updateCommsDeliveryPreference";

    fn account(&self) -> Option<&str> {
        Some(&self.account_number)
    }

    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>> {
        Box::pin(billing::set_delivery(tx, viewer, &self.account_number, &self.comms_delivery_preference))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessibilityInput {
    account_number: String,
    document_accessibility_preference: Option<String>,
}

impl Change for AccessibilityInput {
    const FIELD: &'static str = "Mutation.updateDocumentAccessibilityPreference";

    fn account(&self) -> Option<&str> {
        Some(&self.account_number)
    }

    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>> {
        let form = self.document_accessibility_preference.as_deref();
        Box::pin(billing::set_accessibility(tx, viewer, &self.account_number, form))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LanguageInput {
    account_number: String,
    language_preference: Option<String>,
}

impl Change for LanguageInput {
    const FIELD: &'static str = "Mutation.updateLanguagePreference";

    fn account(&self) -> Option<&str> {
        Some(&self.account_number)
    }

    fn make<'t>(&'t self, tx: &'t mut Tx, viewer: &'t Viewer) -> BoxFuture<'t, Result<(), BillingError>> {
        let language = self.language_preference.as_deref().and_then(languages::code);
        Box::pin(billing::set_language(tx, viewer, &self.account_number, language))
    }
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

/// Where each user of a level gets their post; null where the viewer sees no account of theirs, or it has no address.
async fn homes(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let users = call.parents::<AccountUser>()?;
    let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found = residence::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let home = |(user, billing): (&AccountUser, Option<billing::Billing>)| {
        let address = billing?.address();
        let Address { name, country, .. } = address.clone();
        let is_known = address != Address { name, country, ..Address::default() };
        is_known.then(|| Address { name: user.full_name(), ..address })
    };
    Ok(users.into_iter().zip(found).map(|pair| Resolved::maybe(home(pair))).collect())
}

async fn states(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found = residence::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let state = |billing: Option<billing::Billing>| {
        let address = billing.map(|billing| billing.address()).unwrap_or_default();
        Resolved::leaf(residence::state(&address.country, &address.administrative_area))
    };
    Ok(found.into_iter().map(state).collect())
}

async fn deliveries(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_parents(call, |b| Resolved::leaf(b.delivery())).await
}

async fn accessibilities(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_parents(call, |b| Resolved::leaf(b.accessibility.as_deref())).await
}
