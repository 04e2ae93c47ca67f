//! Service orders: work on site as Australian networks know it, the fees that they have for it, and what customers are charged
//! of them once it is done.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::domain::accounts::grouped;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::account_is_visible;
use crate::domain::ledgers::charges::{self, ChargeError, RuleCharge};
use crate::domain::ledgers::ledgers;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;
use crate::platform::page::{Page, Window};

/// The reason of the charges.
const REASON: &str = "METER_VISIT_FEE";

row! {
    /// Work at a supply point, as its network knows it.
    pub struct Order {
        /// The request behind it.
        pub request_id: Uuid,
        /// The account.
        pub account_id: i64,
        /// The supply point.
        pub supply_point_id: i64,
        /// `electricity` or `gas`.
        pub commodity: String,
        /// Code of what has to be done.
        pub job_type: String,
        /// What became of the request.
        pub request_status: String,
        /// What became of the latest visit that was not called off; empty for none.
        pub visit_status: String,
        /// What the network calls it.
        pub number: String,
        /// When somebody comes, or came.
        pub starts_at: Option<DateTime<Utc>>,
    }
}

impl Order {
    /// How it stands, as clients know it.
    pub fn status(&self) -> &'static str {
        match (self.request_status.as_str(), self.visit_status.as_str()) {
            ("COMPLETED", _) => "COMPLETED",
            ("CANCELLED", _) => "CANCELLED",
            ("APPOINTMENT_FAILED", _) => "NO_ACCESS",
            ("BOOKED", "BOOKED") => "ACCEPTED",
            ("BOOKED", _) => "REQUESTED",
            _ => "PENDING",
        }
    }

    /// The local day on which somebody comes.
    pub fn day(&self) -> Option<NaiveDate> {
        let market = market::by_code("au")?;
        self.starts_at.map(|moment| market.day(moment))
    }
}

row! {
    /// What a network takes for something.
    pub struct Fee {
        /// Row id.
        pub id: i64,
        /// What the network calls it.
        pub product_code: String,
        /// `ELECTRICITY` or `GAS`.
        pub supply_type: String,
        /// The network.
        pub market_participant: String,
        /// Its state, as clients know it.
        pub jurisdiction: String,
        /// Net, in minor units.
        pub price: i32,
        /// What it is for.
        pub description: String,
        /// The first day.
        pub effective_from: NaiveDate,
        /// The last day.
        pub effective_to: Option<NaiveDate>,
    }
}

row! {
    /// A fee that was charged to a customer.
    pub struct Charged {
        /// Row id.
        pub id: i64,
        /// The request that it is for.
        pub request_id: Uuid,
        /// What the network calls it.
        pub product_code: String,
        /// Net, in minor units.
        pub net_amount: i32,
        /// What it is for.
        pub description: String,
        /// When.
        pub effective_at: DateTime<Utc>,
        /// The account.
        pub account_id: i64,
        /// The charge.
        pub transaction_id: i64,
    }
}

row! {
    struct Due {
        fee: i64,
        account_id: i64,
        account_type: String,
        description: String,
        price: i32,
    }
}

/// Which fees are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of a network.
    pub market_participant: Option<String>,
    /// Those of a name.
    pub product_code: Option<String>,
    /// `ELECTRICITY` or `GAS`.
    pub supply_type: Option<String>,
    /// Those of a day.
    pub effective_at: Option<NaiveDate>,
}

macro_rules! fits {
    () => {
        " from service_order_fees f where ($1::text is null or f.market_participant = $1) \
          and ($2::text is null or f.product_code = $2) and ($3::text is null or f.supply_type = $3) \
          and ($4::date is null or f.effective @> $4)"
    };
}

statement!(static PAGE: Fee = concat!("
    select f.id, f.product_code, f.supply_type, f.market_participant, f.jurisdiction, f.price, f.description,
        lower(f.effective) as effective_from, upper(f.effective) - 1 as effective_to",
    fits!(), " order by f.product_code, lower(f.effective), f.id offset $5 limit $6"));
statement!(static COUNT: (i64,) = concat!("select count(*)", fits!()));
statement!(static OF_ACCOUNTS: Order = concat!("
    select r.id as request_id, r.account_id, p.supply_point_id, sp.commodity, r.job_type, r.status as request_status,
        coalesce(v.status, '') as visit_status, v.starts_at,
        coalesce(nullif(v.external_reference, ''), 'SO-' || upper(left(replace(r.id::text, '-', ''), 10))) as number
    from on_site_requests r join accounts a on a.id = r.account_id
        join on_site_request_points p on p.request_id = r.id join supply_points sp on sp.id = p.supply_point_id
        left join lateral (select v.status, v.starts_at, v.external_reference from on_site_appointments v
            where v.request_id = r.id and v.status <> 'CANCELLED' order by v.created_at desc, v.id limit 1) v on true
    where r.account_id = any($3::bigint[]) and r.market = 'au' and ", account_is_visible!(),
    " order by r.created_at desc, r.id, sp.id"));
statement!(static CHARGES: Charged = "
    select c.id, c.request_id, f.product_code, c.net_amount, f.description, c.effective_at, c.account_id, c.transaction_id
    from service_order_charges c join service_order_fees f on f.id = c.fee_id
    where c.request_id = any($1::uuid[]) order by c.id");
statement!(static DUE: Due = "
    select f.id as fee, r.account_id, a.account_type, f.description, f.price
    from on_site_requests r join accounts a on a.id = r.account_id
        join on_site_request_points p on p.request_id = r.id join supply_points sp on sp.id = p.supply_point_id
        join service_order_fees f on f.job_type = r.job_type and f.market_participant = sp.network_operator
            and f.supply_type = upper(sp.commodity) and f.effective @> $2::date
    where r.id = $1 and r.market = 'au' order by f.id");
statement!(static KEEP: () = "
    insert into service_order_charges (request_id, fee_id, account_id, net_amount, transaction_id, effective_at)
    select $1, $2, $3, t.net_amount::integer, t.id, $5 from transactions t where t.id = $4");

/// One page of the fees that fit, by name and day. A statement, and one more for totals.
///
/// # Errors
/// Those of the database.
pub async fn fees(tx: &mut Tx, filter: &Filter, window: &Window) -> Result<Page<Fee>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(filter.market_participant.as_deref())
                .bind(filter.product_code.as_deref())
                .bind(filter.supply_type.as_deref())
                .bind(filter.effective_at)
        };
    }
    let total =
        if window.needs_total() { Some(bound!(COUNT.query()).fetch_one(&mut *tx).await?.0) } else { None };
    let slice = window.slice(total);
    let rows = bound!(PAGE.query()).bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Page::cut(window, slice, rows, total))
}

/// The service orders of each of these accounts that the viewer may see, the latest first.
///
/// # Errors
/// Those of the database.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Order>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|order| (order.account_id, order)).collect()))
}

/// What was charged for each of these requests, the earliest first.
///
/// # Errors
/// Those of the database.
pub async fn charges_of(tx: &mut Tx, requests: &[Uuid]) -> Result<Vec<Vec<Charged>>, sqlx::Error> {
    let rows = CHARGES.query().bind(requests).fetch_all(&mut *tx).await?;
    Ok(grouped(requests, rows.into_iter().map(|charged| (charged.request_id, charged)).collect()))
}

/// Charges the customer what the networks take for a request that was done. Whoever holds the request does it once.
pub(super) async fn charge(tx: &mut Tx, request: Uuid) -> Result<(), ChargeError> {
    let Some(market) = market::by_code("au") else { return Ok(()) };
    let now = tx.business_now().await?;
    let due = DUE.query().bind(request).bind(market.day(now)).fetch_all(&mut *tx).await?;
    for Due { fee, account_id: account, account_type, description, price } in due {
        let gross = market.split_net(Minor(i64::from(price)), &account_type)?.gross.0;
        let ledger = ledgers::target(tx, account, None).await?.ok_or(ChargeError::NoLedger)?.ledger_id;
        let new = RuleCharge { ledger, gross, reason: REASON, display_note: &description };
        let charge = charges::by_rule(tx, &new).await?;
        let keep = KEEP.command().bind(request).bind(fee).bind(account).bind(charge).bind(now);
        keep.execute(&mut *tx).await?;
    }
    Ok(())
}
