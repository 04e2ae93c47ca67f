//! How the customers of the demo world and the retailer got in touch: messages that other systems asked for, letters in a
//! batch, calls that waited and were answered, a campaign of calls, a consent that waits for its answer, a phone to notify.

use chrono::TimeDelta;
use serde_json::json;

use super::cast::CUSTOMERS;
use super::letters::carry;
use super::{DemoError, Person, World, conversations};
use crate::domain::auth::Viewer;
use crate::domain::communications::calls::agents::{self, Presence};
use crate::domain::communications::calls::campaigns::{self, NewCampaign};
use crate::domain::communications::calls::queue::{self, Wish};
use crate::domain::communications::calls::{self, NewCall, NewItem};
use crate::domain::communications::opt_ins;
use crate::domain::communications::triggers::{self, NewTrigger};
use crate::domain::communications::{print, push, triggering};
use crate::platform::clock;
use crate::platform::db::Tx;

/// The month in which all of this happens.
const MONTH: u32 = 23;
/// The retailer's own number.
pub(super) const SWITCHBOARD: &str = "+442079460100";

/// What happens in a month.
pub(super) async fn happen(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if month != MONTH {
        return Ok(());
    }
    // The first customer's story is told elsewhere.
    let is_other = |person: &&Person| !std::ptr::eq(person.customer, &CUSTOMERS[0]) && !person.is_further;
    let is_british = |person: &&Person| ["OCTOPUS_ENERGY", "COOP_ENERGY"].contains(&person.customer.brand);
    let people = world.people.iter().filter(is_other).filter(is_british).take(4);
    let people: Vec<&Person> = people.collect();
    write(tx, world, &people).await?;
    ring(tx, world, &people).await?;
    campaign(tx, &people).await?;
    conversations::happen(tx, world, &people).await?;
    let Some(person) = people.first() else { return Ok(()) };
    let customer = Viewer::customer(person.user);
    push::register(tx, &customer, "fGh7-demo-device-0001", "energy.kraken.android").await?;
    let wish = opt_ins::Wish {
        account: Some(person.number().to_owned()),
        email: None,
        mobile: None,
        code: "RESEARCH".to_owned(),
        ip: "192.0.2.41".to_owned(),
    };
    opt_ins::request(tx, &customer, world.random, &wish).await?;
    carry(tx, world.random).await
}

/// The network operator works on a line, and somebody is warned for the last time, on paper.
async fn write(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DemoError> {
    let numbers: Vec<&str> = people.iter().map(|person| person.number()).collect();
    let day = (tx.business_now().await? + TimeDelta::days(9)).date_naive();
    let params = json!({ "accountNumbers": numbers, "startsAt": day, "hours": 3 });
    let told = triggers::publish(tx, &world.clerk, "PLANNED_INTERRUPTION", &params).await?;
    triggering::process(tx, told).await?;
    if let Some(person) = people.last() {
        let warning = NewTrigger {
            code: "FINAL_NOTICE".to_owned(),
            account: Some(person.number().to_owned()),
            user: None,
            variables: json!({ "amount": "48.20 GBP", "payBy": day }),
            recipient: None,
            key: Some("collections-2041".to_owned()),
        };
        let warned = triggers::publish_external(tx, &world.clerk, &warning).await?;
        triggering::process(tx, warned).await?;
    }
    carry(tx, world.random).await?;
    let batch = print::close_open(tx, &world.clerk).await?;
    print::mark_processed(tx, &world.clerk, batch.id).await?;
    Ok(())
}

/// Calls come in, wait, and are answered one after the other.
async fn ring(tx: &mut Tx, world: &World<'_>, people: &[&Person]) -> Result<(), DemoError> {
    agents::set(tx, "operations@example.com", Presence::Available, &["language:en", "billing"]).await?;
    for (place, person) in people.iter().enumerate() {
        let new = NewCall {
            from: person.customer.mobile.to_owned(),
            to: SWITCHBOARD.to_owned(),
            vendor_id: format!("CA-demo-{place}"),
        };
        let call = calls::create_inbound(tx, &world.clerk, &new).await?;
        calls::associate(tx, &world.clerk, call.id, person.number()).await?;
        let items = [NewItem {
            key: "reason".to_owned(),
            value: if place % 2 == 0 { "the interruption" } else { "a bill" }.to_owned(),
            is_hidden: false,
        }];
        calls::add_items(tx, &world.clerk, call.id, &items).await?;
        let wish = Wish {
            call: call.id,
            skills: vec!["billing".to_owned()],
            priority: 0,
            waiting: None,
            infer_language: true,
            infer_team: false,
        };
        queue::enqueue(tx, &world.clerk, &wish).await?;
        let patience = TimeDelta::seconds(20 + 25 * i64::try_from(place).unwrap_or_default());
        clock::advance(tx, patience).await?;
        if let Some(waiting) = queue::waiting(tx, call.id).await? {
            queue::connect(tx, &waiting).await?;
        }
        clock::advance(tx, TimeDelta::minutes(4)).await?;
        queue::end(tx, call.id).await?;
    }
    Ok(())
}

/// Some are to be called about heating.
async fn campaign(tx: &mut Tx, people: &[&Person]) -> Result<(), DemoError> {
    let new = NewCampaign {
        name: "Winter help",
        description: "Those who may need help with heating.",
        outbound_number: SWITCHBOARD,
        campaign_type: "PREVIEW",
        tags: &["Winter help"],
    };
    let campaign = campaigns::begin(tx, &new).await?;
    let now = tx.business_now().await?;
    let window = (now + TimeDelta::days(1), now + TimeDelta::days(90));
    for person in people.iter().take(2) {
        let why = json!({ "reason": "low consumption in winter" });
        campaigns::include(tx, campaign, person.account, person.customer.mobile, window, &why).await?;
    }
    Ok(())
}
