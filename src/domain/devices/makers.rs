//! What the simulated services of makers reach for whoever signs in with them. A sign-in that ends with one of these has a
//! part to play: `-DENIED` is refused, `-NONE` has nothing, `-TWO` has two devices, and the endings of references are passed
//! on to the device.

use sha2::{Digest, Sha256};

use super::cloud::{About, Kind, Listed};

/// Makers whose service reaches cars.
const CARS: [&str; 10] = [
    "TESLA_V2",
    "VOLKSWAGEN",
    "BMW_GROUP",
    "BYD",
    "FORD",
    "MERCEDES",
    "NISSAN",
    "PORSCHE",
    "ENODE",
    "SMARTCAR_V2",
];
/// Makers whose service reaches charge points.
const CHARGE_POINTS: [&str; 6] = ["OHME_V2", "MYENERGI_V2", "HYPERVOLT", "INDRA", "JEDLIX_V2", "NATURE"];
/// Charge points that speak to us themselves.
pub(super) const OCPP: [&str; 2] = ["OCPP", "OCPP_WALLBOX"];

const fn about(make: &'static str, model: &'static str, power_w: i64, battery_wh: Option<i64>) -> About {
    About { made: (make, model), power_w, battery_wh }
}

/// What else is reached, and what its service says about it.
const OTHERS: [(&str, Kind, About); 9] = [
    ("GIVENERGY", Kind::Inverter, about("GivEnergy", "Gen 3 Hybrid 5.0", 5_000, Some(9_500))),
    ("HUAWEI_V2", Kind::Inverter, about("Huawei", "SUN2000-5KTL", 5_000, Some(10_000))),
    ("SOLAREDGE", Kind::Inverter, about("SolarEdge", "Home Hub 5K", 5_000, Some(9_700))),
    ("ENPHASE", Kind::Battery, about("Enphase", "IQ Battery 5P", 3_840, Some(5_000))),
    ("ENERGIZER", Kind::Battery, about("Energizer", "Homepower 6.5", 3_000, Some(6_500))),
    ("ECOBEE_V2", Kind::Thermostat, about("ecobee", "Smart Thermostat Premium", 3_500, None)),
    ("SENSI_V2", Kind::Thermostat, about("Emerson", "Sensi Touch 2", 3_500, None)),
    ("DAIKIN", Kind::HeatPump, about("Daikin", "Altherma 3 R", 2_700, None)),
    ("DAIKIN_LCM", Kind::HeatPump, about("Daikin", "Altherma 3 M", 3_700, None)),
];
/// Endings of references that have a part to play.
const PARTS: [&str; 7] = ["-PARKED", "-NO-AUTH", "-FAILS-TEST", "-LOST", "-REFUSES", "-SILENT", "-MUTE"];

/// What is reached through a provider, if anything is.
pub(super) fn reaches(provider: &str) -> Option<(Kind, Option<About>)> {
    if CARS.contains(&provider) {
        return Some((Kind::Vehicle, None));
    }
    if CHARGE_POINTS.contains(&provider) || OCPP.contains(&provider) {
        return Some((Kind::ChargePoint, None));
    }
    let other = OTHERS.iter().find(|(name, ..)| *name == provider);
    other.map(|(_, kind, about)| (*kind, Some(*about)))
}

/// What is reached for a customer; none, if they are not let in. The name of a device follows from the sign-in and does not
/// betray it.
pub(super) fn listed(provider: &str, sign_in: &str) -> Option<Vec<Listed>> {
    let (kind, about) = reaches(provider)?;
    let count = match sign_in {
        text if text.is_empty() || text.ends_with("-DENIED") => return None,
        text if text.ends_with("-NONE") => 0,
        text if text.ends_with("-TWO") => 2,
        _ => 1,
    };
    let part = PARTS.into_iter().find(|part| sign_in.ends_with(part)).unwrap_or_default();
    let digest = Sha256::digest(format!("{provider} {sign_in}").as_bytes());
    let name = digest.iter().take(6).map(|byte| format!("{byte:02X}")).collect::<String>();
    let device = |number: usize| Listed { reference: format!("{name}-{number}{part}"), kind, about };
    Some((1..=count).map(device).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_ins_say_what_there_is() {
        let names = |sign_in: &str| -> Option<Vec<String>> {
            let all = listed("TESLA_V2", sign_in)?;
            Some(all.into_iter().map(|each| each.reference).collect())
        };
        assert_eq!((names(""), names("ada-DENIED"), names("ada-NONE")), (None, None, Some(Vec::new())));
        let [one, two] = names("ada-TWO").expect("a list").try_into().expect("two");
        assert!(one != two && !one.contains("ada"));
        assert_eq!(names("ada"), names("ada"));
        assert!(names("ada") != names("bob") && listed("TESLA", "ada").is_none());
        assert!(names("ada-PARKED").is_some_and(|all| all[0].ends_with("-1-PARKED")));
    }
}
