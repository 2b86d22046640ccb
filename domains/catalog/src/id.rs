//! Ids of the catalogue.

czo_core::typed_id! {
    /// Identifies a product.
    pub struct ProductId("prod");
}

czo_core::typed_id! {
    /// Identifies a variant of a product.
    pub struct VariantId("var");
}

czo_core::typed_id! {
    /// Identifies a small picture of an image.
    pub struct ThumbnailId("thumb");
}

czo_core::typed_id! {
    /// Identifies an import that is done later.
    pub struct ImportId("imp");
}
