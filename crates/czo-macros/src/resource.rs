//! `#[derive(Resource)]`.

#[cfg(test)]
mod tests;
mod words;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, FieldsNamed, Result};

use self::words::{Words, primary_key};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if input.ident == "Model" => fields,
            _ => return Err(not_a_model(input)),
        },
        _ => return Err(not_a_model(input)),
    };
    let words = Words::of(input)?;
    let key = primary_key(fields)?;
    let (id, id_type) = (&key.field.ident, &key.field.ty);
    let id_column = column_of(key.field);

    let mut constants = TokenStream::new();
    let mut checks = TokenStream::new();
    let mut column = |constant: &str, check: &str, word: &str, name: &str, span: Span| {
        let field = field_of(fields, name).ok_or_else(|| missing(word, name, check, span))?;
        let (constant, check) = (format_ident!("{constant}"), format_ident!("{check}"));
        let (variant, ty) = (column_of(field), &field.ty);
        constants.extend(quote! {
            const #constant: ::std::option::Option<Column> = ::std::option::Option::Some(Column::#variant);
        });
        checks.extend(quote_spanned! { ty.span() =>
            const _: () = ::czo_repo::column::#check::<#ty>();
        });
        Ok::<_, Error>(())
    };
    if let Some(word) = &words.shop_scoped {
        column("SHOP_ID", "shop", "shop_scoped", &word.column("shop_id"), word.span)?;
    }
    if let Some(word) = &words.versioned {
        column("VERSION", "version", "versioned", &word.column("version"), word.span)?;
    }
    if let Some(word) = &words.soft_delete {
        column("DELETED_AT", "deleted_at", "soft_delete", &word.column("deleted_at"), word.span)?;
    }
    if let Some(word) = &words.timestamps {
        let (created, updated) = word.columns(("created_at", "updated_at"));
        column("CREATED_AT", "timestamp", "timestamps", &created, word.span)?;
        column("UPDATED_AT", "timestamp", "timestamps", &updated, word.span)?;
    }

    let start = if words.shop_scoped.is_some() { "ChooseShop" } else { "Ready" };
    let expected = if words.versioned.is_some() { "Expected" } else { "AnyVersion" };
    let (start, expected) = (format_ident!("{start}"), format_ident!("{expected}"));
    let new_id = if words.given_id || key.auto_increment {
        quote!(::std::option::Option::None)
    } else {
        quote_spanned! { id_type.span() =>
            ::std::option::Option::Some(<#id_type as ::czo_repo::__private::TypedId>::generate(ids))
        }
    };
    let marks = [
        words.shop_scoped.as_ref().map(|_| quote!(impl ::czo_repo::ShopScoped for Entity {})),
        words.soft_delete.as_ref().map(|_| quote!(impl ::czo_repo::SoftDelete for Entity {})),
    ];
    let marks = marks.iter().flatten();
    Ok(quote! {
        impl ::czo_repo::Resource for Entity {
            type Id = #id_type;
            type Start = ::czo_repo::#start;
            type Expected = ::czo_repo::#expected;

            const ID: Column = Column::#id_column;
            #constants

            fn id(row: &Model) -> #id_type {
                ::std::clone::Clone::clone(&row.#id)
            }

            #[allow(unused_variables)]
            fn new_id(
                ids: &dyn ::czo_repo::__private::IdGenerator,
            ) -> ::std::option::Option<#id_type> {
                #new_id
            }
        }
        #(#marks)*
        #checks
    })
}

fn not_a_model(input: &DeriveInput) -> Error {
    let message = "expected SeaORM's `struct Model { … }` with named fields, next to its `Entity` and `Column`";
    Error::new(input.ident.span(), message)
}

fn missing(word: &str, name: &str, check: &str, span: Span) -> Error {
    let ty = match check {
        "shop" => "czo_core::ShopId",
        "version" => "i32",
        "deleted_at" => "Option<DateTime<Utc>>",
        _ => "DateTime<Utc>",
    };
    let others = match word {
        "timestamps" => "others are named: `timestamps = (\"…\", \"…\")`".to_owned(),
        _ => format!("one of another name is named: `{word} = \"…\"`"),
    };
    let message = format!("`{word}` needs the column `pub {name}: {ty}`; {others}");
    Error::new(span, message)
}

fn field_of<'a>(fields: &'a FieldsNamed, name: &str) -> Option<&'a Field> {
    fields.named.iter().find(|field| field.ident.as_ref().is_some_and(|ident| ident == name))
}

/// The variant of SeaORM's `Column` for a field: its name in upper camel case.
fn column_of(field: &Field) -> Ident {
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut camel = String::with_capacity(name.len());
    for word in name.trim_start_matches("r#").split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(letters);
    }
    Ident::new(&camel, field.ident.span())
}
