//! Where money can go back to.

use super::Server;

impl Server {
    /// Gives an account a bank account that can be paid to, as a direct debit that the bank has accepted.
    pub async fn bank_account(&self, account: i64) {
        let added = "insert into payment_instructions (account_id, instruction_type, status, valid_from, vendor,
                vendor_reference, account_holder, details, fingerprint, bank_scheme, bank_code, masked_identifier,
                last_four, created_at, created_by_kind, created_by_id)
            values ($1, 'DIRECT_DEBIT', 'ACTIVE', '2026-01-01', 'BOTTOMLINE_PTX', 'MD-' || $1::bigint, 'A Lovelace', '',
                $2, 'SORT_CODE', '200000', '****9999', '9999', '2026-01-01', 'account-user', 1)";
        let added = sqlx::query(added).bind(account).bind(vec![7_u8; 32]);
        added.execute(self.database.pool()).await.expect("a bank account");
    }
}
