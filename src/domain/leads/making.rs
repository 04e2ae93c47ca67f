//! How funnels come about: staff describe one as a whole, with its stages and fields, and put it in use or out of it.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use thiserror::Error;

use super::fields::fits_pattern;
use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Why a funnel was not made, or its status not changed.
#[derive(Debug, Error)]
pub enum FunnelError {
    /// There is a funnel with the code.
    #[error("there is a funnel with this code")]
    Taken,
    /// There is no such funnel.
    #[error("there is no such funnel")]
    Unknown,
    /// The plan cannot be; a sentence.
    #[error("{0}")]
    Plan(String),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(FunnelError);

impl From<sqlx::Error> for FunnelError {
    fn from(error: sqlx::Error) -> Self {
        let is_check = error.as_database_error().is_some_and(|error| error.is_check_violation());
        if on_constraint(&error, "sales_funnels_code_key") {
            Self::Taken
        } else if is_check {
            Self::Plan("A code, name, type, status or outcome cannot be.".to_owned())
        } else {
            Self::Database(error)
        }
    }
}

/// A funnel as a whole.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Its code: small letters, digits, hyphens and underscores.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `LEAD` or `OPPORTUNITY`.
    pub funnel_type: String,
    /// Whether it is not to be used yet.
    #[serde(default)]
    pub is_draft: bool,
    /// Its stages, in order.
    pub stages: Vec<StagePlan>,
    /// Fields that belong together, in order.
    #[serde(default)]
    pub collections: Vec<CollectionPlan>,
    /// Other fields, in order, behind those.
    #[serde(default)]
    pub fields: Vec<FieldPlan>,
}

/// A stage.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StagePlan {
    /// Its code, as that of a funnel.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether whatever enters the funnel begins here.
    #[serde(default)]
    pub is_initial: bool,
    /// Whether it is entered only with everything filled that the funnel requires.
    #[serde(default)]
    pub needs_details: bool,
    /// `WON` or `LOST`, where it is the end.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Codes of the stages that may follow.
    #[serde(default)]
    pub next: Vec<String>,
}

/// Fields that belong together.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CollectionPlan {
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// Its fields, in order.
    pub fields: Vec<FieldPlan>,
}

/// A field that is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FieldPlan {
    /// The key of the detail that it is.
    pub code: String,
    /// Its name.
    pub name: String,
    /// One of `FieldTypeChoices`.
    pub field_type: String,
    /// What can be chosen.
    #[serde(default)]
    pub text_choices: Vec<String>,
    /// What a text has to look like, as a whole: a regular expression.
    #[serde(default)]
    pub text_regex: Option<String>,
    /// Whether stages that need details need it.
    #[serde(default)]
    pub is_required: bool,
    /// Whether it is no longer asked.
    #[serde(default)]
    pub is_deprecated: bool,
}

statement!(static ADD: (i64,) = "
    insert into sales_funnels (code, name, funnel_type, status, created_at) values ($1, $2, $3, $4, $5) returning id");
statement!(static ADD_STAGE: (i64,) = "
    insert into sales_stages (funnel_id, code, name, position, is_initial, needs_details, outcome)
    values ($1, $2, $3, $4, $5, $6, $7) returning id");
statement!(static ADD_STEP: () = "
    insert into sales_stage_steps (funnel_id, from_id, to_id) values ($1, $2, $3)");
statement!(static ADD_COLLECTION: (i64,) = "
    insert into sales_collections (funnel_id, name, description, position) values ($1, $2, $3, $4) returning id");
statement!(static ADD_FIELD: () = "
    insert into sales_fields (funnel_id, collection_id, code, name, field_type, text_choices, text_regex, is_required,
        is_deprecated, position)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
statement!(static PUT_STATUS: (i64,) = "update sales_funnels set status = $2 where code = $1 returning id");

/// Makes a funnel. Answers its row id.
///
/// # Errors
/// See [`FunnelError`].
pub async fn make(tx: &mut Tx, plan: &Plan) -> Result<i64, FunnelError> {
    sound(plan).map_err(FunnelError::Plan)?;
    let now = tx.business_now().await?;
    let status = if plan.is_draft { "DRAFT" } else { "ACTIVE" };
    let add = ADD.query().bind(&plan.code).bind(&plan.name).bind(&plan.funnel_type).bind(status).bind(now);
    let (funnel,) = add.fetch_one(&mut *tx).await?;
    stages(tx, funnel, &plan.stages).await?;
    let mut place = 0;
    for (at, collection) in (1i32..).zip(&plan.collections) {
        let add = ADD_COLLECTION.query().bind(funnel).bind(&collection.name).bind(&collection.description);
        let (id,) = add.bind(at).fetch_one(&mut *tx).await?;
        for field in &collection.fields {
            place += 1;
            add_field(tx, funnel, Some(id), field, place).await?;
        }
    }
    for field in &plan.fields {
        place += 1;
        add_field(tx, funnel, None, field, place).await?;
    }
    Ok(funnel)
}

/// Puts a funnel in use (`ACTIVE`) or out of it (`DEPRECATED`). Whatever is in it may go on.
///
/// # Errors
/// See [`FunnelError`].
pub async fn put_status(tx: &mut Tx, code: &str, status: &str) -> Result<(), FunnelError> {
    let put = PUT_STATUS.query().bind(code).bind(status).fetch_optional(&mut *tx).await?;
    put.map(|_| ()).ok_or(FunnelError::Unknown)
}

async fn stages(tx: &mut Tx, funnel: i64, plans: &[StagePlan]) -> Result<(), FunnelError> {
    let mut ids = HashMap::new();
    for (at, plan) in (1i32..).zip(plans) {
        let add = ADD_STAGE.query().bind(funnel).bind(&plan.code).bind(&plan.name).bind(at);
        let add = add.bind(plan.is_initial).bind(plan.needs_details).bind(&plan.outcome);
        let (id,) = add.fetch_one(&mut *tx).await?;
        ids.insert(plan.code.as_str(), id);
    }
    for plan in plans {
        for next in &plan.next {
            if let (Some(from), Some(to)) = (ids.get(plan.code.as_str()), ids.get(next.as_str())) {
                ADD_STEP.command().bind(funnel).bind(from).bind(to).execute(&mut *tx).await?;
            }
        }
    }
    Ok(())
}

async fn add_field(
    tx: &mut Tx,
    funnel: i64,
    collection: Option<i64>,
    plan: &FieldPlan,
    place: i32,
) -> Result<(), FunnelError> {
    if let Some(pattern) = &plan.text_regex
        && fits_pattern(tx, "", pattern).await?.is_none()
    {
        return Err(FunnelError::Plan(format!("The pattern of {} is none.", plan.code)));
    }
    let add = ADD_FIELD.command().bind(funnel).bind(collection).bind(&plan.code).bind(&plan.name);
    let add = add.bind(&plan.field_type).bind(&plan.text_choices).bind(&plan.text_regex);
    add.bind(plan.is_required).bind(plan.is_deprecated).bind(place).execute(&mut *tx).await?;
    Ok(())
}

/// What the tables cannot tell as well: whether codes repeat, and steps lead anywhere.
fn sound(plan: &Plan) -> Result<(), String> {
    let stages: HashSet<&str> = plan.stages.iter().map(|stage| stage.code.as_str()).collect();
    if stages.is_empty() || stages.len() < plan.stages.len() {
        return Err("A funnel needs stages, each with a code of its own.".to_owned());
    }
    if plan.stages.iter().filter(|stage| stage.is_initial).count() > 1 {
        return Err("Only one stage can come first.".to_owned());
    }
    let outcomes: Vec<&str> = plan.stages.iter().filter_map(|stage| stage.outcome.as_deref()).collect();
    if outcomes.iter().collect::<HashSet<_>>().len() < outcomes.len() {
        return Err("Each outcome has one stage.".to_owned());
    }
    for stage in &plan.stages {
        let followers: HashSet<&str> = stage.next.iter().map(String::as_str).collect();
        let is_sound = followers.len() == stage.next.len() && !followers.contains(stage.code.as_str());
        if !is_sound || !followers.is_subset(&stages) {
            return Err(format!(
                "What follows {} has to be other stages of the funnel, each once.",
                stage.code
            ));
        }
    }
    let inside = plan.collections.iter().flat_map(|collection| &collection.fields);
    let mut codes = HashSet::new();
    match inside.chain(&plan.fields).find(|field| !codes.insert(field.code.as_str())) {
        Some(twice) => Err(format!("There are two fields {}.", twice.code)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        serde_json::from_str(text).expect("a plan")
    }

    #[test]
    fn a_plan_leads_somewhere() {
        let with = |stages: &str| {
            plan(&format!(r#"{{ "code": "f", "name": "F", "funnelType": "LEAD", "stages": {stages} }}"#))
        };
        assert!(sound(&with(r#"[{"code":"a","name":"A","next":["b"]},{"code":"b","name":"B"}]"#)).is_ok());
        for wrong in [
            "[]",
            r#"[{"code":"a","name":"A"},{"code":"a","name":"B"}]"#,
            r#"[{"code":"a","name":"A","next":["a"]}]"#,
            r#"[{"code":"a","name":"A","next":["c"]}]"#,
            r#"[{"code":"a","name":"A","isInitial":true},{"code":"b","name":"B","isInitial":true}]"#,
            r#"[{"code":"a","name":"A","outcome":"WON"},{"code":"b","name":"B","outcome":"WON"}]"#,
        ] {
            assert!(sound(&with(wrong)).is_err(), "{wrong}");
        }
    }
}
