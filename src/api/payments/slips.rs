//! `latestKonbiniPaymentLink`: where the slip is with which a bill is paid at a convenience store.

use crate::api::session::{Bindings, Call};
use crate::domain::payments::slips::{self, Payable};
use crate::graphql::{FieldError, Resolved};

/// A slip and the address of its page.
struct Link {
    url: String,
    slip: Payable,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.latestKonbiniPaymentLink", latest);
    b.leaves::<Link>(
        "LatestKonbiniPaymentURL",
        &[("url", |link| (&link.url).into()), ("paymentDate", |link| link.slip.pay_by.into())],
    );
}

async fn latest(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = slips::latest(&mut view, call.cx.viewer(), &number).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(found.map(|slip| {
        let url = call.cx.app.files().address(&format!("/slips/{}", slip.reference));
        Link { url, slip }
    })))
}
