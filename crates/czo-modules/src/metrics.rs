//! The metrics that modules declare, as series of the server's.

mod series;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use czo_module_package::{MetricDeclaration, MetricKind, ModuleManifest, ModuleName};

use self::series::Series;

/// The most series of one metric; what is more is counted as one, whose labels say `other`.
const SERIES: usize = 100;
/// The longest value of a label, in bytes; a longer one is `other`.
const LABEL: usize = 128;
const OTHER: &str = "other";
/// The label by which the metrics of modules are apart: `a-b` with `c` and `a` with `b_c` have the
/// same name.
const MODULE: &str = "module";
/// The label of the buckets of histograms.
const BUCKET: &str = "le";

/// The series of all metrics of modules. They outlive generations, and so does their number.
#[derive(Default)]
pub(crate) struct MetricBook {
    metrics: Mutex<HashMap<(ModuleName, String), Arc<SeriesBook>>>,
}

/// The series of one metric.
struct SeriesBook {
    declaration: MetricDeclaration,
    series: Mutex<HashMap<Vec<String>, Arc<Series>>>,
}

/// The metrics of one generation of a module.
pub(crate) struct ModuleMetrics {
    module: ModuleName,
    metrics: HashMap<String, Arc<SeriesBook>>,
    was_told: AtomicBool,
}

impl MetricBook {
    /// Those of the manifest. A metric whose labels this server needs itself is left out.
    pub(crate) fn of(&self, manifest: &ModuleManifest) -> ModuleMetrics {
        let mut books = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let mut metrics = HashMap::new();
        for declared in &manifest.metrics {
            let is_reserved = |label: &String| label == MODULE || label == BUCKET;
            if declared.labels.iter().any(is_reserved) {
                let (module, metric) = (&manifest.name, &declared.name);
                tracing::warn!(%module, metric, "a metric is left out: its labels are reserved");
                continue;
            }
            let key = (manifest.name.clone(), declared.name.clone());
            let book = books.entry(key).or_insert_with(|| SeriesBook::new(declared));
            if book.declaration != *declared {
                *book = SeriesBook::new(declared);
            }
            series::describe(&exported_name(&manifest.name, &declared.name), declared);
            metrics.insert(declared.name.clone(), book.clone());
        }
        ModuleMetrics { module: manifest.name.clone(), metrics, was_told: AtomicBool::new(false) }
    }
}

impl SeriesBook {
    fn new(declaration: &MetricDeclaration) -> Arc<Self> {
        Arc::new(Self { declaration: declaration.clone(), series: Mutex::default() })
    }

    /// The series with these values of its labels, or the one for what is too much.
    fn series(&self, module: &ModuleName, values: Vec<String>) -> Arc<Series> {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = series.get(&values) {
            return found.clone();
        }
        let values =
            if series.len() < SERIES { values } else { vec![OTHER.to_owned(); values.len()] };
        let new = || Arc::new(Series::new(module, &self.declaration, &values));
        series.entry(values.clone()).or_insert_with(new).clone()
    }

    /// The values in the order of the declaration; none where a label is missing, unknown or there
    /// twice.
    fn values(&self, labels: &[(String, String)]) -> Option<Vec<String>> {
        if labels.len() != self.declaration.labels.len() {
            return None;
        }
        let value = |label: &String| {
            let (_, value) = labels.iter().find(|(name, _)| name == label)?;
            Some(if value.len() > LABEL { OTHER.to_owned() } else { value.clone() })
        };
        self.declaration.labels.iter().map(value).collect()
    }
}

impl ModuleMetrics {
    /// Records a value. What the manifest does not declare so is left out, and logged once.
    pub(crate) fn record(
        &self,
        kind: MetricKind,
        name: &str,
        value: f64,
        labels: &[(String, String)],
    ) {
        let book = self.metrics.get(name).filter(|book| book.declaration.kind == kind);
        let Some((book, values)) = book.and_then(|book| Some((book, book.values(labels)?))) else {
            if !self.was_told.swap(true, Ordering::Relaxed) {
                let (module, metric) = (&self.module, name.get(..LABEL).unwrap_or(name));
                tracing::warn!(
                    %module,
                    metric,
                    "the manifest declares no such metric, or with another kind or other labels; \
                     values of undeclared metrics are left out, which is said only once",
                );
            }
            return;
        };
        if value.is_finite() {
            book.series(&self.module, values).record(value);
        }
    }
}

/// `czo_module_<name>_<metric>`.
fn exported_name(module: &ModuleName, metric: &str) -> String {
    format!("czo_module_{}_{metric}", module.as_str().replace('-', "_"))
}
