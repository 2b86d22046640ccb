//! Products with a tag: the one condition that the two databases write differently.

use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, SimpleExpr};

/// The condition that a product has this tag.
pub(super) fn has_tag(backend: DbBackend, tag: &str) -> SimpleExpr {
    match backend {
        // Served by the GIN index on `tags`.
        DbBackend::Postgres => Expr::cust_with_values(
            r#""catalog_product"."tags" @> jsonb_build_array($1::text)"#,
            [tag.to_owned()],
        ),
        _ => Expr::cust_with_values(
            r#"EXISTS (SELECT 1 FROM json_each("catalog_product"."tags") WHERE value = ?)"#,
            [tag.to_owned()],
        ),
    }
}
