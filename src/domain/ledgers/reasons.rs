//! Why charges and credits are made: rows, by market.

use crate::platform::db::{Statement, Tx, row, statement};
use crate::platform::market::{self, Reason};

row! {
    /// A reason for a charge or a credit.
    pub struct ReasonRow {
        /// Its code.
        pub code: String,
        /// How it is shown.
        pub display: String,
        /// Whether it may no longer be used.
        pub is_deprecated: bool,
        /// Whether the amount bears no tax.
        pub is_tax_exempt: bool,
        /// Whether forms leave it out.
        pub is_hidden: bool,
        /// The heading it stands under.
        pub reason_group: String,
    }
}

statement!(static CHARGE_REASONS: ReasonRow = "
    select distinct on (code) code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group from charge_reasons
    where $1::text is null or market = $1 order by code, market");
statement!(static CREDIT_REASONS: ReasonRow = "
    select distinct on (code) code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group from credit_reasons
    where not is_hidden and ($1::text is null or market = $1) order by code, market");
statement!(static CHARGE_REASON: ReasonRow = "
    select code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group from charge_reasons
    where market = $1 and code = $2");
statement!(static CREDIT_REASON: ReasonRow = "
    select code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group from credit_reasons
    where market = $1 and code = $2");
statement!(static ADD_CHARGE_REASON: () = "
    insert into charge_reasons (market, code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing");
statement!(static ADD_CREDIT_REASON: () = "
    insert into credit_reasons (market, code, display, is_deprecated, is_tax_exempt, is_hidden, reason_group)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing");

/// The reasons for charges in a market, or everywhere, by code.
pub async fn for_charges(tx: &mut Tx, market: Option<&str>) -> Result<Vec<ReasonRow>, sqlx::Error> {
    CHARGE_REASONS.query().bind(market).fetch_all(&mut *tx).await
}

/// The reasons for credits in a market, or everywhere, by code, without those that only the server credits for.
pub async fn for_credits(tx: &mut Tx, market: Option<&str>) -> Result<Vec<ReasonRow>, sqlx::Error> {
    CREDIT_REASONS.query().bind(market).fetch_all(&mut *tx).await
}

pub(super) async fn charge(tx: &mut Tx, market: &str, code: &str) -> Result<Option<ReasonRow>, sqlx::Error> {
    CHARGE_REASON.query().bind(market).bind(code).fetch_optional(&mut *tx).await
}

pub(super) async fn credit(tx: &mut Tx, market: &str, code: &str) -> Result<Option<ReasonRow>, sqlx::Error> {
    CREDIT_REASON.query().bind(market).bind(code).fetch_optional(&mut *tx).await
}

/// Adds the reasons of the market data files that are not there yet; those that are stay as they are.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    for market in market::all() {
        for reason in &market.charge_reasons {
            add(tx, &ADD_CHARGE_REASON, &market.code, reason).await?;
        }
        for reason in &market.credit_reasons {
            add(tx, &ADD_CREDIT_REASON, &market.code, reason).await?;
        }
    }
    Ok(())
}

async fn add(tx: &mut Tx, into: &Statement<()>, market: &str, reason: &Reason) -> Result<(), sqlx::Error> {
    let insert =
        into.command().bind(market).bind(&reason.code).bind(&reason.display).bind(reason.is_deprecated);
    let insert = insert.bind(reason.is_tax_exempt).bind(reason.is_hidden).bind(&reason.group);
    insert.execute(&mut *tx).await?;
    Ok(())
}
