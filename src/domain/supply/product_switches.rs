//! Moving an account to another product from a day on: what it agreed on at each supply point that the product is made for ends,
//! and the product is agreed on instead, all of it or nothing. An account that is under no contract signs one with it. What a customer is offered are the products that are sold, so the
//! identifier of a product is that of the offer.

use chrono::{NaiveDate, TimeDelta};
use thiserror::Error;

use super::agreements::{self, AgreementError, NewAgreement};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::contracts::sign::{self, SignError};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// How far ahead a switch can be asked for.
pub(super) const FARTHEST: TimeDelta = TimeDelta::days(90);
/// How somebody pays of whom nothing else is known.
const PAYMENT_METHOD: &str = "DIRECT_DEBIT";

/// Why nobody was moved.
#[derive(Debug, Error)]
pub enum SwitchError {
    /// The viewer may not do this, or there is no such account for them.
    #[error("the viewer may not move this account")]
    Unauthorized,
    /// Nothing with this identifier is offered.
    #[error("there is no such offer")]
    UnknownOffer,
    /// It is no longer, or not to everybody.
    #[error("the product is not for sale")]
    NotForSale,
    /// It is not made for any supply point of the account.
    #[error("the product is not made for the account's supply points")]
    NotForPoints,
    /// Nothing is supplied on the account on that day.
    #[error("nothing is supplied on the account on that day")]
    NoPoint,
    /// The day is past or too far ahead, or what holds then cannot be ended on it.
    #[error("the account cannot be moved on that day")]
    Day,
    /// The account is on the product already, or something else was agreed on for later.
    #[error("the account has agreed on something else, or on this already")]
    Agreed,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(SwitchError);

impl From<AgreementError> for SwitchError {
    fn from(error: AgreementError) -> Self {
        match error {
            AgreementError::NotThen | AgreementError::Billed => Self::Day,
            AgreementError::NoProduct => Self::NotForPoints,
            AgreementError::NotThere | AgreementError::NotSupplied | AgreementError::Overlaps => Self::Agreed,
            AgreementError::Database(error) => Self::Database(error),
        }
    }
}

impl From<SignError> for SwitchError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::UnknownAccount => Self::Unauthorized,
            SignError::NoTemplate | SignError::Signed | SignError::NoDay => Self::Agreed,
            SignError::Database(error) => Self::Database(error),
        }
    }
}

row! {
    /// A product that somebody is offered.
    pub(in crate::domain) struct Offer {
        /// Row id.
        pub id: i64,
        /// Its code.
        pub code: String,
        /// Market code.
        pub market: String,
        /// Whether everybody may have it now.
        pub is_for_sale: bool,
    }
}

row! {
    struct Point {
        id: i64,
        is_fit: bool,
        agreement_id: Option<i64>,
        is_on_it: Option<bool>,
    }
}

// Whoever else would move the account waits.
statement!(static ACCOUNT: (i64, String) = concat!("
    select a.id, a.market from accounts a where a.number = $3 and ", account_is_visible!(), " for no key update of a"));
statement!(static OFFER: Offer = "
    select p.id, p.code, p.market, (not p.is_hidden and p.availability = 'EVERYONE' and p.available_from <= $2
        and (p.available_to is null or p.available_to > $2)) as is_for_sale
    from products p where p.id = $1 or p.code = $3 or p.id = (select c.product_id from quoted_products c
        join quoted_points t on t.id = c.quoted_point_id join quote_requests q on q.id = t.quote_id
        where c.id = $1 and q.expires_at > $2)");
statement!(static POINTS: Point = "
    select sp.id, exists (select from product_offers o join products p on p.id = o.product_id
            where p.id = $3 and o.market_name = sp.market_name and p.direction = sp.direction) as is_fit,
        held.id as agreement_id, held.product_id = $3 as is_on_it
    from supply_periods s join supply_points sp on sp.id = s.supply_point_id
        left join lateral (select g.id, o.product_id from agreements g join tariffs t on t.id = g.tariff_id
            join product_offers o on o.id = t.offer_id
            where g.supply_point_id = sp.id and g.account_id = s.account_id and g.revoked_at is null
                and g.during @> $2::timestamptz) held on true
    where s.account_id = $1 and s.during @> $2 order by sp.id");

/// A switch that somebody asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The account's number.
    pub account_number: String,
    /// The product, by row id.
    pub product: i64,
    /// The first local day on it.
    pub from: NaiveDate,
}

/// The account of this number and its market, if the viewer may change what is agreed there. Nobody else does meanwhile.
pub(super) async fn hold_account(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
) -> Result<Option<(i64, String)>, sqlx::Error> {
    if !may_edit(viewer) {
        return Ok(None);
    }
    ACCOUNT.seen_by(viewer).bind(number).fetch_optional(&mut *tx).await
}

/// The product with this row id, or that was quoted under this one; numbers of quotes lie above those of products.
pub(in crate::domain) async fn offer(tx: &mut Tx, product: i64) -> Result<Option<Offer>, sqlx::Error> {
    let now = tx.business_now().await?;
    OFFER.query().bind(product).bind(now).bind("").fetch_optional(&mut *tx).await
}

/// The product with this code.
pub(super) async fn offer_by_code(tx: &mut Tx, code: &str) -> Result<Option<Offer>, sqlx::Error> {
    let now = tx.business_now().await?;
    OFFER.query().bind(0_i64).bind(now).bind(code).fetch_optional(&mut *tx).await
}

/// Moves an account to a product. Answers the product's code.
///
/// # Errors
/// See [`SwitchError`].
pub async fn switch(tx: &mut Tx, viewer: &Viewer, wanted: &Wanted) -> Result<String, SwitchError> {
    let held = hold_account(tx, viewer, &wanted.account_number).await?;
    let (account, market) = held.ok_or(SwitchError::Unauthorized)?;
    let now = tx.business_now().await?;
    let offer = offer(tx, wanted.product).await?.ok_or(SwitchError::UnknownOffer)?;
    let known = market::by_code(&market).filter(|market| market.code == offer.market);
    let market = known.ok_or(SwitchError::NotForPoints)?;
    if !offer.is_for_sale {
        return Err(SwitchError::NotForSale);
    }
    let today = market.day(now);
    if wanted.from < today || wanted.from - today > FARTHEST {
        return Err(SwitchError::Day);
    }
    let from = market.start_of(wanted.from);
    let points = POINTS.query().bind(account).bind(from).bind(offer.id).fetch_all(&mut *tx).await?;
    if points.is_empty() {
        return Err(SwitchError::NoPoint);
    }
    let fit: Vec<Point> = points.into_iter().filter(|point| point.is_fit).collect();
    if fit.is_empty() {
        return Err(SwitchError::NotForPoints);
    }
    let moving: Vec<Point> = fit.into_iter().filter(|point| point.is_on_it != Some(true)).collect();
    if moving.is_empty() {
        return Err(SwitchError::Agreed);
    }
    for point in moving {
        move_point(tx, account, &point, &offer.code, wanted.from).await?;
    }
    sign::with_agreement(tx, viewer, account, wanted.from).await?;
    Ok(offer.code)
}

async fn move_point(
    tx: &mut Tx,
    account: i64,
    point: &Point,
    product: &str,
    from: NaiveDate,
) -> Result<(), AgreementError> {
    match point.agreement_id {
        Some(held) => agreements::switch(tx, held, product, from).await?,
        None => {
            let new = NewAgreement {
                account,
                supply_point: point.id,
                product,
                payment_method: PAYMENT_METHOD,
                from,
                to: None,
                charged_from: None,
            };
            agreements::agree(tx, &new).await?
        }
    };
    Ok(())
}
