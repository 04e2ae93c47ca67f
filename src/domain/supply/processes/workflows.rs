//! Moving out, step by step: what of it has been done, for staff.

use super::Kind;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{Page, Window};

row! {
    /// A move-out.
    pub struct Workflow {
        /// Row id of its process.
        pub id: i64,
        /// One of `Status`.
        pub status: String,
        /// Whether the day has come.
        pub has_come: bool,
        /// How ending the supply stands; nothing where nothing was supplied.
        pub leaving: Option<String>,
        /// Whether the bill for the last days is made; nothing where none was asked for.
        pub is_billed: Option<bool>,
    }
}

/// A step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The process and the place of the step in it.
    pub id: String,
    /// What is done.
    pub name: &'static str,
    /// One of `Status`.
    pub status: &'static str,
}

impl Workflow {
    /// Its steps, in the order in which they come about.
    pub fn steps(&self) -> Vec<Step> {
        let supply = match self.leaving.as_deref() {
            None => "SKIPPED",
            Some("COMPLETED" | "PARTIALLY_COMPLETED") => "COMPLETED",
            Some("STALLED") => "STALLED",
            Some("PENDING") => "PENDING",
            Some("CANCELLED") => "CANCELLED",
            Some(_) => "IN_PROGRESS",
        };
        let property = if self.has_come { "COMPLETED" } else { "PENDING" };
        let bill = match (self.is_billed, self.has_come) {
            (None, _) => "SKIPPED",
            (Some(true), _) => "COMPLETED",
            (Some(false), true) => "IN_PROGRESS",
            (Some(false), false) => "PENDING",
        };
        let steps = [
            ("Note the day", "COMPLETED"),
            ("End supply", supply),
            ("Give up the property", property),
            ("Send the final bill", bill),
        ];
        let step = |(at, (name, status)): (usize, (&'static str, &'static str))| Step {
            id: format!("{}:{}", self.id, at + 1),
            name,
            status,
        };
        steps.into_iter().enumerate().map(step).collect()
    }
}

/// Which move-outs are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of the account with this number.
    pub account_number: Option<String>,
    /// Those from this property, by row id.
    pub property: Option<i64>,
}

statement!(static COUNT: (i64,) = concat!("
    select count(*) from supply_processes p join accounts a on a.id = p.account_id
    where p.kind = $3 and ($4::text is null or a.number = $4) and ($5::bigint is null or p.property_id = $5) and ",
    account_is_visible!()));
statement!(static PAGE: Workflow = concat!("
    select p.id, p.status, p.effective_at <= $6::timestamptz as has_come,
        (select l.status from supply_processes l where l.kind = 'leave' and l.account_id = p.account_id
            and l.property_id = p.property_id and l.effective_at = p.effective_at order by l.id desc limit 1) as leaving,
        (select m.billed_at is not null from move_outs m where m.account_id = p.account_id
            and m.property_id = p.property_id and m.told_at = p.requested_at limit 1) as is_billed
    from supply_processes p join accounts a on a.id = p.account_id
    where p.kind = $3 and ($4::text is null or a.number = $4) and ($5::bigint is null or p.property_id = $5) and ",
    account_is_visible!(), " order by p.id desc offset $7 limit $8"));

/// One page of move-outs, the latest first.
///
/// # Errors
/// Those of the database.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    filter: &Filter,
    window: &Window,
) -> Result<Page<Workflow>, sqlx::Error> {
    let now = tx.business_now().await?;
    let kind = Kind::Vacate.code();
    let total = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(kind);
        let count = count.bind(&filter.account_number).bind(filter.property).fetch_one(&mut *tx).await?;
        Some(count.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let rows = PAGE.seen_by(viewer).bind(kind).bind(&filter.account_number);
    let rows = rows.bind(filter.property).bind(now).bind(slice.offset).bind(slice.limit.saturating_add(1));
    Ok(Page::cut(window, slice, rows.fetch_all(&mut *tx).await?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_from_what_was_done() {
        let workflow = |has_come, leaving: Option<&str>, is_billed| Workflow {
            id: 7,
            status: "PENDING".to_owned(),
            has_come,
            leaving: leaving.map(str::to_owned),
            is_billed,
        };
        let of = |workflow: Workflow| workflow.steps().iter().map(|step| step.status).collect::<Vec<_>>();
        let before = workflow(false, Some("IN_PROGRESS"), Some(false));
        assert_eq!(before.steps()[1].id, "7:2");
        assert_eq!(of(before), ["COMPLETED", "IN_PROGRESS", "PENDING", "PENDING"]);
        let due = workflow(true, Some("COMPLETED"), Some(false));
        assert_eq!(of(due), ["COMPLETED", "COMPLETED", "COMPLETED", "IN_PROGRESS"]);
        assert_eq!(of(workflow(true, None, None)), ["COMPLETED", "SKIPPED", "COMPLETED", "SKIPPED"]);
    }
}
