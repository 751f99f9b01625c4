//! A device that uses every route and remembers what was acknowledged.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::acknowledged::{Acknowledged, Kept};
use crate::{Alarm, Run};
use support::Random;
use support::{Answer, Client, content, encode, file, sha256};

/// Paths of a device in a project.
const PATHS: u64 = 60;
/// Between two actions of a device.
const PAUSE: Duration = Duration::from_millis(10);

/// A device with its random numbers.
pub struct Device<'a> {
    run: &'a Run,
    client: Client,
    random: Random,
    /// Of its own project, and of its folder in the shared one.
    acknowledged: [Acknowledged; 2],
}

impl<'a> Device<'a> {
    /// A device without files.
    pub fn new(run: &'a Run, number: u64) -> Self {
        Self {
            run,
            client: run.host.client(),
            random: Random::new(number),
            acknowledged: [
                Acknowledged::new(format!("own-{number}"), String::new()),
                Acknowledged::new("shared".to_owned(), format!("device-{number}/")),
            ],
        }
    }

    /// Acts until the run ends.
    pub fn live(mut self) -> Self {
        let _alarm = Alarm(self.run);
        while self.run.goes_on() {
            let which = usize::from(self.random.percent(30));
            self.act(which);
            sleep(PAUSE);
        }
        self
    }

    /// Reads back all that was acknowledged.
    pub fn verify(mut self) {
        for which in 0..self.acknowledged.len() {
            self.follow(which);
            self.acknowledged[which].agrees();
            let acknowledged = &self.acknowledged[which];
            for (path, kept) in &acknowledged.kept {
                let found = self.ask(which, &format!("files/{}", encode(path)));
                match &kept.text {
                    Some(text) => assert_eq!(found.bytes, text.as_bytes(), "{path}"),
                    None => assert_eq!(found.status, 404, "{path}"),
                }
            }
        }
    }

    fn act(&mut self, which: usize) {
        match self.random.in_range(0..100) {
            0..30 => self.push(which, 1..4),
            30 => self.push(which, 40..60),
            31..38 => self.stale(which),
            38..46 => self.delete(which),
            46..60 => self.follow(which),
            60..66 => self.pull(which),
            66..72 => self.status(which),
            72..77 => self.manifest(which),
            77..82 => self.diff(which),
            82..88 => self.restore(which),
            88..95 => self.read(which),
            95 => self.forget(),
            _ => self.small_things(),
        }
    }

    /// New and changed files, some without a base, some compressed.
    fn push(&mut self, which: usize, count: std::ops::Range<u64>) {
        let mut texts = BTreeMap::new();
        for _ in 0..self.random.in_range(count) {
            texts.insert(self.path(which), self.text());
        }
        let acknowledged = &self.acknowledged[which];
        let files = texts
            .iter()
            .map(|(path, text)| acknowledged.entry(path, text));
        let mut files: Vec<Value> = files.collect();
        if self.random.percent(50) {
            files.iter_mut().for_each(|file| file["base"] = Value::Null);
        }
        let answer = self.send(which, "sync", &json!({ "files": files })).good();
        self.acknowledged[which].note(&answer, &texts);
    }

    /// An edit with an outdated base: a conflict that stores nothing.
    fn stale(&mut self, which: usize) {
        let (path, text) = (self.path(which), self.text());
        let mut entry = file(&path, text.as_bytes());
        entry["base"] = json!(self.acknowledged[which].base(&path) + 1);
        let other = file(&format!("{path}.other"), b"never stored");
        let body = json!({ "files": [other, entry] });
        self.send(which, "sync", &body).failed(409, "conflict");
    }

    fn delete(&mut self, which: usize) {
        let path = self.path(which);
        let base = self.acknowledged[which].base(&path);
        let body = json!({ "files": [], "deletions": [{ "path": path, "base": base }] });
        let answer = self.send(which, "sync", &body).good();
        self.acknowledged[which].note(&answer, &BTreeMap::new());
    }

    /// Reads the change feed from the cursor of the device.
    fn follow(&mut self, which: usize) {
        let limit = self.random.in_range(5..200) as usize;
        let acknowledged = &self.acknowledged[which];
        let (changes, cursor) =
            self.client
                .changes(&acknowledged.project, &acknowledged.cursor, limit);
        self.count();
        let acknowledged = &mut self.acknowledged[which];
        acknowledged.cursor = cursor;
        changes
            .iter()
            .for_each(|change| acknowledged.follow(change));
    }

    /// All files, as the KamiFlow CLI does it.
    fn pull(&mut self, which: usize) {
        let limit = self.random.in_range(20..300) as usize;
        let acknowledged = &self.acknowledged[which];
        let files = self.client.pull_all(&acknowledged.project, limit);
        let mut found = BTreeMap::new();
        for file in &files {
            let path = file["path"].as_str().expect("a path").to_owned();
            found.insert(path, content(file));
        }
        found.retain(|path, _| path.starts_with(&acknowledged.prefix));
        let live = acknowledged.live();
        let live = live.map(|(path, text)| (path.clone(), text.clone().into_bytes()));
        assert_eq!(found, live.collect());
        self.count();
    }

    fn status(&mut self, which: usize) {
        let status = self.ask(which, "status").good();
        if which == 0 {
            let live = self.acknowledged[which].live();
            let sizes: Vec<u64> = live.map(|(_, text)| text.len() as u64).collect();
            assert_eq!(status["fileCount"], sizes.len());
            assert_eq!(status["totalSize"], sizes.iter().sum::<u64>());
        }
    }

    fn manifest(&mut self, which: usize) {
        let manifest = self.ask(which, "manifest?limit=10000").good();
        let listed = manifest["files"].as_array().expect("files").iter();
        let listed =
            listed.filter_map(|file| Some((file["path"].as_str()?, file["rev"].as_i64()?)));
        let acknowledged = &self.acknowledged[which];
        let mine = listed.filter(|(path, _)| path.starts_with(&acknowledged.prefix));
        let live = acknowledged.live();
        let live = live.map(|(path, _)| (path.as_str(), acknowledged.base(path)));
        assert_eq!(mine.collect::<BTreeMap<_, _>>(), live.collect());
    }

    /// A device that has all of its files must have nothing to do.
    fn diff(&mut self, which: usize) {
        let acknowledged = &self.acknowledged[which];
        let local = |(path, text): (&String, &String)| json!({ "path": path, "checksum": sha256(text.as_bytes()) });
        let files: Vec<Value> = acknowledged.live().map(local).collect();
        let answer = self.send(which, "diff", &json!({ "files": files })).good();
        assert_eq!(answer["unchanged"], files.len());
        assert_eq!(answer["upload"], json!([]));
        assert_eq!(answer["conflict"], json!([]));
    }

    /// Restores the first version of a path.
    fn restore(&mut self, which: usize) {
        let path = self.path(which);
        let history = format!("history?limit=1000&path={}", encode(&path));
        let history = self.ask(which, &history).good();
        let versions = history["versions"].as_array().expect("versions");
        let Some(first) = versions.iter().rfind(|version| version["op"] == "put") else {
            return;
        };
        let rev = first["rev"].as_i64().expect("a rev");
        let body = json!({ "path": path, "rev": rev });
        let answer = self.send(which, "restore", &body).good();
        let old = self.ask(which, &format!("files/{}?rev={rev}", encode(&path)));
        assert_eq!(old.status, 200);
        let text = String::from_utf8(old.bytes).expect("text");
        let rev = answer["results"][0]["rev"].as_i64().expect("a rev");
        self.acknowledged[which].kept.insert(
            path,
            Kept {
                rev,
                text: Some(text),
            },
        );
    }

    fn read(&mut self, which: usize) {
        let path = self.path(which);
        let found = self.ask(which, &format!("files/{}", encode(&path)));
        let kept = self.acknowledged[which].kept.get(&path);
        match kept.and_then(|kept| kept.text.as_ref()) {
            Some(text) => assert_eq!(found.bytes, text.as_bytes()),
            None => assert_eq!(found.status, 404),
        }
    }

    /// Deletes the device's own project; the feed starts again.
    fn forget(&mut self) {
        let own = &self.acknowledged[0];
        let (project, live) = (own.project.clone(), own.live().count());
        let answer = self.client.delete(&format!("/v1/projects/{project}"));
        self.count();
        assert_eq!(answer.good()["deleted"], live);
        if self.acknowledged[0].cursor != "0" {
            let query = format!("changes?since={}", self.acknowledged[0].cursor);
            self.ask(0, &query).failed(410, "resync_required");
        }
        self.acknowledged[0] = Acknowledged::new(project, String::new());
    }

    fn small_things(&mut self) {
        for path in ["/v1/info", "/v1/projects", "/health?deep=1"] {
            self.client.get(path).good();
            self.count();
        }
    }

    fn path(&mut self, which: usize) -> String {
        let number = self.random.in_range(0..PATHS);
        format!(
            "{}ideas/{}/{number}.md",
            self.acknowledged[which].prefix,
            number % 7
        )
    }

    /// All different, up to two pages long, rarely much longer.
    fn text(&mut self) -> String {
        let words = if self.random.percent(1) {
            20_000
        } else {
            self.random.in_range(0..200)
        };
        let mut text = format!("{}\n", self.random.in_range(0..u64::MAX));
        text += &"ghi chú ".repeat(words as usize);
        text
    }

    fn ask(&self, which: usize, what: &str) -> Answer {
        self.count();
        self.client.ask(&self.acknowledged[which].project, what)
    }

    /// A POST, compressed in half of the cases.
    fn send(&mut self, which: usize, what: &str, body: &Value) -> Answer {
        self.count();
        let path = format!("/v1/projects/{}/{what}", self.acknowledged[which].project);
        if self.random.percent(50) {
            return self.client.post(&path, body);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(body.to_string().as_bytes())
            .expect("a Vec takes all");
        let body = gzip.finish().expect("a Vec takes all");
        let headers = [("content-encoding", "gzip"), ("accept-encoding", "gzip")];
        inflated(self.client.send("POST", &path, &headers, &body))
    }

    fn count(&self) {
        self.run.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// An answer, decompressed.
fn inflated(mut answer: Answer) -> Answer {
    if answer.header("content-encoding") == "gzip" {
        let mut bytes = Vec::new();
        let mut gzip = GzDecoder::new(&answer.bytes[..]);
        gzip.read_to_end(&mut bytes).expect("gzip");
        answer.json = serde_json::from_slice(&bytes).expect("JSON");
        answer.bytes = bytes;
    }
    answer
}
