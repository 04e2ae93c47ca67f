//! The `Accept` header: does the caller want a page or data?

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// True if `text/html` is named and preferred to `application/json`. Wildcards mean data: programs send
/// them, browsers name what they want.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let (mut html, mut json) = (Rank::NONE, Rank::NONE);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for (place, range) in values.flat_map(|value| value.split(',')).enumerate() {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        let rank = Rank { quality: quality(parts), place };
        if media.eq_ignore_ascii_case(HTML) {
            html = html.better(rank);
        } else if media.eq_ignore_ascii_case(JSON) {
            json = json.better(rank);
        }
    }
    html.quality > 0 && html.beats(json)
}

/// How much a media type is wanted: by quality, among equals by place.
#[derive(Clone, Copy)]
struct Rank {
    /// Thousandths.
    quality: u16,
    place: usize,
}

impl Rank {
    const NONE: Self = Self { quality: 0, place: usize::MAX };

    fn beats(self, other: Self) -> bool {
        (self.quality, other.place) > (other.quality, self.place)
    }

    fn better(self, other: Self) -> Self {
        if other.beats(self) { other } else { self }
    }
}

/// The `q` among the parameters, in thousandths: 1 where there is none, 0 where it makes no sense.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> u16 {
    let written = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    });
    written.map_or(1000, |value| thousandths(value).unwrap_or(0))
}

fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = fraction.bytes().all(|b| b.is_ascii_digit());
    if fraction.len() > 3 || !digits {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn html(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        prefers_html(&headers)
    }

    #[test]
    fn browsers_get_a_page() {
        assert!(html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(html("text/html"));
    }

    #[test]
    fn programs_get_data() {
        assert!(!prefers_html(&HeaderMap::new()));
        assert!(!html("*/*"));
        assert!(!html("application/json, text/plain, */*"));
        assert!(!html("application/json, text/html"));
        assert!(!html("text/html;q=0.8, application/json"));
        assert!(!html("application/json;q=0.5, text/html;q=0.50"));
        assert!(!html("text/html;q=0"));
        assert!(!html("text/html;q=banana, */*"));
        assert!(!html("text/html; q=2"));
        assert!(!html(""));
    }

    #[test]
    fn quality_goes_before_place() {
        assert!(html("application/json; q=0.9 , TEXT/HTML; charset=utf-8; Q=1.000"));
        assert!(html("text/html;q=0.001"));
        assert!(!html("text/html;q=0.001, application/json;q=0.002"));
    }
}
