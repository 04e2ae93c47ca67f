use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::supply::bands::Window;
use crate::domain::supply::rates::Part;
use crate::platform::market;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn dec(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn rate(from: &str, to: Option<&str>, net: &str) -> Rate {
    Rate { from: at(from), to: to.map(at), step_from: 0, step_to: None, net: dec(net) }
}

fn part(band: &str, rates: Vec<Rate>) -> Part {
    Part { band: band.to_owned(), name: band.to_owned(), for_amperes: None, rates }
}

fn plain(market_code: &str, days: Vec<Rate>, energy: Vec<Rate>) -> Rates {
    Rates {
        tariff_id: 1,
        market: market::by_code(market_code).expect("a market"),
        commodity: "electricity".to_owned(),
        is_export: false,
        kind: "STANDARD".to_owned(),
        region: "C".to_owned(),
        days: BTreeMap::from([(1, part("STANDING", days))]),
        energy: BTreeMap::from([(2, part("STANDARD", energy))]),
        bands: Some(Bands { base: 2, windows: Vec::new() }),
        device_bands: None,
        levies: BTreeMap::new(),
        half_hours: HashMap::new(),
    }
}

fn terms(rates: &Rates) -> Terms<'_> {
    Terms::of(rates, "DOMESTIC", (DateTime::UNIX_EPOCH, None), &[])
}

/// Day and night, dearer from April on, with steps by day and a levy that changes in May.
fn intricate(zone: &str) -> Rates {
    let steps = |from: &str, to: Option<&str>, nets: [&str; 3]| {
        let bounds = [(0, Some(120_000)), (120_000, Some(300_000)), (300_000, None)];
        let step = |((step_from, step_to), net)| Rate { step_from, step_to, ..rate(from, to, net) };
        bounds.into_iter().zip(nets).map(step).collect::<Vec<_>>()
    };
    let (start, change) = ("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z");
    let mut day = steps(start, Some(change), ["20.1", "25.37", "30.0001"]);
    day.extend(steps(change, None, ["21.2", "26.48", "31.1112"]));
    let mut rates = plain(zone, vec![rate(start, None, "41.23")], day);
    rates.energy.insert(3, part("NIGHT", vec![rate(start, None, "9.876")]));
    let night = Window { part: 3, months: 1..13, weekdays: 1..8, minutes: 30..330 };
    rates.bands = Some(Bands { base: 2, windows: vec![night] });
    let levy =
        vec![rate(start, Some("2026-05-01T00:00:00Z"), "3.49"), rate("2026-05-01T00:00:00Z", None, "-1.07")];
    let levy = Levy { name: "LEVY".to_owned(), title: "Levy".to_owned(), is_of_days: false, rates: levy };
    rates.levies.insert(4, levy);
    rates
}

fn usage() -> impl Strategy<Value = Vec<Interval>> {
    let lengths = prop::sample::select(vec![30_i64, 30, 30, 60, 1440, 4320]);
    prop::collection::vec((lengths, 0_i64..40_000), 1..40).prop_map(|parts| {
        let mut start = at("2026-03-01T00:00:00Z");
        let mut used = Vec::new();
        for (minutes, wh) in parts {
            let end = start + TimeDelta::minutes(minutes);
            used.push(Interval { start, end, wh });
            start = end;
        }
        used
    })
}

fn sum(pieces: &[Piece]) -> Decimal {
    pieces.iter().map(|piece| piece.net).sum()
}

proptest! {
    #[test]
    fn splitting_a_period_changes_no_cost(used in usage(), cut in 0_i64..8000,
        zone in prop::sample::select(vec!["gb", "jp", "au", "us"])) {
        let rates = intricate(zone);
        let (from, to) = (at("2026-03-01T00:00:00Z"), used.last().map_or(at("2026-03-02T00:00:00Z"), |i| i.end));
        let cut = (from + TimeDelta::minutes(30 * cut)).min(to);
        let cost = |from, to| energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced");
        let (whole, first, second) = (cost(from, to), cost(from, cut), cost(cut, to));
        prop_assert_eq!(sum(&whole), sum(&first) + sum(&second));
        prop_assert_eq!(whole.len(), first.len() + second.len());
        let standing = |from, to| days(&terms(&rates), (from, to)).expect("priced");
        let (all, one, other) = (standing(from, to), standing(from, cut), standing(cut, to));
        prop_assert_eq!(all.len(), one.len() + other.len());
    }

    #[test]
    fn all_of_a_month_is_in_one_tier_however_it_is_cut(used in usage(), cut in 0_i64..8000) {
        let rates = tiered();
        let (from, to) = (at("2026-03-01T00:00:00Z"), used.last().map_or(at("2026-03-02T00:00:00Z"), |i| i.end));
        let cut = (from + TimeDelta::minutes(30 * cut)).min(to);
        let terms = Terms::of(&rates, "DOMESTIC", (from, Some(to)), &used);
        let cost = |from, to| energy(&terms, Use::Home, (from, to), &used).expect("priced");
        let (whole, first, second) = (cost(from, to), cost(from, cut), cost(cut, to));
        prop_assert_eq!(sum(&whole), sum(&first) + sum(&second));
        prop_assert_eq!(whole.iter().map(|p| p.wh).sum::<i64>(), used.iter().map(|i| i.wh).sum::<i64>());
        let standing = |from, to| days(&terms, (from, to)).expect("priced");
        prop_assert_eq!(sum(&standing(from, to)), sum(&standing(from, cut)) + sum(&standing(cut, to)));
        let mut tiers: BTreeMap<(Item, Month), Vec<Decimal>> = BTreeMap::new();
        for piece in whole.iter().chain(&standing(from, to)) {
            tiers.entry((piece.item, month(rates.market.day(piece.start)))).or_default().push(piece.rate);
        }
        prop_assert!(tiers.values().all(|prices| prices.iter().all(|price| Some(price) == prices.first())));
    }

    #[test]
    fn no_energy_is_lost_or_priced_twice(used in usage()) {
        let rates = intricate("gb");
        let (from, to) = (at("2026-03-01T00:00:00Z"), used.last().map_or(at("2026-03-02T00:00:00Z"), |i| i.end));
        let pieces = energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced");
        let of = |levy: bool| pieces.iter().filter(|p| p.item.is_levy() == levy).map(|p| p.wh).sum::<i64>();
        let all: i64 = used.iter().map(|interval| interval.wh).sum();
        prop_assert_eq!((of(false), of(true)), (all, all));
    }

    #[test]
    fn lines_are_the_pieces_regrouped(used in usage()) {
        let rates = intricate("gb");
        let (from, to) = (at("2026-03-01T00:00:00Z"), used.last().map_or(at("2026-03-02T00:00:00Z"), |i| i.end));
        let pieces = energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced");
        let lines = lines(&rates, &pieces).expect("in range");
        prop_assert_eq!(lines.iter().map(|l| l.wh).sum::<i64>(), pieces.iter().map(|p| p.wh).sum::<i64>());
        // Each line is rounded once, by less than one minor unit.
        let shown: Decimal = lines.iter().map(|line| Decimal::from(line.net.0)).sum();
        let bound = Decimal::from(lines.len());
        prop_assert!((shown - sum(&pieces)).abs() <= bound);
        for line in &lines {
            let exact: Decimal = pieces.iter()
                .filter(|p| p.item == line.item && Some(p.rate) == line.rate && p.tax == line.tax)
                .map(|p| p.net).sum();
            prop_assert!((exact - Decimal::from(line.net.0)).abs() <= dec("0.5"));
        }
    }
}

#[test]
fn a_british_bill_with_a_change_of_rates_comes_out_as_by_hand() {
    // Local midnight on 1 July is eleven at night in UTC.
    let change = "2026-06-30T23:00:00Z";
    let start = "2026-01-01T00:00:00Z";
    let rates = plain(
        "gb",
        vec![rate(start, Some(change), "52.1"), rate(change, None, "54.7")],
        vec![rate(start, Some(change), "24.76"), rate(change, None, "25.1")],
    );
    // 20 June to 10 July, ten days on each side, 400 Wh each half-hour: 192 kWh on each.
    let (from, to) = (at("2026-06-20T23:00:00Z"), at("2026-07-10T23:00:00Z"));
    let used: Vec<Interval> =
        half_hours(from, to).map(|(start, end)| Interval { start, end, wh: 400 }).collect();
    let mut pieces = days(&terms(&rates), (from, to)).expect("priced");
    pieces.extend(energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced"));
    let lines = lines(&rates, &pieces).expect("in range");
    let shown: Vec<_> = lines.iter().map(|line| (line.days, line.wh, line.net.0)).collect();
    // 10 × 52.1 = 521; 10 × 54.7 = 547; 192 × 24.76 = 4753.92; 192 × 25.1 = 4819.2.
    assert_eq!(shown, [(10, 0, 521), (10, 0, 547), (0, 192_000, 4754), (0, 192_000, 4819)]);
    let taxed: Vec<_> = lines.iter().map(|line| (line.net, line.tax)).collect();
    let total = total(rates.market.tax.rounding, &taxed).expect("in range");
    // 5 % of 106.41 is 5.3205.
    assert_eq!((total.net.0, total.tax.0, total.gross.0), (10_641, 532, 11_173));
}

#[test]
fn a_japanese_bill_goes_by_steps_of_the_month_and_by_levies() {
    let steps = |from: &str, to: Option<&str>, nets: [&str; 3]| {
        let bounds = [(0, Some(120_000)), (120_000, Some(300_000)), (300_000, None)];
        let step = |((step_from, step_to), net)| Rate { step_from, step_to, ..rate(from, to, net) };
        bounds.into_iter().zip(nets).map(step).collect::<Vec<_>>()
    };
    let (start, change) = ("2026-01-01T00:00:00Z", "2026-03-31T15:00:00Z");
    let mut energy_rates = steps(start, Some(change), ["26.64", "31.88", "34.55"]);
    energy_rates.extend(steps(change, None, ["26.82", "32.11", "34.9"]));
    let mut rates = plain("jp", vec![rate(start, None, "26.59")], energy_rates);
    rates.kind = "STEPPED".to_owned();
    let levy =
        |name: &str, rates| Levy { name: name.to_owned(), title: name.to_owned(), is_of_days: false, rates };
    let fuel = vec![rate(start, Some(change), "-5.5"), rate(change, None, "-6.25")];
    rates.levies.insert(3, levy("FUEL_COST_ADJUSTMENT", fuel));
    rates.levies.insert(4, levy("RENEWABLE_ENERGY_LEVY", vec![rate(start, None, "3.62")]));
    // 16 March to 16 April, local time: 16 days of March, 15 of April. 500 Wh each half-hour since 1 March: by the 16th
    // 360 kWh of March are used.
    let (month, from, to) =
        (at("2026-02-28T15:00:00Z"), at("2026-03-15T15:00:00Z"), at("2026-04-15T15:00:00Z"));
    let used: Vec<Interval> =
        half_hours(month, to).map(|(start, end)| Interval { start, end, wh: 500 }).collect();
    let mut pieces = days(&terms(&rates), (from, to)).expect("priced");
    pieces.extend(energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced"));
    let lines = lines(&rates, &pieces).expect("in range");
    let shown: Vec<_> =
        lines.iter().map(|line| (line.band.as_str(), line.days, line.wh, line.net.0)).collect();
    assert_eq!(
        shown,
        [
            // 31 × 26.59 = 824.29.
            ("STANDING", 31, 0, 824),
            // March: 16 × 24 = 384 kWh, all beyond the 300th: × 34.55 = 13267.2.
            ("STANDARD", 0, 384_000, 13_267),
            // April: 15 × 24 = 360 kWh: 120 × 26.82 = 3218.4; 180 × 32.11 = 5779.8; 60 × 34.9 = 2094.
            ("STANDARD", 0, 120_000, 3218),
            ("STANDARD", 0, 180_000, 5779),
            ("STANDARD", 0, 60_000, 2094),
            // 384 × -5.5 = -2112; 360 × -6.25 = -2250.
            ("FUEL_COST_ADJUSTMENT", 0, 384_000, -2112),
            ("FUEL_COST_ADJUSTMENT", 0, 360_000, -2250),
            // 744 × 3.62 = 2693.28.
            ("RENEWABLE_ENERGY_LEVY", 0, 744_000, 2693),
        ]
    );
    let taxed: Vec<_> = lines.iter().map(|line| (line.net, line.tax)).collect();
    let total = total(rates.market.tax.rounding, &taxed).expect("in range");
    // Yen are cut off: 10 % of 23513 is 2351.3.
    assert_eq!((total.net.0, total.tax.0, total.gross.0), (23_513, 2351, 25_864));
}

/// City gas: 20, 80 and more cubic metres of 12.5 kWh a month.
fn tiered() -> Rates {
    let tiers = |nets: [&str; 3]| {
        let bounds = [(0, Some(250_000)), (250_000, Some(1_000_000)), (1_000_000, None)];
        let start = "2025-04-01T00:00:00Z";
        let tier = |((step_from, step_to), net)| Rate { step_from, step_to, ..rate(start, None, net) };
        bounds.into_iter().zip(nets).map(tier).collect::<Vec<_>>()
    };
    let rates = plain("jp", tiers(["23", "32", "37.4"]), tiers(["10.568", "9.488", "9.328"]));
    Rates { kind: "TIERED".to_owned(), commodity: "gas".to_owned(), ..rates }
}

/// So many Wh in each half-hour of March, and in each of April, in Japan.
fn two_months(march: i64, april: i64) -> Vec<Interval> {
    let month =
        |from, to, wh| half_hours(at(from), at(to)).map(move |(start, end)| Interval { start, end, wh });
    let (begin, change, end) = ("2026-02-28T15:00:00Z", "2026-03-31T15:00:00Z", "2026-04-30T15:00:00Z");
    month(begin, change, march).chain(month(change, end, april)).collect()
}

#[test]
fn a_japanese_gas_bill_goes_by_the_tiers_of_whole_months() {
    let rates = tiered();
    let used = two_months(250, 100);
    let (from, to) = (at("2026-02-28T15:00:00Z"), at("2026-04-30T15:00:00Z"));
    let terms = Terms::of(&rates, "DOMESTIC", (from, None), &used);
    let mut pieces = days(&terms, (from, to)).expect("priced");
    pieces.extend(energy(&terms, Use::Home, (from, to), &used).expect("priced"));
    let lines = lines(&rates, &pieces).expect("in range");
    let shown: Vec<_> = lines.iter().map(|line| (line.days, line.wh, line.net.0)).collect();
    assert_eq!(
        shown,
        [
            // March: 1488 half-hours, 372 kWh or 29.76 cubic metres, all of them in table B: 31 × 32 = 992.
            (31, 0, 992),
            // April: 1440 half-hours, 144 kWh or 11.52 cubic metres, in table A: 30 × 23 = 690.
            (30, 0, 690),
            // 372 × 9.488 = 3529.536.
            (0, 372_000, 3529),
            // 144 × 10.568 = 1521.792.
            (0, 144_000, 1521),
        ]
    );
    let taxed: Vec<_> = lines.iter().map(|line| (line.net, line.tax)).collect();
    let total = total(rates.market.tax.rounding, &taxed).expect("in range");
    // 10 % of 6732 is 673.2.
    assert_eq!((total.net.0, total.tax.0, total.gross.0), (6732, 673, 7405));
}

#[test]
fn a_tier_holds_up_to_its_bound_and_for_all_of_the_month() {
    let rates = tiered();
    let (from, to) = (at("2026-02-28T15:00:00Z"), at("2026-03-31T15:00:00Z"));
    let prices = |wh: i64| {
        let half = TimeDelta::minutes(30);
        let used = [
            Interval { start: from, end: from + half, wh: wh - 1 },
            Interval { start: to - half, end: to, wh: 1 },
        ];
        let terms = Terms::of(&rates, "DOMESTIC", (from, None), &used);
        let mut pieces = days(&terms, (from, to)).expect("priced");
        pieces.extend(energy(&terms, Use::Home, (from, to), &used).expect("priced"));
        let prices: std::collections::BTreeSet<Decimal> = pieces.iter().map(|piece| piece.rate).collect();
        prices.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(prices(250_000), [dec("10.568"), dec("23")]);
    assert_eq!(prices(250_001), [dec("9.488"), dec("32")]);
    assert_eq!(prices(1_000_000), [dec("9.488"), dec("32")]);
    assert_eq!(prices(9_000_000), [dec("9.328"), dec("37.4")]);
}

#[test]
fn a_month_has_no_tier_before_it_is_over() {
    let rates = tiered();
    let all = two_months(250, 100);
    let (from, change, end) =
        (at("2026-02-28T15:00:00Z"), at("2026-03-31T15:00:00Z"), at("2026-04-20T15:00:00Z"));
    let used: Vec<Interval> = all.iter().filter(|each| each.start < end).copied().collect();
    let terms = Terms::of(&rates, "DOMESTIC", (from, None), &used);
    let unknown = PricingError::NoRate(change);
    assert_eq!(days(&terms, (from, end)), Err(unknown));
    assert_eq!(energy(&terms, Use::Home, (from, end), &used), Err(unknown));
    assert!(days(&terms, (from, change)).is_ok() && energy(&terms, Use::Home, (from, change), &used).is_ok());
    // Whoever leaves in the middle of it is at the tier of what they used; what others use afterwards is not theirs.
    let terms = Terms::of(&rates, "DOMESTIC", (from, Some(end)), &all);
    let april = energy(&terms, Use::Home, (change, end), &all).expect("priced");
    assert_eq!(april.iter().map(|piece| piece.wh).sum::<i64>(), 20 * 48 * 100);
    assert!(april.iter().all(|piece| piece.rate == dec("10.568")));
}

#[test]
fn what_is_fed_in_is_paid_for_without_tax() {
    let mut rates = plain("gb", Vec::new(), vec![rate("2026-01-01T00:00:00Z", None, "15")]);
    rates.days.clear();
    rates.is_export = true;
    let (from, to) = (at("2026-05-01T00:00:00Z"), at("2026-05-02T00:00:00Z"));
    let used = [Interval { start: from, end: to, wh: 7777 }];
    let pieces = energy(&terms(&rates), Use::Home, (from, to), &used).expect("priced");
    assert_eq!(sum(&pieces).normalize(), dec("-116.655"));
    assert!(pieces.iter().all(|piece| piece.tax.is_zero()));
    let lines = lines(&rates, &pieces).expect("in range");
    assert_eq!(lines.iter().map(|line| line.net.0).collect::<Vec<_>>(), [-117]);
}

#[test]
fn what_has_no_price_is_not_free() {
    let rates = plain("gb", vec![], vec![rate("2026-01-01T00:00:00Z", None, "15")]);
    let (from, to) = (at("2025-05-01T00:00:00Z"), at("2025-05-02T00:00:00Z"));
    let used = [Interval { start: from, end: to, wh: 7777 }];
    assert_eq!(energy(&terms(&rates), Use::Home, (from, to), &used), Err(PricingError::NoRate(from)));
    assert_eq!(days(&terms(&rates), (from, to)), Err(PricingError::NoRate(at("2025-05-01T23:00:00Z"))));
}
