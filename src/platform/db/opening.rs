//! Statements that Postgres knows by a name of ours: they can be sent along with what begins a transaction, where others
//! have to wait for it to have begun.

use std::fmt::{self, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use super::statement::Statement;

/// A statement with a name, which takes an argument at least; see the `opening!` macro.
pub struct Opening<R: 'static> {
    name: &'static str,
    statement: &'static Statement<R>,
}

impl<R> Opening<R> {
    /// Use the `opening!` macro, which makes the name known as well.
    pub const fn new(name: &'static str, statement: &'static Statement<R>) -> Self {
        Self { name, statement }
    }

    /// The command that runs it.
    pub(super) fn call(&self, values: &[Literal<'_>]) -> String {
        let written: Vec<String> = values.iter().map(Literal::written).collect();
        format!("execute {}({})", self.name, written.join(", "))
    }
}

/// A name that each connection has to know.
pub struct Named {
    pub name: &'static str,
    pub types: &'static str,
    pub sql: &'static str,
}

inventory::collect!(Named);

/// The commands that make all names known.
pub(super) fn preparing() -> String {
    let prepare = |known: &Named| format!("prepare {} ({}) as {}", known.name, known.types, known.sql);
    inventory::iter::<Named>().map(prepare).collect::<Vec<_>>().join("; ")
}

/// Gives a statement a name, by which it can be sent along with what begins or ends a transaction.
macro_rules! opening {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $row:ty = $known:literal ($types:literal) $statement:ident) => {
        $(#[$meta])*
        $vis static $name: $crate::platform::db::Opening<$row> =
            $crate::platform::db::Opening::new($known, &$statement);

        inventory::submit! {
            $crate::platform::db::Named { name: $known, types: $types, sql: $statement.sql() }
        }
    };
}
pub(crate) use opening;

/// A query with these arguments.
pub(super) fn bound<R>(what: &Opening<R>, values: &[Literal<'_>]) -> Query<'static, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(what.statement.sql()), |query, value| match value {
        Literal::Big(number) => query.bind(*number),
        Literal::Text(text) => query.bind((*text).to_owned()),
        Literal::Bytes(bytes) => query.bind(bytes.to_vec()),
        Literal::Moment(at) => query.bind(*at),
        Literal::BigOrNull(number) => query.bind(*number),
        Literal::TextOrNull(text) => query.bind(text.map(str::to_owned)),
        Literal::Bigs(numbers) => query.bind(numbers.to_vec()),
        Literal::Texts(texts) => query.bind(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()),
        Literal::Json(value) => query.bind((*value).clone()),
        Literal::Jsons(values) => query.bind(values.iter().map(|value| (*value).clone()).collect::<Vec<_>>()),
    })
}

/// What is run along with the commit.
pub(super) struct Later {
    pub call: String,
    /// The same, for a connection that does not know the name.
    pub query: Query<'static, Postgres, PgArguments>,
}

impl fmt::Debug for Later {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Later")
    }
}

impl Later {
    pub fn new(what: &Opening<()>, values: &[Literal<'_>]) -> Self {
        let query = bound(what, values);
        Self { call: what.call(values), query }
    }
}

/// An argument that is written into a command. What a caller wrote stays within its quotes.
#[derive(Clone, Copy, Debug)]
pub enum Literal<'a> {
    Big(i64),
    BigOrNull(Option<i64>),
    Bigs(&'a [i64]),
    Text(&'a str),
    TextOrNull(Option<&'a str>),
    Texts(&'a [&'a str]),
    Json(&'a Value),
    Jsons(&'a [&'a Value]),
    Bytes(&'a [u8]),
    Moment(DateTime<Utc>),
}

const NULL: &str = "null";

/// Backslashes stand for themselves: `standard_conforming_strings` is on.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn array(values: impl Iterator<Item = String>, of: &str) -> String {
    format!("array[{}]::{of}[]", values.collect::<Vec<_>>().join(","))
}

impl Literal<'_> {
    fn written(&self) -> String {
        match self {
            Self::Big(number) => number.to_string(),
            Self::BigOrNull(number) => number.map_or(NULL.to_owned(), |number| number.to_string()),
            Self::Bigs(numbers) => array(numbers.iter().map(i64::to_string), "bigint"),
            Self::Text(text) => quoted(text),
            Self::TextOrNull(text) => text.map_or(NULL.to_owned(), quoted),
            Self::Texts(texts) => array(texts.iter().map(|text| quoted(text)), "text"),
            Self::Json(value) => quoted(&value.to_string()),
            Self::Jsons(values) => array(values.iter().map(|value| quoted(&value.to_string())), "jsonb"),
            Self::Moment(at) => quoted(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
            Self::Bytes(bytes) => {
                let mut text = String::with_capacity(4 + 2 * bytes.len());
                text.push_str("'\\x");
                for byte in *bytes {
                    // Writing to a string never fails.
                    let _ = write!(text, "{byte:02x}");
                }
                text.push('\'');
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ONE: Statement<(i64,)> = Statement::new("select $1");

    #[test]
    fn arguments_are_written_as_postgres_reads_them() {
        let opening = Opening::new("one", &ONE);
        let values = [Literal::Big(-7), Literal::Text(r"it's\"), Literal::Bytes(&[0, 171])];
        let at = Literal::Moment(DateTime::from_timestamp_micros(1_500_000).unwrap_or_default());
        assert_eq!(at.written(), "'1970-01-01T00:00:01.500000Z'");
        assert_eq!(Literal::Bigs(&[1, 2]).written(), "array[1,2]::bigint[]");
        assert_eq!(Literal::Texts(&["a'b"]).written(), "array['a''b']::text[]");
        assert_eq!(Literal::TextOrNull(None).written(), "null");
        assert_eq!(opening.call(&values), r"execute one(-7, 'it''s\', '\x00ab')");
    }
}
