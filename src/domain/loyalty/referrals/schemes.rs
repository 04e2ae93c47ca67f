//! Schemes as customers see them: those by which an account brings others, and those for signing up.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::market::{self, Market};

row! {
    /// What a scheme gives, and the code by which somebody makes use of it.
    pub struct Offer {
        /// The scheme.
        pub scheme_id: i64,
        /// Brand code.
        pub brand: String,
        /// One of `ReferralSchemeTypeChoices`.
        pub scheme_type: String,
        /// `DOMESTIC` or `BUSINESS`.
        pub account_type: String,
        /// For who brings somebody, in minor units.
        pub referrer_amount: i32,
        /// For the newcomer, in minor units.
        pub referred_amount: i32,
        /// Loyalty points for who brings somebody.
        pub bonus_points: i32,
        /// How often an account is rewarded for bringing others; without limit if there is none.
        pub max_recurrence: Option<i32>,
        /// Within how many days of joining it must be made use of.
        pub claim_days: i16,
        /// What is passed on: a customer's own code, or the scheme's.
        pub code: String,
        /// Whose code it is, if it is a customer's.
        pub referrer_id: Option<i64>,
        /// Their given name.
        pub referrer_given_name: Option<String>,
        /// Their family name.
        pub referrer_family_name: Option<String>,
        /// Whether there can be no more referrals by it.
        pub is_full: bool,
        /// Whether whose code it is has been rewarded as often as anybody is.
        pub is_spent: bool,
    }
}

impl Offer {
    /// What both get, in minor units.
    pub fn combined_amount(&self) -> i32 {
        self.referrer_amount.saturating_add(self.referred_amount)
    }

    /// What the newcomer gets, as people read it: in major units, with the code of the currency.
    pub fn newcomers_share(&self) -> String {
        let amount = |market: &Market| {
            let amount = Decimal::new(self.referred_amount.into(), market.currency.exponent);
            format!("{} {amount}", market.currency.code)
        };
        market::of_brand(&self.brand).map(amount).unwrap_or_default()
    }

    /// Whether somebody can still join by it.
    pub fn is_open(&self) -> bool {
        !self.is_full && !self.is_spent
    }
}

macro_rules! scheme_columns {
    () => {
        "s.id as scheme_id, s.brand, s.scheme_type, s.account_type, s.referrer_amount, s.referred_amount, s.bonus_points, \
         s.max_recurrence, s.claim_days, \
         coalesce((select count(*) from referrals f where f.scheme_id = s.id and f.cancelled_at is null) >= s.capacity, false) \
           as is_full"
    };
}
pub(super) use scheme_columns;

/// The offers of accounts `a` to those whom they bring.
macro_rules! of_referrers {
    () => {
        concat!("select ", $crate::domain::loyalty::referrals::schemes::scheme_columns!(), ", referral_code(a.id) as code,
            a.id as referrer_id, owner.given_name as referrer_given_name, owner.family_name as referrer_family_name,
            coalesce((select count(*) from referrals f where f.scheme_id = s.id and f.referring_account_id = a.id
                and f.cancelled_at is null) >= s.max_recurrence, false) as is_spent
        from accounts a join referral_schemes s on s.brand = a.brand and s.scheme_type = 'REFERRAL_REWARD'
            and s.during @> $1::timestamptz
        left join lateral (select u.given_name, u.family_name from account_user_roles r
            join account_users u on u.id = r.user_id where r.account_id = a.id
            order by r.role = 'ACCOUNT_OWNER' desc, r.user_id limit 1) owner on true
        where a.status = 'ACTIVE'")
    };
}

statement!(static OF_CODE: Offer = concat!(of_referrers!(), "
    and referral_code(a.id) = $2 and s.account_type = $3"));
statement!(static OF_ACCOUNTS: Under<Offer> = concat!("
    select inside.referrer_id as parent, inside.* from (", of_referrers!(), " and a.id = any($2::bigint[])) inside
    order by 1, inside.scheme_id"));

macro_rules! of_newcomers {
    () => {
        concat!("select ", $crate::domain::loyalty::referrals::schemes::scheme_columns!(), ", s.code,
            null::bigint as referrer_id, null::text as referrer_given_name, null::text as referrer_family_name,
            false as is_spent
        from referral_schemes s where s.scheme_type = 'SIGNUP_REWARD' and s.during @> $1::timestamptz")
    };
}

statement!(static OF_SIGNUP: Offer = concat!(of_newcomers!(), " and s.code = $2"));
statement!(static LATEST: Offer = concat!(of_newcomers!(), "
    and s.account_type = 'DOMESTIC' order by lower(s.during) desc, s.id limit 1"));

statement!(static HAS_ROOM: (bool,) = "
    select coalesce((select count(*) from referrals f where f.scheme_id = s.id and f.cancelled_at is null) < s.capacity, true)
    from referral_schemes s where s.id = $1");

/// What customers pass on, brought into the form that codes are kept in: the last part of a link, in small letters.
pub fn plain(code: &str) -> String {
    code.trim().rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// The offer of the account with this code to accounts of a type.
///
/// # Errors
/// Those of the database.
pub async fn of_referrer(tx: &mut Tx, code: &str, account_type: &str) -> Result<Option<Offer>, sqlx::Error> {
    let now = tx.business_now().await?;
    OF_CODE.query().bind(now).bind(plain(code)).bind(account_type).fetch_optional(&mut *tx).await
}

/// The sign-up scheme with this code, if it runs now.
///
/// # Errors
/// Those of the database.
pub async fn of_signup(tx: &mut Tx, code: &str) -> Result<Option<Offer>, sqlx::Error> {
    let now = tx.business_now().await?;
    OF_SIGNUP.query().bind(now).bind(plain(code)).fetch_optional(&mut *tx).await
}

/// The sign-up scheme for households that began last.
///
/// # Errors
/// Those of the database.
pub async fn latest_signup(tx: &mut Tx) -> Result<Option<Offer>, sqlx::Error> {
    let now = tx.business_now().await?;
    LATEST.query().bind(now).fetch_optional(&mut *tx).await
}

/// What a code is good for when a household joins: that of a customer, or of a sign-up scheme.
///
/// # Errors
/// Those of the database.
pub async fn of_joining(tx: &mut Tx, code: &str) -> Result<Option<Offer>, sqlx::Error> {
    match of_referrer(tx, code, "DOMESTIC").await? {
        Some(offer) => Ok(Some(offer)),
        None => Ok(of_signup(tx, code).await?.filter(|offer| offer.account_type == "DOMESTIC")),
    }
}

/// Whether there can be one more referral by a scheme.
pub(super) async fn has_room(tx: &mut Tx, scheme: i64) -> Result<bool, sqlx::Error> {
    Ok(HAS_ROOM.query().bind(scheme).fetch_optional(&mut *tx).await?.is_some_and(|(room,)| room))
}

/// The offers that each of these accounts can pass on. The caller has seen to it that they may be seen.
///
/// # Errors
/// Those of the database.
pub async fn of_accounts(tx: &mut Tx, accounts: &[i64]) -> Result<Vec<Vec<Offer>>, sqlx::Error> {
    let now: DateTime<Utc> = tx.business_now().await?;
    let rows = OF_ACCOUNTS.query().bind(now).bind(accounts).fetch_all(&mut *tx).await?;
    let mut known: HashMap<i64, Vec<Offer>> = HashMap::new();
    for (account, offer) in rows.into_iter().map(Under::pair) {
        known.entry(account).or_default().push(offer);
    }
    Ok(accounts.iter().map(|account| known.get(account).cloned().unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_link_is_as_good_as_its_code() {
        assert_eq!(plain(" R00AB12cd3 "), "r00ab12cd3");
        assert_eq!(plain("https://api.test/refer/r00ab12cd3"), "r00ab12cd3");
        assert_eq!(plain(""), "");
    }
}
