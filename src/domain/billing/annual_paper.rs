//! A year on paper: what was used of each supply, month by month, and what it cost.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::annual::{Contents, Supply};
use super::sheets::{self, GREY, LARGE, LEFT, LINE, PALE, SMALL, Sheets, USUAL};
use super::wording;
use crate::domain::accounts::accounts::Account;
use crate::platform::market::Market;
use crate::platform::pdf::{self, Mark, Paper, PdfError};

/// How wide the columns of months are.
const COLUMN: f32 = 120.0;

/// Everything that it says.
pub(super) struct Letter<'a> {
    pub market: &'a Market,
    pub brand: &'a str,
    pub account: &'a Account,
    /// Half-open.
    pub period: (NaiveDate, NaiveDate),
    pub contents: &'a Contents,
    pub made_at: DateTime<Utc>,
}

/// The words of a language, beside those of bills.
struct Words {
    title: &'static str,
    electricity: &'static str,
    gas: &'static str,
    fed_in: &'static str,
    used: &'static str,
    cost: &'static str,
    month: &'static str,
    all: &'static str,
    no_bill: &'static str,
}

static ENGLISH: Words = Words {
    title: "Annual statement",
    electricity: "Electricity",
    gas: "Gas",
    fed_in: "Electricity fed in",
    used: "Energy",
    cost: "Cost",
    month: "From",
    all: "All supplies",
    no_bill: "This statement tells what was used and what it cost. It is not a bill: there is nothing to pay.",
};

static GERMAN: Words = Words {
    title: "Jahresübersicht",
    electricity: "Strom",
    gas: "Gas",
    fed_in: "Eingespeister Strom",
    used: "Energie",
    cost: "Kosten",
    month: "Ab",
    all: "Alle Lieferungen",
    no_bill: "Diese Übersicht sagt, was verbraucht wurde und was es gekostet hat. Sie ist keine Rechnung.",
};

static JAPANESE: Words = Words {
    title: "年間ご利用明細書",
    electricity: "電気",
    gas: "ガス",
    fed_in: "売電",
    used: "ご使用量",
    cost: "料金",
    month: "開始日",
    all: "合計",
    no_bill: "この書面は一年間のご使用量と料金をお知らせするもので、ご請求書ではありません。",
};

fn words(language: &str) -> &'static Words {
    match language {
        "de" => &GERMAN,
        "ja" => &JAPANESE,
        _ => &ENGLISH,
    }
}

/// It as a PDF.
pub(super) fn write(letter: &Letter<'_>) -> Result<Vec<u8>, PdfError> {
    let (own, common) = (words(letter.account.language()), wording::of(letter.account.language()));
    let sheet = sheets::sheet_of(letter.market);
    let mut sheets = Sheets::new(sheet);
    head(&mut sheets, letter, own);
    for supply in &letter.contents.supplies {
        one(&mut sheets, letter, supply, own);
    }
    sum(&mut sheets, letter, own);
    let foot = format!("{} · {}", letter.brand, letter.account.number);
    sheets.feet(common.page, &foot);
    let title = format!("{} {}", own.title, letter.account.number);
    let paper = Paper {
        sheet,
        title: &title,
        language: common.language,
        made_at: letter.made_at,
        pages: sheets.pages,
    };
    pdf::write(&paper)
}

fn span(market: &Market, first: NaiveDate, end: NaiveDate) -> String {
    let last = end.checked_sub_days(Days::new(1)).unwrap_or(end);
    format!("{} – {}", wording::day(market, first), wording::day(market, last))
}

fn kwh(market: &Market, wh: i64) -> String {
    format!("{} kWh", wording::number(market, Decimal::new(wh, 3)))
}

fn head(sheets: &mut Sheets, letter: &Letter<'_>, own: &Words) {
    let common = wording::of(letter.account.language());
    let right = sheets.right();
    sheets.text(LEFT, LARGE, 0, letter.brand);
    sheets.ending(right, LARGE, 0, own.title);
    sheets.down(44.0);
    let begin = sheets.y;
    sheets.address(letter.account);
    let after_address = sheets.y;
    sheets.y = begin;
    let facts = [
        (common.account, letter.account.number.clone()),
        (common.issued, wording::day(letter.market, letter.market.day(letter.made_at))),
        (common.period, span(letter.market, letter.period.0, letter.period.1)),
    ];
    for (label, value) in facts {
        sheets.text(right - 220.0, SMALL, GREY, label);
        sheets.ending(right, SMALL, 0, &value);
        sheets.down(LINE);
    }
    sheets.y = sheets.y.max(after_address) + LINE;
}

/// A supply: what it is, its months, and its sum.
fn one(sheets: &mut Sheets, letter: &Letter<'_>, supply: &Supply, own: &Words) {
    let market = letter.market;
    let what = match supply.commodity.as_str() {
        _ if supply.is_export => own.fed_in,
        "gas" => own.gas,
        _ => own.electricity,
    };
    sheets.fits(LINE * 6.0);
    sheets.text(LEFT, USUAL + 2.0, 0, &format!("{what} · {}", supply.product));
    sheets.down(LINE);
    let facts = format!("{} · {}", supply.identifier, span(market, supply.first, supply.end));
    sheets.text(LEFT, SMALL, GREY, &facts);
    sheets.down(LINE * 1.2);
    table_head(sheets, own);
    for month in &supply.months {
        if !sheets.fits(LINE) {
            table_head(sheets, own);
        }
        sheets.text(LEFT, SMALL, 0, &wording::day(market, month.first));
        figures(sheets, &kwh(market, month.wh), &wording::money(market, month.gross));
    }
    sheets.fits(LINE * 2.0);
    sheets.rule(PALE);
    sheets.down(LINE * 0.3);
    sheets.text(LEFT, SMALL, 0, wording::of(letter.account.language()).total);
    figures(sheets, &kwh(market, supply.wh), &wording::money(market, supply.gross));
    let tax = supply.gross.saturating_sub(supply.net);
    let right = sheets.right();
    sheets.ending(right, SMALL, GREY, &format!("{}: {}", market.tax.name, wording::money(market, tax)));
    sheets.down(LINE * 2.0);
}

fn table_head(sheets: &mut Sheets, own: &Words) {
    let right = sheets.right();
    sheets.text(LEFT, SMALL, GREY, own.month);
    sheets.ending(right - COLUMN, SMALL, GREY, own.used);
    sheets.ending(right, SMALL, GREY, own.cost);
    sheets.down(LINE);
    sheets.rule(PALE);
    sheets.down(LINE * 0.3);
}

fn figures(sheets: &mut Sheets, used: &str, cost: &str) {
    let right = sheets.right();
    sheets.ending(right - COLUMN, SMALL, 0, used);
    sheets.ending(right, SMALL, 0, cost);
    sheets.down(LINE);
}

fn sum(sheets: &mut Sheets, letter: &Letter<'_>, own: &Words) {
    let common = wording::of(letter.account.language());
    sheets.fits(LINE * 6.0);
    let (y, width) = (sheets.y - LINE * 0.4, sheets.right() - LEFT);
    sheets.put(Mark::Bar { x: LEFT, y, width, height: LINE * 3.0, shade: 238 });
    sheets.down(LINE * 0.9);
    let all: i64 = letter.contents.supplies.iter().map(|supply| supply.gross).sum();
    for (label, amount) in [(own.all, all), (common.payments, letter.contents.paid)] {
        let right = sheets.right() - 12.0;
        sheets.text(LEFT + 12.0, USUAL, 0, label);
        sheets.ending(right, USUAL, 0, &wording::money(letter.market, amount));
        sheets.down(LINE);
    }
    sheets.down(LINE * 1.5);
    let width = sheets.right() - LEFT;
    sheets.text(LEFT, SMALL, GREY, &pdf::fitted(own.no_bill, SMALL, width));
}
