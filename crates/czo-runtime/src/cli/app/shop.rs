//! Which shop's apps are meant.

use anyhow::bail;
use clap::Args;
use czo_apps::{AppId, Installation, InstallationId};
use czo_core::{RequestContext, ShopId};
use czo_repo::{PageArguments, PageRequest};

use crate::Application;

/// How many apps one question is for.
const PAGE: i32 = 100;

/// Whose apps.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ShopArgs {
    /// The shop; where there is only one, that
    #[arg(long, value_name = "SHOP")]
    shop: Option<ShopId>,
}

impl ShopArgs {
    /// Whoever is at the command line, in that shop.
    pub(super) async fn context(self, application: &Application) -> anyhow::Result<RequestContext> {
        let ctx = RequestContext::system(&*application.context().ids);
        let shops = application.shops().list().await?;
        if let Some(shop) = self.shop {
            if shops.iter().all(|known| known.id != shop) {
                bail!("there is no shop {shop}: `czo shops list` shows them");
            }
            return Ok(ctx.for_shop(shop));
        }
        match &*shops {
            [only] => Ok(ctx.for_shop(only.id)),
            [] => bail!("there is no shop: `czo shops create` opens one"),
            several => {
                let names: Vec<_> =
                    several.iter().map(|shop| format!("{} ({})", shop.id, shop.name)).collect();
                bail!("say which shop by `--shop`: {}", names.join(", "))
            }
        }
    }
}

/// All apps of the shop.
pub(super) async fn all(
    application: &Application,
    ctx: &RequestContext,
) -> anyhow::Result<Vec<Installation>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let arguments = PageArguments { first: Some(PAGE), after, ..Default::default() };
        let page = application.apps().registry().list(ctx, &PageRequest::new(arguments)?).await?;
        all.extend(page.nodes);
        after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Which app.
#[derive(Debug, Args)]
pub struct WhichApp {
    /// The app: `app_…` or `com.example.app`
    app: AppName,
    #[command(flatten)]
    shop: ShopArgs,
}

impl WhichApp {
    /// Whoever is at the command line, in the shop of the app, and which one that is there.
    pub(super) async fn find(
        &self,
        application: &Application,
    ) -> anyhow::Result<(RequestContext, InstallationId)> {
        let ctx = self.shop.context(application).await?;
        let id = self.app.find(application, &ctx).await?;
        Ok((ctx, id))
    }
}

/// Which app: as people name it, or by its id in the shop.
#[derive(Clone, Debug)]
enum AppName {
    Installation(InstallationId),
    App(AppId),
}

impl std::str::FromStr for AppName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Installation(id));
        }
        let name = text.parse().map(Self::App);
        name.map_err(
            |_| "expected the id of an app in the shop, `app_…`, or its own, `com.example.app`",
        )
    }
}

impl AppName {
    /// The installation in the shop.
    async fn find(
        &self,
        application: &Application,
        ctx: &RequestContext,
    ) -> anyhow::Result<InstallationId> {
        let app = match self {
            Self::Installation(id) => return Ok(*id),
            Self::App(app) => app,
        };
        let all = all(application, ctx).await?;
        match all.iter().find(|installed| installed.manifest.id == *app) {
            Some(found) => Ok(found.id),
            None => bail!("{app} is not installed in this shop"),
        }
    }
}
