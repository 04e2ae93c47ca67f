//! Access tokens: RS256 JSON Web Tokens that live for an hour of wall time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Auth;
use super::keys::KeyError;
use super::subjects::{self, Subject};
use super::viewer::Viewer;
use crate::platform::db::{Tx, database_error};

/// How long an access token lives, in seconds.
pub const LIFETIME: i64 = 3600;

/// In whose name tokens are issued.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The GraphQL endpoint's URL, the `iss` claim.
    pub url: String,
    /// Where the public keys are served, the `jku` header.
    pub jwks_url: String,
}

/// The claims of an access token, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// `kraken|account-user:<id>` and the like.
    pub sub: String,
    /// How the token was obtained, such as `API-KEY`.
    pub gty: String,
    /// The user's e-mail; left out for organisations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Always `access`.
    pub token_use: String,
    /// The issuer's URL.
    pub iss: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it expires, in seconds since 1970.
    pub exp: i64,
    /// When the session began, in seconds since 1970.
    pub orig_iat: i64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    jku: String,
    kid: String,
    #[serde(default)]
    typ: String,
}

/// Why an `Authorization` header was not accepted.
#[derive(Debug, Error)]
pub enum TokenError {
    /// It holds nothing that could be one of our tokens.
    #[error("not a credential")]
    NotACredential,
    /// Its hour is over.
    #[error("the token has expired")]
    Expired,
    /// The key that signed it is no longer in use.
    #[error("the token's key has been rotated")]
    KeysRotated,
    /// The signature does not fit.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// Somebody else issued it.
    #[error("the token was issued elsewhere")]
    Issuer,
    /// It was issued before the sessions of its owner were ended.
    #[error("the token has been invalidated")]
    Invalidated,
    /// Its owner is gone or inactive.
    #[error("the token's owner is unknown")]
    UnknownOwner,
    /// There is no usable key.
    #[error(transparent)]
    Keys(KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TokenError);

impl From<KeyError> for TokenError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Database(error) => Self::Database(error),
            other => Self::Keys(other),
        }
    }
}

/// What a token is to be issued for.
pub(super) struct Grant {
    pub subject: Subject,
    pub gty: &'static str,
    pub email: Option<String>,
    /// Seconds since 1970 before which the subject's tokens do not count.
    pub valid_from: i64,
    /// When the session began, if not now.
    pub session_from: Option<i64>,
}

impl Auth {
    /// Issues an access token and answers it with its claims.
    pub(super) async fn issue(&self, tx: &mut Tx, grant: Grant) -> Result<(String, Payload), KeyError> {
        // A session that was ended within this second counts again from the next one on.
        let issued = tx.wall_now().timestamp().max(grant.valid_from);
        let payload = Payload {
            sub: grant.subject.claim(),
            gty: grant.gty.to_owned(),
            email: grant.email,
            token_use: "access".to_owned(),
            iss: self.issuer.url.clone(),
            iat: issued,
            exp: issued + LIFETIME,
            orig_iat: grant.session_from.unwrap_or(issued),
        };
        let ring = self.keys.current(tx).await?;
        let header = Header {
            alg: "RS256".to_owned(),
            iss: self.issuer.url.clone(),
            jku: self.issuer.jwks_url.clone(),
            kid: ring.kid.clone(),
            typ: "JWT".to_owned(),
        };
        let message = format!("{}.{}", encoded(&header)?, encoded(&payload)?);
        let signature = crypto::sign(message.as_bytes(), &ring.signing, Algorithm::RS256);
        Ok((format!("{message}.{}", signature.map_err(|_| KeyError::Unusable)?), payload))
    }

    /// Who is calling, by the value of the `Authorization` header: the raw token, or after `JWT` or
    /// `Bearer`. No header at all is [`Viewer::Anonymous`].
    pub async fn authenticate(&self, tx: &mut Tx, header: Option<&str>) -> Result<Viewer, TokenError> {
        let Some(header) = header else {
            return Ok(Viewer::Anonymous);
        };
        let payload = self.verify(tx, bare(header)).await?;
        let subject = Subject::from_claim(&payload.sub).ok_or(TokenError::NotACredential)?;
        let found = subjects::find(tx, subject).await?.ok_or(TokenError::UnknownOwner)?;
        if payload.iat < found.tokens_valid_from {
            return Err(TokenError::Invalidated);
        }
        Ok(match subject {
            Subject::AccountUser(id) => Viewer::AccountUser { id },
            Subject::SupportUser(id) => {
                Viewer::Staff { id, roles: found.roles, permissions: found.permissions }
            }
            Subject::Organisation(id) => Viewer::Organisation { id },
        })
    }

    /// The claims of a bare token that this server, or one beside it, issued within the last hour.
    pub async fn verify(&self, tx: &mut Tx, token: &str) -> Result<Payload, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::NotACredential)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::NotACredential)?;
        let header: Header = decoded(header)?;
        let payload: Payload = decoded(claims)?;
        if header.alg != "RS256" {
            return Err(TokenError::NotACredential);
        }
        let ring = self.keys.knowing(tx, &header.kid).await?;
        let foreign = payload.iss != self.issuer.url;
        let Some(key) = ring.verifying(&header.kid) else {
            return Err(if foreign { TokenError::Issuer } else { TokenError::KeysRotated });
        };
        let fits = crypto::verify(signature, message.as_bytes(), key, Algorithm::RS256);
        if !fits.unwrap_or(false) {
            return Err(TokenError::BadSignature);
        }
        if foreign {
            return Err(TokenError::Issuer);
        }
        if payload.token_use != "access" {
            return Err(TokenError::NotACredential);
        }
        if tx.wall_now().timestamp() >= payload.exp {
            return Err(TokenError::Expired);
        }
        Ok(payload)
    }
}

fn bare(header: &str) -> &str {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("jwt") || scheme.eq_ignore_ascii_case("bearer") =>
        {
            rest.trim_start()
        }
        _ => header,
    }
}

fn encoded(part: &impl Serialize) -> Result<String, KeyError> {
    serde_json::to_vec(part).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| KeyError::Unusable)
}

fn decoded<T: for<'a> Deserialize<'a>>(part: &str) -> Result<T, TokenError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::NotACredential)?;
    serde_json::from_slice(&json).map_err(|_| TokenError::NotACredential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_may_be_left_out() {
        for header in ["a.b.c", "JWT a.b.c", "Bearer a.b.c", "bearer  a.b.c", " jwt a.b.c "] {
            assert_eq!(bare(header), "a.b.c");
        }
        assert_eq!(bare("Basic abc"), "Basic abc");
    }
}
