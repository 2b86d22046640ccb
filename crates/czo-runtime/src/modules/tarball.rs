//! A package of a module on its way from the command line to a server: a `.tgz` as npm makes it.

use std::io::{self, Write as _};

use czo_module_package::Package;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

/// What the bytes are called in `Content-Type`.
pub(crate) const MEDIA_TYPE: &str = "application/gzip";

/// The folder that all entries are in.
const FOLDER: &str = "package";

/// Packs the files of a package, the same bytes for the same files.
///
/// # Errors
///
/// When a path is too long for an archive.
pub(crate) fn pack(package: &Package) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, file) in package.files() {
        let mut header = Header::new_gnu();
        header.set_size(file.bytes().len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{FOLDER}/{}", path.as_str()), file.bytes())?;
    }
    let mut packed = archive.into_inner()?;
    packed.flush()?;
    packed.finish()
}
