//! What happens to single customers of the demo world, beside paying their bills.

use chrono::Days;

use super::cast::{Address as Lines, Partner, Story};
use super::{DemoError, Person, World, homes};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::lifecycle::{self, Status};
use crate::domain::accounts::reminders::{self, Assignee, NewReminder};
use crate::domain::accounts::roles::{self, ACCOUNT_OWNER};
use crate::domain::accounts::{NewUser, billing, notes, open};
use crate::domain::auth::Viewer;
use crate::domain::billing::cycle;
use crate::domain::ledgers::contributions::{self, NewAgreement};
use crate::domain::ledgers::dunning::{self, Aim};
use crate::domain::ledgers::ledgers::{self, Ledger, Which};
use crate::domain::ledgers::payments::{self, Movement};
use crate::domain::ledgers::proceedings::{self, Closing, NewProceeding};
use crate::domain::ledgers::transaction_lists::{self, Below, Filter, Line, Listed as _};
use crate::domain::ledgers::transactions::Kind;
use crate::domain::ledgers::transfers::{self, NewTransfer, Place};
use crate::domain::ledgers::{reversals, write_offs};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;

/// For how long somebody in trouble is left in peace.
const SPARED: Days = Days::new(84);

/// What is agreed on from the start.
pub(super) async fn begin(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    for story in person.customer.stories {
        if let Story::Shares(partner) = story {
            share(tx, world, person, partner).await?;
        }
    }
    Ok(())
}

/// Lets happen what happens to somebody in a month.
pub(super) async fn happen(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    now: usize,
) -> Result<(), DemoError> {
    let number = person.number();
    for story in person.customer.stories {
        match story {
            Story::Moves { month, address, state, postcode } if *month == now => {
                moves(tx, world, person, address, (state, postcode)).await?;
            }
            Story::Leaves { month } if *month == now => leave(tx, world, person).await?,
            Story::IsSpared { month } if *month == now => spare(tx, world, person).await?,
            Story::IsWrittenOff { month, agency, campaign, .. } if *month == now => {
                hand_over(tx, world, number, agency, campaign).await?;
            }
            Story::IsWrittenOff { given_up, agency, .. } if *given_up == now => {
                give_up(tx, world, person, agency).await?;
            }
            Story::Gives { month, scheme, amount } if *month == now => {
                give(tx, person, scheme, *amount).await?;
            }
            Story::Bounces { month } if *month == now => bounce(tx, world, person).await?,
            Story::EmptiesWallet { month } if *month == now => empty_wallet(tx, world, person).await?,
            Story::IsNoted { month, note } if *month == now => keep_in_mind(tx, world, number, note).await?,
            Story::WantsPaper { month } if *month == now => {
                let viewer = Viewer::customer(person.user);
                billing::set_delivery(tx, &viewer, number, "POSTAL_MAIL").await?;
                billing::set_accessibility(tx, &viewer, number, Some("LARGE_PRINT")).await?;
            }
            Story::Speaks { month, language } if *month == now => {
                billing::set_language(tx, &Viewer::customer(person.user), number, Some(language)).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn share(tx: &mut Tx, world: &World<'_>, person: &Person, with: &Partner) -> Result<(), DemoError> {
    let new = NewUser {
        given_name: with.given_name,
        family_name: with.family_name,
        email: with.email,
        mobile: with.mobile,
        ..NewUser::default()
    };
    let user = open::user(tx, world.random, &new).await?;
    Ok(roles::give_on_account(tx, person.account, user, ACCOUNT_OWNER).await?)
}

async fn moves(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    lines: Lines,
    (state, postcode): (&str, &str),
) -> Result<(), DemoError> {
    let (streets, town) = lines.split_at(lines.len().saturating_sub(1));
    let address = Address {
        street_address: streets.join("\n"),
        locality: town.join(""),
        administrative_area: state.to_owned(),
        postal_code: postcode.to_owned(),
        ..Address::default()
    };
    let viewer = Viewer::customer(person.user);
    homes::moves(tx, world, person, &address).await?;
    billing::set_address(tx, &viewer, person.number(), Some(address)).await?;
    let note = "Moved house; the final reading of the old one was agreed on by telephone.";
    Ok(notes::add(tx, &world.clerk, person.number(), note, false).await?)
}

/// The last bill, what is left of it either way, and the end.
async fn leave(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    homes::leave(tx, world, person).await?;
    for ledger in open_ledgers(tx, world, person).await? {
        cycle::bill_now(tx, ledger.id).await?;
        let ledger_type = Some(ledger.ledger_type.as_str());
        let (balance, payment_type) = (ledger.balance.0, "BACS_DEPOSIT");
        if balance > 0 {
            let movement = Movement { amount: balance, title: "Final refund", payment_type, ledger_type };
            payments::refund(tx, person.account, &movement).await?;
        } else if balance < 0 {
            let movement = Movement { amount: -balance, title: "Final payment", payment_type, ledger_type };
            payments::record(tx, person.account, &movement).await?;
        }
    }
    Ok(lifecycle::advance(tx, &world.clerk, person.account, Status::Dormant).await?)
}

async fn open_ledgers(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<Vec<Ledger>, DemoError> {
    let found = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?;
    Ok(found.into_iter().flatten().collect())
}

/// Whoever tells of trouble is not reminded for a while, and is called.
async fn spare(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let now = tx.business_now().await?;
    let Some(market) = market::of_brand(person.customer.brand) else { return Ok(()) };
    let today = market.day(now);
    let note = Some("Has told us of trouble at home.");
    let aim = Aim { account_number: person.number(), path: "STANDARD", note };
    dunning::pause(tx, &world.clerk, &aim, (today, today + SPARED)).await?;
    keep_in_mind(tx, world, person.number(), "Ask how things are before reminders go on.").await
}

async fn hand_over(
    tx: &mut Tx,
    world: &World<'_>,
    account_number: &str,
    agency: &str,
    campaign: &str,
) -> Result<(), DemoError> {
    let Some(market) = world.market_of(account_number) else { return Ok(()) };
    let new = NewProceeding {
        account_number,
        ledger_number: None,
        agency,
        campaign,
        is_white_label: false,
        started_on: market.day(tx.business_now().await?),
        amount: None,
        notes: Some("Reminders ran out without a word."),
    };
    proceedings::commence(tx, &world.clerk, &new).await?;
    Ok(())
}

/// The agency gives up: the debt is written off and the account is closed.
async fn give_up(tx: &mut Tx, world: &World<'_>, person: &Person, agency: &str) -> Result<(), DemoError> {
    let Some(market) = world.market_of(person.number()) else { return Ok(()) };
    homes::leave(tx, world, person).await?;
    let closing = Closing {
        account_number: person.number(),
        ledger_number: None,
        agency,
        campaign: None,
        reason: "UNABLE_TO_TRACE",
        stopped_on: market.day(tx.business_now().await?),
        tells_agency: true,
    };
    proceedings::close(tx, &world.clerk, &closing).await?;
    for ledger in open_ledgers(tx, world, person).await? {
        cycle::bill_now(tx, ledger.id).await?;
        if ledger.balance.0 < 0 {
            write_offs::write_off(tx, &ledger.number, None, Some("Moved without an address.")).await?;
        }
    }
    Ok(lifecycle::advance(tx, &world.clerk, person.account, Status::Dormant).await?)
}

async fn give(tx: &mut Tx, person: &Person, scheme: &str, amount: i64) -> Result<(), DemoError> {
    let new = NewAgreement {
        account_number: person.number(),
        scheme,
        every: "MONTHLY",
        amount,
        active_from: tx.business_now().await?,
        active_to: None,
    };
    contributions::create(tx, &Viewer::customer(person.user), &new).await?;
    Ok(())
}

/// The bank takes the latest payment back.
async fn bounce(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let window = Window::forward(0, 20);
    let (below, all) = (Below::Accounts, Filter::default());
    let pages = transaction_lists::pages(tx, &world.clerk, below, &[person.account], &all, &window).await?;
    let paid = pages.into_iter().flat_map(|page| page.rows).find(|row: &Line| row.kind() == Kind::Payment);
    if let Some(payment) = paid {
        reversals::reverse(tx, payment.id, Some("Taken back by the bank.")).await?;
    }
    Ok(())
}

async fn empty_wallet(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let all = open_ledgers(tx, world, person).await?;
    let main = all.iter().find(|ledger| ledger.is_main);
    let wallet = all.iter().find(|ledger| ledger.ledger_type == "SOLAR_WALLET_LEDGER");
    let (Some(main), Some(wallet)) = (main, wallet) else { return Ok(()) };
    if wallet.balance.0 > 0 {
        let place = |ledger| Place { account_number: person.number(), ledger };
        let (source, target) = (place(&wallet.number), place(&main.number));
        let note = Some("Asked for by telephone.");
        let transfer = NewTransfer { source, target, amount: wallet.balance.0, note };
        transfers::create(tx, &world.clerk, &transfer).await?;
    }
    Ok(())
}

async fn keep_in_mind(tx: &mut Tx, world: &World<'_>, account: &str, note: &str) -> Result<(), DemoError> {
    notes::add(tx, &world.clerk, account, note, true).await?;
    let reminder = NewReminder {
        account,
        kind: "AD_HOC",
        content: note,
        due_at: None,
        assignee: Assignee { team_name: Some("Credit control"), ..Assignee::default() },
    };
    reminders::add(tx, &world.clerk, &reminder).await?;
    Ok(())
}
