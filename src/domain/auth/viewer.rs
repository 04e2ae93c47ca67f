//! Who is calling, and the SQL that says what they may see.

use super::subjects::Subject;
use crate::platform::db::Seer;

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// No credential was given.
    Anonymous,
    /// A customer, or someone acting for one.
    AccountUser {
        /// Row id of the user.
        id: i64,
        /// Who holds the session.
        through: Through,
    },
    /// A member of the retailer's staff.
    Staff {
        /// Row id of the support user.
        id: i64,
        /// Their roles.
        roles: Vec<String>,
        /// What the roles allow.
        permissions: Vec<String>,
    },
    /// An organisation, which sees the accounts granted to it.
    Organisation {
        /// Row id of the organisation.
        id: i64,
        /// What it may do.
        permissions: Vec<String>,
    },
    /// A partner user, who sees nothing of customers.
    Partner {
        /// Row id of the partner user.
        id: i64,
        /// What they may do.
        permissions: Vec<String>,
    },
}

/// Who holds an account user's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// The user, by a credential of their own.
    InPerson,
    /// Whoever has a link with a pre-signed key: good for one kind of thing.
    Link {
        /// What the key is good for, such as `SUBMIT_METER_READINGS`.
        scope: String,
    },
    /// A member of staff who looks at the service as the user does.
    Masquerade {
        /// Row id of the support user.
        staff: i64,
    },
    /// An organisation that the user has let act for them.
    ThirdParty {
        /// Row id of the organisation.
        organisation: i64,
    },
}

/// Staff may post charges, credits and the like.
pub const POST_TRANSACTIONS: &str = "post-transactions";
/// Staff and organisations may change what is known about the customers that they see.
pub const EDIT_CUSTOMERS: &str = "edit-customers";
/// Staff and organisations may record contacts with the customers that they see, such as events of other systems, and
/// ask for feedback.
pub const RECORD_CONTACTS: &str = "record-contacts";
/// Staff may move business time in a demo world.
pub const MOVE_CLOCK: &str = "move-clock";
/// Staff may add staff.
pub const MANAGE_STAFF: &str = "manage-staff";
/// Staff may read messages that hold one-time secrets.
pub const READ_POST: &str = "read-post";
/// Staff and organisations may deal with the letters of all customers: close batches, and say how letters fared.
pub const PRINT_LETTERS: &str = "print-letters";
/// Staff and organisations may have messages sent to the customers that they see.
pub const SEND_MESSAGES: &str = "send-messages";
/// Staff and organisations may deal with debts: hold dunning back, give them to an agency, and the like.
pub const MANAGE_DEBT: &str = "manage-debt";
/// Staff and organisations may say how the accounts that they see are paid, and ask for money back for them.
pub const MANAGE_PAYMENTS: &str = "manage-payments";
/// Staff may look at the service as a customer does.
pub const MASQUERADE: &str = "masquerade";
/// Staff and organisations may withdraw the refresh tokens of customers.
pub const MANAGE_SESSIONS: &str = "manage-sessions";
/// Staff and organisations may make links that need no log-in.
pub const PRE_SIGN: &str = "pre-sign-tokens";
/// Staff may make portfolios and give people roles on them.
pub const MANAGE_PORTFOLIOS: &str = "manage-portfolios";
/// Staff and organisations may register businesses and say which accounts are theirs.
pub const MANAGE_BUSINESSES: &str = "manage-businesses";
/// Staff and organisations may change the terms of contracts that they see.
pub const MANAGE_CONTRACTS: &str = "manage-contracts";
/// Staff and organisations may work leads: open opportunities, move them on, close them. An organisation sees those that it
/// brought.
pub const MANAGE_LEADS: &str = "manage-leads";
/// Staff may report failed journeys of other systems, and look into them.
pub const HANDLE_EXCEPTIONS: &str = "handle-exceptions";
/// Staff may approve money that others want paid out, and hold it back.
pub const APPROVE_REPAYMENTS: &str = "approve-repayments";
/// Staff and organisations may sign customers up.
pub const OPEN_ACCOUNTS: &str = "open-accounts";
/// An organisation may hold refresh tokens of customers.
pub const ACT_FOR_CUSTOMERS: &str = "act-for-customers";
/// An organisation may see the accounts that are granted to it.
pub const VIEW_ACCOUNTS: &str = "view-accounts";

impl Seer for Viewer {
    fn kind(&self) -> &'static str {
        self.kind()
    }

    fn id(&self) -> i64 {
        self.id()
    }
}

impl Viewer {
    /// A customer in person.
    pub fn customer(id: i64) -> Self {
        Self::AccountUser { id, through: Through::InPerson }
    }

    /// The server at work of its own, such as rendering a bill: it sees what staff see, and may nothing.
    pub(in crate::domain) fn server() -> Self {
        Self::Staff { id: 0, roles: Vec::new(), permissions: Vec::new() }
    }

    /// The viewer's kind as SQL knows it: the first argument of every look-up. An organisation that may not
    /// view accounts is nobody there.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AccountUser { .. } => "account-user",
            Self::Staff { .. } => "support-user",
            Self::Organisation { .. } if self.may(VIEW_ACCOUNTS) => "organisation",
            Self::Partner { .. } => "partner-user",
            Self::Anonymous | Self::Organisation { .. } => "anonymous",
        }
    }

    /// The viewer's row id, the second argument of every look-up; zero for nobody.
    pub fn id(&self) -> i64 {
        match self {
            Self::Anonymous => 0,
            Self::AccountUser { id, .. }
            | Self::Staff { id, .. }
            | Self::Organisation { id, .. }
            | Self::Partner { id, .. } => *id,
        }
    }

    /// The subject of the viewer's token, if they have one.
    pub fn subject(&self) -> Option<Subject> {
        Some(match self {
            Self::Anonymous => return None,
            Self::AccountUser { id, .. } => Subject::AccountUser(*id),
            Self::Staff { id, .. } => Subject::SupportUser(*id),
            Self::Organisation { id, .. } => Subject::Organisation(*id),
            Self::Partner { id, .. } => Subject::PartnerUser(*id),
        })
    }

    /// Whether anybody is known to be calling.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Anonymous)
    }

    /// Whether this is staff.
    pub fn is_staff(&self) -> bool {
        matches!(self, Self::Staff { .. })
    }

    /// Whether this is an account user with a credential of their own, nobody acting for them.
    pub fn is_in_person(&self) -> bool {
        matches!(self, Self::AccountUser { through: Through::InPerson, .. })
    }

    /// The member of staff who is at work: also behind a masquerade.
    pub fn staff(&self) -> Option<i64> {
        match self {
            Self::Staff { id, .. } => Some(*id),
            Self::AccountUser { through: Through::Masquerade { staff }, .. } => Some(*staff),
            _ => None,
        }
    }

    /// The one kind of thing that the session is good for, if it is limited to one.
    pub fn scope(&self) -> Option<&str> {
        match self {
            Self::AccountUser { through: Through::Link { scope }, .. } => Some(scope),
            _ => None,
        }
    }

    /// What the viewer may do beyond what its kind may; nothing for customers.
    pub fn permissions(&self) -> &[String] {
        match self {
            Self::Staff { permissions, .. }
            | Self::Organisation { permissions, .. }
            | Self::Partner { permissions, .. } => permissions,
            Self::Anonymous | Self::AccountUser { .. } => &[],
        }
    }

    /// Whether the viewer may do what `permission` names.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions().iter().any(|known| known == permission)
    }

    /// The account user who is calling, or for whom somebody is.
    pub fn account_user(&self) -> Option<i64> {
        match self {
            Self::AccountUser { id, .. } => Some(*id),
            _ => None,
        }
    }
}

/// SQL that holds for the accounts, known as `a`, that the viewer `$1`, `$2` may see. A user's roles are few and read once a
/// statement; an organisation's grants are many and looked up for each row.
macro_rules! account_is_visible {
    () => {
        "(/*who*/ $1::text = 'support-user' \
          /*account-user*/ or ($1 = 'account-user' and (\
            a.id in (select r.account_id from account_user_roles r where r.user_id = $2::bigint) \
            or a.portfolio_id in (select r.portfolio_id from portfolio_user_roles r where r.user_id = $2))) \
          /*organisation*/ or ($1 = 'organisation' and exists (\
            select 1 from organisation_grants g where g.organisation_id = $2 and g.account_id = a.id)) /*end*/)"
    };
}
pub(crate) use account_is_visible;

/// SQL that holds for the accounts, known as `a`, whose money is the viewer's to give, provided that they see them: of
/// customers only theirs whose role says so, because whoever looks after somebody's account sees it too.
macro_rules! account_is_owned {
    () => {
        "($1::text <> 'account-user' \
          or exists (select 1 from account_user_roles r \
              join account_permissions allowed on allowed.role = r.role and allowed.permission = 'dispose-of-money' \
            where r.user_id = $2::bigint and r.account_id = a.id) \
          or exists (select 1 from portfolio_user_roles r \
              join account_permissions allowed on allowed.role = r.role and allowed.permission = 'dispose-of-money' \
            where r.user_id = $2 and r.portfolio_id = a.portfolio_id))"
    };
}
pub(crate) use account_is_owned;

/// SQL that holds for the portfolios, known as `p`, that the viewer `$1`, `$2` may see: those they have a
/// role on, and those around an account that they have a role on.
macro_rules! portfolio_is_visible {
    () => {
        "(/*who*/ $1::text = 'support-user' \
          /*account-user*/ or ($1 = 'account-user' and (\
            exists (select 1 from portfolio_user_roles r where r.user_id = $2::bigint and r.portfolio_id = p.id) \
            or exists (select 1 from account_user_roles r join accounts held on held.id = r.account_id \
                       where r.user_id = $2 and held.portfolio_id = p.id))) /*end*/)"
    };
}
pub(crate) use portfolio_is_visible;

/// SQL that holds for the account users, known as `u`, that the viewer `$1`, `$2` may see: themselves, and
/// whoever shares an account or portfolio that they see.
macro_rules! user_is_visible {
    () => {
        "(/*who*/ $1::text = 'support-user' \
          /*account-user*/ or ($1 = 'account-user' and (u.id = $2::bigint \
            or exists (select 1 from account_user_roles mine join account_user_roles theirs \
                         on theirs.account_id = mine.account_id \
                       where mine.user_id = $2 and theirs.user_id = u.id) \
            or exists (select 1 from portfolio_user_roles mine join accounts a on a.portfolio_id = mine.portfolio_id \
                         join account_user_roles theirs on theirs.account_id = a.id \
                       where mine.user_id = $2 and theirs.user_id = u.id) \
            or exists (select 1 from portfolio_user_roles mine join portfolio_user_roles theirs \
                         on theirs.portfolio_id = mine.portfolio_id \
                       where mine.user_id = $2 and theirs.user_id = u.id))) \
          /*organisation*/ or ($1 = 'organisation' and (\
            exists (select 1 from organisation_grants g join account_user_roles r on r.account_id = g.account_id \
                    where g.organisation_id = $2 and r.user_id = u.id) \
            or exists (select 1 from organisation_grants g join accounts a on a.id = g.account_id \
                         join portfolio_user_roles r on r.portfolio_id = a.portfolio_id \
                       where g.organisation_id = $2 and r.user_id = u.id))) /*end*/)"
    };
}
pub(crate) use user_is_visible;

/// SQL that holds for the businesses, known as `z`, that the viewer `$1`, `$2` may see: those of an account that they
/// see, and for an organisation also those that it registered.
macro_rules! business_is_visible {
    () => {
        concat!(
            "($1::text = 'support-user' or ($1 = 'organisation' and z.organisation_id = $2) \
              or exists (select 1 from business_accounts own join accounts a on a.id = own.account_id \
                         where own.business_id = z.id and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            ") or exists (select 1 from business_portfolios shared \
                          join accounts a on a.portfolio_id = shared.portfolio_id \
                          where shared.business_id = z.id \
                            and not exists (select 1 from business_accounts own where own.account_id = a.id) and ",
            $crate::domain::auth::viewer::account_is_visible!(),
            "))"
        )
    };
}
pub(crate) use business_is_visible;
