//! Instance views: what containers do and what happened to them.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::name::Name;
use crate::model::observed::{ContainerEvent, ContainerState, ContainerView, Phase, View};

/// The view of a group; absent where the service shows none, as in lists.
pub(super) fn read(properties: &Value) -> Option<View> {
    let view = properties["instanceView"].as_object()?;
    let state = view.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
    let containers = properties["containers"].as_array().into_iter().flatten();
    let containers = containers
        .filter_map(|item| {
            let view = &item["properties"]["instanceView"];
            Some((Name::from(item["name"].as_str()?), container(view.is_object().then_some(view)?)))
        })
        .collect();
    Some(View { state, containers })
}

fn container(view: &Value) -> ContainerView {
    let events = view["events"].as_array().into_iter().flatten();
    ContainerView {
        restart_count: number(&view["restartCount"]),
        current: state(&view["currentState"]),
        previous: state(&view["previousState"]),
        events: events.map(event).collect(),
    }
}

fn state(state: &Value) -> Option<ContainerState> {
    let word = state["state"].as_str()?;
    let phase = match word.to_ascii_lowercase().as_str() {
        "waiting" => Phase::Waiting,
        "running" => Phase::Running,
        "terminated" => Phase::Terminated,
        _ => Phase::Other(word.to_owned()),
    };
    Some(ContainerState {
        phase,
        start_time: time(&state["startTime"]),
        finish_time: time(&state["finishTime"]),
        exit_code: state["exitCode"].as_i64().and_then(|code| i32::try_from(code).ok()),
        detail: text(&state["detailStatus"]),
    })
}

fn event(event: &Value) -> ContainerEvent {
    ContainerEvent {
        name: text(&event["name"]),
        message: text(&event["message"]),
        warning: event["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("warning")),
        count: number(&event["count"]),
        last: time(&event["lastTimestamp"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}
