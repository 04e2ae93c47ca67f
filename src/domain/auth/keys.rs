//! The keys that sign access tokens. The newest signs; the others go on verifying until retired.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use thiserror::Error;

use super::signatures::{Private, Public};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::random::Randomness;

/// How large new keys are, in bits.
const KEY_BITS: usize = 2048;

/// How long keys are kept in memory before they are read again.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// How soon an unknown key id may cause another read.
const PATIENCE: TimeDelta = TimeDelta::seconds(1);

/// How long a key signs before a new one takes over.
const SIGNS_FOR: TimeDelta = TimeDelta::days(30);

/// How long a key goes on verifying once its successor signs: longer than any token that it signed lives,
/// and than other servers take to notice.
const OUTLIVES: TimeDelta = TimeDelta::hours(2);

/// Why there is no key to sign or verify with.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No key was ever made; see [`ensure`].
    #[error("there is no signing key")]
    NoKey,
    /// A key could not be made or read.
    #[error("a signing key is unusable")]
    Unusable,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(KeyError);

/// Implements `From<KeyError>` for error enums with the variants `Keys` and `Database`.
macro_rules! key_error {
    ($error:ty) => {
        impl From<$crate::domain::auth::keys::KeyError> for $error {
            fn from(error: $crate::domain::auth::keys::KeyError) -> Self {
                match error {
                    $crate::domain::auth::keys::KeyError::Database(error) => Self::Database(error),
                    other => Self::Keys(other),
                }
            }
        }
    };
}
pub(super) use key_error;

row! {
    struct KeyRow {
        kid: String,
        private_pem: String,
        modulus: String,
        exponent: String,
    }
}

statement!(static LIVE: KeyRow = "
    select kid, private_pem, modulus, exponent from signing_keys where retired_at is null order by id desc");
statement!(static ADD: () = "
    insert into signing_keys (kid, private_pem, modulus, exponent, created_at) values ($1, $2, $3, $4, $5)");
statement!(static RETIRE: () = "
    update signing_keys set retired_at = $2 where kid = $1 and retired_at is null");
statement!(static LOCK: (i64,) = "select id from signing_keys where retired_at is null order by id for update");
statement!(static NEWEST: (DateTime<Utc>,) = "
    select created_at from signing_keys where retired_at is null order by id desc limit 1");
statement!(static RETIRE_SUCCEEDED: () = "
    update signing_keys k set retired_at = $1 where retired_at is null
    and exists (select 1 from signing_keys n where n.id > k.id and n.retired_at is null and n.created_at <= $2)");

/// Keys in use, as read from the database at some moment.
pub(super) struct Ring {
    pub(super) kid: String,
    pub(super) signing: Private,
    verifying: HashMap<String, Public>,
    jwks: Value,
    read_at: i64,
}

impl Ring {
    pub(super) fn verifying(&self, kid: &str) -> Option<&Public> {
        self.verifying.get(kid)
    }

    fn of(rows: &[KeyRow], read_at: i64) -> Result<Self, KeyError> {
        let newest = rows.first().ok_or(KeyError::NoKey)?;
        let signing = Private::from_pem(&newest.private_pem).map_err(|_| KeyError::Unusable)?;
        let verify = |row: &KeyRow| {
            let key = Public::from_components(&row.modulus, &row.exponent);
            key.map(|key| (row.kid.clone(), key)).map_err(|_| KeyError::Unusable)
        };
        let verifying = rows.iter().map(verify).collect::<Result<_, _>>()?;
        let public = |row: &KeyRow| json!({"alg": "RS256", "use": "sig", "kid": row.kid, "e": row.exponent, "kty": "RSA", "n": row.modulus});
        let jwks = json!({"keys": rows.iter().map(public).collect::<Vec<_>>()});
        Ok(Self { kid: newest.kid.clone(), signing, verifying, jwks, read_at })
    }
}

/// Keeps the keys at hand. Other servers may add keys at any time, so they are read again when they have
/// aged and when a token names one that is not known here.
#[derive(Default)]
pub struct KeyStore(RwLock<Option<Arc<Ring>>>);

impl fmt::Debug for KeyStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyStore")
    }
}

impl KeyStore {
    /// The public keys as a JSON Web Key Set, newest first.
    pub async fn jwks(&self, tx: &mut Tx) -> Result<Value, KeyError> {
        Ok(self.current(tx).await?.jwks.clone())
    }

    /// The keys, at most a minute old.
    pub(super) async fn current(&self, tx: &mut Tx) -> Result<Arc<Ring>, KeyError> {
        self.no_older_than(tx, FRESH).await
    }

    /// The keys in which `kid` should be, if it is anywhere.
    pub(super) async fn knowing(&self, tx: &mut Tx, kid: &str) -> Result<Arc<Ring>, KeyError> {
        let ring = self.current(tx).await?;
        if ring.verifying(kid).is_some() { Ok(ring) } else { self.no_older_than(tx, PATIENCE).await }
    }

    async fn no_older_than(&self, tx: &mut Tx, age: TimeDelta) -> Result<Arc<Ring>, KeyError> {
        let now = tx.wall_now().timestamp_micros();
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ring) =
            held.filter(|ring| (now - ring.read_at).abs() < age.num_microseconds().unwrap_or(0))
        {
            return Ok(ring);
        }
        let rows = LIVE.query().fetch_all(&mut *tx).await?;
        let ring = Arc::new(Ring::of(&rows, now)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ring));
        Ok(ring)
    }
}

/// Makes the first key unless there is one. Two servers that start at once may both make one; both count.
pub async fn ensure(tx: &mut Tx, random: &Randomness) -> Result<(), KeyError> {
    if LIVE.query().fetch_optional(&mut *tx).await?.is_none() {
        rotate(tx, random).await?;
    }
    Ok(())
}

/// Makes a new key, which signs from now on. Answers its id.
pub async fn rotate(tx: &mut Tx, random: &Randomness) -> Result<String, KeyError> {
    let mut source = random.clone();
    let made = tokio::task::spawn_blocking(move || generate(&mut source))
        .await
        .map_err(|_| KeyError::Unusable)??;
    let now = tx.wall_now();
    let insert =
        ADD.command().bind(&made.kid).bind(&made.private_pem).bind(&made.modulus).bind(&made.exponent);
    insert.bind(now).execute(&mut *tx).await?;
    Ok(made.kid)
}

/// Stops a key from verifying. Tokens that it signed are refused as signed by rotated keys.
pub async fn retire(tx: &mut Tx, kid: &str) -> Result<(), KeyError> {
    let now = tx.wall_now();
    RETIRE.command().bind(kid).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Makes a new key once the newest has signed for thirty days, and retires those whose successor has signed
/// for two hours. Callers at the same moment wait for one another, so that one of them makes the key.
pub async fn renew(tx: &mut Tx, random: &Randomness) -> Result<(), KeyError> {
    let now = tx.wall_now();
    LOCK.query().fetch_all(&mut *tx).await?;
    // Read by a statement of its own, which sees what the lock was waited for.
    let newest = NEWEST.query().fetch_optional(&mut *tx).await?;
    if newest.is_none_or(|(made,)| made + SIGNS_FOR <= now) {
        rotate(tx, random).await?;
    }
    RETIRE_SUCCEEDED.command().bind(now).bind(now - OUTLIVES).execute(&mut *tx).await?;
    Ok(())
}

fn generate(random: &mut Randomness) -> Result<KeyRow, KeyError> {
    let key = rsa::RsaPrivateKey::new(random, KEY_BITS).map_err(|_| KeyError::Unusable)?;
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Unusable)?;
    Ok(KeyRow {
        kid: random.hex(40).to_lowercase(),
        private_pem: pem.to_string(),
        modulus: URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
        exponent: URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
    })
}
