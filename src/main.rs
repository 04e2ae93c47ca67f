//! The `kraken-api` program.

use std::process::ExitCode;

use clap::Parser;
use kraken_api::commands::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("kraken-api: {problem}");
            ExitCode::FAILURE
        }
    }
}
