//! When devices charge: `plannedDispatches`, `completedDispatches`, `flexPlannedDispatches`, `chargingSessions`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use uuid::Uuid;

use super::refusals;
use super::shown::{Shown, percent, thousandths};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::charging::{self, Sessions, Span};
use crate::domain::devices::costs::{self, Cost, Drawn};
use crate::domain::devices::fleet::{self, Device};
use crate::domain::devices::operators;
use crate::domain::devices::sessions::{Dispatch, Elsewhere, Problem, Session, Source};
use crate::graphql::connection::End;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::market::{self, Market};

const PUBLIC: &str = "PublicChargingSession";

/// Energy from the grid, as a change: what is taken is negative.
struct Change {
    dispatch: Dispatch,
    is_done: bool,
}

/// Where a change comes from.
struct Meta {
    source: Source,
    is_done: bool,
}

/// Charging that ended early, in hundredths of a per cent.
struct Truncation {
    cause: &'static str,
    original: i64,
    achieved: i64,
}

/// Something else that did not go as planned.
struct Trouble(&'static str);

/// Energy in Wh.
pub(super) struct Amount(pub i64);

/// A part of a device's sessions, as a connection whose cursors are the moments at which they began.
struct Part {
    sessions: Vec<Ended>,
    has_next: bool,
    has_previous: bool,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.plannedDispatches", planned);
    b.root("Query.completedDispatches", completed);
    b.root("Query.flexPlannedDispatches", flex_planned);
    b.batch("SmartFlexVehicle.chargingSessions", sessions_of);
    b.batch("SmartFlexChargePoint.chargingSessions", sessions_of);
    b.leaves::<Change>(
        "UpsideDispatchType",
        &[
            ("start", |c| c.dispatch.from.into()),
            ("end", |c| c.dispatch.to.into()),
            ("startDt", |c| text(c.dispatch.from).into()),
            ("endDt", |c| text(c.dispatch.to).into()),
            ("delta", |c| delta(&c.dispatch).into()),
            ("deltaKwh", |c| delta(&c.dispatch).round().to_i64().into()),
        ],
    );
    b.parts::<Change>(
        "UpsideDispatchType",
        &[("meta", |c| Resolved::node(Meta { source: c.dispatch.source, is_done: c.is_done }))],
    );
    b.leaves::<Meta>(
        "UpsideDispatchMetaType",
        &[("source", |m| m.source.name().into()), ("location", |m| m.is_done.then_some("AT_HOME").into())],
    );
    b.leaves::<Dispatch>(
        "SmartFlexDispatch",
        &[
            ("start", |d| d.from.into()),
            ("end", |d| d.to.into()),
            ("type", |d| d.source.code().into()),
            ("energyAddedKwh", |d| thousandths(d.battery_wh).into()),
        ],
    );
    bind_sessions(b);
}

fn bind_sessions(b: &mut Bindings) {
    b.leaves::<Ended>(
        "SmartFlexChargingSession",
        &[
            ("start", |s| s.session.from.into()),
            ("end", |s| s.session.to.into()),
            ("stateOfChargeChange", |s| percent(s.session.charge_after - s.session.charge_before).into()),
            ("stateOfChargeFinal", |s| percent(s.session.charge_after).into()),
            ("type", |s| s.session.source.code().into()),
            ("targetType", |s| (&s.session.target_type).into()),
        ],
    );
    b.parts::<Ended>(
        "SmartFlexChargingSession",
        &[
            ("energyAdded", |s| Resolved::node(Amount(s.session.battery_wh))),
            ("dispatches", |s| Resolved::nodes(s.session.dispatches.iter().cloned())),
            ("problems", |s| Resolved::List(s.session.problems.iter().map(problem).collect())),
        ],
    );
    b.batch("SmartFlexChargingSession.cost", costs_of);
    bind_public_sessions(b);
    b.leaves::<Money>("Money", &[("amount", |m| m.0.into()), ("currency", |m| (&m.1.currency.code).into())]);
    b.leaves::<Amount>(
        "Energy",
        &[("value", |a| thousandths(a.0).into()), ("unit", |_| "KILOWATT_HOUR".into())],
    );
    b.leaves::<Truncation>(
        "SmartFlexChargingTruncation",
        &[
            ("truncationCause", |t| t.cause.into()),
            ("originalAchievableStateOfCharge", |t| percent(t.original).into()),
            ("achievableStateOfCharge", |t| percent(t.achieved).into()),
        ],
    );
    b.leaves::<Trouble>("SmartFlexChargingError", &[("cause", |t| t.0.into())]);
    b.parts::<Part>(
        "DeviceChargingSessionConnection",
        &[
            ("edges", |p| Resolved::nodes(p.sessions.iter().cloned().map(Edge))),
            ("pageInfo", |p| Resolved::node(Info::of(p))),
        ],
    );
    b.leaves::<Edge>("DeviceChargingSessionEdge", &[("cursor", |e| e.0.session.from.into())]);
    b.parts::<Edge>(
        "DeviceChargingSessionEdge",
        &[("node", |e| Resolved::Node(Node::typed(session_type(&e.0), e.0.clone())))],
    );
    b.leaves::<Info>(
        "DateTimePageInfo",
        &[
            ("startCursor", |i| i.start.into()),
            ("endCursor", |i| i.end.into()),
            ("hasPreviousPage", |i| i.has_previous.into()),
            ("hasNextPage", |i| i.has_next.into()),
        ],
    );
}

/// Sessions at public charge points, of which the operator says what they cost.
fn bind_public_sessions(b: &mut Bindings) {
    b.leaves::<Ended>(
        PUBLIC,
        &[
            ("start", |s| s.session.from.into()),
            ("end", |s| s.session.to.into()),
            ("stateOfChargeChange", |s| percent(s.session.charge_after - s.session.charge_before).into()),
            ("stateOfChargeFinal", |s| percent(s.session.charge_after).into()),
            ("location", |s| s.session.elsewhere.as_ref().map(|place| place.location.as_str()).into()),
        ],
    );
    b.parts::<Ended>(
        PUBLIC,
        &[
            ("energyAdded", |s| Resolved::node(Amount(s.session.battery_wh))),
            ("cost", |s| {
                let cost = |place: &Elsewhere| {
                    let places = s.market.currency.exponent;
                    Money(Decimal::new(place.cost, places), s.market)
                };
                Resolved::maybe(s.session.elsewhere.as_ref().map(cost))
            }),
        ],
    );
    b.batch("PublicChargingSession.operatorImageUrl", operator_images);
}

/// Where this server shows the sign of whoever runs each charge point.
async fn operator_images(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let files = call.cx.app.files();
    let image = |ended: &Ended| {
        let operator = operators::by_code(&ended.session.elsewhere.as_ref()?.operator)?;
        Some(files.address(&operator.image_path()))
    };
    Ok(call.parents::<Ended>()?.into_iter().map(|ended| Resolved::leaf(image(ended))).collect())
}

fn session_type(ended: &Ended) -> &'static str {
    if ended.session.elsewhere.is_some() { PUBLIC } else { "SmartFlexChargingSession" }
}

/// A session, of which device, and in which currency it is paid for.
#[derive(Clone)]
struct Ended {
    session: Session,
    device: Uuid,
    market: &'static Market,
}

struct Edge(Ended);

/// An amount of a currency.
struct Money(Decimal, &'static Market);

struct Info {
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    has_previous: bool,
    has_next: bool,
}

impl Info {
    fn of(part: &Part) -> Self {
        Self {
            start: part.sessions.first().map(|each| each.session.from),
            end: part.sessions.last().map(|each| each.session.from),
            has_previous: part.has_previous,
            has_next: part.has_next,
        }
    }
}

fn problem(problem: &Problem) -> Resolved {
    match *problem {
        Problem::Truncated { cause, original, achieved } => {
            let cut = Truncation { cause: cause.code(), original, achieved };
            Resolved::Node(Node::typed("SmartFlexChargingTruncation", cut))
        }
        Problem::LimitReached => trouble("SOC_LIMIT_REACHED"),
        Problem::LostContact => trouble("COMMUNICATION_ERROR"),
    }
}

fn trouble(cause: &'static str) -> Resolved {
    Resolved::Node(Node::typed("SmartFlexChargingError", Trouble(cause)))
}

fn delta(dispatch: &Dispatch) -> Decimal {
    thousandths(-dispatch.grid_wh)
}

fn text(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S+00:00").to_string()
}

fn refused(error: DeviceError, silent: &'static str) -> FieldError {
    match error {
        DeviceError::Silent => FieldError::code(silent),
        other => refusals::of_account(other),
    }
}

/// The devices of an account that charge cars and are not gone.
async fn chargers(call: &Call<'_>) -> Result<Vec<Device>, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = fleet::of_account(&mut view, call.cx.viewer(), &number, None, None).await;
    let found = found.map_err(refusals::of_account)?;
    Ok(found.into_iter().filter(Device::is_registered_charger).collect())
}

async fn planned(call: Call<'_>) -> Result<Resolved, FieldError> {
    let devices = chargers(&call).await?;
    let each: Result<Vec<_>, _> = devices.iter().map(charging::planned).collect();
    let each = each.map_err(|error| refused(error, "KT-CT-4340"))?;
    let mut all: Vec<Dispatch> = each.into_iter().flatten().collect();
    all.sort_by_key(|dispatch| dispatch.from);
    Ok(Resolved::nodes(all.into_iter().map(|dispatch| Change { dispatch, is_done: false })))
}

async fn completed(call: Call<'_>) -> Result<Resolved, FieldError> {
    let devices = chargers(&call).await?;
    let mut view = call.cx.read().await?;
    let all = charging::completed(&mut view, call.cx.viewer(), &devices).await;
    let all = all.map_err(|error| refused(error, "KT-CT-4341"))?;
    Ok(Resolved::nodes(all.into_iter().map(|dispatch| Change { dispatch, is_done: true })))
}

async fn flex_planned(call: Call<'_>) -> Result<Resolved, FieldError> {
    let id: String = call.arg("deviceId")?;
    let unknown = || FieldError::code("KT-CT-4313");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let mut view = call.cx.read().await?;
    let device = fleet::by_id(&mut view, call.cx.viewer(), id).await;
    let planned = device.and_then(|device| charging::planned(&device));
    planned.map(Resolved::nodes).map_err(|error| match error {
        DeviceError::Unknown => unknown(),
        other => refused(other, "KT-CT-4340"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionsArgs {
    before: Option<DateTime<Utc>>,
    after: Option<DateTime<Utc>>,
    session_types: Option<Vec<Option<String>>>,
    first: Option<i64>,
    last: Option<i64>,
}

async fn sessions_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let args: SessionsArgs = call.args()?;
    let (is_from_end, limit) = match End::of(args.first, args.last)? {
        End::First(limit) => (false, limit),
        End::Last(limit) => (true, limit),
    };
    let limit = usize::try_from(limit).unwrap_or(0);
    let span = Span { after: args.after, before: args.before, limit, is_from_end };
    let sources = match &args.session_types {
        Some(types) => types.iter().flatten().filter_map(|code| Source::of(code)).collect(),
        None => vec![Source::Smart, Source::Boost, Source::Test, Source::Public],
    };
    let devices: Vec<&Device> = call.parents::<Shown>()?.iter().map(|shown| &*shown.0).collect();
    let mut view = call.cx.read().await?;
    let found = charging::sessions_of(&mut view, call.cx.viewer(), &devices, &sources, &span).await;
    let part = |(device, Sessions { rows, has_more }): (&&Device, Sessions)| {
        let market = market::by_code(device.market())?;
        let ended = |session| Ended { session, device: device.held.id, market };
        Some(Part {
            sessions: rows.into_iter().map(ended).collect(),
            has_next: has_more && !is_from_end,
            has_previous: has_more && is_from_end,
        })
    };
    let found = found.map_err(FieldError::internal)?;
    Ok(devices.iter().zip(found).map(|each| Resolved::maybe(part(each))).collect())
}

/// What each session cost with tax.
async fn costs_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let sessions = call.parents::<Ended>()?;
    let drawn = |each: &&Ended| {
        let device = each.device;
        each.session.dispatches.iter().map(move |ran| Drawn::of(device, ran)).collect::<Vec<_>>()
    };
    let all: Vec<Drawn> = sessions.iter().flat_map(drawn).collect();
    let mut view = call.cx.read().await?;
    let mut found = costs::of(&mut view, &all).await.map_err(FieldError::internal)?.into_iter();
    let cost = |each: &Ended| {
        let parts: Option<Vec<Cost>> =
            found.by_ref().take(each.session.dispatches.len()).collect::<Vec<_>>().into_iter().collect();
        let gross: Decimal = parts?.iter().map(|part| part.gross).sum();
        let places = each.market.currency.exponent;
        Some(Money((gross * Decimal::new(1, places)).round_dp(places), each.market))
    };
    Ok(sessions.into_iter().map(cost).map(Resolved::maybe).collect())
}
