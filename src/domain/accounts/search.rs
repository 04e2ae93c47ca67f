//! Finding accounts and people by whatever is known of them, misspelt or not. For staff, and for organisations
//! among what is granted to them.
//!
//! A text is found where some run of words resembles it: `pg_trgm`'s word similarity, from 0 to 1. Each search
//! takes three statements, however many terms there are.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use thiserror::Error;

use super::accounts::{self, Account};
use super::users::{self, AccountUser};
use crate::domain::auth::viewer::{Viewer, account_is_visible, portfolio_is_visible, user_is_visible};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::visible::zone_of_point;
use crate::platform::db::{Tx, database_error, row, statement};

/// The most accounts that one search answers.
pub const MOST_RESULTS: i64 = 100;
/// The longest term, in characters.
const LONGEST: usize = 200;
/// The shortest: fewer letters resemble everything.
const SHORTEST: usize = 3;

/// Why nothing was searched.
#[derive(Debug, Error)]
pub enum SearchError {
    /// Nothing to search by.
    #[error("give at least one search term")]
    NoTerms,
    /// A term, by its place among those given, is too short or too long.
    #[error("a search term needs between {SHORTEST} and {LONGEST} characters")]
    Term(usize),
    /// Fewer results than one, or more than there may be.
    #[error("between 1 and {MOST_RESULTS} results can be asked for")]
    Results,
    /// A threshold or weight is no number from 0 to 1, or all weights are zero.
    #[error("threshold and weights must be between 0 and 1, and one weight above 0")]
    Weights,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SearchError);

/// Where a term is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The account's number.
    Number,
    /// What another system calls it.
    Reference,
    /// Its reference from an earlier system.
    Urn,
    /// Who is billed.
    BillingName,
    /// The address, with the postcode.
    Address,
    /// Anything that the account itself says.
    Account,
    /// The number of its portfolio.
    Portfolio,
    /// Names, number, e-mail and telephone numbers of its people.
    Person,
    /// A telephone number of one of its people: the digits, all of them.
    Phone,
    /// The number of a British point of electricity that it is or was supplied at, all of it.
    Mpan,
    /// The number of a British point of gas that it is or was supplied at, all of it.
    Mprn,
    /// What is written on a meter that hung there meanwhile, all of it.
    Meter,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Reference => "reference",
            Self::Urn => "urn",
            Self::BillingName => "billing-name",
            Self::Address => "address",
            Self::Account => "account",
            Self::Portfolio => "portfolio",
            Self::Person => "person",
            Self::Phone => "phone",
            Self::Mpan => MarketName::GbrElectricity.code(),
            Self::Mprn => MarketName::GbrGas.code(),
            Self::Meter => "meter",
        }
    }
}

/// An account that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// The account.
    pub account: Account,
    /// The mean resemblance of all terms, from 0 to 1.
    pub score: Decimal,
}

row! {
    struct Found {
        id: i64,
        score: Decimal,
    }
}

// A text that resembles a part resembles the whole that it is part of: the index on the whole finds all candidates,
// and the part decides. Without a portfolio or person whom the viewer may see, there is nothing to resemble.
statement!(static ACCOUNTS: Found = concat!("
    with terms as (select * from unnest($3::text[], $4::text[]) with ordinality as t (place, wanted, term)),
    hits as (
        select t.term, a.id, word_similarity(t.wanted, part.says) as score
        from terms t join accounts a on t.wanted <% a.search_text
        cross join lateral (select case t.place when 'number' then a.number when 'urn' then a.urn
            when 'billing-name' then a.billing_name when 'address' then a.address_text
            else a.search_text end as says) part
        where t.place in ('number', 'urn', 'billing-name', 'address', 'account') and t.wanted <% part.says
        union all
        select t.term, a.id, word_similarity(t.wanted, p.number)
        from terms t join portfolios p on t.wanted <% p.number join accounts a on a.portfolio_id = p.id
        where t.place = 'portfolio' and ", portfolio_is_visible!(), "
        union all
        select t.term, f.account_id, word_similarity(t.wanted, f.value)
        from terms t join account_references f on t.wanted <% f.value where t.place = 'reference'
        union all
        select t.term, s.account_id, 1
        from terms t join supply_points sp on sp.market_name = t.place and sp.identifier = t.wanted
            join supply_periods s on s.supply_point_id = sp.id
        where t.place in ('GBR_ELECTRICITY', 'GBR_GAS')
        union all
        select t.term, s.account_id, 1
        from terms t join meters m on m.serial_number = t.wanted join supply_points sp on sp.id = m.supply_point_id
            join supply_periods s on s.supply_point_id = sp.id
                and (m.active_to is null or m.active_to > (lower(s.during) at time zone ", zone_of_point!(), ")::date)
                and (upper_inf(s.during) or m.active_from < (upper(s.during) at time zone ", zone_of_point!(), ")::date)
        where t.place = 'meter'
        union all
        select people.term, held.account_id, people.score
        from (
            select t.term, u.id, word_similarity(t.wanted, u.search_text) as score
            from terms t join account_users u on t.wanted <% u.search_text
            where t.place = 'person' and ", user_is_visible!(), "
            union all
            select t.term, u.id, 1 from terms t join account_users u on u.phones @> array[t.wanted]
            where t.place = 'phone' and ", user_is_visible!(), "
        ) people cross join lateral (
            select r.account_id from account_user_roles r where r.user_id = people.id
            union
            select inside.id from portfolio_user_roles r join accounts inside on inside.portfolio_id = r.portfolio_id
            where r.user_id = people.id
        ) held
    )
    select best.id, round((sum(best.score) / cardinality($3))::numeric, 4) as score
    from (select term, id, max(score) as score from hits group by term, id) best join accounts a on a.id = best.id
    where ", account_is_visible!(), "
    group by best.id having count(*) = cardinality($3) order by 2 desc, best.id limit $5"));

// Half of the trigrams will do: that forgives one wrong letter in a name of six. For this transaction only.
statement!(static TOLERATE: (String,) = "select set_config('pg_trgm.word_similarity_threshold', '0.5', true)");

/// The accounts that match every one of the terms, best first, then oldest first.
pub async fn accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    terms: &[(Place, &str)],
    most: i64,
) -> Result<Vec<Match>, SearchError> {
    if !(1..=MOST_RESULTS).contains(&most) {
        return Err(SearchError::Results);
    }
    if terms.is_empty() {
        return Err(SearchError::NoTerms);
    }
    let places: Vec<&str> = terms.iter().map(|(place, _)| place.name()).collect();
    let wanted: Result<Vec<String>, SearchError> = terms
        .iter()
        .enumerate()
        .map(|(at, (place, text))| checked(*place, text).ok_or(SearchError::Term(at)))
        .collect();
    let wanted = wanted?;
    tolerate(tx).await?;
    let query = ACCOUNTS.seen_by(viewer).bind(places).bind(wanted);
    let found = query.bind(most).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
    let accounts = accounts::by_ids(tx, viewer, &ids).await?;
    let matches = found.iter().zip(accounts);
    Ok(matches.filter_map(|(row, account)| Some(Match { account: account?, score: row.score })).collect())
}

/// Lets `<%` find what has a letter wrong, until this transaction ends.
pub(in crate::domain) async fn tolerate(tx: &mut Tx) -> Result<(), sqlx::Error> {
    TOLERATE.query().fetch_one(&mut *tx).await.map(|_| ())
}

/// The text to look for, if it is one that can be looked for.
fn checked(place: Place, text: &str) -> Option<String> {
    let wanted = match place {
        Place::Phone => digits(text),
        Place::Mpan => MarketName::GbrElectricity.identifier(text).unwrap_or_else(|_| text.trim().to_owned()),
        Place::Mprn => MarketName::GbrGas.identifier(text).unwrap_or_else(|_| text.trim().to_owned()),
        _ => text.trim().to_owned(),
    };
    let telling = wanted.chars().filter(|c| c.is_alphanumeric()).count();
    (telling >= SHORTEST && wanted.chars().count() <= LONGEST).then_some(wanted)
}

/// The digits of a telephone number, however it is written.
pub(super) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// What is known of somebody. Empty texts are not known, and do not count.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// Given name.
    pub given_name: &'a str,
    /// Family name.
    pub family_name: &'a str,
    /// Date of birth.
    pub date_of_birth: NaiveDate,
    /// E-mail.
    pub email: &'a str,
    /// Mobile number.
    pub mobile: &'a str,
    /// Landline number.
    pub landline: &'a str,
}

/// How much each detail says, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of the given name.
    pub given_name: f64,
    /// Of the family name.
    pub family_name: f64,
    /// Of the date of birth.
    pub date_of_birth: f64,
    /// Of the e-mail.
    pub email: f64,
    /// Of the mobile number.
    pub mobile: f64,
    /// Of the landline number.
    pub landline: f64,
}

impl Weights {
    /// The share of each detail that is known, of 1 in all; none if the weights cannot be shared out.
    fn shares(&self, known: [bool; 6]) -> Option<[f64; 6]> {
        let mut all =
            [self.given_name, self.family_name, self.date_of_birth, self.email, self.mobile, self.landline];
        if !all.iter().all(|weight| (0.0..=1.0).contains(weight)) {
            return None;
        }
        for (weight, known) in all.iter_mut().zip(known) {
            *weight *= f64::from(u8::from(known));
        }
        let total: f64 = all.iter().sum();
        (total > 0.0).then(|| all.map(|weight| weight / total))
    }
}

// Names and e-mail count as much as they resemble, dates and telephone numbers if they are the same.
statement!(static PERSON: Found = concat!("
    select scored.id, scored.score from (
        select u.id, round((
            ($9::float8[])[1] * coalesce(similarity(u.given_name, $3::text), 0)
            + ($9)[2] * coalesce(similarity(u.family_name, $4::text), 0)
            + ($9)[3] * (u.date_of_birth is not distinct from $5::date)::int
            + ($9)[4] * coalesce(similarity(u.email, $6::text), 0)
            + ($9)[5] * coalesce(u.phones @> array[$7::text], false)::int
            + ($9)[6] * coalesce(u.phones @> array[$8::text], false)::int)::numeric, 4) as score
        from account_users u
        where ($3 <% u.search_text or $4 <% u.search_text or $6 <% u.search_text or u.phones && array[$7, $8])
          and ", user_is_visible!(), "
    ) scored where scored.score >= $10::float8 order by scored.score desc, scored.id limit 1"));

/// Who resembles these details most, at least as much as `threshold`; among equals the oldest. The resemblance is
/// the mean of all details that are given, by weight.
pub async fn person(
    tx: &mut Tx,
    viewer: &Viewer,
    like: &Person<'_>,
    threshold: f64,
    weights: &Weights,
) -> Result<Option<AccountUser>, SearchError> {
    let texts = [like.given_name, like.family_name, like.email]
        .map(|text| Some(text.trim()).filter(|t| !t.is_empty()));
    if let Some(at) = texts.iter().position(|text| text.is_some_and(|text| text.chars().count() > LONGEST)) {
        return Err(SearchError::Term(at));
    }
    let [given, family, email] = texts;
    let phones =
        [like.mobile, like.landline].map(|text| Some(digits(text)).filter(|number| !number.is_empty()));
    let [mobile, landline] = &phones;
    let known =
        [given.is_some(), family.is_some(), true, email.is_some(), mobile.is_some(), landline.is_some()];
    let shares =
        weights.shares(known).filter(|_| (0.0..=1.0).contains(&threshold)).ok_or(SearchError::Weights)?;
    tolerate(tx).await?;
    let query = PERSON.seen_by(viewer).bind(given).bind(family);
    let query = query
        .bind(like.date_of_birth)
        .bind(email)
        .bind(mobile)
        .bind(landline)
        .bind(&shares[..])
        .bind(threshold);
    let found: Option<Found> = query.fetch_optional(&mut *tx).await?;
    let ids: Vec<i64> = found.into_iter().map(|row| row.id).collect();
    Ok(users::by_ids(tx, viewer, &ids).await?.pop().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: Weights = Weights {
        given_name: 0.5,
        family_name: 0.5,
        date_of_birth: 0.5,
        email: 0.5,
        mobile: 0.5,
        landline: 0.5,
    };

    #[test]
    fn what_is_not_known_has_no_share() {
        let shares = EVEN.shares([true, false, true, false, false, false]);
        assert_eq!(shares, Some([0.5, 0.0, 0.5, 0.0, 0.0, 0.0]));
        let only_the_unknown = Weights { given_name: 0.0, date_of_birth: 0.0, ..EVEN };
        assert_eq!(only_the_unknown.shares([true, false, true, false, false, false]), None);
    }

    #[test]
    fn weights_are_bounded() {
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Weights { email: wrong, ..EVEN }.shares([true; 6]), None);
        }
    }

    #[test]
    fn terms_must_tell_something() {
        assert_eq!(checked(Place::Person, "  Ada "), Some("Ada".to_owned()));
        assert_eq!(checked(Place::Person, "A - d"), None);
        assert_eq!(checked(Place::Phone, "+44 (0)20"), Some("44020".to_owned()));
        assert_eq!(checked(Place::Phone, "call me"), None);
        assert_eq!(checked(Place::Account, &"long".repeat(51)), None);
    }
}
