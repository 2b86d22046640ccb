//! Ids of the catalogue.

czo_core::typed_id! {
    /// Identifies a product.
    pub struct ProductId("prod");
}

czo_core::typed_id! {
    /// Identifies a variant of a product.
    pub struct VariantId("var");
}
