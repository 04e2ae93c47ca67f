//! What is still to be paid of bills. Money that raises a balance settles what lowered it, oldest bill first.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;

/// What a bill asks for, and how much of that is open. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The day by which it is to be paid.
    pub due_date: NaiveDate,
    /// All charges on it.
    pub expected: Minor,
    /// What of them nothing has settled.
    pub remaining: Minor,
    /// What has settled the rest, the oldest first.
    pub allocations: Vec<Allocation>,
    /// What payments that are under way are going to settle of what is open.
    pub intentions: Vec<Intention>,
}

/// How much of a bill a payment that is under way is going to settle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intention {
    /// In minor units.
    pub amount: Minor,
    /// Row id of the payment.
    pub payment: i64,
    /// The whole payment, in minor units.
    pub payment_amount: Minor,
    /// Why it is collected, where nobody asked for it by hand.
    pub reason: Option<String>,
}

/// How much of a bill a transaction settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// In minor units.
    pub amount: Minor,
    /// Row id of the transaction.
    pub source: i64,
    /// `credit`, `payment` or `charge` (of less than zero, such as for energy fed in).
    pub source_kind: String,
    /// The whole transaction, in minor units.
    pub source_amount: Minor,
}

row! {
    struct Wanted {
        id: i64,
        ledger_id: i64,
        due_date: Option<NaiveDate>,
    }
}

row! {
    struct Moved {
        ledger_id: i64,
        id: i64,
        kind: String,
        document_id: Option<i64>,
        effect: i64,
    }
}

row! {
    struct Coming {
        ledger_id: i64,
        id: i64,
        amount: i64,
        document_id: Option<i64>,
        reason: Option<String>,
    }
}

statement!(static COMING: Coming = "
    select p.ledger_id, p.id, p.amount, p.billing_document_id as document_id, p.reason from account_payments p
    where p.ledger_id = any($1::bigint[]) and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING')
    order by p.ledger_id, p.payment_date, p.id");
statement!(static WANTED: Wanted = concat!("
    select d.id, d.ledger_id, d.due_date from billing_documents d join ledgers l on l.id = d.ledger_id
        join accounts a on a.id = l.account_id
    where d.id = any($3::bigint[]) and ", account_is_visible!()));
// What is on no bill yet comes after what is.
statement!(static MOVED: Moved = "
    select t.ledger_id, t.id, t.kind, t.billing_document_id as document_id, p.amount as effect
    from transactions t join postings p on p.ledger_account_id = t.ledger_id and p.sequence = t.sequence
        left join billing_documents d on d.id = t.billing_document_id
    where t.ledger_id = any($1::bigint[])
    order by t.ledger_id, case when p.amount < 0 then d.position end nulls last, t.sequence");

/// The position of each of these documents, in order; none for those that were not issued. Three statements.
pub async fn of_documents(
    tx: &mut Tx,
    viewer: &Viewer,
    documents: &[i64],
) -> Result<Vec<Option<Position>>, sqlx::Error> {
    let query = WANTED.seen_by(viewer).bind(documents);
    let wanted = query.fetch_all(&mut *tx).await?;
    let mut ledgers: Vec<i64> = wanted.iter().map(|document| document.ledger_id).collect();
    ledgers.sort_unstable();
    ledgers.dedup();
    let mut moved: HashMap<i64, Vec<Moved>> = HashMap::new();
    for row in MOVED.query().bind(&ledgers).fetch_all(&mut *tx).await? {
        moved.entry(row.ledger_id).or_default().push(row);
    }
    let coming = COMING.query().bind(&ledgers).fetch_all(&mut *tx).await?;
    let mut found: HashMap<i64, Position> = HashMap::new();
    for (ledger, moved) in &moved {
        let settled = settle(moved);
        let coming: Vec<&Coming> = coming.iter().filter(|payment| payment.ledger_id == *ledger).collect();
        let intended = intend(&coming, open_bills(moved, &settled));
        for document in wanted.iter().filter(|document| document.ledger_id == *ledger) {
            let Some(due_date) = document.due_date else { continue };
            let mut position = position(document.id, due_date, moved, &settled);
            let mine = intended.iter().filter(|(bill, _)| *bill == document.id);
            position.intentions = mine.map(|(_, intention)| intention.clone()).collect();
            found.insert(document.id, position);
        }
    }
    Ok(documents.iter().map(|id| found.get(id).cloned()).collect())
}

/// A part of what one transaction took that another gave, by their places in the list.
struct Settled {
    taker: usize,
    giver: usize,
    amount: i64,
}

/// Lets those that raise the balance settle those that lower it, both in the order of the list.
fn settle(moved: &[Moved]) -> Vec<Settled> {
    let mut givers = moved.iter().enumerate().filter(|(_, row)| row.effect > 0);
    let mut giver = givers.next().map(|(place, row)| (place, row.effect));
    let mut settled = Vec::new();
    for (taker, row) in moved.iter().enumerate().filter(|(_, row)| row.effect < 0) {
        let mut open = row.effect.saturating_neg();
        while open > 0 {
            let Some((place, left)) = giver else { return settled };
            let amount = open.min(left);
            settled.push(Settled { taker, giver: place, amount });
            open -= amount;
            giver = if left > amount {
                Some((place, left - amount))
            } else {
                givers.next().map(|(place, row)| (place, row.effect))
            };
        }
    }
    settled
}

/// What is open of each bill of a ledger, in the order of the bills.
fn open_bills(moved: &[Moved], settled: &[Settled]) -> Vec<(i64, i64)> {
    let mut open: Vec<(i64, i64)> = Vec::new();
    for (place, row) in moved.iter().enumerate() {
        let Some(document) = row.document_id.filter(|_| row.kind == "charge" && row.effect < 0) else {
            continue;
        };
        let done: i64 = settled.iter().filter(|part| part.taker == place).map(|part| part.amount).sum();
        let rest = row.effect.saturating_neg().saturating_sub(done);
        match open.last_mut() {
            Some((last, sum)) if *last == document => *sum += rest,
            _ => open.push((document, rest)),
        }
    }
    open
}

/// Lets payments that are under way settle what is open: first the bill that each is collected for, then the oldest.
fn intend(coming: &[&Coming], mut open: Vec<(i64, i64)>) -> Vec<(i64, Intention)> {
    let mut left: Vec<i64> = coming.iter().map(|payment| payment.amount).collect();
    let mut intended = Vec::new();
    for only_own in [true, false] {
        for (payment, left) in coming.iter().zip(&mut left) {
            for (document, rest) in &mut open {
                let amount = (*rest).min(*left);
                if amount <= 0 || (only_own && payment.document_id != Some(*document)) {
                    continue;
                }
                (*rest, *left) = (*rest - amount, *left - amount);
                let intention = Intention {
                    amount: Minor(amount),
                    payment: payment.id,
                    payment_amount: Minor(payment.amount),
                    reason: payment.reason.clone(),
                };
                intended.push((*document, intention));
            }
        }
    }
    intended
}

fn position(document: i64, due_date: NaiveDate, moved: &[Moved], settled: &[Settled]) -> Position {
    let asks = |row: &Moved| row.document_id == Some(document) && row.kind == "charge";
    let expected: i64 =
        moved.iter().filter(|row| asks(row) && row.effect < 0).map(|row| row.effect.saturating_neg()).sum();
    let mut allocations: Vec<Allocation> = Vec::new();
    for part in settled {
        let (Some(taker), Some(giver)) = (moved.get(part.taker), moved.get(part.giver)) else { continue };
        if !asks(taker) {
            continue;
        }
        match allocations.last_mut() {
            Some(last) if last.source == giver.id => last.amount.0 += part.amount,
            _ => allocations.push(Allocation {
                amount: Minor(part.amount),
                source: giver.id,
                source_kind: giver.kind.clone(),
                source_amount: Minor(giver.effect),
            }),
        }
    }
    let done: i64 = allocations.iter().map(|allocation| allocation.amount.0).sum();
    Position {
        due_date,
        expected: Minor(expected),
        remaining: Minor(expected - done),
        allocations,
        intentions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(id: i64, kind: &str, document_id: Option<i64>, effect: i64) -> Moved {
        Moved { ledger_id: 1, id, kind: kind.into(), document_id, effect }
    }

    /// Expected, remaining, and what settled it: source and amount.
    type Short = (i64, i64, Vec<(i64, i64)>);

    fn positions(rows: &[Moved], documents: &[i64]) -> Vec<Short> {
        let (settled, day) = (settle(rows), NaiveDate::default());
        let short = |document: &i64| {
            let p = position(*document, day, rows, &settled);
            let parts = p.allocations.iter().map(|part| (part.source, part.amount.0)).collect();
            (p.expected.0, p.remaining.0, parts)
        };
        documents.iter().map(short).collect()
    }

    #[test]
    fn the_oldest_bill_is_settled_first() {
        let rows = [
            moved(1, "charge", Some(10), -100),
            moved(2, "charge", Some(10), -50),
            moved(4, "charge", Some(11), -80),
            moved(6, "charge", None, -70),
            moved(3, "payment", Some(11), 120),
            moved(5, "credit", Some(11), 60),
        ];
        assert_eq!(positions(&rows, &[10, 11]), [(150, 0, vec![(3, 120), (5, 30)]), (80, 50, vec![(5, 30)])]);
    }

    #[test]
    fn what_is_under_way_settles_its_own_bill_and_then_the_oldest() {
        let rows = [
            moved(1, "charge", Some(10), -100),
            moved(2, "charge", Some(10), -50),
            moved(4, "charge", Some(11), -80),
            moved(6, "charge", None, -70),
            moved(3, "payment", Some(11), 120),
        ];
        let open = open_bills(&rows, &settle(&rows));
        assert_eq!(open, [(10, 30), (11, 80)]);
        let coming = |id, amount, document_id| Coming { ledger_id: 1, id, amount, document_id, reason: None };
        let payments = [coming(7, 40, None), coming(8, 60, Some(11)), coming(9, 500, None)];
        let intended = intend(&payments.iter().collect::<Vec<_>>(), open);
        let short: Vec<(i64, i64, i64)> =
            intended.iter().map(|(bill, each)| (*bill, each.payment, each.amount.0)).collect();
        assert_eq!(short, [(11, 8, 60), (10, 7, 30), (11, 7, 10), (11, 9, 10)]);
    }

    #[test]
    fn what_was_paid_back_settles_nothing() {
        let rows = [
            moved(2, "refund", Some(10), -60),
            moved(3, "charge", Some(10), -100),
            moved(1, "payment", Some(10), 100),
        ];
        assert_eq!(positions(&rows, &[10]), [(100, 60, vec![(1, 40)])]);
    }

    #[test]
    fn energy_fed_in_settles_and_is_not_asked_for() {
        let rows = [moved(2, "charge", Some(10), -100), moved(1, "charge", Some(10), 30)];
        assert_eq!(positions(&rows, &[10, 11]), [(100, 70, vec![(1, 30)]), (0, 0, vec![])]);
    }
}
