//! Notes as HTML, of which nothing loads or runs, whatever they contain.
//!
//! The tags are fixed words of this file, and everything else is escaped. HTML in a note is shown as text, an
//! image as its description, and a link leads to another site only, without telling it where it was.

use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag};

/// Bytes of a note that are rendered, at the most. A longer one takes too long.
pub const MAX_SOURCE_BYTES: usize = 128 << 10;
/// Bytes of HTML after which the rest is left out; escaping may make the last text longer.
const MAX_HTML_BYTES: usize = 128 << 10;
/// Bytes of an address; longer ones are left out.
const MAX_ADDRESS_BYTES: usize = 2048;
/// Tags inside each other. Browsers have limits too, and become slow before.
const MAX_DEPTH: usize = 64;
/// Quotes and lists that one line opens. What is inside so many takes the parser long.
const MAX_OPENED: usize = 64;

/// A note as HTML.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Elements of a page, whole and escaped.
    pub html: String,
    /// Whether a part is left out.
    pub is_cut: bool,
}

/// Renders a note: `CommonMark` with tables, task lists and strikethrough. None when its lists and quotes are
/// inside each other so often that only its text can be shown.
pub fn render(note: &str) -> Option<Rendered> {
    let source = beginning(note);
    if source.lines().any(opens_too_many) {
        return None;
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut html = Html::default();
    let mut events = Parser::new_ext(source, options);
    let is_whole = events.all(|event| html.add(event));
    html.close_all();
    Some(Rendered {
        html: html.html,
        is_cut: !is_whole || source.len() < note.len(),
    })
}

/// The part that is rendered: whole lines if it has any.
fn beginning(note: &str) -> &str {
    let fitting = &note[..note.floor_char_boundary(MAX_SOURCE_BYTES)];
    match fitting.rfind('\n') {
        Some(end) if fitting.len() < note.len() => &fitting[..end],
        _ => fitting,
    }
}

fn opens_too_many(line: &str) -> bool {
    let is_marker = |c: char| matches!(c, '>' | '-' | '+' | '*' | '.' | ')');
    let prefix = line
        .chars()
        .take_while(|c| is_marker(*c) || c.is_ascii_digit() || matches!(c, ' ' | '\t'));
    let mut last = ' ';
    let opened = prefix.filter(|c| {
        // A row of dashes without blanks is one line, not many lists.
        let opens = is_marker(*c) && (*c == '>' || !is_marker(last));
        last = *c;
        opens
    });
    opened.count() > MAX_OPENED
}

/// HTML as far as it is written.
#[derive(Default)]
struct Html {
    html: String,
    /// What closes the tags that are open; nothing for one that was left out.
    open: Vec<&'static str>,
    /// Whether a link is open, in which there can be no other.
    in_link: bool,
    table: Table,
}

/// The table that is open, of which there is one at a time.
#[derive(Default)]
struct Table {
    columns: Vec<Alignment>,
    in_head: bool,
    /// The next cell of the row.
    next: usize,
}

impl Html {
    /// Adds an event, unless there is no room left; then nothing may follow.
    fn add(&mut self, event: Event<'_>) -> bool {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.close(),
            Event::Code(code) => {
                self.raw("<code>");
                self.text(&code);
                self.raw("</code>");
            }
            Event::SoftBreak => self.raw("\n"),
            Event::HardBreak => self.raw("<br>\n"),
            Event::Rule => self.raw("<hr>\n"),
            Event::TaskListMarker(true) => self.raw("☑ "),
            Event::TaskListMarker(false) => self.raw("☐ "),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
        }
        self.html.len() < MAX_HTML_BYTES
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.open("<p>", "</p>\n"),
            Tag::Heading { level, .. } => self.heading(level),
            Tag::BlockQuote(_) => self.open("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) => {
                self.open("<pre><code>", "</code></pre>\n")
            }
            Tag::HtmlBlock => self.open("<pre>", "</pre>\n"),
            Tag::List(None) => self.open("<ul>\n", "</ul>\n"),
            Tag::List(Some(first)) => self.numbered_list(first),
            Tag::Item => self.open("<li>", "</li>\n"),
            Tag::Table(columns) => {
                self.table.columns = columns;
                self.open("<table>\n", "</table>\n");
            }
            Tag::TableHead => self.row(true),
            Tag::TableRow => self.row(false),
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.open("<em>", "</em>"),
            Tag::Strong => self.open("<strong>", "</strong>"),
            Tag::Strikethrough => self.open("<del>", "</del>"),
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => self.link(link_type, &dest_url),
            Tag::Image {
                link_type,
                dest_url,
                ..
            } => {
                self.raw("Image: ");
                self.link(link_type, &dest_url);
            }
            // Not enabled.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript => self.open("<div>", "</div>"),
        }
    }

    /// One level below, since the page has a heading of its own.
    fn heading(&mut self, level: HeadingLevel) {
        match level {
            HeadingLevel::H1 => self.open("<h2>", "</h2>\n"),
            HeadingLevel::H2 => self.open("<h3>", "</h3>\n"),
            HeadingLevel::H3 => self.open("<h4>", "</h4>\n"),
            HeadingLevel::H4 => self.open("<h5>", "</h5>\n"),
            HeadingLevel::H5 | HeadingLevel::H6 => self.open("<h6>", "</h6>\n"),
        }
    }

    fn row(&mut self, in_head: bool) {
        (self.table.in_head, self.table.next) = (in_head, 0);
        self.open("<tr>", "</tr>\n");
    }

    fn cell(&mut self) {
        let class = match self.table.columns.get(self.table.next) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"center\"",
            Some(Alignment::Left | Alignment::None) | None => "",
        };
        self.table.next += 1;
        match self.table.in_head {
            true => self.open(&format!("<th{class}>"), "</th>"),
            false => self.open(&format!("<td{class}>"), "</td>"),
        }
    }

    fn numbered_list(&mut self, first: u64) {
        match self.has_room() {
            true => self.open(&format!("<ol start=\"{first}\">\n"), "</ol>\n"),
            false => self.open.push(""),
        }
    }

    /// A link to another site, or else the text with the address as a hint.
    fn link(&mut self, link_type: LinkType, address: &str) {
        let address = match link_type {
            LinkType::Email => format!("mailto:{address}"),
            _ => address.to_owned(),
        };
        if self.in_link || address.len() > MAX_ADDRESS_BYTES || !self.has_room() {
            self.open.push("");
        } else if leads_outside(&address) {
            let rel = "rel=\"noopener noreferrer nofollow\"";
            self.open(&format!("<a {rel} href=\"{}\">", escape(&address)), "</a>");
            self.in_link = true;
        } else {
            self.open(&format!("<span title=\"{}\">", escape(&address)), "</span>");
        }
    }

    fn has_room(&self) -> bool {
        self.open.len() < MAX_DEPTH && self.html.len() < MAX_HTML_BYTES
    }

    /// Opens a tag, if there is room for another.
    fn open(&mut self, tag: &str, end: &'static str) {
        let has_room = self.has_room();
        if has_room {
            self.raw(tag);
        }
        self.open.push(if has_room { end } else { "" });
    }

    fn close(&mut self) {
        let end = self.open.pop().unwrap_or_default();
        self.raw(end);
        self.in_link &= end != "</a>";
    }

    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// Adds as much of a text as there is room for.
    fn text(&mut self, text: &str) {
        let room = MAX_HTML_BYTES.saturating_sub(self.html.len());
        self.raw(&escape(&text[..text.floor_char_boundary(room)]));
    }
}

/// A text with nothing in it that means anything in HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Whether an address is one that a person may follow from here.
fn leads_outside(address: &str) -> bool {
    let scheme = address
        .split_once(':')
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "mailto"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn html(note: &str) -> String {
        render(note).unwrap().html
    }

    #[test]
    fn a_note_becomes_html() {
        for (note, expected) in [
            (
                "# A\n\nb *c* **d** ~~e~~ `f<`",
                "<h2>A</h2>\n<p>b <em>c</em> <strong>d</strong> <del>e</del> <code>f&lt;</code></p>\n",
            ),
            ("###### A", "<h6>A</h6>\n"),
            (
                "- [ ] a\n- [x] b",
                "<ul>\n<li>☐ a</li>\n<li>☑ b</li>\n</ul>\n",
            ),
            (
                "7. a\n8. b",
                "<ol start=\"7\">\n<li>a</li>\n<li>b</li>\n</ol>\n",
            ),
            (
                "> a  \n> b\n\n---",
                "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>\n<hr>\n",
            ),
            (
                "a|b\n-|-\nc|d",
                "<table>\n<tr><th>a</th><th>b</th></tr>\n<tr><td>c</td><td>d</td></tr>\n</table>\n",
            ),
            (
                "a|b|c\n-|-:|:-:\nd|e|f",
                "<table>\n<tr><th>a</th><th class=\"right\">b</th><th class=\"center\">c</th></tr>\n\
                 <tr><td>d</td><td class=\"right\">e</td><td class=\"center\">f</td></tr>\n</table>\n",
            ),
            ("```html\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>\n"),
            (
                "---\ntitle: x\n---\na",
                "<pre><code>title: x\n</code></pre>\n<p>a</p>\n",
            ),
        ] {
            assert_eq!(html(note), expected, "{note}");
        }
    }

    #[test]
    fn html_in_a_note_is_text() {
        assert_eq!(
            html("a <b onclick='x'>&amp;\n\n<script>alert(1)</script>"),
            "<p>a &lt;b onclick=&#39;x&#39;&gt;&amp;</p>\n<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>\n"
        );
    }

    #[test]
    fn a_link_leads_to_another_site_or_nowhere() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        for (note, address) in [
            ("[x](https://a.b/?c=1&d)", "https://a.b/?c=1&amp;d"),
            ("[x](HTTP://a \"title\")", "HTTP://a"),
            (
                "[x](http:&#47;&#47;a/%22\\\"onclick=1)",
                "http://a/%22&quot;onclick=1",
            ),
            ("<https://a.b>", "https://a.b"),
            ("<a@b.c>", "mailto:a@b.c"),
        ] {
            let html = html(note);
            assert!(
                html.starts_with(&format!("<p><a {rel} href=\"{address}\">")),
                "{html}"
            );
        }
        for note in [
            "[x](javascript:alert(1))",
            "[x](java\\script:alert(1))",
            "[x](&#1;javascript:alert(1))",
            "[x](data:text/html,<script>)",
            "[x](//evil.example)",
            "[x](other.md)",
            "[x](/dashboard/delete)",
            "[x](vbscript:x)",
            "![x](file.png)",
            "[x]: javascript:y\n\n[x]",
        ] {
            assert!(!html(note).contains("href"), "{}", html(note));
        }
    }

    #[test]
    fn an_image_is_a_link_and_no_link_is_in_another() {
        let image = html("![a *b*](https://x/y.png)");
        assert!(image.starts_with("<p>Image: <a ") && image.ends_with(">a <em>b</em></a></p>\n"));
        let nested = html("[![a](https://x/y.png)](https://z) [c](https://d)");
        assert_eq!(nested.matches("<a ").count(), 2, "{nested}");
        assert_eq!(nested.matches("</a>").count(), 2, "{nested}");
        assert!(!html("![a](https://x/y.png)").contains("src"));
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let short = render("a").unwrap();
        assert!(!short.is_cut);
        let long = render(&"word <word>\n".repeat(100_000)).unwrap();
        assert!(long.is_cut);
        check(&long.html);
        let line = render(&"é".repeat(1_000_000)).unwrap();
        assert!(line.is_cut);
        check(&line.html);
    }

    /// Each takes minutes, or the whole stack, of a parser that goes back, or down into what it has made.
    #[test]
    fn a_hostile_note_is_rendered() {
        let lists = format!("{}\n{}", "- ".repeat(30_000), "\n".repeat(60_000));
        let deeper = (0..300).map(|depth| format!("{}- a\n", "  ".repeat(depth)));
        let deeper = deeper.collect::<String>() + &"\n".repeat(30_000);
        let row = "a|".repeat(2_000);
        let table = format!("{row}\n{}\n{}", "-|".repeat(2_000), "|\n".repeat(60_000));
        let mut notes = vec![lists, deeper, table, "[a]: b\n".repeat(20_000)];
        for part in [
            "[", "![", "[a](", "[](", "(", "]", "*", "**a ", "_a*", "*a_ ", "`", "` ``", "<",
            "<a ", "<!--", "<?", "&", "&#", "\\", "~~", "> ", ">", "#", "1) ", "- ", "+\ta\n", "|",
            "a|b\n", "\r", "\0", "[^a]", "$", "--\n", "http://", "[a][a]", "**", "*_", "<b", "\t",
            "   -\n", "```\n", "\"", "([", "[x](<", "]()", "\u{202e}",
        ] {
            notes.push(part.repeat((2 << 20) / part.len()));
        }
        for note in notes {
            if let Some(rendered) = render(&note) {
                check(&rendered.html);
            }
        }
    }

    const TAGS: [&str; 24] = [
        "p",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "code",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "th",
        "td",
        "em",
        "strong",
        "del",
        "a",
        "span",
        "br",
        "hr",
        "div",
    ];

    /// Fails unless all tags are whole, allowed, and closed in order, and nothing else means anything.
    fn check(html: &str) {
        assert!(html.len() < 6 * MAX_HTML_BYTES, "{}", html.len());
        let (mut rest, mut open) = (html, Vec::new());
        while let Some((text, tagged)) = rest.split_once('<') {
            check_text(text);
            let (tag, after) = tagged.split_once('>').expect("a whole tag");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None => {
                    let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
                    assert!(TAGS.contains(&name), "{tag}");
                    check_attributes(name, attributes);
                    if !matches!(name, "br" | "hr") {
                        open.push(name);
                    }
                }
            }
            rest = after;
        }
        check_text(rest);
        assert!(open.is_empty(), "{open:?}");
    }

    fn check_text(text: &str) {
        assert!(!text.contains('>'), "{text}");
        for after in text.split('&').skip(1) {
            let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
            assert!(known.iter().any(|name| after.starts_with(name)), "{after}");
        }
    }

    fn check_attributes(name: &str, attributes: &str) {
        let value = match name {
            "ol" => attributes.strip_prefix("start=\""),
            "span" => attributes.strip_prefix("title=\""),
            "a" => attributes.strip_prefix("rel=\"noopener noreferrer nofollow\" href=\""),
            "th" | "td" => {
                let known = ["", "class=\"right\"", "class=\"center\""];
                return assert!(known.contains(&attributes), "{attributes}");
            }
            _ => return assert_eq!(attributes, ""),
        };
        let value = value
            .and_then(|value| value.strip_suffix('"'))
            .expect("an attribute");
        assert!(!value.contains(['"', '\'']), "{value}");
        check_text(value);
        if name == "a" {
            let address = value.to_ascii_lowercase();
            assert!(
                ["http:", "https:", "mailto:"]
                    .iter()
                    .any(|scheme| address.starts_with(scheme))
            );
        }
    }

    /// Pieces that mean something in Markdown or in HTML.
    fn piece() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "<",
            ">",
            "</",
            "/>",
            "<script>",
            "<img src=x onerror=y>",
            "<!--",
            "-->",
            "<![CDATA[",
            "\"",
            "'",
            "&",
            "&lt;",
            "&#60;",
            "&#x3c;script&#x3e;",
            "[",
            "](",
            "]",
            ")",
            "![",
            "http://",
            "javascript:",
            "java&Tab;script:",
            "data:",
            "mailto:",
            " \"",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "    ",
            "# ",
            "> ",
            "- ",
            "1. ",
            "* ",
            "*",
            "**",
            "_",
            "`",
            "``",
            "```\n",
            "~~",
            "|",
            "|-|-|\n",
            "|-:|:-:|\n",
            "---\n",
            "[x]: ",
            "[ ] ",
            "\\",
            "<a@b>",
            "<http://\"x>",
            "\0",
            "\u{202e}",
            "\u{2028}",
        ]);
        prop_oneof![8 => known.prop_map(str::to_owned), 2 => "\\PC{0,6}", 1 => any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn no_tag_and_no_attribute_comes_from_a_note(pieces in prop::collection::vec(piece(), 0..60)) {
            if let Some(rendered) = render(&pieces.concat()) {
                check(&rendered.html);
            }
        }
    }
}
