//! What a kWh cost, costs and will cost at a supply point.

use chrono::{DateTime, Utc};

use super::bands::half_hour;
use super::rates::{self, UnitRate};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};

row! {
    struct Holding {
        tariff_id: i64,
        from_at: Option<DateTime<Utc>>,
        to_at: Option<DateTime<Utc>>,
    }
}

statement!(static ACCOUNT: (i64,) = concat!(
    "select a.id from accounts a where a.number = $3 and ", account_is_visible!()));
statement!(static HOLDING: Holding = "
    select g.tariff_id, greatest(lower(g.during), $3) as from_at, least(upper(g.during), $4) as to_at
    from agreements g join supply_points sp on sp.id = g.supply_point_id
    where g.account_id = $1 and sp.identifier = $2 and g.revoked_at is null and g.during && tstzrange($3, $4)
    order by lower(g.during)");

/// The prices of a kWh at the point with this number between two moments, as agreed on an account: each for as long as it
/// holds, in the order of time, as far as prices are published. None if the viewer does not see the account.
pub async fn of_point(
    tx: &mut Tx,
    viewer: &Viewer,
    (account_number, identifier): (&str, &str),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<Vec<UnitRate>>, sqlx::Error> {
    let account = ACCOUNT.seen_by(viewer).bind(account_number);
    let Some((account,)) = account.fetch_optional(&mut *tx).await? else { return Ok(None) };
    if from >= to {
        return Ok(Some(Vec::new()));
    }
    let holding = HOLDING.query().bind(account).bind(identifier).bind(from).bind(to);
    let holding = holding.fetch_all(&mut *tx).await?;
    let tariffs: Vec<i64> = holding.iter().map(|each| each.tariff_id).collect();
    let rates = rates::of_tariffs(tx, &tariffs, from, to).await?;
    let mut found = Vec::new();
    for each in &holding {
        let (Some(rates), Some(from), Some(to)) = (rates.get(&each.tariff_id), each.from_at, each.to_at)
        else {
            continue;
        };
        // A price holds for the whole half-hour in which a period begins.
        found.extend(rates.unit_rates(half_hour(from), to));
    }
    Ok(Some(found))
}
