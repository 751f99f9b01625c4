//! Two texts as one, with the marks that editors know where they differ.

use diffy::Line;

/// Both texts; none when one of them is no text.
pub fn marked(file: &[u8], copy: &[u8], file_name: &str, copy_name: &str) -> Option<String> {
    let (file, copy) = (str::from_utf8(file).ok()?, str::from_utf8(copy).ok()?);
    let mut marks = Marks {
        names: (file_name, copy_name),
        text: String::new(),
        file: String::new(),
        copy: String::new(),
    };
    let mut options = diffy::DiffOptions::new();
    options.set_context_len(usize::MAX);
    for line in options
        .create_patch(file, copy)
        .hunks()
        .iter()
        .flat_map(diffy::Hunk::lines)
    {
        marks.add(line);
    }
    marks.close();
    Some(marks.text)
}

/// What was read until now; `file` and `copy` hold the lines that differ last.
struct Marks<'a> {
    names: (&'a str, &'a str),
    text: String,
    file: String,
    copy: String,
}

impl Marks<'_> {
    fn add(&mut self, line: &Line<str>) {
        match line {
            Line::Context(line) => {
                self.close();
                self.text += line;
            }
            Line::Delete(line) => self.file += line,
            Line::Insert(line) => self.copy += line,
        }
    }

    fn close(&mut self) {
        let (file, copy) = (
            std::mem::take(&mut self.file),
            std::mem::take(&mut self.copy),
        );
        if file.is_empty() && copy.is_empty() {
            return;
        }
        let (file_name, copy_name) = self.names;
        let end = |text: &str| {
            if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                "\n"
            }
        };
        self.text += &format!(
            "<<<<<<< {file_name}\n{file}{}=======\n{copy}{}>>>>>>> {copy_name}\n",
            end(&file),
            end(&copy)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str, copy: &str) -> String {
        marked(file.as_bytes(), copy.as_bytes(), "file", "copy").unwrap()
    }

    #[test]
    fn lines_that_differ_are_marked_and_others_are_not() {
        let expected = "1\n<<<<<<< file\n2\n=======\ntwo\n>>>>>>> copy\n3\n";
        assert_eq!(of("1\n2\n3\n", "1\ntwo\n3\n"), expected);
        let expected = "1\n<<<<<<< file\n=======\n2\n>>>>>>> copy\n";
        assert_eq!(of("1\n", "1\n2"), expected);
    }

    #[test]
    fn nothing_is_left_out_of_long_texts() {
        let lines: Vec<String> = (0..1000).map(|number| format!("{number}\n")).collect();
        let text = lines.concat();
        let both = of(&text, &text.replace("\n500\n", "\nfive hundred\n"));
        assert_eq!(both.lines().count(), 1000 + 4);
    }

    #[test]
    fn what_is_no_text_is_not_shown() {
        assert_eq!(marked(b"\xff", b"a", "file", "copy"), None);
    }
}
