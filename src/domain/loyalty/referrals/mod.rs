//! Rewards for bringing customers and for joining.
//!
//! A scheme says what is given and to whom; see migration `0091_referrals`. A referral keeps what its scheme gave when it was
//! made, and is paid once the newcomer has been supplied for a while.

pub mod claim_codes;
pub mod lists;
pub mod making;
pub mod rewarding;
pub mod schemes;

/// Where the link that a customer passes on leads, below the address of the server.
pub fn path(code: &str) -> String {
    format!("/refer/{code}")
}
