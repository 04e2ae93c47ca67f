//! What a register counted between two readings, spread evenly over the time in which it counts.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::interval::Interval;
use super::switching;

/// The length of the pieces, which begin on the half-hour.
const PIECE: i64 = 1800;

/// Energy that a register counted between two readings.
#[derive(Clone, Debug)]
pub(super) struct Advance {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub wh: i64,
    pub market: String,
    pub band: String,
    pub has_off_peak: bool,
    pub zone: Tz,
}

impl Advance {
    /// The pieces that begin within the window. Each piece is what has been counted by its end less what had been by
    /// its beginning, so pieces add up to the whole whatever windows they are asked for by.
    pub fn pieces(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Interval> {
        let (begin, end) = (self.from.timestamp(), self.to.timestamp());
        let (first, beyond) = (from.timestamp(), to.timestamp());
        if end <= begin || beyond <= begin || first >= end {
            return Vec::new();
        }
        let is_switched = self.total_when_switched().filter(|seconds| *seconds > 0);
        let total = is_switched.unwrap_or(end - begin);
        // What counts all the time need not be counted from the beginning.
        let skipped = if is_switched.is_some() || first <= begin { begin } else { first };
        let mut at = grid_before(skipped).max(begin);
        let mut counted = at - begin;
        let mut pieces = Vec::new();
        while at < end.min(beyond) {
            let next = (grid_before(at) + PIECE).min(end);
            let counts = is_switched.is_none() || self.counts(at);
            let after = counted + if counts { next - at } else { 0 };
            if at >= first {
                let wh = self.share(after, total) - self.share(counted, total);
                pieces.push(Interval { start: moment(at), end: moment(next), wh });
            }
            (at, counted) = (next, after);
        }
        pieces
    }

    /// Seconds in which the register counts; none for one that counts all the time.
    fn total_when_switched(&self) -> Option<i64> {
        if self.band == "STANDARD" {
            return None;
        }
        let (mut at, end) = (self.from.timestamp(), self.to.timestamp());
        let mut total = 0;
        while at < end {
            let next = (grid_before(at) + PIECE).min(end);
            total += if self.counts(at) { next - at } else { 0 };
            at = next;
        }
        Some(total)
    }

    fn counts(&self, at: i64) -> bool {
        let local = moment(at).with_timezone(&self.zone).time();
        switching::counts(&self.market, &self.band, self.has_off_peak, local)
    }

    fn share(&self, seconds: i64, total: i64) -> i64 {
        let share = i128::from(self.wh) * i128::from(seconds) / i128::from(total.max(1));
        i64::try_from(share).unwrap_or(self.wh)
    }
}

fn grid_before(at: i64) -> i64 {
    at.div_euclid(PIECE) * PIECE
}

fn moment(at: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn advance(from: i64, seconds: i64, wh: i64, band: &str) -> Advance {
        Advance {
            from: moment(from),
            to: moment(from + seconds),
            wh,
            market: "gb".to_owned(),
            band: band.to_owned(),
            has_off_peak: band == "OFF_PEAK",
            zone: chrono_tz::Europe::London,
        }
    }

    fn sum(pieces: &[Interval]) -> i64 {
        pieces.iter().map(|piece| piece.wh).sum()
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_whole(
            from in 1_700_000_000i64..1_720_000_000, seconds in 1i64..4_000_000, wh in 0i64..9_000_000,
            band in prop::sample::select(vec!["STANDARD", "DAY", "NIGHT", "OFF_PEAK"]), cut in 0.0f64..1.0,
        ) {
            let advance = advance(from, seconds, wh, band);
            let all = advance.pieces(moment(from - 100_000), moment(from + seconds + 100_000));
            prop_assert_eq!(sum(&all), wh);
            prop_assert_eq!(all.first().map(|piece| piece.start), Some(advance.from));
            prop_assert_eq!(all.last().map(|piece| piece.end), Some(advance.to));
            prop_assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(all.iter().all(|piece| piece.wh >= 0));
            // Any cut gives the same pieces.
            let cut = moment(from + (seconds as f64 * cut) as i64);
            let mut parts = advance.pieces(moment(from - 1), cut);
            parts.extend(advance.pieces(cut, moment(from + seconds)));
            prop_assert_eq!(parts, all);
        }
    }

    #[test]
    fn the_night_register_counts_at_night() {
        // A winter day in London, from midnight to midnight.
        let day = advance(1_704_067_200, 86_400, 1_400, "NIGHT");
        let pieces = day.pieces(day.from, day.to);
        assert_eq!(pieces.iter().filter(|piece| piece.wh > 0).count(), 14);
        assert!(pieces.iter().all(|piece| piece.wh == 0 || piece.wh == 100));
    }
}
