//! Files are imported later, by a job.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use czo_catalog::hooks::ProductCreate;
use czo_catalog::{CatalogError, Handle, Import, ImportState, ProductQuery, Tally};
use czo_core::{
    Classified, ErrorKind, JobName, JobQueue, JobRecord, JobState, NewJob, RequestContext,
    RetryPolicy,
};
use czo_testkit::{TestDatabase, on_each_database};
use futures_util::stream;
use sea_orm::{ConnectionTrait, Statement};
use tokio::sync::Semaphore;

use crate::shop::Fixture;

const HEADER: &str =
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Vendor";

/// So many products of one row each.
fn mugs(count: usize) -> String {
    let rows = (0..count).map(|n| format!("mug-{n},Mug {n},,,M-{n},5.00,,Me\n"));
    format!("{HEADER}\n{}", rows.collect::<String>())
}

/// The file in pieces of an odd size.
fn upload(file: impl AsRef<[u8]>) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    let pieces: Vec<_> = file.as_ref().chunks(10_007).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces.into_iter().map(Ok))
}

/// Looks until the import is as expected.
async fn until(shop: &Fixture, import: &Import, is_so: impl Fn(&Import) -> bool) -> Import {
    let look = async {
        loop {
            let now = shop.imports.find(&shop.owner, import.id).await.unwrap();
            if is_so(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
}

async fn ended(shop: &Fixture, import: &Import) -> Import {
    let is_over = |state| !matches!(state, ImportState::Waiting | ImportState::Running);
    until(shop, import, |import| is_over(import.state)).await
}

/// The job of an import, once it has ended too.
async fn job_ended(shop: &Fixture, import: &Import) -> JobRecord {
    let look = async {
        loop {
            let job = shop.jobs.get(import.job_id).await.unwrap().unwrap();
            if job.state.is_finished() {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
}

async fn products(shop: &Fixture) -> u64 {
    shop.products.count(&shop.owner, &ProductQuery::default()).await.unwrap()
}

async fn rows(database: &TestDatabase, table: &str) -> i64 {
    let count = format!("SELECT count(*) AS rows FROM {table}");
    let count = Statement::from_string(database.get_database_backend(), count);
    database.query_one_raw(count).await.unwrap().unwrap().try_get("", "rows").unwrap()
}

/// Lets through as many new products as it has permits.
fn gate(shop: &Fixture, permits: usize) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(permits));
    let hook = shop
        .context
        .hooks
        .before::<ProductCreate>("gate")
        .timeout(Duration::from_secs(60))
        .register_async_with(
            gate.clone(),
            async |gate: &Arc<Semaphore>, _: &RequestContext, _: &mut czo_catalog::ProductDraft| {
                gate.acquire().await.unwrap().forget();
                Ok(())
            },
        );
    hook.unwrap().detach();
    gate
}

/// Runs the job that forgets what is old.
async fn forget(shop: &Fixture) {
    let name = JobName::from_static("catalog.forget_imports");
    let job = NewJob::raw(name, "{}".to_owned(), RetryPolicy::exponential(Duration::ZERO, 1));
    let id = shop.jobs.enqueue(vec![job]).await.unwrap()[0].id;
    let look = async {
        while shop.jobs.get(id).await.unwrap().unwrap().state != JobState::Succeeded {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let worker = shop.worker().spawn();
    tokio::time::timeout(Duration::from_secs(20), look).await.unwrap();
    worker.end().await;
}

const SHIRTS: &str = "shirt,Shirt,Size,S,A-1,10.00,https://img.example/1.jpg,Me\n\
     shirt,,,M,A-2,11.00,,\n\
     bad,Bad,,,B-1,free,,\n\
     mug,Mug,Title,Default Title,M-1,5.00,,Me\n";

on_each_database! {
    async fn an_import_by_a_job_does_what_one_at_once_does(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let file = format!("{HEADER}\n{SHIRTS}");
        let accepted = shop.imports.accept(&shop.owner, upload(&file)).await.unwrap();
        assert_eq!(accepted.state, ImportState::Waiting);
        assert_eq!(usize::try_from(accepted.bytes).unwrap(), file.len());
        let waiting = shop.imports.find(&shop.owner, accepted.id).await.unwrap();
        assert_eq!((waiting.id, waiting.state), (accepted.id, ImportState::Waiting));
        assert_eq!(products(&shop).await, 0);

        let worker = shop.worker().spawn();
        let done = ended(&shop, &accepted).await;
        worker.end().await;
        assert_eq!((done.state, done.job_id), (ImportState::Done, accepted.job_id));
        let report = done.report.unwrap();
        assert_eq!(report.created, Tally { products: 2, rows: 3 });
        assert_eq!(report.rejected, Tally { products: 1, rows: 1 });

        let at_once = io::Cursor::new(file.into_bytes());
        let at_once = shop.products.import(&shop.owner, at_once, |_| ()).await.unwrap();
        assert_eq!((at_once.skipped, at_once.rejected), (report.created, report.rejected));
        assert_eq!((at_once.errors, at_once.ignored_columns), (report.errors, report.ignored_columns));
        assert_eq!(rows(&database, "catalog_import_chunk").await, 0);
    }

    async fn a_file_of_many_chunks_is_read_back_as_it_was(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let long = |letter: &str| letter.repeat(500 * 1024);
        let mut file = "Handle,Title,Body (HTML),Variant Price\n".to_owned();
        for name in ["a", "b"] {
            file.push_str(&format!("{name},{name},{},1\n", long(name)));
        }
        let accepted = shop.imports.accept(&shop.owner, upload(&file)).await.unwrap();
        assert_eq!(rows(&database, "catalog_import_chunk").await, 4);
        let worker = shop.worker().spawn();
        assert_eq!(ended(&shop, &accepted).await.report.unwrap().created.products, 2);
        worker.end().await;
        for name in ["a", "b"] {
            let handle: Handle = name.parse().unwrap();
            let product = shop.products.find_by_handle(&shop.owner, &handle).await;
            assert!(product.unwrap().unwrap().description_html == long(name));
        }
    }

    async fn progress_is_seen_while_it_runs(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let gate = gate(&shop, 2);
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(4))).await.unwrap();
        let worker = shop.worker().lease(Duration::from_millis(200)).spawn();
        let done = |import: &Import| import.progress.as_ref().map(|progress| progress.done);
        let halfway = until(&shop, &accepted, |import| done(import) == Some(2)).await;
        assert_eq!((halfway.state, &halfway.report), (ImportState::Running, &None));
        assert_eq!(halfway.progress.unwrap().note.as_deref(), Some("100 % of the file are read"));
        gate.add_permits(2);
        assert_eq!(ended(&shop, &accepted).await.state, ImportState::Done);
        worker.end().await;
    }

    async fn an_import_whose_worker_dies_is_done_by_another(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let gate = gate(&shop, 2);
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(5))).await.unwrap();
        let dies = shop.worker().lease(Duration::from_millis(200));
        let dies = tokio::spawn(dies.run(std::future::pending()));
        let look = async {
            while products(&shop).await < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), look).await.unwrap();
        dies.abort();
        assert!(dies.await.unwrap_err().is_cancelled());

        gate.add_permits(5);
        let worker = shop.worker().spawn();
        let done = ended(&shop, &accepted).await;
        worker.end().await;
        let report = done.report.unwrap();
        assert_eq!((report.skipped.products, report.created.products), (2, 3));
        assert_eq!(products(&shop).await, 5);
        let job = shop.jobs.get(accepted.job_id).await.unwrap().unwrap();
        assert_eq!(job.state, JobState::Succeeded);
    }

    async fn a_cancelled_import_stops_and_leaves_no_file(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let gate = gate(&shop, 1);
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(5))).await.unwrap();
        let worker = shop.worker().lease(Duration::from_millis(200)).spawn();
        let has_begun = |import: &Import| import.progress.is_some();
        until(&shop, &accepted, has_begun).await;
        shop.context.jobs.cancel(accepted.job_id).await.unwrap();
        let cancelled = ended(&shop, &accepted).await;
        assert_eq!((cancelled.state, cancelled.report), (ImportState::Cancelled, None));
        gate.add_permits(5);
        worker.end().await;
        assert_eq!(products(&shop).await, 1);

        forget(&shop).await;
        assert_eq!(rows(&database, "catalog_import_chunk").await, 0);
        let still = shop.imports.find(&shop.owner, accepted.id).await.unwrap();
        assert_eq!(still.state, ImportState::Cancelled);
    }

    async fn an_import_that_is_cancelled_before_it_began_imports_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(2))).await.unwrap();
        shop.context.jobs.cancel(accepted.job_id).await.unwrap();
        let cancelled = shop.imports.find(&shop.owner, accepted.id).await.unwrap();
        assert_eq!(cancelled.state, ImportState::Cancelled);
        assert!(cancelled.finished_at.is_some());
        assert_eq!(products(&shop).await, 0);
    }

    async fn a_file_that_is_none_fails_at_once_with_the_reason_and_its_job_succeeds(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let worker = shop.worker().spawn();
        for (file, reason) in [
            (&b"\xFF\xFEa\0b\0"[..], "UTF-16"),
            (b"PK\x03\x04 and so on", "spreadsheet"),
            (b"Handle;Title;Variant Price\na;A;1\n", "commas"),
            (b"a,b\n1,2\n", "lacks"),
            (b"\"Handle,Title", "never closed"),
            (b"\n\n", "empty"),
        ] {
            let accepted = shop.imports.accept(&shop.owner, upload(file)).await.unwrap();
            let failed = ended(&shop, &accepted).await;
            assert_eq!(failed.state, ImportState::Failed);
            let told = failed.reason.unwrap();
            assert!(told.contains(reason), "{told}");
            let job = job_ended(&shop, &accepted).await;
            assert_eq!((job.state, job.attempts), (JobState::Succeeded, 1), "{job:?}");
        }
        worker.end().await;
        assert_eq!(rows(&database, "catalog_import_chunk").await, 0);
    }

    async fn an_import_that_its_owner_may_no_longer_do_fails_with_its_job(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(1))).await.unwrap();
        let nobody = serde_json::to_string(&shop.visitor).unwrap();
        let change = format!("UPDATE jobs_job SET context = '{nobody}'");
        shop.context.database.execute_unprepared(&change).await.unwrap();
        let worker = shop.worker().spawn();
        assert_eq!(ended(&shop, &accepted).await.state, ImportState::Failed);
        assert_eq!(job_ended(&shop, &accepted).await.state, JobState::Dead);
        worker.end().await;
    }

    async fn whatever_a_file_holds_can_be_told(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let worker = shop.worker().spawn();
        // Zeros are in no text of PostgreSQL.
        let file = b"Handle,Title,Variant Price,Zero\nm\0g,Mug,1,x\n\xFF,Mug,1,\ngood,G\0od,1,y\n";
        let accepted = shop.imports.accept(&shop.owner, upload(file)).await.unwrap();
        let done = ended(&shop, &accepted).await;
        worker.end().await;
        assert_eq!(done.state, ImportState::Done, "{done:?}");
        assert_eq!(done.report.unwrap().rejected.products, 3);
    }

    async fn an_upload_that_breaks_off_leaves_nothing(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let broken = [Ok(Bytes::from(vec![b'a'; 300_000])), Err(io::ErrorKind::BrokenPipe.into())];
        let error = shop.imports.accept(&shop.owner, stream::iter(broken)).await.unwrap_err();
        assert!(matches!(error, CatalogError::File(_)), "{error}");
        let error = shop.imports.accept(&shop.owner, upload("")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        for table in ["catalog_import", "catalog_import_chunk", "jobs_job"] {
            assert_eq!(rows(&database, table).await, 0, "{table}");
        }
    }

    async fn an_import_is_shown_to_writers_of_its_shop_only(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(1))).await.unwrap();
        let stranger = shop.imports.find(&shop.other_shop, accepted.id).await.unwrap_err();
        assert_eq!(stranger.kind(), ErrorKind::NotFound);
        let visitor = shop.imports.find(&shop.visitor, accepted.id).await.unwrap_err();
        assert_eq!(visitor.kind(), ErrorKind::Unauthenticated);
        let visitor = shop.imports.accept(&shop.visitor, upload(mugs(1))).await.unwrap_err();
        assert_eq!(visitor.kind(), ErrorKind::Unauthenticated);
    }

    async fn the_job_runs_for_whoever_asked(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let accepted = shop.imports.accept(&shop.owner, upload(mugs(1))).await.unwrap();
        let job = shop.jobs.get(accepted.job_id).await.unwrap().unwrap();
        assert_eq!(job.context, Some(shop.owner.clone()));
        let worker = shop.worker().spawn();
        assert_eq!(ended(&shop, &accepted).await.state, ImportState::Done);
        worker.end().await;
        let event = shop.events.take().await.remove(0);
        assert_eq!(event.correlation_id, shop.owner.correlation_id);
        let mug: Handle = "mug-0".parse().unwrap();
        assert!(shop.products.find_by_handle(&shop.owner, &mug).await.unwrap().is_some());
    }

    async fn imports_are_forgotten_after_a_week(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let old = shop.imports.accept(&shop.owner, upload(mugs(1))).await.unwrap();
        shop.context.jobs.cancel(old.job_id).await.unwrap();
        shop.clock.advance(Duration::from_secs(6 * 24 * 3_600));
        let young = shop.imports.accept(&shop.owner, upload(mugs(1))).await.unwrap();
        shop.clock.advance(Duration::from_secs(24 * 3_600 + 1));
        forget(&shop).await;
        let gone = shop.imports.find(&shop.owner, old.id).await.unwrap_err();
        assert!(matches!(gone, CatalogError::ImportNotFound { .. }), "{gone}");
        shop.imports.find(&shop.owner, young.id).await.unwrap();
        assert_eq!(rows(&database, "catalog_import").await, 1);
    }
}
