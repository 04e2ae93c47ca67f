//! What was agreed: `agreement`, `electricityAgreement`, `gasAgreement`, and the agreements of accounts and of supply points.

use chrono::{DateTime, Utc};

use super::market_points;
use super::products::Sold;
use super::tariffs::of_electricity;
use crate::api::paging;
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::auth::viewer::{VIEW_ACCOUNTS, Viewer};
use crate::domain::supply::agreed::{self, Agreement, Dated, Dates, Term, Which};
use crate::domain::supply::products;
use crate::domain::supply::supply_points::{self, SupplyPoint};
use crate::domain::supply::tariffs::{self, Asked, Quote};
use crate::graphql::{FieldError, Leaves, Node, Resolved};

/// There is no such agreement for the viewer.
const NO_AGREEMENT: &str = "KT-CT-1501";
/// The viewer may look at nobody's agreements.
const UNAUTHORIZED: &str = "KT-CT-4922";

const ELECTRICITY: &str = "ElectricityAgreementType";
const GAS: &str = "GasAgreementType";

/// When an agreement holds, in every shape that agreements have.
const PERIOD: Leaves<Agreement> =
    &[("id", |a| a.id.into()), ("validFrom", |a| a.valid_from.into()), ("validTo", |a| a.valid_to.into())];

// The same, where nothing else is asked for.
const TERM: Leaves<Term> =
    &[("id", |t| t.id.into()), ("validFrom", |t| t.valid_from.into()), ("validTo", |t| t.valid_to.into())];

const AGREED: Leaves<Agreement> = &[
    ("agreedFrom", |a| a.agreed_from.into()),
    ("agreedTo", |a| a.agreed_to.into()),
    ("isRevoked", |a| a.is_revoked.into()),
];

const TERMS: Leaves<Agreement> = &[
    ("agreedAt", |a| a.agreed_at.into()),
    ("terminatedAt", |a| a.terminated_at.into()),
    ("ratesAgreedAt", |a| a.agreed_at.into()),
    ("rescissionDeadlineAt", |a| a.rescission_deadline_at.into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.agreement", one);
    b.root("Query.electricityAgreement", one_of_electricity);
    b.root("Query.gasAgreement", one_of_gas);
    for shape in ["Agreement", "CommonAgreementType", "DistributionAgreementType", ELECTRICITY, GAS] {
        b.leaves_either(shape, PERIOD, TERM).leaves(shape, AGREED);
    }
    for shape in ["Agreement", "CommonAgreementType", "DistributionAgreementType"] {
        b.leaves(shape, TERMS);
    }
    b.leaves_either("DeuAgreementType", PERIOD, TERM);
    b.leaves_either::<Agreement, Term>(
        "GenerationAgreement",
        &[("validFrom", |a| a.valid_from.into()), ("validTo", |a| a.valid_to.into())],
        &[("validFrom", |t| t.valid_from.into()), ("validTo", |t| t.valid_to.into())],
    );
    b.leaves::<Agreement>("DeuAgreementType", &[("isActive", |a| a.is_active.into())]);
    for shape in ["Agreement", "CommonAgreementType"] {
        b.leaves::<Agreement>(
            shape,
            &[("isActive", |a| a.is_active.into()), ("params", |a| a.params().into())],
        );
    }
    b.leaves::<Agreement>(
        "DistributionAgreementType",
        &[
            // Text, as the contract has it.
            ("isActive", |a| if a.is_active { "true" } else { "false" }.into()),
            ("supplyType", |a| a.commodity.to_uppercase().into()),
        ],
    );
    b.batch("Agreement.product", sold);
    b.batch("GenerationAgreement.product", sold);
    b.batch("DistributionAgreementType.product", sold);
    b.batch("CommonAgreementType.product", products_of);
    b.batch("DeuAgreementType.product", products_of);
    b.batch("ElectricityAgreementType.tariff", electricity_tariffs);
    b.batch("GasAgreementType.tariff", gas_tariffs);
    for field in [
        "CommonAgreementType.account",
        "DistributionAgreementType.account",
        "ElectricityAgreementType.account",
        "GasAgreementType.account",
    ] {
        b.batch(field, accounts_of);
    }
    for field in [
        "CommonAgreementType.supplyPoint",
        "ElectricityAgreementType.meterPoint",
        "GasAgreementType.meterPoint",
    ] {
        b.batch(field, points_of);
    }
    b.batch("Agreement.supplyPoint", market_points_of);
    b.batch("DistributionAgreementType.supplyPoint", market_points_of);
    of_accounts(b);
    of_points(b);
}

fn of_accounts(b: &mut Bindings) {
    b.batch("AccountType.agreements", all_of_accounts);
    b.batch("AccountType.electricityAgreements", electricity_of_accounts);
    b.batch("AccountType.gasAgreements", gas_of_accounts);
    b.batch("AccountType.marketSupplyAgreements", page_of_accounts);
    b.batch("AccountType.hasActiveAgreement", have_active);
    b.batch("AccountType.hasFutureAgreement", have_future);
}

fn of_points(b: &mut Bindings) {
    b.batch("ElectricityMeterPointType.agreements", of_meter_points);
    b.batch("GasMeterPointType.agreements", of_meter_points);
    b.batch("ElectricityMalo.agreements", of_malos);
    b.batch("GasMalo.agreements", of_malos);
    b.batch("ElectricitySupplyPoint.agreements", of_supply_points);
    b.batch("ElectricityGenerationPoint.agreements", of_supply_points);
    b.batch("GasSupplyPoint.agreement", of_gas_points);
}

/// Organisations without permission to see accounts may look at nobody's agreements; to everybody else what they do not see
/// is not there.
fn may_look(viewer: &Viewer) -> Result<(), FieldError> {
    match viewer {
        Viewer::Organisation { .. } if !viewer.may(VIEW_ACCOUNTS) => Err(FieldError::code(UNAUTHORIZED)),
        _ => Ok(()),
    }
}

async fn found(call: &Call<'_>) -> Result<Agreement, FieldError> {
    let id: String = call.arg("id")?;
    may_look(call.cx.viewer())?;
    let not_there = || FieldError::code(NO_AGREEMENT);
    let id: i64 = id.parse().map_err(|_| not_there())?;
    let mut view = call.cx.read().await?;
    let found = agreed::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    found.into_iter().flatten().next().ok_or_else(not_there)
}

async fn one(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(found(&call).await?))
}

async fn one_of_electricity(call: Call<'_>) -> Result<Resolved, FieldError> {
    of_commodity(&call, "electricity", ELECTRICITY).await
}

async fn one_of_gas(call: Call<'_>) -> Result<Resolved, FieldError> {
    of_commodity(&call, "gas", GAS).await
}

async fn of_commodity(call: &Call<'_>, commodity: &str, shape: &'static str) -> Result<Resolved, FieldError> {
    let agreement = found(call).await?;
    if agreement.commodity != commodity {
        return Err(FieldError::code(NO_AGREEMENT));
    }
    Ok(Resolved::Node(Node::typed(shape, agreement)))
}

/// What each agreement's tariff asks.
async fn quotes(call: &Call<'_>) -> Result<Vec<Option<Quote>>, FieldError> {
    quotes_of(call, &call.parents::<Agreement>()?).await
}

async fn quotes_of(call: &Call<'_>, agreements: &[&Agreement]) -> Result<Vec<Option<Quote>>, FieldError> {
    let asked: Vec<Asked> = agreements.iter().map(|agreement| agreement.asked()).collect();
    let mut view = call.cx.read().await?;
    tariffs::quotes(&mut view, &asked).await.map_err(FieldError::internal)
}

async fn electricity_tariffs(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let quotes = quotes(&call).await?;
    Ok(quotes.into_iter().map(|quote| quote.map_or(Resolved::Null, of_electricity)).collect())
}

async fn gas_tariffs(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(quotes(&call).await?.into_iter().map(Resolved::maybe).collect())
}

async fn sold(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let sold = sold_of(&call, &call.parents::<Agreement>()?).await?;
    let shaped = |sold: Option<Sold>| {
        let Some(sold) = sold else { return Resolved::Null };
        let shape = model(&sold.product.direction, sold.quote.as_ref());
        Resolved::Node(Node::typed(shape, sold))
    };
    Ok(sold.into_iter().map(shaped).collect())
}

/// The products of agreements, with what they ask.
pub(super) async fn sold_of(
    call: &Call<'_>,
    agreements: &[&Agreement],
) -> Result<Vec<Option<Sold>>, FieldError> {
    let quotes = quotes_of(call, agreements).await?;
    let ids: Vec<i64> = agreements.iter().map(|agreement| agreement.product_id).collect();
    let mut view = call.cx.read().await?;
    let products = products::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    let sold = products.into_iter().zip(quotes);
    Ok(sold.map(|(product, quote)| product.map(|product| Sold { product, quote })).collect())
}

/// The price model of a product, where they are told apart.
fn model(direction: &str, quote: Option<&Quote>) -> &'static str {
    match quote.map(|quote| quote.tariff.kind.as_str()) {
        _ if direction == "EXPORT" => "ElectricityFitProduct",
        Some("TIERED") => "GasTieredProduct",
        Some("STEPPED") => "ElectricitySteppedProduct",
        _ => "ElectricitySingleStepProduct",
    }
}

async fn products_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Agreement>()?.iter().map(|agreement| agreement.product_id).collect();
    let mut view = call.cx.read().await?;
    let products = products::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(products.into_iter().map(Resolved::maybe).collect())
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Agreement>()?.iter().map(|agreement| agreement.account_id).collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn points(call: &Call<'_>) -> Result<Vec<Option<SupplyPoint>>, FieldError> {
    let ids: Vec<i64> =
        call.parents::<Agreement>()?.iter().map(|agreement| agreement.supply_point_id).collect();
    let mut view = call.cx.read().await?;
    supply_points::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(points(&call).await?.into_iter().map(Resolved::maybe).collect())
}

/// Points as the objects that markets tell apart.
async fn market_points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let points = points(&call).await?.into_iter();
    Ok(points.map(|point| point.map_or(Resolved::Null, |p| Resolved::Node(market_points::node(p)))).collect())
}

async fn of_parents(call: &Call<'_>, which: Which<'_>) -> Result<Vec<Vec<Agreement>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    agreed::of_accounts(&mut view, call.cx.viewer(), &ids, which).await.map_err(FieldError::internal)
}

async fn electricity_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    commodity_of_accounts(call, "electricity").await
}

async fn gas_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    commodity_of_accounts(call, "gas").await
}

/// `active: false` is as good as none: agreements that hold and those that do not.
async fn commodity_of_accounts(call: Call<'_>, commodity: &str) -> Result<Vec<Resolved>, FieldError> {
    let active: Option<bool> = call.arg("active")?;
    let which =
        Which { commodity: Some(commodity), only_active: active.unwrap_or(false), with_revoked: false };
    Ok(of_parents(&call, which).await?.into_iter().map(Resolved::nodes).collect())
}

async fn all_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |agreements: Vec<Agreement>| {
        let nodes = agreements.into_iter().map(|each| Node::typed("DistributionAgreementType", each));
        Resolved::List(nodes.map(Resolved::Node).collect())
    };
    Ok(of_parents(&call, Which::default()).await?.into_iter().map(shown).collect())
}

async fn page_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (id, active): (Option<String>, Option<bool>) = (call.arg("id")?, call.arg("active")?);
    let window = paging::window(&call)?;
    // Text that is no id names nothing.
    let id = id.map(|id| id.parse::<i64>().unwrap_or_default());
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let wanted = (id, active.unwrap_or(false));
    let pages = agreed::page_of_accounts(&mut view, call.cx.viewer(), &ids, wanted, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|p| paging::connection(p, Node::new)).collect())
}

async fn have_active(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = of_parents(&call, Which::default()).await?;
    Ok(all.iter().map(|held| Resolved::leaf(held.iter().any(|each| each.is_active))).collect())
}

async fn have_future(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = of_parents(&call, Which::default()).await?;
    Ok(all.iter().map(|held| Resolved::leaf(held.iter().any(|each| each.is_future))).collect())
}

pub(super) async fn at_points<T: Dated>(call: &Call<'_>) -> Result<Vec<Vec<T>>, FieldError> {
    let ids: Vec<i64> = call.parents::<SupplyPoint>()?.iter().map(|point| point.id).collect();
    let mut view = call.cx.read().await?;
    agreed::of_points(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

/// The wanted ones of the agreements at points; only their terms are read, where nothing else is asked for.
async fn some_at_points(
    call: &Call<'_>,
    is_wanted: impl Fn(&dyn Dates) -> bool,
) -> Result<Vec<Resolved>, FieldError> {
    fn shown<T: Dated>(held: Vec<Vec<T>>, is_wanted: impl Fn(&dyn Dates) -> bool) -> Vec<Resolved> {
        let wanted = |of_point: Vec<T>| Resolved::nodes(of_point.into_iter().filter(|each| is_wanted(each)));
        held.into_iter().map(wanted).collect()
    }
    if call.selects_only("", TERM) {
        return Ok(shown(at_points::<Term>(call).await?, is_wanted));
    }
    Ok(shown(at_points::<Agreement>(call).await?, is_wanted))
}

/// Agreements that hold or are yet to, and those that are over if they are wanted.
async fn of_meter_points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let after: Option<DateTime<Utc>> = call.arg("validAfter")?;
    let (over, no_future): (Option<bool>, Option<bool>) =
        (call.arg("includeInactive")?, call.arg("excludeFuture")?);
    let is_wanted = |each: &dyn Dates| {
        let is_over = !each.is_active() && !each.is_future();
        (!is_over || over.unwrap_or(false) || after.is_some())
            && !(each.is_future() && no_future.unwrap_or(false))
            && after.is_none_or(|after| each.valid_to().is_none_or(|to| to > after))
    };
    some_at_points(&call, is_wanted).await
}

/// What gas points are on now.
async fn of_gas_points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let shown = |held: Vec<Agreement>| {
        let present = held.into_iter().find(|each| each.is_active);
        present.map_or(Resolved::Null, |present| Resolved::Node(Node::typed(GAS, present)))
    };
    Ok(at_points(&call).await?.into_iter().map(shown).collect())
}

async fn of_malos(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    some_at_points(&call, |_| true).await
}

async fn of_supply_points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let only_active: Option<bool> = call.arg("onlyActive")?;
    some_at_points(&call, |each| each.is_active() || !only_active.unwrap_or(false)).await
}
