//! Links to people's accounts with the LINE messenger. LINE gives somebody a token, we send them to LINE with it and with a
//! nonce, and LINE answers with the nonce and what it calls them.

use chrono::{DateTime, Utc};
use serde_json::json;
use thiserror::Error;
use url::Url;

use crate::domain::auth::refresh::digest;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::jobs;
use crate::platform::random::Randomness;

/// Why no link was made or cut.
#[derive(Debug, Error)]
pub enum LineError {
    /// The viewer is no customer.
    #[error("only customers have messengers")]
    Forbidden,
    /// LINE knows no such token, or there is no link to cut.
    #[error("there is nothing to link or to cut")]
    Unknown,
    /// There is a link.
    #[error("the customer is linked to LINE")]
    Linked,
    /// LINE has not answered yet.
    #[error("LINE is still making the link")]
    Pending,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LineError);

row! {
    struct Held {
        linked_at: Option<DateTime<Utc>>,
    }
}

statement!(static HOLD: Held = "
    select linked_at from line_links where account_user_id = $1 for update");
statement!(static ASK: (i64,) = "
    insert into line_links (account_user_id, nonce_hash, requested_at) values ($1, $2, $3)
    on conflict (account_user_id) do update
        set nonce_hash = excluded.nonce_hash, requested_at = excluded.requested_at
        where line_links.linked_at is null
    returning account_user_id");
statement!(static LINK: () = "
    update line_links set line_user_id = $2, linked_at = $3 where account_user_id = $1 and linked_at is null");
statement!(static CUT: () = "delete from line_links where account_user_id = $1");

/// Where LINE links accounts.
const DIALOG: &str = "https://access.line.me/dialog/bot/accountLink";

/// Begins a link: answers where to send the customer with the token that LINE gave them.
pub async fn begin(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    token: &str,
) -> Result<String, LineError> {
    let user = viewer.account_user().ok_or(LineError::Forbidden)?;
    let mut dialog: Url = DIALOG.parse().map_err(|_| LineError::Unknown)?;
    if !super::simulated_line::knows(token) {
        return Err(LineError::Unknown);
    }
    let nonce = ids::password_reset_token(random);
    let now = tx.business_now().await?;
    let ask = ASK.query().bind(user).bind(digest(&nonce)).bind(now);
    ask.fetch_optional(&mut *tx).await?.ok_or(LineError::Linked)?;
    let answered = tx.wall_now() + super::simulated_line::WAIT;
    jobs::enqueue(tx, super::simulated_line::ANSWER, &json!({"user": user}), answered).await?;
    dialog.query_pairs_mut().append_pair("linkToken", token).append_pair("nonce", &nonce);
    Ok(dialog.into())
}

/// Takes in what LINE calls somebody whom it was asked to link. A second answer changes nothing.
pub(super) async fn linked(tx: &mut Tx, user: i64, line_user: &str) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    LINK.command().bind(user).bind(line_user).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Cuts the viewer's link.
pub async fn cut(tx: &mut Tx, viewer: &Viewer) -> Result<(), LineError> {
    let user = viewer.account_user().ok_or(LineError::Forbidden)?;
    let held = HOLD.query().bind(user).fetch_optional(&mut *tx).await?.ok_or(LineError::Unknown)?;
    if held.linked_at.is_none() {
        return Err(LineError::Pending);
    }
    CUT.command().bind(user).execute(&mut *tx).await?;
    Ok(())
}
