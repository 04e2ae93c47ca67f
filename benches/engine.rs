//! What an answer costs: from the text of a request to the bytes of its answer, no database behind it.
//!
//! `cargo bench --bench engine`. Beside each figure stands async-graphql's own dynamic executor over the
//! same resolvers. Allocations are counted, so that "nothing is allocated for a leaf" is a number.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use kraken_api::graphql::connection::{Connection, Paging};
use kraken_api::graphql::{
    Bindings, Call, Edition, Engine, FieldError, Host, Leaf, Limits, Node, Request, Resolved, Response,
};
use rust_decimal::Decimal;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory of theirs.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SDL: &str = "
    scalar Decimal scalar Date scalar DateTime
    enum Status { ACTIVE CLOSED }
    type Query { one: Row rows: [Row!]! groups: [Group!]! page(first: Int): RowConnection }
    type RowConnection { edges: [RowEdge] pageInfo: PageInfo! totalCount: Int }
    type RowEdge { node: Row cursor: String! }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
    type Row { id: ID! number: Int! name: String! amount: Decimal! day: Date at: DateTime! open: Boolean! status: Status! }
    type Group { id: ID! name: String items: [Item!]! }
    type Item { id: ID! name: String parts: [Part!]! }
    type Part { id: ID! name: String size: Int }
";

const SMALL: &str = "{ one { id number name } }";
const ROWS: &str = "{ rows { id number name amount day at open status } }";
const ONE_LEAF: &str = "{ rows { number } }";
const NESTED: &str = "{ groups { id name items { id name parts { id name size } } } }";

const PAGE: &str =
    "{ page(first: 100) { edges { node { id number name } } pageInfo { hasNextPage endCursor } } }";

struct Row {
    id: i64,
    number: i32,
    name: String,
    amount: Decimal,
    day: NaiveDate,
    at: DateTime<Utc>,
}

/// A row of three levels: its children are the rows below.
struct Branch {
    id: i64,
    name: String,
    below: Vec<Arc<Branch>>,
}

type Answers = Result<Vec<Resolved>, FieldError>;

fn nodes<T: Send + Sync + 'static>(rows: &[Arc<T>]) -> Resolved {
    Resolved::List(rows.iter().map(|row| Resolved::Node(Node::shared(Arc::clone(row)))).collect())
}

async fn below(call: Call<'_, ()>) -> Answers {
    Ok(call.parents::<Branch>()?.into_iter().map(|branch| nodes(&branch.below)).collect())
}

fn branches(widths: &[i64]) -> Vec<Arc<Branch>> {
    let Some((width, rest)) = widths.split_first() else { return Vec::new() };
    (0..*width)
        .map(|id| Arc::new(Branch { id, name: format!("branch {id}"), below: branches(rest) }))
        .collect()
}

fn engine() -> Engine<()> {
    let rows: Arc<Vec<Arc<Row>>> = Arc::new(
        (0..1_000)
            .map(|at| {
                Arc::new(Row {
                    id: 3_400_000 + at,
                    number: i32::try_from(at).unwrap_or_default(),
                    name: format!("Row number {at}"),
                    amount: Decimal::new(2_561_244_300 + at, 5),
                    day: NaiveDate::from_ymd_opt(2024, 3, 31).unwrap_or_default(),
                    at: Utc.timestamp_opt(1_700_000_000 + at, 0).single().unwrap_or_default(),
                })
            })
            .collect(),
    );
    let groups = Arc::new(branches(&[20, 10, 5]));
    let mut bindings = Bindings::<()>::default();
    let one = Arc::clone(&rows[0]);
    let paged = Arc::clone(&rows);
    bindings
        .root("Query.page", move |call: Call<'_, ()>| {
            let page = Paging::of(&call).map(|paging| {
                let (offset, limit) = paging.window(1_000);
                let wanted =
                    usize::try_from(offset).unwrap_or(0)..usize::try_from(offset + limit).unwrap_or(0);
                let nodes = paged[wanted].iter().map(|row| Node::shared(Arc::clone(row))).collect();
                Resolved::node(Connection::new(offset, nodes, true, false, None))
            });
            async move { page }
        })
        .root("Query.one", move |_: Call<'_, ()>| {
            let one = Arc::clone(&one);
            async move { Ok(Resolved::Node(Node::shared(one))) }
        })
        .root("Query.rows", move |_: Call<'_, ()>| {
            let rows = Arc::clone(&rows);
            async move { Ok(nodes(&rows)) }
        })
        .root("Query.groups", move |_: Call<'_, ()>| {
            let groups = Arc::clone(&groups);
            async move { Ok(nodes(&groups)) }
        })
        .batch("Group.items", below)
        .batch("Item.parts", below)
        .leaves::<Row>(
            "Row",
            &[
                ("id", |row| row.id.into()),
                ("number", |row| row.number.into()),
                ("name", |row| (&row.name).into()),
                ("amount", |row| row.amount.into()),
                ("day", |row| row.day.into()),
                ("at", |row| row.at.into()),
                ("open", |row| (row.number % 2 == 0).into()),
                ("status", |row| if row.number % 2 == 0 { "ACTIVE".into() } else { "CLOSED".into() }),
            ],
        )
        .leaves::<Branch>("Group", &[("id", |b| b.id.into()), ("name", |b| (&b.name).into())])
        .leaves::<Branch>("Item", &[("id", |b| b.id.into()), ("name", |b| (&b.name).into())])
        .leaves::<Branch>(
            "Part",
            &[("id", |b| b.id.into()), ("name", |b| (&b.name).into()), ("size", |b| Leaf::Int(b.id))],
        );
    match Engine::new(&[("bench.graphql", SDL)], &Edition::default(), &bindings) {
        Ok(engine) => engine.with_limits(Limits { complexity: u64::MAX, nodes: u64::MAX }),
        Err(error) => panic!("the schema does load: {error}"),
    }
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    host: Host<()>,
    cx: Arc<()>,
}

/// The fastest of many short rounds: whatever else the machine does only ever adds.
fn time(mut call: impl FnMut()) -> Duration {
    let round = |call: &mut dyn FnMut()| {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_millis(30) {
            call();
            calls += 1;
        }
        start.elapsed() / calls
    };
    (0..40).map(|_| round(&mut call)).min().unwrap_or_default()
}

impl Bench {
    fn ours(&self, query: &str) -> Response {
        let request = Request { query: query.to_owned(), ..Request::default() };
        self.runtime.block_on(self.host.engine().execute(&self.cx, &request))
    }

    fn theirs(&self, query: &str) -> Vec<u8> {
        let request = async_graphql::Request::new(query).data(Arc::clone(&self.cx));
        let response = self.runtime.block_on(self.host.schema().execute(request));
        serde_json::to_vec(&response).unwrap_or_default()
    }

    fn allocations(&self, query: &str) -> u64 {
        // The first answer fills the cache.
        black_box(self.ours(query));
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        black_box(self.ours(query));
        ALLOCATIONS.load(Ordering::Relaxed) - before
    }

    /// One line of the table: warm, cold, async-graphql.
    fn line(&self, name: &str, query: &str, leaves: u32) {
        let same: serde_json::Value = serde_json::from_slice(&self.ours(query).body).unwrap_or_default();
        let other: serde_json::Value = serde_json::from_slice(&self.theirs(query)).unwrap_or_default();
        assert_eq!(same["data"], other["data"], "both answer the same");
        let warm = time(|| {
            black_box(self.ours(query));
        });
        let mut round = 0;
        let cold = time(|| {
            round += 1;
            black_box(self.ours(&format!("{query} #{round}")));
        });
        let theirs = time(|| {
            black_box(self.theirs(query));
        });
        println!(
            "{name:<22} {:>11.1?} {:>11.1?} {:>11.1?} {:>9.1} {:>9.1} {:>8.1}",
            warm,
            cold,
            theirs,
            warm.as_nanos() as f64 / f64::from(leaves),
            theirs.as_nanos() as f64 / f64::from(leaves),
            theirs.as_secs_f64() / warm.as_secs_f64(),
        );
    }
}

/// How long the engine takes to read the project's schema and prune it.
fn start() -> Duration {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let texts: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "graphql"))
        .filter_map(|path| Some((path.display().to_string(), std::fs::read_to_string(&path).ok()?)))
        .collect();
    let sources: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut bindings = Bindings::<()>::default();
    bindings
        .root("Query.krakenVersion", async |_: Call<'_, ()>| Ok(Resolved::node(())))
        .leaves::<()>("KrakenVersionType", &[("number", |()| "1".into())]);
    time(|| {
        black_box(Engine::new(&sources, &Edition::default(), &bindings).is_ok());
    })
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
    let host = match Host::new(Arc::new(engine())) {
        Ok(host) => host,
        Err(error) => panic!("async-graphql takes the schema: {error}"),
    };
    let bench = Bench { runtime, host, cx: Arc::new(()) };
    println!(
        "{:<22} {:>11} {:>11} {:>11} {:>9} {:>9} {:>8}",
        "query", "warm", "cold", "async-gql", "ns/leaf", "theirs", "ratio"
    );
    bench.line("one object, 3 leaves", SMALL, 3);
    bench.line("1,000 rows x 8 leaves", ROWS, 8_000);
    bench.line("20 x 10 x 5 nested", NESTED, 20 * 2 + 200 * 2 + 1_000 * 3);
    bench.line("page of 100, 3 leaves", PAGE, 302);
    let (eight, one) = (bench.allocations(ROWS), bench.allocations(ONE_LEAF));
    println!("\nallocations: {one} for 1,000 rows of one leaf, {eight} for 1,000 rows of eight");
    println!("allocations per leaf: {:.4}", (eight.saturating_sub(one)) as f64 / 7_000.0);
    println!("allocations per object: {:.4}", one as f64 / 1_000.0);
    println!("allocations of the small query: {}", bench.allocations(SMALL));
    println!("allocations of the page of 100: {}", bench.allocations(PAGE));
    println!("start with the whole SDL and one field of it: {:.1?}", start());
}
