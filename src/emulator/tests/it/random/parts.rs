//! What requests are made of by chance: known shapes, changed at random places.

use serde_json::{Value, json};

/// A request to be sent.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

const METHODS: [&str; 9] = ["GET", "GET", "PUT", "PUT", "PATCH", "POST", "DELETE", "HEAD", "BREW"];
const GROUP: &str = "/subscriptions/s/resourceGroups/rg";
const TASK: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/g";

/// The methods and paths that there are; `{g}` is a resource group, `{t}` a container group, `{p}` the provider.
const KNOWN: [(&str, &str); 46] = [
    ("GET", "/tenants"),
    ("GET", "/subscriptions"),
    ("GET", "/subscriptions/s"),
    ("GET", "/subscriptions/s/locations"),
    ("GET", "/subscriptions/s/providers"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance"),
    ("POST", "/subscriptions/s/providers/Microsoft.ContainerInstance/register"),
    ("GET", "/subscriptions/s/resources"),
    ("GET", "/subscriptions/s/resourceGroups"),
    ("GET", "/providers/Microsoft.ContainerInstance/operations"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance/containerGroups"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/westeurope/usages"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/westeurope/capabilities"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/West%20Europe/cachedImages"),
    ("GET", "/subscriptions/s/providers/Microsoft.ContainerInstance/locations/x/operations/1"),
    ("PUT", "/subscriptions/s/providers/Microsoft.Resources/tags/default"),
    ("PUT", "{g}"),
    ("PUT", "{g}"),
    ("PUT", "{g}"),
    ("GET", "{g}"),
    ("HEAD", "{g}"),
    ("PATCH", "{g}"),
    ("GET", "{g}/resources"),
    ("PUT", "{g}/providers/Microsoft.Network/virtualNetworks/net"),
    ("PATCH", "{g}/providers/Microsoft.Network/virtualNetworks/net"),
    ("PUT", "{g}/providers/Microsoft.Network/virtualNetworks/net/subnets/a"),
    ("DELETE", "{g}/providers/Microsoft.Network/virtualNetworks/net"),
    ("GET", "{g}/providers/Microsoft.ContainerInstance/containerGroups"),
    ("PATCH", "{g}/providers/Microsoft.Resources/tags/default"),
    ("PUT", "{t}"),
    ("PUT", "{t}"),
    ("PUT", "{t}"),
    ("GET", "{t}"),
    ("GET", "{t}"),
    ("HEAD", "{t}"),
    ("PATCH", "{t}"),
    ("DELETE", "{t}"),
    ("POST", "{t}/start"),
    ("POST", "{t}/stop"),
    ("POST", "{t}/restart"),
    ("GET", "{t}/containers/c/logs"),
    ("POST", "{t}/containers/c/exec"),
    ("POST", "{t}/containers/c/attach"),
    ("GET", "{t}/outboundNetworkDependenciesEndpoints"),
    ("PATCH", "{t}/providers/Microsoft.Resources/tags/default"),
    ("GET", "/execstream/sessionId/1"),
];

const SEGMENTS: [&str; 24] = [
    "subscriptions",
    "s",
    "t",
    "resourceGroups",
    "rg",
    "providers",
    "Microsoft.ContainerInstance",
    "containerGroups",
    "g",
    "containers",
    "c",
    "logs",
    "exec",
    "start",
    "tags",
    "default",
    "locations",
    "logstream",
    "sessionId",
    "%2F%00",
    "%C3%A4%20",
    "%FF",
    "..",
    "%25%32%46",
];

const QUERIES: [&str; 16] = [
    "?api-version=2025-09-01",
    "?api-version=2025-09-01",
    "?api-version=2025-09-01",
    "?api-version=2018-10-01",
    "?API-VERSION=2024-05-01-PREVIEW",
    "?api-version=2018-10-01&tail=-1",
    "?api-version=2024-05-01-preview&tail=99999999999999999999",
    "?api-version=2025-09-01&$top=1&$skiptoken=AAAA",
    "?api-version=2025-09-01&%24top=0",
    "?api-version=2025-09-01&$filter=tagName%20eq%20'a'%20and%20tagValue%20eq%20'b'",
    "?api-version=2025-09-01&$filter=((((substringof('x',name)",
    "?api-version=2025-09-01&$expand=provisioningState&$top=2",
    "?api-version=2025-09-01&timestamps=true&tail=18446744073709551615",
    "?api-version=2025-99-99",
    "?&&==%00&api-version",
    "",
];

/// A small generator of pseudo-random numbers (xorshift).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A request; `kept` is an address that was answered.
pub(super) fn request(dice: &mut Dice, token: &str, kept: &str) -> Asked {
    let (method, path) = *dice.pick(&KNOWN);
    let group = if dice.below(8) == 0 { "/subscriptions/s/resourceGroups/Other" } else { GROUP };
    let task = if dice.below(4) == 0 { format!("{TASK}{}", dice.below(3)) } else { TASK.to_owned() };
    let mut path = path.replace("{t}", &task).replace("{g}", group);
    if dice.below(3) == 0 {
        path = changed_path(dice, path);
    }
    let mut target = format!("{path}{}", dice.pick(&QUERIES));
    if dice.below(12) == 0 && !kept.is_empty() {
        target = kept.to_owned();
    }
    let any_method = dice.below(4) == 0 || (path == group && dice.below(60) == 0);
    let method = if any_method { *dice.pick(&METHODS) } else { method };
    let mut body = body(dice, &path);
    if dice.below(20) == 0 {
        body.truncate(
            (0..=dice.below(body.len() + 1)).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0),
        );
    }
    if method == "GET" && dice.below(4) > 0 {
        body.clear();
    }
    Asked { method: method.to_owned(), target, headers: headers(dice, token), body }
}

fn headers(dice: &mut Dice, token: &str) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    match dice.below(60) {
        0 => {}
        1 => headers.push(("authorization", "Bearer a.b.c".to_owned())),
        2 => headers.push(("authorization", token.replace('.', ""))),
        _ => headers.push(("authorization", token.to_owned())),
    }
    let odd = "x".repeat(dice.below(2_000));
    let more: [(&str, String); 10] = [
        ("host", "localhost:4000".to_owned()),
        ("host", odd.clone()),
        ("origin", "http://evil.example".to_owned()),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("content-type", "text/plain".to_owned()),
        ("accept", odd.clone()),
        ("if-match", "*".to_owned()),
        ("x-ms-client-request-id", odd),
        ("content-length", "3".to_owned()),
        ("expect", "100-continue".to_owned()),
    ];
    if dice.below(10) == 0 {
        headers.push(dice.pick(&more).clone());
    }
    if dice.below(40) == 0 {
        for (name, value) in
            [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]
        {
            headers.push((name, value.to_owned()));
        }
    }
    headers
}

/// A path that is a little or quite another.
fn changed_path(dice: &mut Dice, path: String) -> String {
    let mut segments: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
    for _ in 0..=dice.below(2) {
        let at = dice.below(segments.len().max(1));
        let new = (*dice.pick(&SEGMENTS)).to_owned();
        match dice.below(9) {
            0 => segments.insert(at.min(segments.len()), new),
            1 if segments.len() > 1 => {
                segments.remove(at);
            }
            2 => segments.insert(at.min(segments.len()), String::new()),
            3 => segments.push(new),
            4 => segments.truncate(at + 1),
            5 => segments.push(String::new()),
            6 => segments[at] = segments[at].to_uppercase(),
            7 => segments[at] = "n".repeat(1 + dice.below(400)),
            _ => segments[at] = new,
        }
    }
    format!("/{}", segments.join("/"))
}

/// A value of any kind and size.
fn any(dice: &mut Dice) -> Value {
    match dice.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(u64::MAX),
        5 => json!("x".repeat(dice.below(600))),
        6 => json!([]),
        7 => json!([{"name": "c"}, null, 1]),
        8 => json!({}),
        9 => json!(""),
        10 => json!("\u{0}\u{202e}ä"),
        11 => json!(0.000_1),
        12 => json!([[[[[[[[]]]]]]]]),
        _ => json!({"name": {"value": ["nested"]}, "": null}),
    }
}

/// The body that belongs to a path, in which some places may have become anything.
fn body(dice: &mut Dice, path: &str) -> String {
    let mut body = if path.ends_with("/exec") {
        json!({"command": "sh -c true", "terminalSize": {"rows": 1, "cols": 1}})
    } else if path.ends_with("/default") {
        let operation = *dice.pick(&["Merge", "Replace", "Delete"]);
        json!({"operation": operation, "properties": {"tags": {"a": "b", "c": ""}}})
    } else if path.contains("containerGroups/") {
        container_group(dice)
    } else {
        json!({"location": "westeurope", "tags": {"a": "b"}, "properties": {"x": 1}})
    };
    if dice.below(2) == 0 {
        let mut places: Vec<String> = Vec::new();
        name(&body, "", &mut places);
        for _ in 0..=dice.below(3) {
            let place = dice.pick(&places).clone();
            if let Some(slot) = body.pointer_mut(&place) {
                *slot = any(dice);
            }
        }
    }
    body.to_string()
}

/// A container group, plain or with everything.
fn container_group(dice: &mut Dice) -> Value {
    let image = *dice.pick(&["simulated/run:forever", "weak", "missing:1", "registry.example/a/b@sha256:00"]);
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}, "limits": {"cpu": 2}});
    let variables = json!([{"name": "A", "value": "a"}, {"name": "B", "secureValue": "b"}]);
    let mut container = json!({
        "image": image, "command": ["a"], "ports": [{"port": 80, "protocol": "tcp"}],
        "environmentVariables": variables, "resources": resources,
    });
    let mut properties = json!({
        "osType": "Linux", "restartPolicy": *dice.pick(&["Always", "OnFailure", "never"]),
        "ipAddress": {"type": "Public", "dnsNameLabel": "label-one", "ports": [{"port": 80}]}, "sku": "Standard",
    });
    if dice.below(3) == 0 {
        let probe = json!({"httpGet": {"path": "/", "port": 80, "scheme": "http"}, "periodSeconds": 5});
        container["livenessProbe"] = probe;
        container["readinessProbe"] = json!({"exec": {"command": ["true"]}, "initialDelaySeconds": 1});
        container["volumeMounts"] = json!([{"name": "data-one", "mountPath": "/data", "readOnly": true}]);
        container["configMap"] = json!({"keyValuePairs": {"k": "v"}});
        container["securityContext"] = json!({"privileged": false, "runAsUser": 1});
        properties["volumes"] = json!([
            {"name": "data-one", "emptyDir": {}},
            {"name": "secret-one", "secret": {"a": "Yg=="}},
            {"name": "share-one", "azureFile": {"shareName": "s", "storageAccountName": "a", "storageAccountKey": "k"}},
        ]);
        let first = json!({"name": "first", "properties": {"image": "weak", "command": ["true"]}});
        properties["initContainers"] = json!([first]);
        properties["imageRegistryCredentials"] =
            json!([{"server": "registry.example", "username": "u", "password": "p"}]);
        properties["diagnostics"] = json!({"logAnalytics": {"workspaceId": "w", "workspaceKey": "k"}});
        properties["dnsConfig"] =
            json!({"nameServers": ["127.0.0.1"], "searchDomains": "x", "options": "ndots:2"});
    }
    properties["containers"] = json!([{"name": "c", "properties": container}]);
    json!({
        "location": "westeurope", "tags": {"a": "b"}, "zones": [], "properties": properties,
        "identity": {"type": *dice.pick(&["None", "None", "SystemAssigned"])},
    })
}

/// Names every place of a document, as JSON pointers.
fn name(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| name(inner, &format!("{at}/{key}"), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| name(inner, &format!("{at}/{index}"), places));
        }
        _ => {}
    }
}
