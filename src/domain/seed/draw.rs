//! Chance that can be repeated: what is drawn follows from the seed and from what it is drawn for, not from what was
//! drawn before, and stays the same whatever libraries do.

/// What is drawn for. Each has chances of its own.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) enum About {
    Household = 1,
    Person,
    Home,
    Habits,
    Bill,
    Payment,
    Rest,
}

/// A source of chance.
#[derive(Clone, Debug)]
pub(in crate::domain) struct Draw(u64);

impl Draw {
    /// What follows from numbers in this order, and from nothing else.
    pub fn from(numbers: &[u64]) -> Self {
        Self(numbers.iter().fold(0, |key, number| mixed(key ^ mixed(*number))))
    }

    /// What befalls the one numbered `index`.
    pub fn of(seed: u64, about: About, index: u64) -> Self {
        let begin = mixed(seed ^ mixed(about as u64));
        Self(mixed(begin ^ mixed(index)))
    }

    /// What befalls the one numbered `index` in a month.
    pub fn in_month(seed: u64, about: About, index: u64, month: u32) -> Self {
        Self::of(seed, about, (u64::from(month) + 1) << 40 | index)
    }

    // SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// A number below `bound`; zero for a bound of zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `least` to `most`.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).unwrap_or(0);
        least + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// True in so many cases of a thousand.
    pub fn happens(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of several, or the default of none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).ok()?)
    }
}

fn mixed(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

/// The place of `index` in a shuffle of all numbers of 32 bits: different ones never share a place.
pub(super) fn shuffled(seed: u64, index: u32) -> u32 {
    let key = mixed(seed);
    let mut x = index ^ (key as u32);
    x = (x ^ x >> 16).wrapping_mul(0x85EB_CA6B);
    x = (x ^ x >> 13).wrapping_mul(0xC2B2_AE35);
    (x ^ x >> 16).wrapping_add((key >> 32) as u32)
}

/// The place of `index` in a shuffle of all numbers of so many decimal digits; beyond those it begins anew.
pub(super) fn shuffled_digits(seed: u64, index: u64, digits: u32) -> u64 {
    // A power of three has no divisor in common with a power of ten.
    const STEP: u128 = 387_420_489;
    let all = 10_u128.pow(digits.min(18));
    let place = (u128::from(index) * STEP + u128::from(mixed(seed))) % all;
    u64::try_from(place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_is_drawn_for_the_same() {
        let draws = |seed, index| {
            let mut draw = Draw::of(seed, About::Bill, index);
            [draw.below(1000), draw.below(1000), draw.below(1000)]
        };
        assert_eq!(draws(7, 1), draws(7, 1));
        assert!(draws(7, 1) != draws(7, 2) && draws(7, 1) != draws(8, 1));
        // Whoever changes these numbers changes every bulk database.
        assert_eq!(draws(1, 1), [446, 112, 943]);
    }

    #[test]
    fn chance_stays_within_bounds_and_is_fair() {
        let mut draw = Draw::of(3, About::Rest, 9);
        assert!((0..1000).all(|_| (-3..=4).contains(&draw.between(-3, 4))));
        assert_eq!(draw.below(0), 0);
        assert!(draw.one::<u8>(&[]).is_none());
        let heads = (0..10_000).filter(|_| draw.happens(300)).count();
        assert!((2800..3200).contains(&heads), "{heads}");
    }

    #[test]
    fn no_two_share_a_place() {
        let places: HashSet<u32> = (0..100_000).map(|index| shuffled(5, index)).collect();
        assert_eq!(places.len(), 100_000);
        let places: HashSet<u64> = (0..10_000).map(|index| shuffled_digits(5, index, 4)).collect();
        assert_eq!(places.len(), 10_000);
    }
}
