//! What a container prints, as a stream: a second witness beside its log, of which the service keeps little once the
//! container has ended.
//!
//! Invariant: what is kept is bounded, the newest; whoever drops it lets go of the stream.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_mgmt_containerinstance::package_preview_2024_05::models::ContainerAttachResponse;
use tokio::task::JoinHandle;

use super::Arm;
use super::call::Call;
use super::exec::{Heard, Terminal};
use super::fault::{Fault, FaultKind};
use super::path::segment;
use crate::model::name::GroupId;

/// The most that is kept, in bytes: twice what the service keeps of a running container.
const MOST: usize = 8 << 20;
/// How long the end of the stream may take once the container has ended.
const PARTING: Duration = Duration::from_secs(5);

/// A stream of what a container prints, listened to until this is dropped.
pub struct Attached {
    kept: Arc<Mutex<Kept>>,
    listening: JoinHandle<Heard>,
}

#[derive(Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// Whether the oldest were dropped.
    short: bool,
}

impl Arm {
    /// Listens to what a container prints from now on; whether what it has printed before comes too is the service's.
    /// Source: azure-cli, recording of test_container_attach.
    ///
    /// # Errors
    /// The service's fault, or one of the dial.
    pub async fn attach(&self, id: &GroupId, container: &str) -> Result<Attached, Fault> {
        let (resource_group, name) = (segment(id.resource_group.as_str())?, segment(id.name.as_str())?);
        let call = Call::new(self);
        let client = call.aci().containers_client();
        let outcome =
            client.attach(self.subscription(), resource_group, name, segment(container)?).send().await;
        let answer = call.answer(outcome)?;
        let response: ContainerAttachResponse = serde_json::from_slice(&answer.body)
            .map_err(|_| Fault::own(FaultKind::Protocol, "the service's answer is no attach"))?;
        let terminal = self.stream(response.web_socket_uri, response.password).await?;
        let kept = Arc::<Mutex<Kept>>::default();
        let listening = tokio::spawn(listen(terminal, Arc::clone(&kept)));
        Ok(Attached { kept, listening })
    }
}

async fn listen(mut terminal: Terminal, kept: Arc<Mutex<Kept>>) -> Heard {
    loop {
        match terminal.recv().await {
            Heard::Bytes(bytes) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.bytes.extend(bytes);
                let over = kept.bytes.len().saturating_sub(MOST);
                kept.short |= over > 0;
                drop(kept.bytes.drain(..over));
            }
            end => return end,
        }
    }
}

impl Attached {
    /// All lines that were heard, once the container has ended; nothing where the stream broke off before.
    pub async fn lines(mut self) -> Option<Vec<String>> {
        let ended = tokio::time::timeout(PARTING, &mut self.listening).await;
        if !matches!(ended, Ok(Ok(Heard::Closed))) {
            return None;
        }
        let mut kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8_lossy(kept.bytes.make_contiguous()).into_owned();
        // The first line may have lost its beginning.
        Some(text.lines().skip(usize::from(kept.short)).map(str::to_owned).collect())
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attached")
    }
}
