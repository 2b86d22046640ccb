//! All figures of one server.

use anyhow::Result;
use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

use crate::connection::{Call, Connection, Target};
use crate::installation::Installation;
use crate::load::{self, Calls, Measured, Window};
use crate::{Body, catalogue, figure, progress, queries};

const SHOP: HeaderName = HeaderName::from_static("x-czo-shop");

/// What was measured of one server.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) product: Measured,
    list: Measured,
    create: Measured,
    pub(crate) start_ms: f64,
    pub(crate) resident_mib: f64,
    /// One question for a product, and its answer: the bare server is measured with them.
    pub(crate) question: Call,
    pub(crate) answer: Body,
}

impl Figures {
    pub(crate) fn print(&self, database: &str) {
        for (name, read) in [("product", &self.product), ("list20", &self.list)] {
            figure(&format!("api_{database}_{name}_rps"), read.per_second());
            figure(&format!("api_{database}_{name}_p95_ms"), read.percentile_ms(95));
        }
        figure(&format!("api_{database}_create_p50_ms"), self.create.percentile_ms(50));
    }
}

/// Serves the catalogue and measures. `settle` is called between loading and measuring.
pub(crate) async fn measure(
    database: &str,
    installation: &Installation,
    window: Window,
    settle: impl AsyncFnOnce() -> Result<()>,
) -> Result<Figures> {
    let shop = installation.open_shop()?;
    let server = installation.serve()?;
    progress(&format!("{database}: importing {} products", catalogue::PRODUCTS));
    installation.import(&shop, &catalogue::csv(), catalogue::PRODUCTS)?;
    settle().await?;

    // A visitor's questions: no token.
    let visitor = Target::new(server.address, HeaderMap::new()).with(SHOP, &shop)?;
    progress(&format!("{database}: products by handle"));
    let products = queries::products();
    let question = products[0].clone();
    let answer = Connection::open(&visitor).await?.ask(&question).await?;
    let product = load::parallel(&visitor, &Calls::of(products), window).await?;

    progress(&format!("{database}: lists of 20"));
    let pages = queries::pages(&visitor).await?;
    let list = load::parallel(&visitor, &Calls::of(pages), window).await?;

    // Last, so that the others read what they always read.
    progress(&format!("{database}: creating products"));
    let bearer = format!("Bearer {}", installation.owner_token()?);
    let owner = visitor.with(header::AUTHORIZATION, &bearer)?;
    let mut numbers = 0..;
    let next = || queries::create(numbers.next().unwrap_or_default());
    let create = load::sequential(&owner, next, window).await?;

    Ok(Figures {
        product,
        list,
        create,
        start_ms: server.started_in.as_secs_f64() * 1_000.0,
        resident_mib: server.resident_mib()?,
        question,
        answer,
    })
}
