//! Pages of what is printed, filled from top to bottom.

use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::address;
use crate::platform::market::Market;
use crate::platform::pdf::{self, A4, LETTER, Mark, Page, Sheet};

pub(super) const LEFT: f32 = 56.0;
const TOP: f32 = 64.0;
/// What is kept free below, for the foot of the page.
const FOOT: f32 = 84.0;
pub(super) const SMALL: f32 = 9.0;
pub(super) const USUAL: f32 = 10.5;
pub(super) const LARGE: f32 = 18.0;
pub(super) const LINE: f32 = 16.0;
pub(super) const GREY: u8 = 110;
pub(super) const PALE: u8 = 205;

/// Pages being filled from top to bottom.
pub(super) struct Sheets {
    sheet: Sheet,
    pub pages: Vec<Page>,
    pub y: f32,
}

impl Sheets {
    pub fn new(sheet: Sheet) -> Self {
        Self { sheet, pages: vec![Page::new()], y: TOP }
    }

    pub fn right(&self) -> f32 {
        self.sheet.width - LEFT
    }

    pub fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    pub fn text(&mut self, x: f32, size: f32, shade: u8, text: &str) {
        let y = self.y;
        self.put(Mark::Text { x, y, size, text: text.to_owned(), shade });
    }

    /// Text that ends at `x`.
    pub fn ending(&mut self, x: f32, size: f32, shade: u8, text: &str) {
        self.text(x - pdf::width(text, size), size, shade, text);
    }

    pub fn rule(&mut self, shade: u8) {
        let (y, width) = (self.y - LINE * 0.7, self.right() - LEFT);
        self.put(Mark::Bar { x: LEFT, y, width, height: 0.6, shade });
    }

    pub fn down(&mut self, by: f32) {
        self.y += by;
    }

    /// Whether so much still fits; begins a page if it does not.
    pub fn fits(&mut self, height: f32) -> bool {
        if self.y + height <= self.sheet.height - FOOT {
            return true;
        }
        self.pages.push(Page::new());
        self.y = TOP;
        false
    }

    /// Where the account's letters go, line by line.
    pub fn address(&mut self, account: &Account) {
        let names = [account.billing_name.as_str(), &account.billing_sub_name].map(str::to_owned);
        let country = Some(account.billing_country.as_str()).filter(|code| !code.is_empty());
        let country = country.or_else(|| Some(account.market()?.country.as_str())).unwrap_or_default();
        let place = address::printed(country, account.address_lines().collect(), &account.billing_postcode);
        for line in names.into_iter().chain(place).filter(|line| !line.is_empty()) {
            self.text(LEFT, USUAL, 0, &pdf::fitted(&line, USUAL, 240.0));
            self.down(LINE);
        }
    }

    /// Lines above the foot of every page.
    pub fn imprint(&mut self, lines: &[String]) {
        for page in &mut self.pages {
            let mut y = self.sheet.height - 40.0;
            for line in lines.iter().rev() {
                y -= LINE * 0.8;
                page.push(Mark::Text { x: LEFT, y, size: SMALL, text: line.clone(), shade: GREY });
            }
        }
    }

    /// Numbers the pages, and puts a text at the foot of each.
    pub fn feet(&mut self, page_word: &str, foot: &str) {
        let (count, y, right) = (self.pages.len(), self.sheet.height - 40.0, self.right());
        for (place, page) in self.pages.iter_mut().enumerate() {
            let text = format!("{page_word} {} / {count}", place + 1);
            let x = right - pdf::width(&text, SMALL);
            page.push(Mark::Text { x, y, size: SMALL, text, shade: GREY });
            page.push(Mark::Text { x: LEFT, y, size: SMALL, text: foot.to_owned(), shade: GREY });
        }
    }
}

/// The paper that letters are printed on in a market.
pub(super) fn sheet_of(market: &Market) -> Sheet {
    if market.country == "US" { LETTER } else { A4 }
}
