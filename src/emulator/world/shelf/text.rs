//! The texts of an entry as lists and as it alone is shown, each made once and kept until the entry is touched.
//!
//! Invariant: a text was made of the entry as it is. The shelf guards it: it gives a mutable entry away only with its
//! text forgotten.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// An item of a list.
    Listed,
    /// The entry alone.
    Whole,
}

/// An entry with the last text of each kind that was made of it.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    entry: T,
    listed: RefCell<Option<Text>>,
    whole: RefCell<Option<Text>>,
}

/// A text, and what it depends on beside the entry: the version of a request.
#[derive(Debug)]
struct Text {
    of: String,
    text: Arc<str>,
}

impl<T> Slot<T> {
    pub(super) fn new(entry: T) -> Self {
        Self { entry, listed: RefCell::default(), whole: RefCell::default() }
    }

    /// The entry.
    pub(crate) fn entry(&self) -> &T {
        &self.entry
    }

    pub(super) fn entry_mut(&mut self) -> &mut T {
        self.listed.take();
        self.whole.take();
        &mut self.entry
    }

    pub(super) fn into_entry(self) -> T {
        self.entry
    }

    /// The entry as JSON text, as `show` makes it; `show` may depend on nothing but the entry and `of`.
    pub(crate) fn text(&self, kind: Shown, of: &str, show: impl FnOnce(&T) -> Value) -> Arc<str> {
        let kept = match kind {
            Shown::Listed => &self.listed,
            Shown::Whole => &self.whole,
        };
        let mut kept = kept.borrow_mut();
        if let Some(Text { of: made, text }) = &*kept
            && made == of
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = show(&self.entry).to_string().into();
        *kept = Some(Text { of: of.to_owned(), text: Arc::clone(&text) });
        text
    }
}
