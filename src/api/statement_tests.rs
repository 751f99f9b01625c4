//! How many statements a request makes the database run: each is a call into the host, and a round trip
//! where the database is a server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64_simd::STANDARD;
use http::header::{AUTHORIZATION, IF_NONE_MATCH};
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::answer;
use super::app::App;
use super::person::Whole;
use super::test_support::{self, InMemory};
use crate::domain::Checksum;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::test_support::{Statements, TestFile, add_device};

const OWNER: &str = "the-key-of-the-owner";

struct Server {
    app: App,
    statements: Statements,
    file: TestFile,
}

impl Server {
    fn new() -> Self {
        let (file, statements) = (TestFile::new(), Rc::new(RefCell::default()));
        let key = |name: &str| Ok((name == "api_key").then(|| OWNER.to_owned()));
        let app = App {
            settings: Settings::new(key),
            memory: Box::new(InMemory::default()),
            database: file.recorded(&statements),
            ..test_support::app()
        };
        Self {
            app,
            statements,
            file,
        }
    }

    fn client(&self, key: &str) -> Client<'_> {
        Client {
            server: self,
            key: key.to_owned(),
            counts: Vec::new(),
        }
    }

    /// Asks, and writes what is written after the answer.
    fn ask(&self, request: Request<String>) -> Response<Vec<u8>> {
        self.statements.borrow_mut().clear();
        let response = answer(
            &self.app,
            request.map(|body| Whole(body.into_bytes())),
            || 1,
        );
        self.app.later.write(&self.app.database);
        let text = String::from_utf8_lossy(response.body());
        assert!(response.status().as_u16() < 400, "{text}");
        response
    }
}

/// A client with a key.
struct Client<'s> {
    server: &'s Server,
    key: String,
    /// What each kind of request took.
    counts: Vec<(&'static str, usize)>,
}

impl Client<'_> {
    fn request(&self, method: Method, address: &str, body: String) -> Request<String> {
        Request::builder()
            .method(method)
            .uri(format!("/v1/projects/p/{address}"))
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .body(body)
            .unwrap()
    }

    fn count(&mut self, kind: &'static str) {
        let statements = self.server.statements.borrow();
        self.counts.push((kind, statements.len()));
    }

    fn get(&mut self, kind: &'static str, address: &str) -> Response<Vec<u8>> {
        let response = self
            .server
            .ask(self.request(Method::GET, address, String::new()));
        self.count(kind);
        response
    }

    /// Asks again for what it has.
    fn get_known(&mut self, kind: &'static str, address: &str, answer: &Response<Vec<u8>>) {
        let mut request = self.request(Method::GET, address, String::new());
        let tag = answer.headers()["etag"].clone();
        request.headers_mut().insert(IF_NONE_MATCH, tag);
        assert_eq!(self.server.ask(request).status(), 304);
        self.count(kind);
    }

    fn push(&mut self, kind: &'static str, body: &Value) -> Value {
        let request = self.request(Method::POST, "sync", body.to_string());
        let response = self.server.ask(request);
        self.count(kind);
        serde_json::from_slice(response.body()).unwrap()
    }
}

fn file(path: &str, text: &str, base: Option<i64>) -> Value {
    let mut file = json!({
        "path": path,
        "content": STANDARD.encode_to_string(text),
        "checksum": Checksum::of(text.as_bytes()).to_string(),
        "modified": 1,
        "size": text.len(),
    });
    if let Some(base) = base {
        file["base"] = base.into();
    }
    file
}

fn files(files: &[Value]) -> Value {
    json!({ "files": files })
}

fn hundred(folder: &str, text: &str) -> Value {
    let paths = (0..100).map(|number| format!("ideas/{folder}/many/{number}.md"));
    let hundred: Vec<_> = paths.map(|path| file(&path, text, None)).collect();
    files(&hundred)
}

/// A first push opens the database and tells the time, which is done once for many requests.
fn run(server: &Server, key: &str, folder: &str) -> Vec<(&'static str, usize)> {
    let mut client = server.client(key);
    client.push("first", &files(&[file("ideas/a.md", folder, None)]));
    client.counts.clear();
    push(&mut client, folder);
    // Of another device.
    server.client(OWNER).push("", &hundred(folder, "pulled"));
    pull(&mut client);
    feed(&mut client);
    client.get("status", "status");
    client.counts
}

fn push(client: &mut Client, folder: &str) {
    let path = format!("ideas/{folder}/New.md");
    let pushed = client.push("new file", &files(&[file(&path, "1", None)]));
    let rev = pushed["results"][0]["rev"].as_i64();
    client.push("unchanged", &files(&[file(&path, "1", None)]));
    client.push("changed", &files(&[file(&path, "2", rev)]));
    client.push("deleted", &json!({ "files": [], "deletions": [path] }));
    client.push("100 files", &hundred(folder, "small"));
    let large = "large".repeat(8000);
    client.push("100 large files", &hundred(folder, &large));
}

fn pull(client: &mut Client) {
    let page = client.get("page", "files?since=0&limit=10");
    let since = last_of(&page);
    client.get("next page", &format!("files?since={since}&limit=10"));
    client.get("last page", &format!("files?since={since}"));
    let clock = format!("files?since={}", crate::api::clock::now_us() / 1000);
    client.get("after a pull", &clock);
    client.get("nothing new", &clock);
}

/// The `synced_at` of the last of ten files.
fn last_of(page: &Response<Vec<u8>>) -> Value {
    let page: Value = serde_json::from_slice(page.body()).unwrap();
    let files = page["files"].as_array().unwrap();
    assert_eq!(files.len(), 10);
    files[9]["synced_at"].clone()
}

fn feed(client: &mut Client) {
    let first = "changes?limit=10&content=1";
    let page = client.get("changes", first);
    client.get_known("changes, known", first, &page);
    let page = client.get("next changes", &after(&page));
    client.get("no changes", &after(&page));
}

/// The page of the feed after this one.
fn after(page: &Response<Vec<u8>>) -> String {
    let page: Value = serde_json::from_slice(page.body()).unwrap();
    format!("changes?since={}", page["cursor"].as_str().unwrap())
}

/// The most statements of each kind of request: with the owner's key, and with that of a device.
const MOST: [(&str, usize, usize); 17] = [
    ("new file", 4, 5),
    ("unchanged", 3, 4),
    ("changed", 4, 5),
    ("deleted", 4, 5),
    ("100 files", 6, 7),
    ("100 large files", 6, 7),
    ("page", 1, 5),
    ("next page", 2, 6),
    ("last page", 2, 3),
    ("after a pull", 1, 5),
    ("nothing new", 1, 2),
    ("changes", 1, 5),
    ("changes, known", 1, 2),
    ("next changes", 1, 2),
    ("no changes", 1, 2),
    ("status", 1, 2),
    ("new connection", 6, 7),
];

#[test]
fn a_request_runs_no_more_statements_than_it_may() {
    let mut server = Server::new();
    let device = add_device(&server.file);
    let keys = [(OWNER, "owner"), (&*device, "device")];
    let mut found = keys.map(|(key, folder)| run(&server, key, folder));
    for ((key, _), counts) in keys.iter().zip(&mut found) {
        // As every request on Spin has one.
        server.app.database = server.file.recorded(&server.statements);
        let mut client = server.client(key);
        client.push("new connection", &files(&[file("ideas/b.md", key, None)]));
        counts.append(&mut client.counts);
    }
    let [owner, device] = &found;
    let found = owner
        .iter()
        .zip(device)
        .map(|(owner, device)| (owner.0, owner.1, device.1));
    assert_eq!(found.collect::<Vec<_>>(), MOST);
}

#[test]
fn where_pushes_meet_on_a_database_server_the_second_one_begins_with_the_transaction() {
    let (file, statements) = (TestFile::new(), Statements::default());
    let others = Cell::new(0);
    let other = move |store: &Store| {
        others.set(others.get() + 1);
        store.push_at(1, &[("other", Some(&others.get().to_string()))]);
    };
    let app = App {
        database: file.served(&statements, other),
        ..Server::new().app
    };
    let server = Server {
        app,
        statements,
        file,
    };
    let writes = |text: &str| {
        let body = json!({ "files": [self::file("ideas/a.md", text, None)] });
        let request = Request::post("/v1/projects/test/sync")
            .header(AUTHORIZATION, format!("Bearer {OWNER}"))
            .body(body.to_string());
        server.ask(request.unwrap());
        let ran = server.statements.take().into_iter();
        let words = ran.map(|ran| ran.split(' ').next().unwrap().to_owned());
        let writes = words.filter(|word| ["BEGIN", "INSERT"].contains(&&**word));
        writes.collect::<Vec<_>>()
    };
    let [first, second] = ["one", "two"].map(writes);
    let mut parts = first.windows(3);
    assert!(parts.any(|part| part == ["INSERT", "BEGIN", "INSERT"]));
    assert_eq!(second, ["BEGIN", "INSERT"]);
}
