//! Links of sales partners: each agent sells under a subdomain of their own.

use thiserror::Error;

use crate::domain::accounts::in_order;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why no link was made.
#[derive(Debug, Error)]
pub enum LinkError {
    /// There is no such sales partner.
    #[error("there is no such sales partner")]
    Partner,
    /// The subdomain is somebody's.
    #[error("the subdomain is taken")]
    Taken,
    /// This is no subdomain.
    #[error("a subdomain is letters, digits and dashes")]
    Subdomain,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(LinkError);

impl From<sqlx::Error> for LinkError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "affiliate_links_subdomain_key") {
            Self::Taken
        } else if on_constraint(&error, "affiliate_links_subdomain_check") {
            Self::Subdomain
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// A link.
    pub struct AffiliateLink {
        /// Row id.
        pub id: i64,
        /// The sales partner.
        pub organisation_id: i64,
        /// Unique.
        pub subdomain: String,
        /// One of `LinkTrainingStatus`.
        pub training_status: String,
        /// Whether it wins businesses.
        pub is_business: bool,
        /// Whose it is.
        pub contact_name: String,
        /// Where they are written to.
        pub contact_email: String,
        /// Where it leads.
        pub landing_url: String,
    }
}

/// A link to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// Number of the sales partner, such as AO-0A1B2C3D.
    pub partner: &'a str,
    /// Lower-case letters, digits and dashes.
    pub subdomain: &'a str,
    /// Whether it wins businesses.
    pub is_business: bool,
    /// Whose it is.
    pub contact_name: &'a str,
    /// Where they are written to.
    pub contact_email: &'a str,
    /// Where it leads.
    pub landing_url: &'a str,
}

statement!(static ADD: (i64,) = "
    insert into affiliate_links (affiliate_organisation_id, subdomain, training_status, is_business, contact_name,
        contact_email, landing_url, created_at)
    select id, $2, 'IN_TRAINING', $3, $4, $5, $6, $7 from affiliate_organisations where number = $1 returning id");
statement!(static QUALIFY: (i64,) = "
    update affiliate_links set training_status = 'QUALIFIED' where subdomain = $1 returning id");
statement!(static BY_SUBDOMAIN: (i64,) = "select id from affiliate_links where subdomain = lower($1)");
statement!(static BY_IDS: AffiliateLink = "
    select id, affiliate_organisation_id as organisation_id, subdomain, training_status, is_business, contact_name,
        contact_email, landing_url
    from affiliate_links where id = any($1::bigint[])");

/// Makes a link for an agent who is yet to be trained. Answers its row id.
pub async fn make(tx: &mut Tx, new: &NewLink<'_>) -> Result<i64, LinkError> {
    let now = tx.business_now().await?;
    let add = ADD.query().bind(new.partner).bind(new.subdomain).bind(new.is_business).bind(new.contact_name);
    let add = add.bind(new.contact_email).bind(new.landing_url).bind(now);
    add.fetch_optional(&mut *tx).await?.map(|(id,)| id).ok_or(LinkError::Partner)
}

/// Notes that the agent behind a link has been trained. Says whether there is such a link.
pub async fn qualify(tx: &mut Tx, subdomain: &str) -> Result<bool, sqlx::Error> {
    Ok(QUALIFY.query().bind(subdomain).fetch_optional(&mut *tx).await?.is_some())
}

/// Row id of the link with a subdomain.
pub(super) async fn by_subdomain(tx: &mut Tx, subdomain: &str) -> Result<Option<i64>, sqlx::Error> {
    Ok(BY_SUBDOMAIN.query().bind(subdomain.trim()).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The links with these ids, in order. Whoever asks has been shown a visit in their name.
pub async fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<AffiliateLink>>, sqlx::Error> {
    Ok(in_order(ids, BY_IDS.query().bind(ids).fetch_all(&mut *tx).await?, |link| link.id))
}
