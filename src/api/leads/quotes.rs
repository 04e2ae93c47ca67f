//! Quotes for accounts: `createQuoteForAccount`, `selectProducts`, `sendQuoteSummary` and `scheduleQuoteFollowUp`.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::terms::{Shown, shown};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::leads::quotes::sharing::{self, Recipient, Share};
use crate::domain::leads::quotes::{
    self, QuoteError, QuoteRequest, QuotedPoint, QuotedProduct, making, selecting,
};
use crate::domain::supply::{products, supply_points};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// A quote that was made.
struct Made(QuoteRequest);
/// It was done.
struct Done;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createQuoteForAccount", create);
    b.root("Mutation.selectProducts", select);
    b.root("Mutation.sendQuoteSummary", send);
    b.root("Mutation.scheduleQuoteFollowUp", schedule);
    b.batch("MarketSupplyQuoteRequestType.quotedSupplyPoints", points_of);
    b.batch("MarketSupplyQuoteRequestType.termsAndConditions", terms_of);
    b.batch("MarketSupplyQuotedSupplyPointType.quotedProducts", products_of);
    b.batch("MarketSupplyQuotedSupplyPointType.supplyPoint", supply_points_of);
    b.batch("MarketSupplyQuotedProductType.product", sold_of);
    b.parts::<Made>("CreateQuoteForAccount", &[("quoteRequest", |m| Resolved::node(m.0.clone()))]);
    for name in ["SelectProducts", "SendQuoteSummary", "ScheduleQuoteFollowUp"] {
        b.leaves::<Done>(name, &[("success", |_| true.into())]);
    }
    b.leaves::<QuoteRequest>(
        "MarketSupplyQuoteRequestType",
        &[
            ("acceptedAt", |q| q.accepted_at.into()),
            ("requestedAt", |q| q.requested_at.into()),
            ("code", |q| q.code.to_string().into()),
        ],
    );
    b.leaves::<QuotedPoint>(
        "MarketSupplyQuotedSupplyPointType",
        &[
            ("marketName", |p| (&p.market_name).into()),
            ("id", |p| p.id.into()),
            ("identifier", |p| (&p.identifier).into()),
            ("clientParams", |p| json!({ "annual_wh": p.annual_wh }).into()),
        ],
    );
    b.leaves::<QuotedProduct>(
        "MarketSupplyQuotedProductType",
        &[
            ("id", |p| p.id.into()),
            ("wasSelected", |p| p.was_selected.into()),
            ("clientParams", |p| estimate(p).into()),
        ],
    );
}

/// What the expected year costs, in minor units.
fn estimate(product: &QuotedProduct) -> Value {
    json!({ "annual_cost_net": product.annual_net, "annual_cost_gross": product.annual_gross })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    account_number: String,
    identifiers: Vec<Option<String>>,
    as_of: NaiveDate,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let identifiers: Vec<String> = input.identifiers.into_iter().flatten().collect();
    let work = (call.cx.app.auth().random(), input.account_number, identifiers, input.as_of);
    let (operation, subject) = ("Mutation.createQuoteForAccount", Some(work.1.as_str()));
    let made =
        call.cx.write(operation, subject, &work, |tx, viewer, (random, number, identifiers, as_of)| {
            Box::pin(making::for_account(
                tx,
                random,
                viewer,
                (number.as_str(), identifiers.as_slice()),
                *as_of,
            ))
        });
    made.await.map(|quote| Resolved::node(Made(quote))).map_err(|error| match error {
        QuoteError::Unauthorized => FieldError::code("KT-CT-4924"),
        QuoteError::Market => FieldError::code("KT-CT-4631"),
        QuoteError::NoPoint => FieldError::code("KT-CT-4645"),
        QuoteError::Unable(why) => FieldError::code("KT-CT-4616").describe(why),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SelectInput {
    quote_code: String,
    selected_quoted_product_ids: Vec<Option<String>>,
    partial: Option<bool>,
}

async fn select(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SelectInput = call.arg("input")?;
    // What is no number was not quoted.
    let chosen = input.selected_quoted_product_ids.iter().flatten();
    let chosen: Vec<i64> = chosen.map(|id| id.parse().unwrap_or(0)).collect();
    let work = (input.quote_code, chosen, input.partial.unwrap_or(false));
    let (operation, subject) = ("Mutation.selectProducts", Some(work.0.as_str()));
    let done = call.cx.write(operation, subject, &work, |tx, viewer, (code, chosen, partial)| {
        Box::pin(selecting::select(tx, viewer, code, chosen, *partial))
    });
    done.await.map(|()| Resolved::node(Done)).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShareInput {
    recipient: RecipientInput,
    quote_code: String,
    account_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientInput {
    given_name: Option<String>,
    email: Option<String>,
    mobile: Option<String>,
}

impl ShareInput {
    fn share(&self) -> Share<'_> {
        Share {
            code: &self.quote_code,
            account: self.account_number.as_deref(),
            recipient: Recipient {
                given_name: self.recipient.given_name.as_deref().unwrap_or_default(),
                email: self.recipient.email.as_deref().unwrap_or_default(),
                mobile: self.recipient.mobile.as_deref().unwrap_or_default(),
            },
        }
    }
}

async fn send(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ShareInput = call.arg("input")?;
    let subject = Some(input.quote_code.as_str());
    let done = call.cx.write("Mutation.sendQuoteSummary", subject, &input, |tx, viewer, input| {
        Box::pin(async move { sharing::send(tx, viewer, &input.share()).await })
    });
    done.await.map(|()| Resolved::node(Done)).map_err(refusal)
}

async fn schedule(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ShareInput = call.arg("input")?;
    let subject = Some(input.quote_code.as_str());
    let done = call.cx.write("Mutation.scheduleQuoteFollowUp", subject, &input, |tx, viewer, input| {
        Box::pin(async move { sharing::schedule(tx, viewer, &input.share()).await })
    });
    done.await.map(|()| Resolved::node(Done)).map_err(|error| match error {
        // The operation has no code for accounts: who names another one names another quote.
        QuoteError::NoAccount => FieldError::code("KT-CT-4619"),
        other => refusal(other),
    })
}

fn refusal(error: QuoteError) -> FieldError {
    match error {
        QuoteError::Forbidden => FieldError::code(FORBIDDEN),
        QuoteError::NoQuote => FieldError::code("KT-CT-4619"),
        QuoteError::NothingChosen => FieldError::code("KT-CT-4626"),
        QuoteError::NotQuoted => FieldError::code("KT-CT-4634"),
        QuoteError::Incomplete => FieldError::code("KT-CT-4635"),
        QuoteError::NotSold => FieldError::code("KT-CT-4636"),
        QuoteError::Recipient => FieldError::code("KT-CT-4632"),
        QuoteError::NoReminders => FieldError::code("KT-CT-4633"),
        QuoteError::NoAccount => FieldError::code("KT-CT-4178"),
        other => FieldError::internal(other),
    }
}

async fn points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<QuoteRequest>()?.iter().map(|quote| quote.id).collect();
    let mut view = call.cx.read().await?;
    let found = quotes::points(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|points| connection(Page::of(&window, points), Node::new)).collect())
}

async fn products_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<QuotedPoint>()?.iter().map(|point| point.id).collect();
    let mut view = call.cx.read().await?;
    let found = quotes::products(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|products| connection(Page::of(&window, products), Node::new)).collect())
}

async fn supply_points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<QuotedPoint>()?.iter().map(|point| point.supply_point_id).collect();
    let mut view = call.cx.read().await?;
    let found = supply_points::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn sold_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<QuotedProduct>()?.iter().map(|product| product.product_id).collect();
    let mut view = call.cx.read().await?;
    let found = products::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

/// The terms of everything that was quoted, each once.
async fn terms_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<QuoteRequest>()?.iter().map(|quote| quote.id).collect();
    let mut view = call.cx.read().await?;
    let points = quotes::points(&mut view, &ids).await.map_err(FieldError::internal)?;
    let all: Vec<i64> = points.iter().flatten().map(|point| point.id).collect();
    let mut quoted = quotes::products(&mut view, &all).await.map_err(FieldError::internal)?.into_iter();
    let mut of_each: Vec<Vec<i64>> = Vec::new();
    for points in &points {
        let products = quoted.by_ref().take(points.len()).flatten();
        let mut ids: Vec<i64> = products.map(|product| product.product_id).collect();
        ids.sort_unstable();
        ids.dedup();
        of_each.push(ids);
    }
    let wanted: Vec<i64> = of_each.concat();
    let found = products::by_ids(&mut view, &wanted).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    let pages = of_each.iter().map(|ids| {
        let terms: Vec<Shown> =
            found.by_ref().take(ids.len()).flatten().map(|product| shown(&product)).collect();
        connection(Page::of(&window, terms), Node::new)
    });
    Ok(pages.collect())
}
