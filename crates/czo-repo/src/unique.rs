//! Unique keys that deleted rows give back.

use sea_orm::sea_query::{ConditionalStatement, Expr, ExprTrait, Index, IndexCreateStatement};

use crate::SoftDelete;

/// A unique index, for migrations, over the rows that are not deleted: the key of a deleted row
/// can be used again. With a shop column first, the key is unique in each shop.
///
/// ```
/// # mod note { use chrono::{DateTime, Utc}; use sea_orm::entity::prelude::*; use czo_repo::Resource;
/// # czo_core::typed_id! { pub struct NoteId("note"); }
/// # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
/// # #[sea_orm(table_name = "note")]
/// # #[resource(shop_scoped, soft_delete)]
/// # pub struct Model { #[sea_orm(primary_key, auto_increment = false)] pub id: NoteId,
/// # pub shop_id: czo_core::ShopId, pub slug: String, pub deleted_at: Option<DateTime<Utc>> }
/// # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
/// # impl ActiveModelBehavior for ActiveModel {} }
/// use czo_repo::unique_among_living;
/// use note::Column;
/// use sea_orm::sea_query::PostgresQueryBuilder;
///
/// let index = unique_among_living::<note::Entity>("note_slug_key", &[Column::ShopId, Column::Slug]);
/// assert_eq!(
///     index.to_string(PostgresQueryBuilder),
///     r#"CREATE UNIQUE INDEX "note_slug_key" ON "note" ("shop_id", "slug") WHERE "deleted_at" IS NULL"#,
/// );
/// ```
#[must_use]
pub fn unique_among_living<E: SoftDelete>(
    name: &str,
    columns: &[E::Column],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(E::default()).unique();
    for column in columns {
        index.col(*column);
    }
    if let Some(deleted_at) = E::DELETED_AT {
        index.cond_where(Expr::col(deleted_at).is_null());
    }
    index.to_owned()
}
