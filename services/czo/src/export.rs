//! `czo export products`

use std::path::Path;
use std::pin::pin;

use anyhow::Context;
use czo_catalog::Products;
use czo_core::{RequestContext, SystemIds};
use czo_runtime::Czo;
use czo_runtime::cli::{GlobalArgs, boot_quietly, finish};
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::cli::Target;
use crate::import::shop;

pub(crate) async fn products(
    czo: &Czo,
    global: &GlobalArgs,
    target: &Target,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    match target.server(&global.load()?).await? {
        Some(server) => {
            let response = server.get("/api/catalog/export").send().await?;
            let pages =
                server.accepted(response).await?.bytes_stream().map_err(anyhow::Error::from);
            save(pages, output).await
        }
        None => {
            let application = boot_quietly(czo, global).await?;
            let shop = shop(&application, target).await?;
            let ctx = RequestContext::system(&SystemIds).for_shop(shop);
            let pages = Products::new(application.context()).export(&ctx);
            // On the heap: the pages and what writes them are a large future together.
            let saved = Box::pin(save(pages.map_err(anyhow::Error::from), output)).await;
            finish(application).await;
            saved
        }
    }
}

/// Writes to the file, which is only there once it is complete, or to standard output.
async fn save(
    pages: impl Stream<Item = anyhow::Result<impl AsRef<[u8]>>>,
    output: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(path) = output else {
        return copy(pages, tokio::io::stdout()).await;
    };
    let name = || format!("the file {} cannot be written", path.display());
    let partial = path.with_added_extension("partial");
    let file = tokio::fs::File::create(&partial).await.with_context(name)?;
    let copied = copy(pages, file).await;
    if copied.is_err() {
        // Best effort: what matters is the error that is returned.
        let _ = tokio::fs::remove_file(&partial).await;
        return copied;
    }
    tokio::fs::rename(&partial, path).await.with_context(name)
}

async fn copy(
    pages: impl Stream<Item = anyhow::Result<impl AsRef<[u8]>>>,
    mut output: impl AsyncWrite + Unpin,
) -> anyhow::Result<()> {
    let mut pages = pin!(pages);
    while let Some(page) = pages.next().await {
        output.write_all(page?.as_ref()).await.context("the export cannot be written")?;
    }
    output.flush().await.context("the export cannot be written")
}
