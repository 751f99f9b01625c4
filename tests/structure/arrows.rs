//! Which module imports which, and circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::{File, Module, Program};
use crate::paths::Path;

/// One module needs another.
#[derive(Debug)]
pub struct Arrow {
    /// The module that imports.
    pub from: Module,
    /// The module that defines what is imported.
    pub to: Module,
    /// The line that says so: `src/api/mod.rs:12 crate::store::Store`.
    pub line: String,
}

/// All arrows of a program.
pub fn arrows(program: &Program) -> Vec<Arrow> {
    let files = program.files.iter();
    files
        .flat_map(|(from, file)| arrows_of(program, from, file))
        .collect()
}

/// The arrows of a file: its imports, and the paths in its code that lead elsewhere.
fn arrows_of(program: &Program, from: &Module, file: &File) -> Vec<Arrow> {
    let (imports, in_place): (Vec<&Path>, Vec<&Path>) =
        file.paths.iter().partition(|path| path.import.is_some());
    let mut arrows: Vec<Arrow> = Vec::new();
    for path in imports.into_iter().chain(in_place) {
        let Some(to) = program.resolve(from, &path.segments) else {
            continue;
        };
        let is_known = path.import.is_none() && arrows.iter().any(|arrow| arrow.to == to);
        if to != *from && !is_known && !is_signpost(from, &to, file, path) {
            let line = describe(file, path);
            arrows.push(Arrow {
                from: from.clone(),
                to,
                line,
            });
        }
    }
    arrows
}

/// A line as errors name it.
pub fn describe(file: &File, path: &Path) -> String {
    let keyword = if path.import.is_some() { "use " } else { "" };
    format!(
        "{}:{} {keyword}{}",
        file.name,
        path.line,
        path.segments.join("::")
    )
}

/// Whether a head file only passes on what a file below it defines, without use for it.
fn is_signpost(from: &Module, to: &Module, file: &File, path: &Path) -> bool {
    let import = path.import.as_ref();
    import.is_some_and(|import| {
        import.public && to.starts_with(from) && !file.names.contains(&import.name)
    })
}

/// The rooms of a floor: which needs which, and a line that says so.
type Rooms<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// Every circle between the folders and files of a folder, its head file included.
pub fn circles(program: &Program) -> Vec<String> {
    let arrows = arrows(program);
    let floors = program.files.keys();
    floors
        .flat_map(|floor| circles_on(floor, &arrows))
        .collect()
}

/// For each room of a floor that is in a circle, the lines of a shortest one.
fn circles_on(floor: &Module, arrows: &[Arrow]) -> Vec<String> {
    let rooms = rooms(floor, arrows);
    let circles = rooms.keys().filter_map(|room| way_back(room, &rooms));
    let distinct: BTreeSet<Vec<&str>> = circles
        .map(|mut lines| {
            lines.sort_unstable();
            lines
        })
        .collect();
    let place = floor
        .iter()
        .fold("crate".to_owned(), |place, name| format!("{place}::{name}"));
    let text = |lines: &Vec<&str>| format!("a circle in {place}:\n  {}", lines.join("\n  "));
    distinct.iter().map(text).collect()
}

fn rooms<'a>(floor: &Module, arrows: &'a [Arrow]) -> Rooms<'a> {
    let room = |module: &'a Module| {
        let inside = module.strip_prefix(&floor[..])?;
        Some(inside.first().map_or("(head file)", String::as_str))
    };
    let mut rooms = Rooms::new();
    for arrow in arrows {
        if let (Some(from), Some(to)) = (room(&arrow.from), room(&arrow.to))
            && from != to
        {
            rooms
                .entry(from)
                .or_default()
                .entry(to)
                .or_insert(&arrow.line);
        }
    }
    rooms
}

/// The lines of a shortest way from a room back to itself.
fn way_back<'a>(start: &str, rooms: &Rooms<'a>) -> Option<Vec<&'a str>> {
    let (mut ways, mut seen) = (VecDeque::from([(start, Vec::new())]), BTreeSet::new());
    while let Some((room, way)) = ways.pop_front() {
        for (next, line) in rooms.get(room).into_iter().flatten() {
            let way = [&way[..], &[*line]].concat();
            if *next == start {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back((next, way));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        circles(&program(files))
    }

    fn program(files: &[(&str, &str)]) -> Program {
        let files = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Program::of("src", files)
    }

    #[test]
    fn arrows_in_one_direction_are_no_circle() {
        let files = [
            ("src/lib.rs", "mod a; mod b; pub use a::A;"),
            ("src/a.rs", "use crate::b::B; use std::fmt;"),
            ("src/b.rs", "pub struct B;"),
        ];
        assert_eq!(circles_of(&files), Vec::<String>::new());
        let lines: Vec<String> = arrows(&program(&files))
            .into_iter()
            .map(|arrow| arrow.line)
            .collect();
        assert_eq!(lines, ["src/a.rs:1 use crate::b::B"]);
    }

    #[test]
    fn a_circle_of_files_is_named_with_its_lines() {
        let files = [
            ("src/main.rs", "mod a; mod b; mod c;"),
            ("src/a.rs", "\nuse crate::b::B;"),
            ("src/b.rs", "fn f() { crate::c::g() }"),
            ("src/c.rs", "use super::{a::A, d};"),
        ];
        let [circle] = &circles_of(&files)[..] else {
            panic!("one circle")
        };
        for line in [
            "src/a.rs:2 use crate::b::B",
            "src/b.rs:1 crate::c::g",
            "src/c.rs:1 use super::a::A",
        ] {
            assert!(circle.contains(line), "{circle}");
        }
    }

    #[test]
    fn the_table_of_generated_bindings_is_an_import_too() {
        let table = "bindgen!({ with: { \"x.y\": crate::y::Y } });";
        let files = [
            ("src/lib.rs", "mod bindings; mod y;"),
            ("src/bindings.rs", table),
            ("src/y.rs", "use crate::bindings::Host;"),
        ];
        assert_eq!(circles_of(&files).len(), 1);
    }

    #[test]
    fn folders_that_need_each_other_are_a_circle_even_without_one_of_files() {
        let files = [
            ("src/main.rs", "mod a; mod b;"),
            ("src/a/mod.rs", "mod one; mod two;"),
            ("src/a/one.rs", "use crate::b::three::X;"),
            ("src/a/two.rs", ""),
            ("src/b/mod.rs", "mod three; mod four;"),
            ("src/b/three.rs", ""),
            ("src/b/four.rs", "use crate::a::two::Y;"),
        ];
        assert_eq!(circles_of(&files).len(), 1);
    }

    #[test]
    fn a_head_file_that_only_passes_on_is_no_part_of_a_circle() {
        let head = (
            "src/a/mod.rs",
            "mod one; mod two; pub use one::One; pub use two::*;",
        );
        let sound = [
            ("src/main.rs", "mod a;"),
            head,
            ("src/a/one.rs", "pub struct One;"),
            (
                "src/a/two.rs",
                "use super::One; use crate::a;\nfn f() { a::One }",
            ),
        ];
        let lines: Vec<_> = arrows(&program(&sound))
            .into_iter()
            .map(|arrow| (arrow.from, arrow.to))
            .collect();
        let two_one = (
            vec!["a".to_owned(), "two".to_owned()],
            vec!["a".to_owned(), "one".to_owned()],
        );
        assert!(lines.contains(&two_one));
        assert_eq!(circles_of(&sound), Vec::<String>::new());
        let mut circular = sound;
        circular[2].1 = "pub struct One; use super::Two;";
        circular[3].1 = "pub struct Two; use super::One;";
        assert_eq!(circles_of(&circular).len(), 1);
    }

    #[test]
    fn a_head_file_and_a_child_that_use_each_other_are_a_circle() {
        for used in [
            "use child::f;",
            "pub use child::f; fn g() { f() }",
            "fn g() { child::f() }",
        ] {
            let head = format!("mod child; pub struct Shared; {used}");
            let files = [
                ("src/main.rs", "mod a;"),
                ("src/a.rs", head.as_str()),
                ("src/a/child.rs", "use super::Shared; pub fn f() {}"),
            ];
            assert_eq!(circles_of(&files).len(), 1, "{used}");
        }
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let files = [
            ("src/main.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::B;"),
            (
                "src/b.rs",
                "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ];
        assert_eq!(circles_of(&files), Vec::<String>::new());
    }
}
