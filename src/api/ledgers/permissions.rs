//! Between which ledgers credit may move: `createCreditTransferPermission`, `terminateCreditTransferPermission`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::ledgers::permissions::{self, Between, Permission, PermissionError, Permissions, Side};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Resolved};

/// A permission holds since this moment.
struct Given(DateTime<Utc>);

/// A permission holds no longer since this moment.
struct Withdrawn(DateTime<Utc>);

const FIELDS: Leaves<Permission> = &[
    ("ledgerNumber", |p| (&p.ledger_number).into()),
    ("accountNumber", |p| (&p.account_number).into()),
    ("validFrom", |p| p.valid_from.into()),
    ("validTo", |p| p.valid_to.into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createCreditTransferPermission", create_permission);
    b.root("Mutation.terminateCreditTransferPermission", terminate_permission);
    b.leaves::<Given>("CreateCreditTransferPermission", &[("validFrom", |g| g.0.into())]);
    b.leaves::<Withdrawn>("TerminateCreditTransferPermission", &[("validTo", |w| w.0.into())]);
    b.batch("LedgerType.creditTransferPermissionsData", permissions_of);
    b.parts::<Permissions>(
        "CreditTransferPermissionsDataType",
        &[
            ("fromSourceLedgers", |p| Resolved::nodes(p.from.iter().cloned())),
            ("toTargetLedgers", |p| Resolved::nodes(p.to.iter().cloned())),
        ],
    );
    b.leaves("CreditTransferPermissionFromSourceLedgerType", FIELDS);
    b.leaves("CreditTransferPermissionToTargetLedgerType", FIELDS);
}

async fn permissions_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let found = permissions::of_ledgers(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::node).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BetweenInput {
    source_ledger_number: String,
    target_ledger_number: String,
}

impl BetweenInput {
    fn between(&self) -> Between<'_> {
        Between { source: &self.source_ledger_number, target: &self.target_ledger_number }
    }
}

async fn create_permission(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BetweenInput = call.arg("input")?;
    let subject = Some(input.source_ledger_number.as_str());
    let given =
        call.cx.write("Mutation.createCreditTransferPermission", subject, &input, |tx, viewer, input| {
            Box::pin(async move { permissions::give(tx, viewer, &input.between()).await })
        });
    given.await.map(|since| Resolved::node(Given(since))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TerminateInput {
    #[serde(flatten)]
    between: BetweenInput,
    active_at: Option<DateTime<Utc>>,
}

async fn terminate_permission(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TerminateInput = call.arg("input")?;
    let subject = Some(input.between.source_ledger_number.as_str());
    let withdrawn =
        call.cx.write("Mutation.terminateCreditTransferPermission", subject, &input, |tx, viewer, input| {
            Box::pin(async move {
                permissions::withdraw(tx, viewer, &input.between.between(), input.active_at).await
            })
        });
    withdrawn.await.map(|since| Resolved::node(Withdrawn(since))).map_err(refusal)
}

fn refusal(error: PermissionError) -> FieldError {
    match error {
        PermissionError::Forbidden => FieldError::code(FORBIDDEN),
        PermissionError::Unauthorised(side) => {
            FieldError::code("KT-CT-3822").at_input(&["input", field(side)])
        }
        PermissionError::NotValid(side, why) => {
            FieldError::code("KT-CT-3827").describe(why).at_input(&["input", field(side)])
        }
        PermissionError::NoStorage => FieldError::code("KT-CT-3828"),
        PermissionError::Exists => FieldError::code("KT-CT-3829"),
        PermissionError::Unknown => FieldError::code("KT-CT-3825"),
        PermissionError::Database(error) => FieldError::internal(error),
    }
}

fn field(side: Side) -> &'static str {
    match side {
        Side::Source => "sourceLedgerNumber",
        Side::Target => "targetLedgerNumber",
    }
}
