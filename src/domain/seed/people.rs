//! Who holds the accounts: households and businesses, one portfolio each, with people who can be looked up by
//! everything that is known of them.

use chrono::{NaiveDate, TimeDelta};

use super::cast::{self, Cast, Name};
use super::draw::{About, Draw, shuffled_digits};
use super::habits::{Extent, Habits};
use crate::domain::accounts::address::{Address, NoAddress};
use crate::domain::accounts::billing::BillingError;

/// Domains that are kept for examples: nobody reads mail there.
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];
/// The letters of British postcodes.
const LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";
/// How many of a thousand have no e-mail.
const WITHOUT_EMAIL: u64 = 45;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub given_name: String,
    pub family_name: String,
    pub email: String,
    pub mobile: String,
    pub landline: String,
    pub title: Option<String>,
    pub born: NaiveDate,
}

impl Person {
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// An account and where its bills go.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub habits: Habits,
    pub urn: Option<String>,
    pub billing_name: String,
    pub billing_sub_name: String,
    pub billing_email: String,
    pub address: Address,
    pub lines: Vec<String>,
    pub delivery: Option<&'static str>,
    pub accessibility: Option<&'static str>,
}

/// A portfolio, its accounts and its people.
#[derive(Clone, Debug)]
pub(super) struct Household {
    pub cast: &'static Cast,
    /// Who is billed for all of it.
    pub name: String,
    pub people: Vec<Person>,
    pub homes: Vec<Home>,
}

/// All households, in the order in which they came. Where each begins is counted along.
#[derive(Clone, Debug)]
pub(super) struct Households {
    seed: u64,
    all: Extent,
    portfolio: u64,
    user: u64,
    account: u64,
}

impl Households {
    /// Households that hold so many accounts in all.
    pub fn new(seed: u64, all: Extent) -> Self {
        Self { seed, all, portfolio: 0, user: 0, account: 0 }
    }
}

impl Iterator for Households {
    type Item = Result<Household, BillingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.account >= self.all.accounts {
            return None;
        }
        let mut draw = Draw::of(self.seed, About::Household, self.portfolio);
        let (place, cast) = market(&mut draw);
        let is_business = draw.happens(60);
        let wanted = match draw.below(1000) {
            0..920 => 1,
            920..980 => 2,
            _ if is_business => 3 + draw.below(4),
            _ => 3,
        };
        let homes = wanted.min(self.all.accounts - self.account);
        let grown_up = if is_business { 1 } else { 1 + u64::from(draw.happens(130)) };
        let people: Vec<Person> =
            (0..grown_up).map(|place| person(self.seed, cast, self.user + place, place)).collect();
        let name = billed(&mut draw, cast, &people, is_business);
        let made = (0..homes).map(|at| {
            let account = self.account + at;
            let habits = Habits::of(self.seed, account, self.all, place, is_business);
            home(self.seed, account, habits, &name, &people)
        });
        let homes: Result<Vec<Home>, BillingError> = made.collect();
        self.portfolio += 1;
        self.user += grown_up;
        self.account += wanted.min(self.all.accounts - self.account);
        Some(homes.map(|homes| Household { cast, name, people, homes }))
    }
}

/// Where somebody lives.
fn market(draw: &mut Draw) -> (usize, &'static Cast) {
    let mut left = draw.below(1000);
    for (place, cast) in cast::all().iter().enumerate() {
        match left.checked_sub(cast.share) {
            None => return (place, cast),
            Some(rest) => left = rest,
        }
    }
    (0, &cast::all()[0])
}

/// Who is billed: the business, or the first of the people.
fn billed(draw: &mut Draw, cast: &Cast, people: &[Person], is_business: bool) -> String {
    let Some(first) = people.first() else { return String::new() };
    match draw.one(&cast.firms).filter(|_| is_business) {
        Some(firm) => firm.replace("{family}", &first.family_name),
        None => first.name(),
    }
}

/// The person numbered `index`. Those who live together, the first of whom is at `place` 0, share their name more
/// often than not.
fn person(seed: u64, cast: &Cast, index: u64, place: u64) -> Person {
    let mut draw = Draw::of(seed, About::Person, index);
    let mut family = Draw::of(seed, About::Person, index - place);
    let is_woman = draw.happens(510);
    let (names, titles) =
        if is_woman { (&cast.women, &cast.titles.women) } else { (&cast.men, &cast.titles.men) };
    let given = drawn(&mut draw, names);
    let shares = place > 0 && draw.happens(700);
    let family = drawn(if shares { &mut family } else { &mut draw }, &cast.families);
    let title = draw.one(titles).filter(|_| draw_title(index)).cloned();
    let email = if draw.happens(WITHOUT_EMAIL) {
        String::new()
    } else {
        let domain = draw.one(&DOMAINS).copied().unwrap_or_default();
        // The number makes it the only one of its kind.
        format!("{}.{}.{index}@{domain}", given.latin, family.latin)
    };
    let mobile = filled(&mut draw, &cast.mobile, Some((seed, index)));
    let landline = match draw.one(&cast.towns).filter(|_| index % 10 < 3) {
        Some(town) => filled(&mut draw, &town.landline, None),
        None => String::new(),
    };
    Person {
        given_name: given.text,
        family_name: family.text,
        email,
        mobile,
        landline,
        title,
        born: born(&mut draw),
    }
}

/// Not everybody says how to address them.
fn draw_title(index: u64) -> bool {
    index % 4 != 3
}

fn drawn(draw: &mut Draw, names: &[Name]) -> Name {
    draw.one(names).cloned().unwrap_or_else(|| Name::from(String::new()))
}

/// Between 19 and 91 years before the history ends in most cases; nobody is a child.
fn born(draw: &mut Draw) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(1935, 1, 1).unwrap_or_default();
    first + TimeDelta::days(draw.between(0, 25_900))
}

/// A pattern with digits and letters in place of `#` and `@`: drawn, or so that no other index has the same.
fn filled(draw: &mut Draw, pattern: &str, unique: Option<(u64, u64)>) -> String {
    let length = pattern.chars().filter(|c| *c == '#').count();
    let mut digits = match unique {
        Some((seed, index)) => shuffled_digits(seed, index, length as u32),
        None => draw.below(10_u64.pow(length as u32)),
    };
    let mut text = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '#' => {
                text.push(char::from(b'0' + (digits % 10) as u8));
                digits /= 10;
            }
            '@' => text.push(draw.one(LETTERS).map_or('A', |letter| char::from(*letter))),
            c => text.push(c),
        }
    }
    text
}

/// The account numbered `index`, billed to `name`.
fn home(seed: u64, index: u64, habits: Habits, name: &str, people: &[Person]) -> Result<Home, BillingError> {
    let mut draw = Draw::of(seed, About::Home, index);
    let cast = habits.cast();
    let address = address(&mut draw, cast).judged(&cast.market.country);
    let address = address.map_err(|NoAddress(why)| BillingError::Address(why))?;
    let lines = address.lines();
    let billing_email = people.first().map(|first| first.email.clone()).unwrap_or_default();
    let delivery = match draw.below(100) {
        0..8 => Some("POSTAL_MAIL"),
        8..20 if !billing_email.is_empty() => Some("EMAIL"),
        _ => None,
    };
    let contact = people.first().filter(|_| habits.is_business).map(Person::name);
    Ok(Home {
        habits,
        urn: draw.happens(250).then(|| format!("URN-{index:08}")),
        billing_name: name.to_owned(),
        billing_sub_name: contact.unwrap_or_default(),
        billing_email,
        address,
        lines,
        delivery,
        accessibility: draw.happens(12).then_some("LARGE_PRINT"),
    })
}

fn address(draw: &mut Draw, cast: &Cast) -> Address {
    let street = draw.one(&cast.streets).map(String::as_str).unwrap_or_default();
    let (house, flat) = (draw.between(1, 240), draw.between(1, 30));
    let street = cast.street_form.replace("{street}", street).replace("{house}", &house.to_string());
    let has_flat = !cast.street_form.contains("{flat}") && draw.happens(220) && cast.market.code != "de";
    let street = street.replace("{flat}", &flat.to_string());
    let street = if has_flat { format!("Flat {flat}\n{street}") } else { street };
    let Some(town) = draw.one(&cast.towns) else {
        return Address { street_address: street, ..Address::default() };
    };
    Address {
        street_address: street,
        locality: town.name.clone(),
        administrative_area: town.area.clone(),
        postal_code: filled(draw, &town.postcode, None),
        ..Address::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn all(seed: u64, accounts: u64) -> Vec<Household> {
        Households::new(seed, Extent { accounts, months: 24 })
            .collect::<Result<_, _>>()
            .expect("addresses that letters reach")
    }

    #[test]
    fn there_are_as_many_accounts_as_were_asked_for() {
        for accounts in [0, 1, 2, 999] {
            let homes: usize = all(4, accounts).iter().map(|household| household.homes.len()).sum();
            assert_eq!(homes as u64, accounts);
        }
    }

    #[test]
    fn people_can_be_told_apart() {
        let people: Vec<Person> = all(4, 5000).into_iter().flat_map(|household| household.people).collect();
        let emails: Vec<&str> = people.iter().map(|p| p.email.as_str()).filter(|e| !e.is_empty()).collect();
        assert_eq!(emails.iter().collect::<HashSet<_>>().len(), emails.len());
        let mobiles: HashSet<&str> = people.iter().map(|p| p.mobile.as_str()).collect();
        assert_eq!(mobiles.len(), people.len());
        assert!(people.iter().all(|p| p.mobile.starts_with('+') && (9..=16).contains(&p.mobile.len())));
    }

    #[test]
    fn markets_have_their_shares() {
        let households = all(4, 5000);
        let british = households.iter().filter(|h| h.cast.market.code == "gb").count();
        let share = british * 1000 / households.len();
        assert!((520..580).contains(&share), "{share}");
        assert_eq!(households.iter().map(|h| &h.cast.market.code).collect::<HashSet<_>>().len(), 5);
    }
}
