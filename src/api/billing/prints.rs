//! `requestPrintedBill`.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::billing::prints::{self, PrintError};
use crate::graphql::{FieldError, Resolved};

/// The bill is printed.
struct Printed;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.requestPrintedBill", request);
    b.leaves::<Printed>("RequestPrintedBill", &[("success", |_| true.into())]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintInput {
    billing_document_id: String,
    account_number: String,
}

async fn request(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PrintInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.requestPrintedBill", number, &input, |tx, viewer, input| {
        Box::pin(prints::request(tx, viewer, &input.account_number, &input.billing_document_id))
    });
    done.await.map(|()| Resolved::node(Printed)).map_err(|error| match error {
        PrintError::Unauthorised => FieldError::code("KT-CT-3824"),
        PrintError::NotIssued => FieldError::code("KT-CT-9705"),
        PrintError::Database(error) => FieldError::internal(error),
    })
}
