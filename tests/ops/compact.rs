//! `compact`

use serde_json::json;

use support::{Host, file, run};

#[test]
fn the_space_of_a_deleted_project_is_given_back() {
    let host = Host::start();
    let client = host.client();
    let text = |i: usize| format!("{i} all work and no play ").repeat(20_000);
    let files: Vec<_> = (0..10)
        .map(|i| file(&i.to_string(), text(i).as_bytes()))
        .collect();
    client.push("large", &json!({ "files": files })).good();
    client.push_files("small", &[("a", "one")]).good();
    client.delete("/v1/projects/large").good();
    let database = host.database();
    let refused = run(&database, &["compact"]).failed();
    assert!(refused.contains("stop it first"), "{refused}");
    let (_, _, folder) = host.stop();
    let size = || std::fs::metadata(&database).unwrap().len();
    assert!(size() > 4_000_000, "{}", size());
    run(&database, &["compact"]).good();
    assert!(size() < 200_000, "{}", size());
    run(&database, &["check"]).good();
    let host = Host::resume(folder, &[]);
    assert_eq!(host.client().pull_all("small", 10).len(), 1);
}
