//! Access tokens: RS256 JSON Web Tokens that live for an hour of wall time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Auth;
use super::keys::{KeyError, Ring, key_error};
use super::refresh::digest;
use super::subjects::{self, Actor, Subject, SubjectRow};
use super::viewer::{Through, Viewer};
use crate::phase::Phase;
use crate::platform::db::{Brought, Tx, database_error};

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
    /// `access`; `masquerade` for what staff exchange for a customer's session.
    pub token_use: String,
    /// The issuer's URL.
    pub iss: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it expires, in seconds since 1970.
    pub exp: i64,
    /// When the session began, in seconds since 1970.
    pub orig_iat: i64,
    /// The one kind of thing that the token is good for, if it is limited to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Who acts for the subject, if it is not the subject in person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// Tells tokens apart that may be used only once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// Whoever acts for a token's subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// `kraken|support-user:<id>`, `kraken|organisation:<id>` or `kraken|pre-signed-token:<id>`.
    pub sub: String,
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
key_error!(TokenError);

/// What an access token is good for; `token_use` names it.
pub(super) const ACCESS: &str = "access";

/// What a token is to be issued for.
pub(super) struct Grant {
    pub subject: Subject,
    pub gty: &'static str,
    pub email: Option<String>,
    /// Seconds since 1970 before which the subject's tokens do not count.
    pub valid_from: i64,
    /// When the session began, if not now.
    pub session_from: Option<i64>,
    /// Who acts for the subject.
    pub actor: Option<Actor>,
    /// The one kind of thing that the token is good for.
    pub scope: Option<String>,
    /// Seconds since 1970 at which it expires, if that is within the hour.
    pub until: Option<i64>,
}

impl Grant {
    /// A session of `subject` that begins now.
    pub(super) fn new(subject: Subject, found: SubjectRow, gty: &'static str) -> Self {
        Self { email: found.email, valid_from: found.tokens_valid_from, ..Self::of(subject, gty) }
    }

    /// A session of `subject` of whom nothing is known.
    pub(super) fn of(subject: Subject, gty: &'static str) -> Self {
        let (session_from, actor, scope, until) = (None, None, None, None);
        Self { subject, gty, email: None, valid_from: 0, session_from, actor, scope, until }
    }
}

/// An access token that was good when it was looked at: what it takes to refuse it from now on.
#[derive(Clone, Debug)]
pub struct Seen {
    pub(super) digest: Vec<u8>,
    pub(super) expires_at: DateTime<Utc>,
}

impl Auth {
    /// Issues an access token and answers it with its claims.
    pub(super) async fn issue(&self, tx: &mut Tx, grant: Grant) -> Result<(String, Payload), KeyError> {
        let ring = self.keys.current(tx).await?;
        self.granted(&ring, tx.wall_now(), grant)
    }

    /// Issues an access token under the newest key of `ring` and answers it with its claims.
    pub(super) fn granted(
        &self,
        ring: &Ring,
        now: DateTime<Utc>,
        grant: Grant,
    ) -> Result<(String, Payload), KeyError> {
        // A session that was ended within this second counts again from the next one on.
        let issued = now.timestamp().max(grant.valid_from);
        let expires = issued + LIFETIME;
        let payload = Payload {
            sub: grant.subject.claim(),
            gty: grant.gty.to_owned(),
            email: grant.email,
            token_use: ACCESS.to_owned(),
            iss: self.issuer.url.clone(),
            iat: issued,
            exp: grant.until.map_or(expires, |until| until.min(expires)),
            orig_iat: grant.session_from.unwrap_or(issued),
            scope: grant.scope,
            act: grant.actor.map(|actor| Act { sub: actor.claim() }),
            jti: None,
        };
        let token = self.signed(ring, &payload)?;
        Ok((token, payload))
    }

    /// The token that carries these claims.
    pub(super) async fn sign(&self, tx: &mut Tx, payload: &Payload) -> Result<String, KeyError> {
        let ring = self.keys.current(tx).await?;
        self.signed(&ring, payload)
    }

    fn signed(&self, ring: &Ring, payload: &Payload) -> Result<String, KeyError> {
        let header = Header {
            alg: "RS256".to_owned(),
            iss: self.issuer.url.clone(),
            jku: self.issuer.jwks_url.clone(),
            kid: ring.kid.clone(),
            typ: "JWT".to_owned(),
        };
        let message = format!("{}.{}", encoded(&header)?, encoded(payload)?);
        let signature = ring.signing.sign(&message).map_err(|_| KeyError::Unusable)?;
        Ok(format!("{message}.{signature}"))
    }

    /// Who is calling, by the value of the `Authorization` header: the raw token, or after `JWT` or
    /// `Bearer`.
    pub async fn authenticate(&self, tx: &mut Tx, header: &str) -> Result<(Viewer, Seen), TokenError> {
        self.holder(tx, bare(header)).await
    }

    /// Whom a bare access token stands for.
    pub(super) async fn holder(&self, tx: &mut Tx, token: &str) -> Result<(Viewer, Seen), TokenError> {
        let payload = self.verify(tx, token).await?;
        if payload.token_use != ACCESS {
            return Err(TokenError::NotACredential);
        }
        let subject = Subject::from_claim(&payload.sub).ok_or(TokenError::NotACredential)?;
        let actor = match &payload.act {
            None => None,
            Some(act) => Some(Actor::from_claim(&act.sub).ok_or(TokenError::NotACredential)?),
        };
        let digest = digest(token);
        let found = subjects::of_session(tx, subject, actor, &digest).await?;
        let found = found.ok_or(TokenError::UnknownOwner)?;
        if actor.is_some() && !matches!(subject, Subject::AccountUser(_)) {
            // Nobody acts for anybody else.
            return Err(TokenError::Invalidated);
        }
        let offset = TimeDelta::microseconds(found.clock_offset);
        tx.bring(Some(Brought { offset, is_listened_to: found.is_listened_to }));
        let subject_from = match actor {
            Some(Actor::Organisation(_) | Actor::Link(_)) => found.others_valid_from,
            Some(Actor::Staff(_)) | None => found.tokens_valid_from,
        };
        let actor_from = found.actor_valid_from.ok_or(TokenError::Invalidated)?;
        if found.disabled || payload.iat < subject_from.max(actor_from) {
            return Err(TokenError::Invalidated);
        }
        let viewer = match subject {
            Subject::AccountUser(id) => Viewer::AccountUser { id, through: through(actor, &payload)? },
            Subject::SupportUser(id) => {
                let (roles, permissions) = subjects::granted(&found.grants);
                Viewer::Staff { id, roles, permissions }
            }
            Subject::Organisation(id) => Viewer::Organisation { id, permissions: found.permissions },
            Subject::PartnerUser(id) => Viewer::Partner { id, permissions: found.permissions },
        };
        let expires_at = DateTime::from_timestamp(payload.exp, 0).unwrap_or_default();
        Ok((viewer, Seen { digest, expires_at }))
    }

    /// The claims of a bare token of any use that this server, or one beside it, issued and that has not
    /// expired.
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
        let verifying = Phase::begin("signature");
        if !key.fits(message, signature) {
            return Err(TokenError::BadSignature);
        }
        drop(verifying);
        if foreign {
            return Err(TokenError::Issuer);
        }
        if tx.wall_now().timestamp() >= payload.exp {
            return Err(TokenError::Expired);
        }
        Ok(payload)
    }
}

fn through(actor: Option<Actor>, payload: &Payload) -> Result<Through, TokenError> {
    Ok(match actor {
        None => Through::InPerson,
        Some(Actor::Staff(staff)) => Through::Masquerade { staff },
        Some(Actor::Organisation(organisation)) => Through::ThirdParty { organisation },
        Some(Actor::Link(_)) => {
            Through::Link { scope: payload.scope.clone().ok_or(TokenError::NotACredential)? }
        }
    })
}

/// The token in an `Authorization` header.
pub(super) fn bare(header: &str) -> &str {
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
