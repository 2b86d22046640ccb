//! Machine code on disk, so that a server starts without compiling.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{CodeHash, EngineError};

/// What a file begins with; another number is another layout.
const MAGIC: &[u8; 8] = b"czo-aot1";
/// Behind it, the SHA-256 of the rest.
const DIGEST: usize = 32;

/// Files `<sha256 of the component>-<engine>.cwasm`, for their owner only.
///
/// A file that is damaged, cut off or of another engine is never run: what was compiled is preceded
/// by its digest, and anything else counts as absent. That guards against a bad disk, not against
/// somebody who may write into the folder.
pub(super) struct AotCache {
    folder: PathBuf,
    /// Code of another version of wasmtime, of other settings or for another processor has another.
    engine: u64,
}

impl AotCache {
    pub(super) fn open(folder: &Path, engine: &Engine) -> Result<Self, EngineError> {
        make_private(folder)
            .map_err(|source| EngineError::CacheFolder { path: folder.to_owned(), source })?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder: folder.to_owned(), engine: hasher.finish() })
    }

    /// What was stored, where it is whole.
    pub(super) fn load(&self, engine: &Engine, hash: CodeHash) -> Option<Component> {
        let path = self.path(hash);
        let file = match fs::read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled module can't be read");
                return None;
            }
        };
        let Some(code) = whole(&file) else {
            tracing::warn!(path = %path.display(), "compiled module is damaged; compiling it anew");
            return None;
        };
        // SAFETY: the bytes are those that `store` wrote, which got them from `serialize`: their
        // digest, taken of the very bytes that are handed over, is right, and only the server's
        // user may write into the folder. That they are of this engine is checked inside.
        #[expect(unsafe_code, reason = "machine code can't be checked, only trusted")]
        let component = unsafe { Component::deserialize(engine, code) };
        component
            .inspect_err(|error| {
                let error = format_args!("{error:#}");
                tracing::warn!(path = %path.display(), %error, "compiled module is of another engine");
            })
            .ok()
    }

    /// Writes it whole or not at all. A disk that is full is no reason not to run the module.
    pub(super) fn store(&self, hash: CodeHash, component: &Component) {
        let path = self.path(hash);
        if let Err(error) = self.write(&path, component) {
            let error = format_args!("{error:#}");
            tracing::warn!(path = %path.display(), %error, "compiled module can't be kept");
        }
    }

    /// Deletes the files of all other components and of other engines.
    pub(super) fn retain(&self, is_needed: impl Fn(CodeHash) -> bool) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            if self.hash(&path).is_some_and(&is_needed) {
                continue;
            }
            let is_ours = path.extension().is_some_and(|extension| extension == "cwasm");
            if is_ours && let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "compiled module can't be deleted");
            }
        }
    }

    fn write(&self, path: &Path, component: &Component) -> wasmtime::Result<()> {
        let code = component.serialize()?;
        // Only its owner may read it; renamed, it is there at once.
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&Sha256::digest(&code))?;
        file.write_all(&code)?;
        file.persist(path)?;
        Ok(())
    }

    fn path(&self, hash: CodeHash) -> PathBuf {
        self.folder.join(format!("{hash}-{:016x}.cwasm", self.engine))
    }

    /// Of which component a file of this engine is.
    fn hash(&self, path: &Path) -> Option<CodeHash> {
        let hash = path.file_name()?.to_str()?.split('-').next()?.parse().ok()?;
        (self.path(hash) == path).then_some(hash)
    }
}

/// The code in a file, where the file is as it was written.
fn whole(file: &[u8]) -> Option<&[u8]> {
    let rest = file.strip_prefix(MAGIC)?;
    let (digest, code) = rest.split_at_checked(DIGEST)?;
    (Sha256::digest(code)[..] == *digest).then_some(code)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
