//! Statements that are not run, each for a reason.

use czo_testkit::on_each_database;

use crate::fixture::{fixture, name};

/// Statements, and a part of the reason for which they are refused on both databases.
const REFUSED: &[(&str, &str)] = &[
    // Tables of others.
    ("SELECT * FROM product", "`product` is not a table of this module"),
    ("SELECT * FROM mod_loyalty_points__secret", "is not a table of this module"),
    ("SELECT * FROM mod_loyalty__", "is not a table of this module"),
    ("SELECT * FROM mod_loyalty", "is not a table of this module"),
    ("SELECT * FROM modules_kv", "is not a table of this module"),
    ("SELECT * FROM \"Mod_Loyalty__points\"", "is not a table of this module"),
    ("SELECT * FROM \"mod_loyalty__x\"\".product\"", "is no name"),
    ("SELECT * FROM mod_loyalty__points, product", "`product`"),
    ("SELECT * FROM mod_loyalty__points p JOIN product q ON q.id = p.id", "`product`"),
    ("SELECT * FROM (SELECT * FROM product) mod_loyalty__points", "`product`"),
    ("SELECT (SELECT name FROM product LIMIT 1)", "`product`"),
    ("SELECT * FROM mod_loyalty__points WHERE id IN (SELECT id FROM product)", "`product`"),
    ("SELECT 1 WHERE EXISTS (SELECT 1 FROM product)", "`product`"),
    ("SELECT 1 UNION SELECT id FROM product", "`product`"),
    (
        "SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM product)) FROM mod_loyalty__points",
        "`product`",
    ),
    (
        "SELECT sum(id) OVER (ORDER BY (SELECT id FROM product)) FROM mod_loyalty__points",
        "`product`",
    ),
    ("SELECT id FROM mod_loyalty__points ORDER BY (SELECT id FROM product)", "`product`"),
    ("SELECT id FROM mod_loyalty__points LIMIT (SELECT id FROM product)", "`product`"),
    ("SELECT CASE WHEN EXISTS (SELECT 1 FROM product) THEN 1 END", "`product`"),
    ("SELECT max((SELECT id FROM product)) FROM mod_loyalty__points", "`product`"),
    ("INSERT INTO product VALUES (1, 'x')", "`product`"),
    ("INSERT INTO mod_loyalty__points SELECT id, id, id FROM product", "`product`"),
    ("INSERT INTO mod_loyalty__points VALUES (1, 1, (SELECT id FROM product))", "`product`"),
    (
        "INSERT INTO mod_loyalty__points VALUES (1, 1, 1) ON CONFLICT (id) DO UPDATE SET points = (SELECT id FROM product)",
        "`product`",
    ),
    (
        "INSERT INTO mod_loyalty__points VALUES (9, 1, 1) RETURNING (SELECT name FROM product)",
        "`product`",
    ),
    ("UPDATE product SET name = 'x'", "`product`"),
    ("UPDATE mod_loyalty__points SET points = (SELECT id FROM product)", "`product`"),
    ("UPDATE mod_loyalty__points SET points = 1 FROM product", "`product`"),
    ("DELETE FROM product", "`product`"),
    ("DELETE FROM mod_loyalty__points WHERE id IN (SELECT id FROM product)", "`product`"),
    // Names of common table expressions where they are none.
    ("WITH product AS (SELECT * FROM product) SELECT * FROM product", "`product`"),
    ("WITH a AS (SELECT * FROM product), product AS (SELECT 1) SELECT * FROM a", "`product`"),
    ("SELECT * FROM (WITH product AS (SELECT 1) SELECT 1) x, product", "`product`"),
    ("WITH product AS (SELECT 1) INSERT INTO product VALUES (1, 'x')", "`product`"),
    ("WITH product AS (SELECT 1) UPDATE product SET name = 'x'", "`product`"),
    ("WITH product AS (SELECT 1) DELETE FROM product", "`product`"),
    // Schemas.
    ("SELECT * FROM public.mod_loyalty__points", "names a schema"),
    ("SELECT * FROM main.product", "names a schema"),
    ("SELECT * FROM pg_catalog.pg_class", "names a schema"),
    ("INSERT INTO public.mod_loyalty__points VALUES (1, 1, 1)", "names a schema"),
    ("SELECT pg_catalog.pg_sleep(1)", "names a schema"),
    ("SELECT public.mod_loyalty__points.id FROM mod_loyalty__points", "names a schema"),
    // What the databases say of themselves.
    ("SELECT * FROM pg_class", "is not a table of this module"),
    ("SELECT * FROM pg_shadow", "is not a table of this module"),
    ("SELECT * FROM sqlite_master", "is not a table of this module"),
    ("SELECT * FROM sqlite_schema", "is not a table of this module"),
    ("SELECT ctid FROM mod_loyalty__points", "the database's own"),
    ("SELECT p.tableoid FROM mod_loyalty__points p", "the database's own"),
    ("SELECT \"XMIN\" FROM mod_loyalty__points", "the database's own"),
    ("SELECT rowid FROM mod_loyalty__points", "the database's own"),
    ("SELECT current_setting('data_directory')", "not one that modules can call"),
    ("SELECT version()", "not one that modules can call"),
    ("SELECT sqlite_version()", "not one that modules can call"),
    // Functions that read, write, wait or make much of little.
    ("SELECT pg_sleep(10)", "not one that modules can call"),
    ("SELECT pg_read_file('/etc/passwd')", "not one that modules can call"),
    ("SELECT pg_ls_dir('/')", "not one that modules can call"),
    ("SELECT lo_import('/etc/passwd')", "not one that modules can call"),
    (
        "SELECT query_to_xml('SELECT * FROM product', true, true, '')",
        "not one that modules can call",
    ),
    ("SELECT dblink('dbname=postgres', 'SELECT 1')", "not one that modules can call"),
    ("SELECT set_config('search_path', 'public', false)", "not one that modules can call"),
    ("SELECT nextval('product_id_seq')", "not one that modules can call"),
    ("SELECT pg_advisory_lock(1)", "not one that modules can call"),
    ("SELECT pg_notify('x', 'y')", "not one that modules can call"),
    ("SELECT pg_terminate_backend(1)", "not one that modules can call"),
    ("SELECT load_extension('x')", "not one that modules can call"),
    ("SELECT readfile('/etc/passwd')", "not one that modules can call"),
    ("SELECT randomblob(1000000000)", "not one that modules can call"),
    ("SELECT zeroblob(1000000000)", "not one that modules can call"),
    ("SELECT repeat('x', 1000000000)", "not one that modules can call"),
    ("SELECT lpad('x', 1000000000)", "not one that modules can call"),
    ("SELECT format('%1000000000s', 'x')", "not one that modules can call"),
    ("SELECT printf('%1000000000s', 'x')", "not one that modules can call"),
    ("SELECT regexp_replace('x', '(x+)+y', '')", "not one that modules can call"),
    ("SELECT \"lower\"('X')", "not one that modules can call"),
    ("SELECT generate_series(1, 1000000000)", "not one that modules can call"),
    ("SELECT * FROM generate_series(1, 1000000000)", "function as a table"),
    ("SELECT * FROM json_each('[1]')", "function as a table"),
    ("SELECT * FROM pragma_table_info('product')", "function as a table"),
    // Types that look up names, and others.
    ("SELECT 'product'::regclass", "the type"),
    ("SELECT CAST('product' AS regclass)", "the type"),
    ("SELECT CAST('lower' AS regproc)", "the type"),
    ("SELECT CAST(1 AS oid)", "the type"),
    ("SELECT CAST('x' AS public.citext)", "the type"),
    ("SELECT CAST('x' AS char(1000000000))", "the type"),
    // Other statements.
    ("DROP TABLE mod_loyalty__points", "only SELECT, INSERT, UPDATE and DELETE"),
    ("CREATE TABLE mod_loyalty__x (a integer)", "only SELECT, INSERT, UPDATE and DELETE"),
    ("CREATE VIEW mod_loyalty__x AS SELECT * FROM product", "only SELECT"),
    ("ALTER TABLE mod_loyalty__points RENAME TO product2", "only SELECT"),
    ("TRUNCATE mod_loyalty__points", "only SELECT"),
    ("SET search_path = public", "only SELECT"),
    ("COMMIT", "only SELECT"),
    ("ROLLBACK", "only SELECT"),
    ("EXPLAIN SELECT 1", "only SELECT"),
    ("COPY product TO STDOUT", "only SELECT"),
    ("COPY mod_loyalty__points FROM PROGRAM 'id'", "only SELECT"),
    ("CALL do_something()", "only SELECT"),
    ("VACUUM", "only SELECT"),
    ("PRAGMA writable_schema = 1", "only SELECT"),
    ("ATTACH DATABASE 'other.db' AS other", "only SELECT"),
    ("LOCK TABLE mod_loyalty__points", ""),
    ("DO $$ BEGIN END $$", ""),
    (
        "MERGE INTO mod_loyalty__points USING product ON true WHEN MATCHED THEN DELETE",
        "only SELECT",
    ),
    // More than one, and tricks with text.
    ("SELECT 1; DROP TABLE product", "expected one statement, found 2"),
    ("", "expected one statement, found 0"),
    ("-- nothing", "expected one statement, found 0"),
    ("SELECT $$x$$", ""),
    ("SELECT 'a\\' OR 1=1 --'", "backslash"),
    ("SELECT E'x\\'", ""),
    ("SELECT * FROM [product]", ""),
    ("SELECT /* x */ * FROM /* y */ product", "`product`"),
    ("SELECT * FROM mod_loyalty__points /*", ""),
    ("SELECT * FROM \"product\"", "`product`"),
    ("SELECT * FROM `product`", "`product`"),
    ("SELECT $1", "is no placeholder"),
    ("SELECT ?1", "is no placeholder"),
    ("SELECT :name", ""),
    ("SELECT @@version", ""),
    // Clauses that hide something, or write.
    ("SELECT * INTO mod_loyalty__x FROM mod_loyalty__points", "SELECT INTO"),
    ("TABLE product", ""),
    ("SELECT id FROM mod_loyalty__points FOR SHARE", ""),
    ("SELECT id FROM mod_loyalty__points FOR UPDATE NOWAIT", ""),
    ("SELECT (p).id FROM mod_loyalty__points p", ""),
    ("SELECT ARRAY[1, 2]", ""),
    ("SELECT * FROM mod_loyalty__points TABLESAMPLE SYSTEM (10)", ""),
    ("SELECT 'x' ~ '(x+)+y'", ""),
    ("SELECT 1 OPERATOR(pg_catalog.+) 2", ""),
    ("WITH x AS (DELETE FROM mod_loyalty__points RETURNING *) SELECT * FROM x", "within a query"),
    ("INSERT OR REPLACE INTO mod_loyalty__points VALUES (1, 1, 1)", ""),
    ("REPLACE INTO mod_loyalty__points VALUES (1, 1, 1)", ""),
];

on_each_database! {
    async fn everything_dangerous_is_refused_with_a_reason(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let mut wrong = Vec::new();
        for (text, reason) in REFUSED {
            match fixture.sql.explain(&name(), text) {
                Err(refusal) if refusal.to_string().contains(reason) => {}
                outcome => wrong.push(format!("{text}: {outcome:?}")),
            }
            if fixture.query(text, []).await.is_ok() {
                wrong.push(format!("{text}: it was run"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let secrets = fixture.value("SELECT count(*) FROM mod_loyalty__points", []).await;
        assert_eq!(secrets, czo_modules::SqlValue::Integer(3));
    }

    async fn words_of_the_language_are_names_of_columns(database: TestDatabase) {
        let fixture = fixture(&database).await;
        for word in ["current_user", "session_user", "user", "current_schema", "current_role"] {
            let error = fixture.query(&format!("SELECT {word}"), []).await;
            let error = error.expect_err("there is no such column").to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    async fn what_is_too_long_or_too_deep_is_refused(database: TestDatabase) {
        let fixture = fixture(&database).await;
        let long = format!("SELECT '{}'", "x".repeat(70_000));
        let refusal = fixture.query(&long, []).await.expect_err("it is long").to_string();
        assert!(refusal.contains("at most 65536 bytes"), "{refusal}");
        for deep in [
            format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
            format!("SELECT {}1", "- ".repeat(5_000)),
            format!("SELECT {}1", "NOT ".repeat(5_000)),
            format!("SELECT 1 {}", "UNION SELECT 1 ".repeat(3_000)),
            format!("SELECT 1, 2 {}", "UNION SELECT 1, 2 ".repeat(3_000)),
            format!("SELECT {}1{}", "(".repeat(30), format!("{})", " + 1".repeat(100)).repeat(30)),
            format!("SELECT 1{}", "::integer".repeat(5_000)),
            format!("SELECT 1{}", " IS NULL".repeat(5_000)),
            format!("SELECT 1 {}", "|| (1) ".repeat(5_000)),
            format!("SELECT 1{}", " + 1".repeat(10_000)),
        ] {
            fixture.sql.explain(&name(), &deep).expect_err("it is deep");
        }
    }
}
