//! `kraken-api schema`: the served schema, and what is still dark.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Subcommand;

use super::config::Config;
use super::open::Problem;
use crate::api;

#[derive(Debug, Subcommand)]
pub enum Schema {
    /// Print the served schema as SDL.
    Print,
    /// Print how much of the contract is served, by area.
    Coverage {
        /// List every field that is not served.
        #[arg(long)]
        missing: bool,
    },
}

pub fn run(config: &Config, what: &Schema) -> Result<(), Problem> {
    let text = match what {
        Schema::Print => api::engine(config.edition()).map_err(Problem::other)?.sdl(),
        Schema::Coverage { missing } => coverage(*missing)?,
    };
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Served and declared, for root fields and for all others.
#[derive(Default)]
struct Count {
    roots: (usize, usize),
    fields: (usize, usize),
}

fn coverage(missing: bool) -> Result<String, Problem> {
    let engine = api::engine(None).map_err(Problem::other)?;
    let dark: std::collections::HashSet<&str> = engine.dark().iter().map(String::as_str).collect();
    let mut areas: BTreeMap<&str, Count> = BTreeMap::new();
    let mut listing = Vec::new();
    for (area, coordinate) in api::declared_fields().map_err(Problem::other)? {
        let served = usize::from(!dark.contains(coordinate.as_str()));
        let count = areas.entry(area).or_default();
        let is_root = coordinate.starts_with("Query.") || coordinate.starts_with("Mutation.");
        let (have, all) = if is_root { &mut count.roots } else { &mut count.fields };
        *have += served;
        *all += 1;
        if missing && served == 0 {
            listing.push(format!("{area}: {coordinate}"));
        }
    }
    let mut total = Count::default();
    let line = |name: &str, count: &Count| {
        format!(
            "{name:16}operations {:>4}/{:<5}fields {:>5}/{:<5}",
            count.roots.0, count.roots.1, count.fields.0, count.fields.1
        )
    };
    for (area, count) in &areas {
        total.roots = (total.roots.0 + count.roots.0, total.roots.1 + count.roots.1);
        total.fields = (total.fields.0 + count.fields.0, total.fields.1 + count.fields.1);
        listing.push(line(area, count));
    }
    listing.push(line("all", &total));
    Ok(listing.join("\n"))
}
