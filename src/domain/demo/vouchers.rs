//! Some customers of the demo world put credit into vouchers in summer and redeem them when they may; one thinks better of it.

use super::{DemoError, Person, World};
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::domain::loyalty::vouchers::buying::{self, Order};
use crate::domain::loyalty::vouchers::{self, Filter, VoucherError, redeeming};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;
use crate::platform::random::Randomness;

/// The months in which they buy.
const BUYING: std::ops::Range<u32> = 12..24;
/// As many vouchers as anybody looks at.
const MOST: i64 = 20;

/// Those whose credit covers it buy one now and then, and redeem what may be redeemed.
pub(super) async fn deal(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if !BUYING.contains(&month) {
        return Ok(());
    }
    let plain = |person: &&Person| person.customer.stories.is_empty() && !person.is_further;
    for (place, person) in (0_u32..).zip(world.people.iter().filter(plain)) {
        redeem(tx, world, person, month).await?;
        if place % 2 == month % 2 {
            buy(tx, person, month).await?;
        }
    }
    Ok(())
}

async fn buy(tx: &mut Tx, person: &Person, month: u32) -> Result<(), DemoError> {
    let market = market::of_brand(person.customer.brand).map(|market| market.code.as_str());
    let codes: &[&str] = match market {
        Some("gb") => &["WINTER_100", "ENERGY_20"],
        Some("au") => &["WINTER_100", "ENERGY_50"],
        _ => return Ok(()),
    };
    // Chance of its own, so that nothing else in the world hangs on who buys.
    let random = Randomness::seeded(u64::from(month) * 1000 + 7);
    let viewer = Viewer::customer(person.user);
    for code in codes {
        let order = Order { account_number: person.number(), code, client_params: None, key: None };
        match buying::buy(tx, &random, &viewer, &order).await {
            Ok(bought) if month == BUYING.start => {
                buying::give_back(tx, &viewer, person.number(), bought.id).await?;
            }
            Ok(_) => return Ok(()),
            Err(VoucherError::NotCovered) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}

/// Half of what may be redeemed, and the rest of what was begun.
async fn redeem(tx: &mut Tx, world: &World<'_>, person: &Person, month: u32) -> Result<(), DemoError> {
    let Some(account) = accounts::by_number(tx, &world.clerk, person.number()).await? else { return Ok(()) };
    let filter = Filter { redeemable_only: true, ..Filter::default() };
    let page = vouchers::of_account(tx, &account, &filter, &Window::forward(0, MOST)).await?;
    // Those who come last in the year keep theirs for the winter.
    for voucher in page.rows.iter().filter(|_| month < BUYING.end - 2) {
        let half = Some(voucher.value / 2).filter(|half| *half < voucher.balance);
        let viewer = Viewer::customer(person.user);
        redeeming::redeem(tx, &viewer, person.number(), voucher.id, half).await?;
    }
    Ok(())
}
