//! How referrals come into being: somebody is named as having brought an account, a sign-up scheme is applied, or a partner's
//! code is redeemed. Nobody is brought twice: the database sees to it for those who try at once.

use chrono::TimeDelta;
use thiserror::Error;

use super::claim_codes::{self, ClaimCode};
use super::schemes::{self, Offer};
use crate::domain::accounts::Account;
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::POST_TRANSACTIONS;
use crate::platform::db::{Tx, database_error, statement};

/// Why no referral was made.
#[derive(Debug, Error)]
pub enum ReferralError {
    /// There is no such account, or the viewer may not see it or not give anything on it.
    #[error("unknown account")]
    UnknownAccount,
    /// The reference or the code stands for nothing.
    #[error("nothing goes by this reference")]
    UnknownReference,
    /// The account names itself.
    #[error("an account cannot bring itself")]
    Self_,
    /// The brands differ.
    #[error("the brands differ")]
    OtherBrand,
    /// The scheme is for accounts of another type.
    #[error("the scheme is for other accounts")]
    OtherType,
    /// There can be no more referrals by the scheme or of the customer.
    #[error("there can be no more referrals of this kind")]
    Full,
    /// The account was opened too long ago.
    #[error("the account was opened too long ago")]
    TooLate,
    /// The account has been brought, or has joined by a scheme, before.
    #[error("the account was brought before")]
    Before,
    /// The code was redeemed.
    #[error("the code was redeemed")]
    Redeemed,
    /// The scheme of the code does not run now.
    #[error("the scheme does not run now")]
    NotNow,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ReferralError);

// Whoever else is just applying the scheme is waited for, so that its capacity holds.
statement!(static HOLD: (i64,) = "select id from referral_schemes where id = $1 for no key update");
statement!(static MAKE: (i64,) = "
    insert into referrals (scheme_id, referring_account_id, referred_account_id, code, referrer_amount, referred_amount,
        bonus_points, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (referred_account_id) where cancelled_at is null do nothing returning id");
// By number or by e-mail, each through its own index.
statement!(static REFERRER: (String,) = "
    select referral_code(a.id) from accounts a join (
        select id from accounts where number = $2
        union select r.account_id from account_users u join account_user_roles r on r.user_id = u.id
            where lower(u.email) = lower($2) and r.role = 'ACCOUNT_OWNER') named on named.id = a.id
    where a.brand = $1 and a.status = 'ACTIVE' order by a.id limit 1");

/// The account, for its customers and whoever may post on it: a referral becomes money.
async fn account(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Account, ReferralError> {
    if viewer.account_user().is_none() && !viewer.may(POST_TRANSACTIONS) {
        return Err(ReferralError::UnknownAccount);
    }
    accounts::by_number(tx, viewer, number).await?.ok_or(ReferralError::UnknownAccount)
}

/// Notes who brought an account: by their code, a link with it, the number of their account or their e-mail address. Answers
/// what the newcomer gets, in minor units.
///
/// # Errors
/// See [`ReferralError`].
pub async fn refer(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    reference: &str,
) -> Result<i32, ReferralError> {
    let account = account(tx, viewer, number).await?;
    let reference = reference.trim();
    let named = REFERRER.query().bind(&account.brand).bind(reference).fetch_optional(&mut *tx).await?;
    let code = named.map_or_else(|| schemes::plain(reference), |(code,)| code);
    let offer = schemes::of_referrer(tx, &code, kind(&account)).await?;
    let offer = offer.ok_or(ReferralError::UnknownReference)?;
    if offer.referrer_id == Some(account.id) {
        return Err(ReferralError::Self_);
    }
    make(tx, &account, &offer).await?;
    Ok(offer.referred_amount)
}

/// Gives an account what a sign-up scheme gives. Answers the referral's row id.
///
/// # Errors
/// See [`ReferralError`].
pub async fn apply(tx: &mut Tx, viewer: &Viewer, number: &str, code: &str) -> Result<i64, ReferralError> {
    let account = account(tx, viewer, number).await?;
    let offer = schemes::of_signup(tx, code).await?.ok_or(ReferralError::UnknownReference)?;
    make(tx, &account, &offer).await
}

/// Redeems a partner's code for an account. Of two who redeem it at once, one does.
///
/// # Errors
/// See [`ReferralError`].
pub async fn redeem(tx: &mut Tx, viewer: &Viewer, number: &str, code: &str) -> Result<(), ReferralError> {
    let account = account(tx, viewer, number).await?;
    let found = claim_codes::hold(tx, code).await?;
    let ClaimCode { id, offer, is_current, redeemed_by, .. } =
        found.ok_or(ReferralError::UnknownReference)?;
    if redeemed_by.is_some() {
        return Err(ReferralError::Redeemed);
    }
    if !is_current || !offer.is_open() {
        return Err(ReferralError::NotNow);
    }
    let referral = make(tx, &account, &offer).await?;
    Ok(claim_codes::redeem(tx, id, referral).await?)
}

/// What schemes call accounts like this.
fn kind(account: &Account) -> &str {
    if account.account_type == "BUSINESS" { "BUSINESS" } else { "DOMESTIC" }
}

async fn make(tx: &mut Tx, account: &Account, offer: &Offer) -> Result<i64, ReferralError> {
    if offer.brand != account.brand {
        return Err(ReferralError::OtherBrand);
    }
    if offer.account_type != kind(account) {
        return Err(ReferralError::OtherType);
    }
    let now = tx.business_now().await?;
    if account.created_at + TimeDelta::days(offer.claim_days.into()) < now {
        return Err(ReferralError::TooLate);
    }
    HOLD.query().bind(offer.scheme_id).fetch_one(&mut *tx).await?;
    let is_open = match offer.referrer_id {
        Some(_) => {
            schemes::of_referrer(tx, &offer.code, &offer.account_type).await?.is_some_and(|o| o.is_open())
        }
        None => schemes::has_room(tx, offer.scheme_id).await?,
    };
    if !is_open {
        return Err(ReferralError::Full);
    }
    let made = MAKE.query().bind(offer.scheme_id).bind(offer.referrer_id).bind(account.id).bind(&offer.code);
    let made =
        made.bind(offer.referrer_amount).bind(offer.referred_amount).bind(offer.bonus_points).bind(now);
    let (id,) = made.fetch_optional(&mut *tx).await?.ok_or(ReferralError::Before)?;
    Ok(id)
}
