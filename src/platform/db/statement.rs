use std::marker::PhantomData;
use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::{PgArguments, PgRow, PgTypeInfo, Postgres};
use sqlx::query::{Query, QueryAs};
use sqlx::{Column as _, Describe, FromRow, TypeInfo};

use super::sight::{KINDS, Seer, narrowed};

/// Constant SQL and the type of its rows.
pub struct Statement<R> {
    sql: &'static str,
    /// As it is for each kind of viewers, once one has asked.
    narrowed: [OnceLock<String>; KINDS.len()],
    row: PhantomData<fn() -> R>,
}

impl<R> Statement<R> {
    /// Use the `statement!` macro, which registers it as well.
    pub const fn new(sql: &'static str) -> Self {
        Self { sql, narrowed: [const { OnceLock::new() }; KINDS.len()], row: PhantomData }
    }

    /// The SQL.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }
}

/// A statement that values are bound to, to fetch rows with.
pub type Bound<'q, R> = QueryAs<'q, Postgres, R, PgArguments>;

impl<R: for<'r> FromRow<'r, PgRow>> Statement<R> {
    /// A query to bind values to and fetch rows with.
    pub fn query<'q>(&self) -> Bound<'q, R> {
        sqlx::query_as(self.sql)
    }

    /// A query of what a viewer may see: its first two arguments are the viewer.
    pub fn seen_by<'q>(&'static self, viewer: &impl Seer) -> Bound<'q, R> {
        let kind = viewer.kind();
        let place = KINDS.iter().position(|known| *known == kind);
        let sql = place.and_then(|place| self.narrowed.get(place));
        let sql = sql.map_or(self.sql, |sql| sql.get_or_init(|| narrowed(self.sql, kind)));
        sqlx::query_as(sql).bind(kind).bind(viewer.id())
    }
}

impl Statement<()> {
    /// A command to bind values to and execute.
    pub fn command<'q>(&self) -> Query<'q, Postgres, PgArguments> {
        sqlx::query(self.sql)
    }
}

/// A statement as the check of all statements sees it.
pub struct Registered {
    /// Module path and name.
    pub name: &'static str,
    /// The SQL.
    pub sql: &'static str,
    columns: fn() -> Vec<Column>,
}

inventory::collect!(Registered);

impl Registered {
    /// Use the `statement!` macro.
    pub const fn new<R: Shape>(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, columns: R::columns }
    }

    /// Where what Postgres says differs from what the row type expects.
    pub fn mismatches(&self, described: &Describe<Postgres>) -> Vec<String> {
        let expected = (self.columns)();
        if expected.len() > described.columns().len() {
            return vec![format!("{}: has {} columns", self.name, described.columns().len())];
        }
        let checks =
            expected.iter().enumerate().filter_map(|(place, column)| column.mismatch(place, described));
        checks.map(|what| format!("{}: {what}", self.name)).collect()
    }
}

/// What a row type expects of one column.
pub struct Column {
    name: Option<&'static str>,
    nullable: bool,
    accepts: fn(&PgTypeInfo) -> bool,
}

impl Column {
    /// A column called `name` that is read as `T`.
    pub fn of<T: Field>(name: &'static str) -> Self {
        Self { name: Some(name), ..Self::unnamed::<T>() }
    }

    /// A column of a tuple, known by its place.
    pub fn unnamed<T: Field>() -> Self {
        Self { name: None, nullable: T::NULLABLE, accepts: T::accepts }
    }

    fn mismatch(&self, place: usize, described: &Describe<Postgres>) -> Option<String> {
        let place = match self.name {
            None => place,
            Some(name) => match described.columns().iter().position(|c| c.name() == name) {
                Some(place) => place,
                None => return Some(format!("no column {name}")),
            },
        };
        let column = described.columns().get(place)?;
        if !(self.accepts)(column.type_info()) {
            return Some(format!("{} is {}", column.name(), column.type_info().name()));
        }
        let surprise = described.nullable(place) == Some(true) && !self.nullable;
        surprise.then(|| format!("{} may be null", column.name()))
    }
}

/// A row type that knows its columns; `row!` implements it.
pub trait Shape {
    /// The columns it reads.
    fn columns() -> Vec<Column>;
}

/// A row of a list that hangs below something.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Under<T> {
    /// Id of what it hangs below.
    pub parent: i64,
    /// The row itself.
    #[sqlx(flatten)]
    pub row: T,
}

impl<T> Under<T> {
    /// The parent and the row.
    pub fn pair(self) -> (i64, T) {
        (self.parent, self.row)
    }
}

impl<T: Shape> Shape for Under<T> {
    fn columns() -> Vec<Column> {
        let mut all = T::columns();
        all.push(Column::of::<i64>("parent"));
        all
    }
}

impl Shape for () {
    fn columns() -> Vec<Column> {
        Vec::new()
    }
}

macro_rules! tuple_shapes {
    ($(($($t:ident),+))+) => {$(
        impl<$($t: Field),+> Shape for ($($t,)+) {
            fn columns() -> Vec<Column> {
                vec![$(Column::unnamed::<$t>()),+]
            }
        }
    )+};
}
tuple_shapes!((A)(A, B)(A, B, C)(A, B, C, D));

/// A Rust type that a column can be read as.
pub trait Field {
    /// Whether it takes nulls.
    const NULLABLE: bool;
    /// Whether it reads columns of this type.
    fn accepts(column: &PgTypeInfo) -> bool;
}

impl<T: Field> Field for Option<T> {
    const NULLABLE: bool = true;
    fn accepts(column: &PgTypeInfo) -> bool {
        T::accepts(column)
    }
}

/// Makes types that sqlx can read known as columns.
macro_rules! field {
    ($($rust:ty),+ $(,)?) => {$(
        impl $crate::platform::db::Field for $rust {
            const NULLABLE: bool = false;
            fn accepts(column: &sqlx::postgres::PgTypeInfo) -> bool {
                <$rust as sqlx::Type<sqlx::Postgres>>::compatible(column)
            }
        }
    )+};
}
pub(crate) use field;

field!(bool, i16, i32, i64, String, Vec<String>, Vec<i32>, Vec<i64>, Vec<u8>, Vec<Option<i32>>);
field!(DateTime<Utc>, NaiveDate, Decimal, uuid::Uuid, serde_json::Value);

/// Declares a row: a struct whose fields are read from columns of the same names.
macro_rules! row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $ty:ty),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $ty),+
        }

        impl $crate::platform::db::Shape for $name {
            fn columns() -> Vec<$crate::platform::db::Column> {
                vec![$($crate::platform::db::Column::of::<$ty>(stringify!($field))),+]
            }
        }
    };
}
pub(crate) use row;

/// Declares a static [`Statement`] and registers it for the check that prepares them all.
macro_rules! statement {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $row:ty = $sql:expr) => {
        $(#[$meta])*
        $vis static $name: $crate::platform::db::Statement<$row> = $crate::platform::db::Statement::new($sql);

        inventory::submit! {
            $crate::platform::db::Registered::new::<$row>(concat!(module_path!(), "::", stringify!($name)), $sql)
        }
    };
}
pub(crate) use statement;
