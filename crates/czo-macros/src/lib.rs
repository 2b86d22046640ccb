#![doc = include_str!("../README.md")]

mod event;
mod resource;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `czo_core::Event` for the payload of one type of event.
///
/// `#[event("product.item.created", version = 1)]` names the type and the version of its shape;
/// both are checked while compiling. `version = 2, from = ProductCreatedV1` reads older events by
/// `impl From<ProductCreatedV1>`; that it is an older version of the same event is checked too.
/// `key = "product_id"` names the field whose text is the aggregate key, before or behind `from`.
/// The payload also derives `Serialize`, `Deserialize` and `JsonSchema`.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    event::derive(&parse_macro_input!(input as DeriveInput))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Implements `czo_repo::Resource` for the entity of a SeaORM model; see there for its words.
///
/// `#[resource(shop_scoped, versioned, soft_delete, timestamps)]` names what the entity has; a
/// column that is missing or of the wrong type is an error that says which and what was expected.
#[proc_macro_derive(Resource, attributes(resource))]
pub fn derive_resource(input: TokenStream) -> TokenStream {
    resource::derive(&parse_macro_input!(input as DeriveInput))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
