//! What bills say, by language, and how amounts and days are written, by market.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

use crate::platform::market::Market;

/// The words of a language.
pub(super) struct Words {
    pub language: &'static str,
    pub statement: &'static str,
    pub invoice: &'static str,
    pub credit_note: &'static str,
    pub account: &'static str,
    pub number: &'static str,
    pub issued: &'static str,
    pub period: &'static str,
    pub due: &'static str,
    pub summary: &'static str,
    pub opening: &'static str,
    pub charges: &'static str,
    pub credits: &'static str,
    pub payments: &'static str,
    pub refunds: &'static str,
    pub closing: &'static str,
    pub day: &'static str,
    pub what: &'static str,
    pub days: &'static str,
    pub net: &'static str,
    pub gross: &'static str,
    pub total: &'static str,
    pub to_pay: &'static str,
    pub nothing_to_pay: &'static str,
    pub undoes: &'static str,
    pub page: &'static str,
    pub sign: &'static str,
}

static ENGLISH: Words = Words {
    language: "en",
    statement: "Statement",
    invoice: "Invoice",
    credit_note: "Credit note",
    account: "Account",
    number: "Number",
    issued: "Issued on",
    period: "Period",
    due: "Due on",
    summary: "Summary",
    opening: "Balance brought forward",
    charges: "Charges",
    credits: "Credits",
    payments: "Payments received",
    refunds: "Paid back to you",
    closing: "Balance",
    day: "Date",
    what: "Description",
    days: "days",
    net: "Net",
    gross: "Gross",
    total: "Total",
    to_pay: "To pay",
    nothing_to_pay: "There is nothing to pay.",
    undoes: "This credit note undoes",
    page: "Page",
    sign: "A balance below zero is what you owe.",
};

static GERMAN: Words = Words {
    language: "de",
    statement: "Kontoauszug",
    invoice: "Rechnung",
    credit_note: "Stornorechnung",
    account: "Kundenkonto",
    number: "Nummer",
    issued: "Ausgestellt am",
    period: "Zeitraum",
    due: "Fällig am",
    summary: "Übersicht",
    opening: "Übertrag",
    charges: "Forderungen",
    credits: "Gutschriften",
    payments: "Zahlungen",
    refunds: "Auszahlungen",
    closing: "Kontostand",
    day: "Datum",
    what: "Beschreibung",
    days: "Tage",
    net: "Netto",
    gross: "Brutto",
    total: "Summe",
    to_pay: "Zu zahlen",
    nothing_to_pay: "Es ist nichts zu zahlen.",
    undoes: "Diese Rechnung storniert",
    page: "Seite",
    sign: "Ein Kontostand unter null ist offen.",
};

static JAPANESE: Words = Words {
    language: "ja",
    statement: "ご利用明細書",
    invoice: "ご請求書",
    credit_note: "取消通知書",
    account: "お客さま番号",
    number: "明細番号",
    issued: "発行日",
    period: "ご利用期間",
    due: "お支払期限",
    summary: "内訳",
    opening: "前回残高",
    charges: "ご請求額",
    credits: "割引・返金額",
    payments: "お支払額",
    refunds: "払戻額",
    closing: "残高",
    day: "日付",
    what: "項目",
    days: "日",
    net: "税抜",
    gross: "税込",
    total: "合計",
    to_pay: "お支払金額",
    nothing_to_pay: "お支払いの必要はありません。",
    undoes: "取消の対象",
    page: "ページ",
    sign: "マイナスの残高は未払い金額です。",
};

/// What a bill says that settles instalments.
pub(super) struct Settling {
    pub instalments: &'static str,
    pub heading: &'static str,
    pub credit: &'static str,
    pub shortfall: &'static str,
    pub set_off: &'static str,
    pub paid_out: &'static str,
    pub collected: &'static str,
    pub old: &'static str,
    pub new: &'static str,
    pub from: &'static str,
}

static SETTLING: Settling = Settling {
    instalments: "Instalments paid",
    heading: "Your instalments",
    credit: "Credit",
    shortfall: "Still to be paid",
    set_off: "Taken off your next instalments",
    paid_out: "Paid back to you within two weeks",
    collected: "Collected by direct debit on",
    old: "Instalment so far",
    new: "New instalment",
    from: "from",
};

static ABRECHNUNG: Settling = Settling {
    instalments: "Gezahlte Abschläge",
    heading: "Ihre Abschläge",
    credit: "Guthaben",
    shortfall: "Nachzahlung",
    set_off: "Verrechnung mit den nächsten Abschlägen",
    paid_out: "Auszahlung innerhalb von zwei Wochen",
    collected: "Einzug der Nachzahlung am",
    old: "Bisheriger Abschlag",
    new: "Neuer Abschlag",
    from: "ab",
};

/// What bills say that settle instalments, in the language with a code.
pub(super) fn settling(language: &str) -> &'static Settling {
    if language == "de" { &ABRECHNUNG } else { &SETTLING }
}

/// The words of the language with a code.
pub(super) fn of(language: &str) -> &'static Words {
    match language {
        "de" => &GERMAN,
        "ja" => &JAPANESE,
        _ => &ENGLISH,
    }
}

/// An amount of minor units, with the currency as people there write it.
pub(super) fn money(market: &Market, amount: i64) -> String {
    let exponent = market.currency.exponent;
    let unit = 10_u64.checked_pow(exponent).unwrap_or(1);
    let (whole, rest) = (amount.unsigned_abs() / unit, amount.unsigned_abs() % unit);
    let (thousands, point) = if market.country == "DE" { (".", ",") } else { (",", ".") };
    let digits = grouped(whole, thousands);
    let number = if exponent == 0 {
        digits
    } else {
        format!("{digits}{point}{rest:0places$}", places = exponent as usize)
    };
    let sign = if amount < 0 { "-" } else { "" };
    match market.currency.code.as_str() {
        "GBP" => format!("{sign}£{number}"),
        "USD" | "AUD" => format!("{sign}${number}"),
        "EUR" => format!("{sign}{number} €"),
        "JPY" => format!("{sign}{number}円"),
        other => format!("{sign}{number} {other}"),
    }
}

fn grouped(number: u64, separator: &str) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

/// A number with as many decimals as it needs, as people there write it.
pub(super) fn number(market: &Market, number: Decimal) -> String {
    let text = number.normalize().to_string();
    if market.country == "DE" { text.replace('.', ",") } else { text }
}

/// A day as people there write it.
pub(super) fn day(market: &Market, day: NaiveDate) -> String {
    match market.country.as_str() {
        "DE" => day.format("%d.%m.%Y").to_string(),
        "JP" => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        "US" => day.format("%b %-d, %Y").to_string(),
        _ => day.format("%-d %b %Y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market::by_code;

    #[test]
    fn amounts_and_days_are_written_as_they_are_there() {
        let on = "2026-03-02".parse().expect("a day");
        for (market, amount, shown, shown_day) in [
            ("gb", 123_456, "£1,234.56", "2 Mar 2026"),
            ("de", -123_456_789, "-1.234.567,89 €", "02.03.2026"),
            ("jp", 1_234_567, "1,234,567円", "2026年3月2日"),
            ("au", 5, "$0.05", "2 Mar 2026"),
            ("us", -100, "-$1.00", "Mar 2, 2026"),
        ] {
            let market = by_code(market).expect("a market");
            assert_eq!(money(market, amount), shown);
            assert_eq!(day(market, on), shown_day);
        }
    }
}
