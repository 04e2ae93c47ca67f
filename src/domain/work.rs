//! Everything that servers do beside answering requests: the jobs that requests leave behind, and upkeep.

use std::sync::Arc;

use chrono::TimeDelta;

use super::auth::keys::{self, KeyError};
use super::auth::{expired, password_reset, refresh};
use super::billing::{annual, cycle, files, finals};
use super::communications::calls::simulated_exchange;
use super::communications::post::{self, PostHouse};
use super::communications::simulator::{self, Simulator};
use super::communications::{simulated_line, simulated_printer, triggering};
use super::contracts;
use super::devices;
use super::events;
use super::leads::quotes::sharing;
use super::ledgers::{permissions, reminders, scheduled};
use super::loyalty::referrals::rewarding;
use super::loyalty::{settling, simulated_grid};
use super::operations::attachments;
use super::payments::vendors::{
    mandates, simulated_benefits, simulated_collections, simulated_mandates, simulated_meter_network,
    simulated_payouts, simulated_shops, simulated_slips,
};
use super::payments::{
    centrepay_round, deposit_round, export_repayments, payouts, prepay, round, sessions, settlements, slips,
    warm_home_discounts,
};
use super::supply::on_site::{simulated_field, visits};
use super::supply::processes::driving;
use super::supply::simulated_registration;
use super::supply::{collector, day_ahead, gas_register, published, simulated_feed, simulated_gas_register};
use crate::platform::jobs::{JobError, Runner};
use crate::platform::random::Randomness;
use crate::platform::storage::Storage;

impl From<KeyError> for JobError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Database(error) => Self::Database(error),
            other => Self::Other(other.to_string()),
        }
    }
}

/// The runner of a server, its messages carried by the simulated post house.
pub fn runner(random: &Randomness) -> Runner {
    runner_with(random, Arc::new(Simulator::new(random.clone())))
}

/// The runner for bills, which come by the thousands on some days: mails that people wait for are not to wait for
/// them. Rendered bills are kept in `storage`, and so are files that customers hand in, which are looked at here.
pub fn billing(storage: Arc<dyn Storage>) -> Runner {
    let mut runner = Runner::default();
    cycle::register(&mut runner);
    finals::register(&mut runner);
    annual::register(&mut runner, Arc::clone(&storage));
    attachments::register(&mut runner, Arc::clone(&storage));
    files::register(&mut runner, storage);
    runner
}

/// The runner of a server whose messages `house` carries.
pub fn runner_with(random: &Randomness, house: Arc<dyn PostHouse>) -> Runner {
    let mut runner = Runner::default();
    post::register(&mut runner, house);
    simulator::register(&mut runner);
    simulated_printer::register(&mut runner);
    simulated_line::register(&mut runner);
    simulated_exchange::register(&mut runner);
    triggering::register(&mut runner);
    mandates::register(&mut runner, Arc::new(simulated_mandates::Simulator));
    simulated_mandates::register(&mut runner);
    password_reset::register(&mut runner, random.clone());
    reminders::register(&mut runner);
    scheduled::register(&mut runner);
    permissions::register(&mut runner);
    contracts::late_fees::register(&mut runner);
    contracts::direct_debits::register(&mut runner);
    round::register(&mut runner, Arc::new(simulated_collections::Simulator));
    settlements::register(&mut runner);
    events::register(&mut runner);
    devices::upkeep::register(&mut runner);
    deposit_round::register(&mut runner);
    sharing::register(&mut runner);
    rewarding::register(&mut runner);
    export_repayments::register(&mut runner);
    warm_home_discounts::register(&mut runner);
    payouts::register(&mut runner, Arc::new(simulated_payouts::Simulator));
    simulated_payouts::register(&mut runner);
    published::register(&mut runner, Arc::new(day_ahead::Simulator::default()));
    collector::register(&mut runner, Arc::new(simulated_feed::Simulator::default()));
    gas_register::register(&mut runner, Arc::new(simulated_gas_register::Simulator));
    driving::register(&mut runner, Arc::new(simulated_registration::Simulator));
    settling::register(&mut runner, Arc::new(simulated_grid::Simulator::default()));
    centrepay_round::register(&mut runner, Arc::new(simulated_benefits::Simulator));
    slips::register(&mut runner, Arc::new(simulated_slips::Simulator(random.clone())));
    visits::register(&mut runner, random.clone(), Arc::new(simulated_field::Simulator));
    prepay::round::register(
        &mut runner,
        Arc::new(simulated_meter_network::Simulator),
        Arc::new(simulated_shops::Simulator),
    );
    keep_up(&mut runner, random.clone());
    runner
}

/// Work that recurs, each with the span in which it is done once.
fn keep_up(runner: &mut Runner, random: Randomness) {
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    runner.every(hour, "upkeep-signing-keys", move |tx, _| {
        let random = random.clone();
        Box::pin(async move { Ok(keys::renew(tx, &random).await?) })
    });
    runner.every(day, "upkeep-sessions", |tx, _| {
        Box::pin(async move {
            refresh::purge(tx).await?;
            expired::purge(tx).await?;
            sessions::purge(tx).await?;
            Ok(())
        })
    });
}
