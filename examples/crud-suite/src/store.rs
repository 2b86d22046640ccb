//! What a store of products can do.

use czo_core::Classified;

use crate::{
    PageArguments, Product, ProductDraft, ProductFilter, ProductId, ProductPage, ProductSort,
};

/// Reads the products of one shop, each with its variants in their order. However many products,
/// their variants take one statement more (for each few thousand of them).
///
/// Static, because a program has one store; a store is shared between threads. A future that is
/// dropped leaves nothing behind.
pub trait ReadProducts: Send + Sync {
    /// Why it did not do what was asked. It says which unique field was taken.
    type Error: Classified;

    /// The product of this id, unless it is deleted.
    fn find(
        &self,
        id: ProductId,
    ) -> impl Future<Output = Result<Option<Product>, Self::Error>> + Send;

    /// The products of these ids, in their order; `None` where there is none, or it is deleted. Any
    /// number of ids: they are asked for in portions.
    fn find_by_ids(
        &self,
        ids: &[ProductId],
    ) -> impl Future<Output = Result<Vec<Option<Product>>, Self::Error>> + Send;

    /// The product of this handle, unless it is deleted.
    fn find_by_handle(
        &self,
        handle: &str,
    ) -> impl Future<Output = Result<Option<Product>, Self::Error>> + Send;

    /// One page. Its cursors are good for the same shop, filter and order only, and tell when they
    /// were changed.
    fn page(
        &self,
        filter: &ProductFilter,
        sort: ProductSort,
        arguments: PageArguments,
    ) -> impl Future<Output = Result<ProductPage, Self::Error>> + Send;

    /// How many products match.
    fn count(
        &self,
        filter: &ProductFilter,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Whether any product matches. Reads one row at most.
    fn exists(
        &self,
        filter: &ProductFilter,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Writes the products of one shop. Each method is one transaction; where it collides with another
/// (serialization failure, deadlock), it is run again.
pub trait WriteProducts: ReadProducts {
    /// Creates a product with its variants.
    fn create(
        &self,
        draft: ProductDraft,
    ) -> impl Future<Output = Result<Product, Self::Error>> + Send;

    /// Creates products with their variants, all or none, and returns them in their order. Any
    /// number: they are inserted in portions.
    fn create_many(
        &self,
        drafts: Vec<ProductDraft>,
    ) -> impl Future<Output = Result<Vec<Product>, Self::Error>> + Send;

    /// Makes a product what the draft says, if it has the version that the caller knows. Variants
    /// that the draft does not name are deleted, those that differ are changed, the rest is left
    /// alone; variants may exchange their SKUs.
    fn update(
        &self,
        id: ProductId,
        expected: i32,
        draft: ProductDraft,
    ) -> impl Future<Output = Result<Product, Self::Error>> + Send;

    /// Deletes a product and its variants, if it has the version that the caller knows. Handle and
    /// SKUs can be used again.
    fn delete(
        &self,
        id: ProductId,
        expected: i32,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Brings a deleted product back, with the variants that were deleted with it. One that is not
    /// deleted is returned as it is.
    fn restore(&self, id: ProductId) -> impl Future<Output = Result<Product, Self::Error>> + Send;

    /// Removes a product and its variants, deleted or not. Nothing brings them back.
    fn hard_delete(&self, id: ProductId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Exchanges the titles of two products, as if nobody else wrote meanwhile.
    fn swap_titles(
        &self,
        one: ProductId,
        other: ProductId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
