//! What the app was told so far.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What tells it from others: `webhook-id`, the same at each attempt.
    pub id: String,
    /// `type`, `timestamp` and, as `data`, the event.
    pub message: Value,
}

impl Delivery {
    /// The product that the event is about.
    #[must_use]
    pub fn product_id(&self) -> Option<&str> {
        self.message["data"]["data"]["productId"].as_str()
    }
}

/// A file with a line of JSON for each delivery.
///
/// A delivery is there once, however often it arrives, and when [`keep`](Self::keep) returns it is
/// on the disk. All ids are in memory, which is enough for an example. The file belongs to one process.
#[derive(Clone, Debug)]
pub struct Inbox {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    file: File,
    ids: HashSet<String>,
}

impl Inbox {
    /// The file in this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or has something else in it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("deliveries.jsonl");
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // What a crash left half written was not answered, so it comes again.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        text.truncate(whole);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let ids = read(&text)?.into_iter().map(|delivery| delivery.id).collect();
        Ok(Self { kept: Arc::new(Mutex::new(Kept { file, ids })) })
    }

    /// Everything that is in the file of this folder, in the order of arrival. It changes nothing,
    /// and a server may write to the file meanwhile.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has something else in it.
    pub fn list(folder: &Path) -> io::Result<Vec<Delivery>> {
        let text = match std::fs::read_to_string(folder.join("deliveries.jsonl")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        read(text.rsplit_once('\n').map_or("", |(whole, _)| whole))
    }

    /// Writes a delivery, unless it is there; whether it was new.
    ///
    /// # Errors
    ///
    /// When it cannot be written. It is not there then.
    pub fn keep(&self, delivery: &Delivery) -> io::Result<bool> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.ids.contains(&delivery.id) {
            return Ok(false);
        }
        let line = serde_json::to_string(delivery)? + "\n";
        let end = kept.file.stream_position()?;
        let written = kept.file.write_all(line.as_bytes()).and_then(|()| kept.file.sync_data());
        if let Err(error) = written {
            kept.file.set_len(end)?;
            kept.file.seek(SeekFrom::Start(end))?;
            return Err(error);
        }
        kept.ids.insert(delivery.id.clone());
        Ok(true)
    }
}

fn read(text: &str) -> io::Result<Vec<Delivery>> {
    text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}
