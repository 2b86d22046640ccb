//! What files may be and have.

use czo_modules::ModuleMigrationError;

use crate::fixture::{FILES, plan, read, with};

#[test]
fn files_of_one_database_go_before_those_of_both() {
    let plan = plan(&[
        ("0001_a.up.sql", "CREATE TABLE mod_loyalty__a (id bigint)"),
        ("0001_a.down.sql", "DROP TABLE mod_loyalty__a"),
        (
            "0001_a.postgres.up.sql",
            "CREATE TABLE mod_loyalty__a (id bigint GENERATED ALWAYS AS IDENTITY)",
        ),
    ]);
    assert_eq!(plan.last(), 1);
}

#[test]
fn what_is_missing_or_there_twice_is_said() {
    let up = ("0001_a.up.sql", "CREATE TABLE mod_loyalty__a (id bigint)");
    let error = read(&[up]).expect_err("it has no way back");
    assert!(matches!(error, ModuleMigrationError::Missing { .. }), "{error}");
    let error = read(&[up, ("0001_a.sqlite.down.sql", "DROP TABLE mod_loyalty__a")]);
    let error = error.expect_err("it has no way back on PostgreSQL").to_string();
    assert!(error.contains("PostgreSQL"), "{error}");
    let mut files = FILES.to_vec();
    files.push(("0001_other.up.sql", "DROP TABLE mod_loyalty__a"));
    let error = read(&files).expect_err("the number is taken");
    assert!(matches!(error, ModuleMigrationError::Twice { .. }), "{error}");
    let error = read(&[("readme.md", "")]).expect_err("it is none");
    assert!(matches!(error, ModuleMigrationError::FileName { .. }), "{error}");
}

#[test]
fn statements_that_reach_beyond_the_module_are_refused() {
    for statement in [
        "DROP TABLE product",
        "ALTER TABLE product ADD COLUMN mod_loyalty__x integer",
        "ALTER TABLE mod_loyalty__points RENAME TO product",
        "CREATE TABLE product2 (id bigint)",
        "CREATE TABLE public.mod_loyalty__x (id bigint)",
        "CREATE TEMPORARY TABLE mod_loyalty__x (id bigint)",
        "CREATE TABLE mod_loyalty__x (id bigint REFERENCES product (id))",
        "CREATE TABLE mod_loyalty__x (id bigint, FOREIGN KEY (id) REFERENCES product (id))",
        "CREATE TABLE mod_loyalty__x AS SELECT * FROM product",
        "CREATE TABLE mod_loyalty__x (LIKE product)",
        "CREATE TABLE mod_loyalty__x (id bigint) INHERITS (product)",
        "CREATE TABLE mod_loyalty__x PARTITION OF product DEFAULT",
        "CREATE TABLE mod_loyalty__x (id bigint DEFAULT nextval('product_id_seq'))",
        "CREATE TABLE mod_loyalty__x (id bigint DEFAULT pg_sleep(1))",
        "CREATE TABLE mod_loyalty__x (id bigint CHECK (id IN (SELECT id FROM product)))",
        "CREATE TABLE mod_loyalty__x (id regclass)",
        "CREATE TABLE mod_loyalty__x (id bigint) WITH (autovacuum_enabled = false)",
        "CREATE TABLE mod_loyalty__x (id bigint) TABLESPACE other",
        "CREATE UNLOGGED TABLE mod_loyalty__x (id bigint)",
        "CREATE INDEX mod_loyalty__i ON product (id)",
        "CREATE INDEX product_idx ON mod_loyalty__points (id)",
        "CREATE INDEX CONCURRENTLY mod_loyalty__i ON mod_loyalty__points (id)",
        "CREATE INDEX mod_loyalty__i ON mod_loyalty__points USING gin (id)",
        "CREATE INDEX mod_loyalty__i ON mod_loyalty__points (pg_sleep(1))",
        "DROP INDEX product_idx",
        "DROP TABLE mod_loyalty__points CASCADE",
        "DROP TABLE mod_loyalty__points, product",
        "DROP VIEW mod_loyalty__points",
        "DROP SCHEMA public",
        "CREATE VIEW mod_loyalty__v AS SELECT * FROM product",
        "CREATE TRIGGER mod_loyalty__t AFTER INSERT ON product BEGIN SELECT 1; END",
        "CREATE FUNCTION mod_loyalty__f() RETURNS integer AS 'SELECT 1' LANGUAGE sql",
        "CREATE EXTENSION dblink",
        "CREATE SCHEMA mod_loyalty__s",
        "CREATE ROLE mod_loyalty__r",
        "GRANT ALL ON product TO public",
        "ALTER TABLE mod_loyalty__points OWNER TO postgres",
        "ALTER TABLE mod_loyalty__points ENABLE ROW LEVEL SECURITY",
        "INSERT INTO product VALUES (1)",
        "INSERT INTO mod_loyalty__points SELECT * FROM product",
        "UPDATE product SET id = 1",
        "DELETE FROM product",
        "SELECT 1",
        "COMMIT",
        "BEGIN",
        "SET search_path = public",
        "PRAGMA foreign_keys = OFF",
        "VACUUM",
        "COPY product TO PROGRAM 'id'",
        "INSERT INTO mod_loyalty__points (id) VALUES (?)",
    ] {
        let error = with("0003", statement, "DROP TABLE mod_loyalty__x").expect_err(statement);
        assert!(matches!(error, ModuleMigrationError::Refused { .. }), "{statement}: {error}");
        let table = "CREATE TABLE mod_loyalty__x (id bigint)";
        let error = with("0003", table, statement).expect_err(statement);
        assert!(matches!(error, ModuleMigrationError::Refused { .. }), "{statement}: {error}");
    }
}
