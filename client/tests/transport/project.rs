//! What the engine asks of a project.

use kamisync::remote::{
    BEGINNING, Delete, DeviceFile, Push, Pushed, Put, Remote, RemoteError, Rev,
};
use support::{Host, KEY, free_port, sha256};

use crate::project;

fn put(path: &str, base: Rev, text: &str) -> Put {
    Put {
        path: path.to_owned(),
        base,
        checksum: sha256(text.as_bytes()),
        modified: 1000,
        content: text.into(),
    }
}

fn puts(puts: Vec<Put>) -> Push {
    Push {
        puts,
        deletes: Vec::new(),
        is_first: true,
    }
}

fn stored(pushed: Pushed) -> Vec<(String, Option<Rev>)> {
    match pushed {
        Pushed::Stored(stored) => stored.revs,
        Pushed::Conflict(conflicts) => panic!("{conflicts:?}"),
    }
}

#[test]
fn what_is_pushed_comes_back_with_its_deletions() {
    let host = Host::start();
    let project = project(&host.url, KEY);
    let pushed = puts(vec![
        put("ideas/ghi chú.md", 0, "é\n"),
        put("ideas/b.md", 0, "b"),
    ]);
    let results = stored(project.push(&pushed).unwrap());
    let rev = results[1].1.unwrap();
    let page = project.changes(BEGINNING, true).unwrap();
    let seen = page
        .changes
        .iter()
        .map(|change| (&*change.path, change.content.as_deref()));
    let expected = [
        ("ideas/ghi chú.md", Some("é\n".as_bytes())),
        ("ideas/b.md", Some(b"b")),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    let delete = Delete {
        path: "ideas/b.md".to_owned(),
        base: rev,
    };
    let deletes = vec![delete];
    let deleted = stored(
        project
            .push(&Push {
                puts: Vec::new(),
                deletes,
                is_first: false,
            })
            .unwrap(),
    );
    let page = project.changes(&page.cursor, true).unwrap();
    assert_eq!((page.changes.len(), page.has_more), (1, false));
    assert_eq!(
        (page.changes[0].checksum.as_ref(), Some(page.changes[0].rev)),
        (None, deleted[0].1)
    );
    assert_eq!(
        host.client().get("/v1/projects").json["projects"][0]["name"],
        "Notes"
    );
}

#[test]
fn a_conflict_says_what_the_server_has() {
    let host = Host::start();
    let project = project(&host.url, KEY);
    let first = stored(project.push(&puts(vec![put("a.md", 0, "one")])).unwrap());
    let Pushed::Conflict(conflicts) = project.push(&puts(vec![put("a.md", 0, "two")])).unwrap()
    else {
        panic!("a conflict")
    };
    let current = conflicts[0].current.clone().unwrap();
    assert_eq!(
        (Some(current.rev), current.checksum),
        (first[0].1, Some(sha256(b"one")))
    );
}

#[test]
fn old_versions_are_there_and_what_never_was_is_not() {
    let host = Host::start();
    let project = project(&host.url, KEY);
    let path = "ideas/a b/é.md";
    let first = stored(project.push(&puts(vec![put(path, 0, "one")])).unwrap())[0]
        .1
        .unwrap();
    let second = stored(project.push(&puts(vec![put(path, first, "two")])).unwrap())[0].1;
    let history = project.history(path).unwrap();
    let revs: Vec<Rev> = history.iter().map(|version| version.rev).collect();
    assert_eq!(revs, [second.unwrap(), first]);
    assert_eq!(history[0].device.as_deref(), Some("máy tính"));
    assert_eq!(
        project.content(path, first).unwrap().as_deref(),
        Some(&b"one"[..])
    );
    assert_eq!(project.newest(path).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(project.content(path, first + 1).unwrap(), None);
    assert_eq!(project.newest("ideas/none.md").unwrap(), None);
    assert!(project.history("ideas/none.md").unwrap().is_empty());
    project.restore(path, first).unwrap();
    assert_eq!(project.newest(path).unwrap().as_deref(), Some(&b"one"[..]));
}

#[test]
fn everything_is_compared_and_the_limits_are_known() {
    let host = Host::with(&[("MAX_FILE_SIZE", "10"), ("SYNC_FOLDERS", "ideas")]);
    let project = project(&host.url, KEY);
    stored(
        project
            .push(&puts(vec![put("ideas/a.md", 0, "server")]))
            .unwrap(),
    );
    let file = DeviceFile {
        path: "ideas/new.md".to_owned(),
        checksum: sha256(b"new"),
        base: None,
    };
    let diff = project.diff(&[file]).unwrap();
    assert_eq!(
        (&*diff.upload[0].path, &*diff.download[0].path),
        ("ideas/new.md", "ideas/a.md")
    );
    let limits = project.limits().unwrap();
    assert_eq!(
        (limits.max_file_size, limits.sync_folders),
        (10, vec!["ideas".to_owned()])
    );
    let too_large = project.push(&puts(vec![put("ideas/b.md", 0, "12345678901")]));
    let Err(RemoteError::TooLarge { path, .. }) = too_large else {
        panic!("{too_large:?}")
    };
    assert_eq!(path.as_deref(), Some("ideas/b.md"));
    let outside = project.push(&puts(vec![put("tasks/b.md", 0, "b")]));
    assert!(
        matches!(outside, Err(RemoteError::Refused { status: 422, .. })),
        "{outside:?}"
    );
}

#[test]
fn a_cursor_of_another_history_is_told() {
    let host = Host::start();
    let project = project(&host.url, KEY);
    stored(project.push(&puts(vec![put("a.md", 0, "one")])).unwrap());
    let cursor = project.changes(BEGINNING, false).unwrap().cursor;
    host.client().delete("/v1/projects/p").good();
    assert_eq!(project.changes(&cursor, false), Err(RemoteError::Gone));
}

#[test]
fn a_wrong_key_and_a_missing_server_are_told_apart() {
    let host = Host::start();
    let refused = project(&host.url, "wrong-wrong-wrong-wrong").limits();
    assert!(
        matches!(refused, Err(RemoteError::Refused { status: 403, .. })),
        "{refused:?}"
    );
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let lost = project(&nobody, KEY).limits();
    assert!(matches!(lost, Err(RemoteError::Offline(_))), "{lost:?}");
}

#[test]
fn the_rate_limit_makes_rounds_rarer_before_it_refuses() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "10")]);
    let project = project(&host.url, KEY);
    let pause = || project.server().pause().as_secs();
    let push = |number: u32| project.push(&puts(vec![put("a.md", 0, &number.to_string())]));
    // The limits are asked for once.
    for _ in 0..20 {
        project.limits().unwrap();
    }
    assert_eq!(pause(), 0);
    for number in 0..5 {
        push(number).unwrap();
    }
    assert!((100..=225).contains(&pause()), "{}", pause());
    // Reading on from a cursor is not counted.
    let cursor = project.changes(BEGINNING, false).unwrap().cursor;
    for _ in 0..20 {
        project.changes(&cursor, false).unwrap();
    }
    for number in 5..8 {
        push(number).unwrap();
    }
    let Err(RemoteError::Wait { after, .. }) = push(8) else {
        panic!("the window is used up")
    };
    assert!(after.as_secs() > 100, "{after:?}");
}
