#![doc = include_str!("../README.md")]

use std::io::IsTerminal;
use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Upper bounds of the duration histograms, in seconds: 0.5 ms to 10 s.
const DURATION_BUCKETS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.5, 10.0];

/// How often samples are summed up.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How the log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`: `info`,
    /// `info,czo_http=debug`.
    pub filter: String,
}

/// For whom the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Telemetry can't be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The filter is malformed.
    #[error("`log.filter`: expected levels such as `info` or `info,czo_http=debug`")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// The system gives no thread for the upkeep of metrics.
    #[error("no thread can be started for the upkeep of metrics")]
    Thread(#[source] std::io::Error),
    /// It has been set up already in this process.
    #[error("telemetry is set up already")]
    Twice,
}

impl Classified for TelemetryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Thread(_) => ErrorKind::Unavailable,
            Self::Filter(_) | Self::Twice => ErrorKind::Invalid,
        }
    }
}

/// The metrics of this process. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    metrics: PrometheusHandle,
}

/// Sets up logs and metrics of this process. Once.
///
/// # Errors
///
/// [`TelemetryError`].
pub fn install(options: &LogOptions) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&options.filter).map_err(TelemetryError::Filter)?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match options.format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
        LogFormat::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
    }
    .map_err(|_| TelemetryError::Twice)?;

    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATION_BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|_| TelemetryError::Twice)?;
    keep_up(&metrics)?;
    Ok(Telemetry { metrics })
}

/// Samples of histograms are kept one by one until they are summed up, which must happen whether
/// or not anybody ever scrapes.
fn keep_up(metrics: &PrometheusHandle) -> Result<(), TelemetryError> {
    let metrics = metrics.clone();
    let keep_up = move || loop {
        std::thread::sleep(UPKEEP_INTERVAL);
        metrics.run_upkeep();
    };
    let named = std::thread::Builder::new().name("czo-metrics".to_owned());
    named.spawn(keep_up).map(drop).map_err(TelemetryError::Thread)
}

impl Telemetry {
    /// All metrics in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.metrics.render()
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
