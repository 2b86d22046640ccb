//! Files of packages, by the digest of their content.

use czo_repo::UnitOfWork;

use super::{ArtifactDigest, MAX_ARTIFACT, ModuleStore, StoreError, row};
use crate::ModuleError;

/// How long an artifact that belongs to no version is kept, in milliseconds: it is put before the
/// version is.
const ORPHANED_AFTER: i64 = 60 * 60 * 1_000;

impl ModuleStore {
    /// Keeps these bytes for every node; does nothing where they are kept already. What no version
    /// has an hour later is [swept](Self::sweep_artifacts).
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`].
    pub async fn put_artifact(&self, content: Vec<u8>) -> Result<ArtifactDigest, ModuleError> {
        if content.len() > MAX_ARTIFACT {
            return Err(StoreError::TooLarge { size: content.len() }.into());
        }
        let digest = ArtifactDigest::of(&content);
        // Put again, it is as good as new: the sweep must not take it from who puts it now.
        let again = "UPDATE modules_artifact SET created_at = {now} WHERE digest = $1 \
                     RETURNING digest";
        let insert = "INSERT INTO modules_artifact (digest, content, created_at) \
                      VALUES ($1, $2, {now}) \
                      ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at";
        let (key, content) = (digest.to_string(), &content);
        self.database
            .transaction(async |tx: &UnitOfWork| {
                if self.write(tx, again, [key.clone().into()]).await?.is_empty() {
                    self.write(tx, insert, [key.clone().into(), content.clone().into()]).await?;
                }
                Ok::<_, ModuleError>(digest)
            })
            .await
    }

    /// The bytes of an artifact, which were compared with its digest.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoArtifact`] and [`StoreError::DamagedArtifact`].
    pub async fn artifact(&self, digest: ArtifactDigest) -> Result<Vec<u8>, ModuleError> {
        let query = "SELECT content FROM modules_artifact WHERE digest = $1";
        let rows = self.read(query, [digest.to_string().into()]).await?;
        let found = rows.first().ok_or(StoreError::NoArtifact { digest })?;
        let content: Vec<u8> = row::get(found, "content")?;
        if ArtifactDigest::of(&content) != digest {
            return Err(StoreError::DamagedArtifact { digest }.into());
        }
        Ok(content)
    }

    /// Forgets the artifacts that no version has, an hour after they were put, and says how many
    /// those were.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn sweep_artifacts(&self) -> Result<usize, ModuleError> {
        let sweep = "DELETE FROM modules_artifact WHERE created_at < {now} - $1 AND NOT EXISTS \
                     (SELECT 1 FROM modules_file WHERE modules_file.digest = modules_artifact.digest) \
                     RETURNING digest";
        self.database
            .transaction(async |tx: &UnitOfWork| {
                Ok(self.write(tx, sweep, [ORPHANED_AFTER.into()]).await?.len())
            })
            .await
    }
}
