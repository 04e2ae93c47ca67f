//! The proof that the books are right: set-based, over everything that was ever posted. Rules that look at the same rows
//! share a pass over them, because most of the time goes into bringing many rows into order.

use super::{billing, contracts, leads, loyalty, payments, supply};
use crate::platform::db::{Statement, Tx, row, statement};

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

row! {
    struct Entries {
        entries: i64,
        unbalanced: i64,
        mixed: i64,
    }
}

row! {
    struct Ledgers {
        ledgers: i64,
        unequal: i64,
        postings: i64,
        unchained: i64,
        mixed: i64,
        on_customers: i64,
        hidden: i64,
        shown: i64,
        disordered: i64,
        misstated: i64,
    }
}

// By entry. Rows lie as they were posted, so both sides come in order.
statement!(static ENTRIES: Entries = "
    select count(*) as entries, count(*) filter (where legs < 2 or total <> 0) as unbalanced,
        coalesce(sum(mixed), 0)::bigint as mixed
    from (
        select count(p.amount) as legs, coalesce(sum(p.amount), 0) as total,
            count(*) filter (where p.currency <> e.currency) as mixed
        from journal_entries e left join postings p on p.journal_entry_id = e.id group by e.id
    ) entries");
// By ledger: every posting beside the one before it and the transaction that shows it. A balance is carried forward
// rightly if it differs by the amount from the one before, and the first from nothing. No two have one place, so none is
// missing where the last place is as high as there are postings.
statement!(static LEDGERS: Ledgers = "
    with links as (
        select p.ledger_account_id as ledger, p.amount, p.currency,
            p.balance_after <> p.amount + lag(p.balance_after, 1, 0::bigint) over chain as is_loose, p.sequence,
            t.id, t.id < lag(t.id) over chain as is_late,
            p.journal_entry_id <> t.journal_entry_id
                or p.amount <> case when t.kind in ('credit', 'payment') then t.amount else -t.amount end
                or p.balance_after <> t.balance_after as is_other
        from postings p left join transactions t on t.ledger_id = p.ledger_account_id and t.sequence = p.sequence
        window chain as (partition by p.ledger_account_id order by p.sequence)
    ), sums as (
        select ledger, count(*) as postings, sum(amount) as total, max(sequence) as last, min(currency collate \"C\") as least,
            max(currency collate \"C\") as most, count(*) filter (where is_loose) as unchained, count(id) as shown,
            count(*) filter (where is_late) as disordered, count(*) filter (where is_other) as misstated
        from links group by ledger
    )
    select count(*) as ledgers,
        count(*) filter (where b.balance is distinct from coalesce(s.total, 0)
            or b.last_sequence is distinct from coalesce(s.postings, 0)) as unequal,
        coalesce(sum(s.postings), 0)::bigint as postings,
        coalesce(sum(s.unchained + s.last - s.postings), 0)::bigint as unchained,
        coalesce(sum(s.postings) filter (where s.least <> l.currency or s.most <> l.currency), 0)::bigint as mixed,
        coalesce(sum(s.postings) filter (where c.id is not null), 0)::bigint as on_customers,
        coalesce(sum(s.postings - s.shown) filter (where c.id is not null), 0)::bigint as hidden,
        coalesce(sum(s.shown), 0)::bigint as shown,
        coalesce(sum(s.disordered), 0)::bigint as disordered,
        coalesce(sum(s.misstated), 0)::bigint as misstated
    from ledger_accounts l left join ledger_balances b on b.ledger_account_id = l.id
        left join sums s on s.ledger = l.id left join ledgers c on c.id = l.id");
statement!(static KINDS: (i64, i64) = "
    select count(*), count(*) filter (
        where e.kind not in (t.kind, 'reversal') and (e.kind <> 'transfer' or t.kind not in ('charge', 'credit'))
            and (e.kind <> 'write_off' or t.kind <> 'credit'))
    from transactions t join journal_entries e on e.id = t.journal_entry_id");
statement!(static MARKETS: (i64, i64) = "
    select count(*), count(*) filter (where s.market <> a.market or s.owner <> 'customer')
    from ledgers l join ledger_accounts s on s.id = l.id join accounts a on a.id = l.account_id");

statement!(static REVERSALS: (i64, i64) = "
    select count(*), count(*) filter (where r.reverses_id is not null and exists (
        select 1 from postings p where p.journal_entry_id in (r.id, r.reverses_id)
        group by p.ledger_account_id having sum(p.amount) <> 0))
    from journal_entries r");
statement!(static REVERSED: (i64, i64) = "
    select count(*), count(*) filter (where t.is_reversed <> (r.undone is not null))
    from transactions t left join (
        select distinct reverses_id as undone from journal_entries where reverses_id is not null
    ) r on r.undone = t.journal_entry_id");
statement!(static PLANNED: (i64, i64) = "
    select count(*), count(*) filter (where t.ledger_id <> s.ledger_id or t.kind <> lower(s.action)
        or t.amount <> s.gross_amount or t.tax_amount <> s.tax_amount)
    from transactions t left join scheduled_transactions s on s.transaction_id = t.id");

/// Rules that have a pass of their own.
static RULES: [(&str, &Statement<(i64, i64)>); 5] = [
    ("every transaction is of the kind of its entry", &KINDS),
    ("every ledger is in the market of its account", &MARKETS),
    ("every reversal undoes the whole of an entry", &REVERSALS),
    ("what is shown as reversed has been reversed", &REVERSED),
    ("what was planned was posted as planned", &PLANNED),
];

// For this transaction only: memory to bring rows into order.
statement!(static MEMORY: (String,) = "select set_config('work_mem', '128MB', true)");

/// Tries every rule. The books are right when nothing is broken in any of them.
pub async fn run(tx: &mut Tx) -> Result<Vec<Finding>, sqlx::Error> {
    MEMORY.query().fetch_one(&mut *tx).await?;
    let entries = ENTRIES.query().fetch_one(&mut *tx).await?;
    let ledgers = LEDGERS.query().fetch_one(&mut *tx).await?;
    let mut findings = shared(&entries, &ledgers);
    for (rule, statement) in all_rules() {
        let (examined, broken) = statement.query().fetch_one(&mut *tx).await?;
        findings.push(Finding { rule, examined, broken });
    }
    Ok(findings)
}

/// The rules that have a pass of their own, of every area.
fn all_rules() -> impl Iterator<Item = &'static (&'static str, &'static Statement<(i64, i64)>)> {
    let others = billing::check::RULES.iter().chain(&payments::check::RULES).chain(&loyalty::check::RULES);
    let latest = contracts::check::RULES.iter().chain(&leads::check::RULES).chain(&supply::rebates::RULES);
    RULES
        .iter()
        .chain(others)
        .chain(latest)
        .chain(&loyalty::vouchers::check::RULES)
        .chain(&supply::on_site::check::RULES)
}

fn shared(entries: &Entries, ledgers: &Ledgers) -> Vec<Finding> {
    let of = |rule, examined, broken| Finding { rule, examined, broken };
    let l = ledgers;
    vec![
        of("every journal entry sums to zero", entries.entries, entries.unbalanced),
        of("every balance equals its postings", l.ledgers, l.unequal),
        of("every balance carried forward follows from the one before", l.postings, l.unchained),
        of(
            "every posting is in the currency of its entry and its ledger",
            l.postings,
            entries.mixed.max(l.mixed),
        ),
        of("every transaction says what was posted", l.shown, l.misstated),
        of("every posting on a customer's ledger is shown as a transaction", l.on_customers, l.hidden),
        of("transactions are numbered in the order of their ledger", l.shown, l.disordered),
    ]
}
