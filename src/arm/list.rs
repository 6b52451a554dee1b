//! Lists: every page, each item by itself.
//!
//! Invariant: an item that cannot be understood costs that item, never its page.

use azure_core::{Continuable, Pageable};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::fault::{Fault, FaultKind};

/// More pages than any subscription has; a service that names pages in a circle is cut off.
const MOST: usize = 10_000;

/// One page of a list.
#[derive(Deserialize)]
pub(super) struct Page {
    /// Its items.
    #[serde(rename = "value")]
    pub(super) items: Vec<Value>,
    /// The address of the page after it.
    #[serde(rename = "nextLink")]
    pub(super) next: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// [`Protocol`](FaultKind::Protocol) where it is none.
pub(super) fn page(body: &[u8]) -> Result<Page, Fault> {
    let page: Page = serde_json::from_slice(body)
        .map_err(|_| Fault::own(FaultKind::Protocol, "the service's answer is no page of a list"))?;
    Ok(Page { next: page.next.filter(|next| !next.is_empty()), ..page })
}

/// What `read` makes of the items of all pages, in the service's order. A page is read as it comes and is not kept.
pub(super) async fn items<T, R>(
    call: &Call,
    mut pages: Pageable<T, azure_core::Error>,
    read: impl Fn(&Value) -> Option<R>,
) -> Result<Vec<R>, Fault>
where
    T: Continuable,
{
    let (mut count, mut items) = (0, Vec::new());
    while let Some(Ok(_)) = pages.next().await {
        items.extend(call.listed().iter().filter_map(&read));
        count += 1;
        if count == MOST {
            return Err(Fault::own(FaultKind::Protocol, "a list without an end"));
        }
    }
    call.over()?;
    if count == 0 {
        return Err(Fault::own(FaultKind::Protocol, "a list without a page"));
    }
    Ok(items)
}
