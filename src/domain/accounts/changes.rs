//! What was changed about customers and their accounts: one row an attribute, only ever added.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::auth::subjects::Subject;
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, Through, Viewer};
use crate::domain::events::{self, Event, Name};
use crate::platform::db::{Tx, statement};

/// Whose attributes they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The account user with this row id.
    User(i64),
    /// The account with this row id.
    Account(i64),
}

/// Attributes that are about to change, with what they were and will be.
#[derive(Debug, Default)]
pub struct Changes {
    fields: Vec<&'static str>,
    before: Vec<Value>,
    after: Vec<Value>,
}

statement!(static ADD: () = "
    insert into detail_changes (account_user_id, account_id, field, before, after, by_kind, by_id, at)
    select $1::bigint, $2::bigint, changed.field, changed.before, changed.after, $3, $4, $5
    from unnest($6::text[], $7::jsonb[], $8::jsonb[]) as changed (field, before, after)");

impl Changes {
    /// Gives an attribute a value, and remembers it if that changes anything.
    pub fn set<T: PartialEq + Serialize>(&mut self, field: &'static str, slot: &mut T, value: T) {
        if *slot == value {
            return;
        }
        self.fields.push(field);
        self.before.push(serde_json::to_value(&*slot).unwrap_or_default());
        self.after.push(serde_json::to_value(&value).unwrap_or_default());
        *slot = value;
    }

    /// As [`Changes::set`], where there is a value; what is left out stays.
    pub fn set_given<T: PartialEq + Serialize>(
        &mut self,
        field: &'static str,
        slot: &mut T,
        value: Option<T>,
    ) {
        if let Some(value) = value {
            self.set(field, slot, value);
        }
    }

    /// The names of the attributes that change.
    pub fn fields(&self) -> &[&'static str] {
        &self.fields
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Notes the changes and whose hand made them, and tells other systems which attributes they are. Two statements.
    pub async fn keep(self, tx: &mut Tx, viewer: &Viewer, about: About) -> Result<(), sqlx::Error> {
        let (name, whose) = match about {
            About::User(id) => (Name::UserChanged, events::About::User(id)),
            About::Account(id) => (Name::AccountChanged, events::About::Account(id)),
        };
        let told = Event { name, about: whose, data: json!({ "fields": &self.fields }) };
        self.keep_untold(tx, viewer, about).await?;
        events::record(tx, &[told]).await
    }

    /// As [`Changes::keep`], but no other system hears of it. One statement.
    pub(super) async fn keep_untold(
        self,
        tx: &mut Tx,
        viewer: &Viewer,
        about: About,
    ) -> Result<(), sqlx::Error> {
        let (user, account) = match about {
            About::User(id) => (Some(id), None),
            About::Account(id) => (None, Some(id)),
        };
        let (kind, id) = hand(viewer);
        let now = tx.business_now().await?;
        let insert = ADD.command().bind(user).bind(account).bind(kind).bind(id).bind(now);
        insert.bind(self.fields).bind(self.before).bind(self.after).execute(&mut *tx).await?;
        Ok(())
    }
}

/// Who is really at work: whoever holds the session.
pub(in crate::domain) fn hand(viewer: &Viewer) -> (&'static str, i64) {
    let subject = match viewer {
        Viewer::AccountUser { through: Through::Masquerade { staff }, .. } => {
            Some(Subject::SupportUser(*staff))
        }
        Viewer::AccountUser { through: Through::ThirdParty { organisation }, .. } => {
            Some(Subject::Organisation(*organisation))
        }
        _ => viewer.subject(),
    };
    subject.map_or(("anonymous", 0), |subject| (subject.kind(), subject.id()))
}

/// Whether the viewer may change what is known about the customers that they see: customers may, others need the
/// permission.
pub(in crate::domain) fn may_edit(viewer: &Viewer) -> bool {
    viewer.account_user().is_some() || viewer.may(EDIT_CUSTOMERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_the_same_leaves_no_trace() {
        let (mut name, mut title) = ("Ada".to_owned(), None);
        let mut changes = Changes::default();
        changes.set("givenName", &mut name, "Ada".to_owned());
        changes.set_given("givenName", &mut name, None);
        assert!(changes.is_empty());
        changes.set("title", &mut title, Some("Dr"));
        assert_eq!((changes.fields(), title), (&["title"][..], Some("Dr")));
        assert_eq!((changes.before, changes.after), (vec![Value::Null], vec![Value::from("Dr")]));
    }

    #[test]
    fn the_hand_is_whoever_holds_the_session() {
        let through = |through| Viewer::AccountUser { id: 7, through };
        assert_eq!(hand(&Viewer::customer(7)), ("account-user", 7));
        assert_eq!(hand(&through(Through::Masquerade { staff: 3 })), ("support-user", 3));
        assert_eq!(hand(&through(Through::ThirdParty { organisation: 5 })), ("organisation", 5));
    }
}
