//! How many jobs wait.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{JobAdmin, JobFilter, JobName, JobState, describe};

/// How often they are counted.
const EVERY: Duration = Duration::from_secs(15);

/// Tells the gauge how many jobs of these names wait, until it is dropped.
pub(super) async fn count(admin: Arc<dyn JobAdmin>, names: Vec<JobName>) {
    let mut filter = JobFilter::all().state(JobState::Waiting);
    filter.names.clone_from(&names);
    loop {
        match admin.counts(&filter).await {
            Ok(counts) => {
                for name in &names {
                    let count = counts.iter().find(|count| count.name == *name);
                    let jobs = count.map_or(0, |count| count.jobs);
                    let gauge = metrics::gauge!("czo_jobs_waiting", "job" => name.to_string());
                    gauge.set(u32::try_from(jobs).unwrap_or(u32::MAX));
                }
            }
            Err(error) => tracing::debug!(error = describe(&error), "jobs cannot be counted"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
