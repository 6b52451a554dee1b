//! Properties that no specification names, for `get.unknown-fields`: a client must pass over them.

use serde_json::{Value, json};

use crate::contract::{Body, Reply};

/// Adds unknown properties to an answer that is a document.
pub(crate) fn add_to(answer: &mut Reply) {
    if let Some(document) = answer.body.document() {
        let mut view = document.into_owned();
        add(&mut view);
        answer.body = Body::Json(view);
    }
}

/// Adds unknown properties at several levels of a view.
fn add(view: &mut Value) {
    let Some(fields) = view.as_object_mut() else {
        return;
    };
    if let Some(items) = fields.get_mut("value").and_then(Value::as_array_mut) {
        items.iter_mut().for_each(add);
    }
    for name in ["properties", "instanceView", "currentState", "ipAddress"] {
        if let Some(inner) = fields.get_mut(name) {
            add(inner);
        }
    }
    for container in fields.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
        add(container);
    }
    // What is asked for by name stays as it is: unknown names among tags would be tags.
    if !fields.contains_key("error") && !fields.contains_key("tags") || fields.contains_key("id") {
        fields.insert("futureSetting".to_owned(), json!({"mode": "unknown", "levels": [1, 2]}));
    }
}
