//! The paths that a source file names: in its `use` lines, and elsewhere in its code.

/// A path such as `crate::store::Store`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its segments; `*` is the last one of a glob import.
    pub segments: Vec<String>,
    /// The line that names it, from 1.
    pub line: usize,
    /// How it is imported; `None` when it is only used in place.
    pub import: Option<Import>,
}

/// What a `use` line makes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The name in this file.
    pub name: String,
    /// Whether other modules can import it from here.
    pub public: bool,
}

/// A word or sign of the code, and its line.
type Token<'a> = (usize, &'a str);

/// All paths in the code of a file.
pub fn paths(code: &str) -> Vec<Path> {
    let tokens = tokens(code);
    let (mut paths, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at].1 == "use" && tokens.get(at + 1).is_some_and(|next| next.1 != "<") {
            let public = is_public(&tokens[..at]);
            at += 1;
            import(&tokens, &mut at, &[], public, &mut paths);
        } else if let Some(path) = in_place(&tokens, at) {
            at += 2 * path.segments.len() - 1;
            paths.push(path);
        } else {
            at += 1;
        }
    }
    paths
}

/// The names that the code uses, apart from its `use` lines.
pub fn names(code: &str) -> Vec<String> {
    let (mut names, mut imports) = (Vec::new(), false);
    for (_, token) in tokens(code) {
        imports = token == "use" || (imports && token != ";");
        if !imports && is_word(token) {
            names.push(token.to_owned());
        }
    }
    names
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let length = match word {
                Some(0) if rest.starts_with("::") => 2,
                Some(0) => first.len_utf8(),
                word => word.unwrap_or(rest.len()),
            };
            tokens.push((line, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// Whether the item that these tokens lead up to has `pub`, `pub(crate)` or the like before it.
fn is_public(before: &[Token]) -> bool {
    let mut before = before.iter().rev().map(|token| token.1);
    match before.next() {
        Some(")") => before.find(|token| *token == "(").is_some() && before.next() == Some("pub"),
        last => last == Some("pub"),
    }
}

/// Reads one tree of a `use` line, such as `a::{b, c as d, e::*}`.
fn import(tokens: &[Token], at: &mut usize, outer: &[String], public: bool, paths: &mut Vec<Path>) {
    let mut segments = outer.to_vec();
    while let Some((line, token)) = tokens.get(*at).copied() {
        *at += 1;
        match token {
            "::" => continue,
            "{" => {
                while tokens.get(*at).is_some_and(|next| next.1 != "}") {
                    import(tokens, at, &segments, public, paths);
                    *at += usize::from(tokens.get(*at).is_some_and(|next| next.1 == ","));
                }
                *at += 1;
                return;
            }
            "self" if !outer.is_empty() => {}
            word => segments.push(word.to_owned()),
        }
        let next = tokens.get(*at).map(|next| next.1);
        if next != Some("::") {
            let alias = (next == Some("as")).then(|| tokens[*at + 1].1);
            *at += if alias.is_some() { 2 } else { 0 };
            let last = segments.last().cloned().unwrap_or_default();
            let name = alias.map_or(last, str::to_owned);
            let import = Some(Import { name, public });
            return paths.push(Path {
                segments,
                line,
                import,
            });
        }
    }
}

/// The path of several segments that starts here, if one does.
fn in_place(tokens: &[Token], at: usize) -> Option<Path> {
    let is_start = at == 0 || !["::", ".", "mod", "fn"].contains(&tokens[at - 1].1);
    let is_start = is_start && !limits_visibility(&tokens[..at]);
    let mut segments = vec![tokens[at].1.to_owned()];
    let mut pairs = tokens[at + 1..].chunks_exact(2);
    while let Some([(_, "::"), (_, word)]) = pairs.next() {
        if !is_word(word) {
            break;
        }
        segments.push((*word).to_owned());
    }
    let is_path = is_start && is_word(tokens[at].1) && segments.len() > 1;
    is_path.then(|| Path {
        segments,
        line: tokens[at].0,
        import: None,
    })
}

/// Whether these tokens end with `pub(in`: the path after it says who may import, and imports nothing.
fn limits_visibility(before: &[Token]) -> bool {
    let words = before.iter().map(|token| token.1);
    words.rev().take(3).eq(["in", "(", "pub"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(code: &str) -> Vec<String> {
        let text = |path: Path| {
            let name = path.import.map(|import| format!(" as {}", import.name));
            format!(
                "{} {}{}",
                path.line,
                path.segments.join("::"),
                name.unwrap_or_default()
            )
        };
        paths(code).into_iter().map(text).collect()
    }

    #[test]
    fn braces_lines_aliases_and_globs_are_read() {
        let code =
            "use a::b;\npub(crate) use c::{\n    self, d::{e as f, g},\n    h::*,\n};\nuse i as j;";
        assert_eq!(
            written(code),
            [
                "1 a::b as b",
                "3 c as c",
                "3 c::d::e as f",
                "3 c::d::g as g",
                "4 c::h::* as *",
                "6 i as j"
            ]
        );
        let public = paths(code).into_iter().filter_map(|path| path.import);
        let public: Vec<bool> = public.map(|import| import.public).collect();
        assert_eq!(public, [false, true, true, true, true, false]);
    }

    #[test]
    fn a_path_in_the_code_is_read() {
        let code = "fn f() -> a::B { crate::c::d::<u8>(x.e(), super::super::g::H { i: 1 }) }";
        assert_eq!(
            written(code),
            ["1 a::B", "1 crate::c::d", "1 super::super::g::H"]
        );
    }

    #[test]
    fn a_limit_of_visibility_is_no_path() {
        assert_eq!(
            written("pub(in crate::a) fn f() { for (g) in h::i {} }"),
            ["1 h::i"]
        );
    }

    #[test]
    fn captured_lifetimes_are_no_import() {
        assert_eq!(
            written("fn f() -> impl Sized + use<'a, T> { g::h() }"),
            ["1 g::h"]
        );
    }
}
