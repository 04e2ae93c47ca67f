use std::borrow::Cow;

use include_dir::{Dir, include_dir};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// The migrations compiled into the program, by version.
pub(super) fn all() -> Result<Migrator, MigrateError> {
    let read = FILES.files().filter_map(|file| one(file.path().to_str()?, file.contents_utf8()?));
    let mut known = read.collect::<Result<Vec<_>, _>>()?;
    known.sort_by_key(|migration| migration.version);
    Ok(Migrator { migrations: Cow::Owned(known), ..Migrator::DEFAULT })
}

/// Reads `0001_what_it_does.sql`; anything else in the folder is left alone.
fn one(name: &str, sql: &'static str) -> Option<Result<Migration, MigrateError>> {
    let (version, title) = name.strip_suffix(".sql")?.split_once('_')?;
    let Ok(version) = version.parse() else {
        return Some(Err(MigrateError::Source(format!("{name} does not begin with a number").into())));
    };
    let title = Cow::Owned(title.replace('_', " "));
    Some(Ok(Migration::new(version, title, MigrationType::Simple, Cow::Borrowed(sql), false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_counted_without_gaps() {
        let versions: Vec<i64> = all().expect("valid").migrations.iter().map(|m| m.version).collect();
        let counted: Vec<i64> = (1..=versions.len() as i64).collect();
        assert_eq!(versions, counted);
    }
}
