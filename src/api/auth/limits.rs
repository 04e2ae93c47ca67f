//! `rateLimitInfo`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call, Session};
use crate::domain::auth::limits::fields::{Running, running};
use crate::domain::auth::limits::{FieldRate, Key, Standing, seconds_until};
use crate::domain::auth::subjects;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.rateLimitInfo", rate_limit_info);
    b.batch("CombinedRateLimitInformation.fieldSpecificRateLimits", field_specific);
    b.parts::<Combined>(
        "CombinedRateLimitInformation",
        &[("pointsAllowanceRateLimit", |c| c.0.map_or(Resolved::Null, Resolved::node))],
    );
    b.leaves::<Standing>(
        "PointsAllowanceRateLimitInformation",
        &[
            ("limit", |s| whole(s.limit).into()),
            ("remainingPoints", |s| whole(s.remaining()).into()),
            ("usedPoints", |s| whole(s.used).into()),
            ("ttl", |s| full_again(s.window_ends_at).into()),
            ("isBlocked", |s| s.is_blocked().into()),
        ],
    );
    b.leaves::<Listed>(
        "FieldSpecificRateLimitInformation",
        &[
            ("field", |l| (&l.field).into()),
            ("rate", |l| (&l.rate).into()),
            ("ttl", |l| whole(l.seconds_left).into()),
            ("isBlocked", |l| l.is_blocked.into()),
        ],
    );
}

/// As `Int` holds it: an allowance can be larger.
fn whole(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The second at which the hour is over for certain.
fn full_again(at: DateTime<Utc>) -> i32 {
    whole(at.timestamp() + i64::from(at.timestamp_subsec_nanos() > 0))
}

struct Combined(Option<Standing>);

async fn rate_limit_info(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(Combined(call.cx.standing())))
}

#[derive(Deserialize)]
struct Wanted {
    fields: Option<Vec<Option<String>>>,
}

impl Wanted {
    fn wants(&self, field: &str) -> bool {
        let named = |fields: &Vec<Option<String>>| fields.iter().flatten().any(|name| name == field);
        self.fields.as_ref().is_none_or(named)
    }
}

struct Listed {
    field: String,
    rate: String,
    seconds_left: i64,
    is_blocked: bool,
}

async fn field_specific(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let wanted: Wanted = call.args()?;
    let mut rows = listed(call.cx, &wanted).await?;
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let slice = window.slice(Some(total));
    let skipped = usize::try_from(slice.offset).unwrap_or(usize::MAX).min(rows.len());
    let page = Page::cut(&window, slice, rows.split_off(skipped), Some(total));
    // There is one parent: the field is below a root field that is no list.
    Ok(vec![connection(page, Node::new)])
}

/// A root field without `Query.` or `Mutation.` in front.
fn bare(coordinate: &str) -> &str {
    coordinate.split_once('.').map_or(coordinate, |(_, name)| name)
}

/// The fields with a rate and how the caller stands with each, by name.
async fn listed(session: &Session, wanted: &Wanted) -> Result<Vec<Listed>, FieldError> {
    let rated = session.app.engine().model().all_facts().filter_map(|facts| Some((facts, facts.rate?)));
    let mut rates: Vec<(String, String)> = rated
        .map(|(facts, rate)| (bare(&facts.coordinate), rate))
        .filter(|(field, _)| wanted.wants(field))
        .map(|(field, rate)| {
            let text = FieldRate { field, limit: rate.limit, seconds: rate.seconds }.text();
            (field.to_owned(), text)
        })
        .collect();
    rates.sort();
    let running = counts(session, rates.iter().map(|(field, _)| field.clone()).collect()).await?;
    let now = session.app.database().wall().now();
    let row = |(field, rate): (String, String)| {
        let count = running.get(&field);
        let seconds_left = count.map_or(0, |count| seconds_until(now, count.window_ends_at));
        Listed { is_blocked: count.is_some_and(|count| count.is_full), field, rate, seconds_left }
    };
    Ok(rates.into_iter().map(row).collect())
}

/// The counts that run for the caller: for their address, themselves and their e-mail.
async fn counts(session: &Session, fields: Vec<String>) -> Result<HashMap<String, Running>, FieldError> {
    let mut view = session.read().await?;
    let (mut claim, mut email) = (None, None);
    if let Some(subject) = session.viewer().subject() {
        claim = Some(subject.claim());
        let found = subjects::find(&mut view, subject).await.map_err(FieldError::internal)?;
        email = found.and_then(|found| found.email);
    }
    let mut keys = vec![Key::Address(session.client())];
    keys.extend(claim.iter().chain(&email).map(|text| Key::Identifier(text)));
    let found = running(&mut view, &fields, &keys).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|count| (count.field.clone(), count)).collect())
}
