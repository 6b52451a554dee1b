//! A plan as Markdown for a pull request: what hurts first, then the counts, a table, the details folded away, and the
//! command that applies exactly this.
//!
//! Invariants: the page begins with a marker by which a later one replaces it; it is always shorter than
//! 65,000 characters (GitHub refuses longer comments), whole lines being left out and counted; text from manifests and from
//! Azure cannot end a table, a fold or a code block, mention anybody or load anything.

use crate::plan::Impact;
use crate::plan::fingerprint::Fingerprint;
use crate::plan::reconcile::Planned;
use crate::render::changes;
use crate::render::entry::{Count, Entry, entries};
use crate::render::flags::Flags;
use crate::render::heading::Heading;
use crate::render::page::impact_text;
use crate::render::style::Style;
use crate::render::text::{counted, harmless};
use crate::render::title::Mark;

/// GitHub's limit for the body of a comment is 65,536 characters.
const LONGEST: usize = 65_000;
/// How many columns a line of the details has.
const WIDTH: usize = 110;

/// The page, with the fingerprint and the command that applies exactly this plan, where one does: only what `acitask
/// apply` does can be reviewed first.
pub fn page(
    heading: &Heading,
    planned: &Planned,
    (fingerprint, apply): (&Fingerprint, Option<&str>),
    flags: &Flags,
) -> String {
    let Planned { plan, notes, conflicts, blocks, unchanged } = planned;
    let entries = entries(plan);
    let mut page = Page::default();
    // Nothing in the marker may depend on the plan: it is how the next comment finds this one.
    page.line(&format!("<!-- acitask plan {} -->", plain(&heading.owner.to_string())));
    page.line(&format!("### acitask plan · {}", escaped(&heading.owner.to_string())));
    page.line("");
    page.line(&escaped(&heading.place.to_string()));
    page.line("");
    warnings(&mut page, &entries);
    page.line(&format!("**{}**", total(&entries, *unchanged)));
    page.line("");
    for (word, subject, text, help) in remarks(planned) {
        let subject = subject.map(|subject| format!("{}: ", escaped(&subject))).unwrap_or_default();
        let help = help.map(|help| format!(" {}", escaped(&flags.within(&help)))).unwrap_or_default();
        page.line(&format!("> **{word}:** {subject}{}.{help}", escaped(&text)));
        page.line("");
    }
    if !entries.is_empty() {
        table(&mut page, &entries);
        details(&mut page, &entries);
    }
    if !notes.is_empty() {
        let count = counted(notes.len(), "note", "notes");
        let opened = page.opened(&format!("<details><summary>{count}</summary>\n"));
        for note in notes {
            let help = note.help.as_ref().map(|help| format!(" {}", escaped(&flags.within(help))));
            page.item(&format!(
                "- {}: {}.{}",
                escaped(&note.subject.to_string()),
                escaped(&note.text),
                help.unwrap_or_default()
            ));
        }
        page.closed(opened, "</details>\n");
    }
    if let Some(apply) = apply
        && conflicts.is_empty()
        && blocks.is_empty()
        && !entries.is_empty()
    {
        page.end(&format!("Fingerprint `{fingerprint}`. To apply exactly this:"));
        page.end("");
        page.end("```console");
        page.end(&format!("$ {apply}"));
        page.end("```");
    }
    page.text()
}

/// Deletions and replacements come first: they are what a reviewer must not miss.
fn warnings(page: &mut Page, entries: &[Entry<'_>]) {
    let mut warn = |mark: Mark, word: &str| {
        let hurt: Vec<&Entry<'_>> = entries.iter().filter(|entry| entry.mark == mark).collect();
        if hurt.is_empty() {
            return;
        }
        page.line("> [!WARNING]");
        page.line(&format!("> **{} {word}.**", counted(hurt.len(), "resource", "resources")));
        for entry in hurt.iter().take(20) {
            let impacts = impacts(&entry.impacts);
            let impacts = if impacts.is_empty() { impacts } else { format!(" — {impacts}") };
            page.line(&format!("> - {}{impacts}", escaped(&entry.subject.to_string())));
        }
        if hurt.len() > 20 {
            page.line(&format!("> - and {} more", hurt.len() - 20));
        }
        page.line("");
    };
    warn(Mark::Delete, "will be deleted");
    warn(Mark::Replace, "will be replaced: deleted, then created again");
}

type Remark = (&'static str, Option<String>, String, Option<String>);

fn remarks(planned: &Planned) -> Vec<Remark> {
    let conflicts = planned.conflicts.iter().map(|conflict| {
        let subject = Some(conflict.subject.to_string());
        ("Conflict", subject, conflict.text.clone(), Some(conflict.help.clone()))
    });
    let blocks = planned.blocks.iter().map(|block| {
        let subject = block.subject.as_ref().map(ToString::to_string);
        ("Blocked", subject, block.text.clone(), Some(block.help.clone()))
    });
    conflicts.chain(blocks).collect()
}

fn total(entries: &[Entry<'_>], unchanged: usize) -> String {
    if entries.is_empty() {
        return format!("No changes. {unchanged} unchanged.");
    }
    let Count { add, change, replace, delete, run } = Count::of(entries);
    let runs = counted(run, "run", "runs");
    format!(
        "{add} to add, {change} to change, {replace} to replace, {delete} to delete · {runs} · {unchanged} unchanged"
    )
}

fn table(page: &mut Page, entries: &[Entry<'_>]) {
    let opened = page.opened("| | what | why | impact |\n| --- | --- | --- | --- |");
    for entry in entries {
        page.item(&format!(
            "| `{}` | {} | {} | {} |",
            entry.mark.sign(),
            cell(&entry.subject.to_string()),
            cell(&entry.reason.to_string()),
            cell(&impacts(&entry.impacts)),
        ));
    }
    page.closed(opened, "");
}

fn details(page: &mut Page, entries: &[Entry<'_>]) {
    if entries.iter().all(|entry| entry.changes.is_empty()) {
        return;
    }
    let opened = page.opened("<details><summary>Differences</summary>\n\n````diff");
    for entry in entries.iter().filter(|entry| !entry.changes.is_empty()) {
        page.item(&format!("# {} {}", entry.mark.sign(), fenced(&entry.subject.to_string())));
        for line in changes::signed(entry.changes, Style { colour: false, width: WIDTH }) {
            page.item(&fenced(&line));
        }
    }
    page.closed(opened, "````\n</details>\n");
}

fn impacts(impacts: &[Impact]) -> String {
    impacts.iter().map(|impact| impact_text(*impact)).collect::<Vec<_>>().join(", ")
}

/// Text that is shown as it is: no mark-up, no mention, no link. Only pairs of single backticks stay what they are.
fn escaped(text: &str) -> String {
    let text = harmless(text);
    let paired = text.matches('`').count().is_multiple_of(2) && !text.contains("``");
    let mut code = false;
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '`' if paired => {
                code = !code;
                shown.push('`');
            }
            '`' => shown.push('\''),
            _ if code => shown.push(character),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // A word joiner keeps a name from being a mention and an address from being a link.
            '@' => shown.push_str("@\u{2060}"),
            '\\' | '*' | '_' | '[' | ']' | '#' | '!' | '~' => {
                shown.push('\\');
                shown.push(character);
            }
            _ => shown.push(character),
        }
    }
    shown
}

fn cell(text: &str) -> String {
    escaped(text).replace('|', "\\|")
}

/// Text inside of a block of code, which it cannot end.
fn fenced(text: &str) -> String {
    text.replace("````", "'''' ")
}

/// Text inside of a comment, which it cannot end.
fn plain(text: &str) -> String {
    text.replace("--", "- -").replace('>', "")
}

/// Lines up to the longest page that is allowed.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    ending: Vec<String>,
    length: usize,
    left_out: usize,
}

/// What is kept free for ends of folds and for the last lines.
const RESERVED: usize = 3_000;

/// What an opened fold or table needs at least to be worth it.
const WORTH: usize = 200;

impl Page {
    /// A line that a page does not go without.
    fn line(&mut self, text: &str) {
        self.item(text);
    }

    /// A line of a list, which can be left out. After the first that is left out no other is taken, so that there is no
    /// gap that nobody sees.
    fn item(&mut self, text: &str) {
        if self.left_out > 0 || self.length + length(text) > LONGEST - RESERVED {
            self.left_out += 1;
        } else {
            self.add(text);
        }
    }

    /// Begins what has to be closed, or holds nothing without what follows; not where the page is full.
    fn opened(&mut self, text: &str) -> bool {
        let room = self.left_out == 0 && self.length + length(text) + WORTH <= LONGEST - RESERVED;
        if room {
            self.add(text);
        } else {
            self.left_out += 1;
        }
        room
    }

    /// The end of what was opened; always there, or absent like the beginning.
    fn closed(&mut self, opened: bool, text: &str) {
        if opened {
            self.add(text);
        }
    }

    /// A line at the end of the page; always there.
    fn end(&mut self, text: &str) {
        self.ending.push(text.chars().take(RESERVED / 2).collect());
    }

    fn add(&mut self, text: &str) {
        self.length += length(text);
        self.lines.push(text.to_owned());
    }

    fn text(mut self) -> String {
        if self.left_out > 0 {
            let more = counted(self.left_out, "line is", "lines are");
            self.lines.push(format!("_{more} left out; the job's log has the whole plan._"));
            self.lines.push(String::new());
        }
        self.lines.extend(self.ending);
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

/// How long a line is with its end, in UTF-16 units: whoever counts characters otherwise counts fewer.
fn length(text: &str) -> usize {
    text.encode_utf16().count() + 1
}
