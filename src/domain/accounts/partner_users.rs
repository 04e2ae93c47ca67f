//! Partner users and the sales partners that they work for, as others see them.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::in_order;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// Why no partner user was found.
#[derive(Debug, Error)]
pub enum FindError {
    /// Neither number nor e-mail was given.
    #[error("a number or an e-mail is needed")]
    Nothing,
    /// There is no such partner user that the viewer may see.
    #[error("there is no such partner user")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(FindError);

row! {
    /// A partner user.
    pub struct PartnerUser {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `PU-` and eight hexadecimal digits.
        pub number: String,
        /// Given name.
        pub given_name: String,
        /// Family name.
        pub family_name: String,
        /// The whole name.
        pub name: String,
        /// What they log in with.
        pub email: String,
        /// When they last began a session, by wall time.
        pub last_login_at: Option<DateTime<Utc>>,
        /// When they were added.
        pub created_at: DateTime<Utc>,
        /// The sales partner that they work for.
        pub affiliate_organisation_id: Option<i64>,
        /// What they may do.
        pub permissions: Vec<String>,
    }
}

row! {
    /// A sales partner.
    pub struct AffiliateOrganisation {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `AO-` and eight hexadecimal digits.
        pub number: String,
        /// What it is called.
        pub name: String,
        /// Where it is written to.
        pub contact_email: String,
        /// One of `SalesChannelChoices`.
        pub sales_channel: String,
    }
}

// Partner users see themselves, and those who work for the same partner.
statement!(static FIND: PartnerUser = "
    select w.id, w.number, w.given_name, w.family_name, w.name, w.email, w.last_login_at, w.created_at,
        w.affiliate_organisation_id, w.permissions
    from partner_users w
    where ($3::text is null or w.number = $3) and ($4::text is null or lower(w.email) = lower($4))
      and ($1::text = 'support-user' or ($1 = 'partner-user' and (w.id = $2::bigint or (w.is_active and exists (
          select 1 from partner_users me
          where me.id = $2 and me.affiliate_organisation_id = w.affiliate_organisation_id)))))
    order by w.id limit 1");
statement!(static ORGANISATIONS: AffiliateOrganisation = "
    select id, number, name, contact_email, sales_channel from affiliate_organisations where id = any($1::bigint[])");
statement!(static ADD_ORGANISATION: (i64,) = "
    insert into affiliate_organisations (number, name, contact_email, sales_channel, created_at)
    values ($1, $2, $3, $4, $5) on conflict on constraint affiliate_organisations_number_key do nothing returning id");
statement!(static EMPLOY: () = "update partner_users set affiliate_organisation_id = $2 where id = $1");

/// The partner user with this number or e-mail, or with both.
pub async fn find(
    tx: &mut Tx,
    viewer: &Viewer,
    number: Option<&str>,
    email: Option<&str>,
) -> Result<PartnerUser, FindError> {
    let given = [number, email].map(|text| text.map(str::trim).filter(|text| !text.is_empty()));
    if given == [None, None] {
        return Err(FindError::Nothing);
    }
    let [number, email] = given;
    let query = FIND.seen_by(viewer).bind(number).bind(email);
    query.fetch_optional(&mut *tx).await?.ok_or(FindError::Unknown)
}

/// The sales partners with these ids, in order. Whoever asks has been shown those who work for them.
pub async fn organisations(
    tx: &mut Tx,
    ids: &[i64],
) -> Result<Vec<Option<AffiliateOrganisation>>, sqlx::Error> {
    Ok(in_order(ids, ORGANISATIONS.query().bind(ids).fetch_all(&mut *tx).await?, |found| found.id))
}

/// Adds a sales partner, which sells through a channel, one of `SalesChannelChoices`. Answers its row id.
pub async fn add_organisation(
    tx: &mut Tx,
    random: &Randomness,
    name: &str,
    contact_email: &str,
    sales_channel: &str,
) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    for number in ids::candidates(|| ids::affiliate_number(random)) {
        let add = ADD_ORGANISATION.query().bind(number).bind(name).bind(contact_email);
        if let Some((id,)) = add.bind(sales_channel).bind(now).fetch_optional(&mut *tx).await? {
            return Ok(id);
        }
    }
    Err(sqlx::Error::RowNotFound)
}

/// Notes which sales partner a partner user works for.
pub async fn employ(tx: &mut Tx, partner_user: i64, organisation: i64) -> Result<(), sqlx::Error> {
    EMPLOY.command().bind(partner_user).bind(organisation).execute(&mut *tx).await?;
    Ok(())
}
