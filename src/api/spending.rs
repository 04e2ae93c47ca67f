//! What a request spends: points of whoever is behind it, and places in the counts of single fields.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::session::Session;
use crate::domain::auth::limits::{
    self, FieldRate, Key, LimitError, Limited, Payer, Reservation, Spent, Standing,
};
use crate::graphql::error::TOO_MANY_REQUESTS;
use crate::graphql::{FieldError, FieldFacts, Response};

/// The field that says itself who pays for a request of nobody in particular: whoever renews a session is
/// known by the refresh token, and must not be kept out by others at the same address.
const SAYS_WHO_PAYS: &str = "Mutation.obtainKrakenToken";
/// The key of `extensions` that says how many seconds to wait.
const RETRY_AFTER: &str = "retryAfter";

/// What one request has spent so far.
#[derive(Debug, Default)]
pub(super) struct Spending(Mutex<Account>);

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    /// How the payer stands since the request was counted.
    standing: Option<Standing>,
    /// Points that are due once it is known who pays.
    owed: i64,
    was_refused: bool,
}

impl Spending {
    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Counts the request. One whose credential is refused runs nothing and spends nothing: it must learn
    /// what is wrong with the credential.
    pub(super) async fn spend(&self, points: i64, says_who_pays: bool) -> Result<(), FieldError> {
        if points == 0 || self.is_refused() {
            return Ok(());
        }
        if says_who_pays && !self.viewer().is_known() {
            self.spending.account().owed = points;
            return Ok(());
        }
        self.charge(&Payer::of(self.viewer(), self.client()), points).await
    }

    /// Whether the only root field of a request says itself who pays.
    pub(super) fn says_who_pays(roots: &[&FieldFacts]) -> bool {
        matches!(roots, [only] if only.coordinate == SAYS_WHO_PAYS)
    }

    /// Whether it is still open who pays for the request.
    pub(super) fn owes(&self) -> bool {
        self.spending.account().owed > 0
    }

    /// Pays what is owed: `payer`, or else the caller's address.
    ///
    /// # Errors
    /// KT-CT-1199.
    pub(super) async fn settle(&self, payer: Option<Payer>) -> Result<(), FieldError> {
        let owed = std::mem::take(&mut self.spending.account().owed);
        if owed == 0 {
            return Ok(());
        }
        self.charge(&payer.unwrap_or_else(|| Payer::address(self.client())), owed).await
    }

    async fn charge(&self, payer: &Payer, points: i64) -> Result<(), FieldError> {
        let (leases, database) = (self.app.leases(), self.app.database());
        let spent = match leases.pay(database, payer, points) {
            Some(standing) => Spent::Counted(standing),
            None => self.lease(payer, points).await?,
        };
        let mut account = self.spending.account();
        match spent {
            Spent::Counted(standing) => {
                account.standing = Some(standing);
                Ok(())
            }
            Spent::Refused(standing, limited) => {
                (account.standing, account.was_refused) = (Some(standing), true);
                Err(too_many(&limited))
            }
            Spent::Unknown => Ok(()),
        }
    }

    /// Counts the request where there are no points left that were taken before. The connection that it has already is
    /// the one that asks: it would have to wait twice for another.
    async fn lease(&self, payer: &Payer, points: i64) -> Result<Spent, FieldError> {
        let (leases, database) = (self.app.leases(), self.app.database());
        let held = self.hold().await;
        if !payer.is_known() {
            drop(held);
            let _turn = database.gate().enter(self.deadline()).await.ok_or_else(|| self.busy())?;
            return Ok(leases.spend(database, None, payer, points).await.0);
        }
        let (spent, held) = leases.spend(database, held, payer, points).await;
        if let Some(held) = held {
            self.resume(held).await;
        }
        Ok(spent)
    }

    /// How the caller stands; `None` if that could not be learnt.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.spending.account().standing
    }

    /// Whether the request was refused for want of points.
    pub(super) fn was_refused(&self) -> bool {
        self.spending.account().was_refused
    }

    /// Takes a place in the counts of a root field with `@rate`, named as in `obtainKrakenToken`, before its costly
    /// work is done: one for each of `keys` and one for the caller's address. Give it back if only failures are to
    /// count.
    ///
    /// # Errors
    /// KT-CT-1199; internal, if the database cannot be reached.
    pub(super) async fn reserve(
        &self,
        field: &'static str,
        keys: &[Key<'_>],
    ) -> Result<Reservation, FieldError> {
        let declared = self.app.rate(field);
        let declared = declared.ok_or_else(|| FieldError::internal(format!("{field} has no @rate")))?;
        let rate = FieldRate { field, limit: declared.limit, seconds: declared.seconds };
        let mut all = vec![Key::Address(self.client())];
        all.extend_from_slice(keys);
        self.end().await;
        let turn = self.app.database().gate().enter(self.deadline()).await;
        let _turn = turn.ok_or_else(|| self.busy())?;
        let taken = limits::reserve(self.app.database(), self.deadline(), self.stats(), &rate, &all).await;
        taken.map_err(|error| match error {
            LimitError::Limited(limited) => too_many(&limited),
            LimitError::Database(error) => FieldError::internal(error),
        })
    }

    /// Gives a place back: the attempt succeeded.
    pub(super) async fn give_back(&self, place: Reservation) {
        self.end().await;
        place.give_back(self.deadline(), self.stats()).await;
    }

    /// The answer to whoever would have to wait too long for a turn.
    pub(super) fn busy(&self) -> FieldError {
        too_many(&Limited::busy(self.app.database().wall().now(), self.app.auth().random()))
    }

    /// What the answer's headers say of the allowance.
    pub(super) fn limit_headers(&self, response: &Response) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(standing) = self.standing() {
            let now = self.app.database().wall().now();
            headers.push(("ratelimit-limit", standing.limit.to_string()));
            headers.push(("ratelimit-remaining", standing.remaining().to_string()));
            headers.push(("ratelimit-reset", standing.resets_in(now).to_string()));
        }
        let waits = response.report.errors.iter().filter_map(|raised| retry_after(&raised.error));
        headers.extend(waits.max().map(|seconds| ("retry-after", seconds.to_string())));
        headers
    }
}

/// KT-CT-1199, and when to come back.
fn too_many(limited: &Limited) -> FieldError {
    let resets_at = limited.resets_at.to_rfc3339_opts(SecondsFormat::Secs, false);
    FieldError::code(TOO_MANY_REQUESTS)
        .with(RETRY_AFTER, json!(limited.retry_after))
        .with("resetsAt", json!(resets_at))
}

fn retry_after(error: &FieldError) -> Option<i64> {
    if error.code_name() != Some(TOO_MANY_REQUESTS) {
        return None;
    }
    error.extensions().as_ref().and_then(|all| all.get(RETRY_AFTER)).and_then(Value::as_i64)
}
