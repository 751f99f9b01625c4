//! What the server counts, for Prometheus, on a listener of its own: the numbers are nobody's
//! business who can only reach the API.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Method;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use rusqlite::{Connection, OpenFlags, Row};

use crate::database::{backup_mark, files};

/// Upper ends of the histogram, in seconds.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];
/// How long counts of rows are good for: counting versions reads an index of all of them.
const FRESH: Duration = Duration::from_secs(30);

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    sent: Counter,
    contents: Contents,
    database: Option<PathBuf>,
    counted: Mutex<Option<Instant>>,
}

/// Gauges that are read when somebody asks.
#[derive(Debug, Default)]
struct Contents {
    projects: Gauge,
    files: Gauge,
    file_bytes: Gauge,
    versions: Gauge,
    database_bytes: Gauge,
    log_bytes: Gauge,
    free_bytes: Gauge,
    last_backup: Gauge,
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
    /// Nothing counted yet, over this database.
    pub fn new(database: Option<&Path>) -> Arc<Self> {
        let mut registry = Registry::with_prefix("kamiflow_sync");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        let start: Gauge = Gauge::default();
        start.set(seconds_since_1970(SystemTime::now()));
        registry.register("start_timestamp_seconds", "When the server started", start);
        let requests = Family::default();
        registry.register("requests", "Requests answered", requests.clone());
        let seconds =
            Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let help = "From the head of a request to the end of its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, seconds.clone());
        let sent = Counter::default();
        registry.register_with_unit("sent", "Bodies of answers", Unit::Bytes, sent.clone());
        let contents = Contents::default();
        contents.register(&mut registry);
        Arc::new(Self {
            registry,
            requests,
            seconds,
            sent,
            contents,
            database: database.map(Path::to_owned),
            counted: Mutex::default(),
        })
    }

    /// Counts a request with its answer.
    pub fn count(
        &self,
        method: &Method,
        route: &'static str,
        status: u16,
        bytes: u64,
        took: Duration,
    ) {
        let method = known(method);
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&labels).inc();
        let histogram = self.seconds.get_or_create(&RouteLabels { route });
        histogram.observe(took.as_secs_f64());
        self.sent.inc_by(bytes);
    }

    /// All of it, in the text format of `OpenMetrics`. Reads the disk.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        if let Some(database) = &self.database {
            self.measure(database);
            if let Err(error) = self.count_rows(database) {
                tracing::warn!(%error, "the database was not counted");
            }
        }
        let mut written = String::new();
        text::encode(&mut written, &self.registry)?;
        Ok(written)
    }

    fn measure(&self, database: &Path) {
        let contents = &self.contents;
        let length = |file: &Path| as_gauge(file.metadata().map_or(0, |file| file.len()));
        contents.database_bytes.set(length(database));
        contents
            .log_bytes
            .set(length(&files::with_suffix(database, "-wal")));
        if let Ok(disk) = rustix::fs::statvfs(database) {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            contents.free_bytes.set(as_gauge(free));
        }
        let backup = backup_mark::age(database).and_then(|age| SystemTime::now().checked_sub(age));
        contents
            .last_backup
            .set(backup.map_or(0, seconds_since_1970));
    }

    fn count_rows(&self, database: &Path) -> rusqlite::Result<()> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.is_some_and(|then| then.elapsed() < FRESH) {
            return Ok(());
        }
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Before the first request there are no tables yet.
        if connection.table_exists(None, "version")? {
            let statement =
                "SELECT count(*), coalesce(sum(file_count), 0), coalesce(sum(total_size), 0),
                (SELECT count(*) FROM version) FROM project";
            connection.query_row(statement, [], |row| self.contents.set(row))?;
        }
        *counted = Some(Instant::now());
        Ok(())
    }
}

impl Contents {
    fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("projects", "Projects", &self.projects),
            ("files", "Live files", &self.files),
            ("file_bytes", "Their bytes", &self.file_bytes),
            ("versions", "Versions of all files", &self.versions),
            ("database_bytes", "The database file", &self.database_bytes),
            ("wal_bytes", "Its write-ahead log", &self.log_bytes),
            ("disk_free_bytes", "Left on its disk", &self.free_bytes),
            (
                "last_backup_timestamp_seconds",
                "When the last good backup was made; 0: never",
                &self.last_backup,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    fn set(&self, row: &Row) -> rusqlite::Result<()> {
        let gauges = [
            &self.projects,
            &self.files,
            &self.file_bytes,
            &self.versions,
        ];
        for (column, gauge) in gauges.into_iter().enumerate() {
            gauge.set(row.get(column)?);
        }
        Ok(())
    }
}

/// Methods of clients, of which anybody can invent any number.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = known.into_iter().find(|known| *known == method.as_str());
    found.unwrap_or("other")
}

fn seconds_since_1970(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    as_gauge(since.as_secs())
}

fn as_gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let metrics = Metrics::new(None);
        for method in [Method::GET, Method::GET, "BREW".parse().unwrap()] {
            metrics.count(&method, "/health", 200, 10, Duration::from_millis(3));
        }
        let text = metrics.text().unwrap();
        for line in [
            r#"kamiflow_sync_requests_total{method="GET",route="/health",status="200"} 2"#,
            r#"kamiflow_sync_requests_total{method="other",route="/health",status="200"} 1"#,
            r#"kamiflow_sync_request_duration_seconds_bucket{le="0.005",route="/health"} 3"#,
            "kamiflow_sync_sent_bytes_total 30",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
