//! The files of bills: each issued bill is rendered once by a job, kept, and given out by links that expire.

use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::annual;
use super::contents;
use super::documents::{self, Document};
use super::earlier;
use super::paper::{self, Bill};
use crate::domain::accounts::{accounts, companies};
use crate::domain::auth::viewer::Viewer;
use crate::domain::payments::settled;
use crate::domain::supply::charging;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::random::Randomness;
use crate::platform::storage::{LinkSecret, Storage, StorageError};

/// The job that renders one bill.
const RENDER: &str = "render-bill";
/// From how long after its period a bill was not made in the usual round.
const BACKLOG: TimeDelta = TimeDelta::days(31);
/// The one format that there is.
const PDF: &str = "PDF";

row! {
    /// A file of a bill.
    pub struct File {
        /// The bill.
        pub document_id: i64,
        /// Its format, such as `PDF`.
        pub code: String,
        /// Counts what was rendered of the bill in this format.
        pub version: i32,
        /// Where it is kept.
        pub key: String,
        /// What it is called when it is downloaded.
        pub filename: String,
        /// What it is.
        pub media_type: String,
    }
}

impl From<StorageError> for JobError {
    fn from(error: StorageError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Has bills rendered by this runner, and kept in `storage`.
pub fn register(runner: &mut Runner, storage: Arc<dyn Storage>) {
    runner.on(RENDER, move |tx, payload| {
        let storage = Arc::clone(&storage);
        Box::pin(async move {
            let document = payload.get("document").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            render(tx, &*storage, document).await
        })
    });
}

/// Has an issued document rendered once this transaction commits, so that what it says of its reader is what was known
/// when it was issued. What is made up for long after its period waits until somebody asks for it.
pub(super) async fn render_later(tx: &mut Tx, document: i64, late: TimeDelta) -> Result<(), sqlx::Error> {
    if late > BACKLOG {
        return Ok(());
    }
    let at_once = tx.wall_now();
    jobs::enqueue(tx, RENDER, &json!({ "document": document }), at_once).await?;
    Ok(())
}

statement!(static BRAND: (String,) = "
    select b.name from accounts a join brands b on b.code = a.brand where a.id = $1");
statement!(static KEEP: () = "
    insert into billing_files (document_id, code, version, key, filename, media_type, bytes, sha256, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing");

async fn render(tx: &mut Tx, storage: &dyn Storage, document: i64) -> Result<(), JobError> {
    let viewer = Viewer::server();
    let found = documents::by_ids(tx, &viewer, &[document]).await?.pop().flatten();
    let own = |found: &Document| found.is_issued() && found.issued_by.is_none();
    let Some(found) = found.filter(own) else { return Err(JobError::Payload) };
    let pdf = on_paper(tx, &viewer, &found).await?;
    let Some(file) = of(&found) else { return Err(JobError::Payload) };
    keep(tx, storage, file, pdf).await
}

/// Keeps the file of a document.
pub(super) async fn keep(
    tx: &mut Tx,
    storage: &dyn Storage,
    file: File,
    pdf: Vec<u8>,
) -> Result<(), JobError> {
    let (length, digest) = (i64::try_from(pdf.len()).unwrap_or(i64::MAX), hex(&Sha256::digest(&pdf)));
    storage.put(&file.key, Bytes::from(pdf)).await?;
    let now = tx.business_now().await?;
    let keep = KEEP.command().bind(file.document_id).bind(file.code).bind(file.version).bind(file.key);
    let keep = keep.bind(file.filename).bind(file.media_type).bind(length).bind(digest);
    keep.bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Where the first rendering of a document is kept.
pub(super) fn key(document: i64) -> String {
    format!("bills/{document}/1.pdf")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An issued document as a PDF.
async fn on_paper(tx: &mut Tx, viewer: &Viewer, document: &Document) -> Result<Vec<u8>, JobError> {
    let account = accounts::by_ids(tx, viewer, &[document.account_id]).await?.pop().flatten();
    let (Some(account), Some(market)) = (account, market::by_code(&document.market)) else {
        return Err(JobError::Payload);
    };
    let undone = documents::by_ids(tx, viewer, document.annuls_id.as_slice()).await?.pop().flatten();
    let (brand,) = BRAND.query().bind(account.id).fetch_one(&mut *tx).await?;
    let company = companies::of_account(tx, account.id).await?;
    let transactions = contents::all(tx, viewer, document.id).await?;
    let ids: Vec<i64> = transactions.iter().map(|transaction| transaction.id).collect();
    let supply = charging::of_transactions(tx, &ids).await?;
    let settled = settled::of_bill(tx, document.id).await?;
    let document = document.clone();
    let written = tokio::task::spawn_blocking(move || {
        let undoes = undone.as_ref().and_then(|undone| undone.number.as_deref());
        let bill = Bill {
            market,
            brand: &brand,
            company: company.as_ref(),
            account: &account,
            document: &document,
            undoes,
            transactions: &transactions,
            supply: &supply,
            settled: settled.as_ref(),
        };
        paper::write(&bill).map_err(|error| JobError::Other(error.to_string()))
    });
    written.await.map_err(|error| JobError::Other(error.to_string()))?
}

/// The file of an issued document; none of what another system gave out without one.
pub fn of(document: &Document) -> Option<File> {
    let number = document.number.as_deref().filter(|_| document.is_issued() && document.has_file)?;
    Some(named(document.id, number))
}

/// The first rendering of the document with a number.
pub(super) fn named(document: i64, number: &str) -> File {
    File {
        document_id: document,
        code: PDF.to_owned(),
        version: 1,
        key: key(document),
        filename: format!("{number}.pdf"),
        media_type: "application/pdf".to_owned(),
    }
}

statement!(static ENSURE: () = "insert into link_secrets (secret) values ($1) on conflict do nothing");
statement!(static SECRET: (Vec<u8>,) = "select secret from link_secrets");
statement!(static BY_KEY: File = "
    select document_id, code, version, key, filename, media_type from billing_files where key = $1
    union all
    select statement_id, 'PDF', 1, key, filename, media_type from annual_statement_files where key = $1
    union all
    select id, category, 1, key, filename, media_type from account_file_attachments
    where key = $1 and media_type is not null");

/// Draws the secret that links are signed with, unless there is one.
pub async fn ensure_secret(tx: &mut Tx, random: &Randomness) -> Result<(), sqlx::Error> {
    let mut secret: LinkSecret = [0; 64];
    random.fill(&mut secret);
    ENSURE.command().bind(&secret[..]).execute(&mut *tx).await?;
    Ok(())
}

/// The secret that links are signed with.
pub async fn secret(tx: &mut Tx) -> Result<LinkSecret, sqlx::Error> {
    let (secret,) = SECRET.query().fetch_one(&mut *tx).await?;
    LinkSecret::try_from(secret.as_slice()).map_err(|_| sqlx::Error::RowNotFound)
}

/// The file under a key, if it has been rendered. The caller has seen a link that is good for it.
pub async fn by_key(tx: &mut Tx, key: &str) -> Result<Option<File>, sqlx::Error> {
    if let Some(file) = earlier::by_key(tx, key).await? {
        return Ok(Some(file));
    }
    BY_KEY.query().bind(key).fetch_optional(&mut *tx).await
}

/// As [`by_key`], and renders it if it has not been. None for a key that no issued document has.
pub async fn rendered(tx: &mut Tx, storage: &dyn Storage, key: &str) -> Result<Option<File>, JobError> {
    if let Some(statement) = annual::id_of(key) {
        annual::render(tx, storage, statement).await?;
        return Ok(by_key(tx, key).await?);
    }
    let id = key.strip_prefix("bills/").and_then(|rest| rest.strip_suffix("/1.pdf"));
    let Some(document) = id.and_then(|id| id.parse().ok()) else { return Ok(None) };
    render(tx, storage, document).await?;
    Ok(by_key(tx, key).await?)
}
