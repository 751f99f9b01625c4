//! Where requests are counted.

use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;

use super::answer_hours::AnswerHours;
use super::metrics::Metrics;

/// Where requests are counted. Clones share the counts.
#[derive(Clone)]
pub struct Counts {
    /// None where nothing asks for them.
    pub metrics: Option<Arc<Metrics>>,
    /// Answers, but for those to health checks.
    pub answers: Arc<AnswerHours>,
}

impl Counts {
    /// Requests that wait for changes.
    pub fn waiting(&self) -> Gauge {
        let metrics = self.metrics.as_ref();
        metrics.map_or_else(Gauge::default, |metrics| metrics.waiting.clone())
    }
}
