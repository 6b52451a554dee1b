//! Lists: every page, each item by itself.
//!
//! Invariant: an item that cannot be understood costs that item, never its page.

use azure_core::{Continuable, Pageable};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::task::AbortOnDropHandle;

use super::call::Call;
use super::fault::{Fault, FaultKind};

/// More pages than any subscription has; a service that names pages in a circle is cut off.
const MOST: usize = 10_000;

#[derive(Deserialize)]
struct Shown<'p> {
    #[serde(borrow)]
    value: Vec<&'p RawValue>,
    #[serde(rename = "nextLink")]
    next: Option<String>,
}

/// A page of a list.
#[derive(Default)]
pub(super) struct Page {
    /// Its items, each as JSON text.
    pub(super) items: Vec<Bytes>,
    /// The address of the page after this one.
    pub(super) next: Option<String>,
}

impl Page {
    /// Takes an answer apart.
    ///
    /// # Errors
    /// [`Protocol`](FaultKind::Protocol) where it is no page.
    pub(super) fn read(answer: &Bytes) -> Result<Self, Fault> {
        let Shown { value, next } = serde_json::from_slice(answer)
            .map_err(|_| Fault::own(FaultKind::Protocol, "the service's answer is no page of a list"))?;
        let items = value.into_iter().map(|item| answer.slice_ref(item.get().as_bytes())).collect();
        Ok(Self { items, next: next.filter(|next| !next.is_empty()) })
    }
}

/// What `read` makes of the items of all pages, in the service's order. A page is not kept: it is read while the next one
/// is fetched.
pub(super) async fn items<T, R>(
    call: &Call,
    mut pages: Pageable<T, azure_core::Error>,
    read: fn(&[u8]) -> Option<R>,
) -> Result<Vec<R>, Fault>
where
    T: Continuable,
    R: Send + 'static,
{
    let mut reading = Vec::new();
    while let Some(Ok(_)) = pages.next().await {
        let items = call.listed();
        let read = async move { items.iter().filter_map(|item| read(item)).collect::<Vec<R>>() };
        reading.push(AbortOnDropHandle::new(tokio::spawn(read)));
        if reading.len() == MOST {
            return Err(Fault::own(FaultKind::Protocol, "a list without an end"));
        }
    }
    call.over()?;
    if reading.is_empty() {
        return Err(Fault::own(FaultKind::Protocol, "a list without a page"));
    }
    let mut items = Vec::new();
    for page in reading {
        items.extend(page.await.map_err(|error| Fault::own(FaultKind::Protocol, error))?);
    }
    Ok(items)
}
