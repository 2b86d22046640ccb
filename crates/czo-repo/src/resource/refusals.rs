//! What the types of a resource do not let through. Each refusal stands behind the same program
//! without its mistake, which compiles: so it is the mistake that is refused.
//!
//! A version is an `i32`:
//!
//! ```
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(versioned)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub version: i32,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//! ```compile_fail,E0277
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(versioned)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub version: i64,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//!
//! A time of deletion may be missing:
//!
//! ```
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(soft_delete)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub deleted_at: Option<DateTimeUtc>,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//! ```compile_fail,E0277
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(soft_delete)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub deleted_at: DateTimeUtc,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//!
//! A time has its zone:
//!
//! ```
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(timestamps)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub created_at: DateTimeUtc,
//!     pub updated_at: DateTimeUtc,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//! ```compile_fail,E0277
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(timestamps)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub created_at: DateTimeUtc,
//!     pub updated_at: DateTime,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//!
//! A shop is a `ShopId`:
//!
//! ```
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(shop_scoped)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub shop_id: czo_core::ShopId,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//! ```compile_fail,E0277
//! # use czo_repo::Resource;
//! # use sea_orm::entity::prelude::*;
//! #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! #[sea_orm(table_name = "note")]
//! #[resource(shop_scoped)]
//! pub struct Model {
//!     #[sea_orm(primary_key)]
//!     pub id: i64,
//!     pub shop_id: Uuid,
//! }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # fn main() {}
//! ```
//!
//! Whose rows are meant is chosen first: there is no such method before.
//!
//! ```
//! # mod guide { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guide/note.rs")); }
//! # use guide::*;
//! # use czo_repo::{Database, RepoError};
//! # fn main() {}
//! async fn example(db: &Database) -> Result<Vec<Model>, RepoError> {
//!     NOTES.for_shop(new_shop()).find_many(db).await
//! }
//! ```
//! ```compile_fail,E0599
//! # mod guide { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guide/note.rs")); }
//! # use guide::*;
//! # use czo_repo::{Database, RepoError};
//! # fn main() {}
//! async fn example(db: &Database) -> Result<Vec<Model>, RepoError> {
//!     NOTES.find_many(db).await
//! }
//! ```
//!
//! Rows without a version have none to expect:
//!
//! ```
//! # use czo_repo::{AnyVersion, Database, RepoError, Repository, Resource};
//! # use sea_orm::{Set, entity::prelude::*};
//! # mod counter {
//! # use super::*;
//! # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! # #[sea_orm(table_name = "counter")]
//! # pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub value: i64 }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # fn main() {}
//! const COUNTERS: Repository<counter::Entity> = Repository::new();
//! async fn example(db: &Database) -> Result<counter::Model, RepoError> {
//!     let changes = counter::ActiveModel { value: Set(2), ..Default::default() };
//!     COUNTERS.update(db, 1, AnyVersion, changes).await
//! }
//! ```
//! ```compile_fail,E0277
//! # use czo_repo::{AnyVersion, Database, RepoError, Repository, Resource};
//! # use sea_orm::{Set, entity::prelude::*};
//! # mod counter {
//! # use super::*;
//! # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! # #[sea_orm(table_name = "counter")]
//! # pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub value: i64 }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # fn main() {}
//! const COUNTERS: Repository<counter::Entity> = Repository::new();
//! async fn example(db: &Database) -> Result<counter::Model, RepoError> {
//!     let changes = counter::ActiveModel { value: Set(2), ..Default::default() };
//!     COUNTERS.update(db, 1, 1, changes).await
//! }
//! ```
//!
//! What is gone when it is deleted cannot be restored:
//!
//! ```
//! # use czo_repo::{AnyVersion, Database, RepoError, Repository, Resource};
//! # use sea_orm::{Set, entity::prelude::*};
//! # mod counter {
//! # use super::*;
//! # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! # #[sea_orm(table_name = "counter")]
//! # pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub value: i64 }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # fn main() {}
//! const COUNTERS: Repository<counter::Entity> = Repository::new();
//! async fn example(db: &Database) -> Result<counter::Model, RepoError> {
//!     COUNTERS.get(db, 1).await
//! }
//! ```
//! ```compile_fail,E0599
//! # use czo_repo::{AnyVersion, Database, RepoError, Repository, Resource};
//! # use sea_orm::{Set, entity::prelude::*};
//! # mod counter {
//! # use super::*;
//! # #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Resource)]
//! # #[sea_orm(table_name = "counter")]
//! # pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub value: i64 }
//! # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
//! # impl ActiveModelBehavior for ActiveModel {}
//! # }
//! # fn main() {}
//! const COUNTERS: Repository<counter::Entity> = Repository::new();
//! async fn example(db: &Database) -> Result<counter::Model, RepoError> {
//!     COUNTERS.restore(db, 1).await
//! }
//! ```
//!
//! Who only reads does not write:
//!
//! ```
//! # mod guide { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guide/note.rs")); }
//! # use guide::*;
//! # use czo_repo::{Database, RepoError};
//! # fn main() {}
//! async fn example(db: &Database) -> Result<u64, RepoError> {
//!     NOTES.for_shop(new_shop()).delete_many(db).await
//! }
//! ```
//! ```compile_fail,E0599
//! # mod guide { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guide/note.rs")); }
//! # use guide::*;
//! # use czo_repo::{Database, RepoError};
//! # fn main() {}
//! async fn example(db: &Database) -> Result<u64, RepoError> {
//!     NOTES.queries().for_shop(new_shop()).delete_many(db).await
//! }
//! ```
