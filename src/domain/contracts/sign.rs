//! Signing: a contract comes with the terms of its market's template and those that follow from the products that were
//! agreed on.

use chrono::NaiveDate;
use thiserror::Error;

use crate::domain::accounts::changes::hand;
use crate::domain::accounts::{accounts, businesses};
use crate::domain::auth::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, statement};
use crate::platform::market;

/// Why nothing was signed.
#[derive(Debug, Error)]
pub enum SignError {
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// Nothing is signed in its market.
    #[error("nothing is signed in this market")]
    NoTemplate,
    /// A contract about the account is in force then.
    #[error("a contract about the account is in force then")]
    Signed,
    /// It would end before it begins.
    #[error("the contract would hold for no day")]
    NoDay,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(SignError);

impl From<sqlx::Error> for SignError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "contract_subjects_one_at_a_time") {
            Self::Signed
        } else {
            Self::Database(error)
        }
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct NewContract {
    /// The account that it is about, by row id. The party to it is the account's business, if it has one.
    pub account: i64,
    /// The first local day.
    pub from: NaiveDate,
    /// The local day after the last one, if it does not go on.
    pub to: Option<NaiveDate>,
}

statement!(static HOLD: (i64,) = "select id from accounts where id = $1 for no key update");
statement!(static TEMPLATE: (String, String) = "
    select code, title from contract_templates where market = $1 and is_for_businesses = $2");
statement!(static ADD: (i64,) = "
    insert into contracts (market, title, account_id, business_id, during, signed_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, tstzrange($5, $6), $7, $8, $9) returning id");
statement!(static ADD_SUBJECT: () = "
    insert into contract_subjects (contract_id, account_id, during, is_undone)
    select id, $2, during, is_undone from contracts where id = $1");
statement!(static ADD_VERSION: () = "
    insert into contract_versions (contract_id, version, effective_from, made_at, made_by_kind, made_by_id)
    values ($1, 1, $2, $3, $4, $5)");
// Whoever has no mandate does not undertake to pay by it.
statement!(static ADD_TERMS: () = "
    insert into contract_terms (contract_id, version, kind, is_variable, flat_fee, percentage, interval_days, due_days)
    select $1, 1, t.kind, t.is_variable, t.flat_fee, t.percentage, t.interval_days,
        case when t.kind = 'BILL_DUE_DATE' then f.terms_days end
    from contract_template_terms t, accounts a join billing_defaults f on f.brand = a.brand
    where t.template = $2 and a.id = $3 and (t.kind <> 'PAYS_BY_DIRECT_DEBIT'
        or exists (select from payment_instructions i where i.account_id = a.id
            and i.instruction_type = 'DIRECT_DEBIT' and i.status = 'ACTIVE'))");
statement!(static ADD_LENGTH: () = "
    insert into contract_terms (contract_id, version, kind, is_variable, length, unit_of_time)
    select $1, 1, 'MINIMUM_CONTRACT_LENGTH', false, max(p.term_months), 'MONTHS'
    from agreements g join tariffs t on t.id = g.tariff_id join product_offers o on o.id = t.offer_id
        join products p on p.id = o.product_id
    where g.account_id = $2 and g.revoked_at is null and g.during @> $3::timestamptz and p.direction = 'IMPORT'
    having max(p.term_months) is not null");
// A fee that is not for each fuel is agreed once, for whichever supply comes first.
statement!(static ADD_FEES: () = "
    insert into contract_terms (contract_id, version, kind, market_name, is_variable, fee, fee_type)
    select distinct on (case when p.exit_fee_type = 'FIXED' then '' else sp.market_name end)
        $1, 1, 'TERMINATION_FEE', sp.market_name, true, p.exit_fee, p.exit_fee_type
    from agreements g join supply_points sp on sp.id = g.supply_point_id join tariffs t on t.id = g.tariff_id
        join product_offers o on o.id = t.offer_id join products p on p.id = o.product_id
    where g.account_id = $2 and g.revoked_at is null and g.during @> $3::timestamptz and p.exit_fee is not null
    order by case when p.exit_fee_type = 'FIXED' then '' else sp.market_name end, p.exit_fee desc, sp.market_name");
statement!(static IS_UNDER_CONTRACT: (bool,) = "
    select exists (select from contract_subjects s
        where s.account_id = $1 and not s.is_undone and (upper_inf(s.during) or upper(s.during) > $2::timestamptz))");

/// Signs a contract about an account. Answers its row id.
///
/// # Errors
/// See [`SignError`].
pub async fn sign(tx: &mut Tx, viewer: &Viewer, new: &NewContract) -> Result<i64, SignError> {
    let account = accounts::by_ids(tx, viewer, &[new.account]).await?.pop().flatten();
    let account = account.ok_or(SignError::UnknownAccount)?;
    HOLD.query().bind(account.id).fetch_one(&mut *tx).await?;
    let market = market::by_code(&account.market).ok_or(SignError::NoTemplate)?;
    let business = businesses::of_accounts(tx, viewer, &[account.id]).await?.pop().flatten();
    let is_business = business.is_some() || account.account_type.starts_with("BUSINESS");
    let template = TEMPLATE.query().bind(&market.code).bind(is_business).fetch_optional(&mut *tx).await?;
    let (template, title) = template.ok_or(SignError::NoTemplate)?;
    let (from, to) = (market.start_of(new.from), new.to.map(|day| market.start_of(day)));
    if to.is_some_and(|to| to <= from) {
        return Err(SignError::NoDay);
    }
    let (now, (kind, by)) = (tx.business_now().await?, hand(viewer));
    let business = business.map(|business| business.id);
    let add = ADD.query().bind(&market.code).bind(title).bind(business.is_none().then_some(account.id));
    let add = add.bind(business).bind(from).bind(to).bind(now).bind(kind).bind(by);
    let (id,) = add.fetch_one(&mut *tx).await?;
    ADD_SUBJECT.command().bind(id).bind(account.id).execute(&mut *tx).await?;
    let version = ADD_VERSION.command().bind(id).bind(from).bind(now).bind(kind).bind(by);
    version.execute(&mut *tx).await?;
    ADD_TERMS.command().bind(id).bind(template).bind(account.id).execute(&mut *tx).await?;
    ADD_LENGTH.command().bind(id).bind(account.id).bind(from).execute(&mut *tx).await?;
    ADD_FEES.command().bind(id).bind(account.id).bind(from).execute(&mut *tx).await?;
    Ok(id)
}

/// Signs a contract about an account that agreed on something from a day on, unless it is under one then or later.
///
/// # Errors
/// See [`SignError`].
pub async fn with_agreement(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    from: NaiveDate,
) -> Result<(), SignError> {
    let found = accounts::by_ids(tx, viewer, &[account]).await?.pop().flatten();
    let Some(market) = found.and_then(|account| account.market()) else { return Ok(()) };
    let query = IS_UNDER_CONTRACT.query().bind(account).bind(market.start_of(from));
    if !query.fetch_one(&mut *tx).await?.0 {
        sign(tx, viewer, &NewContract { account, from, to: None }).await?;
    }
    Ok(())
}
