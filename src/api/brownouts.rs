//! Announced windows during which fields are switched off: which are on right now.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use crate::domain::auth::brownouts;
use crate::platform::db::Tx;

/// The fields in brownout, as last read.
#[derive(Default)]
pub struct Brownouts(RwLock<HashSet<String>>);

impl Brownouts {
    /// Whether requests to this field, `Type.field`, are disabled now.
    pub fn disables(&self, coordinate: &str) -> bool {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !current.is_empty() && current.contains(coordinate)
    }

    /// Reads again which are on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn refresh(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let now = brownouts::in_progress(tx).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = now.into_iter().collect();
        Ok(())
    }
}
