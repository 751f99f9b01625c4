//! The yardstick: the real server over real sockets, next to what the machine can do, or next to
//! another build of the server.

mod against;
mod bare;
mod beside;
mod client;
mod content;
mod devices;
mod live;
mod load;
mod native;
mod pages;
mod process;
mod projects;
mod reading;
mod report;
mod row;
mod rows;
mod scale;
mod server;
mod standby;
mod start;
mod writing;

const HELP: &str = "\
cargo bench                         every row next to its reference, measured in turns: target/yardstick.md
BASELINE=PROGRAM cargo bench        every row next to another kamiflow-sync, measured in turns: before and after
cargo bench -- scale [FILES]        how time and memory grow with the number of files
cargo bench -- devices              16 devices push while 16 pull
cargo bench -- live                 1,000 devices wait for changes
cargo bench -- beside               good requests beside clients that hold others up
cargo bench -- pages [FILES]        the pages of the dashboard, with ten versions of each file
cargo bench -- client               the client, which has a benchmark of its own
cargo bench -- standby [FILES]      what is lost with a machine whose standby has the last backup

The program is built like that of `cargo run --release`; `cargo bench --profile dist` measures that of
images and releases.

BASELINE names a program of another checkout, such as ../before/target/dist/kamiflow-sync, or an
installed one; the next spin.toml beside it or above it is its manifest. Build it with
`cargo build --profile dist`, so that only the source differs.

ROUNDS=5 and SECONDS=2 (of each row in each round) set the length, ONLY=be leaves out other rows. For the
standby, EVERY=10 is the pause between backups in seconds.";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help") {
        return println!("{HELP}");
    }
    // `cargo test --all-targets` starts benches too, without this flag.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return println!("run by `cargo bench`");
    }
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    match words[..] {
        [] | ["rows"] => rows::run(),
        ["scale"] => scale::run(&[1_000, 10_000, 100_000]),
        ["scale", files] => scale::run(&[files.parse().expect("a number of files")]),
        ["devices"] => devices::run(),
        ["live"] => live::run(),
        ["beside"] => beside::run(),
        ["pages"] => pages::run(&[1_000, 10_000, 100_000]),
        ["pages", files] => pages::run(&[files.parse().expect("a number of files")]),
        // That of the package `kamisync` runs.
        ["client"] => {}
        ["standby"] => standby::run(&[1_000, 10_000, 100_000]),
        ["standby", files] => standby::run(&[files.parse().expect("a number of files")]),
        _ => panic!("unknown mode {words:?}\n{HELP}"),
    }
}
