//! Projects are isolated from each other; many devices share one.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use serde_json::{Value, json};

use support::{Client, Host, content, encode, file, first_rev, sha256};

const SECRET: &str = "a text that only its own project may show";

/// Ids that a careless server could mistake for `secret`.
const LOOKALIKES: [&str; 22] = [
    "SECRET",
    "Secret",
    "secret%20",
    "%20secret",
    "secret%09",
    "secret%00",
    "secret.",
    "secret%2F",
    "secret%2E%2E",
    ".%2Fsecret",
    "x%2F..%2Fsecret",
    "..%2Fsecret",
    "secret%25",
    "s%",
    "secre_",
    "secre%3F",
    "*",
    "secret'--",
    "x'%20OR%20id='secret",
    "secret%E2%80%8B",
    "ｓｅｃｒｅｔ",
    "1",
];

fn address(project: &str) -> String {
    // Other characters are not allowed in a request line.
    let escape = |letter: char| {
        if letter.is_ascii() && letter != '\'' {
            letter.to_string()
        } else {
            encode(&letter.to_string())
        }
    };
    format!(
        "/v1/projects/{}",
        project.chars().map(escape).collect::<String>()
    )
}

#[test]
fn no_spelling_of_an_id_reaches_another_project() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("secret", &[("a", SECRET)]));
    let before = client.status("secret");
    for id in LOOKALIKES {
        let address = address(id);
        for what in [
            "/files",
            "/status",
            "/changes?content=1",
            "/manifest",
            "/history?path=a",
            "/files/a",
            &format!("/files/a?rev={rev}"),
        ] {
            let answer = client.get(&format!("{address}{what}"));
            let text = String::from_utf8_lossy(&answer.bytes);
            assert!(answer.status < 500, "{id}{what}: {text}");
            assert!(
                !text.contains(SECRET) && !text.contains(&sha256(SECRET.as_bytes())),
                "{id}{what}"
            );
            assert!(
                answer.json.get("fileCount").is_none_or(|count| *count == 0),
                "{id}"
            );
        }
        let restore = json!({ "path": "a", "rev": rev });
        let answer = client.post(&format!("{address}/restore"), &restore);
        assert!((400..500).contains(&answer.status), "{id}: {}", answer.json);
        let local = json!({ "files": [{ "path": "a", "checksum": sha256(SECRET.as_bytes()), "base": rev }] });
        let answer = client.post(&format!("{address}/diff"), &local);
        assert!(
            answer.status != 200 || answer.json["upload"][0]["path"] == "a",
            "{id}: {}",
            answer.json
        );
        let answer = client.post(&format!("{address}/purge"), &json!({ "path": "a" }));
        assert!((400..500).contains(&answer.status), "{id}: {}", answer.json);
        let answer = client.delete(&address);
        assert!(
            answer.status != 200 || answer.json["deleted"] == 0,
            "{id}: {}",
            answer.json
        );
        client.post(
            &format!("{address}/sync"),
            &json!({ "files": [file("b", b"x")], "deletions": ["a"] }),
        );
        assert_eq!(client.status("secret"), before, "{id}");
    }
}

#[test]
fn knowing_a_checksum_does_not_give_the_content() {
    let host = Host::start();
    let client = host.client();
    client.push_files("secret", &[("a", SECRET)]).good();
    let mut claim = file("a", b"");
    claim["checksum"] = json!(sha256(SECRET.as_bytes()));
    client
        .push("other", &json!({ "files": [claim] }))
        .failed(422, "checksum_mismatch");
    client.push_files("other", &[("b", "x")]).good();
    let local = json!({ "path": "b", "checksum": sha256(SECRET.as_bytes()) });
    let diff = client
        .post("/v1/projects/other/diff", &json!({ "files": [local] }))
        .good();
    assert_eq!(diff["conflict"][0]["path"], "b");
}

fn rounds() -> usize {
    match std::env::var_os("KAMIFLOW_LONG") {
        Some(_) => 2000,
        None => 40,
    }
}

/// Every page that is read while other projects come and go shows its own project's content.
#[test]
fn projects_that_come_and_go_never_show_in_another() {
    let host = Host::start();
    let over = AtomicBool::new(false);
    let push = |project: &str, round: usize| {
        let text = |i: usize| format!("{project} {round} {i}");
        let files: Vec<Value> = (0..5)
            .map(|i| file(&format!("f{i}"), text(i).as_bytes()))
            .collect();
        host.client()
            .push(project, &json!({ "files": files }))
            .good();
    };
    let read = |project: &str| {
        let client = host.client();
        let mut read = 0;
        while !over.load(Relaxed) {
            for (list, what) in [("files", "files"), ("changes", "changes?content=1")] {
                let answer = client.ask(project, what);
                // Content that was deleted between two reads: try again.
                if answer.status == 503 {
                    continue;
                }
                for file in answer.good()[list].as_array().unwrap() {
                    let text = String::from_utf8(content(file)).unwrap();
                    assert!(text.starts_with(project), "{text} in {project}");
                    assert_eq!(file["checksum"], sha256(text.as_bytes()));
                    read += 1;
                }
            }
        }
        read
    };
    let come_and_go = |project: &str| {
        for round in 0..rounds() {
            push(project, round);
            let address = format!("/v1/projects/{project}");
            host.client().delete(&address).good();
        }
    };
    let (read, come_and_go) = (&read, &come_and_go);
    let read: usize = thread::scope(|scope| {
        let readers =
            ["left", "right", "left", "right"].map(|project| scope.spawn(move || read(project)));
        let writers = ["left", "right"].map(|project| scope.spawn(move || come_and_go(project)));
        for writer in writers {
            writer.join().unwrap();
        }
        over.store(true, Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum()
    });
    assert!(read > 0);
}

const WRITERS: usize = 16;
const PUSHES: usize = 12;

/// A push as its writer saw it: the highest rev that any device knew before it was sent, its own
/// revs, and the text.
struct Seen {
    after: i64,
    revs: [i64; 2],
    text: String,
}

#[test]
fn sixteen_writers_and_their_pullers_see_one_history() {
    let host = Host::start();
    let acknowledged = std::sync::atomic::AtomicI64::new(0);
    let over = AtomicBool::new(false);
    let write = |writer: usize| -> Vec<Seen> {
        let client = host.client();
        let push = |number: usize| {
            let text = format!("{writer} {number}");
            let after = acknowledged.load(std::sync::atomic::Ordering::SeqCst);
            let own = format!("w{writer}/{}", number % 3);
            let answer = client
                .push_files("p", &[(&own, &text), ("shared", &text)])
                .good();
            let revs = [0, 1].map(|i| answer["results"][i]["rev"].as_i64().unwrap());
            acknowledged.fetch_max(revs[1], std::sync::atomic::Ordering::SeqCst);
            Seen { after, revs, text }
        };
        (0..PUSHES).map(push).collect()
    };
    let (seen, feeds) = thread::scope(|scope| {
        let pullers = [1, 3, 50].map(|limit| {
            let (client, over) = (host.client(), &over);
            scope.spawn(move || follow(&client, limit, over))
        });
        let write = &write;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(writer)))
            .collect();
        let seen: Vec<Seen> = writers
            .into_iter()
            .flat_map(|writer| writer.join().unwrap())
            .collect();
        over.store(true, Relaxed);
        (seen, pullers.map(|puller| puller.join().unwrap()))
    });
    // Linear: a push that began after another was answered is later, and no push is torn.
    let mut revs: Vec<i64> = seen.iter().flat_map(|push| push.revs).collect();
    for push in &seen {
        assert!(push.revs[0] > push.after && push.revs[1] > push.revs[0]);
    }
    revs.sort_unstable();
    assert!(revs.is_sorted_by(|left, right| left < right));
    for push in &seen {
        let position = revs.binary_search(&push.revs[0]).unwrap();
        assert_eq!(
            revs[position + 1],
            push.revs[1],
            "another push is inside of this one"
        );
    }
    // The history of the server is this one, and its readers saw no other.
    let texts: HashMap<i64, &str> = seen
        .iter()
        .map(|push| (push.revs[1], &*push.text))
        .collect();
    let history = host.client().history("p", "shared");
    assert_eq!(history.len(), WRITERS * PUSHES);
    for version in &history {
        let text = texts[&version["rev"].as_i64().unwrap()];
        assert_eq!(version["checksum"], sha256(text.as_bytes()));
    }
    let manifest = host.client().ask("p", "manifest").good();
    let live: BTreeMap<String, String> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(entry)
        .collect();
    for (tree, revs_seen) in feeds {
        assert!(revs_seen.is_sorted_by(|left, right| left < right));
        assert!(revs_seen.iter().all(|rev| revs.binary_search(rev).is_ok()));
        assert_eq!(tree, live);
    }
}

fn entry(file: &Value) -> (String, String) {
    let field = |name: &str| file[name].as_str().unwrap().to_owned();
    (field("path"), field("checksum"))
}

/// Reads the feed to its end. Returns the files and the revs in the order of arrival.
fn follow(
    client: &Client,
    limit: usize,
    over: &AtomicBool,
) -> (BTreeMap<String, String>, Vec<i64>) {
    let (mut tree, mut revs, mut since) = (BTreeMap::new(), Vec::new(), "0".to_owned());
    loop {
        let last = over.load(Relaxed);
        let page = client
            .ask(
                "p",
                &format!("changes?content=1&limit={limit}&since={since}"),
            )
            .good();
        for change in page["changes"].as_array().unwrap() {
            assert_eq!(change["checksum"], sha256(&content(change)));
            revs.push(change["rev"].as_i64().unwrap());
            tree.extend([entry(change)]);
        }
        since = page["cursor"].as_str().unwrap().to_owned();
        if last && page["hasMore"] == false {
            return (tree, revs);
        }
    }
}
