//! Opportunities as they are read.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{LeadError, admit, kind, lead_is_visible};
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{Page, Window};

row! {
    /// A sale that may come about, with whoever its lead is about.
    pub struct Opportunity {
        /// Row id.
        pub id: i64,
        /// `OP-` and eight hexadecimal digits.
        pub number: String,
        /// The lead, by row id.
        pub lead_id: i64,
        /// Number of the lead.
        pub lead_number: String,
        /// One of `LeadTypeChoices`.
        pub lead_type: String,
        /// What it is called.
        pub name: String,
        /// The first contact of the lead, by row id.
        pub contact_id: i64,
        /// E-mail of that contact; may be empty.
        pub email: String,
        /// Their phone number; may be empty.
        pub phone: String,
        /// The funnel, by row id.
        pub funnel_id: i64,
        /// Code of the stage.
        pub stage: String,
        /// Where it is about, by row id.
        pub address_id: Option<i64>,
        /// Code of the channel that it came by.
        pub sales_channel: Option<String>,
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
        /// Number of the sales partner that works it.
        pub affiliate: Option<String>,
        /// When it was opened.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    /// An opportunity that is about to change.
    pub struct Held {
        /// Row id.
        pub id: i64,
        /// The lead, by row id.
        pub lead_id: i64,
        /// The funnel, by row id.
        pub funnel_id: i64,
        /// The stage, by row id.
        pub stage_id: i64,
        /// What further is known, by key.
        pub details: Value,
        /// `WON` or `LOST`, once it is closed.
        pub outcome: Option<String>,
    }
}

row! {
    /// A point of supply that it is about.
    pub struct Point {
        /// Its number.
        pub identifier: String,
        /// Its market, such as `GBR_ELECTRICITY`.
        pub market_name: String,
    }
}

macro_rules! opportunities {
    () => {
        "o.id, o.number, o.lead_id, l.number as lead_number, l.lead_type, o.name, c.id as contact_id, c.email, c.phone, \
         o.funnel_id, s.code as stage, o.address_id, h.code as sales_channel, o.details, o.support_user_id as user_id, \
         u.email as username, o.team_id, m.name as team, f.number as affiliate, o.created_at \
         from opportunities o join leads l on l.id = o.lead_id join sales_stages s on s.id = o.stage_id \
            join lead_contacts c on c.lead_id = l.id and c.position = 1 \
            left join sales_channels h on h.id = o.sales_channel_id \
            left join support_users u on u.id = o.support_user_id \
            left join operations_teams m on m.id = o.team_id \
            left join affiliate_organisations f on f.id = o.affiliate_id"
    };
}

/// What is wanted of the opportunities `o`: each of `$3` to `$10`, unless it is null.
macro_rules! wanted {
    () => {
        concat!(
            lead_is_visible!(),
            " and ($3::text is null or exists (select from sales_funnels n where n.id = o.funnel_id and n.code = $3)) \
              and ($4::text is null or exists (select from sales_stages t where t.id = o.stage_id and t.code = $4)) \
              and ($5::text is null or l.number = $5) \
              and ($6::text is null or exists (select from sales_channels k where k.id = o.sales_channel_id \
                and k.code = $6)) \
              and ($7::text is null or exists (select from affiliate_organisations p where p.id = o.affiliate_id \
                and p.number = $7)) \
              and ($8::text is null or o.support_user_id::text = $8) \
              and ($9::text is null or o.team_id::text = $9) \
              and ($10::text[] is null or exists (select from opportunity_supply_points q \
                where q.opportunity_id = o.id and q.market_name = any($10)))"
        )
    };
}

statement!(static PAGE: Opportunity = concat!("select ", opportunities!(), " where ", wanted!(), "
    order by o.id desc offset $11 limit $12"));
statement!(static COUNT: (i64,) = concat!("
    select count(*) from opportunities o join leads l on l.id = o.lead_id where ", wanted!()));
statement!(static OF_LEADS: Under<Opportunity> = concat!("
    select parents.id as parent, inside.* from (select distinct unnest($11::bigint[]) as id) parents
    cross join lateral (select ", opportunities!(), " where o.lead_id = parents.id and ", wanted!(), "
        order by o.id desc limit $12) inside"));
statement!(static BY_NUMBER: Opportunity = concat!("
    select ", opportunities!(), " where o.number = $3 and ", lead_is_visible!()));
// By identifier or number: clients hold either.
statement!(static VALUE: (Option<Value>,) = concat!("
    select o.details -> $4::text from opportunities o join leads l on l.id = o.lead_id
    where (o.id::text = $3 or o.number = $3) and ", lead_is_visible!()));
statement!(static HOLD: Held = concat!("
    select o.id, o.lead_id, o.funnel_id, o.stage_id, o.details, o.outcome
    from opportunities o join leads l on l.id = o.lead_id
    where o.number = $3 and ", lead_is_visible!(), " for no key update of o"));
statement!(static POINTS: Under<Point> = "
    select opportunity_id as parent, identifier, market_name from opportunity_supply_points
    where opportunity_id = any($1::bigint[]) and ($2::text[] is null or market_name = any($2))
    order by opportunity_id, market_name, identifier");

/// Most opportunities of a lead that are listed at once.
const MOST: i64 = 100;

/// What opportunities are wanted; what is left out does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Code of their funnel.
    pub funnel: Option<String>,
    /// Code of their stage.
    pub stage: Option<String>,
    /// Number of their lead.
    pub lead: Option<String>,
    /// Code of their channel.
    pub channel: Option<String>,
    /// Number of the sales partner that works them.
    pub affiliate: Option<String>,
    /// Row id of the member of staff who works them.
    pub user: Option<String>,
    /// Row id of the team that works them.
    pub team: Option<String>,
    /// Markets of which one is that of a point that they are about.
    pub markets: Option<Vec<String>>,
}

/// One page of the opportunities that the viewer sees, the last one first. One statement, and one more for the total.
///
/// # Errors
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &Wanted,
    window: &Window,
) -> Result<Page<Opportunity>, sqlx::Error> {
    let (kind, id) = (kind(viewer), viewer.id());
    let w = wanted;
    let total = if window.needs_total() {
        let count = COUNT.query().bind(kind).bind(id).bind(&w.funnel).bind(&w.stage).bind(&w.lead);
        let count = count.bind(&w.channel).bind(&w.affiliate).bind(&w.user).bind(&w.team).bind(&w.markets);
        Some(count.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.query().bind(kind).bind(id).bind(&w.funnel).bind(&w.stage).bind(&w.lead);
    let query = query.bind(&w.channel).bind(&w.affiliate).bind(&w.user).bind(&w.team).bind(&w.markets);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The opportunities of each of these leads that the viewer sees, the last one first; a hundred each at most. One statement.
///
/// # Errors
/// Those of the database.
pub async fn of_leads(
    tx: &mut Tx,
    viewer: &Viewer,
    leads: &[i64],
    wanted: &Wanted,
) -> Result<Vec<Vec<Opportunity>>, sqlx::Error> {
    let w = wanted;
    let query = OF_LEADS.query().bind(kind(viewer)).bind(viewer.id()).bind(&w.funnel).bind(&w.stage);
    let query = query.bind(&w.lead).bind(&w.channel).bind(&w.affiliate).bind(&w.user).bind(&w.team);
    let rows = query.bind(&w.markets).bind(leads).bind(MOST).fetch_all(&mut *tx).await?;
    Ok(grouped(leads, rows.into_iter().map(Under::pair).collect()))
}

/// The opportunity with a number, if the viewer sees it.
///
/// # Errors
/// Those of the database.
pub async fn by_number(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
) -> Result<Option<Opportunity>, sqlx::Error> {
    let query = BY_NUMBER.query().bind(kind(viewer)).bind(viewer.id()).bind(number);
    query.fetch_optional(&mut *tx).await
}

/// One detail of an opportunity, known by row id or number: a text as it is, anything else as JSON. `None` where the viewer
/// sees no such opportunity.
///
/// # Errors
/// Those of the database.
pub async fn value(
    tx: &mut Tx,
    viewer: &Viewer,
    opportunity: &str,
    key: &str,
) -> Result<Option<Option<String>>, sqlx::Error> {
    let query = VALUE.query().bind(kind(viewer)).bind(viewer.id()).bind(opportunity).bind(key);
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(query.fetch_optional(&mut *tx).await?.map(|(value,)| value.map(text)))
}

/// Holds the opportunity with a number until the transaction ends.
pub(super) async fn hold(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Held, LeadError> {
    admit(viewer)?;
    let hold = HOLD.query().bind(kind(viewer)).bind(viewer.id()).bind(number);
    hold.fetch_optional(&mut *tx).await?.ok_or(LeadError::NoOpportunity)
}

/// The points that each of these opportunities is about, in some markets if any are named. One statement.
///
/// # Errors
/// Those of the database.
pub async fn points(
    tx: &mut Tx,
    opportunities: &[i64],
    markets: Option<&[String]>,
) -> Result<Vec<Vec<Point>>, sqlx::Error> {
    let rows = POINTS.query().bind(opportunities).bind(markets).fetch_all(&mut *tx).await?;
    Ok(grouped(opportunities, rows.into_iter().map(Under::pair).collect()))
}
