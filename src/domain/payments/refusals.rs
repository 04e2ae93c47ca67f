//! Requests for money back that are not granted: refused by whoever runs the server, for lack of what it takes, or because
//! nobody decided on them in time.

use chrono::NaiveDate;
use thiserror::Error;

use super::requests::DECIDE;
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, database_error, row, statement};

/// Who decides where nobody does.
const SERVER: (&str, i64) = ("server", 0);
const LAPSED: &str = "Nobody decided on it in time.";

/// Why a request was not refused.
#[derive(Debug, Error)]
pub enum RefusalError {
    /// There is no such request.
    #[error("there is no such request")]
    Unknown,
    /// It was withdrawn or refused, or its money is on the way.
    #[error("the request cannot be refused any more")]
    TooLate,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RefusalError);

statement!(static HOLD: (bool,) = "
    select r.status in ('REQUESTED', 'APPROVED') from repayment_requests q join account_repayments r on r.request_id = q.id
    where q.id = $1 for update of r");

/// Refuses a request whose money is not on its way yet. For whoever runs the server, and no request.
pub async fn refuse_by_hand(tx: &mut Tx, request: i64, why: &str) -> Result<(), RefusalError> {
    let (is_open,) =
        HOLD.query().bind(request).fetch_optional(&mut *tx).await?.ok_or(RefusalError::Unknown)?;
    if !is_open {
        return Err(RefusalError::TooLate);
    }
    Ok(refuse(tx, request, why).await?)
}

statement!(static OLD: (i64,) = "
    select q.id from repayment_requests q join account_repayments r on r.request_id = q.id
        join accounts a on a.id = q.account_id join refund_rules rules on rules.market = a.market
        join unnest($1::text[], $2::date[]) as today (market, day) on today.market = a.market
    where q.status = 'REQUESTED' and q.requested_at::date + rules.lapses_after_days <= today.day
    order by q.id limit $3 for update of r skip locked");

/// Refuses what nobody has decided on in time.
pub(super) async fn lapse(tx: &mut Tx, most: i64) -> Result<(), sqlx::Error> {
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    for (request,) in OLD.query().bind(markets).bind(days).bind(most).fetch_all(&mut *tx).await? {
        refuse(tx, request, LAPSED).await?;
    }
    Ok(())
}

row! {
    /// Who is written to about a repayment.
    pub(super) struct Whom {
        pub account_id: i64,
        pub billing_email: String,
        pub billing_name: String,
    }
}

statement!(static WHOM: Whom = "
    select a.id as account_id, a.billing_email, a.billing_name
    from repayment_requests q join accounts a on a.id = q.account_id where q.id = $1");

/// Refuses a request, and tells the customer why. Whoever calls this holds its repayment.
pub(super) async fn refuse(tx: &mut Tx, request: i64, why: &str) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let decide = DECIDE.query().bind(request).bind("REJECTED").bind(SERVER.0).bind(SERVER.1);
    if decide.bind(now).bind(why).fetch_optional(&mut *tx).await?.is_some() {
        let whom = WHOM.query().bind(request).fetch_one(&mut *tx).await?;
        let text = format!("your request {request} for some of your credit back was not granted. {why}");
        tell(tx, &whom, "repayment-refused", "Your request for a refund", &text).await?;
    }
    Ok(())
}

/// Writes to the customer, if there is an address.
pub(super) async fn tell(
    tx: &mut Tx,
    whom: &Whom,
    template: &'static str,
    subject: &str,
    text: &str,
) -> Result<(), sqlx::Error> {
    if whom.billing_email.is_empty() {
        return Ok(());
    }
    let text = format!("Dear {},\n\n{text}", whom.billing_name);
    let mail = NewMessage {
        channel: Channel::Email,
        template,
        account_user: None,
        to: &whom.billing_email,
        subject,
        text: &text,
        confidential: false,
    };
    messages::send_about(tx, &mail, whom.account_id).await?;
    Ok(())
}
