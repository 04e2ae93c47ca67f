//! A bill on paper: who it is for, what it says in sum, each transaction, and what is to be paid.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::documents::{Document, Kind};
use super::sheets::{self, GREY, LARGE, LEFT, LINE, PALE, SMALL, Sheets, USUAL};
use super::wording::{self, Words};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::companies::InternalCompany;
use crate::domain::ledgers::transactions::{self, Transaction};
use crate::domain::payments::settled::Settlement;
use crate::domain::supply::charging::{Kept, Shown};
use crate::domain::supply::gas;
use crate::platform::market::Market;
use crate::platform::money::{AmountError, Minor};
use crate::platform::pdf::{self, Mark, Page, Paper, PdfError, Sheet};

/// How wide the columns of amounts are, and that of days.
const AMOUNT: f32 = 86.0;
const DAY: f32 = 92.0;
/// How high a row of the table is.
const ROW: f32 = LINE * 0.8;
/// How many rows a text has at most.
const ROWS: usize = 4;

/// Everything that a bill says.
pub(super) struct Bill<'a> {
    pub market: &'a Market,
    pub brand: &'a str,
    /// Whose bill it is.
    pub company: Option<&'a InternalCompany>,
    pub account: &'a Account,
    pub document: &'a Document,
    /// The number of the bill that it undoes, if it does.
    pub undoes: Option<&'a str>,
    /// In the order in which they happened.
    pub transactions: &'a [Transaction],
    /// What those among them are made of that charge for energy.
    pub supply: &'a HashMap<i64, Shown>,
    /// What becomes of the instalments that were paid, if the bill settles them.
    pub settled: Option<&'a Settlement>,
}

/// Why a bill was not put on paper.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A sum is out of range.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// There is no PDF.
    #[error(transparent)]
    Pdf(#[from] PdfError),
}

/// The bill as a PDF.
pub(super) fn write(bill: &Bill<'_>) -> Result<Vec<u8>, PaperError> {
    let words = wording::of(bill.account.language());
    let sheet = sheets::sheet_of(bill.market);
    let title = format!("{} {}", name(bill, words), number(bill));
    let paper = Paper {
        sheet,
        title: &title,
        language: words.language,
        made_at: bill
            .document
            .issued_at
            .unwrap_or(bill.document.from_date.and_time(chrono::NaiveTime::MIN).and_utc()),
        pages: compose(bill, words, sheet)?,
    };
    Ok(pdf::write(&paper)?)
}

fn name(bill: &Bill<'_>, words: &Words) -> &'static str {
    match bill.document.kind() {
        Kind::Statement | Kind::Period => words.statement,
        Kind::Invoice => words.invoice,
        Kind::CreditNote => words.credit_note,
    }
}

fn number<'a>(bill: &Bill<'a>) -> &'a str {
    bill.document.number.as_deref().unwrap_or_default()
}

fn compose(bill: &Bill<'_>, words: &Words, sheet: Sheet) -> Result<Vec<Page>, AmountError> {
    let mut sheets = Sheets::new(sheet);
    head(&mut sheets, bill, words);
    summary(&mut sheets, bill, words)?;
    transactions_of(&mut sheets, bill, words);
    if let Some(settled) = bill.settled {
        settlement::write(&mut sheets, bill, settled);
    }
    demand(&mut sheets, bill, words)?;
    let foot = format!("{} · {} · {}", bill.brand, bill.account.number, number(bill));
    sheets.feet(words.page, &foot);
    if let Some(company) = bill.company {
        sheets.imprint(&[company.sender(), company.numbers()]);
    }
    Ok(sheets.pages)
}

fn head(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words) {
    let right = sheets.right();
    sheets.text(LEFT, LARGE, 0, bill.brand);
    sheets.ending(right, LARGE, 0, name(bill, words));
    sheets.down(44.0);
    let begin = sheets.y;
    sheets.address(bill.account);
    let after_address = sheets.y;
    sheets.y = begin;
    let document = bill.document;
    let day = |day| wording::day(bill.market, day);
    let period =
        format!("{} – {}", day(document.from_date), document.last_day().map(day).unwrap_or_default());
    let facts = [
        (words.account, Some(bill.account.number.clone())),
        (words.number, document.number.clone()),
        (words.issued, document.issued_on.map(day)),
        (words.period, Some(period)),
        (words.due, document.due_date.filter(|_| document.annuls_id.is_none()).map(day)),
    ];
    for (label, value) in facts {
        let Some(value) = value else { continue };
        sheets.text(right - 220.0, SMALL, GREY, label);
        sheets.ending(right, SMALL, 0, &value);
        sheets.down(LINE);
    }
    sheets.y = sheets.y.max(after_address) + LINE;
    if let Some(other) = bill.undoes {
        sheets.text(LEFT, USUAL, 0, &format!("{} {other}", words.undoes));
        sheets.down(LINE * 1.5);
    }
}

/// What payments are called: instalments, where the bill settles them.
fn payments_of(bill: &Bill<'_>, words: &Words) -> &'static str {
    if bill.settled.is_some() {
        wording::settling(bill.account.language()).instalments
    } else {
        words.payments
    }
}

fn summary(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words) -> Result<(), AmountError> {
    let document = bill.document;
    let right = sheets.right();
    let (charges, credits) = (document.charges()?, document.credits()?);
    let tax = charges.tax.minus(credits.tax)?;
    sheets.text(LEFT, USUAL + 2.0, 0, words.summary);
    sheets.down(LINE * 1.3);
    let lines = [
        (words.opening.to_owned(), document.opening_balance),
        (words.charges.to_owned(), charges.gross.negated()?),
        (words.credits.to_owned(), credits.gross),
        (payments_of(bill, words).to_owned(), document.payments),
        (words.refunds.to_owned(), document.refunds.negated()?),
    ];
    for (label, amount) in lines {
        sheets.text(LEFT, USUAL, 0, &label);
        sheets.ending(right, USUAL, 0, &wording::money(bill.market, amount.0));
        sheets.down(LINE);
    }
    sheets.rule(0);
    sheets.down(LINE * 0.3);
    sheets.text(LEFT, USUAL, 0, words.closing);
    sheets.ending(right, USUAL, 0, &wording::money(bill.market, document.closing_balance.0));
    sheets.down(LINE);
    let included = format!("{}: {}", bill.market.tax.name, wording::money(bill.market, tax.0));
    sheets.text(LEFT, SMALL, GREY, words.sign);
    sheets.ending(right, SMALL, GREY, &included);
    sheets.down(LINE * 2.0);
    Ok(())
}

/// The columns of amounts: where each ends.
fn columns(sheets: &Sheets) -> [f32; 3] {
    let right = sheets.right();
    [right - AMOUNT * 2.0, right - AMOUNT, right]
}

fn table_head(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words) {
    sheets.text(LEFT, SMALL, GREY, words.day);
    sheets.text(LEFT + DAY, SMALL, GREY, words.what);
    let heads = [words.net, bill.market.tax.name.as_str(), words.gross];
    for (x, head) in columns(sheets).into_iter().zip(heads) {
        sheets.ending(x, SMALL, GREY, head);
    }
    sheets.down(LINE);
    sheets.rule(PALE);
    sheets.down(LINE * 0.3);
}

fn transactions_of(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words) {
    let kinds = [
        (transactions::Kind::Charge, words.charges),
        (transactions::Kind::Credit, words.credits),
        (transactions::Kind::Payment, payments_of(bill, words)),
        (transactions::Kind::Refund, words.refunds),
    ];
    for (kind, heading) in kinds {
        let mut those = bill.transactions.iter().filter(|t| t.kind() == kind).peekable();
        if those.peek().is_none() {
            continue;
        }
        sheets.fits(LINE * 4.0);
        sheets.text(LEFT, USUAL + 1.0, 0, heading);
        sheets.down(LINE * 1.2);
        table_head(sheets, bill, words);
        for transaction in those {
            line(sheets, bill, words, transaction);
            if let Some(shown) = bill.supply.get(&transaction.id) {
                parts(sheets, bill, words, shown);
            }
        }
        total(sheets, bill, words, kind);
    }
}

fn line(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words, transaction: &Transaction) {
    let note = transaction.display_note.as_deref().map(|note| format!(" – {note}")).unwrap_or_default();
    let ends = columns(sheets);
    let room = ends[0] - AMOUNT * 0.8 - LEFT - DAY;
    let what = format!("{}{note}", transaction.title).replace(char::is_control, " ");
    let what = pdf::wrapped(&what, SMALL, room, ROWS);
    whole(sheets, bill, words, &what);
    sheets.text(LEFT, SMALL, 0, &wording::day(bill.market, transaction.posted_date));
    let has_tax = matches!(transaction.kind(), transactions::Kind::Charge | transactions::Kind::Credit);
    let amounts = [transaction.net_amount, transaction.tax_amount, transaction.amount];
    rows(sheets, (LEFT + DAY, 0), &what, |sheets| {
        for (place, (x, amount)) in ends.into_iter().zip(amounts).enumerate() {
            if has_tax || place == 2 {
                sheets.ending(x, SMALL, 0, &wording::money(bill.market, amount.0));
            }
        }
    });
    sheets.down(LINE * 0.2);
}

/// Begins a page, with a head of the table, where so many rows do not fit on this one.
fn whole(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words, rows: &[String]) {
    if !sheets.fits(rows.iter().map(|_| ROW).sum::<f32>().max(LINE)) {
        table_head(sheets, bill, words);
    }
}

/// Writes rows of a text one below the other, with amounts beside the first.
fn rows(sheets: &mut Sheets, (x, shade): (f32, u8), texts: &[String], beside: impl FnOnce(&mut Sheets)) {
    let mut beside = Some(beside);
    for text in texts {
        sheets.text(x, SMALL, shade, text);
        if let Some(beside) = beside.take() {
            beside(sheets);
        }
        sheets.down(ROW);
    }
}

/// What a charge for energy is made of: the days, and each thing with its price.
fn parts(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words, shown: &Shown) {
    let ends = columns(sheets);
    let left = LEFT + DAY + 10.0;
    let days = shown.first.zip(shown.last.and_then(|last| last.pred_opt()));
    let days = days.map(|(first, last)| {
        let day = |day| wording::day(bill.market, day);
        (format!("{} – {}", day(first), day(last)), None)
    });
    let unit = Decimal::from(10_u64.checked_pow(bill.market.currency.exponent).unwrap_or(1));
    let (sold_by, kwh) =
        if shown.is_sold_by_volume() { ("m³", gas::japanese_cubic_metre()) } else { ("kWh", Decimal::ONE) };
    let part = |line: &Kept| {
        let amount = if line.of_days {
            format!("{} {}", line.days, words.days)
        } else {
            format!("{} {sold_by}", wording::number(bill.market, Decimal::new(line.wh, 3) / kwh))
        };
        let each = if line.of_days { unit } else { unit / kwh };
        let rate = line.rate.map(|rate| wording::number(bill.market, rate / each));
        let rate = rate.map(|rate| format!(" × {rate}")).unwrap_or_default();
        (format!("{}: {amount}{rate}", line.title), Some(line.net))
    };
    let lines = shown.lines();
    for (text, net) in days.into_iter().chain(lines.iter().map(part)) {
        let net = net.map(|net| wording::money(bill.market, net)).unwrap_or_default();
        let room = ends[0] - pdf::width(&net, SMALL) - 10.0 - left;
        let texts = pdf::wrapped(&text, SMALL, room, ROWS);
        whole(sheets, bill, words, &texts);
        rows(sheets, (left, GREY), &texts, |sheets| sheets.ending(ends[0], SMALL, GREY, &net));
    }
    sheets.down(LINE * 0.2);
}

fn total(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words, kind: transactions::Kind) {
    let document = bill.document;
    let (net, tax, gross) = match kind {
        transactions::Kind::Charge => split(document.charges_net, document.charges_tax),
        transactions::Kind::Credit => split(document.credits_net, document.credits_tax),
        transactions::Kind::Payment => (None, None, document.payments.0),
        transactions::Kind::Refund => (None, None, document.refunds.0),
    };
    sheets.fits(LINE);
    sheets.rule(PALE);
    sheets.down(LINE * 0.3);
    sheets.text(LEFT + DAY, SMALL, 0, words.total);
    for (x, amount) in columns(sheets).into_iter().zip([net, tax, Some(gross)]) {
        if let Some(amount) = amount {
            sheets.ending(x, SMALL, 0, &wording::money(bill.market, amount));
        }
    }
    sheets.down(LINE * 2.0);
}

fn split(net: Minor, tax: Minor) -> (Option<i64>, Option<i64>, i64) {
    (Some(net.0), Some(tax.0), net.0.saturating_add(tax.0))
}

/// What is to be paid once everything on the bill is taken into account.
fn demand(sheets: &mut Sheets, bill: &Bill<'_>, words: &Words) -> Result<(), AmountError> {
    let owed = bill.document.closing_balance.negated()?;
    sheets.fits(LINE * 3.0);
    let (y, width) = (sheets.y - LINE * 0.4, sheets.right() - LEFT);
    sheets.put(Mark::Bar { x: LEFT, y, width, height: LINE * 2.0, shade: 238 });
    sheets.down(LINE * 0.9);
    if owed > Minor::ZERO {
        let due = bill.document.due_date.map(|day| wording::day(bill.market, day)).unwrap_or_default();
        sheets.text(LEFT + 12.0, USUAL + 2.0, 0, &format!("{} ({} {due})", words.to_pay, words.due));
        let right = sheets.right() - 12.0;
        sheets.ending(right, USUAL + 2.0, 0, &wording::money(bill.market, owed.0));
    } else {
        sheets.text(LEFT + 12.0, USUAL + 2.0, 0, words.nothing_to_pay);
    }
    Ok(())
}

mod settlement;
#[cfg(test)]
mod tests;
