//! Where requests are counted.

use std::sync::Arc;

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
