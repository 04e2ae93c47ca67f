use chrono::{DateTime, NaiveDate};

use super::*;
use crate::platform::market;
use crate::platform::pdf::A4;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn account(name: &str, market: &str) -> Account {
    Account {
        id: 1,
        number: "A-0A1B2C3D".into(),
        brand: String::new(),
        market: market.into(),
        status: "ACTIVE".into(),
        account_type: "DOMESTIC".into(),
        portfolio_id: 1,
        urn: None,
        billing_name: name.into(),
        billing_sub_name: String::new(),
        billing_email: String::new(),
        billing_address_line1: "1 High Street".into(),
        billing_address_line2: String::new(),
        billing_address_line3: String::new(),
        billing_address_line4: String::new(),
        billing_address_line5: String::new(),
        billing_postcode: "AB1 2CD".into(),
        billing_country: "GB".into(),
        billing_delivery_point: String::new(),
        preferred_language: None,
        balance: None,
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn company() -> InternalCompany {
    let seat = r#"{"organization": "Kraken Energy Limited", "streetAddress": "9 Holborn Row", "locality": "London",
        "postalCode": "EC1N 2HT", "country": "GB"}"#;
    InternalCompany {
        id: 1,
        number: "GB-01".into(),
        name: "Kraken Energy Limited".into(),
        registration: "09200001".into(),
        second_registration: None,
        tax_number: "GB 900 0001 11".into(),
        legal_address: serde_json::from_str(seat).expect("an address"),
    }
}

fn document(kind: &str, market: &str) -> Document {
    Document {
        id: 90001,
        ledger_id: 1,
        ledger_number: "L-00000000".into(),
        account_id: 1,
        market: market.into(),
        kind: kind.into(),
        status: "ISSUED".into(),
        from_date: day("2026-03-02"),
        to_date: Some(day("2026-04-02")),
        number: Some("X-00000007".into()),
        opening_balance: Minor(1000),
        charges_net: Minor(500_000),
        charges_tax: Minor(25_000),
        credits_net: Minor(1000),
        credits_tax: Minor(0),
        payments: Minor(20_000),
        refunds: Minor(0),
        closing_balance: Minor(-503_000),
        held_reason: None,
        issued_on: Some(day("2026-04-02")),
        due_date: Some(day("2026-04-16")),
        to_address: None,
        closed_at: None,
        issued_at: Some(DateTime::UNIX_EPOCH),
        annuls_id: None,
        annulled_by: None,
        user_id: None,
        issued_by: None,
        has_file: true,
    }
}

fn charge(id: i64, title: &str) -> Transaction {
    Transaction {
        id,
        ledger_id: 1,
        account_number: String::new(),
        kind: "charge".into(),
        posted_date: day("2026-03-02"),
        created_at: DateTime::UNIX_EPOCH,
        amount: Minor(5250),
        net_amount: Minor(5000),
        tax_amount: Minor(250),
        balance_carried_forward: Minor(0),
        title: title.into(),
        note: None,
        display_note: Some("as read\non the meter".into()),
        reason_code: None,
        payment_type: None,
        supply: None,
        is_export: false,
        is_imported: false,
        is_held: false,
        is_issued: true,
        is_reversed: false,
        billing_document_id: Some(90001),
        metadata: None,
    }
}

fn pages(market: &str, kind: &str, count: i64) -> Vec<Vec<String>> {
    pages_of(market, kind, count, &HashMap::new())
}

fn pages_of(market: &str, kind: &str, count: i64, supply: &HashMap<i64, Shown>) -> Vec<Vec<String>> {
    pages_with(market, kind, count, (supply, None))
}

fn pages_with(
    market: &str,
    kind: &str,
    count: i64,
    more: (&HashMap<i64, Shown>, Option<&Settlement>),
) -> Vec<Vec<String>> {
    pages_in((market, None), kind, count, more)
}

fn pages_in(
    (market, language): (&str, Option<&str>),
    kind: &str,
    count: i64,
    (supply, settled): (&HashMap<i64, Shown>, Option<&Settlement>),
) -> Vec<Vec<String>> {
    let market = market::by_code(market).expect("a market");
    let (document, mut account) = (document(kind, &market.code), account("Ada Lovelace", &market.code));
    account.preferred_language = language.map(str::to_owned);
    let transactions: Vec<Transaction> = (0..count).map(|id| charge(id, "Electricity")).collect();
    let bill = Bill {
        market,
        brand: "Kraken",
        company: Some(&company()),
        account: &account,
        document: &document,
        undoes: None,
        transactions: &transactions,
        supply,
        settled,
    };
    let pages = compose(&bill, wording::of(account.language()), A4).expect("pages");
    assert!(write(&bill).expect("a PDF").starts_with(b"%PDF-"));
    let text = |mark: &Mark| match mark {
        Mark::Text { text, x, size, .. } => {
            assert!(
                *x >= LEFT - 0.1 && x + pdf::width(text, *size) <= A4.width - LEFT + 0.1,
                "{text} sticks out"
            );
            Some(text.clone())
        }
        Mark::Bar { .. } => None,
    };
    pages.iter().map(|page| page.iter().filter_map(text).collect()).collect()
}

fn after<'a>(texts: &'a [String], label: &str) -> &'a str {
    let place = texts.iter().position(|text| text == label).unwrap_or_else(|| panic!("{label} in {texts:?}"));
    &texts[place + 1]
}

#[test]
fn a_bill_speaks_the_language_of_whoever_gets_it() {
    let texts = pages_in(("de", Some("en")), "statement", 3, (&HashMap::new(), None)).concat();
    assert_eq!(after(&texts, "Balance brought forward"), "10,00 €", "amounts are as its market has them");
    let texts = pages_in(("gb", Some("ja")), "statement", 3, (&HashMap::new(), None)).concat();
    assert_eq!(after(&texts, "前回残高"), "£10.00");
}

#[test]
fn a_bill_says_what_the_ledger_says() {
    let pages = pages("gb", "statement", 3);
    let texts = &pages[0];
    for (label, amount) in [
        ("Balance brought forward", "£10.00"),
        ("Charges", "-£5,250.00"),
        ("Credits", "£10.00"),
        ("Payments received", "£200.00"),
        ("Paid back to you", "£0.00"),
        ("Balance", "-£5,030.00"),
        ("To pay (Due on 16 Apr 2026)", "£5,030.00"),
        ("Account", "A-0A1B2C3D"),
        ("Period", "2 Mar 2026 – 1 Apr 2026"),
        ("Number", "X-00000007"),
        ("09200001 · GB 900 0001 11", "Kraken Energy Limited · 9 Holborn Row, London, EC1N 2HT"),
    ] {
        assert_eq!(after(texts, label), amount, "{label}");
    }
    let line = texts.iter().position(|text| text.starts_with("Electricity")).expect("a line");
    assert_eq!(texts[line..line + 4], ["Electricity – as read on the meter", "£50.00", "£2.50", "£52.50"]);
    let total = texts.iter().position(|text| text == "Total").expect("a total");
    assert_eq!(texts[total..total + 4], ["Total", "£5,000.00", "£250.00", "£5,250.00"]);
    assert!(texts.contains(&"VAT: £250.00".to_owned()));
}

#[test]
fn a_long_bill_has_several_pages_each_with_its_foot() {
    let pages = pages("de", "invoice", 100);
    assert!(pages.len() > 2);
    for (place, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Seite {} / {}", place + 1, pages.len())));
    }
    assert_eq!(pages.iter().flatten().filter(|text| text.starts_with("Electricity")).count(), 100);
}

#[test]
fn japanese_bills_are_japanese() {
    let pages = pages("jp", "period", 1);
    assert_eq!(after(&pages[0], "ご利用期間"), "2026年3月2日 – 2026年4月1日");
    assert_eq!(after(&pages[0], "残高"), "-503,000円");
}

#[test]
fn charges_for_energy_say_what_they_are_made_of() {
    let kept = serde_json::json!([
        { "band": "STANDING", "title": "Standing charge", "of_days": true, "is_levy": false, "days": 31, "wh": 0,
            "rate": "57.31", "tax": "0.05", "net": 1777 },
        { "band": "STANDARD", "title": "Energy", "of_days": false, "is_levy": false, "days": 0, "wh": 575_200,
            "rate": "26.6337", "tax": "0.05", "net": 15_320 },
        { "band": "HALF_HOURLY", "title": "Energy by half-hours", "of_days": false, "is_levy": false, "days": 0,
            "wh": 1500, "rate": null, "tax": "0.05", "net": 31 },
    ]);
    let (first, last) = (Some(day("2026-03-02")), Some(day("2026-04-02")));
    let shown = Shown {
        transaction_id: Some(0),
        first,
        last,
        market_name: "GBR_ELECTRICITY".into(),
        market: "gb".into(),
        commodity: "electricity".into(),
        product_code: "VAR-22-11-01".into(),
        kept,
    };
    let pages = pages_of("gb", "statement", 2, &HashMap::from([(0, shown)]));
    assert_eq!(after(&pages[0], "£52.50"), "2 Mar 2026 – 1 Apr 2026");
    assert_eq!(after(&pages[0], "Standing charge: 31 days × 0.5731"), "£17.77");
    assert_eq!(after(&pages[0], "Energy: 575.2 kWh × 0.266337"), "£153.20");
    assert_eq!(after(&pages[0], "Energy by half-hours: 1.5 kWh"), "£0.31");
}

#[test]
fn japanese_gas_is_billed_by_the_cubic_metre() {
    let kept = serde_json::json!([
        { "band": "STANDING", "title": "基本料金", "of_days": true, "is_levy": false, "days": 31, "wh": 0, "rate": "32",
            "tax": "0.1", "net": 992 },
        { "band": "STANDARD", "title": "従量料金", "of_days": false, "is_levy": false, "days": 0, "wh": 375_000,
            "rate": "9.488", "tax": "0.1", "net": 3558 },
    ]);
    let (first, last) = (Some(day("2026-03-01")), Some(day("2026-04-01")));
    let shown = Shown {
        transaction_id: Some(0),
        first,
        last,
        market_name: "JPN_GAS".into(),
        market: "jp".into(),
        commodity: "gas".into(),
        product_code: "GAS-2022-11".into(),
        kept,
    };
    assert_eq!((shown.quantity().normalize(), shown.unit()), (30.into(), "cubicMetres"));
    let pages = pages_of("jp", "period", 2, &HashMap::from([(0, shown)]));
    assert_eq!(after(&pages[0], "従量料金: 30 m³ × 118.6"), "3,558円");
}

#[test]
fn a_bill_that_settles_instalments_says_what_becomes_of_them() {
    let credit = Settlement {
        id: 1,
        billing_document_id: 90001,
        instalments: Minor(96_000),
        result: Minor(24_600),
        set_off: Minor(6000),
        paid_out: Minor(18_600),
        collected: Minor(0),
        collect_on: None,
        old_instalment: Minor(8000),
        new_instalment: Some(Minor(6000)),
        new_from: Some(day("2027-03-15")),
    };
    let shown = |settled: &Settlement| {
        pages_with("de", "invoice", 1, (&HashMap::new(), Some(settled))).concat().join("\n")
    };
    let told = shown(&credit);
    for line in ["Gezahlte Abschläge", "Ihre Abschläge", "Guthaben\n246,00 €", "60,00 €", "186,00 €"]
    {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(told.contains("Auszahlung innerhalb von zwei Wochen\n186,00 €"), "{told}");
    assert!(told.contains("Bisheriger Abschlag\n80,00 €\nNeuer Abschlag ab 15.03.2027\n60,00 €"), "{told}");
    let shortfall = Settlement {
        result: Minor(-23_400),
        set_off: Minor(0),
        paid_out: Minor(0),
        collected: Minor(23_400),
        collect_on: Some(day("2027-03-16")),
        ..credit
    };
    let told = shown(&shortfall);
    assert!(told.contains("Nachzahlung\n234,00 €\nEinzug der Nachzahlung am 16.03.2027\n234,00 €"), "{told}");
    assert!(!pages_of("de", "invoice", 1, &HashMap::new()).concat().join("\n").contains("Abschläge"));
}
