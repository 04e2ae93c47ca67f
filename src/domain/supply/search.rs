//! Finding properties by what their addresses resemble, misspelt or not.

use rust_decimal::Decimal;
use thiserror::Error;

use super::properties::{self, Property};
use super::visible::property_is_visible;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};

/// The most properties that one search answers, the best ones.
pub const MOST_RESULTS: i64 = 100;
/// The longest term, in characters.
const LONGEST: usize = 200;
/// The fewest letters and digits: fewer resemble everything.
const SHORTEST: usize = 3;

/// Why nothing was searched.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The term is too short or too long.
    #[error("a search term needs between {SHORTEST} and {LONGEST} characters")]
    Term,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SearchError);

/// A property that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The property.
    pub property: Property,
    /// How much of the term its address resembles, from 0 to 1.
    pub score: Decimal,
}

row! {
    struct Hit {
        id: i64,
        score: Decimal,
    }
}

// Half of the trigrams will do, as when accounts are searched. For this transaction only.
statement!(static TOLERATE: (String,) = "select set_config('pg_trgm.word_similarity_threshold', '0.5', true)");
statement!(static SEARCH: Hit = concat!("
    select pr.id, round(word_similarity($3::text, pr.address_text)::numeric, 4) as score from properties pr
    where $3 <% pr.address_text and ", property_is_visible!(), " order by 2 desc, pr.id limit $4"));

/// The properties whose address resembles a text, best first, then oldest first.
pub async fn properties(tx: &mut Tx, viewer: &Viewer, term: &str) -> Result<Vec<Found>, SearchError> {
    let term = tolerant(tx, term).await?;
    let query = SEARCH.seen_by(viewer).bind(&term).bind(MOST_RESULTS);
    let hits = query.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = hits.iter().map(|hit| hit.id).collect();
    let found = properties::by_ids(tx, viewer, &ids).await?;
    let found = hits.iter().zip(found);
    Ok(found.filter_map(|(hit, property)| Some(Found { property: property?, score: hit.score })).collect())
}

/// What to look for, as statements take it that tolerate misspelling from here on in the transaction.
///
/// # Errors
/// [`SearchError::Term`] for a text that is too short or too long.
pub(super) async fn tolerant(tx: &mut Tx, term: &str) -> Result<String, SearchError> {
    let term = term.trim().to_lowercase();
    let telling = term.chars().filter(|c| c.is_alphanumeric()).count();
    if telling < SHORTEST || term.chars().count() > LONGEST {
        return Err(SearchError::Term);
    }
    TOLERATE.query().fetch_one(&mut *tx).await?;
    Ok(term)
}
