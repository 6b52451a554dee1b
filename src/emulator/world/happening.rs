//! The events of a container as the instance view shows them: merged where they say the same, with a count.
//!
//! Names and wording are those recorded in 2024 (azure-powershell recordings of ContainerInstance) and of
//! Azure's page "Troubleshoot common issues in Azure Container Instances".

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something that happened to a container, perhaps several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Happening {
    name: Name,
    message: String,
    count: u32,
    first: Timestamp,
    last: Timestamp,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Name {
    Pulling,
    Pulled,
    Started,
    Killing,
    Failed,
    BackOff,
    FailedMount,
    Unhealthy,
}

impl Name {
    fn kind(self) -> &'static str {
        match self {
            Self::Pulling | Self::Pulled | Self::Started | Self::Killing => "Normal",
            Self::Failed | Self::BackOff | Self::FailedMount | Self::Unhealthy => "Warning",
        }
    }
}

/// The most events that a container shows; the oldest go first.
const MOST: usize = 50;

/// Notes that it happened, now. What happened before counts again: what has the same name, and the same message up to
/// the reason that may stand behind a colon.
pub(crate) fn note(events: &mut Vec<Happening>, name: Name, message: String, now: Timestamp) {
    let same = |event: &&mut Happening| event.name == name && head(&event.message) == head(&message);
    match events.iter_mut().find(same) {
        Some(event) => {
            event.count += 1;
            event.last = now;
            event.message = message;
        }
        None => {
            if events.len() == MOST {
                events.remove(0);
            }
            events.push(Happening { name, message, count: 1, first: now, last: now });
        }
    }
}

fn head(message: &str) -> &str {
    message.split_once(": ").map_or(message, |(head, _)| head)
}

impl Happening {
    /// Whether it is the event of this name and message.
    pub(crate) fn tells(&self, name: Name, message: &str) -> bool {
        self.name == name && self.message == message
    }

    /// As the instance view shows it: times in whole seconds.
    pub(crate) fn view(&self) -> Value {
        let Self { name, message, count, first, last } = self;
        json!({
            "count": count,
            "firstTimestamp": whole_seconds(*first),
            "lastTimestamp": whole_seconds(*last),
            "name": name,
            "message": message,
            "type": name.kind(),
        })
    }
}

fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
