//! Lists: every page, each item by itself.
//!
//! Invariant: an item that cannot be understood costs that item, never its page.

use azure_core::{Continuable, Pageable};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::fault::{Fault, FaultKind};

/// More pages than any subscription has; a service that names pages in a circle is cut off.
const MOST: usize = 10_000;

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<Value>,
}

/// The address of the page after this one.
///
/// # Errors
/// [`Protocol`](FaultKind::Protocol) where it is no page.
pub(super) fn next_link(page: &[u8]) -> Result<Option<String>, Fault> {
    let Link { next } = serde_json::from_slice(page).map_err(|_| no_page())?;
    Ok(next.filter(|next| !next.is_empty()))
}

/// The items of all pages, in the service's order.
pub(super) async fn items<T>(
    call: &Call,
    mut pages: Pageable<T, azure_core::Error>,
) -> Result<Vec<Value>, Fault>
where
    T: Continuable,
{
    let mut count = 0;
    while let Some(Ok(_)) = pages.next().await {
        count += 1;
        if count == MOST {
            return Err(Fault::own(FaultKind::Protocol, "a list without an end"));
        }
    }
    let pages = call.pages()?;
    if pages.is_empty() {
        return Err(Fault::own(FaultKind::Protocol, "a list without a page"));
    }
    pages.iter().map(read).collect::<Result<Vec<_>, _>>().map(|pages| pages.into_iter().flatten().collect())
}

fn read(page: &Bytes) -> Result<Vec<Value>, Fault> {
    let Page { value } = serde_json::from_slice(page).map_err(|_| no_page())?;
    Ok(value)
}

fn no_page() -> Fault {
    Fault::own(FaultKind::Protocol, "the service's answer is no page of a list")
}
