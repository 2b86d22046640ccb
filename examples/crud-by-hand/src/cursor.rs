//! Places in a list, signed.
//!
//! A cursor is the place of a product in its list and a signature over it and the list. So a
//! cursor of another shop, filter or order is refused, as is one that was changed or cut off.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crud_suite::{Product, ProductFilter, ProductId, ProductSort};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{Products, StoreError};

/// The bytes of a signature: half of HMAC-SHA256 (RFC 2104, section 5, asks for at least half).
const SIGNATURE_BYTES: usize = 16;

/// No cursor that this module made is longer. What is longer is not looked at.
const MAX_CURSOR_BYTES: usize = 16 * 1024;

/// Where a product is in its list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Where the list is ordered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) id: ProductId,
}

/// Writes and reads the cursors of one list.
pub(crate) struct Cursors {
    key: Hmac<Sha256>,
    list: String,
    by_title: bool,
}

impl Cursors {
    pub(crate) fn of(store: &Products, filter: &ProductFilter, sort: ProductSort) -> Self {
        Self {
            key: store.cursor_key.clone(),
            // `Debug` escapes quotes, so no text of a filter can pass for another filter.
            list: format!("{} {filter:?} {sort:?}", store.shop),
            by_title: sort != ProductSort::Newest,
        }
    }

    fn signature(&self, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        // The length first, so that the end of one cannot be taken for the start of the other.
        mac.update(&self.list.len().to_be_bytes());
        mac.update(self.list.as_bytes());
        mac.update(payload);
        mac
    }

    /// The cursor of a product.
    pub(crate) fn write(&self, product: &Product) -> Option<String> {
        let title = self.by_title.then(|| product.title.clone());
        let mut bytes = serde_json::to_vec(&Place { title, id: product.id }).ok()?;
        let signature = self.signature(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature[..SIGNATURE_BYTES]);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The place that a cursor of this list stands for.
    pub(crate) fn read(
        &self,
        argument: &'static str,
        cursor: Option<&str>,
    ) -> Result<Option<Place>, StoreError> {
        let Some(cursor) = cursor else { return Ok(None) };
        match self.verify(cursor) {
            Some(place) if place.title.is_some() == self.by_title => Ok(Some(place)),
            _ => Err(StoreError::Cursor { argument }),
        }
    }

    fn verify(&self, cursor: &str) -> Option<Place> {
        if cursor.len() > MAX_CURSOR_BYTES {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, signature) =
            bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        // In constant time.
        self.signature(payload).verify_truncated_left(signature).ok()?;
        serde_json::from_slice(payload).ok()
    }
}
