//! Japanese postcodes and what they stand for. The table holds those of the towns that the demo world knows, not all 120,000.

use thiserror::Error;

use crate::platform::db::{Tx, database_error, row, statement};

/// A line is a postcode, a prefecture, a city and a district, which may be empty.
const KNOWN: &str = include_str!("postal_areas.csv");

/// Why no area is answered.
#[derive(Debug, Error)]
pub enum PostcodeError {
    /// It has not the form of a Japanese postcode.
    #[error("a postcode has seven digits, with a hyphen after three or without")]
    Form,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PostcodeError);

row! {
    /// A district that a postcode stands for.
    pub struct PostalArea {
        /// Seven digits, with a hyphen after three.
        pub postcode: String,
        /// Prefecture.
        pub prefecture: String,
        /// City, ward or town.
        pub city: String,
        /// The district; empty for whatever of the city has no postcode of its own.
        pub area: String,
    }
}

statement!(static KEEP: () = "
    insert into postal_areas (postcode, prefecture, city, area)
    select known.postcode, known.prefecture, known.city, known.area
    from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as known (postcode, prefecture, city, area)
    on conflict do nothing");
statement!(static FIND: PostalArea = "
    select postcode, prefecture, city, area from postal_areas where postcode = $1 order by prefecture, city, area");

/// Brings the table up to the data file. What is no longer in it stays.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let column = |place: usize| -> Vec<&str> {
        KNOWN.lines().map(|line| line.split(',').nth(place).unwrap_or_default()).collect()
    };
    let keep = KEEP.command().bind(column(0)).bind(column(1)).bind(column(2)).bind(column(3));
    keep.execute(&mut *tx).await?;
    Ok(())
}

/// What a postcode stands for; nothing, if it is not known.
///
/// # Errors
/// [`PostcodeError::Form`] for a text that can be no postcode.
pub async fn find(tx: &mut Tx, postcode: &str) -> Result<Vec<PostalArea>, PostcodeError> {
    let postcode = written(postcode).ok_or(PostcodeError::Form)?;
    Ok(FIND.query().bind(postcode).fetch_all(&mut *tx).await?)
}

/// A postcode as it is kept.
fn written(text: &str) -> Option<String> {
    let text = text.trim();
    let (area, rest) = match text.split_once('-') {
        Some(parts) => parts,
        None => text.split_at_checked(3)?,
    };
    let are_digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    (are_digits(area, 3) && are_digits(rest, 4)).then(|| format!("{area}-{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postcode_has_seven_digits() {
        for good in ["105-0001", "1050001", " 105-0001 "] {
            assert_eq!(written(good).as_deref(), Some("105-0001"));
        }
        for bad in ["", "105", "105-001", "10-50001", "105-00011", "BS1 4QA", "１０５０００１", "1050-001"]
        {
            assert_eq!(written(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_data_file_has_whole_lines_once() {
        let mut lines: Vec<&str> = KNOWN.lines().collect();
        for line in &lines {
            let parts: Vec<&str> = line.split(',').collect();
            assert_eq!(parts.len(), 4, "{line}");
            assert_eq!(written(parts[0]).as_deref(), Some(parts[0]));
            assert!(!parts[1].is_empty() && !parts[2].is_empty());
        }
        lines.dedup();
        assert_eq!(lines.len(), KNOWN.lines().count());
    }
}
