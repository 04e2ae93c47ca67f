//! PDF pages: text and lines at places, set in the one font that is embedded. It has Latin, kana and kanji; a character
//! that it does not have shows as 〓. Places are points from the upper left corner of the page, text stands on its place.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Timelike, Utc};
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use thiserror::Error;

static FONT: &[u8] = include_bytes!("../../assets/fonts/bill-sans-jp.otf");
const MISSING: char = '〓';

/// Why there is no PDF.
#[derive(Debug, Error)]
pub enum PdfError {
    /// The embedded font cannot be read.
    #[error("the font cannot be read")]
    Font,
    /// The sheet has no size.
    #[error("the sheet has no size")]
    Sheet,
    /// It could not be written.
    #[error("the PDF could not be written: {0}")]
    Writing(String),
}

/// The size of a sheet, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    /// From left to right.
    pub width: f32,
    /// From top to bottom.
    pub height: f32,
}

/// ISO 216.
pub const A4: Sheet = Sheet { width: 595.28, height: 841.89 };
/// As used in America.
pub const LETTER: Sheet = Sheet { width: 612.0, height: 792.0 };

/// Something on a page. Shades go from 0 for black to 255 for white.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line of text that begins at a place.
    Text {
        /// From the left.
        x: f32,
        /// Of the line that letters stand on, from the top.
        y: f32,
        /// Of the letters.
        size: f32,
        /// What it says.
        text: String,
        /// How dark it is.
        shade: u8,
    },
    /// A filled rectangle; a thin one is a line.
    Bar {
        /// Of its left side.
        x: f32,
        /// Of its upper side.
        y: f32,
        /// From left to right.
        width: f32,
        /// From top to bottom.
        height: f32,
        /// How dark it is.
        shade: u8,
    },
}

/// What is on one page, painted in this order.
pub type Page = Vec<Mark>;

/// A document to be written.
#[derive(Clone, Debug)]
pub struct Paper<'a> {
    /// What it is printed on.
    pub sheet: Sheet,
    /// Its title, for readers' windows.
    pub title: &'a str,
    /// A language tag, such as `en-GB`.
    pub language: &'a str,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Its pages.
    pub pages: Vec<Page>,
}

/// The glyph of a character and how far it advances, in ems.
fn glyph(c: char) -> Option<(u32, f32)> {
    static FACE: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::new(FONT).ok());
    let face = FACE.as_ref()?;
    let id = face.charmap().map(c)?;
    let metrics = face.glyph_metrics(Size::unscaled(), LocationRef::default());
    let units = f32::from(face.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
    Some((id.to_u32(), metrics.advance_width(id)? / units))
}

fn shown(c: char) -> (u32, f32) {
    glyph(c).or_else(|| glyph(MISSING)).unwrap_or((0, 1.0))
}

/// How wide a text is at a size.
pub fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|c| shown(c).1).sum::<f32>() * size
}

/// As much of a text as fits, with an ellipsis where something is left out.
pub fn fitted(text: &str, size: f32, limit: f32) -> String {
    if width(text, size) <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…", size);
    for c in text.chars() {
        used += shown(c).1 * size;
        if used > limit {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// A text in as many lines as it takes, broken between words, and within one that is longer than a line; with an ellipsis at
/// the end of the last one that it may have.
pub fn wrapped(text: &str, size: f32, limit: f32, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut room = limit;
    let mut put = |piece: &str| {
        let needs = width(piece, size);
        if needs > room && room < limit {
            lines.push(String::new());
            room = limit;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(piece);
            room -= needs;
        }
    };
    for word in text.split_inclusive(' ') {
        if width(word.trim_end(), size) <= limit {
            put(word);
        } else {
            word.chars().for_each(|c| put(c.encode_utf8(&mut [0; 4])));
        }
    }
    let rest = lines.split_off(most.min(lines.len()));
    if let (Some(last), false) = (lines.last_mut(), rest.is_empty()) {
        *last = fitted(&format!("{last}{}", rest.concat()), size, limit);
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Writes a document. The same document gives the same bytes.
pub fn write(paper: &Paper<'_>) -> Result<Vec<u8>, PdfError> {
    let font = Font::new(FONT.into(), 0).ok_or(PdfError::Font)?;
    let mut document = krilla::Document::new();
    let metadata = Metadata::new().title(paper.title.to_owned()).language(paper.language.to_owned());
    document.set_metadata(metadata.creation_date(date(paper.made_at)));
    for marks in &paper.pages {
        let settings = PageSettings::from_wh(paper.sheet.width, paper.sheet.height).ok_or(PdfError::Sheet)?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            paint(&mut surface, &font, mark);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| PdfError::Writing(format!("{error:?}")))
}

fn date(at: DateTime<Utc>) -> krilla::metadata::DateTime {
    let small = |number: u32| u8::try_from(number).unwrap_or(0);
    krilla::metadata::DateTime::new(u16::try_from(at.year()).unwrap_or(1970))
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn paint(surface: &mut Surface<'_>, font: &Font, mark: &Mark) {
    let fill = |shade: u8| {
        Some(Fill {
            paint: luma::Color::new(shade).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::NonZero,
        })
    };
    match mark {
        Mark::Text { x, y, size, text, shade } => {
            surface.set_fill(fill(*shade));
            let glyphs: Vec<KrillaGlyph> = text
                .char_indices()
                .map(|(at, c)| {
                    let (id, advance) = shown(c);
                    KrillaGlyph::new(GlyphId::new(id), advance, 0.0, 0.0, 0.0, at..at + c.len_utf8(), None)
                })
                .collect();
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, font.clone(), text, *size, false);
        }
        Mark::Bar { x, y, width, height, shade } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                path.push_rect(rect);
            }
            surface.set_fill(fill(*shade));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_bills_need() {
        for c in "AZaz09 äöüßéñ£€¥$–—…・ひらがなカタカナ請求書税込髙﨑".chars()
        {
            assert!(glyph(c).is_some_and(|(id, _)| id != 0), "{c}");
        }
        assert_eq!(shown('\u{1F600}'), shown(MISSING));
        assert_eq!(width("日本", 10.0), 20.0);
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fitted("short", 10.0, 100.0), "short");
        let cut = fitted("a very long name that goes on and on", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
        assert_eq!(fitted("long", 10.0, 0.0), "…");
    }

    #[test]
    fn what_is_longer_than_a_line_goes_on_in_the_next() {
        let of = |text: &str, most| wrapped(text, 10.0, 60.0, most);
        assert_eq!(of("short", 3), ["short"]);
        assert_eq!(of("", 3), [""]);
        let lines = of("a very long name that goes on and on", 9);
        assert_eq!(lines.join(" "), "a very long name that goes on and on");
        assert!(lines.len() > 1 && lines.iter().all(|line| width(line, 10.0) <= 60.0), "{lines:?}");
        assert_eq!(of("従量料金の第三段階", 9), ["従量料金の第", "三段階"]);
        let cut = of("従量料金の第三段階のすべての月の使用量", 2);
        assert_eq!(cut[0], "従量料金の第");
        assert!(cut.len() == 2 && cut[1].ends_with('…') && width(&cut[1], 10.0) <= 60.0, "{cut:?}");
    }

    #[test]
    fn the_same_document_gives_the_same_bytes() {
        let mark =
            Mark::Text { x: 50.0, y: 50.0, size: 12.0, text: "ご請求書 Rechnung".into(), shade: 0 };
        let line = Mark::Bar { x: 50.0, y: 60.0, width: 100.0, height: 0.5, shade: 128 };
        let paper = Paper {
            sheet: A4,
            title: "Bill",
            language: "en",
            made_at: DateTime::UNIX_EPOCH,
            pages: vec![vec![mark, line]],
        };
        let bytes = write(&paper).expect("a PDF");
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() < 60_000, "{} bytes", bytes.len());
        assert_eq!(write(&paper).expect("a PDF"), bytes);
    }
}
