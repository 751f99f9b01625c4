use proptest::prelude::*;

use super::html::MAX_HTML_BYTES;
use super::render;

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
fn a_link_or_an_image_without_a_text_is_seen_by_its_address() {
    let rel = "rel=\"noopener noreferrer nofollow\"";
    for (note, expected) in [
        (
            "![](https://a.example/x.png)",
            format!("Image: <a {rel} href=\"https://a.example/x.png\">https://a.example/x.png</a>"),
        ),
        (
            "![ ](pictures/x&y.png)",
            "Image: <span title=\"pictures/x&amp;y.png\">pictures/x&amp;y.png</span>".to_owned(),
        ),
        (
            "[](https://a.example)",
            format!("<a {rel} href=\"https://a.example\">https://a.example</a>"),
        ),
        (
            "[![](x.png)](https://a.example)",
            format!("<a {rel} href=\"https://a.example\">Image: x.png</a>"),
        ),
    ] {
        assert_eq!(html(note), format!("<p>{expected}</p>\n"), "{note}");
    }
    let long = html(&format!(
        "![](data:image/png;base64,{})",
        "A".repeat(10_000)
    ));
    assert!(long.contains("data:image") && long.len() < 1_000, "{long}");
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
        "[", "![", "[a](", "[](", "(", "]", "*", "**a ", "_a*", "*a_ ", "`", "` ``", "<", "<a ",
        "<!--", "<?", "&", "&#", "\\", "~~", "> ", ">", "#", "1) ", "- ", "+\ta\n", "|", "a|b\n",
        "\r", "\0", "[^a]", "$", "--\n", "http://", "[a][a]", "**", "*_", "<b", "\t", "   -\n",
        "```\n", "\"", "([", "[x](<", "]()", "\u{202e}",
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
