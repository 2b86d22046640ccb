//! RabbitMQ as it is installed on this machine.

use std::env;
use std::path::{Path, PathBuf};

use crate::ToolError;

/// Debian's own scripts for all users; the ones on `PATH` there only serve root and a user
/// `rabbitmq`, and change to the latter.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin";

/// The programs a node needs.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) server: PathBuf,
    pub(super) ctl: PathBuf,
    pub(super) epmd: PathBuf,
}

impl Binaries {
    pub(super) fn find() -> Result<Self, ToolError> {
        Ok(Self {
            server: find("rabbitmq-server")?,
            ctl: find("rabbitmqctl")?,
            epmd: find("epmd")?,
        })
    }
}

fn find(program: &str) -> Result<PathBuf, ToolError> {
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(Path::new(DEBIAN).to_owned())
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            ToolError::new(format!(
                "`{program}` is not installed; a test that breaks a broker needs RabbitMQ \
                 (on Debian the package rabbitmq-server)"
            ))
        })
}
