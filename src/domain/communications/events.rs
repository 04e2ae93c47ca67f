//! What was sent to customers, as their accounts show it.
//!
//! A message about one account belongs to whoever sees that account. A message without an account is its
//! user's own business: of the others on the account only staff see it. Organisations see no messages, and
//! what is confidential exists for nobody but staff with `read-post`: a reset link that a second member of
//! the portfolio could read would be a way into the first one's account.

use chrono::{DateTime, Utc};

use super::messages::Channel;
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{READ_POST, Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// A message that the post house has taken.
    pub struct Sent {
        /// Row id of the event.
        pub id: i64,
        /// Row id of the message.
        pub message_id: i64,
        /// `EMAIL` or `SMS`.
        pub channel: String,
        /// What kind of message it is.
        pub template: String,
        /// The account it is about, where it is about one.
        pub account_id: Option<i64>,
        /// E-mail address or phone number.
        pub recipient: String,
        /// Whom it came from.
        pub sender: String,
        /// Empty for SMS.
        pub subject: String,
        /// The plain text, unless it has been taken out.
        pub body: Option<String>,
        /// When it was written.
        pub created_at: DateTime<Utc>,
        /// When the post house took it.
        pub sent_at: DateTime<Utc>,
        /// The key of the file that goes with a letter.
        pub enclosure: Option<String>,
        /// Whether a letter is printed before others.
        pub is_urgent: bool,
    }
}

impl Sent {
    /// By which way it went.
    pub fn channel(&self) -> Channel {
        Channel::of(&self.channel)
    }
}

macro_rules! sent_columns {
    () => {
        "e.id, m.id as message_id, m.channel, m.template, m.account_id, m.recipient, m.sender, m.subject, m.body, \
         m.created_at, e.at as sent_at, m.enclosure, \
         coalesce((select true from urgent_letters urgent where urgent.template = m.template), false) as is_urgent"
    };
}
pub(super) use sent_columns;

// The events of the account `a` that the viewer $1, $2 may see: $4 says whether confidential ones too, $5
// by which channels.
macro_rules! on_account {
    () => {
        concat!(
            " from (select x.id from messages x where x.account_id = a.id \
                union select x.id from messages x where x.account_id is null and x.account_user_id in (\
                    select r.user_id from account_user_roles r where r.account_id = a.id \
                    union select r.user_id from portfolio_user_roles r where r.portfolio_id = a.portfolio_id)\
              ) held join messages m on m.id = held.id \
              join message_events e on e.message_id = m.id and e.kind = 'accepted' \
              where (not m.confidential or $4::boolean) and m.channel = any($5::text[]) \
              and ($1 = 'support-user' or ($1 = 'account-user' and (m.account_user_id = $2 or m.account_id = a.id))) \
              and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<Sent> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $6::bigint[], $7::bigint[]) as p (id, skip, take)) parents
    join accounts a on a.id = parents.id
    cross join lateral (select ", sent_columns!(), on_account!(), "
        order by e.at desc, e.id desc offset parents.skip limit parents.take) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select a.id, (select count(*) ", on_account!(), ") from accounts a where a.id = any($3::bigint[])"));
statement!(static BY_ID: Sent = concat!("
    select ", sent_columns!(), " from message_events e join messages m on m.id = e.message_id
    where e.id = any($3::bigint[]) and e.kind = 'accepted' and (not m.confidential or $4::boolean)
    and ($1::text = 'support-user' or ($1 = 'account-user' and (m.account_user_id = $2::bigint
        or exists (select 1 from accounts a where a.id = m.account_id and ", account_is_visible!(), "))))"));

/// One page of what was sent about each of these accounts by one of `channels`, the latest first. One
/// statement, and one more for totals.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    channels: &[Channel],
    window: &Window,
) -> Result<Vec<Page<Sent>>, sqlx::Error> {
    let channels: Vec<&str> = channels.iter().map(|channel| channel.code()).collect();
    let secrets = viewer.may(READ_POST);
    let totals = if window.needs_total() {
        let query = COUNT.seen_by(viewer).bind(accounts);
        Some(query.bind(secrets).bind(&channels).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts).bind(secrets).bind(&channels);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let found = found.into_iter().map(Under::pair);
    Ok(page::pages(window, accounts, totals.as_ref(), found))
}

/// The events with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Sent>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids).bind(viewer.may(READ_POST));
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |sent| sent.id))
}
