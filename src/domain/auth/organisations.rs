//! Partner organisations, which log in by a secret key and see what is granted to them.

use super::refresh::digest;
use super::viewer::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

row! {
    /// An organisation as it sees itself.
    pub struct Organisation {
        /// Its name.
        pub name: String,
        /// What it may do.
        pub permissions: Vec<String>,
    }
}

statement!(static FIND: Organisation = "select name, permissions from organisations where id = $1");
statement!(static OWNER: (i64,) = "select id from organisations where secret_hash = $1 and is_active");
statement!(static ADD: (i64,) = "
    insert into organisations (name, client_id, secret_hash, permissions, created_at)
    values ($1, $2, $3, $4, $5) returning id");
statement!(static GRANT: () = "
    insert into organisation_grants (organisation_id, account_id, granted_at) values ($1, $2, $3)
    on conflict do nothing");

pub(super) async fn owner(tx: &mut Tx, key: &str) -> Result<Option<i64>, sqlx::Error> {
    Ok(OWNER.query().bind(digest(key)).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The viewer as an organisation, if that is what they are.
pub async fn myself(tx: &mut Tx, viewer: &Viewer) -> Result<Option<Organisation>, sqlx::Error> {
    match viewer {
        Viewer::Organisation { id, .. } => FIND.query().bind(*id).fetch_optional(&mut *tx).await,
        _ => Ok(None),
    }
}

/// Adds an organisation that may do what `permissions` name. Answers its id and, this once, its secret key.
pub async fn add(
    tx: &mut Tx,
    random: &Randomness,
    name: &str,
    permissions: &[&str],
) -> Result<(i64, String), sqlx::Error> {
    let (client, key) = (ids::client_id(random), ids::organisation_key(random));
    let now = tx.business_now().await?;
    let insert = ADD.query().bind(name).bind(client).bind(digest(&key)).bind(permissions).bind(now);
    let (id,) = insert.fetch_one(&mut *tx).await?;
    Ok((id, key))
}

/// Lets an organisation see an account.
pub async fn grant(tx: &mut Tx, organisation: i64, account: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    GRANT.command().bind(organisation).bind(account).bind(now).execute(&mut *tx).await?;
    Ok(())
}
