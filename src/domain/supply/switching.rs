//! Which register of a meter counts when: the time switches that meters with several registers are set to.

use chrono::{NaiveTime, Timelike};

/// When the night register counts, as minutes of the local day, from the first to before the second; past midnight
/// where the second is the smaller one.
fn night(market: &str) -> (u32, u32) {
    match market {
        "gb" => (30, 450),
        "jp" => (23 * 60, 7 * 60),
        _ => (22 * 60, 6 * 60),
    }
}

/// When a third register counts what is drawn in the middle of the day.
const OFF_PEAK: (u32, u32) = (13 * 60, 16 * 60);

fn is_within(minute: u32, (from, to): (u32, u32)) -> bool {
    if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

/// Whether a register of this band counts at a local time. `has_off_peak` says whether its meter has a register for the
/// middle of the day beside those for day and night. Of the registers of a meter one counts at any time.
pub fn counts(market: &str, band: &str, has_off_peak: bool, at: NaiveTime) -> bool {
    let minute = at.hour() * 60 + at.minute();
    let is_night = is_within(minute, night(market));
    let is_off_peak = has_off_peak && !is_night && is_within(minute, OFF_PEAK);
    match band {
        "NIGHT" => is_night,
        "OFF_PEAK" => is_off_peak,
        "DAY" => !is_night && !is_off_peak,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_register_counts_at_any_time() {
        for market in ["gb", "de", "jp", "au", "us"] {
            for minute in 0..1440 {
                let at = NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap_or_default();
                let counting = |bands: &[&str], has_off_peak| {
                    bands.iter().filter(|band| counts(market, band, has_off_peak, at)).count()
                };
                assert_eq!(counting(&["DAY", "NIGHT"], false), 1, "{market} {at}");
                assert_eq!(counting(&["DAY", "NIGHT", "OFF_PEAK"], true), 1, "{market} {at}");
                assert!(counts(market, "STANDARD", false, at));
            }
        }
    }
}
