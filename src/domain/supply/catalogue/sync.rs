//! Brings the tables of products up to the data files.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::{Catalogue, FILES, Factors, Levy, Offer, Product};
use crate::platform::db::{Tx, statement};
use crate::platform::market::{self, Market};

// The row is locked until the transaction ends: another server that starts waits, and then finds nothing to do.
statement!(static CHANGED: (String,) = "
    insert into catalogues (market, digest) values ($1, $2)
    on conflict (market) do update set digest = excluded.digest where catalogues.digest <> excluded.digest
    returning market");

/// Brings products, tariffs and prices up to the data files. What is no longer in them stays, and so do prices that hold
/// already: a price that is new ends the one before it.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for ((code, file), (_, catalogue)) in FILES.iter().zip(super::all()) {
        let Some(market) = market::by_code(code) else { continue };
        let digest = Sha256::digest(file.as_bytes()).to_vec();
        if CHANGED.query().bind(code).bind(digest).fetch_optional(&mut *tx).await?.is_none() {
            continue;
        }
        for levy in &catalogue.levies {
            keep_levy(tx, market, levy).await?;
        }
        for product in &catalogue.products {
            keep_product(tx, market, catalogue, product).await?;
        }
    }
    Ok(())
}

statement!(static LEVY: (i64,) = "
    insert into levies (market_name, name, title, charged_for, region) values ($1, $2, $3, $4, $5)
    on conflict on constraint levies_key do update set title = excluded.title returning id");
statement!(static END_LEVY: () = "
    update levy_rates r set during = tstzrange(lower(r.during), $2)
    where r.levy_id = $1 and upper_inf(r.during) and lower(r.during) < $2");
statement!(static LEVY_RATE: () = "
    insert into levy_rates (levy_id, during, net) values ($1, tstzrange($2, null), $3) on conflict do nothing");

async fn keep_levy(tx: &mut Tx, market: &Market, levy: &Levy) -> Result<(), sqlx::Error> {
    let keep = LEVY.query().bind(&levy.market_name).bind(&levy.name).bind(&levy.title);
    let (id,) = keep.bind(&levy.charged_for).bind(&levy.region).fetch_one(&mut *tx).await?;
    for rate in &levy.rates {
        let from = market.start_of(rate.from);
        END_LEVY.command().bind(id).bind(from).execute(&mut *tx).await?;
        LEVY_RATE.command().bind(id).bind(from).bind(rate.net).execute(&mut *tx).await?;
    }
    Ok(())
}

statement!(static PRODUCT: (i64,) = "
    insert into products (market, brand, code, direction, display_name, full_name, description, notes, availability,
        available_from, available_to, term_months, exit_fee, exit_fee_type, is_variable, is_prepay, is_green, is_hidden,
        is_domestic, is_business, is_default, is_occupier, rank, tags)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
    on conflict (code) do update set available_to = excluded.available_to, is_hidden = excluded.is_hidden,
        is_default = excluded.is_default, rank = excluded.rank
    returning id");
statement!(static OFFER: (i64,) = "
    insert into product_offers (product_id, market_name, kind, levies) values ($1, $2, $3, $4)
    on conflict on constraint product_offers_key do update set levies = excluded.levies returning id");
statement!(static PART: (i64,) = "
    insert into offer_parts (offer_id, charged_for, band, name, is_base, capacity_amperes) values ($1, $2, $3, $4, $5, $6)
    on conflict on constraint offer_parts_key do update set name = excluded.name,
        capacity_amperes = excluded.capacity_amperes
    returning id");
statement!(static WINDOW: () = "
    insert into band_windows (part_id, offer_id, charged_for, months, weekdays, minutes)
    values ($1, $2, $3, int4range($4, $5), int4range($6, $7), int4range($8, $9)) on conflict do nothing");
statement!(static FORMULA: () = "
    insert into half_hour_formulas (offer_id, factor, peak_offset, cap) values ($1, $2, $3, $4)
    on conflict (offer_id) do update set factor = excluded.factor, peak_offset = excluded.peak_offset,
        cap = excluded.cap");

async fn keep_product(
    tx: &mut Tx,
    market: &Market,
    catalogue: &Catalogue,
    product: &Product,
) -> Result<(), sqlx::Error> {
    let keep = PRODUCT.query().bind(&market.code).bind(&product.brand).bind(&product.code);
    let keep = keep.bind(&product.direction).bind(&product.display_name).bind(&product.full_name);
    let keep = keep.bind(&product.description).bind(&product.notes).bind(&product.availability);
    let keep = keep.bind(market.start_of(product.available_from));
    let keep = keep.bind(product.available_to.map(|day| market.start_of(day)));
    let keep = keep.bind(product.term_months).bind(product.exit_fee).bind(&product.exit_fee_type);
    let keep = keep.bind(product.is_variable).bind(product.is_prepay).bind(product.is_green);
    let keep = keep.bind(product.is_hidden).bind(product.is_domestic).bind(product.is_business);
    let keep = keep.bind(product.is_default).bind(product.is_occupier).bind(product.rank);
    let (id,) = keep.bind(&product.tags).fetch_one(&mut *tx).await?;
    for offer in &product.offers {
        let keep = OFFER.query().bind(id).bind(&offer.market_name).bind(&offer.kind);
        let (offer_id,) = keep.bind(&offer.levies).fetch_one(&mut *tx).await?;
        let parts = keep_parts(tx, offer_id, offer).await?;
        let tariffs = keep_tariffs(tx, catalogue, product, (offer_id, offer)).await?;
        keep_rates(tx, market, offer, &parts, &tariffs).await?;
    }
    Ok(())
}

/// The parts of an offer, in their order.
async fn keep_parts(tx: &mut Tx, id: i64, offer: &Offer) -> Result<Vec<i64>, sqlx::Error> {
    let mut parts = Vec::new();
    for part in &offer.parts {
        let keep = PART.query().bind(id).bind(&part.charged_for).bind(&part.band).bind(&part.name);
        let (kept,) = keep.bind(part.is_base).bind(part.for_amperes).fetch_one(&mut *tx).await?;
        for times in &part.windows {
            let Some((from, to)) = times.minutes() else { continue };
            let window = WINDOW.command().bind(kept).bind(id).bind(&part.charged_for);
            let window = window.bind(times.months.0).bind(times.months.1);
            let window = window.bind(times.weekdays.0).bind(times.weekdays.1).bind(from).bind(to);
            window.execute(&mut *tx).await?;
        }
        parts.push(kept);
    }
    if let Some(formula) = offer.half_hourly {
        let keep = FORMULA.command().bind(id).bind(formula.factor).bind(formula.peak_offset);
        keep.bind(formula.cap).execute(&mut *tx).await?;
    }
    Ok(parts)
}

/// A tariff, and what its prices are multiplied by.
struct Kept {
    id: i64,
    factors: Factors,
}

statement!(static TARIFF: (i64,) = "
    insert into tariffs (offer_id, region, payment_method, code) values ($1, $2, $3, $4)
    on conflict on constraint tariffs_key do update set code = excluded.code returning id");

async fn keep_tariffs(
    tx: &mut Tx,
    catalogue: &Catalogue,
    product: &Product,
    (offer_id, offer): (i64, &Offer),
) -> Result<Vec<Kept>, sqlx::Error> {
    let alike = Factors { unit: Decimal::ONE, standing: Decimal::ONE };
    let mut ways: Vec<(Option<&str>, Factors)> =
        offer.payment_methods.iter().map(|(method, factors)| (Some(method.as_str()), *factors)).collect();
    if ways.is_empty() {
        ways.push((None, alike));
    }
    let mut kept = Vec::new();
    for region in catalogue.regions.iter().filter(|region| region.is_for(offer)) {
        let code = [offer.prefix.as_deref(), Some(&product.code), Some(&region.code)];
        let code = code.into_iter().flatten().collect::<Vec<_>>().join("-");
        let here =
            if offer.regional { Factors { unit: region.unit, standing: region.standing } } else { alike };
        for (method, way) in &ways {
            let keep = TARIFF.query().bind(offer_id).bind(&region.code).bind(method).bind(&code);
            let (id,) = keep.fetch_one(&mut *tx).await?;
            let factors = Factors { unit: here.unit * way.unit, standing: here.standing * way.standing };
            kept.push(Kept { id, factors });
        }
    }
    Ok(kept)
}

/// Prices to be written, column by column.
#[derive(Default)]
struct Rates {
    tariffs: Vec<i64>,
    parts: Vec<i64>,
    step_from: Vec<i64>,
    step_to: Vec<Option<i64>>,
    from: Vec<DateTime<Utc>>,
    to: Vec<Option<DateTime<Utc>>>,
    net: Vec<Decimal>,
}

statement!(static END_RATES: () = "
    update tariff_rates r set during = tstzrange(lower(r.during), wanted.to_at)
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[])
        as wanted (tariff_id, part_id, step_from, from_at, to_at)
    where r.tariff_id = wanted.tariff_id and r.part_id = wanted.part_id and lower(r.steps) = wanted.step_from
        and lower(r.during) = wanted.from_at and upper_inf(r.during) and wanted.to_at is not null");
statement!(static ADD_RATES: () = "
    insert into tariff_rates (tariff_id, part_id, steps, during, net)
    select tariff_id, part_id, int8range(step_from, step_to), tstzrange(from_at, to_at), net
    from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::numeric[])
        as wanted (tariff_id, part_id, step_from, step_to, from_at, to_at, net)
    on conflict do nothing");

async fn keep_rates(
    tx: &mut Tx,
    market: &Market,
    offer: &Offer,
    parts: &[i64],
    tariffs: &[Kept],
) -> Result<(), sqlx::Error> {
    let mut rates = Rates::default();
    for (place, prices) in offer.prices.iter().enumerate() {
        let to: Option<NaiveDate> = offer.prices.get(place + 1).map(|next| next.from);
        let during = (market.start_of(prices.from), to.map(|day| market.start_of(day)));
        for (part, id) in offer.parts.iter().zip(parts) {
            let Some(price) = prices.bands.get(&part.band) else { continue };
            for tariff in tariffs {
                let Factors { unit, standing } = tariff.factors;
                let factor = if part.charged_for == "DAYS" { standing } else { unit };
                let mut used = 0;
                for step in &price.0 {
                    let end = step.to_kwh.map(|kwh| kwh.saturating_mul(1000));
                    rates.tariffs.push(tariff.id);
                    rates.parts.push(*id);
                    rates.step_from.push(used);
                    rates.step_to.push(end);
                    rates.from.push(during.0);
                    rates.to.push(during.1);
                    rates.net.push((step.net * factor).round_dp(4).normalize());
                    used = end.unwrap_or(used);
                }
            }
        }
    }
    let Rates { tariffs, parts, step_from, step_to, from, to, net } = &rates;
    let end = END_RATES.command().bind(tariffs).bind(parts).bind(step_from).bind(from).bind(to);
    end.execute(&mut *tx).await?;
    let add = ADD_RATES.command().bind(tariffs).bind(parts).bind(step_from).bind(step_to).bind(from);
    add.bind(to).bind(net).execute(&mut *tx).await?;
    Ok(())
}
