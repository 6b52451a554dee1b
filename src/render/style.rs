//! What a word is, and the colour that says so: the code names a [`Label`], this page alone knows colours.

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// How many columns there are.
    pub width: usize,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Something that is created, or ended well.
    Add,
    /// Something that is changed.
    Change,
    /// Something that is replaced, or worth a second look.
    Replace,
    /// Something that is deleted, or failed.
    Delete,
    /// A task that runs.
    Run,
    /// The name of something.
    Title,
    /// What explains the rest.
    Aside,
}

impl Style {
    /// No colour, and as many columns as a narrow terminal has.
    pub const PLAIN: Self = Self { colour: false, width: 80 };

    /// The text as its label wants it.
    pub fn paint(self, label: Label, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let plain = owo_colors::Style::new();
        let style = match label {
            Label::Add => plain.green(),
            Label::Change => plain.yellow(),
            Label::Replace => plain.magenta(),
            Label::Delete => plain.red(),
            Label::Run => plain.cyan(),
            Label::Title => plain.bold(),
            Label::Aside => plain.dimmed(),
        };
        style.style(text).to_string()
    }

    /// The same style with fewer columns, for text that is indented.
    pub fn narrowed(self, by: usize) -> Self {
        Self { width: self.width.saturating_sub(by).max(20), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_used_only_where_asked() {
        assert_eq!(Style::PLAIN.paint(Label::Add, "+"), "+");
        let coloured = Style { colour: true, width: 80 }.paint(Label::Add, "+");
        assert_eq!(coloured, "\u{1b}[32m+\u{1b}[0m");
    }
}
