//! Settings that every subcommand understands.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::open::Problem;
use crate::platform::storage::s3::{self, S3};
use crate::platform::storage::{Folder, Storage};

/// Where things are. Each setting has a flag and an environment variable.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Folder for the private database and demo.json.
    #[arg(long, global = true, env = "KRAKEN_HOME", default_value = ".kraken")]
    pub home: PathBuf,
    /// Postgres to use instead of a private one.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the files of bills are kept, shared by all servers: a folder, or s3://BUCKET/FOLDER with the usual AWS_…
    /// variables. A folder inside of home unless named.
    #[arg(long, global = true, env = "KRAKEN_FILES")]
    pub files: Option<PathBuf>,
    /// The bucket's region.
    #[arg(long, global = true, env = "AWS_REGION", default_value = "us-east-1")]
    pub aws_region: String,
    /// Address of the service, where the bucket is not at AWS.
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL")]
    pub aws_endpoint_url: Option<String>,
    /// Identifier of the key that the bucket is used with.
    #[arg(long, global = true, env = "AWS_ACCESS_KEY_ID")]
    pub aws_access_key_id: Option<String>,
    /// The key that the bucket is used with.
    #[arg(long, global = true, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub aws_secret_access_key: Option<String>,
    /// What bank details are sealed with: 64 hexadecimal digits, the same for all servers. Without it a key is drawn
    /// and kept in home.
    #[arg(long, global = true, env = "KRAKEN_SEALING_KEY", hide_env_values = true)]
    pub sealing_key: Option<String>,
    /// Connections to the database that this server uses at most.
    #[arg(long, global = true, env = "KRAKEN_CONNECTIONS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=500))]
    pub connections: u32,
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

    /// Where files are kept. A folder is made when the first file is.
    ///
    /// # Errors
    /// If home cannot be made, where the program runs is unknown, or a bucket is named without a key.
    pub fn storage(&self) -> Result<Arc<dyn Storage>, Problem> {
        let Some(named) = &self.files else { return Ok(Arc::new(Folder::new(self.home()?.join("files")))) };
        let Some(place) = named.to_str().and_then(|named| named.strip_prefix("s3://")) else {
            return Ok(Arc::new(Folder::new(std::path::absolute(named)?)));
        };
        let (bucket, folder) = place.split_once('/').unwrap_or((place, ""));
        let key = self.aws_access_key_id.as_deref().zip(self.aws_secret_access_key.as_deref());
        let no_key = || Problem::Other("a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into());
        let (key_id, secret) = key.ok_or_else(no_key)?;
        let endpoint = self.aws_endpoint_url.as_deref().filter(|url| !url.is_empty());
        let folder = folder.trim_end_matches('/');
        let settings = s3::Settings { endpoint, region: &self.aws_region, bucket, folder, key_id, secret };
        Ok(Arc::new(S3::new(&settings).map_err(Problem::other)?))
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
