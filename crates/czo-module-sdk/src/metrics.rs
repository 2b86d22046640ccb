//! The metrics of the manifest, shown as `czo_module_<name>_<metric>`.
//!
//! A name, a kind or a label that the manifest has not got is logged and counted nowhere. A series
//! too many is counted under the label values `other`.

use crate::bindings::imports::czo::module::metrics as host;

/// The counter of that name.
#[must_use]
pub fn counter(name: &str) -> Counter<'_> {
    Counter(name)
}

/// The gauge of that name.
#[must_use]
pub fn gauge(name: &str) -> Gauge<'_> {
    Gauge(name)
}

/// The histogram of that name.
#[must_use]
pub fn histogram(name: &str) -> Histogram<'_> {
    Histogram(name)
}

/// What only grows.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'a>(&'a str);

impl Counter<'_> {
    /// Adds to it; `by` is not negative.
    pub fn add(self, by: f64, labels: &[(&str, &str)]) {
        host::counter_add(self.0, by, &owned(labels));
    }
}

/// What goes up and down.
#[derive(Clone, Copy, Debug)]
pub struct Gauge<'a>(&'a str);

impl Gauge<'_> {
    /// Sets it.
    pub fn set(self, value: f64, labels: &[(&str, &str)]) {
        host::gauge_set(self.0, value, &owned(labels));
    }
}

/// What is spread over buckets.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<'a>(&'a str);

impl Histogram<'_> {
    /// Adds one measurement.
    pub fn record(self, value: f64, labels: &[(&str, &str)]) {
        host::histogram_record(self.0, value, &owned(labels));
    }
}

fn owned(labels: &[(&str, &str)]) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
