//! Languages that customers are written to and spoken with in.

/// What clients call a language, and its ISO 639-1 code.
const NAMES: [(&str, &str); 3] = [("ENGLISH", "en"), ("GERMAN", "de"), ("JAPANESE", "ja")];

/// The code of a language, one of `UpdateLanguagePreferenceLanguagePreferenceOptions`.
pub fn code(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|known| known.0 == name).map(|known| known.1)
}

/// What clients call the language with a code.
pub fn name(code: &str) -> Option<&'static str> {
    NAMES.iter().find(|known| known.1 == code).map(|known| known.0)
}

/// The code of the language that is usual in a market.
pub fn of_market(market: &str) -> &'static str {
    match market {
        "de" => "de",
        "jp" => "ja",
        _ => "en",
    }
}
