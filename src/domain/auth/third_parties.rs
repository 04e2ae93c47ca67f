//! Applications that a customer lets act for them: organisations that hold a long-lived refresh token of theirs.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::keys::KeyError;
use super::tokens::TokenError;
use super::viewer::{ACT_FOR_CUSTOMERS, Viewer};
use super::{Auth, refresh};
use crate::platform::db::{Tx, database_error, row, statement};

/// Why no long-lived refresh token was issued.
#[derive(Debug, Error)]
pub enum LongLivedError {
    /// The organisation may not act for customers.
    #[error("the organisation may not act for customers")]
    Forbidden,
    /// The customer's token has expired.
    #[error("the customer's token has expired")]
    Expired,
    /// The token is not one that a customer got by logging in.
    #[error("not a token of a session in person")]
    NotAToken,
    /// The token stands for staff, a partner or an organisation.
    #[error("the token does not stand for an account user")]
    NotACustomer,
    /// There is no usable signing key.
    #[error(transparent)]
    Keys(KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LongLivedError);

impl From<TokenError> for LongLivedError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Expired => Self::Expired,
            TokenError::Keys(error) => Self::Keys(error),
            TokenError::Database(error) => Self::Database(error),
            _ => Self::NotAToken,
        }
    }
}

row! {
    /// An application that may act for a customer.
    pub struct Application {
        /// Its organisation's name.
        pub name: String,
        /// The identifier that it is known by.
        pub client_id: String,
    }
}

statement!(static OF_USER: Application = "
    select o.name, o.client_id from organisations o
    where o.is_active and exists (select 1 from refresh_tokens r where r.third_party_id = o.id
        and r.account_user_id = $1 and r.invalidated_at is null and r.expires_at > $2)
    order by o.name, o.id");

/// A long-lived refresh token and when it expires.
#[derive(Clone, Debug)]
pub struct LongLived {
    /// The token, shown this once.
    pub token: String,
    /// The first moment at which it is refused.
    pub expires_at: DateTime<Utc>,
}

impl Auth {
    /// Gives the calling organisation a refresh token for the customer whose own session token it was handed.
    pub async fn act_for(
        &self,
        tx: &mut Tx,
        viewer: &Viewer,
        token: &str,
    ) -> Result<LongLived, LongLivedError> {
        let Viewer::Organisation { id: organisation, .. } = viewer else {
            return Err(LongLivedError::Forbidden);
        };
        if !viewer.may(ACT_FOR_CUSTOMERS) {
            return Err(LongLivedError::Forbidden);
        }
        let (holder, _) = self.holder(tx, token).await?;
        let user = holder.account_user().ok_or(LongLivedError::NotACustomer)?;
        if !holder.is_in_person() {
            return Err(LongLivedError::NotAToken);
        }
        let made = refresh::add_for_third_party(tx, self.random(), user, *organisation).await?;
        let (token, expires_at) = made;
        Ok(LongLived { token, expires_at })
    }
}

/// The applications that may act for an account user, by name.
pub async fn of_user(tx: &mut Tx, account_user: i64) -> Result<Vec<Application>, sqlx::Error> {
    let now = tx.wall_now();
    OF_USER.query().bind(account_user).bind(now).fetch_all(&mut *tx).await
}
