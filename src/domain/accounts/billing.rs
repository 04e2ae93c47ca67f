//! Where an account's bills go, and in which form: address, e-mail, post or e-mail, large print or braille.

use serde::Serialize;
use thiserror::Error;

use super::changes::{About, Changes, may_edit};
use super::{contacts, in_order};
use crate::domain::auth::password_reset::is_address;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// Countries whose addresses need a state, territory or prefecture.
const WITH_AREAS: [&str; 3] = ["AU", "JP", "US"];
/// As many lines as an address has.
const LINES: usize = 5;

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

/// An address in its parts. Empty parts are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and house, and whatever goes before them; may have several lines.
    pub street_address: String,
    /// The part of a town, or the village.
    pub dependent_locality: String,
    /// The town.
    pub locality: String,
    /// The state, prefecture or county.
    pub administrative_area: String,
    /// Postcode.
    pub postal_code: String,
    /// What some countries sort large customers' post by.
    pub sorting_code: String,
    /// ISO 3166 code; empty for the country of the account's market.
    pub country: String,
    /// Number that the post has given the address.
    pub delivery_point: String,
}

row! {
    /// Where an account's bills go.
    pub struct Billing {
        id: i64,
        /// Who is billed.
        pub name: String,
        email: String,
        street_address: String,
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
    }
}

macro_rules! billing_columns {
    () => {
        "a.id, a.billing_name as name, a.billing_email as email, a.billing_street_address as street_address, \
         a.billing_dependent_locality as dependent_locality, a.billing_locality as locality, \
         a.billing_administrative_area as administrative_area, a.billing_postcode as postal_code, \
         a.billing_sorting_code as sorting_code, a.billing_country as country, \
         a.billing_delivery_point as delivery_point, \
         coalesce(array[a.billing_address_line1, a.billing_address_line2, a.billing_address_line3, \
             a.billing_address_line4, a.billing_address_line5], '{}') as lines, \
         a.comms_delivery_preference as comms_delivery, a.document_accessibility as accessibility"
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
        comms_delivery_preference = $12, document_accessibility = $13
    where id = $1");

impl Billing {
    /// The address; one that was never given in parts is all street.
    pub fn address(&self) -> Address {
        let lines = || self.lines.iter().filter(|line| !line.is_empty()).cloned().collect::<Vec<_>>();
        let street = &self.street_address;
        Address {
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

    fn set_address(&mut self, new: Address, lines: Vec<String>, changes: &mut Changes) {
        let mut address = self.address();
        changes.set("billingAddress", &mut address, new);
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
    let query = BY_ID.query().bind(viewer.kind()).bind(viewer.id()).bind(ids);
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
        let (address, lines) = judged(address, &billing.country)?;
        billing.set_address(address, lines, changes);
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
    let hold = HOLD.query().bind(viewer.kind()).bind(viewer.id()).bind(account);
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
    save.bind(&b.comms_delivery).bind(&b.accessibility).execute(&mut *tx).await?;
    Ok(changes.keep(tx, viewer, About::Account(billing.id)).await?)
}

/// An address as it is kept, with the lines to print, if letters could reach it.
pub(crate) fn judged(given: Address, home: &str) -> Result<(Address, Vec<String>), BillingError> {
    let bad = BillingError::Address;
    let part = |text: &str| contacts::line(text).ok_or(bad("A part is too long, or not one line of text."));
    let street: Vec<String> = given.street_address.lines().map(part).collect::<Result<_, _>>()?;
    let street: Vec<String> = street.into_iter().filter(|line| !line.is_empty()).collect();
    let country = part(&given.country)?.to_uppercase();
    let address = Address {
        street_address: street.join("\n"),
        dependent_locality: part(&given.dependent_locality)?,
        locality: part(&given.locality)?,
        administrative_area: part(&given.administrative_area)?,
        postal_code: part(&given.postal_code)?.to_uppercase(),
        sorting_code: part(&given.sorting_code)?,
        country: if country.is_empty() { home.to_owned() } else { country },
        delivery_point: part(&given.delivery_point)?,
    };
    let country = address.country.as_str();
    if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
        return Err(bad("The country is not a code of two letters."));
    }
    if street.is_empty() || address.locality.is_empty() {
        return Err(bad("Letters need a street address and a town."));
    }
    if contacts::is_postcode(country, &address.postal_code) == Some(false) {
        return Err(bad("The country has no postcodes of this form."));
    }
    if WITH_AREAS.contains(&country) && address.administrative_area.is_empty() {
        return Err(bad("Letters to this country need a state or prefecture."));
    }
    let rest = [&address.dependent_locality, &address.locality, &address.administrative_area];
    let rest = rest.into_iter().filter(|line| !line.is_empty()).cloned();
    let lines: Vec<String> = street.into_iter().chain(rest).collect();
    if lines.len() > LINES {
        return Err(bad("The address has more than five lines."));
    }
    Ok((address, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str, area: &str, postcode: &str) -> Address {
        Address {
            street_address: " 1 High Street \n\nFlat 2".into(),
            locality: "Middletown".into(),
            administrative_area: area.into(),
            postal_code: postcode.into(),
            country: country.into(),
            ..Address::default()
        }
    }

    #[test]
    fn an_address_goes_by_the_rules_of_its_country() {
        let is_good = |country, area, postcode| judged(address(country, area, postcode), "GB").is_ok();
        assert!(is_good("", "", "sw1a 1aa") && is_good("de", "", "10115") && is_good("FR", "", "75001"));
        assert!(is_good("US", "NY", "10001") && !is_good("US", "", "10001") && !is_good("US", "NY", "1000"));
        assert!(is_good("JP", "Tokyo", "100-0001") && is_good("AU", "VIC", "3000"));
        assert!(
            !is_good("GBR", "", "SW1A 1AA") && !is_good("", "", "10115") && !is_good("", "\u{7}", "SW1A 1AA")
        );
        let tall = Address { street_address: "1\n2\n3\n4\n5".into(), ..address("GB", "", "SW1A 1AA") };
        assert!(judged(tall, "GB").is_err());
        assert!(judged(Address { locality: String::new(), ..address("", "", "SW1A 1AA") }, "GB").is_err());
    }

    #[test]
    fn the_lines_are_those_that_hold_anything() {
        let (kept, lines) = judged(address("", "Kent", "sw1a 1aa"), "GB").expect("an address");
        assert_eq!(lines, ["1 High Street", "Flat 2", "Middletown", "Kent"]);
        assert_eq!((kept.postal_code.as_str(), kept.country.as_str()), ("SW1A 1AA", "GB"));
    }
}
