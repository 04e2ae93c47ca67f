//! What becomes of the instalments of a year, on paper.

use super::Bill;
use crate::domain::billing::sheets::{LEFT, LINE, Sheets, USUAL};
use crate::domain::billing::wording;
use crate::domain::payments::settled::Settlement;
use crate::platform::money::Minor;

/// The result, what becomes of it, and what is paid each time from now on.
pub(super) fn write(sheets: &mut Sheets, bill: &Bill<'_>, settled: &Settlement) {
    let lines = lines(bill, settled);
    sheets.fits(LINE * 1.3 + LINE * f32::from(u8::try_from(lines.len()).unwrap_or(u8::MAX)));
    sheets.text(LEFT, USUAL + 2.0, 0, wording::settling(bill.account.language()).heading);
    sheets.down(LINE * 1.3);
    let right = sheets.right();
    for (label, amount) in lines {
        sheets.text(LEFT, USUAL, 0, &label);
        sheets.ending(right, USUAL, 0, &wording::money(bill.market, amount.0));
        sheets.down(LINE);
    }
    sheets.down(LINE);
}

fn lines(bill: &Bill<'_>, settled: &Settlement) -> Vec<(String, Minor)> {
    let words = wording::settling(bill.account.language());
    let day = |day| wording::day(bill.market, day);
    let result = if settled.result < Minor::ZERO { words.shortfall } else { words.credit };
    let mut lines = vec![
        (words.instalments.to_owned(), settled.instalments),
        (result.to_owned(), Minor(settled.result.0.saturating_abs())),
    ];
    let what = [(words.set_off, settled.set_off), (words.paid_out, settled.paid_out)];
    lines.extend(
        what.into_iter()
            .filter(|(_, amount)| *amount > Minor::ZERO)
            .map(|(label, amount)| (label.to_owned(), amount)),
    );
    if let Some(on) = settled.collect_on {
        lines.push((format!("{} {}", words.collected, day(on)), settled.collected));
    }
    if let (Some(amount), Some(from)) = (settled.new_instalment, settled.new_from) {
        lines.push((words.old.to_owned(), settled.old_instalment));
        lines.push((format!("{} {} {}", words.new, words.from, day(from)), amount));
    }
    lines
}
