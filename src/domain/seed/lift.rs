//! Keys, indexes and triggers, out of the way while rows pour in. Postgres says itself how each is made, and makes it
//! again before the transaction ends: no key is back in force until all rows have been tried against it.

use std::time::{Duration, Instant};

use super::{Say, SeedError};
use crate::platform::db::{Tx, row, statement};

/// What takes longer to make is told.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// The tables that must be empty, as SQL.
macro_rules! tables {
    () => {
        "portfolios, accounts, account_users, account_user_roles, portfolio_user_roles, ledgers, \
         journal_entries, postings, transactions"
    };
}

row! {
    /// A key or an index: how it is taken away, and how it is made.
    pub(super) struct Part {
        name: String,
        lift: String,
        restore: String,
    }
}

statement!(static WAIT: (String,) = "select set_config('lock_timeout', '20s', true)");
// Balances and the retailer's books are changed by whoever posts, and so they are kept as well.
statement!(static LOCK: () = concat!(
    "lock table ", tables!(), ", ledger_accounts, ledger_balances, logins in access exclusive mode"));
statement!(static HAS_ROWS: (bool,) = "
    select exists (select from accounts) or exists (select from portfolios) or exists (select from account_users)
        or exists (select from journal_entries)");
// Foreign keys come first, because they lean on the others; also those of other tables that point here.
statement!(static PARTS: Part = concat!("
    with of_bulk as (select to_regclass(trim(name)) as id from unnest(string_to_array('", tables!(), "', ',')) as name)
    select format('%s.%s', on_table, name) as name, lift, restore from (
        select c.contype <> 'f' as later, c.conrelid::regclass::text as on_table, c.conname::text as name,
            format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname) as lift,
            format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname,
                pg_get_constraintdef(c.oid)) as restore
        from pg_constraint c
        where (c.contype in ('p', 'u', 'x', 'f') and c.conrelid in (select id from of_bulk))
            or (c.contype = 'f' and c.confrelid in (select id from of_bulk))
        union all
        select true, i.indrelid::regclass::text, i.indexrelid::regclass::text,
            format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
        from pg_index i
        where i.indrelid in (select id from of_bulk)
            and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.conrelid = i.indrelid
                and c.contype in ('p', 'u', 'x'))
    ) parts order by later, on_table, name"));
// Postgres takes no parameters here, so the words come by way of a setting of this transaction.
statement!(static SAY: (String,) = "select set_config('kraken.command', $1, true)");
statement!(static DO: () = "do $$ begin execute current_setting('kraken.command'); end $$");
statement!(static TRIGGERS_OFF: () = concat!("do $$ declare t text; begin
    foreach t in array string_to_array('", tables!(), "', ',') loop
        execute format('alter table %I disable trigger user', trim(t));
    end loop; end $$"));
statement!(static TRIGGERS_ON: () = concat!("do $$ declare t text; begin
    foreach t in array string_to_array('", tables!(), "', ',') loop
        execute format('alter table %I enable trigger user', trim(t));
    end loop; end $$"));
// They are empty. Postgres has to be told in this transaction, or it would keep a log of every row.
statement!(static EMPTY: () = concat!("truncate ", tables!()));
statement!(static MEMORY: (String, String, String) = "
    select set_config('maintenance_work_mem', '256MB', true), set_config('work_mem', '64MB', true),
        set_config('max_parallel_maintenance_workers', '1', true)");
statement!(static ANALYZE: () = concat!("analyze ", tables!(), ", ledger_accounts, ledger_balances, logins,
    addresses, properties, occupancies, supply_points, supply_periods, supply_processes, supply_process_points,
    meters, meter_registers, agreements, interval_days"));

/// What was taken away.
pub(super) struct Lifted(Vec<Part>);

/// Keeps everybody else away, makes sure that there are no customers, and takes keys, indexes and triggers away.
pub(super) async fn lift(tx: &mut Tx) -> Result<Lifted, SeedError> {
    WAIT.query().fetch_one(&mut *tx).await?;
    LOCK.command().execute(&mut *tx).await.map_err(SeedError::locked)?;
    if HAS_ROWS.query().fetch_one(&mut *tx).await?.0 {
        return Err(SeedError::InUse);
    }
    MEMORY.query().fetch_one(&mut *tx).await?;
    let parts = PARTS.query().fetch_all(&mut *tx).await?;
    for part in &parts {
        run(tx, &part.lift).await?;
    }
    TRIGGERS_OFF.command().execute(&mut *tx).await?;
    EMPTY.command().execute(&mut *tx).await?;
    Ok(Lifted(parts))
}

/// Puts everything back, the other way round. Postgres refuses if any row breaks any key.
pub(super) async fn restore(tx: &mut Tx, lifted: Lifted, say: &Say) -> Result<(), SeedError> {
    for part in lifted.0.iter().rev() {
        let begun = Instant::now();
        run(tx, &part.restore).await?;
        if begun.elapsed() >= WORTH_TELLING {
            say(&format!("{} is back in force", part.name));
        }
    }
    TRIGGERS_ON.command().execute(&mut *tx).await?;
    ANALYZE.command().execute(&mut *tx).await?;
    Ok(())
}

async fn run(tx: &mut Tx, command: &str) -> Result<(), sqlx::Error> {
    SAY.query().bind(command).fetch_one(&mut *tx).await?;
    DO.command().execute(&mut *tx).await?;
    Ok(())
}
