//! `centrepayDeductions`: what is deducted from welfare benefits to pay an account.

use crate::api::session::{Bindings, Call};
use crate::domain::payments::centrepay::{self, Deduction};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.centrepayDeductions", deductions);
    b.leaves::<Deduction>(
        "CentrepayDeductionType",
        &[
            ("id", |d| d.id.into()),
            ("accountNumber", |d| (&d.account_number).into()),
            ("benefitGroup", |d| (&d.benefit_group).into()),
            ("serviceReason", |d| (&d.service_reason).into()),
            ("customerReferenceNumber", |d| (&d.customer_reference_number).into()),
            ("amount", |d| d.amount.into()),
            ("targetAmount", |d| d.target_amount.into()),
            ("validFrom", |d| d.valid_from.into()),
            ("validTo", |d| d.valid_to.into()),
            ("customerGivenName", |d| (&d.given_name).into()),
            ("customerFamilyName", |d| (&d.family_name).into()),
            ("customerDateOfBirth", |d| d.date_of_birth.to_string().into()),
            ("changeStatus", |d| d.change.as_deref().into()),
        ],
    );
}

async fn deductions(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = centrepay::of_account(&mut view, call.cx.viewer(), &number).await;
    let found = found.map_err(FieldError::internal)?;
    found.map(Resolved::nodes).ok_or_else(|| FieldError::code("KT-CT-3823"))
}
