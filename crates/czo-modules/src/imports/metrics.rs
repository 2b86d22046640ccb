//! The metrics of the manifest.

use czo_module_package::MetricKind;

use crate::bindings::czo::module::metrics;
use crate::sandbox::CallState;

impl metrics::Host for CallState {
    fn counter_add(
        &mut self,
        name: String,
        by: f64,
        labels: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.confines.metrics.record(MetricKind::Counter, &name, by, &labels);
        Ok(())
    }

    fn gauge_set(
        &mut self,
        name: String,
        value: f64,
        labels: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.confines.metrics.record(MetricKind::Gauge, &name, value, &labels);
        Ok(())
    }

    fn histogram_record(
        &mut self,
        name: String,
        value: f64,
        labels: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.confines.metrics.record(MetricKind::Histogram, &name, value, &labels);
        Ok(())
    }
}
