//! Secrets that every process on one database shares.

use czo_repo::{CursorKey, Database};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DbErr, EntityTrait, Set};
use uuid::Uuid;

use crate::RuntimeError;

/// What the key of cursors is called.
const CURSOR_KEY: &str = "cursor_key";

#[expect(unreachable_pub, reason = "SeaORM's derive wants its types to be public")]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "runtime_secret")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
        pub name: String,
        pub bytes: Vec<u8>,
    }

    /// Without the bytes.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
        }
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The key that cursors are signed with, so that they are good at every process and after every
/// start. Made by whoever asks first.
pub(crate) async fn cursor_key(database: &Database) -> Result<CursorKey, RuntimeError> {
    let known = || row::Entity::find_by_id(CURSOR_KEY).one(&**database);
    if let Some(secret) = known().await? {
        return Ok(CursorKey::new(&secret.bytes));
    }
    // Three times 122 random bits.
    let random = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes);
    let secret = row::ActiveModel {
        name: Set(CURSOR_KEY.to_owned()),
        bytes: Set(random.as_flattened().to_vec()),
    };
    let keep_first = OnConflict::column(row::Column::Name).do_nothing().to_owned();
    row::Entity::insert(secret).on_conflict(keep_first).exec_without_returning(&**database).await?;
    let secret = known().await?.ok_or_else(|| DbErr::RecordNotFound(CURSOR_KEY.to_owned()))?;
    Ok(CursorKey::new(&secret.bytes))
}
