//! Which key bank details are sealed with in this database.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::platform::db::{Tx, database_error, statement};
use crate::platform::sealing::{Key, SealError};

/// Why a server must not start with the key that it was given.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Everything in this database is sealed with another key.
    #[error(
        "bank details in this database are sealed with another key; give the right one in KRAKEN_SEALING_KEY"
    )]
    Other,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(KeyError);

statement!(static CLAIM: () = "insert into sealing_key (digest) values ($1) on conflict do nothing");
statement!(static DIGEST: (Vec<u8>,) = "select digest from sealing_key");

/// Makes `key` the one that this database is sealed with, unless there is one.
///
/// # Errors
/// [`KeyError::Other`] if there is another.
pub async fn claim(tx: &mut Tx, key: &Key) -> Result<(), KeyError> {
    let digest = Sha256::digest(key).to_vec();
    CLAIM.command().bind(&digest).execute(&mut *tx).await?;
    let (known,) = DIGEST.query().fetch_one(&mut *tx).await?;
    if known == digest { Ok(()) } else { Err(KeyError::Other) }
}

impl From<SealError> for crate::platform::jobs::JobError {
    fn from(error: SealError) -> Self {
        Self::Other(error.to_string())
    }
}
