//! The networks that the homes of the demo world are in, by where they are.

use rust_decimal::Decimal;

use crate::domain::accounts::address::Address;
use crate::platform::random::Randomness;

/// An area of a network.
pub(in crate::domain) struct Area {
    /// What postcodes, or the names of states and prefectures, begin with there.
    begins: &'static str,
    /// What the numbers of electricity points begin with.
    pub number: &'static str,
    /// What prices of electricity go by.
    pub region: &'static str,
    /// Whose network it is.
    pub operator: &'static str,
    /// What prices of gas go by.
    pub gas_region: &'static str,
    /// Its middle, in ten-thousandths of a degree north and east.
    middle: (i64, i64),
}

impl Area {
    /// A place up to a hundredth of a degree from the middle.
    pub fn place(&self, random: &Randomness) -> (Decimal, Decimal) {
        let near = |middle: i64| {
            let off = i64::try_from(random.below(201)).unwrap_or(100) - 100;
            Decimal::new(middle + off, 4)
        };
        (near(self.middle.0), near(self.middle.1))
    }
}

const fn area(
    begins: &'static str,
    (number, region, operator): (&'static str, &'static str, &'static str),
    gas_region: &'static str,
    middle: (i64, i64),
) -> Area {
    Area { begins, number, region, operator, gas_region, middle }
}

// The distributors of British regions, by the first two digits of an MPAN.
const EASTERN: (&str, &str, &str) = ("10", "A", "UK Power Networks");
const MERSEY: (&str, &str, &str) = ("13", "D", "SP Energy Networks");
const NORTH_WEST: (&str, &str, &str) = ("16", "G", "Electricity North West");
const NORTH_SCOTLAND: (&str, &str, &str) = ("17", "P", "Scottish and Southern");
const SOUTH_SCOTLAND: (&str, &str, &str) = ("18", "N", "SP Energy Networks");
const SOUTH_EAST: (&str, &str, &str) = ("19", "J", "UK Power Networks");
const SOUTH_WALES: (&str, &str, &str) = ("21", "K", "National Grid");
const SOUTH_WEST: (&str, &str, &str) = ("22", "L", "National Grid");
const YORKSHIRE: (&str, &str, &str) = ("23", "M", "Northern Powergrid");

static BRITAIN: [Area; 17] = [
    area("BS", SOUTH_WEST, "SW", (514_545, -25_879)),
    area("BN", SOUTH_EAST, "SE", (508_225, -1_372)),
    area("BD", YORKSHIRE, "NE", (537_950, -17_594)),
    area("CF", SOUTH_WALES, "WS", (514_816, -31_791)),
    area("DD", NORTH_SCOTLAND, "SC", (564_680, -28_710)),
    area("EH", SOUTH_SCOTLAND, "SC", (559_533, -31_883)),
    area("EX", SOUTH_WEST, "SW", (512_090, -41_130)),
    area("IP", EASTERN, "EA", (520_950, 15_340)),
    area("LL", MERSEY, "WN", (533_241, -38_276)),
    area("LS", YORKSHIRE, "NE", (538_008, -15_491)),
    area("L", MERSEY, "NW", (534_084, -29_916)),
    area("M", NORTH_WEST, "NW", (534_808, -22_426)),
    area("NR", EASTERN, "EA", (526_309, 12_974)),
    area("TQ", SOUTH_WEST, "SW", (502_370, -37_760)),
    area("TR", SOUTH_WEST, "SW", (501_530, -50_660)),
    area("YO", YORKSHIRE, "NE", (544_858, -6_206)),
    area("", ("12", "C", "UK Power Networks"), "NT", (515_074, -1_278)),
];

static GERMANY: [Area; 9] = [
    area("04", ("50", "LEIPZIG", "Netz Leipzig"), "LEIPZIG", (513_397, 123_731)),
    area("10", ("51", "BERLIN", "Stromnetz Berlin"), "BERLIN", (524_990, 134_200)),
    area("18", ("52", "KUESTE", "Küstennetz"), "KUESTE", (541_400, 121_000)),
    area("23", ("52", "LUEBECK", "Travenetz"), "LUEBECK", (538_655, 106_866)),
    area("24", ("52", "KIEL", "Fördenetz"), "KIEL", (543_233, 101_228)),
    area("26", ("53", "FRIESLAND", "Friesennetz"), "FRIESLAND", (537_070, 71_420)),
    area("28", ("53", "BREMEN", "Wesernetz"), "BREMEN", (530_793, 88_017)),
    area("50", ("54", "KOELN", "Rheinnetz"), "KOELN", (509_375, 69_603)),
    area("", ("50", "HAMBURG", "Hamburger Netz"), "HAMBURG", (535_511, 99_937)),
];

static JAPAN: [Area; 9] = [
    area("北海道", ("01", "01", "北海道電力ネットワーク"), "", (430_618, 1_413_545)),
    area("宮城県", ("02", "02", "東北電力ネットワーク"), "", (382_682, 1_408_694)),
    area("神奈川県", ("03", "03", "東京電力パワーグリッド"), "TOKYO_GAS", (354_437, 1_396_380)),
    area("静岡県", ("04", "04", "中部電力パワーグリッド"), "", (348_669, 1_383_232)),
    area("広島県", ("07", "07", "中国電力ネットワーク"), "", (343_853, 1_324_553)),
    area("愛媛県", ("08", "08", "四国電力送配電"), "", (338_392, 1_327_657)),
    area("福岡県", ("09", "09", "九州電力送配電"), "", (335_904, 1_304_017)),
    area("沖縄県", ("10", "10", "沖縄電力"), "", (262_124, 1_276_809)),
    area("", ("03", "03", "東京電力パワーグリッド"), "TOKYO_GAS", (356_586, 1_397_454)),
];

static AUSTRALIA: [Area; 6] = [
    area("QLD", ("30", "ENERGEX", "Energex"), "AGN_QLD", (-274_698, 1_530_251)),
    area("SA", ("20", "SAPN", "SA Power Networks"), "AGN_SA", (-347_190, 1_358_580)),
    area("TAS", ("80", "TASNETWORKS", "TasNetworks"), "TASGAS", (-428_821, 1_473_272)),
    area("VIC", ("61", "CITIPOWER", "CitiPower"), "MULTINET", (-378_136, 1_449_631)),
    area("WA", ("81", "WESTERN", "Western Power"), "ATCO", (-320_569, 1_157_439)),
    area("", ("41", "AUSGRID", "Ausgrid"), "JEMENA", (-338_688, 1_512_093)),
];

static TEXAS: [Area; 4] = [
    area("752", ("1044372", "LZ_NORTH", "ONCOR"), "", (327_767, -967_970)),
    area("784", ("1003278", "LZ_SOUTH", "AEP_TCC"), "", (278_006, -973_964)),
    area("787", ("1003278", "LZ_SOUTH", "AEP_TCC"), "", (302_672, -977_431)),
    area("", ("1008901", "LZ_HOUSTON", "CENTERPOINT"), "", (297_604, -953_698)),
];

/// The area that an address is in.
pub(in crate::domain) fn of(market: &str, address: &Address) -> &'static Area {
    let (areas, place): (&'static [Area], &str) = match market {
        "de" => (&GERMANY, &address.postal_code),
        "jp" => (&JAPAN, &address.administrative_area),
        "au" => (&AUSTRALIA, &address.administrative_area),
        "us" => (&TEXAS, &address.postal_code),
        _ => (&BRITAIN, &address.postal_code),
    };
    // The last one is for everywhere else.
    areas.iter().find(|area| place.starts_with(area.begins)).unwrap_or(&BRITAIN[BRITAIN.len() - 1])
}

/// An address as the cast has it, in its parts: the last line names the town, in Japan the prefecture behind it; in
/// Australia and America the state stands behind the town.
pub(super) fn address(market: &str, lines: &[&str], postcode: &str) -> Address {
    let (last, others) = lines.split_last().map_or(("", lines), |(last, others)| (*last, others));
    let (streets, town, state) = match market {
        "jp" => match others.split_last() {
            Some((town, streets)) => (streets, *town, last),
            None => (others, last, last),
        },
        "au" | "us" => {
            let (town, state) = last.rsplit_once(' ').unwrap_or((last, ""));
            (others, town, state)
        }
        _ => (others, last, ""),
    };
    Address {
        street_address: streets.join("\n"),
        locality: town.to_owned(),
        administrative_area: state.to_owned(),
        postal_code: postcode.to_owned(),
        ..Address::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_as_their_country_writes_them() {
        let of = |market, lines: &[&str]| {
            let parts = address(market, lines, "1");
            (parts.street_address, parts.locality, parts.administrative_area)
        };
        let parts = |street: &str, town: &str, state: &str| (street.into(), town.into(), state.into());
        assert_eq!(
            of("gb", &["Flat 3", "88 Tide Road", "Leeds"]),
            parts("Flat 3\n88 Tide Road", "Leeds", "")
        );
        assert_eq!(of("jp", &["真珠町1-2-3", "港区", "東京都"]), parts("真珠町1-2-3", "港区", "東京都"));
        assert_eq!(
            of("us", &["77 Redfish Road", "Corpus Christi TX"]),
            parts("77 Redfish Road", "Corpus Christi", "TX")
        );
    }

    #[test]
    fn areas_go_by_what_a_country_tells_them_by() {
        let at = |market, postcode: &str, state: &str| {
            let place = Address {
                postal_code: postcode.into(),
                administrative_area: state.into(),
                ..Address::default()
            };
            of(market, &place).region
        };
        assert_eq!(
            (at("gb", "L3 4AA", ""), at("gb", "LS2 7UE", ""), at("gb", "SW1A 1AA", "")),
            ("D", "M", "C")
        );
        assert_eq!(
            (at("de", "20457", ""), at("jp", "", "東京都"), at("au", "", "WA")),
            ("HAMBURG", "03", "WESTERN")
        );
        assert_eq!((at("us", "77002", "TX"), at("us", "75201", "TX")), ("LZ_HOUSTON", "LZ_NORTH"));
    }
}
