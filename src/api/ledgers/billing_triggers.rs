//! `billingTriggerConfigurations` and an account's own rhythm.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::billing_targets::{self, Name, Named};
use crate::domain::ledgers::billing_triggers::{self, Configuration, Target};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::market::{BillingOperation, BillingTarget, NamedDay};

/// A target of a page, and of which period its rhythms are wanted.
struct Listed {
    named: Named,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

/// A rhythm as it looks now.
struct Shown {
    configuration: Configuration,
    now: DateTime<Utc>,
}

impl Shown {
    fn today(&self) -> NaiveDate {
        self.configuration.market.day(self.now)
    }
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.billingTriggerConfigurations", configurations);
    b.batch("AccountType.billingTriggerConfiguration", of_accounts);
    b.batch("BillingTriggerConfigurationsForTarget.configurations", of_targets);
    b.parts::<Listed>(
        "BillingTriggerConfigurationsForTarget",
        &[("target", |l| Resolved::node(l.named.clone()))],
    );
    b.leaves::<Named>(
        "BillingTriggerTargetReference",
        &[("targetType", |t| (&t.kind).into()), ("number", |t| (&t.number).into()), ("id", |t| t.id.into())],
    );
    b.leaves::<Shown>(
        "BillingTriggerConfiguration",
        &[
            ("effectiveFrom", |s| s.configuration.from.into()),
            ("effectiveTo", |s| s.configuration.to.into()),
            ("isActive", |s| s.configuration.holds_at(s.now).into()),
            ("targetType", |s| s.configuration.set_for.code().into()),
            ("nextIssueDate", |s| s.configuration.next_issue(s.today()).map(|(day, _)| day).into()),
        ],
    );
    b.parts::<Shown>(
        "BillingTriggerConfiguration",
        &[("operationFrequencies", |s| Resolved::nodes(s.configuration.operations.iter().cloned()))],
    );
    bind_operations(b);
}

fn bind_operations(b: &mut Bindings) {
    b.leaves::<BillingOperation>(
        "BillingOperationFrequency",
        &[
            ("operationType", |o| o.operation.code().into()),
            ("targetType", |o| o.target.code().into()),
            ("frequency", |o| o.frequency.code().into()),
            ("multiplier", |o| i64::from(o.multiplier).into()),
            ("triggerAtStartDay", |o| o.start.map(|start| i64::from(start.day)).into()),
            ("triggerAtStartMonth", |o| o.start.map(|start| i64::from(start.month)).into()),
        ],
    );
    b.parts::<BillingOperation>(
        "BillingOperationFrequency",
        &[("temporalParams", |o| Resolved::nodes(o.days.iter().cloned()))],
    );
    b.leaves::<NamedDay>(
        "BillingOperationTemporalParamsType",
        &[
            ("paramKey", |d| (&d.key).into()),
            ("startDay", |d| i64::from(d.on.day).into()),
            ("startMonth", |d| i64::from(d.on.month).into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TargetInput {
    account_number: Option<String>,
    portfolio_number: Option<String>,
    ledger_id: Option<String>,
}

impl TargetInput {
    fn name(self) -> Result<Name, FieldError> {
        match (self.portfolio_number, self.account_number, self.ledger_id) {
            (Some(number), None, None) => Ok(Name::Portfolio(number)),
            (None, Some(number), None) => Ok(Name::Account(number)),
            // No ledger has an id that is not a positive number.
            (None, None, Some(id)) => Ok(Name::Ledger(id.parse().unwrap_or(0))),
            _ => Err(FieldError::code(INVALID_INPUT)
                .describe("Name a portfolio, an account or a ledger, and only one of them.")
                .at_input(&["target"])),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    target: TargetInput,
    effective_from: Option<DateTime<Utc>>,
    effective_to: Option<DateTime<Utc>>,
    include_children: Option<bool>,
}

async fn configurations(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let wanted: Wanted = call.args()?;
    let (from, to) = (wanted.effective_from, wanted.effective_to);
    let (name, deep) = (wanted.target.name()?, wanted.include_children == Some(true));
    let mut view = call.cx.read().await?;
    let page = billing_targets::below(&mut view, call.cx.viewer(), &name, deep, &window).await;
    let page = page.map_err(FieldError::internal)?;
    Ok(connection(page, |named| Node::new(Listed { named, from, to })))
}

async fn of_targets(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let listed = call.parents::<Listed>()?;
    let targets: Vec<Target> = listed.iter().map(|listed| listed.named.target()).collect();
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let found = billing_triggers::of_targets(&mut view, &targets).await.map_err(FieldError::internal)?;
    let shown = |(listed, all): (&&Listed, Vec<Configuration>)| {
        let wanted = all.into_iter().filter(|each| each.holds_within(listed.from, listed.to));
        Resolved::nodes(wanted.map(|configuration| Shown { configuration, now }))
    };
    Ok(listed.iter().zip(found).map(shown).collect())
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let accounts = call.parents::<Account>()?;
    let targets: Vec<Target> =
        accounts.iter().map(|account| Target { kind: BillingTarget::Account, id: account.id }).collect();
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let found = billing_triggers::of_targets(&mut view, &targets).await.map_err(FieldError::internal)?;
    let current = |all: Vec<Configuration>| {
        let configuration = all.into_iter().find(|each| each.holds_at(now));
        Resolved::maybe(configuration.map(|configuration| Shown { configuration, now }))
    };
    Ok(found.into_iter().map(current).collect())
}
