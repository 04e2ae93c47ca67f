//! How much of a ledger's credit may be asked back, and if nothing, why.
//!
//! What is owed on the account's other ledgers, and what has been asked back already, is not to be had. Customers leave an
//! average month's charges on the ledger where their market has it so, and ask for no more than its rules let them by
//! themselves. What was paid in instalments stays until the bill of the year settles it. Staff may pay out all of the credit.

use chrono::NaiveDate;

use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, row, statement};

row! {
    /// What decides how much of a ledger's credit may be asked back. All amounts are minor units.
    pub struct Means {
        parent: i64,
        balance: i64,
        spoken_for: i64,
        owed_elsewhere: i64,
        kept: i64,
        most_by_customer: i64,
        debited: Option<i64>,
        is_in_arrears: bool,
        is_repaid: bool,
        /// Whether cheques are sent in its market.
        pub sends_cheques: bool,
    }
}

/// Why a customer may ask for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A debt of the account is being dunned or collected.
    InArrears,
    /// There is no credit that is not owed elsewhere or spoken for.
    NotInCredit,
    /// Money went back a short while ago.
    RepaidRecently,
    /// The credit is no more than what should stay.
    NothingToSpare,
    /// Nothing came by the direct debit that the money would go back to.
    NothingDebited,
}

impl Obstacle {
    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::InArrears => "ACCOUNT_IN_ARREARS",
            Self::NotInCredit => "NOT_IN_CREDIT",
            Self::RepaidRecently => "REPAID_RECENTLY",
            Self::NothingToSpare => "CREDIT_WITHIN_RECOMMENDED_BALANCE",
            Self::NothingDebited => "NOTHING_PAID_BY_ACTIVE_DIRECT_DEBIT",
        }
    }
}

/// What limits how much may be asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The credit.
    Available,
    /// What came by the direct debit that is active.
    Debited,
    /// What customers may ask for by themselves.
    ByCustomer,
}

impl Limit {
    /// The value of `MaximumRefundReasonChoices`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Available => "MAX_AVAILABLE_AMOUNT",
            Self::Debited => "TOTAL_AMOUNT_PAID_VIA_ACTIVE_DDI",
            Self::ByCustomer => "MAX_ALLOWED_TO_REQUEST_VIA_DASHBOARD",
        }
    }
}

impl Means {
    /// The credit that is nobody else's: what staff may have paid out.
    pub fn credit(&self) -> i64 {
        self.balance.saturating_sub(self.spoken_for).saturating_sub(self.owed_elsewhere).max(0)
    }

    /// What should stay on the ledger.
    pub fn recommended_balance(&self) -> i64 {
        self.kept.max(0)
    }

    /// The most that a customer may ask for, and what limits it.
    pub fn maximum(&self) -> (i64, Limit) {
        let available = (self.credit() - self.recommended_balance()).max(0);
        let debited = self.debited.map(|debited| ((debited - self.spoken_for).max(0), Limit::Debited));
        let limits =
            [Some((available, Limit::Available)), debited, Some((self.most_by_customer, Limit::ByCustomer))];
        let least = limits.into_iter().flatten().min_by_key(|(amount, _)| *amount);
        least.unwrap_or((0, Limit::Available))
    }

    /// Why a customer may ask for nothing; none if they may.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let (most, limit) = self.maximum();
        match limit {
            _ if self.is_in_arrears => Some(Obstacle::InArrears),
            _ if self.credit() == 0 => Some(Obstacle::NotInCredit),
            _ if self.is_repaid => Some(Obstacle::RepaidRecently),
            Limit::Debited if most == 0 => Some(Obstacle::NothingDebited),
            _ if most == 0 => Some(Obstacle::NothingToSpare),
            _ => None,
        }
    }
}

// What the ledger `l` of the account `a` has, in a market whose day is `today.day` and whose rules are `rules`.
macro_rules! means {
    () => {
        "b.balance, \
         coalesce((select sum(r.amount) from account_repayments r where r.ledger_id = l.id and r.draws_on_credit \
             and r.status in ('REQUESTED', 'APPROVED')), 0)::bigint as spoken_for, \
         coalesce((select sum(-ob.balance) from ledgers o join ledger_balances ob on ob.ledger_account_id = o.id \
             where o.account_id = a.id and o.id <> l.id and o.affects_account_balance and ob.balance < 0), 0)::bigint \
             as owed_elsewhere, \
         case when exists (select from billing_targets t join billing_configurations c on c.target_id = t.id \
                 where t.account_id = a.id and c.follows_payment and lower(c.during)::date <= today.day \
                 and (upper_inf(c.during) or upper(c.during)::date > today.day)) then b.balance \
             when a.status in ('PENDING', 'INCOMPLETE', 'ACTIVE') then rules.months_kept * (coalesce(( \
             select sum(t.amount) from transactions t where t.ledger_id = l.id and t.kind = 'charge' \
             and t.posted_date > today.day - 365 and t.posted_date <= today.day), 0)::bigint * 30 \
             / greatest(30, least(365, today.day - l.created_at::date))) else 0 end as kept, \
         rules.most_by_customer, rules.sends_cheques, case when rules.only_what_was_debited then ( \
             select (select coalesce(sum(p.amount), 0) from account_payments p where p.instruction_id = i.id \
                     and p.status = 'CLEARED' and not exists (select 1 from transactions t \
                         where t.id = p.transaction_id and t.is_reversed)) \
                 - (select coalesce(sum(r.amount), 0) from account_repayments r where r.instruction_id = i.id \
                     and r.status in ('SUBMITTED', 'PAID')) \
             from payment_instructions i where i.account_id = a.id and (i.ledger_id is null or i.ledger_id = l.id) \
                 and i.instruction_type = 'DIRECT_DEBIT' and i.status = 'ACTIVE' \
             order by i.ledger_id is not null desc, i.id desc limit 1) end::bigint as debited, \
         exists (select 1 from processes p where p.account_id = a.id and p.kind in ('dunning', 'agency') \
             and p.ended_at is null) as is_in_arrears, \
         rules.days_between > 0 and exists (select 1 from account_repayments r where r.ledger_id = l.id \
             and r.draws_on_credit and r.status in ('REQUESTED', 'APPROVED', 'SUBMITTED', 'PAID') \
             and r.created_at::date > today.day - rules.days_between) as is_repaid \
         from accounts a join ledgers l on l.account_id = a.id join ledger_balances b on b.ledger_account_id = l.id \
         join refund_rules rules on rules.market = a.market \
         join unnest($3::text[], $4::date[]) as today (market, day) on today.market = a.market "
    };
}

statement!(static OF_ACCOUNTS: Means = concat!(
    "select a.id as parent, ", means!(), "where a.id = any($5::bigint[])
        and case when $6::text is null then l.is_main else l.number = $6 end and ", account_is_visible!()));
statement!(static OF_LEDGER: Means = concat!(
    "select l.id as parent, ", means!(), "where l.id = $5 and ", account_is_visible!()));

/// What may be asked back from a ledger of each of these accounts: the one of this number, or the main one. None where
/// there is no such ledger.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    ledger_number: Option<&str>,
) -> Result<Vec<Option<Means>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = OF_ACCOUNTS.seen_by(viewer).bind(markets).bind(days);
    let rows = query.bind(accounts).bind(ledger_number).fetch_all(&mut *tx).await?;
    Ok(in_order(accounts, rows, |means| means.parent))
}

/// What may be asked back from a ledger. It stays so while whoever asks holds the ledger.
pub(super) async fn of_ledger(
    tx: &mut Tx,
    viewer: &Viewer,
    ledger: i64,
) -> Result<Option<Means>, sqlx::Error> {
    let (markets, days): (Vec<String>, Vec<NaiveDate>) = today(tx).await?;
    let query = OF_LEDGER.seen_by(viewer).bind(markets).bind(days);
    query.bind(ledger).fetch_optional(&mut *tx).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(balance: i64) -> Means {
        Means {
            parent: 1,
            balance,
            spoken_for: 0,
            owed_elsewhere: 0,
            kept: 0,
            most_by_customer: 1000,
            debited: None,
            is_in_arrears: false,
            is_repaid: false,
            sends_cheques: true,
        }
    }

    #[test]
    fn the_smallest_limit_counts_and_says_which_it_is() {
        assert_eq!(means(300).maximum(), (300, Limit::Available));
        assert_eq!(means(5000).maximum(), (1000, Limit::ByCustomer));
        assert_eq!(Means { debited: Some(200), ..means(300) }.maximum(), (200, Limit::Debited));
        assert_eq!(Means { kept: 100, ..means(300) }.maximum(), (200, Limit::Available));
        assert_eq!(Means { spoken_for: 250, owed_elsewhere: 100, ..means(300) }.maximum().0, 0);
    }

    #[test]
    fn the_first_thing_in_the_way_is_told() {
        assert_eq!(means(300).obstacle(), None);
        assert_eq!(means(-300).obstacle(), Some(Obstacle::NotInCredit));
        assert_eq!(Means { is_in_arrears: true, ..means(-3) }.obstacle(), Some(Obstacle::InArrears));
        assert_eq!(Means { is_repaid: true, ..means(300) }.obstacle(), Some(Obstacle::RepaidRecently));
        assert_eq!(Means { kept: 400, ..means(300) }.obstacle(), Some(Obstacle::NothingToSpare));
        assert_eq!(Means { debited: Some(0), ..means(300) }.obstacle(), Some(Obstacle::NothingDebited));
        assert_eq!(
            Means { debited: Some(9), kept: 400, ..means(300) }.obstacle(),
            Some(Obstacle::NothingToSpare)
        );
    }
}
