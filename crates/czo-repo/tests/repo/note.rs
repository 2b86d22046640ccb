//! The entities of these tests.

use czo_core::{IdGenerator, ShopId, SystemIds};
use czo_repo::{Database, Ready, Repository, unique_among_living};
use sea_orm::{ConnectionTrait, Schema, Set};

pub(crate) use entity::{ActiveModel, Column, Entity, Model, NoteId};

#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod entity {
    use chrono::{DateTime, Utc};
    use czo_core::ShopId;
    use czo_repo::Resource;
    use schemars::JsonSchema;
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    czo_core::typed_id! {
        /// Identifies a note.
        pub struct NoteId("note");
    }

    #[derive(
        Clone, Debug, PartialEq, DeriveEntityModel, Resource, Serialize, Deserialize, JsonSchema,
    )]
    #[sea_orm(table_name = "note")]
    #[resource(shop_scoped, versioned, soft_delete, timestamps)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NoteId,
        pub shop_id: ShopId,
        pub slug: String,
        pub author_name: Option<String>,
        pub rank: Option<i32>,
        pub stars: i32,
        pub version: i32,
        pub created_at: DateTime<Utc>,
        pub updated_at: DateTime<Utc>,
        pub deleted_at: Option<DateTime<Utc>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An entity of no shop, whose ids the database gives and whose rows are gone when deleted.
#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
pub(crate) mod counter {
    use czo_repo::Resource;
    use schemars::JsonSchema;
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(
        Clone, Debug, PartialEq, Eq, DeriveEntityModel, Resource, Serialize, Deserialize, JsonSchema,
    )]
    #[sea_orm(table_name = "counter")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub label: String,
        pub value: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) const NOTES: Repository<Entity> = Repository::new();
pub(crate) const COUNTERS: Repository<counter::Entity> = Repository::new();

/// A database with the tables of these tests.
pub(crate) async fn migrate(database: &Database) {
    let schema = Schema::new(database.get_database_backend());
    database.execute(&schema.create_table_from_entity(Entity)).await.unwrap();
    database.execute(&schema.create_table_from_entity(counter::Entity)).await.unwrap();
    let slug = unique_among_living::<Entity>("note_slug_key", &[Column::ShopId, Column::Slug]);
    database.execute(&slug).await.unwrap();
}

pub(crate) fn new_shop() -> ShopId {
    ShopId::from(SystemIds.uuid_v7())
}

/// The notes of a new shop.
pub(crate) fn notes() -> Repository<Entity, Ready> {
    NOTES.for_shop(new_shop())
}

pub(crate) fn note(slug: &str) -> ActiveModel {
    ActiveModel { slug: Set(slug.to_owned()), stars: Set(0), ..Default::default() }
}
