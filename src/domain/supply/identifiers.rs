//! The numbers that markets know supply points by, and the check digits that tell a slip of the pen.
//!
//! Britain: MPAN (13 digits) and MPRN (6 to 10); Germany: MaLo (11 digits) and MeLo (33 characters); Japan: SPIN (22
//! digits; 17 for gas); Australia: NMI and MIRN (10 characters and a check digit); Texas: ESI ID (17 or 22 digits).

use thiserror::Error;

use crate::platform::random::Randomness;

/// Why a text is no number of a supply point. A sentence for whoever typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotAnIdentifier(pub &'static str);

/// A market of one commodity, by territory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarketName {
    /// British electricity: MPAN.
    GbrElectricity,
    /// British gas: MPRN.
    GbrGas,
    /// German electricity: MaLo.
    DeuElectricity,
    /// German gas: MaLo.
    DeuGas,
    /// Japanese electricity: SPIN.
    JpnElectricity,
    /// Japanese gas: supply point number of 17 digits.
    JpnGas,
    /// Australian electricity: NMI.
    AusElectricity,
    /// Australian gas: MIRN.
    AusGas,
    /// Electricity in Texas: ESI ID.
    UsaElectricity,
}

/// All markets with their codes and the short names of their countries.
const MARKETS: [(MarketName, &str, &str); 9] = [
    (MarketName::GbrElectricity, "GBR_ELECTRICITY", "gb"),
    (MarketName::GbrGas, "GBR_GAS", "gb"),
    (MarketName::DeuElectricity, "DEU_ELECTRICITY", "de"),
    (MarketName::DeuGas, "DEU_GAS", "de"),
    (MarketName::JpnElectricity, "JPN_ELECTRICITY", "jp"),
    (MarketName::JpnGas, "JPN_GAS", "jp"),
    (MarketName::AusElectricity, "AUS_ELECTRICITY", "au"),
    (MarketName::AusGas, "AUS_GAS", "au"),
    (MarketName::UsaElectricity, "USA_ELECTRICITY", "us"),
];

impl MarketName {
    /// The market called `code`, such as `GBR_GAS`.
    pub fn parse(code: &str) -> Option<Self> {
        MARKETS.iter().find(|(_, known, _)| *known == code).map(|(market, ..)| *market)
    }

    /// Every market.
    pub fn all() -> impl Iterator<Item = Self> {
        MARKETS.iter().map(|(market, ..)| *market)
    }

    /// As clients and the database know it.
    pub fn code(self) -> &'static str {
        MARKETS.iter().find(|(market, ..)| *market == self).map_or("", |(_, code, _)| code)
    }

    /// The market code of its country, as accounts have it.
    pub fn market(self) -> &'static str {
        MARKETS.iter().find(|(market, ..)| *market == self).map_or("", |(.., country)| country)
    }

    /// Whether gas flows there.
    pub fn is_gas(self) -> bool {
        matches!(self, Self::GbrGas | Self::DeuGas | Self::JpnGas | Self::AusGas)
    }

    /// The number of a supply point as it is kept: without spaces and dashes, in capitals, and with its check digit.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn identifier(self, text: &str) -> Result<String, NotAnIdentifier> {
        let text = tidied(text)?;
        match self {
            Self::GbrElectricity => mpan(text),
            Self::GbrGas => mprn(text),
            Self::DeuElectricity | Self::DeuGas => malo(text),
            Self::JpnElectricity => spin(text, 22),
            Self::JpnGas => spin(text, 17),
            Self::AusElectricity => nmi(text),
            Self::AusGas => mirn(text),
            Self::UsaElectricity => esi_id(text),
        }
    }

    /// A number that nobody was given, for demo data. `area` are its first characters: a distributor, a grid operator
    /// or a utility. Where no number begins like that, it begins as most do.
    pub fn invent(self, area: &str, random: &Randomness) -> String {
        let usual = match self {
            Self::GbrElectricity => "20",
            Self::GbrGas => "7",
            Self::DeuElectricity | Self::DeuGas | Self::AusGas => "5",
            Self::JpnElectricity | Self::JpnGas => "03",
            Self::AusElectricity => "61",
            Self::UsaElectricity => CENTERPOINT,
        };
        let fill = |count: usize| digits(count, random).collect::<String>();
        self.completed(area, fill).or_else(|_| self.completed(usual, fill)).unwrap_or_default()
    }

    /// The number that follows from digits drawn for it, for bulk data. None where `area` begins no number.
    pub fn numbered(self, area: &str, drawn: impl Fn(u32) -> u64) -> Option<String> {
        let fill = |count: usize| format!("{:0>count$}", drawn(u32::try_from(count).unwrap_or(0)));
        self.completed(area, fill).ok()
    }

    fn completed(self, area: &str, fill_up: impl Fn(usize) -> String) -> Result<String, NotAnIdentifier> {
        let fill = |length: usize| {
            let begun: String = area.chars().take(length).collect();
            let missing = length.saturating_sub(begun.chars().count());
            begun + &fill_up(missing)
        };
        self.identifier(&match self {
            Self::GbrElectricity => with_last(fill(12), primes),
            Self::GbrGas => {
                let body = fill(8);
                format!("{body}{:02}", weighed(&body))
            }
            Self::DeuElectricity | Self::DeuGas => with_last(fill(10), thirds),
            Self::JpnElectricity => fill(22),
            Self::JpnGas => fill(17),
            Self::AusElectricity | Self::AusGas => with_last(fill(10), doubled),
            Self::UsaElectricity => fill(if area == CENTERPOINT { 22 } else { 17 }),
        })
    }
}

/// The Texan utility whose numbers are longer than the others'.
const CENTERPOINT: &str = "1008901";

/// The number of the place of metering behind a German supply point, as it is kept: `DE`, six digits of the network
/// operator, five of the postcode, and twenty letters or digits.
///
/// # Errors
/// What is wrong with it.
pub fn melo(text: &str) -> Result<String, NotAnIdentifier> {
    let text = tidied(text)?;
    let wrong = NotAnIdentifier("A MeLo has DE, 11 digits, and 20 letters or digits.");
    let rest = text.strip_prefix("DE").filter(|rest| rest.len() == 31).ok_or(wrong)?;
    let (place, own) = rest.split_at(11);
    let is_good = is_digits(place) && own.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_good { Ok(text) } else { Err(wrong) }
}

/// A MeLo that nobody was given, at a postcode of five digits.
pub fn invent_melo(operator: &str, postcode: &str, random: &Randomness) -> String {
    let operator: String = operator.chars().filter(char::is_ascii_digit).take(6).collect();
    let postcode: String = postcode.chars().filter(char::is_ascii_digit).take(5).collect();
    let own: String = digits(13, random).collect();
    format!("DE{operator:0>6}{postcode:0>5}{own:0>20}")
}

fn tidied(text: &str) -> Result<String, NotAnIdentifier> {
    let kept: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if kept.len() > 40 || !kept.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(NotAnIdentifier("The number of a supply point has letters and digits only."));
    }
    Ok(kept.to_ascii_uppercase())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(count: usize, random: &Randomness) -> impl Iterator<Item = char> {
    (0..count).map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0)))
}

fn values(body: &str) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator {
    body.as_bytes().iter().map(|byte| u32::from(byte.saturating_sub(b'0')))
}

fn with_last(body: String, check: impl Fn(&str) -> u32) -> String {
    let last = check(&body);
    format!("{body}{last}")
}

/// The text, if its last character is the check digit of what stands before it.
fn checked(
    text: String,
    check: impl Fn(&str) -> u32,
    wrong: NotAnIdentifier,
) -> Result<String, NotAnIdentifier> {
    let (body, last) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(wrong)?;
    if check(body).to_string() == last { Ok(text) } else { Err(wrong) }
}

/// The remainder by 11 of the digits weighed with primes, eleven left out; ten counts as zero.
fn primes(body: &str) -> u32 {
    const PRIMES: [u32; 12] = [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43];
    let sum: u32 = values(body).zip(PRIMES).map(|(digit, prime)| digit * prime).sum();
    sum % 11 % 10
}

fn mpan(text: String) -> Result<String, NotAnIdentifier> {
    if text.len() != 13 || !is_digits(&text) || distributor(&text).is_none() {
        return Err(NotAnIdentifier("An MPAN has 13 digits, of which the first two are a distributor."));
    }
    checked(text, primes, NotAnIdentifier("The last digit of the MPAN does not fit the others."))
}

/// The distributor of an MPAN: 10 to 23 are the regional networks, from 24 on those of others within them.
pub fn distributor(mpan: &str) -> Option<u8> {
    let number = mpan.get(..2)?.parse().ok()?;
    (10..=40).contains(&number).then_some(number)
}

/// The letter of the grid supply point group that a regional distributor serves.
pub fn grid_group(distributor: u8) -> Option<&'static str> {
    const GROUPS: [&str; 14] = ["A", "B", "C", "D", "E", "F", "G", "P", "N", "J", "H", "K", "L", "M"];
    GROUPS.get(usize::from(distributor.checked_sub(10)?)).copied()
}

/// The remainder by 11 of the digits weighed with their places, counted from the right.
fn weighed(body: &str) -> u32 {
    values(body).rev().zip(1..).map(|(digit, place)| digit * place).sum::<u32>() % 11
}

fn mprn(text: String) -> Result<String, NotAnIdentifier> {
    if !(6..=10).contains(&text.len()) || !is_digits(&text) || text.starts_with('0') {
        return Err(NotAnIdentifier("An MPRN has 6 to 10 digits, and does not begin with zero."));
    }
    let (body, last) = text.split_at(text.len() - 2);
    if format!("{:02}", weighed(body)) == last {
        Ok(text)
    } else {
        Err(NotAnIdentifier("The last two digits of the MPRN do not fit the others."))
    }
}

/// What the digits at odd places, and twice those at even ones, lack to the next ten.
fn thirds(body: &str) -> u32 {
    let sum: u32 =
        values(body).enumerate().map(|(at, digit)| if at % 2 == 0 { digit } else { 2 * digit }).sum();
    (10 - sum % 10) % 10
}

fn malo(text: String) -> Result<String, NotAnIdentifier> {
    if text.len() != 11 || !is_digits(&text) || text.starts_with('0') {
        return Err(NotAnIdentifier("A MaLo has 11 digits, and does not begin with zero."));
    }
    checked(text, thirds, NotAnIdentifier("The last digit of the MaLo does not fit the others."))
}

/// The two digits of the Japanese grid operator that a number begins with, from Hokkaido (01) to Okinawa (10).
pub fn grid_operator(spin: &str) -> Option<&str> {
    let operator = spin.get(..2)?;
    operator.parse::<u8>().ok().filter(|number| (1..=10).contains(number)).map(|_| operator)
}

fn spin(text: String, length: usize) -> Result<String, NotAnIdentifier> {
    let is_good =
        text.len() == length && is_digits(&text) && (length != 22 || grid_operator(&text).is_some());
    is_good.then_some(text).ok_or(NotAnIdentifier(
        "A Japanese supply point has 22 digits, 17 for gas, of which the first two are the grid operator.",
    ))
}

/// What is lacking to the next ten: the sum of the decimal digits of all characters' codes, every other one doubled,
/// beginning with the last.
fn doubled(body: &str) -> u32 {
    let code = |(at, byte): (usize, u8)| u32::from(byte) * if at % 2 == 0 { 2 } else { 1 };
    let sum: u32 = body.bytes().rev().enumerate().map(code).map(sum_of_digits).sum();
    (10 - sum % 10) % 10
}

fn sum_of_digits(mut number: u32) -> u32 {
    let mut sum = 0;
    while number > 0 {
        sum += number % 10;
        number /= 10;
    }
    sum
}

/// Ten characters are taken without their check digit, as people mostly write them.
fn australian(text: String, wrong: NotAnIdentifier) -> Result<String, NotAnIdentifier> {
    match text.len() {
        10 => Ok(with_last(text, doubled)),
        11 => checked(text, doubled, wrong),
        _ => Err(wrong),
    }
}

fn nmi(text: String) -> Result<String, NotAnIdentifier> {
    let wrong = NotAnIdentifier("An NMI has 10 letters or digits, no O or I, and a check digit.");
    if text.contains(['O', 'I']) {
        return Err(wrong);
    }
    australian(text, wrong)
}

fn mirn(text: String) -> Result<String, NotAnIdentifier> {
    let wrong = NotAnIdentifier("A MIRN has 10 digits, of which the first is 5, and a check digit.");
    if !is_digits(&text) || !text.starts_with('5') {
        return Err(wrong);
    }
    australian(text, wrong)
}

fn esi_id(text: String) -> Result<String, NotAnIdentifier> {
    let is_good = matches!(text.len(), 17 | 22) && is_digits(&text) && text.starts_with("10");
    is_good.then_some(text).ok_or(NotAnIdentifier("An ESI ID has 17 or 22 digits, and begins with 10."))
}

#[cfg(test)]
mod tests {
    use MarketName::*;

    use super::*;

    fn is_good(market: MarketName, text: &str) -> bool {
        market.identifier(text).is_ok()
    }

    #[test]
    fn british_numbers_are_checked_by_eleven() {
        assert_eq!(GbrElectricity.identifier("20 0005 0773 706").as_deref(), Ok("2000050773706"));
        for wrong in ["2000050773705", "2000050773076", "200005077370", "0900050773706", "20000507737O6", ""]
        {
            assert!(!is_good(GbrElectricity, wrong), "{wrong}");
        }
        // 8 * 1 + 7 * 2 + 6 * 3 + 5 * 4 + 4 * 5 + 3 * 6 + 2 * 7 + 1 * 8 = 120 = 10 * 11 + 10.
        assert!(is_good(GbrGas, "1234567810") && !is_good(GbrGas, "1234567801"));
        // 4 * 4 + 3 * 3 + 2 * 2 + 1 * 1 = 30 = 2 * 11 + 8.
        assert!(is_good(GbrGas, "432108") && !is_good(GbrGas, "43210") && !is_good(GbrGas, "012345"));
        assert_eq!(
            (distributor("2000050773706"), grid_group(20), grid_group(24)),
            (Some(20), Some("H"), None)
        );
    }

    #[test]
    fn german_numbers_are_checked_by_ten() {
        assert!(is_good(DeuElectricity, "41373559241") && is_good(DeuGas, "41373559241"));
        assert!(!is_good(DeuElectricity, "41373559242") && !is_good(DeuElectricity, "4137355924"));
        assert!(!is_good(DeuElectricity, "01373559241"));
        let place = "DE00014545768S0000000000000003054";
        assert_eq!(melo("DE 000145 45768 S0000000000000003054").as_deref(), Ok(place));
        assert!(melo(&place[1..]).is_err() && melo("FR00014545768S0000000000000003054").is_err());
    }

    #[test]
    fn australian_numbers_are_checked_by_doubled_codes() {
        for nmi in ["20019857328", "20019857336", "43168540059", "NAAAMYS5826", "QAAAVZZZZZ3", "VAAA0000657"]
        {
            assert!(is_good(AusElectricity, nmi), "{nmi}");
        }
        assert_eq!(AusElectricity.identifier("naaa mys582").as_deref(), Ok("NAAAMYS5826"));
        for wrong in ["20019857327", "NAAAMYS582O", "NAAAMYI582", "200198573"] {
            assert!(!is_good(AusElectricity, wrong), "{wrong}");
        }
        assert_eq!(AusGas.identifier("5330001234").as_deref(), Ok("53300012346"));
        assert!(!is_good(AusGas, "53300012345") && !is_good(AusGas, "4330001234"));
    }

    #[test]
    fn japanese_and_texan_numbers_have_their_length_and_beginning() {
        assert!(is_good(JpnElectricity, "03-0001-0001-1234-5678-9012"));
        assert!(!is_good(JpnElectricity, "1100010001123456789012"), "there are ten grid operators");
        assert!(!is_good(JpnElectricity, "030001000112345678901"));
        assert_eq!(grid_operator("0300010001123456789012"), Some("03"));
        assert!(is_good(JpnGas, "03000100011234567"));
        assert!(
            is_good(UsaElectricity, "10443720001234567") && is_good(UsaElectricity, "1008901000123456789012")
        );
        assert!(
            !is_good(UsaElectricity, "20443720001234567") && !is_good(UsaElectricity, "104437200012345678")
        );
    }

    #[test]
    fn what_is_invented_passes() {
        let random = Randomness::seeded(7);
        for (market, ..) in MARKETS {
            for area in ["", "20", "0", "5", "03", "1008901", "1044372", "nonsense", "ä"] {
                let made = market.invent(area, &random);
                assert_eq!(market.identifier(&made).as_deref(), Ok(made.as_str()), "{market:?} {area}");
            }
        }
        assert!(GbrElectricity.invent("11", &random).starts_with("11"));
        assert_eq!(UsaElectricity.invent("1008901", &random).len(), 22);
        assert!(melo(&invent_melo("145", "45768", &random)).is_ok());
    }

    #[test]
    fn markets_are_read_back() {
        for (market, code, country) in MARKETS {
            assert_eq!(
                (MarketName::parse(code), market.code(), market.market()),
                (Some(market), code, country)
            );
            assert_eq!(market.is_gas(), code.ends_with("_GAS"));
        }
        assert_eq!(MarketName::parse("FRA_GAS"), None);
    }
}
