//! `app deliveries`, `resend`, `recover` and `dlq`

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args};
use czo_apps::{
    DeliveryFilter, DeliveryRecord, DeliveryState, InstallationId, WebhookDeliveries,
    WebhookDeliveryId,
};
use czo_core::EventType;

use super::shop::WhichApp;
use crate::Application;
use crate::apps::{DeliveryView, WholeDelivery};
use crate::cli::confirm::confirm_unless;
use crate::cli::moment::Moment;
use crate::cli::output::{one_line, print, print_json, print_note, print_table};

/// Which deliveries are shown.
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    #[command(flatten)]
    which: WhichApp,
    /// Only this one, with what was sent and every attempt
    #[arg(long, value_name = "MSG")]
    id: Option<WebhookDeliveryId>,
    /// Only those in this state
    #[arg(long, value_parser = state())]
    state: Option<DeliveryState>,
    /// Only those of events of this type
    #[arg(long, value_name = "TYPE")]
    event_type: Option<EventType>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    limit: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which deliveries are sent again.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("meant").args(["id", "since"]).required(true))]
pub struct ResendArgs {
    #[command(flatten)]
    which: WhichApp,
    /// This one
    #[arg(long, value_name = "MSG")]
    id: Option<WebhookDeliveryId>,
    /// All of events since then, such as `2h`, or a time by RFC 3339, whatever became of them
    #[arg(long, value_name = "T")]
    since: Option<Moment>,
    /// With `--since`: do not ask
    #[arg(long, requires = "since")]
    yes: bool,
    /// With `--since`: only of events before
    #[arg(long, value_name = "T", requires = "since")]
    until: Option<Moment>,
}

/// Since when.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    #[command(flatten)]
    which: WhichApp,
    /// Of events since then: `2h`, `7d`, or a time by RFC 3339
    #[arg(long, value_name = "T")]
    since: Moment,
}

/// Which dead letters.
#[derive(Debug, Args)]
pub struct DlqArgs {
    #[command(flatten)]
    which: WhichApp,
    /// Send them again, instead of showing them
    #[arg(long)]
    redrive: bool,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Print JSON
    #[arg(long, conflicts_with = "redrive")]
    json: bool,
}

fn state() -> impl TypedValueParser<Value = DeliveryState> {
    PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str)).try_map(|text| {
        let found = DeliveryState::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or("there is no such state")
    })
}

impl DeliveriesArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let app = known(&self.which, application).await?;
        let deliveries = application.apps().deliveries();
        let mut filter = DeliveryFilter::all().app(app);
        filter = self.state.into_iter().fold(filter, DeliveryFilter::state);
        filter = self.event_type.into_iter().fold(filter, DeliveryFilter::event_type);
        let Some(id) = self.id else {
            let found = deliveries.list(&filter, self.limit, None).await?;
            return show(found, self.json);
        };
        let found = deliveries.list(&filter.id(id), 1, None).await?.pop();
        let record = found.with_context(|| format!("there is no delivery {id} to this app"))?;
        let attempts = deliveries.attempts(id).await?;
        print_json(&WholeDelivery::of(record, attempts))
    }
}

impl ResendArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let app = known(&self.which, application).await?;
        let deliveries = application.apps().deliveries();
        let filter = DeliveryFilter::all().app(app);
        if let Some(id) = self.id {
            if deliveries.resend_range(&filter.id(id), 1).await? == 0 {
                bail!("there is no delivery {id} to this app that is done");
            }
            print(&format!("{id} is sent again"));
            return Ok(());
        }
        let now = application.context().clock.now();
        let times = self.since.map(|since| since.resolve(now));
        let filter = times.into_iter().fold(filter, DeliveryFilter::since);
        let until = self.until.map(|until| until.resolve(now));
        let filter = until.into_iter().fold(filter, DeliveryFilter::until);
        let question = "Send all of that again, also what the app has already taken?";
        confirm_unless(self.yes, question, "this sends the app what it has already taken")?;
        send_again(&deliveries, &filter, u64::MAX).await
    }
}

impl RecoverArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let app = known(&self.which, application).await?;
        let since = self.since.resolve(application.context().clock.now());
        let filter = DeliveryFilter::all().app(app).state(DeliveryState::Dead).since(since);
        send_again(&application.apps().deliveries(), &filter, u64::MAX).await
    }
}

impl DlqArgs {
    pub(super) async fn execute(self, application: &Application) -> anyhow::Result<()> {
        let app = known(&self.which, application).await?;
        let deliveries = application.apps().deliveries();
        let filter = DeliveryFilter::all().app(app).state(DeliveryState::Dead);
        if self.redrive {
            return send_again(&deliveries, &filter, self.limit).await;
        }
        show(deliveries.list(&filter, self.limit, None).await?, self.json)
    }
}

/// An app of the shop that is there.
async fn known(which: &WhichApp, application: &Application) -> anyhow::Result<InstallationId> {
    let (ctx, app) = which.find(application).await?;
    Ok(application.apps().registry().get(&ctx, app).await?.id)
}

/// How many are sent again before it is said how many those are.
const PORTION: u64 = 10_000;

/// Sends again what fits, and says how far it is while there is more.
async fn send_again(
    deliveries: &WebhookDeliveries,
    filter: &DeliveryFilter,
    limit: u64,
) -> anyhow::Result<()> {
    let (mut count, mut after) = (0, None);
    while count < limit {
        let portion = PORTION.min(limit - count);
        let sent = deliveries.resend_portion(filter, portion, after).await?;
        count += sent.count;
        after = sent.next;
        if after.is_none() {
            break;
        }
        print_note(&format!("{count} on the way again"));
    }
    let deliveries = if count == 1 { "delivery" } else { "deliveries" };
    print(&format!("{count} {deliveries} on the way again"));
    Ok(())
}

fn show(found: Vec<DeliveryRecord>, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&found.into_iter().map(DeliveryView::from).collect::<Vec<_>>());
    }
    if found.is_empty() {
        print("no deliveries");
        return Ok(());
    }
    let row = |record: DeliveryRecord| {
        [
            record.id.to_string(),
            record.event_type,
            record.state.as_str().to_owned(),
            record.sent.to_string(),
            record.created_at.to_rfc3339(),
            record.error.as_deref().map(one_line).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = found.into_iter().map(row).collect();
    print_table(["ID", "EVENT", "STATE", "SENT", "PUBLISHED", "ERROR"], &rows);
    Ok(())
}
