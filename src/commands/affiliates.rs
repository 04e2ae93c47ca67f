//! `kraken-api affiliate`: the links under which agents of sales partners sell.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::operations::visits::links::{self, LinkError, NewLink};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Affiliate {
    /// Make a link for an agent.
    Link {
        /// The sales partner's number, such as AO-0A1B2C3D.
        partner: String,
        /// Lower-case letters, digits and dashes.
        subdomain: String,
        /// The agent's name.
        #[arg(long)]
        name: String,
        /// Their e-mail.
        #[arg(long)]
        email: String,
        /// Where it leads.
        #[arg(long)]
        url: String,
        /// They win businesses.
        #[arg(long)]
        business: bool,
    },
    /// Note that the agent behind a link has been trained.
    Trained {
        /// The link's subdomain.
        subdomain: String,
    },
}

pub async fn run(config: &Config, what: &Affiliate) -> Result<(), Problem> {
    let said = written(config, async |_, tx| carry_out(tx, what).await.map_err(Problem::other)).await?;
    println!("{said}");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Affiliate) -> Result<String, LinkError> {
    match what {
        Affiliate::Link { partner, subdomain, name, email, url, business } => {
            let new = NewLink {
                partner,
                subdomain,
                is_business: *business,
                contact_name: name,
                contact_email: email,
                landing_url: url,
            };
            Ok(format!("Link {}", links::make(tx, &new).await?))
        }
        Affiliate::Trained { subdomain } => {
            let is_known = links::qualify(tx, subdomain).await?;
            Ok(if is_known { "Noted." } else { "There is no such link." }.to_owned())
        }
    }
}
