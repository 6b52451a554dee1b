//! What a PUT on an existing container group comes to: a deployment, or a change under the running containers.
//!
//! Config maps alone are live: "updating it needs no restart", and a body may then name the containers with nothing but
//! their config maps (Azure's page "Use config maps with container instances"). Anything else is a deployment, also where
//! nothing differs ("the container will restart in response to the create command", Azure's page on updates).

use serde_json::Value;

use super::body::{Object, Wish, completed};

/// What a PUT asks for.
#[derive(Clone, PartialEq)]
pub(crate) enum Asked {
    /// All containers start anew.
    Deployment(Wish),
    /// The containers go on running; their config maps become those of the wish.
    Live(Wish),
}

impl Asked {
    pub(crate) fn wish(&self) -> &Wish {
        match self {
            Self::Deployment(wish) | Self::Live(wish) => wish,
        }
    }
}

/// What is asked of a live group.
pub(crate) fn asked(live: &Wish, sent: &Wish) -> Asked {
    if let Some(wish) = with_config_maps(live, sent) {
        return Asked::Live(wish);
    }
    let sent = completed(sent);
    if *live != sent && bare(live) == bare(&sent) { Asked::Live(sent) } else { Asked::Deployment(sent) }
}

/// The live wish with the config maps of a body that has nothing else to say.
fn with_config_maps(live: &Wish, sent: &Wish) -> Option<Wish> {
    let Wish { properties, identity, zones, beside } = sent;
    let only_config = |container: &Value| {
        let properties = container["properties"].as_object();
        properties.is_some_and(|it| it.len() == 1 && it.contains_key("configMap"))
    };
    let named = properties.get("containers")?.as_array().filter(|list| !list.is_empty())?;
    let mut rest = properties.iter().filter(|(name, _)| *name != "containers");
    let fits = named.iter().all(only_config)
        && rest.all(|(name, value)| live.properties.get(name) == Some(value))
        && (identity.is_none() || *identity == live.identity)
        && (zones.is_none() || *zones == live.zones)
        && (beside.is_empty() || *beside == live.beside);
    if !fits {
        return None;
    }
    let mut wish = live.clone();
    for one in named {
        let container =
            containers(&mut wish.properties).find(|container| container["name"] == one["name"])?;
        container["properties"]["configMap"] = one["properties"]["configMap"].clone();
    }
    Some(wish)
}

/// A wish without its config maps.
fn bare(wish: &Wish) -> Wish {
    let mut wish = wish.clone();
    for container in containers(&mut wish.properties) {
        if let Some(properties) = container["properties"].as_object_mut() {
            properties.remove("configMap");
        }
    }
    wish
}

fn containers(properties: &mut Object) -> impl Iterator<Item = &mut Value> {
    properties.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wish(container: &Value) -> Wish {
        let properties = json!({"osType": "Linux", "containers": [{"name": "a", "properties": container}]});
        Wish { properties: properties.as_object().cloned().unwrap_or_default(), ..Wish::default() }
    }

    #[test]
    fn only_config_maps_are_live() {
        let config = |value: &str| json!({"keyValuePairs": {"k": value}});
        let live = completed(&wish(&json!({"image": "i", "configMap": config("old")})));
        let rows = [
            (json!({"image": "i", "configMap": config("new")}), true),
            (json!({"image": "i"}), true),
            (json!({"configMap": config("old")}), true),
            (json!({"image": "i", "configMap": config("old")}), false),
            (json!({"image": "j", "configMap": config("new")}), false),
            (json!({}), false),
        ];
        for (sent, is_live) in rows {
            let asked = asked(&live, &wish(&sent));
            assert_eq!(matches!(asked, Asked::Live(_)), is_live, "{sent}");
            assert!(!is_live || asked.wish().properties["containers"][0]["properties"]["image"] == "i");
        }
    }
}
