//! Files on their way into the database and out of it.

use std::io;
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use czo_repo::Database;
use futures_util::stream::{self, Stream, StreamExt};

use crate::{CatalogError, CsvFileError, ImportId, store};

/// How many bytes are in a chunk; the last one has fewer.
const CHUNK: usize = 256 * 1024;

/// How large a file is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) bytes: i64,
    pub(super) chunks: i32,
}

/// Stores a file chunk by chunk, each in a transaction of its own: an upload may be slow, and
/// holds nobody up.
pub(super) async fn store(
    db: &Database,
    import: ImportId,
    upload: impl Stream<Item = io::Result<Bytes>> + Send,
) -> Result<Size, CatalogError> {
    let mut upload = pin!(upload);
    let mut size = Size { bytes: 0, chunks: 0 };
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while let Some(piece) = upload.next().await {
        let mut piece = piece.map_err(CsvFileError::Read)?;
        while !piece.is_empty() {
            let part = piece.split_to(piece.len().min(CHUNK - chunk.len()));
            chunk.extend_from_slice(&part);
            if chunk.len() == CHUNK {
                add(db, import, &mut size, &mut chunk).await?;
            }
        }
    }
    if !chunk.is_empty() {
        add(db, import, &mut size, &mut chunk).await?;
    }
    if size.bytes == 0 { Err(CsvFileError::Empty.into()) } else { Ok(size) }
}

async fn add(
    db: &Database,
    import: ImportId,
    size: &mut Size,
    chunk: &mut BytesMut,
) -> Result<(), CatalogError> {
    let content = chunk.split().freeze();
    size.bytes += i64::try_from(content.len()).unwrap_or(i64::MAX);
    store::add_chunk(db, import, size.chunks, content).await?;
    size.chunks += 1;
    chunk.reserve(CHUNK);
    Ok(())
}

/// A stored file, chunk by chunk.
pub(super) fn read(
    db: Database,
    import: ImportId,
    chunks: i32,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(0..chunks).then(move |position| {
        let db = db.clone();
        async move {
            let found = store::chunk(&db, import, position).await.map_err(io::Error::other)?;
            // Whoever ended the import deleted it.
            found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        }
    })
}
