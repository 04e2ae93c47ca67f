//! `partnerUser`.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::partner_users::{self, AffiliateOrganisation, FindError, PartnerUser};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.partnerUser", partner_user);
    b.leaves::<PartnerUser>(
        "PartnerUserType",
        &[
            ("id", |w| w.id.into()),
            ("number", |w| (&w.number).into()),
            ("givenName", |w| (&w.given_name).into()),
            ("familyName", |w| (&w.family_name).into()),
            ("name", |w| (&w.name).into()),
            ("email", |w| (&w.email).into()),
            ("lastLogin", |w| w.last_login_at.into()),
            ("createdAt", |w| w.created_at.into()),
        ],
    );
    b.parts::<PartnerUser>(
        "PartnerUserType",
        &[("permissions", |w| Resolved::nodes(w.permissions.iter().cloned().map(Permission)))],
    );
    b.batch("PartnerUserType.organisation", organisations);
    b.leaves::<Permission>("PartnerUserPermission", &[("permission", |p| (&p.0).into())]);
    b.leaves::<AffiliateOrganisation>(
        "AffiliateOrganisationType",
        &[
            ("id", |o| o.id.into()),
            ("number", |o| (&o.number).into()),
            ("name", |o| (&o.name).into()),
            ("contactEmail", |o| (&o.contact_email).into()),
            ("salesChannel", |o| (&o.sales_channel).into()),
        ],
    );
}

struct Permission(String);

async fn partner_user(call: Call<'_>) -> Result<Resolved, FieldError> {
    let (number, email): (Option<String>, Option<String>) = (call.arg("number")?, call.arg("email")?);
    let mut view = call.cx.read().await?;
    let found = partner_users::find(&mut view, call.cx.viewer(), number.as_deref(), email.as_deref()).await;
    found.map(Resolved::node).map_err(|error| match error {
        FindError::Nothing => FieldError::code("KT-CT-7724"),
        FindError::Unknown => FieldError::code("KT-CT-7725"),
        FindError::Database(error) => FieldError::internal(error),
    })
}

async fn organisations(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Vec<Option<i64>> =
        call.parents::<PartnerUser>()?.iter().map(|w| w.affiliate_organisation_id).collect();
    let ids: Vec<i64> = wanted.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = partner_users::organisations(&mut view, &ids).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(wanted.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}
