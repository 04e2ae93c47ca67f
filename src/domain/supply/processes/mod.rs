//! How far joining and leaving this retailer, and moving in and out, have got. The use cases of supply begin a process
//! ([`making`], [`leaving`]); the register of the market and time carry it on ([`driving`]).

pub mod driving;
pub mod leaving;
pub(in crate::domain::supply) mod making;
pub mod workflows;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::supply_points::{self, SupplyPoint};
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::page::{Page, Window};

/// What a process is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Points come to be supplied by us.
    Join,
    /// They cease to be.
    Leave,
    /// Somebody moves in.
    Occupy,
    /// Somebody moves out.
    Vacate,
}

impl Kind {
    /// As it is kept.
    pub fn code(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Occupy => "occupy",
            Self::Vacate => "vacate",
        }
    }

    fn parse(code: &str) -> Self {
        let all = [Self::Join, Self::Leave, Self::Occupy];
        all.into_iter().find(|kind| kind.code() == code).unwrap_or(Self::Vacate)
    }
}

row! {
    /// A process of an account at a property.
    pub struct Process {
        /// Row id.
        pub id: i64,
        /// What people call it by.
        pub number: String,
        /// Market code of the account.
        pub market: String,
        /// One of `LifecycleSupplyPointProcessStatus`.
        pub status: String,
        /// How far it has got, in one word.
        pub stage: String,
        /// What sort of its kind it is.
        pub subtype: Option<String>,
        /// When it takes effect.
        pub effective_at: DateTime<Utc>,
        /// When it was asked for.
        pub requested_at: DateTime<Utc>,
    }
}

impl Process {
    /// The last local day before it takes effect.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let market = market::by_code(&self.market)?;
        Some(market.day(self.effective_at - TimeDelta::microseconds(1)))
    }
}

/// The columns of a [`Process`], of an account `a`.
macro_rules! process_columns {
    () => {
        "p.id, p.number, a.market, p.status, p.stage, p.subtype, p.effective_at, p.requested_at"
    };
}

statement!(static COUNT: (i64,) = concat!("
    select count(*) from supply_processes p join accounts a on a.id = p.account_id
    where p.account_id = $3 and p.kind = $4 and (not $5::boolean or p.ended_at is null) and ", account_is_visible!()));
statement!(static PAGE: Process = concat!("
    select ", process_columns!(), " from supply_processes p join accounts a on a.id = p.account_id
    where p.account_id = $3 and p.kind = $4 and (not $5::boolean or p.ended_at is null) and ", account_is_visible!(), "
    order by case when $6::boolean then p.requested_at end, case when $6 then p.id end, p.requested_at desc, p.id desc
    offset $7 limit $8"));
statement!(static ONE: Process = concat!("
    select ", process_columns!(), " from supply_processes p join accounts a on a.id = p.account_id
    where p.kind = $3 and (p.id = $4 or p.number = $5) and ", account_is_visible!()));
statement!(static CONTRACTS: (i64, String) = concat!("
    select p.id, c.identifier from supply_processes p join accounts a on a.id = p.account_id
        join contracts c on c.account_id = a.id and c.during @> p.effective_at and not c.is_undone
    where p.id = any($3::bigint[]) and ", account_is_visible!(), " order by p.id, c.id"));

/// Which processes of an account are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    /// The account, by row id.
    pub account: i64,
    /// Whether only those that are not over.
    pub only_active: bool,
    /// Whether those that were asked for first come first.
    pub is_ascending: bool,
}

/// One page of an account's processes of a kind, by when they were asked for.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which,
    kind: Kind,
    window: &Window,
) -> Result<Page<Process>, sqlx::Error> {
    let total = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(which.account);
        let count = count.bind(kind.code()).bind(which.only_active).fetch_one(&mut *tx).await?;
        Some(count.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let rows = PAGE.seen_by(viewer).bind(which.account).bind(kind.code());
    let rows = rows.bind(which.only_active).bind(which.is_ascending).bind(slice.offset);
    let rows = rows.bind(slice.limit.saturating_add(1)).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// How a single process is named.
#[derive(Clone, Copy, Debug)]
pub enum Name<'a> {
    /// By row id.
    Id(i64),
    /// By its number.
    Number(&'a str),
}

/// The process of a kind with this name, if the viewer sees its account.
pub async fn find(
    tx: &mut Tx,
    viewer: &Viewer,
    kind: Kind,
    name: Name<'_>,
) -> Result<Option<Process>, sqlx::Error> {
    let (id, number) = match name {
        Name::Id(id) => (id, None),
        Name::Number(number) => (0, Some(number)),
    };
    let query = ONE.seen_by(viewer).bind(kind.code());
    query.bind(id).bind(number).fetch_optional(&mut *tx).await
}

/// The points that each of these processes is about, oldest first: those that somebody joins or leaves with, or that an
/// account is supplied at from moving in on, or was until it moved out.
pub async fn points(
    tx: &mut Tx,
    viewer: &Viewer,
    processes: &[i64],
) -> Result<Vec<Vec<SupplyPoint>>, sqlx::Error> {
    Ok(grouped(processes, supply_points::of_processes(tx, viewer, processes).await?))
}

/// The contracts under which the account of each process stands when it takes effect, by identifier.
pub async fn contracts(
    tx: &mut Tx,
    viewer: &Viewer,
    processes: &[i64],
) -> Result<Vec<Vec<String>>, sqlx::Error> {
    let query = CONTRACTS.seen_by(viewer).bind(processes);
    Ok(grouped(processes, query.fetch_all(&mut *tx).await?))
}
