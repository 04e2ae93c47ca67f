//! Leads as they are read and found.

use serde_json::Value;

use super::{kind, lead_is_visible};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::{address, contacts, in_order, search};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{Page, Window};

row! {
    /// A lead, with whoever it is about.
    pub struct Lead {
        /// Row id.
        pub id: i64,
        /// `LD-` and eight hexadecimal digits.
        pub number: String,
        /// One of `LeadTypeChoices`.
        pub lead_type: String,
        /// Brand code.
        pub brand: String,
        /// Market code.
        pub market: String,
        /// What the country knows the person or business by.
        pub national_id: Option<String>,
        /// Who would be billed.
        pub billing_name: String,
        /// Where bills would go: an address, by row id.
        pub billing_address_id: Option<i64>,
        /// The funnel, by row id.
        pub funnel_id: i64,
        /// The stage, by row id.
        pub stage_id: i64,
        /// Code of the stage.
        pub stage: String,
        /// The channel, by row id.
        pub sales_channel_id: Option<i64>,
        /// Code of the channel that it came by.
        pub sales_channel: Option<String>,
        /// The account that it became, as far as the viewer sees it.
        pub account_number: Option<String>,
        /// What further is known, by key.
        pub details: Value,
        /// Who works it: a member of staff, by row id.
        pub user_id: Option<i64>,
        /// Their e-mail.
        pub username: Option<String>,
        /// The team that works it, by row id.
        pub team_id: Option<i64>,
        /// Its name.
        pub team: Option<String>,
        /// The sales partner that works it, by row id.
        pub affiliate_id: Option<i64>,
        /// Its number.
        pub affiliate: Option<String>,
        /// The first of its contacts, by row id.
        pub contact_id: i64,
        /// Given name of whoever it is about.
        pub given_name: String,
        /// Family name.
        pub family_name: String,
        /// E-mail; may be empty.
        pub email: String,
        /// Phone number; may be empty.
        pub phone: String,
    }
}

/// Columns of [`Lead`] and the tables behind them, for the viewer `$1`, `$2`.
macro_rules! leads {
    () => {
        concat!(
            "l.id, l.number, l.lead_type, l.brand, b.market, l.national_id, l.billing_name, l.billing_address_id, \
             l.funnel_id, l.stage_id, s.code as stage, l.sales_channel_id, h.code as sales_channel, \
             (select a.number from accounts a where a.id = l.account_id and ",
            account_is_visible!(),
            ") as account_number, l.details, l.support_user_id as user_id, u.email as username, l.team_id, \
             m.name as team, l.affiliate_id, f.number as affiliate, c.id as contact_id, c.given_name, c.family_name, \
             c.email, c.phone \
             from leads l join brands b on b.code = l.brand join sales_stages s on s.id = l.stage_id \
                join lead_contacts c on c.lead_id = l.id and c.position = 1 \
                left join sales_channels h on h.id = l.sales_channel_id \
                left join support_users u on u.id = l.support_user_id \
                left join operations_teams m on m.id = l.team_id \
                left join affiliate_organisations f on f.id = l.affiliate_id"
        )
    };
}

macro_rules! wanted {
    () => {
        concat!(
            lead_is_visible!(),
            " and ($3::text is null or l.lead_type = $3) and ($4::text is null or s.code = $4) \
              and ($5::text is null or $5 <% l.search_text or l.number = upper($5))"
        )
    };
}

statement!(static PAGE: Lead = concat!("select ", leads!(), " where ", wanted!(), "
    order by l.id desc offset $6 limit $7"));
statement!(static COUNT: (i64,) = concat!("
    select count(*) from leads l join sales_stages s on s.id = l.stage_id where ", wanted!()));
statement!(static BY_NUMBER: Lead = concat!("select ", leads!(), " where l.number = $3 and ", lead_is_visible!()));
statement!(static BY_IDS: Lead = concat!("
    select ", leads!(), " where l.id = any($3::bigint[]) and ", lead_is_visible!()));
statement!(static SEARCH: (i64, String) = concat!("
    select l.id, l.number from leads l
    where ($3::text is null or l.national_id = $3)
        and ($4::text is null or exists (select from lead_contacts c where c.lead_id = l.id and lower(c.email) = lower($4)
            and c.email <> ''))
        and ($5::text[] is null or exists (select from lead_contacts c where c.lead_id = l.id and c.phone = any($5)
            and c.phone <> ''))
        and ", lead_is_visible!(), " order by l.id desc limit 1"));

/// What leads are wanted; what is left out does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// One of `LeadTypeChoices`.
    pub lead_type: Option<&'a str>,
    /// Code of the stage in which they stand.
    pub stage: Option<&'a str>,
    /// Something of a name, e-mail, phone number or national identifier, misspelt or not; or the number.
    pub text: Option<&'a str>,
}

/// One page of the leads that the viewer sees, the last one first. Two statements, and one more for the total.
///
/// # Errors
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
    window: &Window,
) -> Result<Page<Lead>, sqlx::Error> {
    search::tolerate(tx).await?;
    let text = wanted.text.map(str::trim).filter(|text| !text.is_empty());
    let (kind, id) = (kind(viewer), viewer.id());
    let total = if window.needs_total() {
        let count = COUNT.query().bind(kind).bind(id).bind(wanted.lead_type).bind(wanted.stage).bind(text);
        Some(count.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.query().bind(kind).bind(id).bind(wanted.lead_type).bind(wanted.stage).bind(text);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The lead with a number, if the viewer sees it.
///
/// # Errors
/// Those of the database.
pub async fn by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<Lead>, sqlx::Error> {
    let query = BY_NUMBER.query().bind(kind(viewer)).bind(viewer.id()).bind(number);
    query.fetch_optional(&mut *tx).await
}

/// The leads with these ids that the viewer sees, in order.
///
/// # Errors
/// Those of the database.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Lead>>, sqlx::Error> {
    let query = BY_IDS.query().bind(kind(viewer)).bind(viewer.id()).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |lead| lead.id))
}

/// What somebody is looked for by; all that is given has to fit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// What the country knows them by.
    pub national_id: Option<&'a str>,
    /// An e-mail of one of the contacts.
    pub email: Option<&'a str>,
    /// A phone number of one of the contacts.
    pub phone: Option<&'a str>,
}

impl Known<'_> {
    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        [self.national_id, self.email, self.phone].iter().flatten().all(|text| text.trim().is_empty())
    }
}

/// The lead, by row id and number, of whoever is known by this; the last of several.
///
/// # Errors
/// Those of the database.
pub async fn find(
    tx: &mut Tx,
    viewer: &Viewer,
    known: &Known<'_>,
) -> Result<Option<(i64, String)>, sqlx::Error> {
    let given = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let national = given(known.national_id).map(|text| national_id(&text));
    // Without a country's code a number may be of any market.
    let phones = given(known.phone).map(|text| {
        let markets = crate::platform::market::all().iter();
        let read = markets.filter_map(|market| contacts::phone(&text, Some(&market.code)));
        read.collect::<Vec<String>>()
    });
    let query = SEARCH.query().bind(kind(viewer)).bind(viewer.id()).bind(national);
    query.bind(given(known.email)).bind(phones).fetch_optional(&mut *tx).await
}

/// A national identifier as it is kept: capital letters, digits, nothing between them.
pub(super) fn national_id(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase()
}

/// The addresses with these ids, in order; none where there is none. One statement.
///
/// # Errors
/// Those of the database.
pub async fn addresses(tx: &mut Tx, ids: &[Option<i64>]) -> Result<Vec<Option<Address>>, sqlx::Error> {
    let known: Vec<i64> = ids.iter().flatten().copied().collect();
    let mut found = address::by_ids(tx, &known).await?.into_iter();
    Ok(ids.iter().map(|id| id.and_then(|_| found.next().flatten())).collect())
}
