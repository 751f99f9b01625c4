//! HTML that is written tag by tag, with a limit.

use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Tag, TagEnd};

use crate::wire::excerpt::brief_excerpt;

/// Bytes of HTML after which the rest is left out; escaping may make the last text longer.
pub const MAX_HTML_BYTES: usize = 128 << 10;
/// Bytes of an address; longer ones are left out.
const MAX_ADDRESS_BYTES: usize = 2048;
/// Tags inside each other. Browsers have limits too, and become slow before.
const MAX_DEPTH: usize = 64;

/// HTML as far as it is written.
#[derive(Default)]
pub struct Html {
    html: String,
    /// What closes the tags that are open; nothing for one that was left out.
    open: Vec<&'static str>,
    /// Whether a link is open, in which there can be no other.
    in_link: bool,
    /// Where the text begins of each link and image that is open, and its address.
    named: Vec<(usize, String)>,
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
    pub fn add(&mut self, event: Event<'_>) -> bool {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.name_by_address();
                self.close();
            }
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
        if self.table.in_head {
            self.open(&format!("<th{class}>"), "</th>");
        } else {
            self.open(&format!("<td{class}>"), "</td>");
        }
    }

    fn numbered_list(&mut self, first: u64) {
        if self.has_room() {
            self.open(&format!("<ol start=\"{first}\">\n"), "</ol>\n");
        } else {
            self.open.push("");
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
        self.named.push((self.html.len(), brief_excerpt(&address)));
    }

    /// Without a text a link or an image would not be seen.
    fn name_by_address(&mut self) {
        let (start, address) = self.named.pop().unwrap_or_default();
        if self.html[start..].trim().is_empty() {
            self.html.truncate(start);
            self.text(&address);
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

    /// Closes what is open.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.html
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
