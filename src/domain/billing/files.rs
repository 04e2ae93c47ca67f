//! The files of bills: each issued bill is rendered once by a job, kept, and given out by links that expire.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::contents;
use super::documents::{self, Document};
use super::paper::{self, Bill};
use crate::domain::accounts::{accounts, grouped};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::random::Randomness;
use crate::platform::storage::{LinkSecret, Storage, StorageError};

/// The job that renders one bill.
const RENDER: &str = "render-bill";
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

/// Has an issued document rendered once this transaction commits.
pub(super) async fn render_later(tx: &mut Tx, document: i64) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, RENDER, &json!({ "document": document }), at_once).await?;
    Ok(())
}

statement!(static BRAND: (String,) = "
    select b.name from accounts a join brands b on b.code = a.brand where a.id = $1");
statement!(static KEEP: () = "
    insert into billing_files (document_id, code, version, key, filename, media_type, bytes, sha256, created_at)
    values ($1, $2, 1, $3, $4, 'application/pdf', $5, $6, $7) on conflict do nothing");

async fn render(tx: &mut Tx, storage: &dyn Storage, document: i64) -> Result<(), JobError> {
    let viewer = Viewer::server();
    let found = documents::by_ids(tx, &viewer, &[document]).await?.pop().flatten();
    let Some(found) = found.filter(Document::is_issued) else { return Err(JobError::Payload) };
    let pdf = on_paper(tx, &viewer, &found).await?;
    let key = key(document);
    let (length, digest) = (i64::try_from(pdf.len()).unwrap_or(i64::MAX), hex(&Sha256::digest(&pdf)));
    storage.put(&key, Bytes::from(pdf)).await?;
    let now = tx.business_now().await?;
    let filename = format!("{}.pdf", found.number.as_deref().unwrap_or_default());
    let keep = KEEP.command().bind(document).bind(PDF).bind(&key).bind(filename).bind(length).bind(digest);
    keep.bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Where the first rendering of a document is kept.
pub(super) fn key(document: i64) -> String {
    format!("bills/{document}/1.pdf")
}

fn hex(bytes: &[u8]) -> String {
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
    let transactions = contents::all(tx, viewer, document.id).await?;
    let document = document.clone();
    let written = tokio::task::spawn_blocking(move || {
        let undoes = undone.as_ref().and_then(|undone| undone.number.as_deref());
        let bill = Bill {
            market,
            brand: &brand,
            account: &account,
            document: &document,
            undoes,
            transactions: &transactions,
        };
        paper::write(&bill).map_err(|error| JobError::Other(error.to_string()))
    });
    written.await.map_err(|error| JobError::Other(error.to_string()))?
}

statement!(static OF_DOCUMENTS: File = concat!("
    select f.document_id, f.code, f.version, f.key, f.filename, f.media_type
    from billing_files f join billing_documents d on d.id = f.document_id join ledgers l on l.id = d.ledger_id
        join accounts a on a.id = l.account_id
    where f.document_id = any($3::bigint[]) and ", account_is_visible!(), " order by f.document_id, f.code, f.version desc"));

/// The files of each of these documents, the newest version of a format first.
pub async fn of_documents(
    tx: &mut Tx,
    viewer: &Viewer,
    documents: &[i64],
) -> Result<Vec<Vec<File>>, sqlx::Error> {
    let query = OF_DOCUMENTS.query().bind(viewer.kind()).bind(viewer.id()).bind(documents);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(documents, rows.into_iter().map(|file| (file.document_id, file)).collect()))
}

statement!(static ENSURE: () = "insert into link_secrets (secret) values ($1) on conflict do nothing");
statement!(static SECRET: (Vec<u8>,) = "select secret from link_secrets");
statement!(static BY_KEY: File = "
    select document_id, code, version, key, filename, media_type from billing_files where key = $1");

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

/// The file under a key. The caller has seen a link that is good for it.
pub async fn by_key(tx: &mut Tx, key: &str) -> Result<Option<File>, sqlx::Error> {
    BY_KEY.query().bind(key).fetch_optional(&mut *tx).await
}
