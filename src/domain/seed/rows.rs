//! Rows as COPY takes them: the tables that bulk data fills, with the columns that it sets. The rest have defaults.

use chrono::{DateTime, Utc};

use super::history::{Batch, EntryRow, PostingRow, TransactionRow};
use super::people::{Home, Person};
use crate::domain::accounts::roles::{ACCOUNT_OWNER, PORTFOLIO_OWNER};
use crate::domain::ledgers::journal::Standing;
use crate::platform::db::{Rows, Tx};
use crate::platform::ids;
use crate::platform::market::{LedgerKind, Market};

/// Tables that are copied together.
pub(super) trait Tables {
    /// Bytes of rows that are waiting.
    fn size(&self) -> usize;
}

/// Declares a struct of tables, each with its COPY.
macro_rules! tables {
    ($(#[$meta:meta])* $name:ident { $($table:ident($columns:literal): $sql:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(super) struct $name {
            $(pub $table: Rows),+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($table: Rows::new($columns)),+ }
            }
        }

        impl $name {
            /// Copies all rows, table by table, and forgets them.
            pub async fn copy(&mut self, tx: &mut Tx) -> Result<(), sqlx::Error> {
                $(
                    if self.$table.count() > 0 {
                        tx.copy($sql, &mut self.$table).await?;
                        self.$table.clear();
                    }
                )+
                Ok(())
            }
        }

        impl Tables for $name {
            fn size(&self) -> usize {
                [$(self.$table.size()),+].iter().sum()
            }
        }
    };
}

// Rows of tables that were emptied in the same transaction are written as if they had always been there (`freeze`):
// no vacuum has to visit them. The others have rows already.
tables! {
    /// Customers.
    People {
        portfolios(8): "copy portfolios (id, number, brand, name, billing_name, lead_account_id, created_at, updated_at)
            from stdin (format binary, freeze)",
        accounts(23): "copy accounts (id, number, brand, market, account_type, portfolio_id, urn, billing_name,
            billing_sub_name, billing_email, billing_address_line1, billing_address_line2, billing_address_line3,
            billing_address_line4, billing_address_line5, billing_postcode, billing_country, billing_street_address,
            billing_locality, billing_administrative_area, comms_delivery_preference, document_accessibility, created_at)
            from stdin (format binary, freeze)",
        account_users(11): "copy account_users (id, number, given_name, family_name, email, mobile, landline, title,
            date_of_birth, created_at, updated_at) from stdin (format binary, freeze)",
        account_user_roles(5): "copy account_user_roles (id, account_id, user_id, role, created_at)
            from stdin (format binary, freeze)",
        portfolio_user_roles(5): "copy portfolio_user_roles (id, portfolio_id, user_id, role, created_at)
            from stdin (format binary, freeze)",
        logins(6): "copy logins (id, email, password_hash, account_user_id, created_at, password_set_at)
            from stdin (format binary)",
        ledger_accounts(5): "copy ledger_accounts (id, owner, market, currency, created_at) from stdin (format binary)",
        ledgers(12): "copy ledgers (id, account_id, number, name, ledger_type, is_main, affects_account_balance,
            accepts_payments, supports_statements, supports_invoices, created_at, stores_credit)
            from stdin (format binary, freeze)",
    }
}

tables! {
    /// What happened on their ledgers.
    Events {
        journal_entries(5): "copy journal_entries (id, kind, currency, posted_date, created_at)
            from stdin (format binary, freeze)",
        postings(6): "copy postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
            from stdin (format binary, freeze)",
        transactions(16): "copy transactions (id, ledger_id, sequence, journal_entry_id, kind, posted_date, created_at,
            amount, net_amount, tax_amount, balance_after, title, reason_code, payment_type, supply, is_export)
            from stdin (format binary, freeze)",
    }
}

tables! {
    /// Where customers' ledgers stand in the end.
    Balances {
        ledger_balances(3): "copy ledger_balances (ledger_account_id, balance, last_sequence) from stdin (format binary)",
    }
}

/// A portfolio as it is written.
pub(super) struct Portfolio<'a> {
    pub id: i64,
    pub number: u32,
    pub brand: &'a str,
    pub name: &'a str,
    pub lead: i64,
    pub at: DateTime<Utc>,
}

/// What an account is written with beside its home.
pub(super) struct Placed<'a> {
    pub id: i64,
    pub number: u32,
    pub brand: &'a str,
    pub market: &'a Market,
    pub portfolio: i64,
    pub at: DateTime<Utc>,
}

impl People {
    pub fn portfolio(&mut self, portfolio: &Portfolio<'_>) {
        let row = self.portfolios.row().big(portfolio.id);
        let row = row.text(&ids::number(ids::PORTFOLIO, portfolio.number)).text(portfolio.brand);
        row.text(portfolio.name)
            .text(portfolio.name)
            .big(portfolio.lead)
            .moment(portfolio.at)
            .moment(portfolio.at);
    }

    pub fn account(&mut self, placed: &Placed<'_>, home: &Home) {
        let line = |place: usize| home.lines.get(place).map(String::as_str).unwrap_or_default();
        let row = self.accounts.row().big(placed.id).text(&ids::number(ids::ACCOUNT, placed.number));
        let row = row.text(placed.brand).text(&placed.market.code).text(home.habits.account_type());
        let row = row.big(placed.portfolio).text_or_null(home.urn.as_deref()).text(&home.billing_name);
        let row = row.text(&home.billing_sub_name).text(&home.billing_email);
        let row = row.text(line(0)).text(line(1)).text(line(2)).text(line(3)).text(line(4));
        let row = row.text(&home.address.postal_code).text(&home.address.country);
        let row = row.text(&home.address.street_address).text(&home.address.locality);
        let row = row.text(&home.address.administrative_area).text_or_null(home.delivery);
        row.text_or_null(home.accessibility).moment(placed.at);
    }

    pub fn user(&mut self, id: i64, number: u32, person: &Person, at: DateTime<Utc>) {
        let row = self.account_users.row().big(id).text(&ids::number(ids::USER, number));
        let row = row.text(&person.given_name).text(&person.family_name).text(&person.email);
        let row = row.text(&person.mobile).text(&person.landline).text_or_null(person.title.as_deref());
        row.date(person.born).moment(at).moment(at);
    }

    pub fn owner(&mut self, id: i64, account: i64, user: i64, at: DateTime<Utc>) {
        self.account_user_roles.row().big(id).big(account).big(user).text(ACCOUNT_OWNER).moment(at);
    }

    pub fn portfolio_owner(&mut self, id: i64, portfolio: i64, user: i64, at: DateTime<Utc>) {
        self.portfolio_user_roles.row().big(id).big(portfolio).big(user).text(PORTFOLIO_OWNER).moment(at);
    }

    pub fn login(&mut self, id: i64, email: &str, hash: Option<&str>, user: i64, at: DateTime<Utc>) {
        self.logins.row().big(id).text(email).text_or_null(hash).big(user).moment(at).moment(at);
    }

    pub fn ledger(&mut self, id: i64, number: u32, placed: &Placed<'_>, kind: &LedgerKind) {
        let row = self.ledger_accounts.row().big(id).text("customer").text(&placed.market.code);
        row.text(&placed.market.currency.code).moment(placed.at);
        let row = self.ledgers.row().big(id).big(placed.id).text(&ids::number(ids::LEDGER, number));
        let row = row.text(&kind.name).text(&kind.ledger_type).flag(kind.is_main);
        let row = row.flag(kind.affects_account_balance).flag(kind.accepts_payments);
        let row = row.flag(kind.supports_statements).flag(kind.supports_invoices).moment(placed.at);
        row.flag(kind.stores_credit);
    }
}

impl Events {
    /// Adds a batch of history.
    pub fn add(&mut self, batch: &Batch) {
        for EntryRow { id, kind, currency, posted_date, created_at } in &batch.entries {
            let row = self.journal_entries.row().big(*id).text(kind).text(currency);
            row.date(*posted_date).moment(*created_at);
        }
        for PostingRow { ledger, sequence, entry, currency, amount, balance_after } in &batch.postings {
            let row = self.postings.row().big(*ledger).big(*sequence).big(*entry).text(currency);
            row.big(amount.0).big(balance_after.0);
        }
        for TransactionRow { id, ledger, sequence, entry, posted_date, created_at, balance_after, new } in
            &batch.transactions
        {
            let row = self.transactions.row().big(*id).big(*ledger).big(*sequence).big(*entry);
            let row = row.text(new.kind.code()).date(*posted_date).moment(*created_at);
            let row = row.big(new.split.gross.0).big(new.split.net.0).big(new.split.tax.0);
            let row = row.big(balance_after.0).text(new.title);
            let row = row.text_or_null(new.reason_code).text_or_null(new.payment_type);
            row.text_or_null(new.supply).flag(new.is_export);
        }
    }
}

impl Balances {
    pub fn add(&mut self, ledger: i64, standing: Standing) {
        self.ledger_balances.row().big(ledger).big(standing.balance.0).big(standing.last_sequence);
    }
}
