//! Where an account's bills go, and in which form: address, e-mail, post or e-mail, large print or braille.

use serde_json::Value;
use thiserror::Error;

use super::address::{Address, NoAddress};
use super::changes::{About, Changes, may_edit};
use super::in_order;
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum BillingError {
    /// No such account for the viewer, or nothing that the viewer may change.
    #[error("the viewer may not change this account")]
    Unauthorised,
    /// Mail cannot be sent there.
    #[error("the e-mail is not valid")]
    Email,
    /// The address is not one; this is why.
    #[error("{0}")]
    Address(&'static str),
    /// Documents cannot go by e-mail to an account without one.
    #[error("the account has no e-mail")]
    NoEmail,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(BillingError);

row! {
    /// Where an account's bills go.
    pub struct Billing {
        id: i64,
        /// Who is billed.
        pub name: String,
        email: String,
        organization: String,
        street_address: String,
        structured_street: Option<Value>,
        dependent_locality: String,
        locality: String,
        administrative_area: String,
        postal_code: String,
        sorting_code: String,
        country: String,
        delivery_point: String,
        lines: Vec<String>,
        comms_delivery: Option<String>,
        /// One of `DocumentAccessibilityChoices`; none for ordinary documents.
        pub accessibility: Option<String>,
        language: Option<String>,
    }
}

macro_rules! billing_columns {
    () => {
        "a.id, a.billing_name as name, a.billing_email as email, a.billing_organization as organization, \
         a.billing_street_address as street_address, a.billing_structured_street as structured_street, \
         a.billing_dependent_locality as dependent_locality, a.billing_locality as locality, \
         a.billing_administrative_area as administrative_area, a.billing_postcode as postal_code, \
         a.billing_sorting_code as sorting_code, a.billing_country as country, \
         a.billing_delivery_point as delivery_point, \
         coalesce(array[a.billing_address_line1, a.billing_address_line2, a.billing_address_line3, \
             a.billing_address_line4, a.billing_address_line5], '{}') as lines, \
         a.comms_delivery_preference as comms_delivery, a.document_accessibility as accessibility, \
         a.preferred_language as language"
    };
}

statement!(static BY_ID: Billing = concat!(
    "select ", billing_columns!(), " from accounts a where a.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static HOLD: Billing = concat!("
    select ", billing_columns!(), " from accounts a where a.number = $3 and ", account_is_visible!(), "
    for update of a"));
statement!(static SAVE: () = "
    update accounts set billing_email = $2, billing_street_address = $3, billing_dependent_locality = $4,
        billing_locality = $5, billing_administrative_area = $6, billing_postcode = $7, billing_sorting_code = $8,
        billing_country = $9, billing_delivery_point = $10,
        billing_address_line1 = coalesce(($11::text[])[1], ''), billing_address_line2 = coalesce(($11)[2], ''),
        billing_address_line3 = coalesce(($11)[3], ''), billing_address_line4 = coalesce(($11)[4], ''),
        billing_address_line5 = coalesce(($11)[5], ''),
        comms_delivery_preference = $12, document_accessibility = $13, billing_organization = $14,
        billing_structured_street = $15, preferred_language = $16
    where id = $1");

statement!(static PLACE: () = "
    update accounts set billing_country = $2, billing_organization = $3, billing_structured_street = $4,
        billing_street_address = $5, billing_dependent_locality = $6, billing_locality = $7,
        billing_administrative_area = $8, billing_sorting_code = $9, billing_delivery_point = $10
    where id = $1");

/// Gives an account that was just opened the parts of its address; the lines it has already.
pub(super) async fn place(tx: &mut Tx, account: i64, address: &Address) -> Result<(), sqlx::Error> {
    let a = address;
    let place = PLACE.command().bind(account).bind(&a.country).bind(&a.organization);
    let place = place.bind(&a.structured_street_address).bind(&a.street_address).bind(&a.dependent_locality);
    let place = place.bind(&a.locality).bind(&a.administrative_area).bind(&a.sorting_code);
    place.bind(&a.delivery_point).execute(&mut *tx).await?;
    Ok(())
}

impl Billing {
    /// The address; one that was never given in parts is all street.
    pub fn address(&self) -> Address {
        let lines = || self.lines.iter().filter(|line| !line.is_empty()).cloned().collect::<Vec<_>>();
        let street = &self.street_address;
        Address {
            name: self.name.clone(),
            organization: self.organization.clone(),
            structured_street_address: self.structured_street.clone(),
            street_address: if street.is_empty() { lines().join("\n") } else { street.clone() },
            dependent_locality: self.dependent_locality.clone(),
            locality: self.locality.clone(),
            administrative_area: self.administrative_area.clone(),
            postal_code: self.postal_code.clone(),
            sorting_code: self.sorting_code.clone(),
            country: self.country.clone(),
            delivery_point: self.delivery_point.clone(),
        }
    }

    /// How documents go out: as was chosen, else by e-mail if there is one. One of `CommsDeliveryPreference`.
    pub fn delivery(&self) -> &str {
        let usual = if self.email.is_empty() { "POSTAL_MAIL" } else { "EMAIL" };
        self.comms_delivery.as_deref().unwrap_or(usual)
    }

    fn set_address(&mut self, new: Address, changes: &mut Changes) {
        let (mut address, lines) = (self.address(), new.lines());
        changes.set("billingAddress", &mut address, new);
        self.organization = address.organization;
        self.structured_street = address.structured_street_address;
        self.street_address = address.street_address;
        self.dependent_locality = address.dependent_locality;
        self.locality = address.locality;
        self.administrative_area = address.administrative_area;
        self.postal_code = address.postal_code;
        self.sorting_code = address.sorting_code;
        self.country = address.country;
        self.delivery_point = address.delivery_point;
        self.lines = lines;
    }
}

/// Where the bills of these accounts go, as far as the viewer may see them, in order.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<Billing>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |billing| billing.id))
}

/// Has bills sent to another e-mail.
pub async fn set_email(tx: &mut Tx, viewer: &Viewer, account: &str, email: &str) -> Result<(), BillingError> {
    let email = email.trim().to_owned();
    change(tx, viewer, account, |billing, changes| {
        if !is_address(&email) {
            return Err(BillingError::Email);
        }
        changes.set("billingEmail", &mut billing.email, email);
        Ok(())
    })
    .await
}

/// Has bills made out to another address, which takes the place of the whole old one.
pub async fn set_address(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    address: Option<Address>,
) -> Result<(), BillingError> {
    change(tx, viewer, account, |billing, changes| {
        let address = address.ok_or(BillingError::Address("There is no address."))?;
        // Who lives there is told apart from where it is.
        let address = Address { organization: billing.organization.clone(), ..address };
        let address =
            address.judged(&billing.country).map_err(|NoAddress(why)| BillingError::Address(why))?;
        billing.set_address(Address { name: billing.name.clone(), ..address }, changes);
        Ok(())
    })
    .await
}

/// Has documents sent by e-mail or by post: one of `CommsDeliveryPreference`.
pub async fn set_delivery(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    way: &str,
) -> Result<(), BillingError> {
    change(tx, viewer, account, |billing, changes| {
        if way == "EMAIL" && billing.email.is_empty() {
            return Err(BillingError::NoEmail);
        }
        changes.set("commsDeliveryPreference", &mut billing.comms_delivery, Some(way.to_owned()));
        Ok(())
    })
    .await
}

/// Has documents made in another form: one of `DocumentAccessibilityChoices`, none for the ordinary one.
pub async fn set_accessibility(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    form: Option<&str>,
) -> Result<(), BillingError> {
    change(tx, viewer, account, |billing, changes| {
        changes.set("documentAccessibility", &mut billing.accessibility, form.map(str::to_owned));
        Ok(())
    })
    .await
}

/// Has an account's holder written to in another language: its ISO 639-1 code, none for that of the market.
pub async fn set_language(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    language: Option<&str>,
) -> Result<(), BillingError> {
    change(tx, viewer, account, |billing, changes| {
        changes.set("preferredLanguageForComms", &mut billing.language, language.map(str::to_owned));
        Ok(())
    })
    .await
}

/// Holds an account, lets `edit` change it, and keeps what changed with its trace.
async fn change(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    edit: impl FnOnce(&mut Billing, &mut Changes) -> Result<(), BillingError> + Send,
) -> Result<(), BillingError> {
    if !may_edit(viewer) {
        return Err(BillingError::Unauthorised);
    }
    let hold = HOLD.seen_by(viewer).bind(account);
    let mut billing = hold.fetch_optional(&mut *tx).await?.ok_or(BillingError::Unauthorised)?;
    let mut changes = Changes::default();
    edit(&mut billing, &mut changes)?;
    if changes.is_empty() {
        return Ok(());
    }
    let b = &billing;
    let save = SAVE.command().bind(b.id).bind(&b.email).bind(&b.street_address).bind(&b.dependent_locality);
    let save = save.bind(&b.locality).bind(&b.administrative_area).bind(&b.postal_code).bind(&b.sorting_code);
    let save = save.bind(&b.country).bind(&b.delivery_point).bind(&b.lines);
    save.bind(&b.comms_delivery)
        .bind(&b.accessibility)
        .bind(&b.organization)
        .bind(&b.structured_street)
        .bind(&b.language)
        .execute(&mut *tx)
        .await?;
    Ok(changes.keep(tx, viewer, About::Account(billing.id)).await?)
}
