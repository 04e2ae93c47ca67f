//! What energy costs and has cost: `applicableRates`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::api::accounts::NOT_YOURS;
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::applicable;
use crate::domain::supply::rates::UnitRate;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// For how long prices are listed at most, in days: two years and a day.
const LONGEST: i64 = 731;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.applicableRates", applicable_rates);
    b.leaves::<UnitRate>(
        "ApplicableRate",
        &[
            ("value", |r| r.net.normalize().into()),
            ("validFrom", |r| r.start.into()),
            ("validTo", |r| r.end.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    account_number: String,
    mpxn: String,
    start_at: DateTime<Utc>,
    end_at: DateTime<Utc>,
}

async fn applicable_rates(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: Wanted = call.args()?;
    let window = paging::window(&call)?;
    let longest = TimeDelta::days(LONGEST);
    if wanted.end_at - wanted.start_at > longest {
        let text = "Rates are listed for two years at most.";
        return Err(FieldError::code(INVALID_INPUT).describe(text).at_input(&["endAt"]));
    }
    let of = (wanted.account_number.as_str(), wanted.mpxn.as_str());
    let mut view = call.cx.read().await?;
    let found = applicable::of_point(&mut view, call.cx.viewer(), of, (wanted.start_at, wanted.end_at)).await;
    let rates = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(paging::connection(Page::of(&window, rates), Node::new))
}
