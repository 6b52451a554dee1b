//! What a step is called: its mark, and the words for doing it and having done it.

use crate::plan::{Action, Begin, Subject};
use crate::render::style::{Label, Style};
use crate::render::text::{columns, wrapped};

/// The sign before a step or an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// `+`
    Create,
    /// `~`
    Change,
    /// `-/+`
    Replace,
    /// `-`
    Delete,
    /// `▶`
    Run,
}

impl Mark {
    /// The mark of an action that stands alone.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::CreateResourceGroup { .. } | Action::CreateGroup(_) => Self::Create,
            Action::TagResourceGroup(_)
            | Action::UpdateGroup(..)
            | Action::TagGroup(_)
            | Action::StartGroup
            | Action::StopGroup => Self::Change,
            Action::DeleteResourceGroup | Action::DeleteGroup { .. } => Self::Delete,
            Action::Run(_) => Self::Run,
        }
    }

    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Create => "+",
            Self::Change => "~",
            Self::Replace => "-/+",
            Self::Delete => "-",
            Self::Run => "▶",
        }
    }

    /// The sign in a column of three, coloured where colour is wanted.
    pub fn column(self, style: Style) -> String {
        let sign = self.sign();
        let label = match self {
            Self::Create => Label::Add,
            Self::Change => Label::Change,
            Self::Replace => Label::Replace,
            Self::Delete => Label::Delete,
            Self::Run => Label::Run,
        };
        let before = " ".repeat(3usize.saturating_sub(sign.chars().count()));
        format!("{before}{}", style.paint(label, sign))
    }
}

/// A mark, a subject and what is said of it: on one line where that fits, else below, indented.
pub(crate) fn lines(mark: &str, subject: &str, column: usize, told: &str, style: Style) -> Vec<String> {
    let title = style.paint(Label::Title, subject);
    let pad = column.saturating_sub(columns(subject));
    if columns(subject) + pad + columns(told) + 6 <= style.width {
        let told = style.paint(Label::Aside, told);
        return vec![format!("{mark} {title}{}  {told}", " ".repeat(pad))];
    }
    let below = wrapped(told, style.narrowed(6).width);
    let below = below.iter().map(|part| format!("      {}", style.paint(Label::Aside, part)));
    std::iter::once(format!("{mark} {title}")).chain(below).collect()
}

/// The words for doing an action and for having done it.
pub fn words(action: &Action) -> (&'static str, &'static str) {
    match action {
        Action::CreateResourceGroup { .. } | Action::CreateGroup(_) => ("creating", "created"),
        Action::TagResourceGroup(_) | Action::TagGroup(_) => ("tagging", "tagged"),
        Action::UpdateGroup(..) => ("updating", "updated"),
        Action::DeleteResourceGroup | Action::DeleteGroup { replaced: false } => ("deleting", "deleted"),
        Action::DeleteGroup { replaced: true } => ("deleting to replace", "deleted to be replaced"),
        Action::StartGroup => ("starting", "started"),
        Action::StopGroup => ("stopping", "stopped"),
        Action::Run(run) => match run.begin {
            Begin::Adopt(_) => ("following", "ended"),
            Begin::Exec(_) | Begin::Create(_) | Begin::Replace(_) | Begin::Start { .. } | Begin::Fan(_) => {
                ("running", "ended")
            }
        },
    }
}

/// The last name of a subject: what stands before a task's lines.
pub fn short(subject: &Subject) -> &str {
    match subject {
        Subject::ResourceGroup(name) | Subject::Run(name) => name.as_str(),
        Subject::Group(id) => id.name.as_str(),
    }
}
