//! `accountChargeReasons` and `accountCreditReasons`.

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::reasons::{self, ReasonRow};
use crate::graphql::{FieldError, Leaves, Resolved};

const FIELDS: Leaves<ReasonRow> = &[
    ("code", |r| (&r.code).into()),
    ("display", |r| (&r.display).into()),
    ("isDeprecated", |r| r.is_deprecated.into()),
    ("isTaxExempt", |r| r.is_tax_exempt.into()),
    ("isHidden", |r| r.is_hidden.into()),
    ("group", |r| (&r.reason_group).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.accountChargeReasons", for_charges);
    b.root("Query.accountCreditReasons", for_credits);
    b.leaves("ChargeReasonType", FIELDS);
    b.leaves("CreditReasonType", FIELDS);
}

async fn for_charges(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let rows = reasons::for_charges(&mut view, None).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(rows))
}

async fn for_credits(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let rows = reasons::for_credits(&mut view, None).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(rows))
}
