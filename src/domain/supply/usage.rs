//! What ran through points as whoever was supplied sees it: series of groups, page by page, in the order of time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::consumption::{self, Flow};
use super::grouping::{Grouping, group};
use super::interval::{Interval, Period};
use super::intervals;
use super::periods::{self, SupplyPeriod};
use super::switching;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;
use crate::platform::page::{Edge, Page, Window};

/// Groups that are looked through one by one to find where a page may end.
const MOST_STEPS: i64 = 5_000;

/// How energy must be known to be wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// In any way.
    #[default]
    Anyhow,
    /// By intervals that were measured.
    Measured,
    /// Spread between readings of registers.
    Spread,
}

/// A register of several, which counts only at some times of the day.
#[derive(Clone, Debug)]
pub struct Switched {
    /// The market that says when.
    pub market: String,
    /// The part of the day that it counts in.
    pub band: String,
    /// Whether its meter has a register for the middle of the day.
    pub has_off_peak: bool,
    /// The time zone of the market.
    pub zone: Tz,
}

/// What is wanted of one point.
#[derive(Clone, Debug)]
pub struct Series {
    /// The point.
    pub point: i64,
    /// The half-open time for which the meter that is meant hung there.
    pub life: Option<Period>,
    /// The register that is meant, if it is one of several.
    pub register: Option<Switched>,
    /// How to group it; as it was measured without.
    pub grouping: Option<Grouping>,
    /// The time zone of the groups.
    pub zone: Tz,
    /// How it must be known.
    pub known: Known,
}

/// Series over a half-open period.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is wanted.
    pub series: Vec<Series>,
    /// From when on; the first group begins then.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
}

/// How much of a group is known in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Energy, in Wh.
    pub wh: i64,
    /// Of how many pieces.
    pub count: i64,
}

/// A group of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The place of the series in the wish.
    pub series: usize,
    /// The period and its energy.
    pub interval: Interval,
    /// What of it was measured.
    pub measured: Part,
    /// What of it was spread between readings.
    pub spread: Part,
    /// The greatest mean power of any piece, in W.
    pub peak: i64,
}

/// One page of what each wish is for, as far as the viewer, or whom they act for, was supplied then; by time, then in
/// the order of the series.
///
/// # Errors
/// Those of the database.
pub async fn pages(
    tx: &mut Tx,
    viewer: &Viewer,
    wishes: &[Wish],
    window: &Window,
) -> Result<Vec<Page<Group>>, sqlx::Error> {
    let points = points_of(wishes);
    let periods = supplied(tx, viewer, &points).await?;
    let begins: Vec<DateTime<Utc>> = wishes.iter().map(|wish| wish.begin(&periods)).collect();
    let horizons: Vec<DateTime<Utc>> =
        wishes.iter().zip(&begins).map(|(wish, begin)| wish.horizon(*begin, window)).collect();
    let ends: Vec<DateTime<Utc>> = wishes.iter().map(|wish| wish.to).collect();
    let groups = load(tx, &points, wishes, &periods, (&begins, &horizons)).await?;
    let short = |(place, groups): (usize, &Vec<Group>)| {
        horizons[place] < ends[place] && !fills(groups, horizons[place], window)
    };
    let is_short = groups.iter().enumerate().any(short);
    // Where data has gaps the page ends later than it would otherwise.
    let (groups, horizons) = if is_short {
        (load(tx, &points, wishes, &periods, (&begins, &ends)).await?, &ends)
    } else {
        (groups, &horizons)
    };
    let page = |(place, mut groups): (usize, Vec<Group>)| {
        if horizons[place] < ends[place] {
            groups.retain(|group| group.interval.end <= horizons[place]);
        }
        Page::of(window, groups)
    };
    Ok(groups.into_iter().enumerate().map(page).collect())
}

/// All groups of one wish, by time.
///
/// # Errors
/// Those of the database.
pub async fn all(tx: &mut Tx, viewer: &Viewer, wish: &Wish) -> Result<Vec<Group>, sqlx::Error> {
    let wishes = std::slice::from_ref(wish);
    let points = points_of(wishes);
    let periods = supplied(tx, viewer, &points).await?;
    let (begins, ends) = (vec![wish.begin(&periods)], vec![wish.to]);
    let groups = load(tx, &points, wishes, &periods, (&begins, &ends)).await?;
    Ok(groups.into_iter().flatten().collect())
}

type Supplied = HashMap<i64, Vec<SupplyPeriod>>;

/// When each point was supplied on accounts that the viewer may see.
pub(super) async fn supplied(tx: &mut Tx, viewer: &Viewer, points: &[i64]) -> Result<Supplied, sqlx::Error> {
    let periods = periods::of_points(tx, viewer, points).await?;
    Ok(points.iter().copied().zip(periods).collect())
}

fn points_of(wishes: &[Wish]) -> Vec<i64> {
    let mut points: Vec<i64> =
        wishes.iter().flat_map(|wish| &wish.series).map(|series| series.point).collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// Whether the groups that end by the horizon are more than a page and those in front of it hold.
fn fills(groups: &[Group], horizon: DateTime<Utc>, window: &Window) -> bool {
    let whole = groups.iter().filter(|group| group.interval.end <= horizon).count();
    let Edge::Forward { offset } = window.edge else { return false };
    i64::try_from(whole).unwrap_or(i64::MAX) > offset.saturating_add(window.limit)
}

/// The groups of each wish within its bounds.
async fn load(
    tx: &mut Tx,
    points: &[i64],
    wishes: &[Wish],
    periods: &Supplied,
    (begins, ends): (&[DateTime<Utc>], &[DateTime<Utc>]),
) -> Result<Vec<Vec<Group>>, sqlx::Error> {
    let from = begins.iter().min().copied().unwrap_or_default();
    let to = ends.iter().max().copied().unwrap_or_default();
    let flows = consumption::flows(tx, points, from, to).await?;
    let bounds = begins.iter().zip(ends);
    let groups = |(wish, (begin, end)): (&Wish, (&DateTime<Utc>, &DateTime<Utc>))| {
        wish.groups(&flows, periods, *begin, *end)
    };
    Ok(wishes.iter().zip(bounds).map(groups).collect())
}

/// Whether something that begins at a moment is the viewer's.
pub(super) fn is_within(periods: Option<&Vec<SupplyPeriod>>, at: DateTime<Utc>) -> bool {
    let holds = |p: &SupplyPeriod| p.starts_at <= at && p.ends_at.is_none_or(|end| at < end);
    periods.is_some_and(|periods| periods.iter().any(holds))
}

/// A half-hour, or a quarter, that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The period and its energy.
    pub interval: Interval,
    /// Whether the market has settled it.
    pub is_final: bool,
}

/// A point over a half-open period.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The point.
    pub point: i64,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Before when.
    pub to: DateTime<Utc>,
}

/// What was measured interval by interval in each of these spans, as far as the viewer, or whom they act for, was supplied
/// then; by time.
///
/// # Errors
/// Those of the database.
pub async fn pieces(tx: &mut Tx, viewer: &Viewer, spans: &[Span]) -> Result<Vec<Vec<Piece>>, sqlx::Error> {
    let mut points: Vec<i64> = spans.iter().map(|span| span.point).collect();
    points.sort_unstable();
    points.dedup();
    let periods = supplied(tx, viewer, &points).await?;
    let from = spans.iter().map(|span| span.from).min().unwrap_or_default();
    let to = spans.iter().map(|span| span.to).max().unwrap_or_default();
    let (first, beyond) = consumption::days_around(from, to);
    let days = intervals::newest(tx, &points, first, beyond).await?;
    let within = |span: &Span| {
        let days = days.iter().filter(|day| day.supply_point_id == span.point);
        let pieces = days.flat_map(|day| {
            let piece = |interval| Piece { interval, is_final: day.is_final };
            day.entries().filter_map(|entry| entry.interval()).map(piece).collect::<Vec<_>>()
        });
        let is_wanted = |piece: &Piece| {
            let start = piece.interval.start;
            start >= span.from && start < span.to && is_within(periods.get(&span.point), start)
        };
        pieces.filter(is_wanted).collect()
    };
    Ok(spans.iter().map(within).collect())
}

impl Wish {
    /// Where there may first be something to see.
    fn begin(&self, periods: &Supplied) -> DateTime<Utc> {
        let of = |series: &Series| {
            let supplied = periods.get(&series.point)?.iter().map(|period| period.starts_at).min()?;
            Some(series.life.map_or(supplied, |(from, _)| from.max(supplied)))
        };
        let first = self.series.iter().filter_map(of).min();
        first.map_or(self.from, |first| first.max(self.from)).min(self.to)
    }

    /// Until when to look for the groups of a page, provided that there are no gaps.
    fn horizon(&self, begin: DateTime<Utc>, window: &Window) -> DateTime<Utc> {
        let Edge::Forward { offset } = window.edge else { return self.to };
        let steps = offset.saturating_add(window.limit).saturating_add(2);
        if window.needs_total() || steps > MOST_STEPS {
            return self.to;
        }
        let longest = |series: &Series| {
            let grouping = series.grouping.unwrap_or(Grouping::HALF_HOUR);
            let step =
                |at: DateTime<Utc>, _| if at < self.to { grouping.end_after(series.zone, at) } else { at };
            (0..steps).fold(begin, step)
        };
        self.series.iter().map(longest).max().unwrap_or(self.to).min(self.to)
    }

    fn groups(
        &self,
        flows: &HashMap<i64, Vec<Flow>>,
        periods: &Supplied,
        begin: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Vec<Group> {
        let mut all = Vec::new();
        for (place, series) in self.series.iter().enumerate() {
            let Some(flows) = flows.get(&series.point) else { continue };
            let supplied = periods.get(&series.point);
            let is_wanted = |flow: &&Flow| {
                let start = flow.interval.start;
                start >= begin && start < end && is_within(supplied, start) && series.wants(flow)
            };
            let wanted: Vec<Flow> = flows.iter().filter(is_wanted).copied().collect();
            all.extend(series.groups(&wanted, begin, place));
        }
        all.sort_by_key(|group| (group.interval.start, group.series));
        all
    }
}

impl Series {
    fn wants(&self, flow: &Flow) -> bool {
        let start = flow.interval.start;
        let hangs = self.life.is_none_or(|(from, to)| from <= start && to.is_none_or(|to| start < to));
        let is_known = match self.known {
            Known::Anyhow => true,
            Known::Measured => flow.is_measured,
            Known::Spread => !flow.is_measured,
        };
        let counts = self.register.as_ref().is_none_or(|register| {
            let local = start.with_timezone(&register.zone).time();
            switching::counts(&register.market, &register.band, register.has_off_peak, local)
        });
        hangs && is_known && counts
    }

    fn groups(&self, flows: &[Flow], begin: DateTime<Utc>, place: usize) -> Vec<Group> {
        let intervals: Vec<Interval> = flows.iter().map(|flow| flow.interval).collect();
        let grouped = match self.grouping {
            None => intervals,
            Some(grouping) => group(&intervals, grouping, self.zone, begin),
        };
        let empty = |interval| Group {
            series: place,
            interval,
            measured: Part::default(),
            spread: Part::default(),
            peak: 0,
        };
        let mut groups: Vec<Group> = grouped.into_iter().map(empty).collect();
        let mut at = 0;
        for flow in flows {
            while groups.get(at).is_some_and(|group| group.interval.end <= flow.interval.start) {
                at += 1;
            }
            // A piece that reaches into further groups is counted where it begins.
            let Some(group) = groups.get_mut(at) else { break };
            let part = if flow.is_measured { &mut group.measured } else { &mut group.spread };
            part.wh += flow.interval.wh;
            part.count += 1;
            group.peak = group.peak.max(power(&flow.interval));
        }
        groups
    }
}

/// The mean power of a piece, in W.
fn power(interval: &Interval) -> i64 {
    let seconds = (interval.end - interval.start).num_seconds().max(1);
    interval.wh.saturating_mul(3600) / seconds
}
