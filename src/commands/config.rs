//! Settings that every subcommand understands.

use std::path::PathBuf;

use clap::Args;

/// Where things are. Each setting has a flag and an environment variable.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Folder for the private database and demo.json.
    #[arg(long, global = true, env = "KRAKEN_HOME", default_value = ".kraken")]
    pub home: PathBuf,
    /// Postgres to use instead of a private one.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Folder for the files of bills, shared by all servers; a folder inside of home unless named.
    #[arg(long, global = true, env = "KRAKEN_FILES")]
    pub files: Option<PathBuf>,
    /// What bank details are sealed with: 64 hexadecimal digits, the same for all servers. Without it a key is drawn
    /// and kept in home.
    #[arg(long, global = true, env = "KRAKEN_SEALING_KEY", hide_env_values = true)]
    pub sealing_key: Option<String>,
    /// Names of one deployment: us, de, gb, jp or au. Without it, the merged edition.
    #[arg(long, global = true, env = "KRAKEN_EDITION")]
    pub edition: Option<String>,
    /// Port to serve on.
    #[arg(long, global = true, env = "PORT", default_value_t = 8000)]
    pub port: u16,
    /// Address that clients know this server by; tokens are issued in its name.
    #[arg(long, global = true, env = "KRAKEN_PUBLIC_URL")]
    pub public_url: Option<String>,
}

impl Config {
    /// The address that clients know this server by, without a slash at the end.
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://127.0.0.1:{}", self.port),
        }
    }

    /// The folder as an absolute path, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn home(&self) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(&self.home)?;
        self.home.canonicalize()
    }

    /// The folder for files as an absolute path. It is made when the first file is kept.
    ///
    /// # Errors
    /// If home cannot be made, or where the program runs is unknown.
    pub fn files(&self) -> std::io::Result<PathBuf> {
        match &self.files {
            Some(folder) => std::path::absolute(folder),
            None => Ok(self.home()?.join("files")),
        }
    }

    /// The edition, where one was named. An empty variable names none.
    pub fn edition(&self) -> Option<&str> {
        self.edition.as_deref().filter(|name| !name.is_empty())
    }

    /// The given database, if there is one.
    pub fn given_database(&self) -> Option<&str> {
        self.database_url.as_deref().filter(|url| !url.is_empty())
    }
}
