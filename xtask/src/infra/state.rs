//! What `infra up` started, kept in `.infra/state.json` so that `infra down` can undo it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::terminal;

use super::address::Address;
use super::local::Launch;
use super::service::Service;

/// A service that `infra up` started.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    /// The configured URL it stands in for, without its password.
    pub(crate) configured: String,
    /// Where it is.
    pub(crate) address: Address,
    pub(crate) how: How,
}

/// How a service was started.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum How {
    Docker,
    Local(Launch),
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Docker => f.write_str("docker compose"),
            How::Local(launch) => write!(f, "local binary, {launch}"),
        }
    }
}

/// The records, each change on disk before the call that makes it returns.
///
/// The file is readable by its owner only, as the URLs hold passwords.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    records: BTreeMap<Service, Record>,
    /// Held until the store is dropped: two runs must not start the same service twice.
    _lock: File,
}

impl Store {
    /// Reads the records under `root`, after any other xtask that works on them has finished.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let folder = folder(root);
        fs::create_dir_all(&folder).context("cannot create the folder .infra")?;
        let lock = File::create(folder.join("lock")).context("cannot create .infra/lock")?;
        if lock.try_lock().is_err() {
            terminal::progress("waiting for another xtask that is working on .infra");
            lock.lock().context("cannot lock .infra/lock")?;
        }
        Ok(Self { records: read(&folder)?, folder, _lock: lock })
    }

    /// The folder for what the services write.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn get(&self, service: Service) -> Option<&Record> {
        self.records.get(&service)
    }

    pub(crate) fn insert(&mut self, service: Service, record: Record) -> Result<()> {
        self.records.insert(service, record);
        self.write()
    }

    pub(crate) fn remove(&mut self, service: Service) -> Result<()> {
        self.records.remove(&service);
        self.write()
    }

    fn write(&self) -> Result<()> {
        let path = self.folder.join(STATE);
        let attempt = || -> Result<()> {
            if self.records.is_empty() {
                return match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
                    _ => Ok(()),
                };
            }
            let mut file = NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer_pretty(&mut file, &self.records)?;
            file.write_all(b"\n")?;
            file.persist(&path)?;
            Ok(())
        };
        attempt().context("cannot write .infra/state.json")
    }
}

/// The records under `root` as they are now, without waiting for anybody.
pub(crate) fn peek(root: &Path) -> Result<BTreeMap<Service, Record>> {
    read(&folder(root))
}

const STATE: &str = "state.json";

fn folder(root: &Path) -> PathBuf {
    root.join(".infra")
}

fn read(folder: &Path) -> Result<BTreeMap<Service, Record>> {
    match fs::read(folder.join(STATE)) {
        Ok(text) => serde_json::from_slice(&text).context(
            "cannot understand .infra/state.json; stop the processes it lists, then remove it",
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).context("cannot read .infra/state.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Result<Record> {
        let address = Address::parse(Service::Redis, "redis://:pw@127.0.0.1:7001")?;
        Ok(Record { configured: "redis://127.0.0.1:6379".into(), address, how: How::Docker })
    }

    #[test]
    fn a_record_is_there_for_the_next_run_until_it_is_removed() -> Result<()> {
        let root = tempfile::tempdir()?;
        Store::open(root.path())?.insert(Service::Redis, record()?)?;

        let mut store = Store::open(root.path())?;
        let found = store.get(Service::Redis).context("the record is gone")?;
        assert_eq!(found.address.url(), "redis://:pw@127.0.0.1:7001");
        assert!(store.get(Service::Postgres).is_none());

        store.remove(Service::Redis)?;
        assert!(peek(root.path())?.is_empty());
        assert!(!root.path().join(".infra/state.json").exists());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn others_cannot_read_the_file() -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir()?;
        Store::open(root.path())?.insert(Service::Redis, record()?)?;
        let mode = fs::metadata(root.path().join(".infra/state.json"))?.permissions().mode();
        assert_eq!(mode & 0o077, 0);
        Ok(())
    }

    #[test]
    fn a_damaged_file_is_answered_with_what_to_do() -> Result<()> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join(".infra"))?;
        fs::write(root.path().join(".infra/state.json"), "{")?;
        let error = Store::open(root.path()).unwrap_err().to_string();
        assert!(error.contains("then remove it"), "{error}");
        Ok(())
    }
}
