//! Bars for scanners: GS1-128, the form of Code 128 that begins with a function character.

use std::fmt::Write;

/// Widths of three bars and three gaps in turn, by value: two digits each, then what changes the set, the functions and
/// the starts.
const WIDTHS: [&str; 106] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232",
];
const STOP: &str = "2331112";
/// The value that begins pairs of digits.
const START: usize = 105;
/// The value that tells that the digits are GS1's.
const FUNCTION: usize = 102;
/// What the sum of all values is divided by, whose rest is the check.
const CHECK: usize = 103;
/// Room on both sides, and the height of the bars.
const QUIET: u32 = 10;
const HEIGHT: u32 = 50;

/// The values that stand for digits, with start and check. Nothing for text that is not pairs of digits.
fn values(digits: &str) -> Option<Vec<usize>> {
    let digits: Option<Vec<usize>> = digits
        .chars()
        .map(|digit| digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    let mut values = vec![START, FUNCTION];
    values.extend(digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value * 10 + digit)));
    let weighed = values.iter().enumerate().map(|(place, value)| place.max(1) * value);
    let check = weighed.sum::<usize>() % CHECK;
    values.push(check);
    Some(values)
}

/// A picture of the bars that say these digits; empty if nothing can say them.
pub(super) fn svg(digits: &str) -> String {
    let Some(values) = values(digits) else { return String::new() };
    let widths = values.iter().filter_map(|value| WIDTHS.get(*value)).chain([&STOP]);
    let (mut bars, mut at, mut is_bar) = (String::new(), QUIET, true);
    for width in widths.flat_map(|widths| widths.chars()).filter_map(|width| width.to_digit(10)) {
        if is_bar {
            // Writing to a String never fails.
            let _ = write!(bars, "M{at} 0h{width}v{HEIGHT}h-{width}z");
        }
        (at, is_bar) = (at + width, !is_bar);
    }
    format!(
        "<svg viewBox=\"0 0 {} {HEIGHT}\" width=\"100%\" role=\"img\" aria-label=\"Barcode\"><path d=\"{bars}\"/></svg>",
        at + QUIET
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_eleven_wide_with_an_even_share_of_bars_and_its_own() {
        let mut seen = std::collections::HashSet::new();
        for pattern in WIDTHS {
            let widths: Vec<u32> = pattern.chars().filter_map(|width| width.to_digit(10)).collect();
            assert_eq!((widths.len(), widths.iter().sum::<u32>()), (6, 11), "{pattern}");
            assert_eq!(widths.iter().step_by(2).sum::<u32>() % 2, 0, "{pattern}");
            assert!(seen.insert(pattern), "{pattern}");
        }
        assert_eq!(STOP.chars().filter_map(|width| width.to_digit(10)).sum::<u32>(), 13);
    }

    #[test]
    fn digits_go_by_pairs_and_end_with_a_check() {
        // 105 + 1 * 102 + 2 * 12 + 3 * 34 = 333, which is 24 more than three times 103.
        assert_eq!(values("1234"), Some(vec![105, 102, 12, 34, 24]));
        assert_eq!(["", "123", "12ab"].map(values), [None, None, None]);
        assert_eq!(svg("1"), "");
        // Five values and the stop: 68 modules between the margins.
        assert!(svg("1234").contains("viewBox=\"0 0 88 50\""), "{}", svg("1234"));
    }
}
