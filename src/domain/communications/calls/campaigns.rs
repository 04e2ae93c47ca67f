//! Campaigns of calls that we make, the accounts that they are about, and the labels of calls.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::TWILIO;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// A label that agents put on calls.
    pub struct Tag {
        /// Row id.
        pub id: i64,
        /// What it says.
        pub name: String,
        /// Whether it is still used.
        pub is_active: bool,
    }
}

row! {
    /// A campaign.
    pub struct Campaign {
        /// Row id.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// In a sentence.
        pub description: Option<String>,
        /// The number that is shown to whoever is called.
        pub outbound_number: Option<String>,
        /// One of `CampaignStatus`.
        pub status: String,
        /// One of `TypeOfVoiceCampaign`.
        pub campaign_type: String,
        /// Whether no account is called twice.
        pub prevents_duplicates: bool,
    }
}

row! {
    /// Somebody to be called.
    pub struct CampaignItem {
        /// Row id.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// Its number.
        pub phone_number: String,
        /// One of `CampaignItemStatus`.
        pub status: String,
        /// From when on.
        pub window_start: DateTime<Utc>,
        /// Until when.
        pub window_end: DateTime<Utc>,
        /// What the agent should know.
        pub metadata: Value,
    }
}

/// Which campaigns are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One of `CampaignStatus`.
    pub status: Option<String>,
    /// One of `TypeOfVoiceCampaign`.
    pub campaign_type: Option<String>,
    /// Part of the name.
    pub name: Option<String>,
}

/// A campaign to be begun.
#[derive(Clone, Copy, Debug)]
pub struct NewCampaign<'a> {
    /// Its name.
    pub name: &'a str,
    /// In a sentence.
    pub description: &'a str,
    /// The number that is shown to whoever is called.
    pub outbound_number: &'a str,
    /// One of `TypeOfVoiceCampaign`.
    pub campaign_type: &'a str,
    /// Labels of its calls.
    pub tags: &'a [&'a str],
}

macro_rules! campaign_columns {
    () => {
        "v.id, v.name, v.description, v.outbound_number, v.status, v.campaign_type, v.prevents_duplicates"
    };
}
macro_rules! wanted {
    () => {
        " from voice_campaigns v where ($1::text is null or v.status = $1) \
          and ($2::text is null or v.campaign_type = $2) \
          and ($3::text is null or position(lower($3) in lower(v.name)) > 0)"
    };
}
macro_rules! tags_wanted {
    () => {
        " from call_tags t where ($1::text is null or position(lower($1) in lower(t.name)) > 0) \
          and ($2::boolean is null or t.is_active = $2)"
    };
}
macro_rules! items_of {
    () => {
        concat!(
            " from voice_campaign_items i join accounts a on a.id = i.account_id where i.campaign_id = v.id and ",
            account_is_visible!()
        )
    };
}

statement!(static TAG: Tag = "select id, name, is_active from call_tags where id = $1");
statement!(static COUNT_TAGS: (i64,) = concat!("select count(*)", tags_wanted!()));
statement!(static TAGS: Tag = concat!("
    select t.id, t.name, t.is_active", tags_wanted!(), " order by t.name, t.id offset $3 limit $4"));
statement!(static BY_ID: Campaign = concat!("
    select ", campaign_columns!(), " from voice_campaigns v where v.id = $1"));
statement!(static COUNT: (i64,) = concat!("select count(*)", wanted!()));
statement!(static PAGE: Campaign = concat!("
    select ", campaign_columns!(), wanted!(), " order by v.name, v.id offset $4 limit $5"));
statement!(static COUNT_OWN_TAGS: (i64, i64) = "
    select campaign_id, count(*) from voice_campaign_tags where campaign_id = any($1::bigint[]) group by campaign_id");
statement!(static OWN_TAGS: Under<Tag> = "
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select t.id, t.name, t.is_active from voice_campaign_tags own join call_tags t on t.id = own.call_tag_id
        where own.campaign_id = parents.id order by t.name, t.id offset parents.skip limit parents.take) inside");
statement!(static COUNT_ITEMS: (i64, i64) = concat!("
    select v.id, (select count(*)", items_of!(), ") from voice_campaigns v where v.id = any($3::bigint[])"));
statement!(static ITEMS: Under<CampaignItem> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    join voice_campaigns v on v.id = parents.id
    cross join lateral (
        select i.id, i.account_id, i.phone_number, i.status, i.window_start, i.window_end, i.metadata", items_of!(), "
        order by i.id offset parents.skip limit parents.take) inside"));
statement!(static ADD: (i64,) = "
    insert into voice_campaigns (name, description, outbound_number, campaign_type, prevents_duplicates)
    values ($1, $2, $3, $4, true) returning id");
statement!(static ADD_TAGS: () = "
    insert into voice_campaign_tags (campaign_id, call_tag_id)
    select $1, id from call_tags where name = any($2::text[])");
// Whoever is in a campaign that prevents duplicates is in it once.
statement!(static ADD_ITEM: () = "
    insert into voice_campaign_items (campaign_id, account_id, phone_number, window_start, window_end, metadata)
    select v.id, $2, $3, $4, $5, $6 from voice_campaigns v
    where v.id = $1 and not (v.prevents_duplicates and exists (
        select 1 from voice_campaign_items i where i.campaign_id = v.id and i.account_id = $2))");
statement!(static DUE: Due = "
    select i.id, i.account_id, i.phone_number, coalesce(v.outbound_number, '') as outbound_number
    from voice_campaign_items i join voice_campaigns v on v.id = i.campaign_id
    where i.status = 'UNASSIGNED' and v.status = 'ACTIVE' and i.window_start <= $1 and i.window_end > $1
    order by i.window_start, i.id limit $2 for update of i skip locked");
statement!(static CALLED: () = "
    with called as (
        insert into calls (direction, from_number, to_number, vendor, vendor_call_id, account_id, status, campaign_item_id,
            started_at, answered_at, ended_at, by_kind, by_id)
        values ('OUTBOUND', $1, $2, $3, 'campaign-' || $4::bigint, $5, $6::text, $4, $7::timestamptz,
            case when $6 = 'ENDED' then $7 end, $7 + interval '2 minutes', 'exchange', 0)
        returning id
    ), told as (
        insert into call_metadata (call_id, key, value, is_hidden)
        select id, 'outcome', case when $6 = 'ENDED' then 'spoken' else 'nobody picked up' end, false from called
    )
    update voice_campaign_items set status = 'COMPLETE' where id = $4");

row! {
    struct Due {
        id: i64,
        account_id: i64,
        phone_number: String,
        outbound_number: String,
    }
}

/// A label.
pub async fn tag(tx: &mut Tx, id: i64) -> Result<Option<Tag>, sqlx::Error> {
    TAG.query().bind(id).fetch_optional(&mut *tx).await
}

/// One page of the labels whose name holds a text, by name.
pub async fn tags(
    tx: &mut Tx,
    name: Option<&str>,
    is_active: Option<bool>,
    window: &Window,
) -> Result<Page<Tag>, sqlx::Error> {
    let total = if window.needs_total() {
        Some(COUNT_TAGS.query().bind(name).bind(is_active).fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = TAGS.query().bind(name).bind(is_active).bind(slice.offset).bind(slice.limit + 1);
    Ok(Page::cut(window, slice, query.fetch_all(&mut *tx).await?, total))
}

/// A campaign.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Campaign>, sqlx::Error> {
    BY_ID.query().bind(id).fetch_optional(&mut *tx).await
}

/// One page of the campaigns that are wanted, by name.
pub async fn page(tx: &mut Tx, filter: &Filter, window: &Window) -> Result<Page<Campaign>, sqlx::Error> {
    let Filter { status, campaign_type, name } = filter;
    let total = if window.needs_total() {
        let query = COUNT.query().bind(status).bind(campaign_type).bind(name);
        Some(query.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.query().bind(status).bind(campaign_type).bind(name);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// One page of the labels of each of these campaigns.
pub async fn tags_of(tx: &mut Tx, campaigns: &[i64], window: &Window) -> Result<Vec<Page<Tag>>, sqlx::Error> {
    let totals = if window.needs_total() {
        Some(COUNT_OWN_TAGS.query().bind(campaigns).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, campaigns, totals.as_ref());
    let query = OWN_TAGS.query().bind(campaigns).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, campaigns, totals.as_ref(), found))
}

/// One page of whom each of these campaigns is about, as far as the viewer may see the accounts.
pub async fn items_of(
    tx: &mut Tx,
    viewer: &Viewer,
    campaigns: &[i64],
    window: &Window,
) -> Result<Vec<Page<CampaignItem>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT_ITEMS.seen_by(viewer).bind(campaigns);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, campaigns, totals.as_ref());
    let query = ITEMS.seen_by(viewer).bind(campaigns);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, campaigns, totals.as_ref(), found.into_iter().map(Under::pair)))
}

/// Begins a campaign. Answers its row id.
pub async fn begin(tx: &mut Tx, new: &NewCampaign<'_>) -> Result<i64, sqlx::Error> {
    let add =
        ADD.query().bind(new.name).bind(new.description).bind(new.outbound_number).bind(new.campaign_type);
    let (id,) = add.fetch_one(&mut *tx).await?;
    ADD_TAGS.command().bind(id).bind(new.tags).execute(&mut *tx).await?;
    Ok(id)
}

/// Has an account called for a campaign between two moments.
pub async fn include(
    tx: &mut Tx,
    campaign: i64,
    account: i64,
    phone: &str,
    window: (DateTime<Utc>, DateTime<Utc>),
    metadata: &Value,
) -> Result<(), sqlx::Error> {
    let add = ADD_ITEM.command().bind(campaign).bind(account).bind(phone);
    add.bind(window.0).bind(window.1).bind(metadata).execute(&mut *tx).await?;
    Ok(())
}

/// Calls those whose window is open, some at a time; `picks_up` says whether somebody answers at a number.
pub async fn dial(tx: &mut Tx, most: i64, picks_up: impl Fn(&str) -> bool) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for due in DUE.query().bind(now).bind(most).fetch_all(&mut *tx).await? {
        let status = if picks_up(&due.phone_number) { "ENDED" } else { "ABANDONED" };
        let call = CALLED.command().bind(&due.outbound_number).bind(&due.phone_number).bind(TWILIO);
        call.bind(due.id).bind(due.account_id).bind(status).bind(now).execute(&mut *tx).await?;
    }
    Ok(())
}
