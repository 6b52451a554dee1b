//! The state of a whole emulator in a form in which two of them can be compared.

use serde_json::{Map, Value, json};

use super::stand::{SUBSCRIPTION, Stand};
use crate::lasting::lasting;

const RESOURCES: &str = "api-version=2021-04-01";
const GROUPS: &str = "api-version=2025-09-01";

/// Everything that stands in the emulator, and what its tasks posted.
pub(crate) fn world(stand: &Stand) -> Value {
    let names = listed(stand, &format!("{SUBSCRIPTION}/resourcegroups?{RESOURCES}"));
    let mut resource_groups = Map::new();
    for resource_group in names {
        let name = resource_group["name"].as_str().unwrap().to_owned();
        let at = format!("{SUBSCRIPTION}/resourceGroups/{name}");
        let mut content = Map::new();
        for resource in listed(stand, &format!("{at}/resources?{RESOURCES}")) {
            let (kind, called) = (resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
            let (_, seen) =
                stand.send("GET", &format!("{at}/providers/{kind}/{called}?{GROUPS}"), &Value::Null);
            content.insert(format!("{kind}/{called}"), lasting(stand.emulator.origin(), seen));
        }
        let whole = json!({"itself": lasting(stand.emulator.origin(), resource_group), "content": content});
        resource_groups.insert(name, whole);
    }
    json!({"resource groups": resource_groups, "posts": stand.posts()})
}

/// All pages of a list.
fn listed(stand: &Stand, target: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut next = Some(target.to_owned());
    while let Some(target) = next {
        let (status, mut page) = stand.send("GET", &target, &Value::Null);
        assert_eq!(status, 200, "{target}: {page}");
        next = page["nextLink"].as_str().map(str::to_owned);
        all.append(page["value"].as_array_mut().unwrap());
    }
    all
}
