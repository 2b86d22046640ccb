//! A place to run in.

use std::path::{Path, PathBuf};
use std::process::Command;

use czo_repo::{Database, DatabaseOptions, DatabaseUrl};
use tempfile::TempDir;

use super::process::Process;
use super::{Finished, PostgresDatabase, Server};

/// A folder in which czo runs, and the database that it works on. Both are gone afterwards.
#[derive(Debug)]
pub(crate) struct Site {
    settings: Vec<(String, String)>,
    folder: TempDir,
    database: Option<PostgresDatabase>,
}

impl Site {
    /// An empty folder, with nothing configured at all.
    pub(crate) fn unconfigured() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { settings: Vec::new(), folder, database: None }
    }

    /// An empty folder; all that is set is a port of the system's choice.
    pub(crate) fn sqlite() -> Self {
        Self::unconfigured().with("CZO_SERVER__LISTEN", "127.0.0.1:0")
    }

    /// The same, on a migrated PostgreSQL database of its own, with the demo shop.
    pub(crate) async fn postgres() -> Self {
        let site = Self::on(PostgresDatabase::create().await).with("CZO_DEMO", "true");
        site.czo(&["migrate", "up"]).await.succeeded();
        site
    }

    /// An empty folder on this database, which is as it is.
    pub(crate) fn on(database: PostgresDatabase) -> Self {
        let site = Self::sqlite().with("CZO_DATABASE__URL", database.url());
        Self { database: Some(database), ..site }
    }

    /// Another folder on the same database.
    pub(crate) fn neighbour(&self) -> Self {
        Self { settings: self.settings.clone(), ..Self::unconfigured() }
    }

    /// The PostgreSQL database, on a site that has one.
    pub(crate) fn database(&self) -> &PostgresDatabase {
        self.database.as_ref().expect("a site on PostgreSQL")
    }

    /// Sets an environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets an environment variable no longer.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// Gives it one shop with nothing in it, instead of the demo shop.
    pub(crate) async fn with_an_empty_shop(self) -> Self {
        let site = self.with("CZO_DEMO", "false");
        site.open_shop("Paper & Ink").await;
        site
    }

    /// Opens a shop; gives its id.
    pub(crate) async fn open_shop(&self, name: &str) -> String {
        let opened = self.czo(&["shops", "create", "--name", name, "--currency", "EUR"]).await;
        opened.succeeded().stdout.trim().to_owned()
    }

    /// Its database, to look at what no interface shows.
    pub(crate) async fn open_database(&self) -> Database {
        let url = match &self.database {
            Some(database) => database.url().parse().expect("a postgres:// URL"),
            None => DatabaseUrl::sqlite(self.path(".czo/czo.db")),
        };
        let options = DatabaseOptions::new(url).max_connections(1);
        Database::connect(&options).await.expect("the database of the site")
    }

    /// The path of a file of this name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folder that it is in.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder around it")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Reads a file as text.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The owner's token, if the first start was one of this folder.
    pub(crate) fn kept_token(&self) -> Option<String> {
        kept_token(&self.path(".czo"))
    }

    /// The owner's token, as the first start kept it.
    pub(crate) fn owner_token(&self) -> String {
        self.kept_token().expect("a first start kept its token")
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end.
    pub(crate) async fn czo(&self, arguments: &[&str]) -> Finished {
        self.spawn(arguments).finish().await
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        // No command at all is `serve`.
        self.start_with(&[]).await
    }

    /// Starts the server by these arguments and waits until it is ready.
    pub(crate) async fn start_with(&self, arguments: &[&str]) -> Server {
        Server::ready(self.spawn(arguments), self.path(".czo")).await
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_czo"));
        // Only the settings of the site count, not those of whoever runs the tests.
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| name.to_string_lossy().starts_with("CZO_")) {
            command.env_remove(name);
        }
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        command.args(arguments).current_dir(self.folder()).envs(settings);
        Process::spawn(&mut command)
    }
}

/// The owner's token in a data folder. Its file is named for the database where that is not the
/// embedded one.
pub(crate) fn kept_token(data_dir: &Path) -> Option<String> {
    let files = std::fs::read_dir(data_dir).ok()?.filter_map(Result::ok);
    let mut kept =
        files.filter(|file| file.file_name().to_string_lossy().starts_with("owner-token"));
    let file = kept.next()?;
    assert!(kept.next().is_none(), "a site has one database, and that one owner");
    let text = std::fs::read_to_string(file.path()).expect("a file that can be read");
    Some(text.trim().to_owned())
}
