//! The tables.

use czo_repo::{Database, DatabaseError};
use sea_orm::ConnectionTrait;

/// Both databases read this, but for the words in braces.
const TABLES: &str = r#"
CREATE TABLE "product" (
    "id" {id} PRIMARY KEY,
    "shop_id" {id} NOT NULL,
    "handle" text NOT NULL,
    "title" text NOT NULL,
    "status" varchar(16) NOT NULL,
    "tags" {json} NOT NULL,
    "version" integer NOT NULL,
    "created_at" {time} NOT NULL,
    "updated_at" {time} NOT NULL,
    "deleted_at" {time}
);
CREATE UNIQUE INDEX "product_handle_key" ON "product" ("shop_id", "handle")
    WHERE "deleted_at" IS NULL;
CREATE INDEX "product_newest" ON "product" ("shop_id", "id");
CREATE INDEX "product_title" ON "product" ("shop_id", "title", "id");
CREATE TABLE "variant" (
    "id" {id} PRIMARY KEY,
    "shop_id" {id} NOT NULL,
    "product_id" {id} NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    "position" integer NOT NULL,
    "sku" text,
    "price_minor" bigint NOT NULL,
    "deleted_at" {time}
);
CREATE UNIQUE INDEX "variant_sku_key" ON "variant" ("shop_id", "sku")
    WHERE "deleted_at" IS NULL;
CREATE INDEX "variant_of_product" ON "variant" ("product_id", "position");
"#;

/// Creates the tables `product` and `variant` of every store. Keys are unique among the rows of a
/// shop that are not deleted.
///
/// # Errors
///
/// When the database fails.
pub async fn create_tables(database: &Database) -> Result<(), DatabaseError> {
    let [id, json, time] = if database.is_sqlite() {
        ["uuid_text", "jsonb_text", "timestamp_with_timezone_text"]
    } else {
        ["uuid", "jsonb", "timestamptz"]
    };
    let tables = TABLES.replace("{id}", id).replace("{json}", json).replace("{time}", time);
    database.execute_unprepared(&tables).await?;
    Ok(())
}
