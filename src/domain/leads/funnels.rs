//! Funnels as they are read: their stages, and the fields that are asked.

use crate::domain::accounts::{grouped, in_order};
use crate::platform::db::{Tx, Under, row, statement};

row! {
    /// A funnel.
    pub struct Funnel {
        /// Row id.
        pub id: i64,
        /// Its code.
        pub code: String,
        /// Its name.
        pub name: String,
        /// `LEAD` or `OPPORTUNITY`.
        pub funnel_type: String,
        /// `DRAFT`, `ACTIVE` or `DEPRECATED`.
        pub status: String,
    }
}

row! {
    /// A stage of a funnel.
    pub struct Stage {
        /// Row id.
        pub id: i64,
        /// The funnel, by row id.
        pub funnel_id: i64,
        /// Its code.
        pub code: String,
        /// Its name.
        pub name: String,
        /// Its place, from one.
        pub position: i32,
        /// Whether it is entered only with everything filled that the funnel requires.
        pub needs_details: bool,
        /// `WON` or `LOST`, where it is the end.
        pub outcome: Option<String>,
    }
}

row! {
    /// Fields that belong together.
    pub struct Collection {
        /// Row id.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// What it is about.
        pub description: String,
        /// Its place, from one.
        pub position: i32,
    }
}

row! {
    /// A field that is asked.
    pub struct Field {
        /// Row id.
        pub id: i64,
        /// The funnel, by row id.
        pub funnel_id: i64,
        /// The key of the detail that it is.
        pub code: String,
        /// Its name.
        pub name: String,
        /// One of `FieldTypeChoices`.
        pub field_type: String,
        /// What can be chosen.
        pub text_choices: Vec<String>,
        /// What a text has to look like.
        pub text_regex: Option<String>,
        /// Whether stages that need details need it.
        pub is_required: bool,
        /// Whether it is no longer asked.
        pub is_deprecated: bool,
        /// Its place in the funnel, from one.
        pub position: i32,
    }
}

/// More funnels than a retailer has.
const MOST: i64 = 200;

// A funnel in the making is nobody's but its makers'.
statement!(static OF_TYPE: Funnel = "
    select id, code, name, funnel_type, status from sales_funnels
    where ($1::text is null or funnel_type = $1) and (status = 'ACTIVE' or ($2::boolean and status = 'DEPRECATED'))
    order by name, id limit $3");
statement!(static BY_CODE: Funnel = "
    select id, code, name, funnel_type, status from sales_funnels where code = $1 and status <> 'DRAFT'");
statement!(static BY_IDS: Funnel = "
    select id, code, name, funnel_type, status from sales_funnels where id = any($1::bigint[])");
// The oldest in use, unless one is named.
statement!(static IN_USE: Funnel = "
    select id, code, name, funnel_type, status from sales_funnels
    where funnel_type = $1 and ($2::text is null or code = $2) and status = 'ACTIVE' order by id limit 1");
statement!(static STAGES: Stage = "
    select id, funnel_id, code, name, position, needs_details, outcome from sales_stages
    where funnel_id = any($1::bigint[]) order by funnel_id, position");
statement!(static STAGES_BY_IDS: Stage = "
    select id, funnel_id, code, name, position, needs_details, outcome from sales_stages where id = any($1::bigint[])");
statement!(static COLLECTIONS: Under<Collection> = "
    select funnel_id as parent, id, name, description, position from sales_collections
    where funnel_id = any($1::bigint[]) order by funnel_id, position");

macro_rules! field {
    () => {
        "f.id, f.funnel_id, f.code, f.name, f.field_type, f.text_choices, f.text_regex, f.is_required, \
         f.is_deprecated, f.position from sales_fields f"
    };
}

statement!(static FIELDS: Field = concat!("select ", field!(), "
    where f.funnel_id = any($1::bigint[]) and (f.collection_id is null or not $2::boolean)
    order by f.funnel_id, f.position"));
statement!(static INSIDE: Under<Field> = concat!("select coalesce(f.collection_id, 0) as parent, ", field!(), "
    where f.collection_id = any($1::bigint[]) order by f.collection_id, f.position"));

/// The funnels in use, by name; with `all` also those that are not used any more.
///
/// # Errors
/// Those of the database.
pub async fn of_type(tx: &mut Tx, funnel_type: Option<&str>, all: bool) -> Result<Vec<Funnel>, sqlx::Error> {
    OF_TYPE.query().bind(funnel_type).bind(all).bind(MOST).fetch_all(&mut *tx).await
}

/// The funnel with a code, if it is or was in use.
///
/// # Errors
/// Those of the database.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Option<Funnel>, sqlx::Error> {
    BY_CODE.query().bind(code).fetch_optional(&mut *tx).await
}

/// The funnels with these ids, in order.
///
/// # Errors
/// Those of the database.
pub async fn by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Funnel>>, sqlx::Error> {
    Ok(in_order(ids, BY_IDS.query().bind(ids).fetch_all(&mut *tx).await?, |funnel| funnel.id))
}

/// The funnel of a type that is in use and has a code; without one, the oldest of them.
pub(super) async fn in_use(
    tx: &mut Tx,
    funnel_type: &str,
    code: Option<&str>,
) -> Result<Option<Funnel>, sqlx::Error> {
    IN_USE.query().bind(funnel_type).bind(code).fetch_optional(&mut *tx).await
}

/// The stages of each of these funnels, in their order. One statement.
///
/// # Errors
/// Those of the database.
pub async fn stages(tx: &mut Tx, funnels: &[i64]) -> Result<Vec<Vec<Stage>>, sqlx::Error> {
    let rows = STAGES.query().bind(funnels).fetch_all(&mut *tx).await?;
    Ok(grouped(funnels, rows.into_iter().map(|stage| (stage.funnel_id, stage)).collect()))
}

/// The stages with these ids, in order.
///
/// # Errors
/// Those of the database.
pub async fn stages_by_ids(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Option<Stage>>, sqlx::Error> {
    Ok(in_order(ids, STAGES_BY_IDS.query().bind(ids).fetch_all(&mut *tx).await?, |stage| stage.id))
}

/// The collections of each of these funnels, in their order. One statement.
///
/// # Errors
/// Those of the database.
pub async fn collections(tx: &mut Tx, funnels: &[i64]) -> Result<Vec<Vec<Collection>>, sqlx::Error> {
    let rows = COLLECTIONS.query().bind(funnels).fetch_all(&mut *tx).await?;
    Ok(grouped(funnels, rows.into_iter().map(Under::pair).collect()))
}

/// The fields of each of these funnels, in their order; with `loose` those that belong to no collection. One statement.
///
/// # Errors
/// Those of the database.
pub async fn fields(tx: &mut Tx, funnels: &[i64], loose: bool) -> Result<Vec<Vec<Field>>, sqlx::Error> {
    let rows = FIELDS.query().bind(funnels).bind(loose).fetch_all(&mut *tx).await?;
    Ok(grouped(funnels, rows.into_iter().map(|field| (field.funnel_id, field)).collect()))
}

/// The fields of each of these collections, in their order. One statement.
///
/// # Errors
/// Those of the database.
pub async fn inside(tx: &mut Tx, collections: &[i64]) -> Result<Vec<Vec<Field>>, sqlx::Error> {
    let rows = INSIDE.query().bind(collections).fetch_all(&mut *tx).await?;
    Ok(grouped(collections, rows.into_iter().map(Under::pair).collect()))
}
