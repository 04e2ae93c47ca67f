//! The addresses of Texas that have a point of electricity: taken in from the list that the market publishes, and found
//! by what they resemble.

use std::io::Read;

use serde::Deserialize;
use thiserror::Error;

use super::catalogue;
use super::identifiers::MarketName;
use super::import::{MOST_MISTAKES, Mistake, listed};
use super::search::{self, SearchError};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// The most addresses that are suggested, the best ones.
const MOST_SUGGESTIONS: i64 = 20;
/// Premises that are written at once.
const AT_ONCE: usize = 10_000;
/// What the market's list calls a meter that tells what was used: settled by the quarter of an hour, or by the month.
const METERS: [&str; 2] = ["AMSM", "AMSR"];
/// The networks, by the number that the list has for each.
const NETWORKS: [(&str, &str); 5] = [
    ("007924772", "AEP_TCC"),
    ("007923311", "AEP_TNC"),
    ("957877905", "CENTERPOINT"),
    ("1039940674000", "ONCOR"),
    ("007929441", "TNMP"),
];

/// Why the list was not taken in.
#[derive(Debug, Error)]
pub enum PremiseError {
    /// Lines that cannot be; of many the first ones.
    #[error("nothing was taken in:{}", listed(.0))]
    Lines(Vec<Mistake>),
    /// The file cannot be read, or has no such columns.
    #[error("the file cannot be read: {0}")]
    File(#[from] csv::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PremiseError);

/// A premise that the market lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPremise {
    /// Number of its point.
    pub esi_id: String,
    /// House and street.
    pub address: String,
    /// Flat or floor; empty without one.
    pub address2: String,
    /// The town.
    pub city: String,
    /// The state's two letters.
    pub state: String,
    /// Postcode.
    pub zip: String,
    /// Whose network it is on.
    pub network: String,
    /// What kind of meter there is; none where it is read by hand.
    pub meter: Option<String>,
    /// What kind of building it is.
    pub kind: String,
}

row! {
    /// A premise that resembles what was looked for.
    pub struct Premise {
        /// Number of its point.
        pub esi_id: String,
        /// House and street.
        pub address: String,
        /// Flat or floor; empty without one.
        pub address2: String,
        /// The town.
        pub city: String,
        /// The state's two letters.
        pub state: String,
        /// Postcode.
        pub zip: String,
        /// Whose network it is on.
        pub network: String,
        /// The zone that its energy is priced in.
        pub load_zone: String,
        /// What kind of meter there is; none where it is read by hand.
        pub meter: Option<String>,
        /// What kind of building it is.
        pub kind: String,
        /// An account that the viewer may see is supplied there now.
        pub is_supplied: bool,
    }
}

impl Premise {
    /// The number of the house, where the address begins with one.
    pub fn house_number(&self) -> Option<&str> {
        self.address.split_whitespace().next().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    }
}

statement!(static KEEP: () = "
    insert into premises (esi_id, address, address2, city, state, zip, network, load_zone, meter, kind, listed_at)
    select listed.*, $11 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[]) as listed
    on conflict (esi_id) do update set address = excluded.address, address2 = excluded.address2, city = excluded.city,
        state = excluded.state, zip = excluded.zip, network = excluded.network, load_zone = excluded.load_zone,
        meter = excluded.meter, kind = excluded.kind, listed_at = excluded.listed_at");
statement!(static DROP: () = "delete from premises where esi_id = any($1)");
statement!(static SUGGEST: Premise = concat!("
    select p.esi_id, p.address, p.address2, p.city, p.state, p.zip, p.network, p.load_zone, p.meter, p.kind,
        exists (select from supply_points sp
            join supply_periods held on held.supply_point_id = sp.id and held.during @> $4::timestamptz
            join accounts a on a.id = held.account_id
            where sp.market_name = 'USA_ELECTRICITY' and sp.identifier = p.esi_id and ", account_is_visible!(), "
        ) as is_supplied
    from premises p where $3 <% p.address_text
    order by word_similarity($3::text, p.address_text) desc, p.address_text, p.esi_id limit $5"));

/// The premises whose address resembles a text, best first.
///
/// # Errors
/// [`SearchError::Term`] for one that is too short or too long.
pub async fn suggest(tx: &mut Tx, viewer: &Viewer, term: &str) -> Result<Vec<Premise>, SearchError> {
    let term = search::tolerant(tx, term).await?;
    let now = tx.business_now().await?;
    let query = SUGGEST.seen_by(viewer).bind(term).bind(now);
    Ok(query.bind(MOST_SUGGESTIONS).fetch_all(&mut *tx).await?)
}

/// Keeps premises as the list has them now; each number once.
pub async fn keep(tx: &mut Tx, listed: &[NewPremise]) -> Result<(), sqlx::Error> {
    let column = |of: fn(&NewPremise) -> &str| -> Vec<&str> { listed.iter().map(of).collect() };
    let zones: Vec<&str> = listed.iter().map(|new| zone(&new.zip)).collect();
    let meters: Vec<Option<&str>> = listed.iter().map(|new| new.meter.as_deref()).collect();
    let now = tx.business_now().await?;
    let keep = KEEP.command().bind(column(|new| &new.esi_id)).bind(column(|new| &new.address));
    let keep = keep.bind(column(|new| &new.address2)).bind(column(|new| &new.city));
    let keep = keep.bind(column(|new| &new.state)).bind(column(|new| &new.zip));
    let keep = keep.bind(column(|new| &new.network)).bind(zones).bind(meters).bind(column(|new| &new.kind));
    keep.bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// The zone that energy at a postcode is priced in.
fn zone(zip: &str) -> &'static str {
    catalogue::region_of_postcode("us", zip).unwrap_or("LZ_NORTH")
}

/// What was taken in of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Premises that can be supplied.
    pub active: u64,
    /// Premises that no longer can, which are not kept.
    pub retired: u64,
}

/// A line of the market's list, which has more columns than these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Line {
    esiid: String,
    address: String,
    #[serde(default)]
    address_overflow: String,
    city: String,
    state: String,
    zipcode: String,
    duns: String,
    status: String,
    premise_type: String,
    #[serde(default)]
    tdsp_ams_indicator: String,
}

impl Line {
    fn premise(&self) -> Result<NewPremise, String> {
        let esi_id = MarketName::UsaElectricity.identifier(&self.esiid);
        let esi_id = esi_id.map_err(|wrong| format!("{}: {wrong}.", self.esiid))?;
        let network = NETWORKS.iter().find(|(number, _)| *number == self.duns);
        let (_, network) = network.ok_or_else(|| format!("{} is no network's number.", self.duns))?;
        let kind = self.premise_type.to_ascii_uppercase().replace([' ', '-'], "_");
        if !matches!(kind.as_str(), "RESIDENTIAL" | "SMALL_NON_RESIDENTIAL" | "LARGE_NON_RESIDENTIAL") {
            return Err(format!("{} is no kind of premise.", self.premise_type));
        }
        let zip = zip(&self.zipcode).ok_or_else(|| format!("{} is no ZIP code.", self.zipcode))?;
        let state = self.state.to_ascii_uppercase();
        let is_state = state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
        if !is_state || self.address.is_empty() || self.city.is_empty() {
            return Err("The address has no street, no town or no state.".to_owned());
        }
        Ok(NewPremise {
            esi_id,
            address: self.address.clone(),
            address2: self.address_overflow.clone(),
            city: self.city.clone(),
            state,
            zip,
            network: (*network).to_owned(),
            meter: METERS.iter().find(|meter| **meter == self.tdsp_ams_indicator).map(|m| (*m).to_owned()),
            kind,
        })
    }
}

/// A ZIP code with a hyphen before its last four digits, if it has nine.
fn zip(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    match (digits.bytes().all(|b| b.is_ascii_digit()), digits.len()) {
        (true, 5) => Some(digits),
        (true, 9) => Some(format!("{}-{}", &digits[..5], &digits[5..])),
        _ => None,
    }
}

/// Takes in the market's list of premises, the whole file or none of it. What is not in the file stays as it is. With an
/// error, roll the transaction back.
pub async fn import(tx: &mut Tx, file: impl Read) -> Result<Listed, PremiseError> {
    let mut file = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let (mut done, mut mistakes) = (Listed::default(), Vec::new());
    let mut batch = Batch::default();
    for line in file.deserialize() {
        let line: Line = line?;
        let number = done.active + done.retired + 2;
        let is_active = !line.status.eq_ignore_ascii_case("inactive");
        *if is_active { &mut done.active } else { &mut done.retired } += 1;
        match line.premise() {
            Ok(new) => batch.add(new, is_active),
            Err(what) => mistakes.push(Mistake { line: number, what }),
        }
        if mistakes.len() >= MOST_MISTAKES {
            break;
        }
        if batch.active.len() + batch.retired.len() >= AT_ONCE {
            batch.write(tx).await?;
        }
    }
    if !mistakes.is_empty() {
        return Err(PremiseError::Lines(mistakes));
    }
    batch.write(tx).await?;
    Ok(done)
}

/// What is written at once: of lines with one number the last.
#[derive(Default)]
struct Batch {
    active: std::collections::BTreeMap<String, NewPremise>,
    retired: Vec<String>,
}

impl Batch {
    fn add(&mut self, new: NewPremise, is_active: bool) {
        if is_active {
            self.retired.retain(|esi_id| *esi_id != new.esi_id);
            self.active.insert(new.esi_id.clone(), new);
        } else {
            self.active.remove(&new.esi_id);
            self.retired.push(new.esi_id);
        }
    }

    async fn write(&mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let active: Vec<NewPremise> = std::mem::take(&mut self.active).into_values().collect();
        keep(tx, &active).await?;
        DROP.command().bind(std::mem::take(&mut self.retired)).execute(&mut *tx).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_codes_have_five_or_nine_digits() {
        assert_eq!(zip("77002").as_deref(), Some("77002"));
        assert_eq!(zip("770021234").as_deref(), Some("77002-1234"));
        assert_eq!(zip("77002-1234").as_deref(), Some("77002-1234"));
        for wrong in ["", "7700", "770021", "7700a", "７７００２"] {
            assert_eq!(zip(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_zone_of_the_catalogue_has_a_place() {
        let zones = ["77002", "75201", "78701", "79601"].map(zone);
        assert_eq!(zones, ["LZ_HOUSTON", "LZ_NORTH", "LZ_SOUTH", "LZ_WEST"]);
    }
}
