//! The numbers of rows. Bulk data brings its own, and the database goes on after them.

use std::collections::HashMap;

use crate::platform::db::{Tx, statement};

/// Tables whose rows are numbered here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numbered {
    Portfolios,
    Accounts,
    AccountUsers,
    AccountUserRoles,
    PortfolioUserRoles,
    Logins,
    LedgerAccounts,
    JournalEntries,
    Transactions,
}

/// As the database calls them, in the same order.
const TABLES: [&str; 9] = [
    "portfolios",
    "accounts",
    "account_users",
    "account_user_roles",
    "portfolio_user_roles",
    "logins",
    "ledger_accounts",
    "journal_entries",
    "transactions",
];

statement!(static STARTS: (String, i64) = "
    select wanted.name, coalesce(s.last_value + s.increment_by, s.start_value)
    from unnest($1::text[]) as wanted (name) join pg_sequences s
        on format('%I.%I', s.schemaname, s.sequencename) = pg_get_serial_sequence(wanted.name, 'id')");
statement!(static ADVANCE: (i64,) = "
    select setval(pg_get_serial_sequence(used.name, 'id'), used.next, false)
    from unnest($1::text[], $2::bigint[]) as used (name, next)");

/// The numbers that come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next([i64; TABLES.len()]);

impl Next {
    /// Where the database would go on.
    pub async fn read(tx: &mut Tx) -> Result<Self, sqlx::Error> {
        let rows = STARTS.query().bind(&TABLES[..]).fetch_all(&mut *tx).await?;
        let known: HashMap<String, i64> = rows.into_iter().collect();
        Ok(Self(TABLES.map(|table| known.get(table).copied().unwrap_or(1))))
    }

    /// Has the database go on from here. Numbers are not given back if the transaction fails, as ever.
    pub async fn keep(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        ADVANCE.query().bind(&TABLES[..]).bind(&self.0[..]).fetch_all(&mut *tx).await?;
        Ok(())
    }

    /// The next number of a table, without taking it.
    pub fn of(&mut self, table: Numbered) -> &mut i64 {
        &mut self.0[table as usize]
    }

    /// Takes the next number of a table.
    pub fn take(&mut self, table: Numbered) -> i64 {
        let next = self.of(table);
        *next += 1;
        *next - 1
    }
}
