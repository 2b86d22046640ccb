//! The entity of this benchmark: what a usual one of czo has.

use std::sync::LazyLock;

use anyhow::Result;
use chrono::{DateTime, Utc};
use czo_core::{IdGenerator, ShopId, SystemIds};
use czo_repo::{Database, Ready, Repository};
use sea_orm::sea_query::Index;
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
        pub title: String,
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

/// The one shop of this benchmark.
pub(crate) static SHOP: LazyLock<ShopId> = LazyLock::new(|| ShopId::from(SystemIds.uuid_v7()));

/// The notes of the shop.
pub(crate) fn notes() -> Repository<Entity, Ready> {
    Repository::<Entity>::new().for_shop(*SHOP)
}

/// Makes the table, with an index in the order that its pages have.
pub(crate) async fn migrate(database: &Database) -> Result<()> {
    let schema = Schema::new(database.get_database_backend());
    database.execute(&schema.create_table_from_entity(Entity)).await?;
    let mut index = Index::create();
    index.name("note_list").table(Entity);
    index.col(Column::ShopId).col(Column::CreatedAt).col(Column::Id);
    database.execute(&index).await?;
    Ok(())
}

/// A new note, as a caller of a repository writes it.
pub(crate) fn note(number: usize) -> ActiveModel {
    ActiveModel { title: Set(title(number)), stars: Set(3), ..Default::default() }
}

/// A new note, as one without a repository writes it.
pub(crate) fn whole_note(number: usize, now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        id: Set(NoteId::generate(&SystemIds)),
        shop_id: Set(*SHOP),
        title: Set(title(number)),
        stars: Set(3),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
        deleted_at: Set(None),
    }
}

fn title(number: usize) -> String {
    format!("the note with the number {number}")
}
