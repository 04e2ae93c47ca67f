//! From the volume that a gas meter counts to energy: volume × correction × calorific value ÷ 3.6, in decimals.

use rust_decimal::Decimal;

/// Imperial meters count hundreds of cubic feet: so many cubic metres each.
pub const CUBIC_METRES_PER_HUNDRED_CUBIC_FEET: Decimal = Decimal::from_parts(2_547_042_816, 6, 0, false, 10);
/// Megajoules in a kWh.
const MJ_PER_KWH: Decimal = Decimal::from_parts(36, 0, 0, false, 1);
/// What a cubic metre holds where nobody has said so, in megajoules.
const USUAL: Decimal = Decimal::from_parts(392, 0, 0, false, 1);
/// What one of Japanese city gas holds, which networks keep to.
const JAPANESE: Decimal = Decimal::from_parts(45, 0, 0, false, 0);

/// By how much the volume at the meter differs from that at the pressure and temperature which calorific values are
/// for.
pub fn correction(market: &str) -> Decimal {
    match market {
        "gb" => Decimal::from_parts(102_264, 0, 0, false, 5),
        "de" => Decimal::from_parts(95, 0, 0, false, 2),
        _ => Decimal::ONE,
    }
}

/// What a cubic metre holds where no value has been published, in megajoules.
pub fn usual_calorific_value(market: &str) -> Decimal {
    if market == "jp" { JAPANESE } else { USUAL }
}

/// What a cubic metre of Japanese city gas holds, in kWh. It is sold by the cubic metre.
pub fn japanese_cubic_metre() -> Decimal {
    JAPANESE / MJ_PER_KWH
}

/// The energy in a volume of gas, in kWh, unrounded. None if it is more than a decimal holds.
pub fn kwh(cubic_metres: Decimal, correction: Decimal, mj_per_m3: Decimal) -> Option<Decimal> {
    let corrected = cubic_metres.checked_mul(correction)?;
    corrected.checked_mul(mj_per_m3)?.checked_div(MJ_PER_KWH)
}

/// The volume that holds so much energy, in cubic metres, unrounded.
pub fn cubic_metres(market: &str, kwh: Decimal, mj_per_m3: Decimal) -> Option<Decimal> {
    kwh.checked_mul(MJ_PER_KWH)?.checked_div(correction(market))?.checked_div(mj_per_m3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn volumes_are_converted_as_bills_show_it() {
        assert_eq!(CUBIC_METRES_PER_HUNDRED_CUBIC_FEET, decimal("2.8316846592"));
        // 100 m³ × 1.02264 = 102.264 m³; × 39.5 MJ/m³ = 4039.428 MJ; ÷ 3.6 = 1122.0633… kWh.
        let kwh = |volume, heat| kwh(volume, correction("gb"), decimal(heat));
        let energy = kwh(Decimal::ONE_HUNDRED, "39.5").map(|kwh| kwh.round_dp(4));
        assert_eq!(energy, Some(decimal("1122.0633")));
        // 12 hundreds of cubic feet = 33.9802159104 m³, × 1.02264 × 39.2 ÷ 3.6.
        let volume = Decimal::from(12) * CUBIC_METRES_PER_HUNDRED_CUBIC_FEET;
        assert_eq!(kwh(volume, "39.2").map(|kwh| kwh.round_dp(4)), Some(decimal("378.3837")));
        assert_eq!(kwh(Decimal::MAX, "39.2"), None);
    }

    #[test]
    fn energy_is_turned_back_into_volume() {
        let volume =
            kwh(decimal("250.5"), correction("de"), USUAL).and_then(|kwh| cubic_metres("de", kwh, USUAL));
        assert_eq!(volume.map(|volume| volume.round_dp(9)), Some(decimal("250.500000000")));
        assert_eq!(japanese_cubic_metre(), decimal("12.5"));
        assert_eq!(kwh(decimal("20"), correction("jp"), usual_calorific_value("jp")), Some(decimal("250")));
    }
}
