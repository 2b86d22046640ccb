//! A note read with nothing but the driver.

use anyhow::Result;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseConnection;
use sea_orm::sqlx::{self, FromRow};
use uuid::Uuid;

use crate::note::{NoteId, SHOP};

/// Every column of a note, in the order of the statement.
type Columns = (Uuid, Uuid, String, i32, i32, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>);

const QUERY: &str = r#"SELECT "id", "shop_id", "title", "stars", "version", "created_at", "updated_at", "deleted_at" FROM "note" WHERE "id" = $1 AND "shop_id" = $2 AND "deleted_at" IS NULL LIMIT 1"#;

/// The title of a note, if it is there.
pub(crate) async fn title(
    connection: &DatabaseConnection,
    sqlite: bool,
    id: NoteId,
) -> Result<Option<String>> {
    let note: Option<Columns> = if sqlite {
        let pool = connection.get_sqlite_connection_pool();
        let query = sqlx::query(QUERY).bind(id.uuid()).bind(SHOP.uuid());
        query.fetch_optional(pool).await?.map(|row| Columns::from_row(&row)).transpose()?
    } else {
        let pool = connection.get_postgres_connection_pool();
        let query = sqlx::query(QUERY).bind(id.uuid()).bind(SHOP.uuid());
        query.fetch_optional(pool).await?.map(|row| Columns::from_row(&row)).transpose()?
    };
    Ok(note.map(|(_, _, title, ..)| title))
}
