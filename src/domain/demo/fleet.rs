//! Cars, charge points, heat pumps and batteries that the people of the demo world let us control.

use uuid::Uuid;

use super::{DemoError, World};
use crate::domain::auth::Viewer;
use crate::domain::devices::cloud::Kind;
use crate::domain::devices::onboarding::{self, Answer, Doing, Kind as Step};
use crate::domain::devices::register::{self, Make, NewDevice};
use crate::domain::devices::upkeep;
use crate::platform::db::{Tx, statement};
use crate::platform::random::Randomness;

/// The month of the two years in which most people sign up for it.
pub(super) const BOUGHT: u32 = 21;

/// What the identifiers of devices follow from: they are the same in every demo world, so that examples may name them.
const SEED: u64 = 0xF1EE7;

/// Something that somebody has at home.
struct Bought {
    email: &'static str,
    provider: &'static str,
    reference: &'static str,
    name: &'static str,
    make: Make<'static>,
}

const fn bought(
    email: &'static str,
    (provider, reference): (&'static str, &'static str),
    name: &'static str,
    make: Make<'static>,
) -> Bought {
    Bought { email, provider, reference, name, make }
}

const fn other(
    kind: Kind,
    (make, model): (&'static str, &'static str),
    power_w: i64,
    battery_wh: Option<i64>,
) -> Make<'static> {
    Make::Other { kind, make, model, power_w, battery_wh }
}

/// Cars and charge points by their numbers in the catalogue.
const FLEET: [Bought; 14] = [
    bought(
        "ada.ellis@example.com",
        ("TESLA_V2", "5YJYGDEE1MF104211"),
        "Model Y",
        Make::Vehicle { model: 142, charge_point: Some(210) },
    ),
    bought(
        "ada.ellis@example.com",
        ("OCTOPUS_ENERGY", "00-1E-5E-09-02-A4-31-7C"),
        "Cosy",
        Make::HeatPump { model: 302 },
    ),
    bought(
        "marcus.oyelaran@example.com",
        ("OCPP", "EH4F7T22"),
        "Easee",
        Make::ChargePoint { model: 201, vehicle: 119 },
    ),
    bought(
        "sunniva.hart@example.com",
        ("GIVENERGY", "SA2243G881"),
        "Roof and battery",
        other(Kind::Inverter, ("GivEnergy", "Gen 3 Hybrid 5.0"), 5_000, Some(9_500)),
    ),
    bought(
        "priya.raman@example.com",
        ("VOLKSWAGEN", "WVWZZZE1ZMP066120"),
        "ID.3",
        Make::Vehicle { model: 146, charge_point: Some(208) },
    ),
    bought(
        "greta.lindemann@example.de",
        ("VOLKSWAGEN", "WVGZZZE2ZNP018877"),
        "ID.4",
        Make::Vehicle { model: 147, charge_point: Some(217) },
    ),
    bought(
        "emre.yildiz@example.de",
        ("DAIKIN", "DE-ALT-330914"),
        "Wärmepumpe",
        other(Kind::HeatPump, ("Daikin", "Altherma 3 R"), 2_700, None),
    ),
    bought(
        "jonas.petersen@example.de",
        ("JEDLIX_V2", "JX-88120-7"),
        "Wallbox",
        Make::ChargePoint { model: 207, vehicle: 137 },
    ),
    bought(
        "sakura.inoue@example.jp",
        ("NISSAN", "B6AW-0102377"),
        "サクラ",
        Make::Vehicle { model: 130, charge_point: Some(220) },
    ),
    bought(
        "ren.takahashi@example.jp",
        ("NATURE", "NR-EVP-5521"),
        "EVパワーステーション",
        Make::ChargePoint { model: 220, vehicle: 129 },
    ),
    bought(
        "ren.takahashi@example.jp",
        ("ENERGIZER", "EZ-65-11820"),
        "蓄電池",
        other(Kind::Battery, ("Sharp", "JH-WB2021"), 3_000, Some(6_500)),
    ),
    bought(
        "jack.kearney@example.com.au",
        ("GENERIC_INVERTER", "SG5-A22910"),
        "Solar",
        other(Kind::Inverter, ("Sungrow", "SH5.0RS"), 5_000, Some(9_600)),
    ),
    bought(
        "harper.nakamura@example.com",
        ("ECOBEE_V2", "EB-511922337"),
        "Hallway",
        other(Kind::Thermostat, ("ecobee", "Smart Thermostat Premium"), 3_500, None),
    ),
    bought(
        "luz.herrera@example.com",
        ("FORD", "3FMTK3SU5MMA20418"),
        "Mach-E",
        Make::Vehicle { model: 114, charge_point: None },
    ),
];

/// What is said about a car that is set up step by step.
const CHOICES: [(Step, &str); 6] = [
    (Step::DeviceType, "ELECTRIC_VEHICLES"),
    (Step::Integration, "ELECTRIC_VEHICLE"),
    (Step::VehicleMake, "Volkswagen"),
    (Step::VehicleVariant, "146"),
    (Step::ChargePointMake, "Ohme"),
    (Step::ChargePointVariant, "210"),
];

statement!(static HOME: (i64,) = "
    select property_id from occupancies where account_id = $1 and during @> $2::timestamptz
    order by lower(during) desc limit 1");

/// Registers what people have, at the homes in which they live.
pub(super) async fn register(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let now = tx.business_now().await?;
    let random = Randomness::seeded(SEED);
    for bought in &FLEET {
        let owner = world.people.iter().find(|person| person.customer.email == bought.email);
        let Some(owner) = owner else { continue };
        let home = HOME.query().bind(owner.account).bind(now).fetch_optional(&mut *tx).await?;
        let Some((property,)) = home else { continue };
        let new = NewDevice {
            account: owner.account,
            property,
            provider: bought.provider,
            reference: bought.reference,
            name: bought.name,
            charge_limit: 90,
            make: bought.make,
        };
        register::register(tx, &random, &new).await?;
    }
    Ok(())
}

/// Two more cars are set up step by step: one is taken in, the other waits for its owner to sign in.
pub(super) async fn set_up(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let now = tx.business_now().await?;
    let random = Randomness::seeded(SEED + 1);
    for (email, signs_in) in [("jack.kearney@example.com.au", true), ("emre.yildiz@example.de", false)] {
        let owner = world.people.iter().find(|person| person.customer.email == email);
        let Some(owner) = owner else { continue };
        let home = HOME.query().bind(owner.account).bind(now).fetch_optional(&mut *tx).await?;
        let Some((property,)) = home else { continue };
        let viewer = Viewer::customer(owner.user);
        let id = onboarding::start(tx, &random, &viewer, owner.number(), property).await?;
        for (kind, chosen) in CHOICES {
            let answer = Answer::Option(kind, chosen.to_owned());
            go_on(tx, &random, &viewer, id, |_| answer).await?;
        }
        if signs_in {
            let returned = |step| Answer::SignedIn(format!("https://app.example/?state={step}&code={email}"));
            go_on(tx, &random, &viewer, id, returned).await?;
        }
    }
    Ok(())
}

async fn go_on(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    id: Uuid,
    answer: impl FnOnce(Uuid) -> Answer,
) -> Result<(), DemoError> {
    let wizard = onboarding::by_id(tx, viewer, id).await?;
    let Some(step) = wizard.current().map(|step| step.id) else { return Ok(()) };
    let doing = Doing { wizard: id.to_string(), step: step.to_string(), answer: answer(step) };
    onboarding::complete(tx, random, viewer, &doing).await?;
    Ok(())
}

/// Lets all of it do what it has done by now.
pub(super) async fn follow(tx: &mut Tx) -> Result<(), DemoError> {
    Ok(upkeep::catch_up(tx).await?)
}
