//! PostgreSQL from local binaries.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::infra::daemon::{Daemon, Signal};
use crate::process;

use super::user::{self, User};
use super::{LOG, Launch, free_ports, remove_folder};

/// Where Debian keeps the binaries, by major version and not on `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs a server needs, of one version.
pub(super) struct Binaries {
    initdb: PathBuf,
    postgres: PathBuf,
}

impl Binaries {
    /// The binaries on `PATH`, or else the newest that Debian installed.
    pub(super) fn find() -> Option<Self> {
        if let (Some(initdb), Some(postgres)) =
            (process::on_path("initdb"), process::on_path("postgres"))
        {
            return Some(Self { initdb, postgres });
        }
        let newest = newest_version(Path::new(DEBIAN))?;
        let [initdb, postgres] = ["initdb", "postgres"].map(|name| newest.join("bin").join(name));
        (initdb.is_file() && postgres.is_file()).then_some(Self { initdb, postgres })
    }
}

/// Starts a server with the superuser `postgres` and no password; returns its URL.
///
/// It trades safety for speed: after a crash of the machine its data is worth nothing.
pub(super) fn start(launch: &mut Launch) -> Result<String> {
    let binaries = Binaries::find().context("initdb and postgres are not installed")?;
    let owner = owner(launch)?;
    let data = launch.folder.join("data");
    let mut initdb = as_user(&binaries.initdb, owner, &launch.folder);
    initdb
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
        .args(["--no-sync", "--no-instructions", "--pgdata"])
        .arg(&data);
    process::read(&mut initdb)?;

    let [port] = free_ports()?;
    let mut server = as_user(&binaries.postgres, owner, &launch.folder);
    server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
    ] {
        server.args(["-c", setting]);
    }
    let log = launch.folder.join(LOG);
    // An interrupt is PostgreSQL's fast shutdown; on termination it would wait for its clients.
    launch.processes.push(Daemon::start(&mut server, &log, Signal::Interrupt)?);
    Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
}

/// Who the server runs as: root cannot, so a lesser user gets the folder, or a folder in the
/// place for temporary files where the first one is out of that user's reach.
fn owner(launch: &mut Launch) -> Result<Option<User>> {
    if !user::is_root()? {
        return Ok(None);
    }
    let owner = user::first_of(&["postgres", "nobody"])?;
    give(&launch.folder, owner)?;
    if !can_write(&launch.folder, owner) {
        let elsewhere = tempfile::Builder::new().prefix("czo-postgres-").tempdir()?.keep();
        remove_folder(&launch.folder)?;
        launch.folder = elsewhere;
        give(&launch.folder, owner)?;
    }
    Ok(Some(owner))
}

fn give(folder: &Path, owner: User) -> Result<()> {
    chown(folder, Some(owner.uid), Some(owner.gid))
        .with_context(|| format!("cannot give {} away", folder.display()))
}

fn can_write(folder: &Path, owner: User) -> bool {
    Command::new("test")
        .arg("-w")
        .arg(folder)
        .uid(owner.uid)
        .gid(owner.gid)
        .current_dir("/")
        .status()
        .is_ok_and(|status| status.success())
}

fn as_user(program: &Path, owner: Option<User>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(owner) = owner {
        command.uid(owner.uid).gid(owner.gid).env("HOME", folder);
    }
    command
}

fn newest_version(parent: &Path) -> Option<PathBuf> {
    fs::read_dir(parent)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse::<u32>().ok()?, path)))
        .max()
        .map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_greatest_number() -> Result<()> {
        let parent = tempfile::tempdir()?;
        for version in ["9", "15", "100", "old"] {
            fs::create_dir(parent.path().join(version))?;
        }
        assert_eq!(newest_version(parent.path()), Some(parent.path().join("100")));
        assert_eq!(newest_version(&parent.path().join("missing")), None);
        Ok(())
    }
}
