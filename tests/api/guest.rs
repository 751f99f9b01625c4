//! The sandbox of the host, tried by a component that attacks it (`tests/guest`).

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};

use serde_json::Value;

use support::{Answer, Build, Host, root};

const SECRET: &str = "a secret of the machine";

fn guest() -> Host {
    let manifest = root().join("tests/guest/spin.toml");
    Host::of(&Build::with_manifest(&manifest), &[])
}

fn attempt(host: &Host, name: &str, argument: &str) -> Answer {
    let argument = argument.replace(' ', "%20");
    host.anonymous().get(&format!("/{name}?{argument}"))
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

/// Sends a request on a new connection and does not read the answer.
fn send(host: &Host, name: &str) -> TcpStream {
    let mut socket = host.socket();
    let request = format!("GET /{name} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

fn is_unanswered(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    let peeked = socket.peek(&mut [0]);
    socket.set_nonblocking(false).unwrap();
    peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn is_healthy(host: &Host) {
    let answer = attempt(host, "peace", "");
    assert_eq!((answer.status, text(&answer)), (200, "at peace".to_owned()));
}

#[test]
fn what_the_manifest_grants_is_reached() {
    let host = guest();
    for (name, argument) in [
        ("variable", "api_key"),
        ("store", "default"),
        ("bucket", "default"),
        ("database", "default"),
        ("sql", "SELECT 1"),
        ("sql", "ATTACH '' AS scratch"),
    ] {
        let answer = attempt(&host, name, argument);
        assert_eq!(answer.status, 200, "{name} {argument}: {}", text(&answer));
    }
}

/// More than there are threads.
const STATEMENTS: usize = 6;

#[test]
fn a_statement_without_an_end_is_interrupted() {
    let host = guest();
    let endless =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT max(i) FROM n";
    std::thread::scope(|scope| {
        for _ in 0..STATEMENTS {
            scope.spawn(|| {
                let answer = attempt(&host, "sql", endless);
                assert!(text(&answer).contains("interrupted"), "{}", text(&answer));
            });
        }
    });
    is_healthy(&host);
    let _stuck = send(&host, &format!("sql?{}", endless.replace(' ', "%20")));
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (code, log, _) = host.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn no_file_and_no_environment_is_reached() {
    let host = guest();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.txt");
    std::fs::write(&secret, SECRET).unwrap();
    let [secret, other] =
        [secret, folder.path().join("other")].map(|path| path.display().to_string());
    let sql = |statement: &str| {
        statement
            .replace("SECRET", &secret)
            .replace("OTHER", &other)
    };
    for (name, argument) in [
        ("read", secret.clone()),
        ("read", "/etc/passwd".to_owned()),
        ("read", "sync.db".to_owned()),
        ("read", "../api-key".to_owned()),
        ("write", other.clone()),
        ("write", "other".to_owned()),
        ("list", "/".to_owned()),
        ("list", ".".to_owned()),
        ("folders", String::new()),
        ("environment", String::new()),
        ("arguments", String::new()),
        ("sql", sql("ATTACH 'SECRET' AS a")),
        ("sql", sql("ATTACH 'file:SECRET?mode=ro' AS a")),
        ("sql", sql("ATTACH 'OTHER' AS a")),
        ("sql", sql("VACUUM INTO 'OTHER'")),
        ("sql", sql("SELECT readfile('SECRET')")),
        ("sql", sql("SELECT writefile('OTHER', 'mine')")),
        ("sql", sql("SELECT load_extension('SECRET')")),
        (
            "sql",
            sql("CREATE VIRTUAL TABLE v USING csv(filename='SECRET')"),
        ),
    ] {
        let answer = attempt(&host, name, &argument);
        assert_eq!(answer.status, 403, "{name} {argument}: {}", text(&answer));
        assert!(!text(&answer).contains(SECRET), "{name} {argument}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn no_network_is_reached() {
    let host = guest();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    receiver.set_nonblocking(true).unwrap();
    let [address, datagrams] =
        [listener.local_addr(), receiver.local_addr()].map(|address| address.unwrap().to_string());
    for (name, argument) in [
        ("connect", &*address),
        ("connect", host.address()),
        ("request", &address),
        ("request", host.address()),
        ("datagram", &datagrams),
        ("listen", "127.0.0.1:0"),
        ("listen", "0.0.0.0:0"),
        ("resolve", "localhost:80"),
        ("sockets", ""),
    ] {
        let answer = attempt(&host, name, argument);
        assert_eq!(answer.status, 403, "{name} {argument}: {}", text(&answer));
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(
        receiver.recv(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
}

#[test]
fn what_is_not_granted_is_refused_as_if_it_did_not_exist() {
    let host = guest();
    for name in ["store", "bucket", "database"] {
        for label in ["not_granted", "nowhere", "memory", ""] {
            let answer = attempt(&host, name, label);
            let refused = (answer.status, text(&answer).contains("AccessDenied"));
            assert_eq!(refused, (403, true), "{name} {label}: {}", text(&answer));
        }
    }
    for variable in ["not_granted", "nowhere"] {
        let answer = attempt(&host, "variable", variable);
        assert_eq!(answer.status, 403, "{}", text(&answer));
    }
}

#[test]
fn a_guest_that_fails_is_a_500_and_the_next_request_is_answered() {
    let host = guest();
    for way in [
        "panic",
        "unreachable",
        "exit",
        "silence",
        "recursion",
        "allocation",
        "transaction",
        "header",
        "timers",
        "fields",
    ] {
        let failed = attempt(&host, way, "").failed(500, "internal");
        assert!(!failed.to_string().contains("purpose"), "{failed}");
        is_healthy(&host);
    }
    let rows = attempt(&host, "sql", "SELECT count(*) FROM t");
    assert_eq!(text(&rows), "done Value::Integer(0)");
}

#[test]
fn a_body_that_ends_early_is_not_accepted_as_complete() {
    let host = guest();
    for way in ["cut", "short"] {
        let answer = host
            .anonymous()
            .try_send("GET", &format!("/{way}"), &[], b"");
        assert!(
            answer.as_ref().map_or(true, |answer| answer.status == 500),
            "{way}: {answer:?}"
        );
        is_healthy(&host);
    }
}

#[test]
fn a_guest_is_held_to_its_limits() {
    let host = guest();
    assert_eq!(text(&attempt(&host, "memory", "")), (64 << 20).to_string());
    assert_eq!(text(&attempt(&host, "connections", "")), "256");
    is_healthy(&host);
}

#[test]
fn more_failures_than_instances_leave_all_instances_usable() {
    let host = guest();
    std::thread::scope(|scope| {
        for way in ["/panic", "/exit", "/silence", "/unreachable"] {
            let client = host.anonymous();
            scope.spawn(move || {
                for _ in 0..50 {
                    client.get(way).failed(500, "internal");
                    assert_eq!(client.get("/peace").status, 200);
                }
            });
        }
    });
}

#[test]
fn guests_that_never_answer_leave_others_alone() {
    let host = guest();
    let ways = ["loop", "body-loop", "sleep", "loop", "sleep", "loop"];
    let stuck = ways.map(|way| send(&host, way));
    for way in ["peace", "panic", "recursion", "peace"] {
        for _ in 0..5 {
            let status = attempt(&host, way, "").status;
            assert_eq!(status, if way == "peace" { 200 } else { 500 }, "{way}");
        }
    }
    for (way, socket) in ways.iter().zip(&stuck) {
        assert!(*way == "body-loop" || is_unanswered(socket), "{way}");
    }
}

#[test]
#[ignore = "takes the 30 seconds that a guest may compute"]
fn a_guest_that_computes_for_too_long_is_ended() {
    let host = guest();
    let mut stuck = ["loop"; 2].map(|way| send(&host, way));
    for socket in &mut stuck {
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(
            answer.contains("retry-after: 1") && answer.contains(r#""code":"timeout""#),
            "{answer}"
        );
    }
    is_healthy(&host);
}

#[test]
fn guest_output_is_logged_by_line_and_limited() {
    let host = guest();
    assert_eq!(text(&attempt(&host, "noise", "")), "said");
    attempt(&host, "panic", "").failed(500, "internal");
    let (_, log, _) = host.stop();
    // The log of building the guest comes first.
    let lines: Vec<Value> = log
        .lines()
        .skip_while(|line| !line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let said = |word: &str| {
        let by_guest = |line: &&Value| {
            line["text"]
                .as_str()
                .is_some_and(|text| text.contains(word))
        };
        lines.iter().filter(by_guest).count()
    };
    assert_eq!((said("noise"), said("on purpose")), (100, 1));
    assert!(log.len() < 1 << 20, "{}", log.len());
}
