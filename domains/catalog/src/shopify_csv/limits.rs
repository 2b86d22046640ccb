//! What a file may hold. Most numbers are Shopify's own; all of them bound memory.

/// Bytes of one record, without the quotes of CSV. The largest product that keeps the other
/// limits fits.
pub(crate) const MAX_RECORD_BYTES: usize = 1024 * 1024;

/// Columns of a file.
pub(crate) const MAX_COLUMNS: usize = 1_024;

/// Handles of a file, those of rejected products included. Each is remembered, because it must not
/// come back.
pub(crate) const MAX_PRODUCTS: usize = 500_000;

/// SKUs of a file. Each is remembered, because it must not come back.
pub(crate) const MAX_SKUS: usize = 1_000_000;

/// Variants of a product.
pub(crate) const MAX_VARIANTS: usize = 2_048;

/// Images of a product.
pub(crate) const MAX_IMAGES: usize = 250;

/// Tags of a product.
pub(crate) const MAX_TAGS: usize = 250;

/// Options of a product.
pub(crate) const MAX_OPTIONS: usize = 3;

/// Characters of a handle, title, vendor, type, tag, SKU, barcode, or name or value of an option.
pub(crate) const MAX_TEXT: usize = 255;

/// Characters of the text that describes an image.
pub(crate) const MAX_ALT_TEXT: usize = 512;

/// Bytes of a description.
pub(crate) const MAX_DESCRIPTION_BYTES: usize = 512 * 1024;

/// Characters of the address of an image.
pub(crate) const MAX_URL: usize = 2_048;

/// Errors kept of one rejected product; the rest is counted.
pub(crate) const MAX_ERRORS: usize = 100;
