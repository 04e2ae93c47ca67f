//! Whom a lead is spoken to through, and what they agreed to.

use crate::domain::accounts::grouped;
use crate::platform::db::{Tx, Under, row, statement};

row! {
    /// Somebody who is spoken to.
    pub struct Contact {
        /// Row id.
        pub id: i64,
        /// Given name.
        pub given_name: String,
        /// Family name.
        pub family_name: String,
        /// E-mail; may be empty.
        pub email: String,
        /// Phone number; may be empty.
        pub phone: String,
        /// Each one of `LeadContactRoles`.
        pub roles: Vec<String>,
        /// Code of the language that they like to be spoken to in.
        pub preferred_language: Option<String>,
        /// Their address, by row id.
        pub address_id: Option<i64>,
    }
}

row! {
    /// An answer to a kind of consent.
    pub struct Answered {
        /// Code of the kind.
        pub code: String,
        /// One of `ConsentValue`.
        pub value: String,
    }
}

statement!(static OF_LEADS: Under<Contact> = "
    select lead_id as parent, id, given_name, family_name, email, phone, roles, preferred_language, address_id
    from lead_contacts where lead_id = any($1::bigint[]) and ($2::text is null or $2 = any(roles))
    order by lead_id, position");
statement!(static CONSENTS: Under<Answered> = "
    select a.contact_id as parent, t.code, a.value from lead_consents a join consent_types t on t.id = a.consent_type_id
    where a.contact_id = any($1::bigint[]) order by a.contact_id, t.code");

/// The contacts of each of these leads, with a role if one is named. One statement.
///
/// # Errors
/// Those of the database.
pub async fn of_leads(
    tx: &mut Tx,
    leads: &[i64],
    role: Option<&str>,
) -> Result<Vec<Vec<Contact>>, sqlx::Error> {
    let rows = OF_LEADS.query().bind(leads).bind(role).fetch_all(&mut *tx).await?;
    Ok(grouped(leads, rows.into_iter().map(Under::pair).collect()))
}

/// What each of these contacts agreed to or refused, by code. One statement.
///
/// # Errors
/// Those of the database.
pub async fn consents(tx: &mut Tx, contacts: &[i64]) -> Result<Vec<Vec<Answered>>, sqlx::Error> {
    let rows = CONSENTS.query().bind(contacts).fetch_all(&mut *tx).await?;
    Ok(grouped(contacts, rows.into_iter().map(Under::pair).collect()))
}
