//! The events of a container as the instance view shows them: merged where they say the same, with a count.
//!
//! Names and wording are those recorded in 2024 (azure-powershell recordings of ContainerInstance) and of
//! Azure's page "Troubleshoot common issues in Azure Container Instances". Requests that name an older version of the
//! API are told them as they were told in its time: up to 2020-11-01 images by their tags, with a `Created`, without the
//! end of a container (azure-libraries-for-net session records; azure-sdk-for-net, ContainerGroupsStartRestartStopTest);
//! up to 2023 with the id of a container that the platform ended (azure-powershell, Start-AzContainerGroup).

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
    /// Told by old versions only.
    Created,
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
            Self::Pulling | Self::Pulled | Self::Created | Self::Started | Self::Killing => "Normal",
            Self::Failed | Self::BackOff | Self::FailedMount | Self::Unhealthy => "Warning",
        }
    }
}

/// Versions before this one know no digests and no ends.
const DIGESTS: &str = "2021-03-01";
/// Versions before this one name what the platform ended by its id.
const NAMES: &str = "2024";
/// How the event of a container that the platform ended closes.
const BY_THE_PLATFORM: &str = "(platform initiated).";

/// How the event of a container that ended by itself begins; it counts all of them, whatever their ids
/// (azure-powershell, Stop-AzContainerGroupSpotContainer).
const WITH_ID: &str = "Killing container with id";

/// Whose events they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container<'a> {
    pub(crate) image: &'a str,
    /// 64 hexadecimal digits.
    pub(crate) id: &'a str,
}

/// The event of a container that the platform ended.
pub(crate) fn ended_by_the_platform(name: &str) -> String {
    format!("Killing container {name} {BY_THE_PLATFORM}")
}

/// The event of a container that ended by itself.
pub(crate) fn ended_by_itself(id: &str) -> String {
    format!("{WITH_ID} {id}.")
}

/// The events as a version of the API tells them.
pub(crate) fn told(events: &[Happening], of: Container<'_>, version: &str) -> Vec<Value> {
    let before = |first: &str| version < first;
    let mut told = Vec::with_capacity(events.len());
    for event in events {
        let mut event = event.clone();
        match event.name {
            Name::Killing if before(DIGESTS) => continue,
            Name::Killing if before(NAMES) && event.message.ends_with(BY_THE_PLATFORM) => {
                event.message = ended_by_itself(of.id);
            }
            Name::Pulling if before(DIGESTS) => event.message = format!("pulling image \"{}\"", of.image),
            Name::Pulled if before(DIGESTS) => {
                event.message = format!("Successfully pulled image \"{}\"", of.image);
            }
            Name::Started if before(DIGESTS) => {
                let message = "Created container".to_owned();
                told.push(Happening { name: Name::Created, message, ..event.clone() }.view());
            }
            _ => {}
        }
        told.push(event.view());
    }
    told
}

/// Earlier events with those after them.
pub(crate) fn joined(mut earlier: Vec<Happening>, mut later: Vec<Happening>) -> Vec<Happening> {
    earlier.append(&mut later);
    earlier.split_off(earlier.len().saturating_sub(MOST))
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
    if message.starts_with(WITH_ID) {
        return WITH_ID;
    }
    message.split_once(": ").map_or(message, |(head, _)| head)
}

impl Happening {
    /// Whether it is the event of this name and message.
    pub(crate) fn tells(&self, name: Name, message: &str) -> bool {
        self.name == name && self.message == message
    }

    /// As the instance view shows it: times in whole seconds.
    fn view(&self) -> Value {
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
