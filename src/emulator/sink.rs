//! The sink: a place for tasks to post JSON to, so that what they did can be seen.
//!
//! It keeps what it took, under the bounds below, the oldest going first. Taking is acknowledged only after the
//! record is kept. What counts as JSON on the wire is `http`'s business.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{Change, Record};
use crate::store::{Store, StoreError};

/// How many posts are held.
pub const CAPACITY: usize = 10_000;

/// How many bytes all posts may hold together; the newest one is held in any case.
pub const CAPACITY_BYTES: usize = 64 * 1024 * 1024;

/// A post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Counted from 1, anew after a reset.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// Where it was posted to: `/sink`, or something below it.
    pub path: String,
    /// What was posted.
    pub body: Value,
}

/// The posts; clones look at the same.
#[derive(Clone, Debug)]
pub struct Sink(Arc<Mutex<Basin>>);

#[derive(Debug)]
struct Basin {
    posts: VecDeque<(Post, usize)>,
    bytes: usize,
    last: u64,
    store: Option<Store>,
}

impl Sink {
    /// A sink that keeps its posts in this file, and begins with what is there; in memory only without one.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, StoreError> {
        let store = file.map(Store::open).transpose()?;
        let kept = store.iter().flat_map(|store| store.records().values());
        let posts: VecDeque<(Post, usize)> =
            kept.filter_map(|record| Some((record.read()?, record.size()))).collect();
        let bytes = posts.iter().map(|(_, size)| size).sum();
        let last = posts.back().map_or(0, |(post, _)| post.number);
        Ok(Self(Arc::new(Mutex::new(Basin { posts, bytes, last, store }))))
    }

    /// The posts that are held, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.basin().posts.iter().map(|(post, _)| post.clone()).collect()
    }

    /// Keeps a post and gives its number.
    pub(crate) fn take(&self, at: Timestamp, path: &str, body: Value) -> Result<u64, StoreError> {
        let mut basin = self.basin();
        let number = basin.last + 1;
        let post = Post { number, at, path: path.to_owned(), body };
        // A post is made of JSON already: it always has a JSON form.
        let record = Record::of(&post);
        let size = record.as_ref().map_or(0, Record::size);
        let sizes = basin.posts.iter().map(|(_, size)| *size);
        let overflow = overflow(sizes, basin.bytes + size, CAPACITY, CAPACITY_BYTES);
        let gone =
            basin.posts.iter().take(overflow).map(|(post, _)| Change { key: key(post.number), value: None });
        let mut changes: Vec<Change> = gone.collect();
        changes.push(Change { key: key(number), value: record });
        if let Some(store) = &mut basin.store {
            store.append(&changes)?;
        }
        let dropped: usize = basin.posts.drain(..overflow).map(|(_, size)| size).sum();
        basin.bytes = basin.bytes - dropped + size;
        basin.posts.push_back((post, size));
        basin.last = number;
        Ok(number)
    }

    /// Forgets all posts.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let mut basin = self.basin();
        if let Some(store) = &mut basin.store {
            store.clear()?;
        }
        basin.posts.clear();
        basin.bytes = 0;
        basin.last = 0;
        Ok(())
    }

    fn basin(&self) -> MutexGuard<'_, Basin> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the oldest must go, where one more comes and `bytes` is the size of all with it.
fn overflow(
    sizes: impl ExactSizeIterator<Item = usize>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
) -> usize {
    let mut count = sizes.len() + 1;
    let mut bytes = bytes;
    sizes
        .take_while(|oldest| {
            let full = count > most || bytes > most_bytes;
            count -= 1;
            bytes -= oldest;
            full
        })
        .count()
}

/// Keys sort as numbers do.
fn key(number: u64) -> String {
    format!("{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn outlives_its_process_in_order() -> Outcome {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("sink.jsonl");
        let sink = Sink::open(Some(&file))?;
        for name in ["dog", "cat"] {
            sink.take(Timestamp::UNIX_EPOCH, "/sink", json!({"name": name}))?;
        }
        let before = sink.posts();
        drop(sink);
        let sink = Sink::open(Some(&file))?;
        assert_eq!(sink.posts(), before);
        assert_eq!(sink.take(Timestamp::UNIX_EPOCH, "/sink", json!(null))?, 3);
        sink.clear()?;
        drop(sink);
        assert_eq!(Sink::open(Some(&file))?.posts(), []);
        Ok(())
    }

    #[test]
    fn the_oldest_go_first_by_count_and_by_size() {
        let rows: [(&[usize], usize, usize); 7] = [
            (&[], 5, 0),
            (&[], 1000, 0),
            (&[10, 10], 10, 0),
            (&[10, 10, 10], 10, 1),
            (&[60, 20], 20, 0),
            (&[60, 20], 21, 1),
            (&[60, 20, 20], 1000, 3),
        ];
        for (sizes, size, wanted) in rows {
            assert_eq!(
                overflow(sizes.iter().copied(), sizes.iter().sum::<usize>() + size, 3, 100),
                wanted,
                "{sizes:?} and {size}"
            );
        }
    }

    #[test]
    fn holds_no_more_than_its_capacity() -> Outcome {
        let sink = Sink::open(None)?;
        for number in 0..CAPACITY + 3 {
            sink.take(Timestamp::UNIX_EPOCH, "/sink", json!(number))?;
        }
        let held = sink.posts();
        assert_eq!(held.len(), CAPACITY);
        assert_eq!(held.first().map(|post| post.number), Some(4));
        Ok(())
    }
}
