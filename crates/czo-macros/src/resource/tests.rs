//! What the derive says to a model that it can't take, and that it finds renamed columns.

use syn::{DeriveInput, parse_quote};

use super::derive;

/// What the derive says against an input.
fn refusal(input: &DeriveInput) -> String {
    derive(input).expect_err("the derive refuses it").to_string()
}

/// What the derive writes, without the spaces that depend on how tokens are printed.
fn written(input: &DeriveInput) -> String {
    let tokens = derive(input).expect("the derive takes it").to_string();
    tokens.split_whitespace().collect()
}

#[test]
fn a_missing_column_is_named_with_its_type_and_how_to_rename_it() {
    let input = parse_quote! {
        #[resource(soft_delete)]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: NoteId,
        }
    };
    assert_eq!(
        refusal(&input),
        "`soft_delete` needs the column `pub deleted_at: Option<DateTime<Utc>>`; \
         one of another name is named: `soft_delete = \"…\"`"
    );
}

#[test]
fn the_second_of_two_columns_is_missed_too() {
    let input = parse_quote! {
        #[resource(timestamps = ("made_at", "changed_at"))]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: NoteId,
            pub made_at: DateTime<Utc>,
        }
    };
    assert_eq!(
        refusal(&input),
        "`timestamps` needs the column `pub changed_at: DateTime<Utc>`; \
         others are named: `timestamps = (\"…\", \"…\")`"
    );
}

#[test]
fn an_unknown_word_is_answered_with_the_known_ones() {
    let input = parse_quote! {
        #[resource(shop_scope)]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: NoteId,
        }
    };
    assert_eq!(
        refusal(&input),
        "expected `shop_scoped`, `versioned`, `soft_delete`, `timestamps` or `given_id`"
    );
}

#[test]
fn a_word_that_is_there_already_is_refused() {
    for input in [
        parse_quote! {
            #[resource(versioned, versioned = "revision")]
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i64,
                pub version: i32,
                pub revision: i32,
            }
        },
        parse_quote! {
            #[resource(given_id)]
            #[resource(given_id)]
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i64,
            }
        },
    ] {
        assert_eq!(refusal(&input), "this word is there already");
    }
}

#[test]
fn a_model_without_a_primary_key_is_shown_one() {
    let input = parse_quote! {
        pub struct Model {
            pub id: NoteId,
        }
    };
    assert_eq!(
        refusal(&input),
        "expected a primary key: `#[sea_orm(primary_key, auto_increment = false)] pub id: …`"
    );
}

#[test]
fn a_second_primary_key_is_refused() {
    let input = parse_quote! {
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub note_id: NoteId,
            #[sea_orm(primary_key, auto_increment = false)]
            pub tag_id: TagId,
        }
    };
    assert_eq!(refusal(&input), "a resource has one primary key, not several");
}

#[test]
fn what_is_not_a_model_is_refused() {
    let expected = "expected SeaORM's `struct Model { … }` with named fields, next to its `Entity` and `Column`";
    for input in [
        parse_quote! { pub enum Model { A, B } },
        parse_quote! { pub struct Model(NoteId); },
        parse_quote! {
            pub struct Note {
                #[sea_orm(primary_key)]
                pub id: i64,
            }
        },
    ] {
        assert_eq!(refusal(&input), expected);
    }
}

#[test]
fn columns_of_other_names_are_found_and_checked() {
    let written = written(&parse_quote! {
        #[resource(
            shop_scoped = "owner",
            versioned = "revision",
            soft_delete = "gone_at",
            timestamps = ("made_at", "changed_at")
        )]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub key: NoteId,
            pub owner: ShopId,
            pub revision: i32,
            pub made_at: DateTime<Utc>,
            pub changed_at: DateTime<Utc>,
            pub gone_at: Option<DateTime<Utc>>,
        }
    });
    for (constant, variant) in [
        ("SHOP_ID", "Owner"),
        ("VERSION", "Revision"),
        ("DELETED_AT", "GoneAt"),
        ("CREATED_AT", "MadeAt"),
        ("UPDATED_AT", "ChangedAt"),
    ] {
        let constant = format!(
            "const{constant}:::std::option::Option<Column>=::std::option::Option::Some(Column::{variant});"
        );
        assert!(written.contains(&constant), "{constant} in {written}");
    }
    assert!(written.contains("constID:Column=Column::Key;"), "{written}");
    for check in [
        "shop::<ShopId>()",
        "version::<i32>()",
        "deleted_at::<Option<DateTime<Utc>>>()",
        "timestamp::<DateTime<Utc>>()",
    ] {
        assert!(written.contains(&format!("column::{check}")), "{check} in {written}");
    }
}

#[test]
fn ids_are_made_only_where_nobody_else_gives_them() {
    let made = "TypedId>::generate(ids)";
    assert!(
        written(&parse_quote! {
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: NoteId,
            }
        })
        .contains(made)
    );
    for given in [
        parse_quote! {
            #[resource(given_id)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: NoteId,
            }
        },
        parse_quote! {
            pub struct Model {
                #[sea_orm(primary_key)]
                pub id: i64,
            }
        },
    ] {
        assert!(!written(&given).contains(made));
    }
}
