//! The sales pipeline of the demo world: whom the retailers are talking to, and how far they have come.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{DemoAccount, DemoError, World};
use crate::domain::accounts::address::Address;
use crate::domain::auth::Viewer;
use crate::domain::leads::assignment::{self, Workers};
use crate::domain::leads::blocklist::{self, Entries};
use crate::domain::leads::channels::{self, NewChannel};
use crate::domain::leads::conversion;
use crate::domain::leads::details::{self, Item};
use crate::domain::leads::making::{self, Plan};
use crate::domain::leads::notes::{self, FlowStatus};
use crate::domain::leads::opening::{self, NewContact, NewLead, NewOpportunity};
use crate::domain::leads::quotes::QuoteError;
use crate::domain::leads::quotes::{
    making as quoting, points as quoted_points, products as quoted, selecting,
};
use crate::domain::leads::stages;
use crate::domain::supply::supply_points;
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;

/// How long a business is still bound to somebody else.
const CONTRACT_ENDS: TimeDelta = TimeDelta::days(200);
const FUNNELS: &str = include_str!("funnels.json");

/// Code, name, what it is, and what it is a part of.
const CHANNELS: [(&str, &str, &str, Option<&str>); 5] = [
    ("DIRECT", "Direct", "Whoever comes by themselves.", None),
    ("WEBSITE", "Website", "Forms on the retailer's pages.", Some("DIRECT")),
    ("PHONE", "Phone", "Calls to the sales desk.", Some("DIRECT")),
    ("FIELD", "Field sales", "People at doors, fairs and stalls.", None),
    ("BROKERS", "Brokers", "Brokers of business contracts.", None),
];

/// The markets in which a household has itself quoted.
const QUOTED: [&str; 2] = ["gb", "de"];

/// Somebody whom a retailer is talking to.
struct Prospect {
    brand: &'static str,
    company: Option<&'static str>,
    names: (&'static str, &'static str),
    email: &'static str,
    phone: &'static str,
    street: &'static str,
    town: &'static str,
    area: &'static str,
    postcode: &'static str,
    channel: &'static str,
    team: &'static str,
    said: &'static str,
    details: &'static [(&'static str, &'static str)],
    /// The stages that the sale came through.
    through: &'static [&'static str],
}

const PROSPECTS: [Prospect; 6] = [
    Prospect {
        brand: "OCTOPUS_ENERGY",
        company: None,
        names: ("Morwenna", "Treloar"),
        email: "morwenna.treloar@example.com",
        phone: "+447700900461",
        street: "9 Pilchard Steps",
        town: "Mousehole",
        area: "",
        postcode: "TR19 6QX",
        channel: "WEBSITE",
        team: "Domestic service",
        said: "Moves in next month and wants to charge a car at night.",
        details: &[("annualKwh", "4100"), ("heating", "\"heat pump\"")],
        through: &["quoted"],
    },
    Prospect {
        brand: "OCTOPUS_ENERGY",
        company: Some("Tidewrack Bakery"),
        names: ("Silas", "Hocking"),
        email: "silas@tidewrack.example",
        phone: "+447700900462",
        street: "Unit 4, Fish Dock",
        town: "Newlyn",
        area: "",
        postcode: "TR18 5HW",
        channel: "BROKERS",
        team: "Business service",
        said: "Three ovens, and a contract with somebody else until autumn.",
        details: &[("sites", "3"), ("isGreenOnly", "true")],
        through: &["tendered", "negotiating"],
    },
    Prospect {
        brand: "OCTOPUS_ENERGY_GERMANY",
        company: None,
        names: ("Greta", "Lüders"),
        email: "greta.lueders@example.de",
        phone: "+4915112345671",
        street: "Seehundweg 3",
        town: "Husum",
        area: "",
        postcode: "25813",
        channel: "PHONE",
        team: "Domestic service",
        said: "Will im Frühjahr wechseln.",
        details: &[("annualKwh", "2600"), ("heating", "\"gas\"")],
        through: &["quoted", "won"],
    },
    Prospect {
        brand: "TG_OCTOPUS_ENERGY",
        company: None,
        names: ("健", "青木"),
        email: "ken.aoki@example.jp",
        phone: "+819012345671",
        street: "磯町2-4-6",
        town: "鎌倉市",
        area: "神奈川県",
        postcode: "248-0012",
        channel: "WEBSITE",
        team: "Domestic service",
        said: "引っ越しの予定あり。",
        details: &[("annualKwh", "3200")],
        through: &[],
    },
    Prospect {
        brand: "ORIGIN",
        company: None,
        names: ("Tilda", "Marsh"),
        email: "tilda.marsh@example.com.au",
        phone: "+61400900461",
        street: "18 Cuttlefish Parade",
        town: "Yamba",
        area: "NSW",
        postcode: "2464",
        channel: "FIELD",
        team: "Domestic service",
        said: "Met at the spring fair; stays with who she has.",
        details: &[("annualKwh", "5200")],
        through: &["lost"],
    },
    Prospect {
        brand: "OCTOPUS_ENERGY_US",
        company: None,
        names: ("Delia", "Okafor"),
        email: "delia.okafor@example.com",
        phone: "+17135550161",
        street: "12 Pelican Bend",
        town: "Galveston",
        area: "TX",
        postcode: "77550",
        channel: "PHONE",
        team: "Domestic service",
        said: "Plan ends in the summer.",
        details: &[("annualKwh", "13500"), ("promotion", "\"GULF25\"")],
        through: &["quoted"],
    },
];

/// Fills the pipeline. Answers the accounts that were opened for sales.
pub(super) async fn talk(tx: &mut Tx, world: &World<'_>) -> Result<Vec<DemoAccount>, DemoError> {
    for (code, name, description, parent) in CHANNELS {
        let new = NewChannel { code, name, description, parent, ..NewChannel::default() };
        channels::open(tx, &new).await?;
    }
    let plans: Vec<Plan> = serde_json::from_str(FUNNELS)?;
    for plan in &plans {
        making::make(tx, plan).await?;
    }
    let barred = Entries { email_domain: Some("throwaway.example"), ..Entries::default() };
    blocklist::bar(tx, &barred).await?;
    let mut opened = Vec::new();
    for prospect in &PROSPECTS {
        opened.extend(sell(tx, world, prospect).await?);
    }
    Ok(opened)
}

async fn sell(tx: &mut Tx, world: &World<'_>, prospect: &Prospect) -> Result<Option<DemoAccount>, DemoError> {
    let clerk = &world.clerk;
    let sale = opening::open(tx, clerk, &opportunity(prospect)).await?;
    let workers = Workers { team_name: Some(prospect.team), ..Workers::default() };
    assignment::of_opportunity(tx, clerk, &sale.number, &workers).await?;
    let mut items: Vec<Item> = prospect.details.iter().map(|(name, text)| item(name, text)).collect();
    if prospect.company.is_some() {
        let ends = tx.business_now().await?.date_naive() + CONTRACT_ENDS;
        items.push(Item { key: Some("contractEnds".to_owned()), value: Some(json!(ends)) });
    }
    details::change(tx, clerk, &sale.number, &items).await?;
    let mut stage = sale.stage.clone();
    for next in prospect.through {
        stages::move_on(tx, clerk, &sale.number, &stage, next).await?;
        (*next).clone_into(&mut stage);
    }
    if stage != "won" {
        return Ok(None);
    }
    let flow = FlowStatus { name: "Signature", flow_id: &sale.number, status: "SIGNED", description: None };
    notes::flow(tx, clerk, &sale.number, &flow).await?;
    let number = conversion::account_for(tx, world.random, clerk, &sale.number).await?;
    let market = market::of_brand(prospect.brand).map(|market| market.code.clone()).unwrap_or_default();
    let holder = format!("{} {}", prospect.names.0, prospect.names.1);
    Ok(Some(DemoAccount { market, number, holder }))
}

fn item(name: &str, text: &str) -> Item {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    Item { key: Some(name.to_owned()), value: Some(value) }
}

fn opportunity(prospect: &Prospect) -> NewOpportunity {
    let home = Address {
        street_address: prospect.street.to_owned(),
        locality: prospect.town.to_owned(),
        administrative_area: prospect.area.to_owned(),
        postal_code: prospect.postcode.to_owned(),
        ..Address::default()
    };
    let contact = NewContact {
        given_name: prospect.names.0.to_owned(),
        family_name: prospect.names.1.to_owned(),
        email: prospect.email.to_owned(),
        phone: prospect.phone.to_owned(),
        ..NewContact::default()
    };
    let (funnel, lead_type) = match prospect.company {
        Some(_) => ("businesses", "BUSINESS"),
        None => ("households", "DOMESTIC"),
    };
    let lead = NewLead {
        lead_type: lead_type.to_owned(),
        brand: prospect.brand.to_owned(),
        billing_name: prospect.company.map(str::to_owned),
        billing_address: Some(home),
        channel: Some(prospect.channel.to_owned()),
        contacts: vec![contact],
        ..NewLead::default()
    };
    NewOpportunity {
        funnel: funnel.to_owned(),
        lead: Some(lead),
        notes: Some(prospect.said.to_owned()),
        ..NewOpportunity::default()
    }
}

/// A household of some markets has itself quoted, and the first of them chooses what costs least.
pub(super) async fn quote(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    for code in QUOTED {
        let Some(market) = market::by_code(code) else { continue };
        let now = tx.business_now().await?;
        let plain =
            world.people.iter().filter(|person| person.customer.stories.is_empty() && !person.is_further);
        let own = |brand: &str| market.brands.iter().any(|known| known.code == brand);
        for person in plain.filter(|person| own(person.customer.brand) && person.customer.company.is_none()) {
            let viewer = Viewer::customer(person.user);
            let window = Window::forward(0, 10);
            let page = supply_points::page_of_accounts(tx, &viewer, &[person.account], &window).await?.pop();
            let points = page.map(|page| page.rows).unwrap_or_default();
            let identifiers: Vec<String> = points
                .into_iter()
                .filter(|point| point.direction == "IMPORT")
                .map(|point| point.identifier)
                .collect();
            let asked = (person.number(), identifiers.as_slice());
            // Whoever has moved out is not quoted.
            let quote = match quoting::for_account(tx, world.random, &viewer, asked, market.day(now)).await {
                Ok(quote) => quote,
                Err(QuoteError::NoPoint) => continue,
                Err(other) => return Err(other.into()),
            };
            if code == QUOTED[0] {
                let points = quoted_points(tx, &[quote.id]).await?.concat();
                let ids: Vec<i64> = points.iter().map(|point| point.id).collect();
                let cheapest: Vec<i64> =
                    quoted(tx, &ids).await?.iter().filter_map(|all| Some(all.first()?.id)).collect();
                selecting::select(tx, &viewer, &quote.code.to_string(), &cheapest, false).await?;
            }
            break;
        }
    }
    Ok(())
}
