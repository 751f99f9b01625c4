//! Counters and gauges for Prometheus, in the text format of `OpenMetrics`.
//!
//! They are served by a listener of their own ([`super::metrics_server`]), because a client of the
//! API must not see them.

mod database_gauges;
mod units;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use database_gauges::DatabaseGauges;
use units::unix_seconds;

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    /// Those that asked for a project which is on another server.
    pub moved: Counter,
    durations: Family<RouteLabels, Histogram>,
    sent: Counter,
    /// Connections that wait for changes.
    pub waiting: Gauge,
    database: DatabaseGauges,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

impl Metrics {
    /// Without a `database` file, its gauges stay 0.
    pub fn new(database: Option<&Path>) -> Arc<Self> {
        let mut registry = Registry::with_prefix("kamiflow_sync");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        let start: Gauge = Gauge::default();
        start.set(unix_seconds(SystemTime::now()));
        registry.register("start_timestamp_seconds", "When the server started", start);
        let requests = Family::default();
        registry.register("requests", "Requests answered", requests.clone());
        let moved = Counter::default();
        let help = "Requests for projects that were moved away, answered with 503";
        registry.register("moved_requests", help, moved.clone());
        let durations =
            Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let help =
            "From the head of a request to the end of its response, unless it waited for a change";
        registry.register_with_unit("request_duration", help, Unit::Seconds, durations.clone());
        let sent = Counter::default();
        registry.register_with_unit("sent", "Response bodies", Unit::Bytes, sent.clone());
        let waiting = Gauge::default();
        registry.register(
            "waiting",
            "Connections that wait for changes",
            waiting.clone(),
        );
        let database = DatabaseGauges::new(database, &mut registry);
        Arc::new(Self {
            registry,
            requests,
            moved,
            durations,
            sent,
            waiting,
            database,
        })
    }

    /// Counts a request with a response of this status, which had `bytes` in its body. `duration` is
    /// `None` when it waited for a change.
    pub fn count(
        &self,
        method: &Method,
        route: &'static str,
        status: u16,
        bytes: u64,
        duration: Option<Duration>,
    ) {
        let method = method_label(method);
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&labels).inc();
        if let Some(duration) = duration {
            let histogram = self.durations.get_or_create(&RouteLabels { route });
            histogram.observe(duration.as_secs_f64());
        }
        self.sent.inc_by(bytes);
    }

    /// Encodes all metrics. Reads the disk.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        self.database.update();
        let mut encoded = String::new();
        text::encode(&mut encoded, &self.registry)?;
        Ok(encoded)
    }
}

/// Limits the number of labels, because a client can invent methods.
fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = known.into_iter().find(|known| *known == method.as_str());
    found.unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let metrics = Metrics::new(None);
        for method in [Method::GET, Method::GET, "BREW".parse().unwrap()] {
            let duration = Some(Duration::from_millis(3));
            metrics.count(&method, "/health", 200, 10, duration);
        }
        metrics.count(&Method::GET, "/v1/events", 200, 0, None);
        let text = metrics.encode().unwrap();
        for line in [
            r#"kamiflow_sync_requests_total{method="GET",route="/health",status="200"} 2"#,
            r#"kamiflow_sync_requests_total{method="other",route="/health",status="200"} 1"#,
            r#"kamiflow_sync_request_duration_seconds_bucket{le="0.005",route="/health"} 3"#,
            "kamiflow_sync_sent_bytes_total 30",
            r#"kamiflow_sync_requests_total{method="GET",route="/v1/events",status="200"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains(r#"seconds_bucket{le="0.005",route="/v1/events"}"#));
    }
}
