//! Connections: the paging arguments, cursors and the page shape that every list of the API shares.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::bindings::{Bindings, ObjectBinding};
use super::error::FieldError;
use super::leaf::Leaf;
use super::resolved::{Call, Node, Resolved};

/// The most a page may hold.
pub const MAX_PAGE: i64 = 100;
const CURSOR_PREFIX: &str = "arrayconnection:";

#[derive(Debug, Default, Deserialize)]
struct PagingArgs {
    first: Option<i64>,
    last: Option<i64>,
    before: Option<String>,
    after: Option<String>,
    offset: Option<i64>,
}

/// From which end of a list rows are wanted, and how many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    First(i64),
    Last(i64),
}

impl End {
    /// Reads `first` and `last`.
    ///
    /// # Errors
    /// KT-CT-1201 without both; 1202 and 1203 where they are out of bounds; 1204 with both.
    pub fn of(first: Option<i64>, last: Option<i64>) -> Result<Self, FieldError> {
        let bounded = |limit: i64, code: &'static str, name: &str| {
            if (0..=MAX_PAGE).contains(&limit) {
                Ok(limit)
            } else {
                let text = format!("`{name}` must be between 0 and {MAX_PAGE}, and is {limit}.");
                Err(FieldError::code(code).describe(text).at_input(&[name]))
            }
        };
        match (first, last) {
            (None, None) => Err(FieldError::code("KT-CT-1201")),
            (Some(_), Some(_)) => {
                Err(FieldError::code("KT-CT-1204").describe("Give either `first` or `last`, not both."))
            }
            (Some(first), None) => Ok(Self::First(bounded(first, "KT-CT-1202", "first")?)),
            (None, Some(last)) => Ok(Self::Last(bounded(last, "KT-CT-1203", "last")?)),
        }
    }
}

/// What part of an ordered list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `limit` rows from `offset`.
    Forward { offset: i64, limit: i64 },
    /// The `limit` rows that end just before row `before`, or at the end of the list.
    Backward { before: Option<i64>, limit: i64 },
}

impl Paging {
    /// Reads the paging arguments of a call.
    ///
    /// # Errors
    /// KT-CT-1201 without `first` and `last`; 1202 and 1203 where they are out of bounds; 1204 for
    /// arguments that do not go together.
    pub fn of<C>(call: &Call<'_, C>) -> Result<Self, FieldError> {
        Self::from_args(&call.args::<PagingArgs>()?)
    }

    fn from_args(args: &PagingArgs) -> Result<Self, FieldError> {
        if args.offset.is_some() && (args.after.is_some() || args.before.is_some() || args.last.is_some()) {
            return Err(FieldError::code("KT-CT-1204"));
        }
        match End::of(args.first, args.last)? {
            End::First(mut limit) => {
                let offset = match &args.after {
                    Some(after) => cursor_offset(after)? + 1,
                    None => args.offset.unwrap_or(0),
                };
                if offset < 0 {
                    return Err(FieldError::code("KT-CT-1204").describe("`offset` must not be negative."));
                }
                if let Some(before) = &args.before {
                    limit = limit.min((cursor_offset(before)? - offset).max(0));
                }
                Ok(Self::Forward { offset, limit })
            }
            End::Last(limit) => {
                let before = args.before.as_deref().map(cursor_offset).transpose()?;
                match (&args.after, before) {
                    (Some(after), Some(before)) => {
                        let start = cursor_offset(after)? + 1;
                        let offset = (before - limit).max(start);
                        Ok(Self::Forward { offset, limit: (before - offset).max(0) })
                    }
                    (Some(_), None) => Err(FieldError::code("KT-CT-1204")
                        .describe("`last` goes with `before`, not with `after`.")),
                    (None, before) => Ok(Self::Backward { before, limit }),
                }
            }
        }
    }

    /// True where the total is needed to know which rows are meant.
    pub fn needs_total(self) -> bool {
        matches!(self, Self::Backward { before: None, .. })
    }

    /// Offset and limit in a list of `total` rows; `total` only matters where [`Self::needs_total`].
    pub fn window(self, total: i64) -> (i64, i64) {
        match self {
            Self::Forward { offset, limit } => (offset, limit),
            Self::Backward { before, limit } => {
                let end = before.unwrap_or(total);
                let start = (end - limit).max(0);
                (start, end - start)
            }
        }
    }
}

/// The cursor of the row at `offset`.
pub fn cursor(offset: i64) -> String {
    STANDARD.encode(format!("{CURSOR_PREFIX}{offset}"))
}

fn cursor_offset(cursor: &str) -> Result<i64, FieldError> {
    STANDARD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let digits = text.strip_prefix(CURSOR_PREFIX)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
        })
        .filter(|offset| (0..i64::from(i32::MAX)).contains(offset))
        .ok_or_else(|| FieldError::code("KT-CT-1204").describe("The cursor is not one of this connection's."))
}

/// One page of a list, ready to be answered.
pub struct Connection {
    edges: Vec<Edge>,
    has_next: bool,
    has_previous: bool,
    total: Option<i64>,
}

#[derive(Clone)]
struct Edge {
    node: Node,
    /// Where it stands in the list: its cursor, written only where it is asked for.
    offset: i64,
}

impl Connection {
    /// A page whose first row stands at `offset`. `total` is only needed if `totalCount` was selected.
    pub fn new(
        offset: i64,
        nodes: Vec<Node>,
        has_next: bool,
        has_previous: bool,
        total: Option<i64>,
    ) -> Self {
        let edges = nodes.into_iter().zip(offset..).map(|(node, offset)| Edge { node, offset }).collect();
        Self { edges, has_next, has_previous, total }
    }
}

/// Whether a call wants the total.
pub fn wants_total<C>(call: &Call<'_, C>) -> bool {
    call.selects("totalCount")
}

/// Whether a call asks if there are more rows behind the page.
pub fn wants_more<C>(call: &Call<'_, C>) -> bool {
    call.selects("pageInfo.hasNextPage")
}

/// Tables for the connection types, their edges and `PageInfo`: written once, used by all.
pub(super) struct ConnectionBindings {
    pub connection: ObjectBinding,
    pub edge: ObjectBinding,
    pub page_info: ObjectBinding,
}

struct PageInfo {
    has_next: bool,
    has_previous: bool,
    start: Option<i64>,
    end: Option<i64>,
}

pub(super) fn bindings() -> ConnectionBindings {
    let mut all = Bindings::<()>::default();
    all.leaves::<Connection>(
        "connection",
        &[
            ("totalCount", |c| c.total.into()),
            ("edgeCount", |c| Leaf::Int(i64::try_from(c.edges.len()).unwrap_or(i64::MAX))),
        ],
    )
    .parts::<Connection>(
        "connection",
        &[
            ("edges", |c| Resolved::nodes(c.edges.iter().cloned())),
            ("pageInfo", |c| Resolved::node(page_info(c))),
        ],
    )
    .leaves::<Edge>("edge", &[("cursor", |e| cursor(e.offset).into())])
    .parts::<Edge>("edge", &[("node", |e| Resolved::Node(e.node.clone()))])
    .leaves::<PageInfo>(
        "page_info",
        &[
            ("hasNextPage", |p| p.has_next.into()),
            ("hasPreviousPage", |p| p.has_previous.into()),
            ("startCursor", |p| p.start.map(cursor).into()),
            ("endCursor", |p| p.end.map(cursor).into()),
        ],
    );
    let mut take = |name: &str| all.objects.swap_remove(name).unwrap_or_default();
    ConnectionBindings { connection: take("connection"), edge: take("edge"), page_info: take("page_info") }
}

fn page_info(connection: &Connection) -> PageInfo {
    PageInfo {
        has_next: connection.has_next,
        has_previous: connection.has_previous,
        start: connection.edges.first().map(|edge| edge.offset),
        end: connection.edges.last().map(|edge| edge.offset),
    }
}
