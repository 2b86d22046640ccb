//! How the command line finds the server that runs on the same data.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{RuntimeError, data_dir};

const FILE: &str = "server.json";

/// Says where the server of a data folder listens; there as long as it runs.
#[derive(Debug)]
pub(crate) struct ServerFile {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    url: String,
    pid: u32,
}

impl ServerFile {
    pub(crate) fn write(folder: &Path, url: &str) -> Result<Self, RuntimeError> {
        data_dir::create(folder)?;
        let path = folder.join(FILE);
        let content = Content { url: url.to_owned(), pid: std::process::id() };
        let text = serde_json::to_string(&content).expect("a text and a number have a JSON form");
        data_dir::write_private(&path, &text)?;
        Ok(Self { path, content })
    }
}

impl Drop for ServerFile {
    fn drop(&mut self) {
        // Another server may have started on the folder meanwhile; then the file is its own.
        if read(&self.path).as_ref() == Some(&self.content) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn read(path: &Path) -> Option<Content> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// The URL of the server that runs on this data folder, or ran until it was killed.
#[must_use]
pub fn server_url(folder: &Path) -> Option<String> {
    Some(read(&folder.join(FILE))?.url)
}
