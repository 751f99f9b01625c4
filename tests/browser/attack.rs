//! What others try.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use support::file;

use super::{WIDE, signed_in};

/// Serves a page at another port of this machine, which for cookies is the same site. Returns its address.
fn another_origin(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            _ = client.read(&mut [0; 4096]);
            let length = html.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
            _ = write!(client, "{head}\r\ncontent-length: {length}\r\n\r\n{html}");
        }
    });
    address
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
    client
        .send(
            "POST",
            "/v1/projects/p/sync",
            &headers,
            push.to_string().as_bytes(),
        )
        .good();
    client.post("/v1/keys", &json!({ "name": attack, "scope": "read" }));
    let in_address = support::encode(attack);
    for page in [
        "/dashboard".to_owned(),
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
