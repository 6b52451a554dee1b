//! The file of a plan that was reviewed: what was asked for, the fingerprint, and the page that was read.
//!
//! It holds no secret and no step that could be carried out by itself: who applies it plans again, and goes on only if
//! the plan has the same fingerprint. So a file cannot be made to do what the manifests do not say, and one that was
//! applied cannot be applied again.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use super::breadth::Breadth;
use super::failure::Failure;
use crate::plan::fingerprint::Fingerprint;
use crate::plan::reconcile::Planned;
use crate::render::flags::Flags;
use crate::render::heading::Heading;
use crate::render::page::{self, Extent};
use crate::render::style::Style;

/// The version of the format.
const FORMAT: &str = "acitask-plan-file/1";
/// How wide the page is written, whatever the terminal.
const STYLE: Style = Style { colour: false, width: 100 };

/// A plan that was reviewed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlanFile {
    format: String,
    /// What was asked for.
    pub(crate) asked: Asked,
    /// Of the plan.
    pub(crate) fingerprint: Fingerprint,
    /// The page that was read, line by line.
    page: Vec<String>,
}

/// What a plan was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Asked {
    /// The manifests that were given with `-f`.
    pub(crate) files: Vec<PathBuf>,
    /// The names given with `--adopt`.
    pub(crate) adopt: Vec<String>,
    /// How much of the project it is about, and what it may destroy.
    pub(crate) breadth: Breadth,
}

impl PlanFile {
    /// Of a plan as it is now.
    pub(crate) fn new(heading: &Heading, planned: &Planned, fingerprint: Fingerprint, asked: Asked) -> Self {
        let page = lines(heading, planned);
        Self { format: FORMAT.to_owned(), asked, fingerprint, page }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        text.and_then(|text| fs::write(path, text + "\n"))
            .map_err(|source| Failure::File { path: path.to_owned(), source })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no plan file of a version that is known.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
        let file: Option<Self> = serde_json::from_slice(&text).ok();
        file.filter(|file| file.format == FORMAT).ok_or_else(|| Failure::NoPlanFile { path: path.to_owned() })
    }

    /// What differs between the page that was read and that of the plan as it is now.
    pub(crate) fn difference(&self, heading: &Heading, planned: &Planned) -> Vec<String> {
        let now = lines(heading, planned);
        let (before, now): (Vec<&str>, Vec<&str>) =
            (self.page.iter().map(String::as_str).collect(), now.iter().map(String::as_str).collect());
        let diff = TextDiff::from_slices(&before, &now);
        let changed = diff.iter_all_changes().filter(|line| !line.value().trim().is_empty());
        changed
            .filter_map(|line| match line.tag() {
                ChangeTag::Delete => Some(format!("- {}", line.value())),
                ChangeTag::Insert => Some(format!("+ {}", line.value())),
                ChangeTag::Equal => None,
            })
            .collect()
    }
}

/// The page below its heading, which names a port that changes by itself.
fn lines(heading: &Heading, planned: &Planned) -> Vec<String> {
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    drop(page::write(&mut text, heading, planned, &Flags::default(), STYLE, Extent::Whole));
    String::from_utf8_lossy(&text).lines().skip(1).map(str::to_owned).collect()
}
