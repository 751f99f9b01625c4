//! `ETag` and `If-None-Match`: an idle poll is answered in a few bytes.

use support::{Client, Host};

const ADDRESSES: [&str; 6] = [
    "files",
    "changes",
    "changes?content=1",
    "status",
    "manifest",
    "files/a",
];

fn ask(client: &Client, address: &str, tag: &str) -> support::Answer {
    let path = format!("/v1/projects/p/{address}");
    client.send("GET", &path, &[("if-none-match", tag)], b"")
}

#[test]
fn an_unchanged_resource_is_not_sent_again() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    for address in ADDRESSES {
        let answer = client.ask("p", address);
        assert_eq!(answer.status, 200);
        let tag = answer.header("etag").to_owned();
        assert!(tag.ends_with('"'), "{address}: {tag}");
        for tag in [
            &tag,
            "*",
            &format!("\"other\", {tag}"),
            &format!("W/{}", tag.trim_start_matches("W/")),
        ] {
            let again = ask(&client, address, tag);
            assert_eq!(
                (again.status, again.bytes.len()),
                (304, 0),
                "{address} {tag}"
            );
            assert_eq!(again.header("etag"), answer.header("etag"));
        }
        for other in ["\"other\"", "", "garbage"] {
            assert_eq!(ask(&client, address, other).status, 200, "{address}");
        }
    }
}

#[test]
fn a_tag_that_a_compressing_proxy_has_changed_is_known() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    for address in ADDRESSES {
        let tag = client.ask("p", address).header("etag").to_owned();
        let bare = tag.trim_start_matches("W/").trim_matches('"');
        for changed in [
            format!("\"{bare}-gzip\""),
            format!("\"{bare};gzip\""),
            format!("W/\"{bare}-br\""),
            format!("W/\"{bare}\""),
        ] {
            let again = ask(&client, address, &changed);
            assert_eq!(again.status, 304, "{address} {changed}");
        }
    }
}

#[test]
fn what_is_not_sent_again_has_the_headers_for_caches() {
    let host = Host::with(&[("CORS_ORIGINS", "https://a")]);
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    for address in ADDRESSES {
        let sent = client.ask("p", address);
        let again = ask(&client, address, sent.header("etag"));
        assert_eq!(again.status, 304, "{address}");
        for name in ["cache-control", "etag", "vary", "x-rev"] {
            let all = |answer: &support::Answer| -> Vec<_> {
                answer.headers.get_all(name).iter().cloned().collect()
            };
            assert_eq!(all(&again), all(&sent), "{name} of {address}");
        }
        assert!(!again.header("vary").is_empty(), "{address}");
    }
}

#[test]
fn a_changed_resource_is_sent() {
    let host = Host::start();
    let client = host.client();
    for (round, text) in ["1", "2", "1"].iter().enumerate() {
        let tags = ADDRESSES.map(|address| client.ask("p", address).header("etag").to_owned());
        client.push_files("p", &[("a", text)]).good();
        for (address, tag) in ADDRESSES.iter().zip(tags) {
            let answer = ask(&client, address, &tag);
            assert!(answer.status == 200, "round {round}: {address} {tag}");
        }
    }
}

#[test]
fn a_recreated_project_is_sent() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    let tags = ADDRESSES.map(|address| client.ask("p", address).header("etag").to_owned());
    client.delete("/v1/projects/p").good();
    client.push_files("p", &[("b", "1")]).good();
    for (address, tag) in ADDRESSES.iter().zip(&tags[..5]) {
        assert_eq!(ask(&client, address, tag).status, 200, "{address}");
    }
    assert_eq!(ask(&client, "files/a", &tags[5]).status, 404);
}

#[test]
fn a_request_without_if_none_match_is_never_answered_with_304() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "1")]).good();
    for address in ADDRESSES {
        assert_eq!(client.ask("p", address).status, 200);
        assert_eq!(client.ask("p", address).status, 200);
    }
}

#[test]
fn compressed_and_plain_answers_have_different_etags() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("a", &"word ".repeat(1000))])
        .good();
    for address in ["files", "changes?content=1"] {
        let path = format!("/v1/projects/p/{address}");
        let packed = client.send("GET", &path, &[("accept-encoding", "gzip")], b"");
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.header("vary").contains("accept-encoding"));
        let again = ask(&client, address, packed.header("etag"));
        assert!(again.status == 304 || again.header("content-encoding").is_empty());
    }
}
