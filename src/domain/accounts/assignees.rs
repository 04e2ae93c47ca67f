//! Members of staff and operations teams, as whoever gives them something to do names them.

use crate::platform::db::{Tx, statement};

statement!(static STAFF: (i64, bool) = "
    select id, is_active from support_users
    where ($1::bigint is null or id = $1) and ($2::text is null or lower(email) = lower($2))
    order by is_active desc, id limit 1");
statement!(static TEAM: (i64,) = "
    select id from operations_teams where ($1::bigint is null or id = $1) and ($2::text is null or name = $2) limit 1");

/// The row id of a member of staff, by row id or e-mail or both, and whether they are still there.
pub(in crate::domain) async fn employee(
    tx: &mut Tx,
    id: Option<i64>,
    email: Option<&str>,
) -> Result<Option<(i64, bool)>, sqlx::Error> {
    STAFF.query().bind(id).bind(email).fetch_optional(&mut *tx).await
}

/// The row id of an operations team, by row id or name or both.
pub(in crate::domain) async fn team(
    tx: &mut Tx,
    id: Option<i64>,
    name: Option<&str>,
) -> Result<Option<i64>, sqlx::Error> {
    Ok(TEAM.query().bind(id).bind(name).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The row id that a text may hold; `None` where it holds something else.
pub(in crate::domain) fn row_id(text: Option<&str>) -> Option<Option<i64>> {
    text.map(str::parse::<i64>).transpose().ok()
}
