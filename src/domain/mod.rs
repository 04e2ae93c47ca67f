//! The rules and the SQL of each area.

pub mod accounts;
pub mod auth;
pub mod billing;
pub mod check;
pub mod communications;
pub mod contracts;
pub mod demo;
pub mod devices;
pub mod events;
pub mod leads;
pub mod ledgers;
pub mod loyalty;
pub mod operations;
pub mod payments;
pub mod seed;
pub mod supply;
pub mod work;

use std::time::Duration;

use thiserror::Error;

use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats};
use crate::platform::random::Randomness;

/// Why a database could not be made ready.
#[derive(Debug, Error)]
pub enum InstallError {
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// There is no signing key.
    #[error(transparent)]
    Keys(#[from] auth::keys::KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Brings a database up to date: schema, brands, reasons, the retailer's books, the brands' rhythms of billing,
/// products, rebates and a signing key. Safe to call at every start and from several servers at once.
pub async fn install(db: &Database, random: &Randomness) -> Result<(), InstallError> {
    db.migrate().await?;
    let mut tx = db.write(Deadline::after(Duration::from_secs(60)), &Stats::new()).await?;
    accounts::companies::sync(&mut tx).await?;
    accounts::brands::sync(&mut tx).await?;
    billing::options::sync(&mut tx).await?;
    ledgers::reasons::sync(&mut tx).await?;
    ledgers::books::sync(&mut tx).await?;
    ledgers::billing_triggers::sync(&mut tx).await?;
    supply::catalogue::sync(&mut tx).await?;
    supply::rebates::sync(&mut tx).await?;
    supply::postal_areas::sync(&mut tx).await?;
    auth::keys::ensure(&mut tx, random).await?;
    billing::files::ensure_secret(&mut tx, random).await?;
    tx.commit().await?;
    Ok(())
}
