//! Reads the parts of a Markdown page that the checks need: anchors, links and blocks of code.

/// A place in a page, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Counted from 1.
    pub line: usize,
    /// The target of a link, or the first line of a block of code without its fence.
    pub text: String,
}

/// What a page has for readers and for links.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The names that a link to this page may have after `#`.
    pub anchors: Vec<String>,
    /// The targets of links and pictures, in the order of the page.
    pub links: Vec<Found>,
    /// The languages of the blocks of code, as `rust,no_run`.
    pub blocks: Vec<Found>,
    /// The names of headings, before equal ones got a number.
    titles: Vec<String>,
}

impl Page {
    /// Reads a page.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut page = Self::default();
        let mut fence: Option<&str> = None;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let trimmed = line.trim_start();
            let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
            match (fence, mark) {
                (Some(open), Some(mark)) if open == mark => fence = None,
                (Some(_), _) => {}
                (None, Some(mark)) => {
                    fence = Some(mark);
                    let text = trimmed.trim_start_matches(['`', '~']).trim().to_owned();
                    page.blocks.push(Found { line: number, text });
                }
                (None, None) => page.read_line(number, line),
            }
        }
        page
    }

    fn read_line(&mut self, number: usize, line: &str) {
        if let Some(title) = heading(line) {
            let name = anchor(title);
            let before = self.titles.iter().filter(|title| **title == name).count();
            self.titles.push(name.clone());
            self.anchors.push(if before == 0 { name } else { format!("{name}-{before}") });
        }
        let text = without_code(line);
        let definition = text.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let inline = text.split("](").skip(1).map(|rest| until(rest, &[')', ' ']));
        let attributes = ["href=\"", "src=\"", "srcset=\""].into_iter();
        let html =
            attributes.flat_map(|name| text.split(name).skip(1).map(|rest| until(rest, &['"'])));
        let targets = inline.chain(html).chain(definition.map(|(_, target)| until(target, &[' '])));
        self.links.extend(targets.map(|text| Found { line: number, text: text.to_owned() }));
        let ids = ["id=\"", "name=\""].into_iter().flat_map(|name| text.split(name).skip(1));
        self.anchors.extend(ids.map(|rest| until(rest, &['"']).to_owned()));
    }
}

/// Returns the text of a heading without its marks.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let depth = line.len() - title.len();
    ((1..=6).contains(&depth) && title.starts_with(' ')).then(|| title.trim())
}

/// Returns the name of a heading for links, as GitHub and mdBook make it.
fn anchor(title: &str) -> String {
    let mut text = String::new();
    let mut rest = title;
    // Of a link, only its text counts.
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let kept = |c: char| match c {
        ' ' => Some('-'),
        _ if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    };
    text.to_lowercase().chars().filter_map(kept).collect()
}

/// Leaves out everything in backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn until<'a>(text: &'a str, ends: &[char]) -> &'a str {
    text.split(ends).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Found, Page};

    fn found(line: usize, text: &str) -> Found {
        Found { line, text: text.to_owned() }
    }

    #[test]
    fn links_outside_of_code_are_found_in_every_form() {
        let page = Page::of(
            "See [a](a.md) and [b](../b.md#c \"title\").\n\
             `[no](no.md)`\n\
             ```rust,no_run\n[no](no.md)\n# no heading\n```\n\
             [1]: d.md\n\
             <picture><source srcset=\"e.svg\"><img src=\"f.svg\" alt=\"\"></picture>\n",
        );
        let links = [
            found(1, "a.md"),
            found(1, "../b.md#c"),
            found(7, "d.md"),
            found(8, "f.svg"),
            found(8, "e.svg"),
        ];
        assert_eq!(page.links, links);
        assert_eq!(page.blocks, [found(3, "rust,no_run")]);
        assert_eq!(page.anchors, [""; 0]);
    }

    #[test]
    fn anchors_are_made_as_on_the_web() {
        let page = Page::of(
            "# What does \"full\" mean?\n## `Lane::fifo`, and [more](x.md)\n### Twice\n### Twice\n\
             #no heading\n<a id=\"own\"></a>\n",
        );
        let expected = ["what-does-full-mean", "lanefifo-and-more", "twice", "twice-1", "own"];
        assert_eq!(page.anchors, expected);
    }
}
