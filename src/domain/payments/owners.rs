//! Whose bank account or card a payment instruction is: people and businesses of the account.

use thiserror::Error;

use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::{businesses, grouped, users};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};

/// Why nobody can be an owner as was wished.
#[derive(Debug, Error)]
pub enum OwnerError {
    /// What was given names no owner, names one twice, or names one who has nothing to do with the account.
    #[error("the owners are not valid")]
    NotValid,
    /// There is no such person for the viewer.
    #[error("there is no such person")]
    NoUser,
    /// There is no such business for the viewer.
    #[error("there is no such business")]
    NoBusiness,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(OwnerError);

/// An owner as somebody names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A person, by what should be their row id.
    User(String),
    /// A business, by what should be its row id.
    Business(String),
    /// What names nobody.
    Nobody,
}

/// An owner, by row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A person.
    User(i64),
    /// A business.
    Business(i64),
}

row! {
    struct Row {
        instruction_id: i64,
        account_user_id: Option<i64>,
        business_id: Option<i64>,
    }
}

statement!(static OF_INSTRUCTIONS: Row = "
    select instruction_id, account_user_id, business_id from payment_instruction_owners
    where instruction_id = any($1::bigint[]) order by instruction_id, account_user_id, business_id");
statement!(static BELONGS: (bool,) = "
    select coalesce(
        exists (select 1 from account_user_roles r where r.account_id = $1 and r.user_id = $3)
        or exists (select 1 from portfolio_user_roles r where r.portfolio_id = $2 and r.user_id = $3), false)");
statement!(static HOLDER: (i64,) = "
    select r.user_id from (
        select r.user_id, r.id, 0 as distance from account_user_roles r
        where r.account_id = $1 and r.role = 'ACCOUNT_OWNER'
        union all
        select r.user_id, r.id, 1 from portfolio_user_roles r
        where r.portfolio_id = $2 and r.role = 'PORTFOLIO_OWNER'
    ) r order by r.distance, r.id limit 1");
statement!(static ADD: () = "
    insert into payment_instruction_owners (instruction_id, account_user_id, business_id)
    select $1, owner.account_user_id, owner.business_id
    from unnest($2::bigint[], $3::bigint[]) as owner (account_user_id, business_id)");

/// The owners of each of these instructions. Whoever asks has been shown the instructions.
pub async fn of_instructions(tx: &mut Tx, instructions: &[i64]) -> Result<Vec<Vec<Owner>>, sqlx::Error> {
    let rows = OF_INSTRUCTIONS.query().bind(instructions).fetch_all(&mut *tx).await?;
    let owner = |row: Row| match (row.account_user_id, row.business_id) {
        (Some(user), _) => Some((row.instruction_id, Owner::User(user))),
        (None, business) => Some((row.instruction_id, Owner::Business(business?))),
    };
    Ok(grouped(instructions, rows.into_iter().filter_map(owner).collect()))
}

/// The owners that were named, each of whom has to do with the account. Where none was named: a customer who sets it up
/// for themselves, or else the account's business, or its holder.
pub(super) async fn found(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &Account,
    named: &[Named],
) -> Result<Vec<Owner>, OwnerError> {
    if named.is_empty() {
        return Ok(usual(tx, viewer, account).await?.into_iter().collect());
    }
    let mut owners = Vec::new();
    for name in named {
        let owner = match name {
            Named::Nobody => return Err(OwnerError::NotValid),
            Named::User(id) => user(tx, viewer, account, id).await?,
            Named::Business(id) => business(tx, viewer, account, id).await?,
        };
        if owners.contains(&owner) {
            return Err(OwnerError::NotValid);
        }
        owners.push(owner);
    }
    Ok(owners)
}

async fn user(tx: &mut Tx, viewer: &Viewer, account: &Account, id: &str) -> Result<Owner, OwnerError> {
    let id = id.parse().map_err(|_| OwnerError::NoUser)?;
    users::by_ids(tx, viewer, &[id]).await?.pop().flatten().ok_or(OwnerError::NoUser)?;
    if belongs(tx, account, id).await? { Ok(Owner::User(id)) } else { Err(OwnerError::NotValid) }
}

async fn business(tx: &mut Tx, viewer: &Viewer, account: &Account, id: &str) -> Result<Owner, OwnerError> {
    let id = id.parse().map_err(|_| OwnerError::NoBusiness)?;
    businesses::by_ids(tx, viewer, &[id]).await?.pop().flatten().ok_or(OwnerError::NoBusiness)?;
    let own = businesses::of_accounts(tx, viewer, &[account.id]).await?.pop().flatten();
    if own.is_some_and(|own| own.id == id) { Ok(Owner::Business(id)) } else { Err(OwnerError::NotValid) }
}

async fn belongs(tx: &mut Tx, account: &Account, user: i64) -> Result<bool, sqlx::Error> {
    let query = BELONGS.query().bind(account.id).bind(account.portfolio_id).bind(user);
    Ok(query.fetch_one(&mut *tx).await?.0)
}

async fn usual(tx: &mut Tx, viewer: &Viewer, account: &Account) -> Result<Option<Owner>, sqlx::Error> {
    if let Some(user) = viewer.account_user() {
        return Ok(Some(Owner::User(user)));
    }
    if let Some(business) = businesses::of_accounts(tx, viewer, &[account.id]).await?.pop().flatten() {
        return Ok(Some(Owner::Business(business.id)));
    }
    let query = HOLDER.query().bind(account.id).bind(account.portfolio_id);
    Ok(query.fetch_optional(&mut *tx).await?.map(|(user,)| Owner::User(user)))
}

/// Notes whose an instruction is.
pub(super) async fn add(tx: &mut Tx, instruction: i64, owners: &[Owner]) -> Result<(), sqlx::Error> {
    let users: Vec<Option<i64>> = owners
        .iter()
        .map(|owner| match owner {
            Owner::User(id) => Some(*id),
            Owner::Business(_) => None,
        })
        .collect();
    let businesses: Vec<Option<i64>> = owners
        .iter()
        .map(|owner| match owner {
            Owner::User(_) => None,
            Owner::Business(id) => Some(*id),
        })
        .collect();
    ADD.command().bind(instruction).bind(users).bind(businesses).execute(&mut *tx).await?;
    Ok(())
}
