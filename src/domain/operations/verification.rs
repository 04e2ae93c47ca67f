//! Who a customer is, shown by a code that is sent to them: a member of staff on the telephone has one sent and is told it,
//! and so can customers for themselves. A code is good once, for a quarter of an hour, and for whoever asked for it.

use chrono::TimeDelta;
use thiserror::Error;

use crate::domain::accounts::changes::{hand, may_edit};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::auth::refresh::digest;
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::domain::communications::verification::take_for_proved;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

/// How long a code is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);
const EMAIL: &str = "EMAIL";

/// Why no code was sent, or one proves nothing.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The viewer may verify nobody, or does not see the customer.
    #[error("the viewer may not verify this customer")]
    Forbidden,
    /// There is no such brand.
    #[error("there is no such brand")]
    Brand,
    /// No code can be sent to the customer in this way.
    #[error("customers are not verified in this way")]
    Unsupported,
    /// The code was not sent, is too old or was used.
    #[error("the code is not good")]
    Code,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(VerifyError);

/// Whom a code is wanted for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Number of the account user.
    pub user: String,
    /// One of `CustomerVerificationType`.
    pub verification_type: String,
    /// In whose name it is sent.
    pub brand: String,
}

row! {
    struct Customer {
        id: i64,
        email: String,
        mobile: String,
    }
}

// Customers verify themselves alone.
statement!(static CUSTOMER: Customer = concat!("
    select u.id, u.email, u.mobile from account_users u
    where u.number = $3 and u.is_active and ($1 <> 'account-user' or u.id = $2) and ", user_is_visible!()));
statement!(static PUT: () = "
    insert into customer_verifications (account_user_id, verification_type, sent_to, code_hash, by_kind, by_id, sent_at,
        expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (by_kind, by_id, account_user_id, verification_type) where verified_at is null
        do update set sent_to = excluded.sent_to, code_hash = excluded.code_hash, sent_at = excluded.sent_at,
            expires_at = excluded.expires_at");
// Whoever has another address by now is not shown to be themselves by a code that went to the old one.
statement!(static VERIFY: (i64, String) = "
    update customer_verifications v set verified_at = $6
    where v.verified_at is null and v.id = (
        select held.id from customer_verifications held join account_users u on u.id = held.account_user_id
        where held.by_kind = $1 and held.by_id = $2 and held.verification_type = $3 and held.code_hash = $4
            and held.expires_at > $5 and held.verified_at is null and u.is_active
            and held.sent_to = case held.verification_type when 'EMAIL' then u.email else u.mobile end
        order by held.id limit 1 for update of held)
    returning v.account_user_id, v.sent_to");

/// Sends a code to a customer, which takes an older one's place.
pub async fn start(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    wish: &Wish,
) -> Result<(), VerifyError> {
    if !may_edit(viewer) {
        return Err(VerifyError::Forbidden);
    }
    if market::of_brand(&wish.brand).is_none() {
        return Err(VerifyError::Brand);
    }
    let query = CUSTOMER.seen_by(viewer).bind(&wish.user);
    let customer = query.fetch_optional(&mut *tx).await?.ok_or(VerifyError::Forbidden)?;
    let (channel, to) = match wish.verification_type.as_str() {
        EMAIL => (Channel::Email, customer.email),
        "SMS" => (Channel::Sms, customer.mobile),
        _ => return Err(VerifyError::Unsupported),
    };
    if to.is_empty() {
        return Err(VerifyError::Unsupported);
    }
    let code = format!("{:08}", random.below(100_000_000));
    let (kind, by) = hand(viewer);
    let now = tx.wall_now();
    let put = PUT.command().bind(customer.id).bind(&wish.verification_type).bind(&to).bind(digest(&code));
    put.bind(kind).bind(by).bind(now).bind(now + LIFETIME).execute(&mut *tx).await?;
    let text = format!("Your code is {code}. Give it only to whoever asked you for it, within 15 minutes.");
    let new = NewMessage {
        channel,
        template: "customer-verification",
        account_user: Some(customer.id),
        to: &to,
        subject: if channel == Channel::Email { "Your code" } else { "" },
        text: &text,
        confidential: true,
    };
    messages::send(tx, &new).await?;
    Ok(())
}

/// The customer to whom a code was sent that the viewer asked for. One that went by e-mail proves the address as well.
pub async fn verify(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    (verification_type, code): (&str, &str),
) -> Result<AccountUser, VerifyError> {
    if !may_edit(viewer) {
        return Err(VerifyError::Forbidden);
    }
    let (kind, by) = hand(viewer);
    let (wall, now) = (tx.wall_now(), tx.business_now().await?);
    let verify = VERIFY.query().bind(kind).bind(by).bind(verification_type).bind(digest(code.trim()));
    let done = verify.bind(wall).bind(now).fetch_optional(&mut *tx).await?;
    let (user, sent_to) = done.ok_or(VerifyError::Code)?;
    if verification_type == EMAIL {
        take_for_proved(tx, random, user, &sent_to).await?;
    }
    // An organisation may have lost the customer meanwhile.
    users::by_ids(tx, viewer, &[user]).await?.pop().flatten().ok_or(VerifyError::Code)
}
