//! Fenced blocks of Markdown.

use std::fmt;
use std::fs;

use support::root;

/// A fenced block.
pub struct Block {
    page: String,
    line: usize,
    /// What follows the fence, such as `sh`.
    pub info: String,
    /// The lines between the fences.
    pub text: String,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.page, self.line)
    }
}

/// The blocks of a page, in its order.
pub fn blocks(page: &str, text: &str) -> Vec<Block> {
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open = Some(Block {
                    page: page.to_owned(),
                    line: number + 1,
                    info: info.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some(mut block)) => {
                block.text += line;
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page} ends inside a block");
    blocks
}

/// The pages for people who run the server or write a client.
pub fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "docs/self-hosting"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let page = path.strip_prefix(root()).expect("below the root");
                pages.push(page.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    pages
}

#[test]
fn blocks_keep_their_lines_and_their_info() {
    let found = blocks(
        "a.md",
        "text\n```sh ignore-in-test\na\n  b\n```\n```\nc\n```\n",
    );
    let seen: Vec<_> = found
        .iter()
        .map(|block| (block.line, block.info.as_str(), block.text.as_str()))
        .collect();
    assert_eq!(seen, [(2, "sh ignore-in-test", "a\n  b\n"), (6, "", "c\n")]);
}
