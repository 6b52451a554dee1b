//! A file that was read, and how it is shown: only where something is said about it, and then with its secrets covered.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::Source;
use super::book::Document;
use super::mask;
use super::page::Page;

/// A file and the number of its first byte.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) base: usize,
    source: Source,
    documents: Vec<Document>,
    secrets: Arc<BTreeSet<String>>,
    /// Whether all of it could be read.
    whole: bool,
    page: OnceLock<Arc<Page>>,
}

/// Without its text, in which secrets can stand.
impl fmt::Debug for Opened {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opened").field("name", &self.source.name).field("base", &self.base).finish()
    }
}

impl Opened {
    /// A file whose first byte has this number, with the documents that could be read of it, `whole` if those are all.
    pub(super) fn new(
        (base, source): (usize, Source),
        (documents, whole): (Vec<Document>, bool),
        secrets: Arc<BTreeSet<String>>,
    ) -> Self {
        Self { base, source, documents, secrets, whole, page: OnceLock::new() }
    }

    /// The file as it is shown.
    pub(super) fn page(&self) -> &Arc<Page> {
        self.page.get_or_init(|| {
            let Self { base, source: Source { name, text }, documents, secrets, whole, page: _ } = self;
            Arc::new(Page::new(name.clone(), mask::text(*base, text, documents, secrets, *whole)))
        })
    }
}
