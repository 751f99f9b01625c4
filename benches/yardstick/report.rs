//! Reports in Markdown, printed and written to the target folder.

use std::path::Path;
use std::time::Duration;

/// The median; of an even number, the mean of the middle two.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(values.len().saturating_sub(1) / 2) + at(values.len() / 2)) / 2.0
}

/// The latency in milliseconds that this share of requests does not exceed; `None` for too few
/// requests.
pub fn percentile(latencies: &[Duration], share: f64) -> Option<f64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let enough = sorted.len() as f64 * (1.0 - share) >= 0.999;
    let latency = sorted.get((sorted.len() as f64 * share) as usize)?;
    enough.then_some(latency.as_secs_f64() * 1000.0)
}

/// A number, or a dash.
pub fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

/// Three significant digits, and commas between thousands.
pub fn number(value: f64) -> String {
    match value.abs() {
        ..0.1 => format!("{value:.4}"),
        ..1.0 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        ..1_000.0 => format!("{value:.0}"),
        _ => thousands(value.round() as u64),
    }
}

fn thousands(value: u64) -> String {
    match value {
        0..1_000 => value.to_string(),
        _ => format!("{},{:03}", thousands(value / 1_000), value % 1_000),
    }
}

/// A line of a table.
pub fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// The head of a table.
pub fn head(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let rule = line(&vec!["---".to_owned(); names.len()]);
    line(&names) + rule.as_str()
}

/// Prints a report and keeps it as `target/NAME`.
pub fn publish(name: &str, text: &str) {
    println!("{text}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let path = target.expect("a target folder").join(name);
    std::fs::write(path, text).expect("the report is kept");
}
