//! Unpacking what a registry of npm hands out.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use crate::{PackageError, PackagePath};

/// The most that an archive may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of the archive, unpacked. Default 256 MiB.
    pub bytes: u64,
    /// Files and folders. Default 10,000.
    pub entries: usize,
    /// How many bytes one byte may unpack to, once there are more than a MiB of them. Default 200;
    /// text rarely comes to 20.
    pub ratio: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { bytes: 256 << 20, entries: 10_000, ratio: 200 }
    }
}

/// What may be unpacked whatever its ratio: a small file of spaces is no bomb.
const ANY_RATIO: u64 = 1 << 20;

/// Unpacks a tarball (`.tgz`) as `npm pack` makes it below the folder `into`, which must be empty
/// and nobody else's, without the folder that all its entries are in. Gives the number of files.
///
/// Files and folders are all that is made, with the permissions of new ones. Nothing is written
/// outside of `into`, and nothing twice.
///
/// # Errors
///
/// [`PackageError::Archive`] for an entry with a path that leads elsewhere, for a link, a device, or
/// whatever else is no file; [`PackageError::TooLarge`] beyond `limits`. What was unpacked before is
/// left there.
pub fn unpack_tarball(
    archive: impl Read,
    into: &Path,
    limits: &ArchiveLimits,
) -> Result<usize, PackageError> {
    let meter = Rc::new(Meter::default());
    let packed = Metered { inner: archive, meter: Rc::clone(&meter), limits: None };
    let unpacked =
        Metered { inner: GzDecoder::new(packed), meter: Rc::clone(&meter), limits: Some(*limits) };
    let mut archive = Archive::new(unpacked);
    let broken = |source: io::Error| match meter.exceeded.get() {
        Some((what, most, unit)) => PackageError::too_large(what, most, unit),
        None => PackageError::Archive { problem: format!("it is broken: {source}") },
    };
    let (mut files, mut seen) = (0, 0);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        seen += 1;
        if seen > limits.entries {
            let most = limits.entries as u64;
            return Err(PackageError::too_large("the archive has too much in it", most, "entries"));
        }
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        let bytes = entry.path_bytes().into_owned();
        let refused = |why: String| {
            let shown = String::from_utf8_lossy(&bytes);
            let shown = crate::manifest::printable(&crate::manifest::excerpt(&shown));
            PackageError::Archive { problem: format!("its entry `{shown}` {why}") }
        };
        let Some(path) = path_of(&bytes, kind == EntryType::Directory).map_err(refused)? else {
            continue;
        };
        let at = path.below(into);
        let io = |source| PackageError::io("write", &at, source);
        match kind {
            EntryType::Directory => fs::create_dir_all(&at).map_err(io)?,
            EntryType::Regular => {
                if let Some(folder) = at.parent() {
                    fs::create_dir_all(folder).map_err(io)?;
                }
                let mut file = match OpenOptions::new().write(true).create_new(true).open(&at) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        return Err(refused("is there twice".to_owned()));
                    }
                    opened => opened.map_err(io)?,
                };
                copy(&mut entry, &mut file).map_err(|error| match error {
                    Copy::Read(source) => broken(source),
                    Copy::Write(source) => io(source),
                })?;
                files += 1;
            }
            kind => return Err(refused(format!("is {}, and a package has none", special(kind)))),
        }
    }
    Ok(files)
}

enum Copy {
    Read(io::Error),
    Write(io::Error),
}

/// As `io::copy`, telling apart whose fault it is.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<(), Copy> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match from.read(&mut buffer).map_err(Copy::Read)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read]).map_err(Copy::Write)?,
        }
    }
}

fn special(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Symlink => "a symbolic link",
        EntryType::Link => "a hard link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a pipe",
        _ => "neither a file nor a folder",
    }
}

/// The path of an entry without its first folder; none for that folder itself.
fn path_of(bytes: &[u8], is_folder: bool) -> Result<Option<PackagePath>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is named with bytes that are no UTF-8")?;
    let text = if is_folder { text.trim_end_matches('/') } else { text };
    // The whole is looked at, not only what is left.
    let whole: PackagePath =
        text.parse().map_err(|error| format!("has a path that is refused: {error}"))?;
    match whole.as_str().split_once('/') {
        Some((_, rest)) => rest.parse().map(Some).map_err(|error| format!("is refused: {error}")),
        None if is_folder => Ok(None),
        None => Err("is in no folder, as all are in a package of npm".to_owned()),
    }
}

/// How much went through, and what was too much.
#[derive(Default)]
struct Meter {
    packed: Cell<u64>,
    unpacked: Cell<u64>,
    exceeded: Cell<Option<(&'static str, u64, &'static str)>>,
}

/// Counts what is read: before unpacking without limits, after it with them.
struct Metered<R> {
    inner: R,
    meter: Rc<Meter>,
    limits: Option<ArchiveLimits>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let meter = &self.meter;
        let add = |sum: &Cell<u64>| sum.set(sum.get().saturating_add(read as u64));
        let Some(limits) = self.limits else {
            add(&meter.packed);
            return Ok(read);
        };
        add(&meter.unpacked);
        let unpacked = meter.unpacked.get();
        let bomb = unpacked > meter.packed.get().saturating_mul(limits.ratio);
        if unpacked > limits.bytes {
            meter.exceeded.set(Some(("the archive unpacks to too much", limits.bytes, "bytes")));
        } else if unpacked > ANY_RATIO && bomb {
            let exceeded = ("the archive unpacks to too much", limits.ratio, "times its size");
            meter.exceeded.set(Some(exceeded));
        }
        match meter.exceeded.get() {
            Some((what, ..)) => Err(io::Error::other(what)),
            None => Ok(read),
        }
    }
}
