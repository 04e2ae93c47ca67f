//! The transactions on documents.

use std::collections::HashMap;

use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::transactions::{self, Transaction};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

/// Which transactions of a document are listed, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Values of `TransactionTypeFilter`, any of which must fit; empty for all.
    pub types: Vec<String>,
    /// The oldest first, rather than the latest.
    pub oldest_first: bool,
}

row! {
    struct Under {
        parent: i64,
        transaction_id: i64,
    }
}

macro_rules! on_documents {
    () => {
        concat!(
            " from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id \
              join transactions t on t.ledger_id = d.ledger_id and t.billing_document_id is not distinct from \
                  case when d.status = 'OPEN' then null else d.id end \
              where d.id = parents.id and (cardinality($4::text[]) = 0 \
                  or transaction_tags(t.kind, t.supply, t.is_imported, t.is_issued) && $4) and ",
            account_is_visible!()
        )
    };
}

statement!(static ON_DOCUMENTS: Under = concat!("
    select parents.id as parent, inside.transaction_id
    from (select distinct * from unnest($3::bigint[], $6::bigint[], $7::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select t.id as transaction_id, row_number() over (order by
            case when $5::boolean then t.posted_date end, case when $5 then t.id end, t.posted_date desc, t.id desc
        ) as place", on_documents!(), " order by place offset parents.skip limit parents.take
    ) inside order by parents.id, inside.place"));
statement!(static ON_DOCUMENTS_COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*) ", on_documents!(), ") from unnest($3::bigint[]) as parents (id)"));

/// One page of the transactions on each of these documents: of an open one, those that it would hold now. Two
/// statements, and one more for totals.
pub async fn of_documents(
    tx: &mut Tx,
    viewer: &Viewer,
    documents: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Transaction>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query.bind(viewer.kind()).bind(viewer.id()).bind(documents).bind(&filter.types)
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(ON_DOCUMENTS_COUNT.query()).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, documents, totals.as_ref());
    let query = bound!(ON_DOCUMENTS.query()).bind(filter.oldest_first);
    let under = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = under.iter().map(|row| row.transaction_id).collect();
    let found = transactions::by_ids(tx, viewer, &ids).await?;
    let rows = under.iter().zip(found).filter_map(|(row, found)| Some((row.parent, found?)));
    Ok(page::pages(window, documents, totals.as_ref(), rows))
}

statement!(static ALL: (i64,) = concat!("
    select t.id from transactions t join ledgers l on l.id = t.ledger_id join accounts a on a.id = l.account_id
    where t.billing_document_id = $3 and ", account_is_visible!(), " order by t.posted_date, t.id"));

/// Everything on a closed document, the oldest first. Two statements.
pub async fn all(tx: &mut Tx, viewer: &Viewer, document: i64) -> Result<Vec<Transaction>, sqlx::Error> {
    let query = ALL.seen_by(viewer).bind(document);
    let ids: Vec<i64> = query.fetch_all(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    Ok(transactions::by_ids(tx, viewer, &ids).await?.into_iter().flatten().collect())
}
