//! The proof that the books are right: set-based, over everything that was ever posted.

use super::billing;
use crate::platform::db::{Statement, Tx, statement};

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, as a sentence that should hold.
    pub rule: &'static str,
    /// How many rows were looked at.
    pub examined: i64,
    /// How many break it.
    pub broken: i64,
}

statement!(static SUMS: (i64, i64) = "
    select count(*), count(*) filter (where legs < 2 or total <> 0) from (
        select count(p.amount) as legs, coalesce(sum(p.amount), 0) as total
        from journal_entries e left join postings p on p.journal_entry_id = e.id group by e.id
    ) entries");
statement!(static BALANCES: (i64, i64) = "
    select count(*), count(*) filter (where b.balance is distinct from coalesce(p.total, 0)
        or b.last_sequence is distinct from coalesce(p.postings, 0))
    from ledger_accounts l left join ledger_balances b on b.ledger_account_id = l.id
    left join (select ledger_account_id, sum(amount) as total, count(*) as postings from postings
        group by ledger_account_id) p on p.ledger_account_id = l.id");
statement!(static CHAINS: (i64, i64) = "
    select count(*), count(*) filter (where balance_after <> running or sequence <> place) from (
        select balance_after, sequence, sum(amount) over chain as running, row_number() over chain as place
        from postings window chain as (partition by ledger_account_id order by sequence)
    ) links");
statement!(static CURRENCIES: (i64, i64) = "
    select count(*), count(*) filter (where p.currency <> e.currency or p.currency <> l.currency)
    from postings p join journal_entries e on e.id = p.journal_entry_id
    join ledger_accounts l on l.id = p.ledger_account_id");
statement!(static MARKETS: (i64, i64) = "
    select count(*), count(*) filter (where s.market <> a.market or s.owner <> 'customer')
    from ledgers l join ledger_accounts s on s.id = l.id join accounts a on a.id = l.account_id");
statement!(static AMOUNTS: (i64, i64) = "
    select count(*), count(*) filter (where p.journal_entry_id <> t.journal_entry_id
        or (e.kind <> t.kind and e.kind <> 'reversal' and (e.kind <> 'write_off' or t.kind <> 'credit')
            and (e.kind <> 'transfer' or t.kind not in ('charge', 'credit')))
        or p.amount <> case when t.kind in ('credit', 'payment') then t.amount else -t.amount end)
    from transactions t join postings p on p.ledger_account_id = t.ledger_id and p.sequence = t.sequence
    join journal_entries e on e.id = t.journal_entry_id");
statement!(static SHOWN: (i64, i64) = "
    select count(*), count(*) filter (where t.id is null)
    from postings p join ledgers l on l.id = p.ledger_account_id
    left join transactions t on t.ledger_id = p.ledger_account_id and t.sequence = p.sequence");
statement!(static ORDERED: (i64, i64) = "
    select count(*), count(*) filter (where id < before) from (
        select id, lag(id) over (partition by ledger_id order by sequence) as before from transactions
    ) places");

statement!(static REVERSALS: (i64, i64) = "
    select count(*), count(*) filter (where exists (
        select 1 from postings p where p.journal_entry_id in (r.id, r.reverses_id)
        group by p.ledger_account_id having sum(p.amount) <> 0))
    from journal_entries r where r.reverses_id is not null");
statement!(static REVERSED: (i64, i64) = "
    select count(*), count(*) filter (where t.is_reversed <> exists (
        select 1 from journal_entries r where r.reverses_id = t.journal_entry_id))
    from transactions t");
statement!(static PLANNED: (i64, i64) = "
    select count(*), count(*) filter (where t.ledger_id <> s.ledger_id or t.kind <> lower(s.action)
        or t.amount <> s.gross_amount or t.tax_amount <> s.tax_amount)
    from scheduled_transactions s join transactions t on t.id = s.transaction_id");

static RULES: [(&str, &Statement<(i64, i64)>); 11] = [
    ("every journal entry sums to zero", &SUMS),
    ("every balance equals its postings", &BALANCES),
    ("every balance carried forward follows from the one before", &CHAINS),
    ("every posting is in the currency of its entry and its ledger", &CURRENCIES),
    ("every ledger is in the market of its account", &MARKETS),
    ("every transaction says what was posted", &AMOUNTS),
    ("every posting on a customer's ledger is shown as a transaction", &SHOWN),
    ("transactions are numbered in the order of their ledger", &ORDERED),
    ("every reversal undoes the whole of an entry", &REVERSALS),
    ("what is shown as reversed has been reversed", &REVERSED),
    ("what was planned was posted as planned", &PLANNED),
];

/// Tries every rule. The books are right when nothing is broken in any of them.
pub async fn run(tx: &mut Tx) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::with_capacity(RULES.len() + billing::check::RULES.len());
    for (rule, statement) in RULES.iter().chain(&billing::check::RULES) {
        let (examined, broken) = statement.query().fetch_one(&mut *tx).await?;
        findings.push(Finding { rule, examined, broken });
    }
    Ok(findings)
}
