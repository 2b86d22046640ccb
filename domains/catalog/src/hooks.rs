//! Where others may take part in what is done to products.
//!
//! **Before** the operation means: whoever asks may do it, and nothing has been looked at yet.
//! There is no transaction, so a hook runs once however often that has to be tried again, and
//! holds no lock while it waits. What it leaves in the input is validated like any other.
//!
//! **After** it means: it is committed and its events are on their way. A hook may change what
//! the caller is told, not what was written; when it fails, the write stands. If the caller goes
//! away meanwhile the write is finished all the same, and the hooks after it don't run: what
//! must follow a write follows its event.
//!
//! [`Products::put`](crate::Products::put), and so every import, runs the hooks of
//! [`ProductCreate`] for a product that the shop has not got and those of [`ProductUpdate`] for
//! one that it has. Which it is goes by the handle that the put began with: a hook that gives the
//! product another one makes the next put create it again, and fail if that handle is taken.
//! When another creates or deletes the product meanwhile, the put runs its hooks once more; hooks
//! on errors see that lost race, and one that answers with a result ends the put.
//!
//! All three points are open to modules, which see the types here as JSON: a field that comes later
//! needs `#[serde(default)]`.
//!
//! ```
//! use czo_catalog::hooks::ProductCreate;
//! use czo_hooks::{HookRegistry, RegisterError};
//!
//! fn tag_new_products(hooks: &HookRegistry) -> Result<(), RegisterError> {
//!     hooks
//!         .before::<ProductCreate>("marketing.new")
//!         .register(|_ctx, product| {
//!             product.tags.push("new".to_owned());
//!             Ok(())
//!         })?
//!         .detach();
//!     Ok(())
//! }
//! # tag_new_products(&HookRegistry::new()).expect("a good name");
//! ```

use czo_hooks::{HookPoint, HookRegistry, Hooks};
use serde::{Deserialize, Serialize};

use crate::product::{Product, ProductDraft, ProductPatch};
use crate::{CatalogError, ProductId};

/// A product is created: [`Products::create`](crate::Products::create).
#[derive(Clone, Copy, Debug)]
pub struct ProductCreate;

impl HookPoint for ProductCreate {
    const NAME: &'static str = "product.create";
    type Input = ProductDraft;
    type Output = Product;
    type Error = CatalogError;
}

/// A product is changed: [`Products::update`](crate::Products::update). The result is the product
/// as it is then, also when nothing was to be changed.
#[derive(Clone, Copy, Debug)]
pub struct ProductUpdate;

impl HookPoint for ProductUpdate {
    const NAME: &'static str = "product.update";
    type Input = ProductChange;
    type Output = Product;
    type Error = CatalogError;
}

/// A product is deleted: [`Products::delete`](crate::Products::delete).
#[derive(Clone, Copy, Debug)]
pub struct ProductDelete;

impl HookPoint for ProductDelete {
    const NAME: &'static str = "product.delete";
    type Input = ProductRemoval;
    type Output = ();
    type Error = CatalogError;
}

/// Which product is to be changed, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProductChange {
    /// The product.
    pub product_id: ProductId,
    /// The version that the caller knew.
    pub expected_version: Option<i32>,
    /// What is to change.
    pub patch: ProductPatch,
}

/// Which product is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProductRemoval {
    /// The product.
    pub product_id: ProductId,
    /// The version that the caller knew.
    pub expected_version: Option<i32>,
}

/// The points, looked up once.
#[derive(Clone, Debug)]
pub(crate) struct ProductHooks {
    pub(crate) create: Hooks<ProductCreate>,
    pub(crate) update: Hooks<ProductUpdate>,
    pub(crate) delete: Hooks<ProductDelete>,
}

impl ProductHooks {
    pub(crate) fn of(registry: &HookRegistry) -> Self {
        Self { create: registry.point(), update: registry.point(), delete: registry.point() }
    }
}
