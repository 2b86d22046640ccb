//! Products with a tag: the one condition that the two databases write differently.

use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

/// The condition that a product has this tag.
#[must_use]
pub fn has_tag(backend: DbBackend, tag: &str) -> Expr {
    let sql = match backend {
        DbBackend::Postgres => r#""product"."tags" @> jsonb_build_array($1::text)"#,
        _ => r#"EXISTS (SELECT 1 FROM json_each("product"."tags") WHERE value = ?)"#,
    };
    Expr::cust_with_values(sql, [tag])
}
