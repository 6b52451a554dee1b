//! Lists: every page, each item by itself.
//!
//! Invariant: an item that cannot be understood costs that item, never its page.

use azure_core::{Continuable, Pageable};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

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

/// What `read` makes of the items of all pages, in the service's order. A page is not kept: it is read while the next one
/// is fetched.
pub(super) async fn items<T, R>(
    call: &Call,
    mut pages: Pageable<T, azure_core::Error>,
    read: fn(&Value) -> Option<R>,
) -> Result<Vec<R>, Fault>
where
    T: Continuable,
    R: Send + 'static,
{
    let mut reading = Vec::new();
    while let Some(Ok(_)) = pages.next().await {
        let page = call.listed();
        let read = async move {
            let Page { value } = serde_json::from_slice(&page).map_err(|_| no_page())?;
            Ok(value.iter().filter_map(read).collect::<Vec<R>>())
        };
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
        items.extend(page.await.map_err(|error| Fault::own(FaultKind::Protocol, error))??);
    }
    Ok(items)
}

fn no_page() -> Fault {
    Fault::own(FaultKind::Protocol, "the service's answer is no page of a list")
}
