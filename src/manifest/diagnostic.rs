//! What is wrong with manifests, shown where it is wrong.
//!
//! Invariant: a refusal names all errors of all files, sorted by file and place, and no secret value that acitask was given.

use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, SourceCode};

use super::opened::Opened;
use super::page::Page;
use super::rule::{Rule, Severity};
use super::tree::Span;

/// How many errors are told, and how many warnings and notes: more than people read, and no text makes of them more than
/// can be written.
const MOST: usize = 1_000;

/// A breach of a rule, with the places that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    rule: Rule,
    message: String,
    help: Option<String>,
    file: usize,
    source: Option<Shown>,
    labels: Vec<(Span, String)>,
    elsewhere: Option<(Span, &'static str)>,
}

/// A file to show; two of them are equal by name, since a name is read once.
#[derive(Clone, Debug)]
struct Shown(Arc<Page>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl Eq for Shown {}

impl Diagnostic {
    /// A breach that has no place in a file.
    pub(super) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: printable(message.into()),
            help: None,
            file: usize::MAX,
            source: None,
            labels: vec![],
            elsewhere: None,
        }
    }

    /// A file that cannot be read.
    pub(super) fn unreadable(name: &str, reason: &str) -> Self {
        let help = if reason.contains("UTF-8") {
            "save it as UTF-8 text"
        } else if reason.contains("MB") {
            "split it into several files; all files of a folder are read together"
        } else {
            "make it readable, or take it out of the folder of the manifests"
        };
        Self::new(Rule::Readable, format!("{name} cannot be read: {reason}")).help(help)
    }

    /// Adds a place. All places of a diagnostic are in one file; the first decides where it is sorted.
    pub(super) fn label(mut self, file: usize, span: Span, text: impl Into<String>) -> Self {
        self.file = file;
        self.labels.push((span, printable(text.into())));
        self
    }

    /// Names a place in another file, which cannot be labelled with this one.
    pub(super) fn elsewhere(mut self, span: Span, text: &'static str) -> Self {
        self.elsewhere = Some((span, text));
        self
    }

    /// Whether it is about a file.
    pub(super) fn is_in(&self, file: usize) -> bool {
        self.file == file
    }

    /// How many places it is about.
    pub(super) fn places(&self) -> usize {
        self.labels.len()
    }

    /// Whether its first place begins in a stretch.
    pub(super) fn begins_in(&self, stretch: Span) -> bool {
        let first = self.labels.first().map(|(span, _)| span.start);
        first.is_some_and(|start| (stretch.start..=stretch.end).contains(&start))
    }

    /// Says what to do.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(printable(text.into()));
        self
    }

    /// The rule that is broken.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The names of the file, if it is about one, and the offset of its first place in bytes.
    pub fn place(&self) -> Option<(&str, usize)> {
        let (span, _) = self.labels.first()?;
        Some((self.source.as_ref()?.0.name(), span.start))
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The places that it is about, the first of which it is sorted by.
    pub fn spots(&self) -> Vec<Spot> {
        let Some(Shown(file)) = &self.source else { return vec![] };
        let spot = |(span, label): &(Span, String)| {
            let (line, column) = file.position(span.start);
            let (end_line, end_column) = file.position(span.end);
            Spot { file: file.name().to_owned(), line, column, end_line, end_column, label: label.clone() }
        };
        self.labels.iter().map(spot).collect()
    }

    /// Lays the file under it: that of its first place. Places in other files are named in the message.
    fn shown(mut self, files: &[Opened]) -> Self {
        let Some((first, _)) = self.labels.first() else { return self };
        let Some(at) = file_of(files, first.start) else { return self };
        self.file = at;
        let base = files[at].base;
        self.source = Some(Shown(Arc::clone(files[at].page())));
        let (here, far): (Vec<_>, Vec<_>) = std::mem::take(&mut self.labels)
            .into_iter()
            .partition(|(span, _)| file_of(files, span.start) == Some(at));
        let local = |span: Span| Span { start: span.start - base, end: span.end.max(span.start) - base };
        self.labels = here.into_iter().map(|(span, text)| (local(span), text)).collect();
        let elsewhere = self.elsewhere.take().map(|(span, text)| (span, text.to_owned()));
        for (span, text) in far.into_iter().chain(elsewhere) {
            if let Some(opened) = file_of(files, span.start).map(|at| &files[at]) {
                let file = opened.page();
                let (line, _) = file.position(span.start - opened.base);
                self.message = format!("{}; {text} at {}:{line}", self.message, file.name());
            }
        }
        self
    }
}

/// The file that a byte is in.
fn file_of(files: &[Opened], at: usize) -> Option<usize> {
    files.partition_point(|opened| opened.base <= at).checked_sub(1)
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.rule.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|Shown(file)| &**file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Shown(file) = self.source.as_ref()?;
        let label = |(place, (span, text)): (usize, &(Span, String))| {
            let Span { start, end } = file.underlined(*span);
            match place {
                // It stands in the heading of what is shown.
                0 => LabeledSpan::new_primary_with_span(Some(text.clone()), (start, end - start)),
                _ => LabeledSpan::new(Some(text.clone()), start, end - start),
            }
        };
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().enumerate().map(label)) as Box<_>)
    }
}

/// A place in a file, as people and editors count: lines and columns (of characters) from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file, as it is shown.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// The line where it ends.
    pub end_line: usize,
    /// The column after its end.
    pub end_column: usize,
    /// What there is to say about it.
    pub label: String,
}

/// The manifests are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Every error, sorted by file and place; never empty.
    pub diagnostics: Vec<Diagnostic>,
    /// What else a person should look at.
    pub warnings: Vec<Diagnostic>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.diagnostics.len() {
            1 => f.write_str("the manifests have an error"),
            count => write!(f, "the manifests have {count} errors"),
        }
    }
}

impl std::error::Error for Rejected {}

impl miette::Diagnostic for Rejected {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        let all = self.diagnostics.iter().chain(&self.warnings);
        Some(Box::new(all.map(|each| each as &dyn miette::Diagnostic)))
    }
}

/// Sorts diagnostics, lays their files under them, and parts errors from warnings.
pub(super) fn part(diagnostics: Vec<Diagnostic>, files: &[Opened]) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let mut shown: Vec<_> = diagnostics.into_iter().map(|each| each.shown(files)).collect();
    shown.sort_by(|a, b| key(a).cmp(&key(b)));
    shown.dedup_by(|again, first| again == first || is_same_value(again, first));
    let (errors, others) = shown.into_iter().partition(|each| each.rule.severity() == Severity::Error);
    (first(errors), first(others))
}

/// Whether two findings are one mistake: a value that several aliases bring to several places.
fn is_same_value(again: &Diagnostic, first: &Diagnostic) -> bool {
    let about = |rule| {
        matches!(
            rule,
            Rule::UnknownKey
                | Rule::Type
                | Rule::Word
                | Rule::Name
                | Rule::Step
                | Rule::ImageName
                | Rule::Latest
                | Rule::SecretLiteral
        )
    };
    let place = |each: &Diagnostic| each.labels.first().map(|(span, _)| *span);
    again.rule == first.rule
        && about(again.rule)
        && again.file == first.file
        && place(again).is_some()
        && place(again) == place(first)
}

/// A text without what would act on a terminal or turn its direction.
fn printable(text: String) -> String {
    let acts = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(acts) {
        return text;
    }
    let escaped =
        |letter: char| if acts(letter) { letter.escape_default().to_string() } else { letter.to_string() };
    text.chars().map(escaped).collect()
}

/// The first of many, and how many more there are.
fn first(mut all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let more = all.len().saturating_sub(MOST);
    let Some(next) = all.get(MOST).filter(|_| more > 0) else { return all };
    let message = format!("{more} more findings are left out");
    let last = Diagnostic::new(next.rule, message).help("they are told when those before them are settled");
    all.truncate(MOST);
    all.push(last);
    all
}

fn key(diagnostic: &Diagnostic) -> (usize, Option<Span>, Rule, &str) {
    let first = diagnostic.labels.first().map(|(span, _)| *span);
    (diagnostic.file, first, diagnostic.rule, &diagnostic.message)
}
