// What the examples of the guide share; each includes this file. Not a test of its own.

pub use author::AuthorId;
use czo_core::{IdGenerator, ShopId, SystemIds};
use czo_repo::{Database, Repository, unique_among_living};
use czo_testkit::TestDatabase;
pub use entity::{ActiveModel, Column, Entity, Model, NoteId};
use sea_orm::{ConnectionTrait, DbErr, Schema, Set};

pub mod author {
    use czo_core::ShopId;
    use czo_repo::Resource;
    use sea_orm::entity::prelude::*;

    czo_core::typed_id! {
        /// Identifies an author.
        pub struct AuthorId("author");
    }

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
    #[sea_orm(table_name = "author")]
    #[resource(shop_scoped)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: AuthorId,
        pub shop_id: ShopId,
        pub name: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod entity {
    use chrono::{DateTime, Utc};
    use czo_core::ShopId;
    use czo_repo::Resource;
    use schemars::JsonSchema;
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::author::{self, AuthorId};

    czo_core::typed_id! {
        /// Identifies a note.
        pub struct NoteId("note");
    }

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[sea_orm(table_name = "note")]
    #[resource(shop_scoped, versioned, soft_delete, timestamps)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: NoteId,
        pub shop_id: ShopId,
        pub slug: String,
        pub title: String,
        pub stars: i32,
        pub author_id: Option<AuthorId>,
        pub version: i32,
        pub created_at: DateTime<Utc>,
        pub updated_at: DateTime<Utc>,
        pub deleted_at: Option<DateTime<Utc>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "author::Entity",
            from = "Column::AuthorId",
            to = "author::Column::Id"
        )]
        Author,
    }

    impl Related<author::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Author.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub const NOTES: Repository<Entity> = Repository::new();
pub const AUTHORS: Repository<author::Entity> = Repository::new();

/// A SQLite file in a temporary folder, with the tables.
pub async fn database() -> Result<TestDatabase, DbErr> {
    let database = TestDatabase::sqlite().await;
    migrate(&database).await?;
    Ok(database)
}

async fn migrate(db: &Database) -> Result<(), DbErr> {
    let schema = Schema::new(db.get_database_backend());
    db.execute(&schema.create_table_from_entity(author::Entity)).await?;
    db.execute(&schema.create_table_from_entity(Entity)).await?;
    let slug = [Column::ShopId, Column::Slug];
    db.execute(&unique_among_living::<Entity>("note_slug_key", &slug)).await?;
    Ok(())
}

pub fn new_shop() -> ShopId {
    ShopId::from(SystemIds.uuid_v7())
}

pub fn note(slug: &str, title: &str) -> ActiveModel {
    ActiveModel {
        slug: Set(slug.to_owned()),
        title: Set(title.to_owned()),
        stars: Set(0),
        author_id: Set(None),
        ..Default::default()
    }
}
