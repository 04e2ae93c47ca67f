//! `updateSpecialCircumstances` and `AccountUserType.specialCircumstances`.

use serde_json::{Map, Value};

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::circumstances::{
    self, Circumstance, CircumstanceError, Circumstances, Told, Wrong,
};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Leaves, Node, Resolved};

/// What holds after a change.
struct Changed(Circumstances);

const LASTING: Leaves<Circumstance> = &[
    ("id", |c| c.id.into()),
    ("summary", summary),
    ("internalCode", |c| (&c.code).into()),
    ("createdAt", |c| c.created_at.into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateSpecialCircumstances", update);
    b.batch("AccountUserType.specialCircumstances", of_users);
    // A password that no visitor is told protects nobody.
    b.dark(&[
        "UpdateSpecialCircumstancesInput.usePasswordToIdentify",
        "UpdateSpecialCircumstancesInput.partnerPassword",
    ]);
    b.parts::<Changed>(
        "UpdateSpecialCircumstances",
        &[("specialCircumstances", |c| Resolved::node(c.0.clone()))],
    );
    b.leaves::<Circumstances>("SpecialCircumstancesType", &[("isSharingConsentGiven", |c| c.consent.into())]);
    b.parts::<Circumstances>(
        "SpecialCircumstancesType",
        &[("records", |c| Resolved::List(c.records.iter().cloned().map(record).collect()))],
    );
    b.leaves("SpecialCircumstanceRecordType", LASTING);
    b.leaves("TemporarySpecialCircumstanceRecordType", LASTING);
    b.leaves::<Circumstance>(
        "TemporarySpecialCircumstanceRecordType",
        &[("expiryDate", |c| c.last_day.into())],
    );
}

fn summary(circumstance: &Circumstance) -> Leaf<'_> {
    match &circumstance.detail {
        Some(detail) => format!("{}: {detail}", circumstance.summary).into(),
        None => (&circumstance.summary).into(),
    }
}

fn record(circumstance: Circumstance) -> Resolved {
    let tag = if circumstance.is_temporary {
        "TemporarySpecialCircumstanceRecordType"
    } else {
        "SpecialCircumstanceRecordType"
    };
    Resolved::Node(Node::typed(tag, circumstance))
}

/// The input as the register reads it: its fields are called as the circumstances are, and the last day of one as it
/// is with `EndDate` behind.
fn told(input: Map<String, Value>) -> Told {
    let mut told = Told::default();
    for (name, value) in input {
        match (name.as_str(), value) {
            ("userConsent", Value::Bool(consent)) => told.consent = Some(consent),
            ("language", Value::String(language)) => told.language = Some(language),
            (_, Value::Bool(holds)) => drop(told.holds.insert(name, holds)),
            (dated, Value::String(day)) => {
                let of = dated.strip_suffix("EndDate").unwrap_or(dated).to_owned();
                told.last_days.insert(of, day);
            }
            _ => {}
        }
    }
    told
}

async fn update(call: Call<'_>) -> Result<Resolved, FieldError> {
    let told = told(call.arg("input")?);
    let done = call.cx.write("Mutation.updateSpecialCircumstances", None, &told, |tx, viewer, told| {
        Box::pin(circumstances::tell(tx, viewer, told))
    });
    done.await.map(|now| Resolved::node(Changed(now))).map_err(|error| match error {
        CircumstanceError::Forbidden => FieldError::code(FORBIDDEN),
        CircumstanceError::Invalid(name, wrong) => invalid(&name, wrong),
        CircumstanceError::Database(error) => FieldError::internal(error),
    })
}

fn invalid(name: &str, wrong: Wrong) -> FieldError {
    let end_date = format!("{name}EndDate");
    let (why, field) = match wrong {
        Wrong::NoRegister => ("None of your accounts is in a country that keeps a register.", name),
        Wrong::Unknown => ("The register does not know this.", name),
        Wrong::LastDay => ("This needs a last day, as 2031-03-31, that has not passed.", end_date.as_str()),
        Wrong::Language => ("This needs the name of a language.", name),
        Wrong::Alone => ("This says nothing without the circumstance that it belongs to.", name),
    };
    FieldError::code("KT-GB-5411").describe(why).at_input(&["input", field])
}

/// Null for whoever may not know.
async fn of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let found =
        circumstances::of_users(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}
