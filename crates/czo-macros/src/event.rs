//! `#[derive(Event)]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, LitInt, LitStr, Result, Token, Type};

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
    let Name { event_type, version, from, key } = attribute.parse_args()?;

    let ident = &input.ident;
    let generics = &input.generics;
    if let (Some(_), Some(parameter)) = (&from, generics.params.first()) {
        return Err(Error::new(parameter.span(), "an event with `from` has no parameters"));
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let aggregate_key = key.map(|key| aggregate_key(&key, &input.data)).transpose()?;
    let upcast = from.as_ref().map(upcast);
    let check = from.as_ref().map(|from| is_older(from, ident));
    Ok(quote! {
        impl #impl_generics ::czo_core::Event for #ident #type_generics #where_clause {
            const TYPE: ::czo_core::EventType = ::czo_core::EventType::from_static(#event_type);
            const VERSION: ::std::num::NonZeroU32 =
                ::std::num::NonZeroU32::new(#version).expect("the derive checked that it is not 0");
            #aggregate_key
            #upcast
        }
        #check
    })
}

/// The text of the field that `key` names. The span lets a field that is no text point at `key`.
fn aggregate_key(key: &LitStr, data: &Data) -> Result<TokenStream> {
    let Data::Struct(payload) = data else {
        return Err(Error::new(key.span(), "an event with `key` is a struct"));
    };
    let name = key.value();
    let mut fields = payload.fields.iter().filter_map(|field| field.ident.clone());
    let mut field = fields.find(|field| field.unraw() == name).ok_or_else(|| {
        Error::new(key.span(), format!("no field `{name}`: `key` names a Rust field of the event"))
    })?;
    field.set_span(key.span());
    Ok(quote_spanned! {key.span()=>
        fn aggregate_key(&self) -> ::std::option::Option<::std::string::String> {
            ::std::option::Option::Some(::std::string::ToString::to_string(&self.#field))
        }
    })
}

/// Reads what `from` reads and converts it. The span lets a missing `impl From` point at `from`.
fn upcast(from: &Type) -> TokenStream {
    quote_spanned! {from.span()=>
        fn read(
            version: ::std::num::NonZeroU32,
            data: &::czo_core::__private::Value,
        ) -> ::std::option::Option<::std::result::Result<Self, ::czo_core::__private::JsonError>> {
            if version == <Self as ::czo_core::Event>::VERSION {
                let read = <Self as ::czo_core::__private::Deserialize<'_>>::deserialize(data);
                return ::std::option::Option::Some(read);
            }
            let older = <#from as ::czo_core::Event>::read(version, data)?;
            ::std::option::Option::Some(older.map(<Self as ::std::convert::From<#from>>::from))
        }

        fn versions() -> ::std::vec::Vec<::czo_core::EventVersion> {
            let mut versions = <#from as ::czo_core::Event>::versions();
            versions.push(::czo_core::EventVersion::of::<Self>());
            versions
        }
    }
}

/// Statics, since a constant with a destructor can't be borrowed in a constant.
fn is_older(from: &Type, ident: &syn::Ident) -> TokenStream {
    quote_spanned! {from.span()=>
        const _: () = {
            static OLDER: ::czo_core::EventType = <#from as ::czo_core::Event>::TYPE;
            static NEWER: ::czo_core::EventType = <#ident as ::czo_core::Event>::TYPE;
            ::std::assert!(
                ::czo_core::__private::is_same_type(&OLDER, &NEWER),
                "`from` names another event: it must be an older version of the same type"
            );
            let older = <#from as ::czo_core::Event>::VERSION.get();
            ::std::assert!(
                older < <#ident as ::czo_core::Event>::VERSION.get(),
                "`from` names no older version: its `version` must be smaller than this one's"
            );
        };
    }
}

/// `"product.item.created", version = 2, from = ProductCreatedV1, key = "product_id"`
struct Name {
    event_type: LitStr,
    version: LitInt,
    from: Option<Type>,
    key: Option<LitStr>,
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
        let mut name = Self { event_type, version, from: None, key: None };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                name.parse_word(input)?;
            }
        }
        Ok(name)
    }
}

impl Name {
    /// `from = ProductCreatedV1` or `key = "product_id"`
    fn parse_word(&mut self, input: ParseStream<'_>) -> Result<()> {
        let word: syn::Ident = input.parse()?;
        let is_first = match word.to_string().as_str() {
            "from" => self.from.is_none(),
            "key" => self.key.is_none(),
            _ => {
                let expected =
                    "expected `from = <the type of the older version>` or `key = \"<field>\"`";
                return Err(Error::new(word.span(), expected));
            }
        };
        if !is_first {
            return Err(Error::new(word.span(), format!("an event has one `{word}`")));
        }
        input.parse::<Token![=]>()?;
        if word == "from" {
            self.from = Some(input.parse()?);
        } else {
            self.key = Some(input.parse()?);
        }
        Ok(())
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
