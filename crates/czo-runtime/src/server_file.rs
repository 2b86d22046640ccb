//! How the command line finds the server that runs on the same data, and knows it to be that one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use czo_fetch::{FetchOptions, Fetcher};
use czo_http::axum::Router;
use czo_http::axum::extract::{Path as PathParameter, State};
use czo_http::axum::routing::get;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Config, RuntimeError, data_dir};

const FILE: &str = "server.json";

/// Where a server proves that it is the one whose file it is.
const PROOF: &str = "/api/_instance/";

/// How long a server may take to prove itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest answer that may be a proof.
const MAX_PROOF_BYTES: usize = 1_024;

/// Says where the server of a data folder listens; there as long as it runs, and readable by the
/// user who runs it alone.
#[derive(Debug)]
pub(crate) struct ServerFile {
    path: PathBuf,
    content: Content,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Content {
    url: String,
    pid: u32,
    /// Without its password.
    database: String,
    /// Known to the server and to whoever may read the file.
    secret: String,
}

/// A secret that only the server and the readers of its file know.
#[derive(Clone, Debug)]
pub(crate) struct Instance(SecretString);

impl Instance {
    pub(crate) fn new() -> Result<Self, RuntimeError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| RuntimeError::Random)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// What only who knows the secret can say to a question.
    fn prove(&self, question: &str) -> String {
        // Of fixed length, so that the boundary between secret and question is unambiguous.
        let proof = Sha256::new().chain_update(self.0.expose_secret()).chain_update(question);
        URL_SAFE_NO_PAD.encode(proof.finalize())
    }

    /// The route on which the server proves itself.
    pub(crate) fn routes(&self) -> Router {
        let prove = |State(instance): State<Self>,
                     PathParameter(question): PathParameter<String>| async move {
            instance.prove(&question)
        };
        Router::new().route(&format!("{PROOF}{{question}}"), get(prove)).with_state(self.clone())
    }
}

impl ServerFile {
    /// Takes the place of what the file said before: whoever calls this has seen that no server
    /// is [alive](RunningServer::alive) that it belongs to.
    pub(crate) fn write(
        config: &Config,
        url: &str,
        instance: &Instance,
    ) -> Result<Self, RuntimeError> {
        data_dir::create(&config.data_dir)?;
        let path = config.data_dir.join(FILE);
        let content = Content {
            url: url.to_owned(),
            pid: std::process::id(),
            database: config.database_options().url.to_string(),
            secret: instance.0.expose_secret().to_owned(),
        };
        let text = serde_json::to_string(&content).expect("texts and a number have a JSON form");
        data_dir::write_private(&path, &text)?;
        Ok(Self { path, content })
    }
}

impl Drop for ServerFile {
    fn drop(&mut self) {
        // Another server may have started on the folder meanwhile; then the file is its own.
        if read(&self.path).is_some_and(|content| content.secret == self.content.secret) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn read(path: &Path) -> Option<Content> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// The server that runs on the data folder and the database of a configuration, or ran until it
/// was killed: then something else may listen there now. Ask it for a proof before you trust it.
#[derive(Clone, Debug)]
pub struct RunningServer {
    url: String,
    instance: Instance,
    question: String,
}

impl RunningServer {
    /// What the data folder says about its server.
    #[must_use]
    pub fn find(config: &Config) -> Option<Self> {
        let content = read(&config.data_dir.join(FILE))?;
        if content.database != config.database_options().url.to_string() {
            return None;
        }
        Self::of(content)
    }

    /// The server that the file of the data folder names, whatever its database, if it is still
    /// there to prove itself. To be asked before this process listens: the other may have had its
    /// port.
    pub(crate) async fn alive(config: &Config) -> Option<Self> {
        let found = Self::of(read(&config.data_dir.join(FILE))?)?;
        let mut options = FetchOptions::default();
        options.allow = vec![found.url.strip_prefix("http://")?.parse().ok()?];
        (options.timeout, options.max_redirects) = (PATIENCE, 0);
        let answer = Fetcher::new(options).get(&found.proof_url(), MAX_PROOF_BYTES).await.ok()?;
        let is_it = found.is_proven_by(std::str::from_utf8(&answer.body).ok()?);
        is_it.then_some(found)
    }

    fn of(content: Content) -> Option<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self {
            url: content.url,
            instance: Instance(content.secret.into()),
            question: URL_SAFE_NO_PAD.encode(bytes),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it answers the question whether it is the one.
    #[must_use]
    pub fn proof_url(&self) -> String {
        format!("{}{PROOF}{}", self.url, self.question)
    }

    /// Whether this answer came from the server whose file it is.
    #[must_use]
    pub fn is_proven_by(&self, answer: &str) -> bool {
        self.instance.prove(&self.question).as_bytes().ct_eq(answer.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path, database: &str) -> Config {
        let mut config = Config { data_dir: folder.to_owned(), ..Config::default() };
        config.database.url = Some(database.parse().unwrap());
        config
    }

    #[test]
    fn only_the_server_of_the_file_can_prove_itself() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "sqlite://a.db");
        let instance = Instance::new().unwrap();
        let _file = ServerFile::write(&config, "http://127.0.0.1:1", &instance).unwrap();
        let found = RunningServer::find(&config).unwrap();
        assert!(found.is_proven_by(&instance.prove(&found.question)));
        assert!(!found.is_proven_by(&Instance::new().unwrap().prove(&found.question)));
        assert!(!found.is_proven_by(""));
    }

    #[test]
    fn a_server_on_another_database_is_not_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let here = config(folder.path(), "sqlite://a.db");
        let _file = ServerFile::write(&here, "http://x", &Instance::new().unwrap()).unwrap();
        let there = config(folder.path(), "postgres://u:s3cr3t@db/shop");
        assert!(RunningServer::find(&there).is_none());
    }

    #[test]
    fn the_file_goes_with_its_server_and_stays_with_another() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "sqlite://a.db");
        let first = ServerFile::write(&config, "http://1", &Instance::new().unwrap()).unwrap();
        let second = ServerFile::write(&config, "http://2", &Instance::new().unwrap()).unwrap();
        drop(first);
        assert_eq!(RunningServer::find(&config).unwrap().url(), "http://2");
        drop(second);
        assert!(RunningServer::find(&config).is_none());
    }
}
