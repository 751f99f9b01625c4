//! What others try.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::{Value, json};

use support::file;

use super::{WIDE, signed_in};

/// Serves a page at another port of this machine, which for cookies is the same site. Returns its address.
fn another_origin(html: String) -> String {
    another_server(html).0
}

/// The same, and what it is sent.
fn another_server(html: String) -> (String, Receiver<String>) {
    let (heads, received) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (heads, html) = (heads.clone(), html.clone());
            // A browser also opens connections on which it asks nothing for a minute.
            thread::spawn(move || answer(client, &html, &heads));
        }
    });
    (address, received)
}

fn answer(mut client: TcpStream, html: &str, heads: &Sender<String>) {
    let mut head = [0; 4096];
    let length = client.read(&mut head).unwrap_or(0);
    _ = heads.send(String::from_utf8_lossy(&head[..length]).into_owned());
    let length = html.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
    _ = write!(client, "{head}\r\ncontent-length: {length}\r\n\r\n{html}");
}

#[test]
fn a_form_of_another_page_does_nothing_even_with_the_cookie() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a", "x")]).good();
    chrome.go("/dashboard/projects/diary/delete");
    // A page that has somehow learned the token.
    let token = chrome.value("document.querySelector('input[name=token]').value");
    let forged = format!(
        "<form method=post action='{}/dashboard/projects/diary/delete'>
           <input name=token value='{}'><input name=name value=diary><button>Win a prize</button></form>",
        host.url,
        token.as_str().unwrap()
    );
    chrome.go(&another_origin(forged));
    chrome.click("button");
    chrome.sees("did not come from this server");
    assert_eq!(host.client().status("diary")["fileCount"], 1);
    chrome.go("/dashboard");
    chrome.sees("diary");
}

#[test]
fn no_page_can_be_framed_or_read_by_another() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    let page = format!("<iframe src='{}/dashboard'></iframe>", host.url);
    chrome.go(&another_origin(page));
    let framed = chrome.complaints();
    assert!(
        framed.iter().any(|complaint| complaint.contains("frame")),
        "{framed:?}"
    );
    let read = format!(
        "fetch('{}/dashboard', {{ credentials: 'include' }}).then((it) => it.text(), () => 'refused')",
        host.url
    );
    assert_eq!(chrome.value(&read), "refused");
}

#[test]
fn names_that_others_chose_load_and_run_nothing() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    let attack = "\"><img src=x onerror='window.hacked = 1'><svg onload='window.hacked = 1'>";
    let name = attack.replace('/', "");
    let push = json!({
        "metadata": { "name": name, "gitRepo": "javascript:window.hacked=1" },
        "files": [file(&format!("ideas/{name}"), b"x")],
    });
    let headers = [("x-device", attack), ("content-type", "application/json")];
    let client = host.client();
    let in_address = support::encode(attack);
    let project = support::encode(&name);
    let address = format!("/v1/projects/{project}/sync");
    client.push_files("p", &[("x", "x")]).good();
    for address in ["/v1/projects/p/sync", &address] {
        let body = push.to_string();
        client
            .send("POST", address, &headers, body.as_bytes())
            .good();
    }
    let deletion = json!({ "files": [], "deletions": ["x"] }).to_string();
    client
        .send("POST", "/v1/projects/p/sync", &headers, deletion.as_bytes())
        .good();
    client.post("/v1/keys", &json!({ "name": attack, "scope": "read" }));
    for page in [
        "/dashboard".to_owned(),
        format!("/dashboard?q={in_address}"),
        format!("/dashboard/projects/{project}?in=ideas"),
        format!("/dashboard/projects/{project}/delete"),
        format!("/dashboard/projects/p/files/ideas/{project}"),
        "/dashboard/projects/p/deleted".to_owned(),
        "/dashboard/activity".to_owned(),
        format!("/dashboard/activity?project={project}&device={in_address}&path={in_address}"),
        "/dashboard/server".to_owned(),
        "/dashboard/projects/p?in=ideas".to_owned(),
        format!("/dashboard/projects/p?q={in_address}"),
        "/dashboard/projects/p/delete".to_owned(),
        "/dashboard/devices".to_owned(),
        format!("/dashboard/sign-in?next={in_address}"),
    ] {
        chrome.go(&page);
        chrome.sees("KamiFlow Sync");
        assert_eq!(chrome.value("window.hacked ?? null"), Value::Null, "{page}");
        assert_eq!(
            chrome.value("document.querySelectorAll('img').length"),
            0,
            "{page}"
        );
        assert_eq!(chrome.complaints(), Vec::<String>::new(), "{page}");
    }
}

#[test]
fn a_session_is_over_when_its_key_is_revoked() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    let key = json!({ "name": "x", "scope": "read" });
    let made = host.client().post("/v1/keys", &key).json;
    chrome.click("form.who button");
    chrome.write("#key", made["key"].as_str().unwrap());
    chrome.click("main button");
    chrome.sees("Projects");
    let address = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    host.client().delete(&address).good();
    chrome.go("/dashboard");
    chrome.sees("Sign in");
    assert_eq!(chrome.address(), "/dashboard/sign-in");
}

#[test]
fn a_note_loads_and_runs_nothing() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    let elsewhere = another_origin(String::new());
    let note = [
        "# Note",
        "<script>window.hacked = 1</script>",
        "<img src=x onerror='window.hacked = 1'><svg onload='window.hacked = 1'></svg>",
        "<iframe srcdoc='<script>parent.hacked = 1</script>'></iframe>",
        "<style>body { display: none }</style><link rel=stylesheet href=ELSEWHEREa.css>",
        "<meta http-equiv=refresh content='0; url=ELSEWHERE'><base href=ELSEWHERE>",
        "<form action=ELSEWHERE><button>Sign in again</button></form>",
        "![picture](ELSEWHEREa.png) ![data](data:image/svg+xml;base64,PHN2Zy8+)",
        "[run](javascript:window.hacked=1) [data](data:text/html,<script>1</script>) [own](/dashboard/sign-out)",
        "<javascript:window.hacked=1> [a](ELSEWHERE\"onmouseover=window.hacked=1)",
        "`</code><script>window.hacked = 1</script>`",
        "```html\n</code></pre><script>window.hacked = 1</script>\n```",
    ];
    let note = note.join("\n\n").replace("ELSEWHERE", &elsewhere);
    let client = host.client();
    client
        .push_files("p", &[("note.md", "# Note\n\nbefore")])
        .good();
    client.push_files("p", &[("note.md", &note)]).good();
    let page = "/dashboard/projects/p/files/note.md";
    let versions = client.history("p", "note.md");
    let compared = format!(
        "{page}?rev={}&rev={}",
        versions[0]["rev"], versions[1]["rev"]
    );
    for page in [page.to_owned(), format!("{page}?view=raw"), compared] {
        chrome.go(&page);
        chrome.sees("Sign in again");
        assert_eq!(chrome.value("window.hacked ?? null"), Value::Null, "{page}");
        let foreign = "document.querySelectorAll('main :is(img, script, iframe, style, link, meta, base, object), \
            main a[href^=\"javascript\" i], main a[href^=\"data\" i], main article a[href^=\"/\"], main article form').length";
        assert_eq!(chrome.value(foreign), 0, "{page}");
        let loaded = "performance.getEntriesByType('resource').filter((it) => !it.name.startsWith(location.origin)).length";
        assert_eq!(chrome.value(loaded), 0, "{page}");
        assert_eq!(chrome.complaints(), Vec::<String>::new(), "{page}");
    }
}

#[test]
fn the_cookie_goes_with_no_request_of_another_site() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a", "x")]).good();
    // Cookies know no ports, so this one is sent whatever the server would be.
    let (same_machine, received) = another_server("<p>received".to_owned());
    let form = |action: &str| {
        format!("<form method=post action='{action}'><button>Win a prize</button></form>")
    };
    let sent = |page: &str| {
        chrome.go(page);
        chrome.click("button");
        chrome.sees("received");
        received
            .iter()
            .find(|head| head.starts_with("POST"))
            .unwrap()
    };
    let same_site = another_origin(form(&same_machine));
    assert!(sent(&same_site).contains("kamiflow-session-"));
    // For a browser a name and an address are two sites.
    let other_site = same_site.replace("127.0.0.1", "localhost");
    assert!(!sent(&other_site).contains("kamiflow-session-"));
    let forged = another_origin(form(&format!(
        "{}/dashboard/projects/diary/delete",
        host.url
    )));
    chrome.go(&forged.replace("127.0.0.1", "localhost"));
    chrome.click("button");
    chrome.sees("did not come from this server");
    assert_eq!(host.client().status("diary")["fileCount"], 1);
}

#[test]
fn an_open_page_can_do_nothing_after_its_key_is_revoked() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a", "x")]).good();
    let key = json!({ "name": "x", "scope": "manage" });
    let made = host.client().post("/v1/keys", &key).json;
    chrome.click("form.who button");
    chrome.write("#key", made["key"].as_str().unwrap());
    chrome.click("main button");
    chrome.sees("Projects");
    chrome.go("/dashboard/projects/diary/delete");
    chrome.write("#name", "diary");
    let address = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    host.client().delete(&address).good();
    chrome.click("button.danger");
    chrome.sees("Sign in");
    assert_eq!(host.client().status("diary")["fileCount"], 1);
}
