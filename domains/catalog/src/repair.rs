//! What a process leaves in the cache that dies between the commit of a write and what follows it, the
//! event of the write repairs: it is a row of that write, so it arrives whatever dies.

use std::sync::Arc;

use czo_core::{Event, HandlerError, SubscribeOptions};
use czo_domain::{DomainError, Registration};

use crate::ProductId;
use crate::events::{ProductCreated, ProductDeleted, ProductUpdated};
use crate::products::Products;
use crate::store::CachedProducts;

/// Its group: an event goes to one process, which tells those that share the cache with it.
const GROUP: &str = "catalog.cache";

/// How many events are seen to at once, in any order: to forget something twice, or late, is no harm.
const CONCURRENCY: usize = 32;

/// The version of a product that was just created.
const FIRST: i32 = 1;

/// What a write made wrong, as far as its event says it.
struct Outdated {
    product: ProductId,
    /// Only what is below this version, where there is one; that there is none always.
    below: Option<i32>,
    /// The handle that the product has or had. One that it has lost needs no word: it leads to the
    /// product, which is looked at each time.
    handle: String,
}

/// Forgets once more what each write made wrong, when its event arrives.
///
/// It is subscribed whether anything is cached or not, so that who consumes what does not depend on the
/// configuration.
pub(crate) fn subscribe(products: &Products, domain: &mut Registration) -> Result<(), DomainError> {
    let cached = products.cached();
    on(domain, cached, |event: ProductCreated| Outdated {
        product: event.product_id,
        below: Some(FIRST),
        handle: event.handle,
    })?;
    on(domain, cached, |event: ProductUpdated| Outdated {
        product: event.product_id,
        below: Some(event.version),
        handle: event.handle,
    })?;
    on(domain, cached, |event: ProductDeleted| Outdated {
        product: event.product_id,
        below: None,
        handle: event.handle,
    })
}

fn on<E: Event>(
    domain: &mut Registration,
    cached: &Arc<CachedProducts>,
    outdated: fn(E) -> Outdated,
) -> Result<(), DomainError> {
    let cached = cached.clone();
    let options = SubscribeOptions::default().concurrency(CONCURRENCY);
    domain.on(GROUP, options, move |event: E, envelope| {
        let (cached, Outdated { product, below, handle }) = (cached.clone(), outdated(event));
        async move {
            let Some(shop) = envelope.metadata.shop_id else {
                return Err(HandlerError::permanent("expected the shop of the product"));
            };
            cached.forget(shop, product, below, &[handle]).await;
            Ok(())
        }
    })?;
    Ok(())
}
