//! Issuing bills: a closed document that nobody holds back gets its number and goes to the customer. Those of accounts that a
//! third party bills wait until that has given them out.

use chrono::{Days, NaiveDate};

use super::files;
use crate::domain::payments::settlements;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

row! {
    struct Waiting {
        id: i64,
        market: String,
        terms_days: i32,
        to_date: Option<NaiveDate>,
        to_address: String,
        user_id: Option<i64>,
    }
}

// What was agreed in a contract goes before what the brand has.
statement!(static WAITING: Waiting = "
    select d.id, a.market, d.to_date, case when d.kind = 'credit_note' then 0 else coalesce((
            select t.due_days from contract_subjects s
                cross join lateral (select max(each.version) as version from contract_versions each
                    where each.contract_id = s.contract_id and each.effective_from <= $2) v
                join contract_terms t on t.contract_id = s.contract_id and t.version = v.version
                    and t.kind = 'BILL_DUE_DATE'
            where s.account_id = a.id and not s.is_undone and s.during @> $2::timestamptz
        ), f.terms_days) end as terms_days,
        case when a.comms_delivery_preference is distinct from 'POSTAL_MAIL' and a.billing_email <> ''
            then a.billing_email
            else array_to_string(array_remove(array[a.billing_address_line1, a.billing_address_line2,
                a.billing_address_line3, a.billing_address_line4, a.billing_address_line5, a.billing_postcode], ''), ', ')
            end as to_address,
        (select u.id from account_users u where u.is_active and u.id in (
                select r.user_id from account_user_roles r where r.account_id = a.id
                union all select p.user_id from portfolio_user_roles p where p.portfolio_id = a.portfolio_id)
            order by (u.email = a.billing_email) desc, u.id limit 1) as user_id
    from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id
        join billing_defaults f on f.brand = a.brand
    where d.ledger_id = $1 and d.status = 'CLOSED' and d.held_reason is null
        and a.account_type not in ('BUSINESS_THIRD_PARTY_BILLED', 'DOMESTIC_THIRD_PARTY_BILLED')
    order by d.position for no key update of d");
statement!(static NUMBER: (i64,) = "
    insert into billing_numbers as n (market, last) values ($1, 1)
    on conflict (market) do update set last = n.last + 1 returning last");
statement!(static ISSUE: () = "
    update billing_documents set status = 'ISSUED', number = $2, issued_at = $3, issued_on = $4, due_date = $5,
        to_address = $6, user_id = $7
    where id = $1");
statement!(static MARK: () = "update transactions set is_issued = true where billing_document_id = $1");

/// Issues the closed documents of a ledger that are not held, the oldest first.
pub(super) async fn of_ledger(tx: &mut Tx, ledger: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for waiting in WAITING.query().bind(ledger).bind(now).fetch_all(&mut *tx).await? {
        issue(tx, &waiting).await?;
    }
    Ok(())
}

async fn issue(tx: &mut Tx, waiting: &Waiting) -> Result<(), sqlx::Error> {
    let Some(market) = market::by_code(&waiting.market) else { return Ok(()) };
    let now = tx.business_now().await?;
    let today = market.day(now);
    let (last,) = NUMBER.query().bind(&waiting.market).fetch_one(&mut *tx).await?;
    let number = format!("{}-{last:08}", waiting.market.to_uppercase());
    let issue = ISSUE.command().bind(waiting.id).bind(number).bind(now).bind(today);
    let issue = issue.bind(due(today, waiting.terms_days)).bind(&waiting.to_address).bind(waiting.user_id);
    issue.execute(&mut *tx).await?;
    MARK.command().bind(waiting.id).execute(&mut *tx).await?;
    settlements::decide(tx, waiting.id).await?;
    files::render_later(tx, waiting.id, today - waiting.to_date.unwrap_or(today)).await
}

fn due(issued: NaiveDate, terms: i32) -> NaiveDate {
    issued.checked_add_days(Days::new(u64::try_from(terms).unwrap_or(0))).unwrap_or(issued)
}
