//! Images of products are fetched and shown small.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_catalog::{Image, ProductDraft, ProductPatch, ThumbnailCounts};
use czo_core::{JobAdmin, JobFilter, JobName, JobRecord, JobState};
use czo_fetch::FetchOptions;
use czo_http::axum::Router;
use czo_http::axum::body::{Body, to_bytes};
use czo_http::axum::http::{Request, StatusCode, header};
use czo_http::axum::response::{IntoResponse, Redirect};
use czo_http::axum::routing::get;
use czo_testkit::{TestDatabase, on_each_database};
use futures_util::stream;
use image::{DynamicImage, ImageFormat, RgbImage};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::Service;

use crate::graphql::{ask, subgraph};
use crate::shop::{Fixture, simple};

/// A host outside, as far as the shop knows.
struct Outside {
    shop: Fixture,
    port: u16,
}

impl Outside {
    async fn with(database: &TestDatabase, router: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { czo_http::axum::serve(listener, router).await });
        let mut options = FetchOptions::default();
        options.allow.push(format!("127.0.0.1:{port}").parse().unwrap());
        options.timeout = Duration::from_secs(5);
        Self { shop: Fixture::fetching(database, options).await, port }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A product with the images at these paths.
    fn draft(&self, title: &str, paths: &[&str]) -> ProductDraft {
        let image = |path: &&str| Image { url: self.url(path), alt: None };
        ProductDraft { images: paths.iter().map(image).collect(), ..simple(title) }
    }

    async fn jobs(&self) -> Vec<JobRecord> {
        let name = JobName::from_static("catalog.fetch_thumbnail");
        self.shop.jobs.list(&JobFilter::all().name(name), 100, None).await.unwrap()
    }

    async fn counts(&self) -> ThumbnailCounts {
        self.shop.products.count_thumbnails(&self.shop.owner).await.unwrap()
    }

    /// Works until every job is as expected.
    async fn work_until(&self, is_so: impl Fn(&JobRecord) -> bool) {
        let worker = self.shop.worker().spawn();
        let look = async {
            while !self.jobs().await.iter().all(&is_so) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), look).await.unwrap();
        worker.end().await;
    }

    /// What GraphQL says of the images of all products.
    async fn urls(&self) -> Vec<Value> {
        let query = "{ products { nodes { images { thumbnailUrl } } } }";
        let answer = ask(&subgraph(&self.shop), &self.shop.visitor, query, json!({})).await;
        let nodes = answer["data"]["products"]["nodes"].as_array().unwrap().iter();
        nodes
            .flat_map(|node| node["images"].as_array().unwrap())
            .map(|image| image["thumbnailUrl"].clone())
            .collect()
    }

    /// The reasons of thumbnails that there will not be.
    async fn failures(&self) -> Vec<String> {
        let database = &self.shop.context.database;
        let sql = "SELECT failure FROM catalog_thumbnail WHERE failure IS NOT NULL ORDER BY url";
        let query = Statement::from_string(database.get_database_backend(), sql);
        let rows = database.query_all_raw(query).await.unwrap();
        rows.iter().map(|row| row.try_get("", "failure").unwrap()).collect()
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut data = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(RgbImage::new(width, height));
    picture.write_to(&mut data, ImageFormat::Png).unwrap();
    data.into_inner()
}

fn good() -> Router {
    Router::new().route("/good.png", get(|| async { png(640, 320) }))
}

on_each_database! {
    async fn an_image_is_fetched_and_shown_small(database: TestDatabase) {
        let outside = Outside::with(&database, good()).await;
        let shop = &outside.shop;
        shop.products.create(&shop.owner, outside.draft("Mug", &["/good.png"])).await.unwrap();
        assert_eq!(outside.urls().await, [Value::Null]);
        assert_eq!((outside.counts().await.waiting, outside.counts().await.done), (1, 0));
        outside.work_until(|job| job.state == JobState::Succeeded).await;
        assert_eq!((outside.counts().await.waiting, outside.counts().await.done), (0, 1));

        let [Value::String(url)] = &outside.urls().await[..] else { panic!("one thumbnail") };
        let mut router = Router::from(shop.parts().routes);
        let request = Request::get(url).body(Body::empty()).unwrap();
        let answer = router.call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/jpeg");
        let caching = answer.headers()[header::CACHE_CONTROL].to_str().unwrap();
        assert!(caching.contains("immutable"), "{caching}");
        let tag = answer.headers()[header::ETAG].clone();
        let small = image::load_from_memory(&to_bytes(answer.into_body(), 100_000).await.unwrap());
        let small = small.unwrap();
        assert_eq!((small.width(), small.height()), (320, 160));

        let again = Request::get(url).header(header::IF_NONE_MATCH, tag);
        let again = router.call(again.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        for unknown in ["thumb_01m808cb0aeha9r8v9jr2se7aw", "other"] {
            let unknown = format!("/api/catalog/thumbnails/{unknown}");
            let answer = router.call(Request::get(unknown).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.unwrap().status(), StatusCode::NOT_FOUND);
        }
    }

    async fn an_image_is_fetched_once_for_a_shop(database: TestDatabase) {
        let outside = Outside::with(&database, good()).await;
        let shop = &outside.shop;
        let draft = || outside.draft("Mug", &["/good.png", "/good.png?2"]);
        let mug = shop.products.create(&shop.owner, draft()).await.unwrap();
        let cup = ProductDraft { title: "Cup".to_owned(), ..draft() };
        shop.products.create(&shop.owner, cup).await.unwrap();
        assert_eq!(outside.jobs().await.len(), 2);

        let with = |path| Some(outside.draft("", &["/good.png", path]).images);
        let patch = ProductPatch { images: with("/good.png?3"), ..ProductPatch::default() };
        shop.products.update(&shop.owner, mug.id, None, patch).await.unwrap();
        assert_eq!(outside.jobs().await.len(), 3);

        let mut elsewhere = draft();
        elsewhere.variants[0].price = "100".to_owned();
        shop.products.create(&shop.other_shop, elsewhere).await.unwrap();
        assert_eq!(outside.jobs().await.len(), 5);
    }

    async fn a_product_that_is_not_written_has_nothing_fetched(database: TestDatabase) {
        let outside = Outside::with(&database, good()).await;
        let shop = &outside.shop;
        shop.create(simple("Mug")).await;
        let twice = outside.draft("Mug", &["/good.png"]);
        let twice = ProductDraft { handle: Some("mug".to_owned()), ..twice };
        shop.products.create(&shop.owner, twice).await.unwrap_err();
        assert_eq!((outside.jobs().await, outside.counts().await), (vec![], ThumbnailCounts::default()));
    }

    async fn what_can_never_be_shown_fails_at_once_with_the_reason(database: TestDatabase) {
        let endless = || async {
            let bytes = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0xFF_u8; 64 * 1024]));
            Body::from_stream(bytes)
        };
        let mut bomb = png(1, 1);
        // Its size is in its header; the checksum is wrong then, which is as good a reason.
        bomb[16..24].fill(0x40);
        let router = Router::new()
            .route("/1-page", get(|| async { "<html></html>" }))
            .route("/2-endless", get(endless))
            .route("/3-bomb", get(move || async move { bomb.clone() }))
            .route("/4-inside", get(|| async { Redirect::temporary("http://169.254.169.254/") }))
            .route("/5-empty", get(|| async { StatusCode::NO_CONTENT }));
        let outside = Outside::with(&database, router).await;
        let shop = &outside.shop;
        let paths = ["/0-nothing", "/1-page", "/2-endless", "/3-bomb", "/4-inside", "/5-empty"];
        shop.products.create(&shop.owner, outside.draft("Mug", &paths)).await.unwrap();
        outside.work_until(|job| job.state.is_finished()).await;
        for job in outside.jobs().await {
            assert_eq!((job.state, job.attempts), (JobState::Dead, 1), "{job:?}");
        }
        let failures = outside.failures().await;
        let reasons = ["404", "no picture", "more than 10485760", "damaged", "not on the public", "no picture"];
        assert_eq!(failures.len(), reasons.len(), "{failures:?}");
        for (failure, reason) in failures.iter().zip(reasons) {
            assert!(failure.contains(reason), "{failure}");
        }
        assert_eq!(outside.counts().await.failed, 6);
        assert_eq!(outside.urls().await, vec![Value::Null; 6]);
    }

    async fn an_address_inside_is_refused_before_anybody_asks(database: TestDatabase) {
        let shop = Fixture::new(&database).await;
        let urls = ["http://169.254.169.254/a.jpg", "http://localhost/a.jpg", "https://img.example/a.jpg"];
        let images = urls.map(|url| Image { url: url.to_owned(), alt: None });
        let draft = ProductDraft { images: images.to_vec(), ..simple("Mug") };
        shop.products.create(&shop.owner, draft).await.unwrap();
        let counts = shop.products.count_thumbnails(&shop.owner).await.unwrap();
        assert_eq!((counts.waiting, counts.failed), (0, 3));
        let jobs = shop.jobs.list(&JobFilter::all(), 10, None).await.unwrap();
        assert_eq!(jobs, []);
    }

    async fn what_may_pass_is_tried_again(database: TestDatabase) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let flaky = move || async move {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                1 => StatusCode::TOO_MANY_REQUESTS.into_response(),
                _ => png(2, 2).into_response(),
            }
        };
        let outside = Outside::with(&database, Router::new().route("/flaky", get(flaky))).await;
        let shop = &outside.shop;
        shop.products.create(&shop.owner, outside.draft("Mug", &["/flaky"])).await.unwrap();
        for failures in 1..=2 {
            let has_failed = |job: &JobRecord| (job.state, job.attempts) == (JobState::Waiting, failures);
            outside.work_until(has_failed).await;
            assert_eq!(outside.counts().await.waiting, 1);
            // Its time has come.
            let due = "UPDATE jobs_job SET run_at = 0";
            shop.context.database.execute_unprepared(due).await.unwrap();
        }
        outside.work_until(|job| job.state == JobState::Succeeded).await;
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        assert_eq!(outside.counts().await.done, 1);
    }
}
