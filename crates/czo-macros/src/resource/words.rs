//! The words of `#[resource(…)]`, and the primary key of `#[sea_orm(…)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Field, FieldsNamed, LitStr, Result, Token, parenthesized};

const ALREADY: &str = "this word is there already";

/// What an entity has.
#[derive(Default)]
pub(super) struct Words {
    pub(super) shop_scoped: Option<Word>,
    pub(super) versioned: Option<Word>,
    pub(super) soft_delete: Option<Word>,
    pub(super) timestamps: Option<Word>,
    pub(super) given_id: bool,
}

/// One word, and the names of its columns where they are not the usual ones.
pub(super) struct Word {
    pub(super) span: Span,
    columns: Vec<String>,
}

impl Word {
    pub(super) fn column(&self, usual: &str) -> String {
        self.columns.first().map_or(usual, String::as_str).to_owned()
    }

    pub(super) fn columns(&self, usual: (&str, &str)) -> (String, String) {
        let second = self.columns.get(1).map_or(usual.1, String::as_str);
        (self.column(usual.0), second.to_owned())
    }

    /// `word`, `word = "column"` or `word = ("column", "column")`.
    fn parse(meta: &ParseNestedMeta<'_>, count: usize) -> Result<Self> {
        let mut columns = Vec::new();
        if meta.input.peek(Token![=]) {
            let value = meta.value()?;
            if count == 1 {
                columns.push(value.parse::<LitStr>()?.value());
            } else {
                let names;
                parenthesized!(names in value);
                columns.push(names.parse::<LitStr>()?.value());
                names.parse::<Token![,]>()?;
                columns.push(names.parse::<LitStr>()?.value());
            }
        }
        Ok(Self { span: meta.path.span(), columns })
    }
}

impl Words {
    pub(super) fn of(input: &DeriveInput) -> Result<Self> {
        let mut words = Self::default();
        for attribute in input.attrs.iter().filter(|found| found.path().is_ident("resource")) {
            attribute.parse_nested_meta(|meta| words.add(&meta))?;
        }
        Ok(words)
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let (slot, count) = if meta.path.is_ident("shop_scoped") {
            (&mut self.shop_scoped, 1)
        } else if meta.path.is_ident("versioned") {
            (&mut self.versioned, 1)
        } else if meta.path.is_ident("soft_delete") {
            (&mut self.soft_delete, 1)
        } else if meta.path.is_ident("timestamps") {
            (&mut self.timestamps, 2)
        } else if meta.path.is_ident("given_id") {
            if std::mem::replace(&mut self.given_id, true) {
                return Err(meta.error(ALREADY));
            }
            return Ok(());
        } else {
            return Err(meta.error(
                "expected `shop_scoped`, `versioned`, `soft_delete`, `timestamps` or `given_id`",
            ));
        };
        if slot.replace(Word::parse(meta, count)?).is_some() {
            return Err(meta.error(ALREADY));
        }
        Ok(())
    }
}

/// The field that is the primary key.
pub(super) struct PrimaryKey<'a> {
    pub(super) field: &'a Field,
    pub(super) auto_increment: bool,
}

/// Finds `#[sea_orm(primary_key)]`; a resource has one.
pub(super) fn primary_key(fields: &FieldsNamed) -> Result<PrimaryKey<'_>> {
    let mut found = None;
    for field in &fields.named {
        let (mut is_key, mut auto_increment) = (false, true);
        for attribute in field.attrs.iter().filter(|found| found.path().is_ident("sea_orm")) {
            attribute.parse_nested_meta(|meta| {
                is_key |= meta.path.is_ident("primary_key");
                let is_auto_increment = meta.path.is_ident("auto_increment");
                if meta.input.peek(syn::token::Paren) {
                    let inside;
                    parenthesized!(inside in meta.input);
                    inside.parse::<proc_macro2::TokenStream>()?;
                } else if meta.input.peek(Token![=]) {
                    let value: syn::Expr = meta.value()?.parse()?;
                    if is_auto_increment {
                        auto_increment = !matches!(&value, syn::Expr::Lit(lit)
                            if matches!(&lit.lit, syn::Lit::Bool(given) if !given.value));
                    }
                }
                Ok(())
            })?;
        }
        if !is_key {
            continue;
        }
        if found.replace(PrimaryKey { field, auto_increment }).is_some() {
            return Err(Error::new(field.span(), "a resource has one primary key, not several"));
        }
    }
    let message =
        "expected a primary key: `#[sea_orm(primary_key, auto_increment = false)] pub id: …`";
    found.ok_or_else(|| Error::new(fields.span(), message))
}
