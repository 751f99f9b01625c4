//! What was measured, as a table.

use std::fs;
use std::path::Path;
use std::time::Instant;

/// Rows with their values, in the order in which they came.
pub struct Report {
    files: usize,
    rows: Vec<(&'static str, Vec<f64>)>,
}

impl Report {
    /// A report about so many files.
    pub fn new(files: usize) -> Self {
        Self {
            files,
            rows: Vec::new(),
        }
    }

    /// Adds the seconds that something takes.
    pub fn time(&mut self, row: &'static str, run: impl FnOnce()) {
        let began = Instant::now();
        run();
        self.add(row, began.elapsed().as_secs_f64());
    }

    /// Adds a value.
    pub fn add(&mut self, row: &'static str, value: f64) {
        eprintln!("{row}: {value:.3}");
        match self.rows.iter_mut().find(|(name, _)| *name == row) {
            Some((_, values)) => values.push(value),
            None => self.rows.push((row, vec![value])),
        }
    }

    /// Prints the table and keeps it as `target/client.md`.
    pub fn publish(&self) {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let mut text = format!("{} files; load {}\n", self.files, load.trim());
        text += "| | p50 | p99 | values |\n| --- | --- | --- | --- |\n";
        for (name, values) in &self.rows {
            let (p50, p99) = (share(values, 0.5), share(values, 0.99));
            text += &format!("| {name} | {p50:.3} | {p99:.3} | {} |\n", values.len());
        }
        println!("{text}");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let file = target.expect("a target folder").join("client.md");
        fs::write(file, text).expect("the report is kept");
    }
}

/// The value that this share of all does not exceed.
fn share(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    sorted[((sorted.len() as f64 * share) as usize).min(last)]
}
