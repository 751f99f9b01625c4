//! The modules of a program, and what a path in one of them leads to.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path as FilePath;

use crate::paths::{self, Path};
use crate::source::Source;

/// The place of a module in its program: `["store", "push"]`; the root is empty.
pub type Module = Vec<String>;

/// A source file.
#[derive(Debug)]
pub struct File {
    /// Relative to the root of the repository.
    pub name: String,
    /// What it consists of.
    pub source: Source,
    /// The paths that its code names.
    pub paths: Vec<Path>,
    /// The names that its code uses, apart from its `use` lines.
    pub names: HashSet<String>,
}

/// A program or library: the files of one root module.
#[derive(Debug, Default)]
pub struct Program {
    /// Each file by its module.
    pub files: BTreeMap<Module, File>,
}

impl Program {
    /// Reads the folder of a root module, without other programs inside it.
    pub fn read(root: &FilePath, folder: &str) -> Self {
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        let names = files.iter().map(|path| {
            let name = path.strip_prefix(root).expect("inside the root");
            name.to_str().expect("UTF-8").to_owned()
        });
        let texts = files
            .iter()
            .map(|path| fs::read_to_string(path).expect("a source file"));
        Self::of(folder, names.zip(texts))
    }

    /// A program of these files, each a name and its text.
    pub fn of(folder: &str, files: impl IntoIterator<Item = (String, String)>) -> Self {
        let file = |(name, text): (String, String)| {
            let module = module(name.strip_prefix(folder)?)?;
            let source = Source::read(&text);
            let paths = paths::paths(&source.code);
            let names = paths::names(&source.code).into_iter().collect();
            Some((
                module,
                File {
                    name,
                    source,
                    paths,
                    names,
                },
            ))
        };
        Self {
            files: files.into_iter().filter_map(file).collect(),
        }
    }

    /// The module that defines what a path in `from` leads to; `None` for other crates.
    pub fn resolve(&self, from: &Module, segments: &[String]) -> Option<Module> {
        self.follow(from, segments, &mut HashSet::new())
    }

    fn follow(
        &self,
        from: &Module,
        segments: &[String],
        seen: &mut HashSet<(Module, String)>,
    ) -> Option<Module> {
        let (mut at, mut rest) = self.start(from, segments, seen)?;
        while let [child, inner @ ..] = rest {
            let inside = [&at[..], std::slice::from_ref(child)].concat();
            if !self.files.contains_key(&inside) {
                break;
            }
            (at, rest) = (inside, inner);
        }
        match rest.first().filter(|name| *name != "*") {
            Some(name) => Some(self.definer(&at, name, seen).unwrap_or(at)),
            None => Some(at),
        }
    }

    /// The module in which the first segments of a path are found, and the segments after them.
    fn start<'a>(
        &self,
        from: &Module,
        segments: &'a [String],
        seen: &mut HashSet<(Module, String)>,
    ) -> Option<(Module, &'a [String])> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => Some((Module::new(), rest)),
            "self" => Some((from.clone(), rest)),
            "super" => {
                let ups = segments
                    .iter()
                    .take_while(|segment| *segment == "super")
                    .count();
                let above = from.len().checked_sub(ups)?;
                Some((from[..above].to_vec(), &segments[ups..]))
            }
            name => {
                let child = [&from[..], &[name.to_owned()]].concat();
                if self.files.contains_key(&child) {
                    return Some((child, rest));
                }
                let module = self.definer(from, name, seen)?;
                let is_module = module.last().is_some_and(|last| last == name) || !rest.is_empty();
                is_module.then_some((module, rest))
            }
        }
    }

    /// The module that defines a name which this module imports; `None` when it does not.
    fn definer(
        &self,
        module: &Module,
        name: &str,
        seen: &mut HashSet<(Module, String)>,
    ) -> Option<Module> {
        if !seen.insert((module.clone(), name.to_owned())) {
            return None;
        }
        let imports = || {
            let paths = self.files.get(module)?.paths.iter();
            Some(paths.filter_map(|path| Some((path, path.import.as_ref()?))))
        };
        let mut named = imports()?.filter(|(_, import)| import.name == name);
        if let Some((path, _)) = named.next() {
            return self.follow(module, &path.segments, seen);
        }
        let globs = imports()?.filter(|(_, import)| import.name == "*" && import.public);
        let mut sources = globs.filter_map(|(path, _)| self.follow(module, &path.segments, seen));
        let found: Vec<Module> = sources.by_ref().collect();
        found.into_iter().find(|source| self.defines(source, name))
    }

    fn defines(&self, module: &Module, name: &str) -> bool {
        self.files
            .get(module)
            .is_some_and(|file| file.names.contains(name))
    }
}

/// All source files in a folder; a folder `bin` has programs of its own.
fn collect(folder: &FilePath, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("src/bin") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The module of a file by its name below the root: `/store/push.rs` and `/store/push/mod.rs` are
/// the same; `None` for a file that is not a module.
fn module(name: &str) -> Option<Module> {
    let name = name.trim_start_matches('/').strip_suffix(".rs")?;
    let mut module: Module = name.split('/').map(str::to_owned).collect();
    let last = module.last().map(String::as_str);
    let is_head =
        last == Some("mod") || (module.len() == 1 && matches!(last, Some("lib" | "main")));
    if is_head {
        module.pop();
    }
    Some(module)
}
