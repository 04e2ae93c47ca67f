//! A message as clients read of it, whether it has gone out or not.
//!
//! Who may see one is as for [`super::events`].

use chrono::{DateTime, Utc};

use super::messages::Channel;
use crate::domain::auth::viewer::{READ_POST, Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// What became of a message.
    pub struct Record {
        /// Row id.
        pub id: i64,
        /// `EMAIL`, `SMS` or `LETTER`.
        pub channel: String,
        /// The account it is about, where it is about one.
        pub account_id: Option<i64>,
        /// Whom it was written to, where that is known.
        pub account_user_id: Option<i64>,
        /// When the post house took it.
        pub dispatched_at: Option<DateTime<Utc>>,
        /// When it came back, or was refused.
        pub failed_at: Option<DateTime<Utc>>,
    }
}

impl Record {
    /// By which way it goes.
    pub fn channel(&self) -> Channel {
        Channel::of(&self.channel)
    }
}

macro_rules! record_columns {
    () => {
        "m.id, m.channel, m.account_id, m.account_user_id, m.sent_at as dispatched_at, \
         (select min(e.at) from message_events e where e.message_id = m.id and e.kind in ('bounced', 'refused')) \
             as failed_at"
    };
}

statement!(static BY_ID: Record = concat!("
    select ", record_columns!(), " from messages m
    where m.id = $3::bigint and (not m.confidential or $4::boolean)
    and ($1::text = 'support-user' or ($1 = 'account-user' and (m.account_user_id = $2::bigint
        or exists (select 1 from accounts a where a.id = m.account_id and ", account_is_visible!(), "))))"));
statement!(static COUNT: (i64, i64) = "
    select t.id, (select count(*) from messages m where m.trigger_id = t.id)
    from triggers t where t.id = any($1::bigint[])");
statement!(static PAGE: Under<Record> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select ", record_columns!(), " from messages m where m.trigger_id = parents.id
        order by m.id offset parents.skip limit parents.take) inside"));

/// A message that the viewer may see.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Record>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(id).bind(viewer.may(READ_POST));
    query.fetch_optional(&mut *tx).await
}

/// One page of what each of these triggers had written, oldest first. The viewer was let see the triggers.
pub async fn of_triggers(
    tx: &mut Tx,
    triggers: &[i64],
    window: &Window,
) -> Result<Vec<Page<Record>>, sqlx::Error> {
    let totals = if window.needs_total() {
        Some(COUNT.query().bind(triggers).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, triggers, totals.as_ref());
    let query = PAGE.query().bind(triggers).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, triggers, totals.as_ref(), found))
}
