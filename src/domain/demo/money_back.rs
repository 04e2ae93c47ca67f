//! Who of the demo world has asked for money back.

use super::{DemoError, World};
use crate::domain::auth::Viewer;
use crate::domain::ledgers::ledgers::{self, Which};
use crate::domain::payments::refunds;
use crate::domain::payments::requests::{self, NewRequest};
use crate::platform::db::Tx;

/// The first customer to have more credit than they need asks for some of it, and waits for somebody to approve it.
pub(super) async fn ask(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    for person in &world.people {
        let viewer = Viewer::customer(person.user);
        let means = refunds::of_accounts(tx, &viewer, &[person.account], None).await?;
        let Some(means) = means.into_iter().flatten().next() else { continue };
        let amount = means.maximum().0.min(2500);
        if means.obstacle().is_some() || !means.sends_cheques || amount == 0 {
            continue;
        }
        let all = ledgers::of_accounts(tx, &viewer, &[person.account], &Which::default()).await?.concat();
        let Some(main) = all.iter().find(|ledger| ledger.is_main) else { continue };
        let new = NewRequest {
            account_number: person.numbers.first().map(String::as_str).unwrap_or_default(),
            ledger: &main.number,
            amount,
            method: Some("CHEQUE"),
            idempotency_key: "demo",
            reason: Some("CREDIT_TOO_HIGH"),
        };
        requests::submit(tx, &viewer, &new).await?;
        return Ok(());
    }
    Ok(())
}
