//! The text of an entry as lists show it, made once and kept until the entry is touched.
//!
//! Invariant: a text was made of the entry as it is. The shelf guards it: it gives a mutable entry away only with its
//! text forgotten.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

/// An entry with the last text that was made of it.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    entry: T,
    /// What the text depends on beside the entry (the version of a request), and the text.
    text: RefCell<Option<(String, Arc<str>)>>,
}

impl<T> Slot<T> {
    pub(super) fn new(entry: T) -> Self {
        Self { entry, text: RefCell::default() }
    }

    /// The entry.
    pub(crate) fn entry(&self) -> &T {
        &self.entry
    }

    pub(super) fn entry_mut(&mut self) -> &mut T {
        self.text.take();
        &mut self.entry
    }

    pub(super) fn into_entry(self) -> T {
        self.entry
    }

    /// The entry as JSON text, as `show` makes it; `show` may depend on nothing but the entry and `of`.
    pub(crate) fn text(&self, of: &str, show: impl FnOnce(&T) -> Value) -> Arc<str> {
        let mut kept = self.text.borrow_mut();
        match &*kept {
            Some((made, text)) if made == of => Arc::clone(text),
            _ => {
                let text: Arc<str> = show(&self.entry).to_string().into();
                *kept = Some((of.to_owned(), Arc::clone(&text)));
                text
            }
        }
    }
}
