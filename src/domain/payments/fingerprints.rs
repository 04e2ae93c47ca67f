//! What tells a bank account or card again, wherever it is used.

use thiserror::Error;

use super::instructions;
use super::vendors::vault::{Known, Vault};
use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::storage::hex;

/// Why there is no fingerprint.
#[derive(Debug, Error)]
pub enum FingerprintError {
    /// The viewer may not ask.
    #[error("the viewer may not ask for fingerprints")]
    Forbidden,
    /// There is no such instruction for the viewer.
    #[error("there is no such instruction")]
    Unknown,
    /// The vendor does not tell means of payment again.
    #[error("the vendor does not tell fingerprints")]
    NotTold,
    /// The vendor knows nothing of the instruction, or not yet.
    #[error("the vendor does not know the instruction")]
    NoMetadata,
    /// The vendor fails.
    #[error("the vendor cannot tell")]
    Failed,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(FingerprintError);

/// What identifies a means of payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// 64 hexadecimal digits.
    pub text: String,
    /// Who told it.
    pub vendor: String,
}

row! {
    struct Asked {
        vendor: String,
        vendor_reference: Option<String>,
        fingerprint: Option<Vec<u8>>,
        tells: bool,
    }
}

statement!(static ASKED: Asked = "
    select i.vendor, i.vendor_reference, i.fingerprint, coalesce(v.tells_fingerprints, false) as tells
    from payment_instructions i join accounts a on a.id = i.account_id
    left join payment_vendors v on v.market = a.market and v.instruction_type = i.instruction_type
    where i.id = $1");
statement!(static KEEP: () = "
    update payment_instructions set fingerprint = $2 where id = $1 and fingerprint is null");

/// The fingerprint of an instruction, which the vendor is asked for once.
pub async fn fetch(
    tx: &mut Tx,
    viewer: &Viewer,
    vault: &dyn Vault,
    instruction: i64,
) -> Result<Fingerprint, FingerprintError> {
    if !viewer.may(MANAGE_PAYMENTS) {
        return Err(FingerprintError::Forbidden);
    }
    let seen = instructions::by_ids(tx, viewer, &[instruction]).await?.pop().flatten();
    let seen = seen.ok_or(FingerprintError::Unknown)?;
    let asked = ASKED.query().bind(seen.id).fetch_one(&mut *tx).await?;
    if !asked.tells {
        return Err(FingerprintError::NotTold);
    }
    let reference = asked.vendor_reference.ok_or(FingerprintError::NoMetadata)?;
    let fingerprint = match asked.fingerprint {
        Some(known) => known,
        None => match vault.fingerprint(tx, &asked.vendor, &reference).await? {
            Known::Yes(told) => told,
            Known::No => return Err(FingerprintError::NoMetadata),
            Known::Failed => return Err(FingerprintError::Failed),
        },
    };
    KEEP.command().bind(seen.id).bind(&fingerprint).execute(&mut *tx).await?;
    Ok(Fingerprint { text: hex(&fingerprint), vendor: asked.vendor })
}

row! {
    /// What is known about a means of payment.
    pub struct Standing {
        /// Whether anybody pays by it, or has.
        pub is_found: bool,
        /// Whether something was wrong with it.
        pub is_listed: bool,
    }
}

statement!(static STANDING: Standing = "
    select coalesce(exists (select 1 from payment_instructions where fingerprint = decode($1, 'hex')), false) as is_found,
        coalesce(exists (select 1 from payment_risks where fingerprint = decode($1, 'hex')), false) as is_listed");

/// What is known about the means of payment with this fingerprint. Of what is no fingerprint, nothing.
pub async fn standing(tx: &mut Tx, viewer: &Viewer, text: &str) -> Result<Standing, FingerprintError> {
    if !viewer.may(MANAGE_PAYMENTS) {
        return Err(FingerprintError::Forbidden);
    }
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(Standing { is_found: false, is_listed: false });
    }
    Ok(STANDING.query().bind(text).fetch_one(&mut *tx).await?)
}
