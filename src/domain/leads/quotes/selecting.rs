//! Choosing: one product for each point of a quote.

use std::collections::HashMap;

use super::{QuoteError, QuotedPoint, hold, points, products};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::Viewer;
use crate::domain::supply::product_switches;
use crate::platform::db::{Tx, statement};

statement!(static CLEAR: () = "
    update quoted_products set was_selected = false where quoted_point_id = $1 and was_selected and id <> $2");
statement!(static CHOOSE: () = "update quoted_products set was_selected = true where id = $1 and not was_selected");
statement!(static ACCEPT: () = "
    update quote_requests set accepted_at = coalesce(accepted_at, $2) where id = $1");

/// Chooses products of a quote, by row id of what was quoted; with `partial` points may be left without one. What was chosen
/// before for the same point is not any more.
///
/// # Errors
/// `Forbidden`, `NoQuote`, `NothingChosen`, `NotQuoted`, `Incomplete`, `NotSold`.
pub async fn select(
    tx: &mut Tx,
    viewer: &Viewer,
    code: &str,
    chosen: &[i64],
    partial: bool,
) -> Result<(), QuoteError> {
    if !may_edit(viewer) {
        return Err(QuoteError::Forbidden);
    }
    let quote = hold(tx, viewer, code).await?;
    if chosen.is_empty() {
        return Err(QuoteError::NothingChosen);
    }
    let points = points(tx, &[quote.id]).await?.pop().unwrap_or_default();
    let ids: Vec<i64> = points.iter().map(|point| point.id).collect();
    let quoted = products(tx, &ids).await?;
    let by_point: Vec<(&QuotedPoint, _)> = points.iter().zip(&quoted).collect();
    let mut picks: HashMap<i64, i64> = HashMap::new();
    for id in chosen {
        let found = by_point.iter().find_map(|(point, products)| {
            products.iter().find(|product| product.id == *id).map(|product| (point.id, product.product_id))
        });
        let (point, product) = found.ok_or(QuoteError::NotQuoted)?;
        let offer = product_switches::offer(tx, product).await?;
        if !offer.is_some_and(|offer| offer.is_for_sale) {
            return Err(QuoteError::NotSold);
        }
        if picks.insert(point, *id).is_some_and(|before| before != *id) {
            return Err(QuoteError::Incomplete);
        }
    }
    let has_one = |(point, products): &(&QuotedPoint, &Vec<super::QuotedProduct>)| {
        picks.contains_key(&point.id) || (partial && products.iter().any(|product| product.was_selected))
    };
    let is_complete = by_point.iter().all(has_one);
    if !partial && !is_complete {
        return Err(QuoteError::Incomplete);
    }
    for (point, id) in &picks {
        CLEAR.command().bind(point).bind(id).execute(&mut *tx).await?;
        CHOOSE.command().bind(id).execute(&mut *tx).await?;
    }
    if is_complete {
        let now = tx.business_now().await?;
        ACCEPT.command().bind(quote.id).bind(now).execute(&mut *tx).await?;
    }
    Ok(())
}
