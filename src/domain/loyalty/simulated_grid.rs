//! A grid operator made of rules. It is short of power in the evenings of some working days from October to March: on one
//! of each week, which it announces a week before, and on some others, which it announces the day before or on the day itself.
//! It says the same about the same day whenever it is asked, and does not always answer.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::grid::{Announcement, GridOperator, Notice, Unavailable};
use crate::domain::seed::draw::Draw;
use crate::platform::calendar;

/// The market whose grid it is.
pub const MARKET: &str = "gb";
/// Of a thousand working days beside the one of the week, on how many there is a session.
const SHORT: u64 = 120;
/// Of a thousand, on how many there is a trial at noon.
const TRIALS: u64 = 50;
/// Of a thousand times that it is asked, how often it does not answer.
const SILENT: u64 = 50;
const ZONE: Tz = Tz::Europe__London;

/// The operator.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator {
    /// What sets one world's sessions apart from another's.
    pub seed: u64,
}

/// What is drawn.
#[derive(Clone, Copy)]
enum About {
    Silence = 1,
    Evening,
    Trial,
    Week,
}

impl Simulator {
    fn draw(self, day: NaiveDate, about: About) -> Draw {
        let day = u64::try_from(day.num_days_from_ce()).unwrap_or_default();
        Draw::from(&[self.seed, day, about as u64])
    }

    /// Everything that there is on a day, announced or not.
    fn sessions(self, day: NaiveDate) -> Vec<Announcement> {
        let is_winter = matches!(day.month(), 10..=12 | 1..=3);
        if !is_winter || !calendar::of(MARKET).is_working_day(day) {
            return Vec::new();
        }
        [self.evening(day), self.trial(day)].into_iter().flatten().collect()
    }

    fn evening(self, day: NaiveDate) -> Option<Announcement> {
        let mut draw = self.draw(day, About::Evening);
        let is_of_week = self.is_of_week(day);
        if !is_of_week && !draw.happens(SHORT) {
            return None;
        }
        // Between five and half past six, for an hour or an hour and a half.
        let begins = at(day, 17, 0) + TimeDelta::minutes(30 * draw.between(0, 2));
        let lasts = TimeDelta::minutes(30 * draw.between(2, 3));
        let before = |days| at(day, 10, 0) - TimeDelta::days(days);
        let (notice, announced_at) = match draw.below(3) {
            _ if is_of_week => (Notice::DayAhead, before(7)),
            0 => (Notice::Morning, at(day, 9, 0)),
            1 => (Notice::Afternoon, at(day, 13, 0)),
            _ => (Notice::DayAhead, before(1)),
        };
        Some(Announcement {
            code: format!("EVENT_1_{}", day.format("%d%m%y")),
            starts_at: begins,
            ends_at: begins + lasts,
            points_per_kwh: i32::try_from(100 * draw.between(12, 32)).unwrap_or(1800),
            grams_per_kwh: i32::try_from(draw.between(240, 390)).unwrap_or(300),
            notice,
            is_trial: false,
            announced_at: announced_at + TimeDelta::minutes(draw.between(0, 55)),
        })
    }

    /// Whether a working day is the one of its week on which there is a session for certain.
    fn is_of_week(self, day: NaiveDate) -> bool {
        let place = day.weekday().num_days_from_monday();
        let monday = day.checked_sub_days(Days::new(u64::from(place))).unwrap_or(day);
        self.draw(monday, About::Week).below(5) == u64::from(place)
    }

    fn trial(self, day: NaiveDate) -> Option<Announcement> {
        let mut draw = self.draw(day, About::Trial);
        draw.happens(TRIALS).then(|| Announcement {
            code: format!("TRIAL_1_{}", day.format("%d%m%y")),
            starts_at: at(day, 12, 0),
            ends_at: at(day, 12, 30),
            points_per_kwh: 800,
            grams_per_kwh: i32::try_from(draw.between(120, 260)).unwrap_or(200),
            notice: Notice::DayAhead,
            is_trial: true,
            announced_at: at(day, 10, 0) - TimeDelta::days(2),
        })
    }
}

/// A local time of a day, on which no clock changes then.
fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let local = day.and_time(time).and_local_timezone(ZONE).earliest();
    local.map_or_else(|| day.and_time(time).and_utc(), |local| local.to_utc())
}

impl GridOperator for Simulator {
    fn announced(&self, day: NaiveDate, now: DateTime<Utc>) -> Result<Vec<Announcement>, Unavailable> {
        let asked = u64::try_from(now.timestamp() / 600).unwrap_or_default();
        if Draw::from(&[self.seed, asked, About::Silence as u64]).happens(SILENT) {
            return Err(Unavailable);
        }
        let mut sessions = self.sessions(day);
        sessions.retain(|session| session.announced_at <= now);
        Ok(sessions)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Timelike, Weekday};

    use super::*;

    fn year() -> Vec<Announcement> {
        let first: NaiveDate = "2026-07-01".parse().expect("a day");
        first.iter_days().take(365).flat_map(|day| Simulator::default().sessions(day)).collect()
    }

    #[test]
    fn sessions_are_on_winter_evenings_of_working_days_and_announced_before() {
        let all = year();
        let evenings: Vec<&Announcement> = all.iter().filter(|session| !session.is_trial).collect();
        assert!((25..60).contains(&evenings.len()), "{}", evenings.len());
        for session in &all {
            let local = session.starts_at.with_timezone(&ZONE);
            assert!(!matches!(local.weekday(), Weekday::Sat | Weekday::Sun));
            assert!(!(4..=9).contains(&local.month()));
            assert!(session.is_trial || (17..=18).contains(&local.hour()), "{local}");
            assert!(session.announced_at < session.starts_at - TimeDelta::hours(3));
            let is_before = session.announced_at.with_timezone(&ZONE).date_naive() < local.date_naive();
            assert_eq!(is_before, session.notice == Notice::DayAhead);
        }
        for notice in [Notice::DayAhead, Notice::Morning, Notice::Afternoon] {
            assert!(evenings.iter().any(|session| session.notice == notice), "{notice:?}");
        }
        assert!(all.iter().any(|session| session.is_trial));
    }

    #[test]
    fn nothing_is_said_before_it_is_announced_and_the_same_ever_after() {
        let simulator = Simulator::default();
        for session in year() {
            let day = session.starts_at.date_naive();
            let on = |now| simulator.announced(day, now).unwrap_or_default();
            assert!(!on(session.announced_at - TimeDelta::minutes(1)).contains(&session));
            let later = (0..4).map(|turn| simulator.announced(day, session.ends_at + TimeDelta::hours(turn)));
            let answers: Vec<_> = later.flatten().collect();
            assert!(!answers.is_empty() && answers.iter().all(|answer| answer.contains(&session)));
        }
    }
}
