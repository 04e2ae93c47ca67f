//! Work for later: rows that any server may take, each run in a transaction of its own.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::db::{Tx, statement};

statement!(static ADD: (i64,) = "
    insert into jobs (kind, payload, run_at, created_at) values ($1, $2, $3, $4) returning id");

/// Has a job of this kind run once wall time reaches `run_at`, provided that this transaction commits.
/// Answers its row id. The payload is kept in the clear: ids, never personal data or secrets.
pub async fn enqueue(
    tx: &mut Tx,
    kind: &str,
    payload: &Value,
    run_at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let now = tx.wall_now();
    let insert = ADD.query().bind(kind).bind(payload).bind(run_at).bind(now);
    let (id,) = insert.fetch_one(&mut *tx).await?;
    Ok(id)
}
