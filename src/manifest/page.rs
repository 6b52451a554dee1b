//! A file as it is shown: its name, its text, where its lines begin, and the few lines around a place.
//!
//! Invariant: what is shown of a place costs as much as its lines, and of a line of any length a stretch, so that a
//! thousand findings in one line are a thousand short pictures. Lines and columns count from 1, columns in characters.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::tree::Span;

/// The longest line in bytes that is shown whole, and how much of a longer one is shown on both sides of a place.
const LONG: usize = 110;
const AROUND: usize = 36;
/// The longest stretch that is underlined, and the most lines.
const UNDERLINED: usize = 80;
const MOST_LINES: usize = 3;

/// The text of a file under the name it is shown with.
#[derive(Debug)]
pub(super) struct Page {
    name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Page {
    pub(super) fn new(name: String, text: String) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after).collect();
        let text = quiet(text);
        Self { name, text, lines }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The line and the column of a byte.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line(at);
        let start = self.lines[line];
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or_default();
        (line + 1, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }

    /// A stretch as it is underlined: long ones as far as their first line goes.
    pub(super) fn underlined(&self, span: Span) -> Span {
        let end = span.end.min(self.text.len());
        let is_short = end.saturating_sub(span.start) <= UNDERLINED;
        if is_short && self.line(end) - self.line(span.start) < MOST_LINES {
            return Span { end, ..span };
        }
        let line = self.end(self.line(span.start));
        Span { end: self.boundary(end.min(line).min(span.start + UNDERLINED)).max(span.start), ..span }
    }

    /// The number of the line, from 0, that a byte is in.
    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Where a line ends, its line break left out.
    fn end(&self, line: usize) -> usize {
        let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The character's beginning at a byte or before it.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default()
    }

    fn is_long(&self, line: usize) -> bool {
        self.end(line) - self.lines[line] > LONG
    }

    /// What is shown around a stretch: some lines before and after it, or a part of a line that is too long.
    fn window(&self, span: Span, before: usize, after: usize) -> Option<(Span, usize)> {
        let (first, last) = (self.line(span.start), self.line(span.end));
        if (first..=last).any(|line| self.is_long(line)) {
            // Places in a long line that are far apart are shown one by one.
            if span.end - span.start > LONG {
                return None;
            }
            let start = self.boundary(span.start.saturating_sub(AROUND)).max(self.lines[first]);
            let end = self.boundary((span.end + AROUND).min(self.end(last)));
            return Some((Span { start, end: end.max(span.end) }, first));
        }
        let short = |lines: &mut dyn Iterator<Item = usize>, most| {
            lines.take(most).take_while(|line| !self.is_long(*line)).last()
        };
        let top = short(&mut (0..first).rev(), before).unwrap_or(first);
        let bottom = short(&mut (last + 1..self.lines.len()), after).unwrap_or(last);
        let mut start = self.lines[top];
        if self.text[start..].starts_with('\u{feff}') {
            start += '\u{feff}'.len_utf8();
        }
        Some((Span { start: start.min(span.start), end: self.end(bottom).max(span.end) }, top))
    }
}

/// A text of as many bytes without what would act on a terminal or turn its direction.
fn quiet(text: String) -> String {
    let acts = |letter: char| {
        (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r'))
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return text;
    }
    text.chars()
        .flat_map(|letter| {
            let (shown, count) = if acts(letter) { ('?', letter.len_utf8()) } else { (letter, 1) };
            std::iter::repeat_n(shown, count)
        })
        .collect()
}

impl SourceCode for Page {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let span = Span { start: span.offset(), end: span.offset() + span.len() };
        if span.end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (shown, top) = self.window(span, before, after).ok_or(MietteError::OutOfBounds)?;
        let data = self.text.get(shown.start..shown.end).ok_or(MietteError::OutOfBounds)?.as_bytes();
        let count = self.line(shown.end) - top + 1;
        // Without lines around it the place itself is asked for, which stands in the heading.
        let (line, column) = match (before, after) {
            (0, 0) => self.position(span.start),
            _ => (top + 1, 1),
        };
        let place = (shown.start, shown.end - shown.start).into();
        let contents =
            MietteSpanContents::new_named(self.name.clone(), data, place, line - 1, column - 1, count);
        Ok(Box::new(contents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &Page, start: usize, end: usize) -> Option<(&str, usize)> {
        let (span, top) = page.window(Span { start, end }, 1, 1)?;
        Some((&page.text[span.start..span.end], top + 1))
    }

    #[test]
    fn places_are_counted_in_characters_from_one() {
        let page = Page::new("a".into(), "\u{feff}a: ü\r\nb: 1\n".into());
        let at = |needle: &str| page.text.find(needle).map(|at| page.position(at));
        assert_eq!(at("a:"), Some((1, 1)));
        assert_eq!(at("\r"), Some((1, 5)));
        assert_eq!(at("b:"), Some((2, 1)));
        assert_eq!(page.position(page.text.len()), (3, 1));
        assert_eq!(Page::new("a".into(), String::new()).position(0), (1, 1));
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        let page = Page::new("a".into(), "a: \u{1b}[31m\u{85}\u{202e}b\tc\n".into());
        assert_eq!(page.text, "a: ?[31m?????b\tc\n");
    }

    #[test]
    fn the_lines_around_a_place_are_shown() {
        let page = Page::new("a".into(), "one\ntwo\nthree\nfour\r\nfive".into());
        assert_eq!(shown(&page, 4, 7), Some(("one\ntwo\nthree", 1)));
        assert_eq!(shown(&page, 0, 3), Some(("one\ntwo", 1)));
        assert_eq!(shown(&page, 20, 24), Some(("four\r\nfive", 4)));
    }

    #[test]
    fn of_a_long_line_a_stretch_is_shown_and_of_its_neighbours_nothing() {
        let long = "ü".repeat(1_000);
        let page = Page::new("a".into(), format!("one\n{long}\nthree\n"));
        let (text, line) = shown(&page, 1_004, 1_006).unwrap_or_default();
        assert_eq!((text.chars().count(), line), (37, 2));
        assert_eq!(shown(&page, 0, 3), Some(("one", 1)));
        // Two places of it are too far apart to be shown together.
        assert_eq!(shown(&page, 4, 1_004), None);
    }

    #[test]
    fn long_stretches_are_underlined_in_their_first_line() {
        let page = Page::new("a".into(), format!("a: |\n  b\n  c\n  d\ne: {}\n", "ü".repeat(1_000)));
        let underlined = |start, end| page.underlined(Span { start, end }).end;
        assert_eq!(underlined(0, 2), 2);
        assert_eq!(underlined(3, 8), 8);
        assert_eq!(underlined(3, 15), 4);
        assert!(page.text.is_char_boundary(underlined(20, 2_000)) && underlined(20, 2_000) < 200);
    }
}
