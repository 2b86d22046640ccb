//! One series of a metric of a module.

use std::sync::{Mutex, PoisonError};

use czo_module_package::{MetricDeclaration, MetricKind, ModuleName};
use metrics::{Counter, Gauge, Histogram, Label};

use super::{BUCKET, MODULE, exported_name};

/// One series.
pub(super) enum Series {
    Counter(Fraction),
    Gauge(Gauge),
    /// Of a histogram without buckets.
    Summary(Histogram),
    Histogram(Buckets),
}

/// A counter that is added parts to. The recorder counts whole numbers: the rest waits.
pub(super) struct Fraction {
    whole: Counter,
    rest: Mutex<f64>,
}

/// A histogram with the buckets of its declaration. Those of the recorder are set for all metrics when
/// it starts, before there is any module; so these are written as the series they consist of.
pub(super) struct Buckets {
    /// Upper bounds, and how many values are not above them.
    buckets: Vec<(f64, Counter)>,
    sum: Gauge,
    count: Counter,
}

impl Series {
    pub(super) fn new(
        module: &ModuleName,
        declared: &MetricDeclaration,
        values: &[String],
    ) -> Self {
        let name = exported_name(module, &declared.name);
        let mut labels = vec![Label::new(MODULE, module.to_string())];
        let pairs = declared.labels.iter().zip(values);
        labels.extend(pairs.map(|(label, value)| Label::new(label.clone(), value.clone())));
        match declared.kind {
            MetricKind::Counter => Self::Counter(Fraction {
                whole: metrics::counter!(name, labels),
                rest: Mutex::default(),
            }),
            MetricKind::Gauge => Self::Gauge(metrics::gauge!(name, labels)),
            MetricKind::Histogram if declared.buckets.is_empty() => {
                Self::Summary(metrics::histogram!(name, labels))
            }
            MetricKind::Histogram => {
                let bounds = declared.buckets.iter().copied().chain([f64::INFINITY]);
                let bucket = |bound: f64| {
                    let le = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
                    let mut labels = labels.clone();
                    labels.push(Label::new(BUCKET, le));
                    (bound, metrics::counter!(format!("{name}_bucket"), labels))
                };
                Self::Histogram(Buckets {
                    buckets: bounds.map(bucket).collect(),
                    sum: metrics::gauge!(format!("{name}_sum"), labels.clone()),
                    count: metrics::counter!(format!("{name}_count"), labels),
                })
            }
        }
    }

    /// Records a finite value. A counter only grows: what is below 0 is left out.
    pub(super) fn record(&self, value: f64) {
        match self {
            Self::Counter(counter) => counter.add(value),
            Self::Gauge(gauge) => gauge.set(value),
            Self::Summary(histogram) => histogram.record(value),
            Self::Histogram(histogram) => histogram.record(value),
        }
    }
}

impl Fraction {
    fn add(&self, by: f64) {
        if by < 0.0 {
            return;
        }
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = *rest + by;
        *rest = sum.fract();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is not below 0"
        )]
        self.whole.increment(sum.trunc() as u64);
    }
}

impl Buckets {
    fn record(&self, value: f64) {
        let reached = self.buckets.iter().filter(|(bound, _)| value <= *bound);
        reached.for_each(|(_, count)| count.increment(1));
        self.sum.increment(value);
        self.count.increment(1);
    }
}

/// Tells the recorder what a metric is.
pub(super) fn describe(name: &str, declared: &MetricDeclaration) {
    let (name, help) = (name.to_owned(), declared.help.clone());
    match declared.kind {
        MetricKind::Counter => metrics::describe_counter!(name, help),
        MetricKind::Gauge => metrics::describe_gauge!(name, help),
        MetricKind::Histogram => metrics::describe_histogram!(name, help),
    }
}
