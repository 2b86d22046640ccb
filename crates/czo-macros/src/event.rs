//! `#[derive(Event)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, LitInt, LitStr, Result, Token};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let mut named = input.attrs.iter().filter(|attribute| attribute.path().is_ident("event"));
    let attribute = named.next().ok_or_else(|| {
        Error::new(
            input.ident.span(),
            "name the event: #[event(\"<domain>.<entity>.<action>\", version = 1)]",
        )
    })?;
    if let Some(second) = named.next() {
        return Err(Error::new(second.span(), "an event has one name"));
    }
    let Name { event_type, version } = attribute.parse_args()?;

    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    Ok(quote! {
        impl #impl_generics ::czo_core::Event for #ident #type_generics #where_clause {
            const TYPE: ::czo_core::EventType = ::czo_core::EventType::from_static(#event_type);
            const VERSION: ::std::num::NonZeroU32 =
                ::std::num::NonZeroU32::new(#version).expect("the derive checked that it is not 0");
        }
    })
}

/// `"product.item.created", version = 1`
struct Name {
    event_type: LitStr,
    version: LitInt,
}

impl Parse for Name {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let event_type: LitStr = input.parse()?;
        if !is_event_type(&event_type.value()) {
            return Err(Error::new(
                event_type.span(),
                "expected `<domain>.<entity>.<action>`, three segments of a-z, 0-9 and _, each starting with a letter",
            ));
        }
        input.parse::<Token![,]>().map_err(|error| {
            Error::new(error.span(), "expected `, version = 1` behind the name")
        })?;
        let key: syn::Ident = input.parse()?;
        if key != "version" {
            return Err(Error::new(key.span(), "expected `version = 1`"));
        }
        input.parse::<Token![=]>()?;
        let version: LitInt = input.parse()?;
        if version.base10_parse::<u32>()? == 0 {
            return Err(Error::new(version.span(), "versions start at 1"));
        }
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error("expected nothing behind the version"));
        }
        Ok(Self { event_type, version })
    }
}

/// The rule of `czo_core::EventType`, told with a span instead of a panic.
fn is_event_type(text: &str) -> bool {
    let is_segment = |segment: &str| {
        segment.starts_with(|c: char| c.is_ascii_lowercase())
            && segment.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    text.len() <= 255 && text.split('.').count() == 3 && text.split('.').all(is_segment)
}
