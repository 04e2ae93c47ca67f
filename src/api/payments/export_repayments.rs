//! `exportRepaymentDetails`: how and when an account is paid for what it feeds in.

use crate::api::session::{Bindings, Call};
use crate::domain::payments::export_repayments::{self, Details};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.exportRepaymentDetails", details);
    b.leaves::<Details>(
        "ExportRepaymentDetailsType",
        &[
            ("accountNumber", |d| (&d.account_number).into()),
            ("isConfigured", |d| d.method.is_some().into()),
            ("nextRepaymentDate", |d| d.next_on.into()),
            ("lastRepaymentDate", |d| d.last_on.into()),
            ("paymentMethod", |d| d.method.into()),
        ],
    );
}

async fn details(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = export_repayments::details(&mut view, call.cx.viewer(), &number).await;
    let found = found.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code("KT-CT-3823"))
}
