//! `Contract` and what hangs on it.

use std::collections::HashMap;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::businesses::{self, Business};
use crate::domain::contracts::notes::{self, ALL, Note, Reason};
use crate::domain::contracts::terms::{self, Term};
use crate::domain::contracts::{self, Contract};
use crate::graphql::{FieldError, Leaf, Leaves, Node, Resolved};

/// The types of terms, by their kinds.
const TYPES: [(&str, &str); 6] = [
    ("BILL_DUE_DATE", "BillDueDateType"),
    ("PAYS_BY_DIRECT_DEBIT", "PaysByDirectDebitType"),
    ("LATE_PAYMENT_FEES", "LatePaymentFeesType"),
    ("MINIMUM_CONTRACT_LENGTH", "MinimumContractLengthType"),
    ("TERMINATION_FEE", "TerminationFeeType"),
    ("CONTRACT_METADATA", "ContractMetaDataType"),
];

/// What all terms have.
const COMMON: Leaves<Term> = &[
    ("type", |t| (&t.kind).into()),
    ("displayName", |t| (&t.display_name).into()),
    ("description", |t| (&t.description).into()),
    ("identifier", |t| (&t.identifier).into()),
    ("isVariable", |t| t.is_variable.into()),
];

/// Which version is at hand.
struct Version(Contract);

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<Contract>(
        "Contract",
        &[
            ("identifier", |c| (&c.identifier).into()),
            ("title", |c| (&c.title).into()),
            ("status", |c| (&c.status).into()),
            ("validFrom", |c| c.valid_from.into()),
            ("validTo", |c| c.valid_to.into()),
            ("signedAt", |c| c.signed_at.into()),
            ("cancelledAt", |c| c.cancelled_at.into()),
            ("rescindedAt", |c| c.rescinded_at.into()),
        ],
    );
    b.parts::<Contract>("Contract", &[("lifecycle", |c| Resolved::node(Version(c.clone())))]);
    b.leaves::<Version>(
        "ContractVersion",
        &[("versionReference", |v| v.0.version.into()), ("effectiveFrom", |v| v.0.effective_from.into())],
    );
    b.batch("Contract.party", parties);
    b.batch("Contract.subject", subjects);
    b.batch("Contract.terms", terms_of);
    b.batch("Contract.notes", notes_of);
    b.leaves::<Note>(
        "ContractNoteType",
        &[
            ("note", |n| (&n.note).into()),
            ("activityType", |n| (&n.activity).into()),
            ("createdAt", |n| n.made_at.into()),
        ],
    );
    b.parts::<Note>("ContractNoteType", &[("reason", |n| Resolved::node(n.reason()))]);
    b.leaves::<Reason>(
        "ContractNoteReasonType",
        &[
            ("slug", |r| (&r.slug).into()),
            ("description", |r| (&r.description).into()),
            ("activityTypes", activities),
        ],
    );
    for (_, name) in TYPES {
        b.leaves(name, COMMON);
    }
    b.leaves::<Term>(
        "LatePaymentFeesType",
        &[
            ("flatFeeAmount", |t| t.flat_fee.map(decimal).into()),
            ("percentageFee", |t| t.percentage.into()),
            ("percentageIntervalDays", |t| t.interval_days.map(i64::from).map(decimal).into()),
        ],
    );
    b.leaves::<Term>(
        "MinimumContractLengthType",
        &[("length", |t| t.length.into()), ("unitOfTime", |t| (&t.unit_of_time).into())],
    );
    b.leaves::<Term>(
        "TerminationFeeType",
        &[("amount", |t| t.fee.map(decimal).into()), ("marketName", |t| (&t.market_name).into())],
    );
    b.leaves::<Term>("ContractMetaDataType", &[("metadata", |t| t.metadata.as_ref().into())]);
}

fn decimal(units: i64) -> rust_decimal::Decimal {
    units.into()
}

fn activities(reason: &Reason) -> Leaf<'_> {
    if reason.activities.is_empty() { vec![ALL].into() } else { (&reason.activities).into() }
}

async fn parties(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (parents, viewer) = (call.parents::<Contract>()?, call.cx.viewer());
    let mut view = call.cx.read().await?;
    let accounts: Vec<i64> = parents.iter().filter_map(|contract| contract.account_id).collect();
    let businesses: Vec<i64> = parents.iter().filter_map(|contract| contract.business_id).collect();
    let accounts = accounts::by_ids(&mut view, viewer, &accounts).await.map_err(FieldError::internal)?;
    let accounts: HashMap<i64, Account> =
        accounts.into_iter().flatten().map(|account| (account.id, account)).collect();
    let known = businesses::by_ids(&mut view, viewer, &businesses).await.map_err(FieldError::internal)?;
    let businesses: HashMap<i64, Business> =
        known.into_iter().flatten().map(|business| (business.id, business)).collect();
    let party = |contract: &&Contract| {
        let account = contract.account_id.and_then(|id| accounts.get(&id));
        let business = contract.business_id.and_then(|id| businesses.get(&id));
        match (account, business) {
            (Some(account), _) => Resolved::Node(Node::typed("AccountType", account.clone())),
            (_, Some(business)) => Resolved::Node(Node::typed("BusinessType", business.clone())),
            _ => Resolved::Null,
        }
    };
    Ok(parents.iter().map(party).collect())
}

async fn subjects(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let viewer = call.cx.viewer();
    let ids: Vec<i64> = call.parents::<Contract>()?.iter().map(|contract| contract.id).collect();
    let mut view = call.cx.read().await?;
    let subjects = contracts::subjects(&mut view, viewer, &ids).await.map_err(FieldError::internal)?;
    let wanted: Vec<i64> = subjects.concat();
    let mut found =
        accounts::by_ids(&mut view, viewer, &wanted).await.map_err(FieldError::internal)?.into_iter();
    let of_each = |ids: &Vec<i64>| Resolved::nodes(found.by_ref().take(ids.len()).flatten());
    Ok(subjects.iter().map(of_each).collect())
}

async fn terms_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Contract>()?;
    let mut view = call.cx.read().await?;
    let found = terms::of_contracts(&mut view, &parents).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|terms| Resolved::List(terms.into_iter().filter_map(term).collect())).collect())
}

fn term(term: Term) -> Option<Resolved> {
    let (_, name) = TYPES.iter().find(|(kind, _)| *kind == term.kind)?;
    Some(Resolved::Node(Node::typed(name, term)))
}

async fn notes_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents = call.parents::<Contract>()?;
    let mut view = call.cx.read().await?;
    let found = notes::of_contracts(&mut view, &parents).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
