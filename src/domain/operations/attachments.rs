//! Files that are handed in for accounts. Whoever may change what is known of a customer asks for a place, sends the file there
//! by a form that works for an hour, and has it looked at; what is of a known kind is given out by links.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::accounts::{accounts, contacts, grouped};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, database_error, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::page::{self, Page, Window};
use crate::platform::random::Randomness;
use crate::platform::storage::{Storage, hex};

/// Longest name of a file, in characters.
const LONGEST: usize = 120;
/// The job that looks at one file.
const CHECK: &str = "check-attachment";
/// How files of the kinds begin that are given out, and what they are.
const KINDS: [(&[u8], &str); 4] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
];

/// Why no place was given, or nothing set off.
#[derive(Debug, Error)]
pub enum AttachmentError {
    /// The viewer may hand in nothing.
    #[error("the viewer may hand in no files")]
    Forbidden,
    /// There is no such account that the viewer sees.
    #[error("there is no such account")]
    UnknownAccount,
    /// This is no name of a file.
    #[error("a file's name is one line of at most {LONGEST} characters without slashes")]
    Filename,
    /// No file was sent there.
    #[error("there is no such file")]
    NoFile,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AttachmentError);

row! {
    /// A file of an account, or a place for one.
    pub struct Attachment {
        /// Row id.
        pub id: i64,
        /// What it is called.
        pub filename: String,
        /// One of `Category`.
        pub category: String,
        /// Where it is kept.
        pub key: String,
        /// Whether the file has come.
        pub is_uploaded: bool,
        /// Whether it was looked at and can be had.
        pub is_ready: bool,
        /// How long it is, once it has come.
        pub bytes: Option<i64>,
    }
}

macro_rules! columns {
    () => {
        "f.id, f.filename, f.category, f.key, f.uploaded_at is not null as is_uploaded, \
         f.media_type is not null as is_ready, f.bytes"
    };
}
macro_rules! wanted {
    () => {
        "($2::bigint is null or f.id = $2) and ($3::text is null or f.category = $3)"
    };
}

statement!(static ADD: Attachment = concat!("
    insert into account_file_attachments as f (account_id, filename, category, key, by_kind, by_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) returning ", columns!()));
statement!(static HOLD: (i64, Option<String>) = "
    select id, sha256 from account_file_attachments where key = $1 for update");
statement!(static RECEIVED: () = "
    update account_file_attachments set uploaded_at = $2, bytes = $3, sha256 = $4 where id = $1");
statement!(static SENT: (i64, bool) = concat!("
    select f.id, f.checked_at is not null from account_file_attachments f join accounts a on a.id = f.account_id
    where f.key = $3 and f.uploaded_at is not null and ", account_is_visible!()));
statement!(static TO_CHECK: (String,) = "
    select key from account_file_attachments where id = $1 and checked_at is null for update");
statement!(static CHECKED: () = "
    update account_file_attachments set checked_at = $2, media_type = $3 where id = $1");
statement!(static BY_ID: Attachment = concat!("
    select ", columns!(), " from account_file_attachments f join accounts a on a.id = f.account_id
    where f.id = $3 and ", account_is_visible!()));
statement!(static OF_ACCOUNTS: Under<Attachment> = concat!("
    select f.account_id as parent, ", columns!(), " from account_file_attachments f
    where f.account_id = any($1) order by f.account_id, f.id"));
statement!(static COUNT: (i64, i64) = concat!("
    select f.account_id, count(*) from account_file_attachments f
    where f.account_id = any($1::bigint[]) and ", wanted!(), " group by f.account_id"));
statement!(static PAGE: Under<Attachment> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select ", columns!(), " from account_file_attachments f
        where f.account_id = parents.id and ", wanted!(), "
        order by f.id offset parents.skip limit parents.take) inside"));

fn name_of_file(text: &str) -> Option<String> {
    let is_plain = |name: &String| !name.contains(['/', '\\', '\n', '\r', '\t']);
    contacts::text(text, LONGEST).filter(is_plain)
}

/// A place for a file. Whoever asks twice has two.
pub async fn request(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    account: &str,
    (filename, category): (&str, &str),
) -> Result<Attachment, AttachmentError> {
    if !may_edit(viewer) {
        return Err(AttachmentError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, account).await?.ok_or(AttachmentError::UnknownAccount)?;
    let filename = name_of_file(filename).ok_or(AttachmentError::Filename)?;
    let key = format!("attachments/{}", random.hex(32).to_ascii_lowercase());
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add = ADD.query().bind(account.id).bind(filename).bind(category).bind(key).bind(kind).bind(by);
    Ok(add.bind(now).fetch_one(&mut *tx).await?)
}

/// Takes in the file for a place, once: the same file again changes nothing, another is not taken. None if there is no such
/// place. The caller has seen a form that is good for it.
pub async fn receive(
    tx: &mut Tx,
    storage: &dyn Storage,
    key: &str,
    file: Bytes,
) -> Result<Option<bool>, JobError> {
    let Some((id, known)) = HOLD.query().bind(key).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let digest = hex(&Sha256::digest(&file));
    if let Some(known) = known {
        return Ok(Some(known == digest));
    }
    let length = i64::try_from(file.len()).unwrap_or(i64::MAX);
    storage.put(key, file).await?;
    let now = tx.business_now().await?;
    RECEIVED.command().bind(id).bind(now).bind(length).bind(digest).execute(&mut *tx).await?;
    Ok(Some(true))
}

/// Has a file that was sent looked at. Says whether that is still to be done.
pub async fn look_at(tx: &mut Tx, viewer: &Viewer, key: &str) -> Result<bool, AttachmentError> {
    if !may_edit(viewer) {
        return Err(AttachmentError::Forbidden);
    }
    let found = SENT.seen_by(viewer).bind(key).fetch_optional(&mut *tx).await?;
    let (id, is_checked) = found.ok_or(AttachmentError::NoFile)?;
    if !is_checked {
        let at_once = tx.wall_now();
        jobs::enqueue(tx, CHECK, &json!({ "attachment": id }), at_once).await?;
    }
    Ok(!is_checked)
}

/// Has this runner look at files that are kept in `storage`.
pub fn register(runner: &mut Runner, storage: Arc<dyn Storage>) {
    runner.on(CHECK, move |tx, payload| {
        let storage = Arc::clone(&storage);
        Box::pin(async move {
            let id = payload.get("attachment").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            check(tx, &*storage, id).await
        })
    });
}

async fn check(tx: &mut Tx, storage: &dyn Storage, id: i64) -> Result<(), JobError> {
    // Looked at already, if it was set off twice.
    let Some((key,)) = TO_CHECK.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let file = storage.get(&key).await?;
    let file = file.ok_or_else(|| JobError::Other(format!("the storage has lost {key}")))?;
    let kind = KINDS.iter().find(|(beginning, _)| file.starts_with(beginning)).map(|(_, kind)| *kind);
    let now = tx.business_now().await?;
    CHECKED.command().bind(id).bind(now).bind(kind).execute(&mut *tx).await?;
    Ok(())
}

/// A file of an account that the viewer sees.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Option<Attachment>, sqlx::Error> {
    BY_ID.seen_by(viewer).bind(id).fetch_optional(&mut *tx).await
}

/// The files of each of these accounts, which the viewer sees, the first first.
pub async fn of_accounts(tx: &mut Tx, accounts: &[i64]) -> Result<Vec<Vec<Attachment>>, sqlx::Error> {
    let rows = OF_ACCOUNTS.query().bind(accounts).fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(Under::pair).collect()))
}

/// One page of the files of each of these accounts, which the viewer sees, the first first: those with this row id and of
/// this category, if any is given.
pub async fn pages_of_accounts(
    tx: &mut Tx,
    accounts: &[i64],
    (id, category): (Option<i64>, Option<&str>),
    window: &Window,
) -> Result<Vec<Page<Attachment>>, sqlx::Error> {
    let totals = if window.needs_total() {
        let query = COUNT.query().bind(accounts).bind(id).bind(category);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.query().bind(accounts).bind(id).bind(category);
    let query = query.bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?.into_iter().map(Under::pair);
    Ok(page::pages(window, accounts, totals.as_ref(), found))
}
