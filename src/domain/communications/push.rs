//! Devices that people want to be notified on: an app and the token that the device gave it.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};

/// How long a binding is good for, unless the app renews it.
pub const LIFETIME: TimeDelta = TimeDelta::days(180);
/// Characters of a token.
const LONGEST: usize = 4_096;

/// Why nothing was registered or taken back.
#[derive(Debug, Error)]
pub enum PushError {
    /// The viewer is no customer.
    #[error("only customers have devices")]
    Forbidden,
    /// This cannot be, and why.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// The viewer has no binding with this token.
    #[error("the viewer has no such device")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PushError);

row! {
    /// A device of a customer's with an app on it.
    pub struct Binding {
        /// Row id.
        pub id: i64,
        /// Whose it is.
        pub account_user_id: i64,
        /// Row id of the app.
        pub application_id: i64,
        /// What the device gave the app.
        pub token: String,
        /// When it was registered.
        pub registered_at: DateTime<Utc>,
        /// Until when it is good.
        pub expires_at: DateTime<Utc>,
    }
}

row! {
    /// An app that can be notified.
    pub struct Application {
        /// Row id.
        pub id: i64,
        /// Its name.
        pub name: String,
        /// What the store knows it by.
        pub bundle_id: String,
        /// One of `NotifiableApplicationService`.
        pub service: String,
        /// One of `NotifiableApplicationExternalProvider`.
        pub external_provider: String,
        /// What the provider knows it by.
        pub external_project_id: String,
        /// In a sentence.
        pub description: String,
    }
}

statement!(static APPLICATION: (i64,) = "select id from notifiable_applications where bundle_id = $1");
statement!(static APPLICATIONS: Application = "
    select id, name, bundle_id, service, external_provider, external_project_id, description
    from notifiable_applications where id = any($1::bigint[])");
// The device is whoever's is logged in there now.
statement!(static REGISTER: Binding = "
    insert into push_notification_bindings (application_id, account_user_id, token, registered_at, expires_at)
    values ($1, $2, $3, $4, $5)
    on conflict on constraint push_notification_bindings_token_key do update
        set account_user_id = excluded.account_user_id, registered_at = excluded.registered_at,
            expires_at = excluded.expires_at
    returning id, account_user_id, application_id, token, registered_at, expires_at");
statement!(static OF_USER: Binding = "
    select id, account_user_id, application_id, token, registered_at, expires_at from push_notification_bindings
    where account_user_id = $1 and application_id = any($2::bigint[]) and expires_at > $3 order by id");
statement!(static DELETE: (i64,) = "
    delete from push_notification_bindings where account_user_id = $1 and token = $2 returning id");

/// Starts notifying a device of the viewer's.
pub async fn register(tx: &mut Tx, viewer: &Viewer, token: &str, bundle: &str) -> Result<Binding, PushError> {
    let user = viewer.account_user().ok_or(PushError::Forbidden)?;
    if token.is_empty() || token.chars().count() > LONGEST {
        return Err(PushError::Invalid("token", "This is no token of a device."));
    }
    let application = APPLICATION.query().bind(bundle).fetch_optional(&mut *tx).await?;
    let (application,) = application.ok_or(PushError::Invalid("bundleId", "There is no such app."))?;
    let now = tx.business_now().await?;
    let register = REGISTER.query().bind(application).bind(user).bind(token).bind(now).bind(now + LIFETIME);
    Ok(register.fetch_one(&mut *tx).await?)
}

/// Stops notifying a device of the viewer's.
pub async fn delete(tx: &mut Tx, viewer: &Viewer, token: &str) -> Result<(), PushError> {
    let user = viewer.account_user().ok_or(PushError::Forbidden)?;
    let gone = DELETE.query().bind(user).bind(token).fetch_all(&mut *tx).await?;
    if gone.is_empty() { Err(PushError::Unknown) } else { Ok(()) }
}

/// The apps with these ids.
pub async fn applications(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Application>, sqlx::Error> {
    APPLICATIONS.query().bind(ids).fetch_all(&mut *tx).await
}

/// The viewer's devices with each of these apps, oldest first.
pub async fn bindings(
    tx: &mut Tx,
    viewer: &Viewer,
    applications: &[i64],
) -> Result<Vec<Vec<Binding>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = OF_USER.query().bind(viewer.account_user().unwrap_or_default()).bind(applications).bind(now);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(applications, rows.into_iter().map(|binding| (binding.application_id, binding)).collect()))
}
