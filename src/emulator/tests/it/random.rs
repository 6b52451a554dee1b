//! Thousands of requests made by chance of what real ones are made of: none makes the emulator fail.

use acitask_emulator::{Emulator, Options};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::Outcome;
use super::wire::bare;

/// How many requests are sent.
const REQUESTS: usize = 4_000;

const METHODS: [&str; 7] = ["GET", "PUT", "PUT", "PATCH", "POST", "DELETE", "HEAD"];

const SEGMENTS: [&str; 26] = [
    "subscriptions",
    "s",
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
    "stop",
    "restart",
    "Microsoft.Resources",
    "tags",
    "default",
    "locations",
    "operations",
    "operationresults",
    "execstream",
    "sessionId",
    "resources",
    "%2F%00",
    "%C3%A4 ",
];

const QUERIES: [&str; 8] = [
    "?api-version=2025-09-01",
    "?api-version=2025-09-01",
    "?api-version=2018-10-01&tail=-1",
    "?api-version=2024-05-01-preview&tail=99999999999999999999",
    "?api-version=2025-09-01&$top=1&$skiptoken=AAAA",
    "?api-version=2025-09-01&timestamps=true&tail=18446744073709551615",
    "?api-version=2025-99-99",
    "",
];

const TASK: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/g";

/// A small generator of pseudo-random numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A path: one that exists, a beginning of it with chance behind, or chance alone.
fn path(dice: &mut Dice) -> String {
    let known = dice.below(TASK.split('/').count() + 4);
    let mut path: String = TASK.split('/').skip(1).take(known).map(|segment| format!("/{segment}")).collect();
    if dice.below(3) > 0 || path.is_empty() {
        for _ in 0..=dice.below(4) {
            path.push('/');
            path.push_str(&dice.pick(&SEGMENTS).replace(' ', "%20"));
        }
    }
    path
}

/// A value of any kind and size.
fn any(dice: &mut Dice) -> Value {
    match dice.below(10) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(u64::MAX),
        5 => json!("x".repeat(dice.below(600))),
        6 => json!([]),
        7 => json!([{"name": "c"}, null, 1]),
        8 => json!({}),
        _ => json!({"name": {"value": ["nested"]}, "": null}),
    }
}

/// The body of a group or a change of tags, in which one place may have become anything.
fn body(dice: &mut Dice) -> Value {
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}, "limits": {"cpu": 2}});
    let variables = json!([{"name": "A", "value": "a"}, {"name": "B", "secureValue": "b"}]);
    let container = json!({
        "image": "simulated/run:forever", "command": ["a"], "ports": [{"port": 80, "protocol": "tcp"}],
        "environmentVariables": variables, "resources": resources,
    });
    let address = json!({"type": "Public", "dnsNameLabel": "label-one", "ports": [{"port": 80}]});
    let mut body = json!({
        "location": "westeurope", "tags": {"a": "b"}, "operation": "Merge", "command": "sh",
        "terminalSize": {"rows": 1, "cols": 1}, "identity": {"type": "None"}, "zones": [],
        "properties": {
            "tags": {"c": "d"}, "osType": "Linux", "restartPolicy": "Never", "ipAddress": address,
            "containers": [{"name": "c", "properties": container}], "volumes": [], "sku": "Standard",
        },
    });
    let mut places: Vec<String> = Vec::new();
    name(&body, "", &mut places);
    for _ in 0..dice.below(3) {
        let place = dice.pick(&places).clone();
        if let Some(slot) = body.pointer_mut(&place) {
            *slot = any(dice);
        }
    }
    body
}

/// Names every place of a document, as JSON pointers.
fn name(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| name(inner, &format!("{at}/{key}"), places))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| name(inner, &format!("{at}/{index}"), places));
        }
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn none_of_thousands_makes_it_fail() -> Outcome {
    let emulator = Emulator::open(Options::in_memory()).await?;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut created, mut refused) = (0, 0);
    for number in 0..REQUESTS {
        let (method, query) = (*dice.pick(&METHODS), *dice.pick(&QUERIES));
        // Every now and then what makes the rest more than a list of what is not there.
        let (method, target, body) = match dice.below(8) {
            0 => (
                "PUT",
                "/subscriptions/s/resourceGroups/rg?api-version=2025-09-01".to_owned(),
                body(&mut dice),
            ),
            1 => ("PUT", format!("{TASK}?api-version=2025-09-01"), body(&mut dice)),
            2 => (method, format!("{TASK}{query}"), body(&mut dice)),
            _ => (method, format!("{}{query}", path(&mut dice)), body(&mut dice)),
        };
        let mut text = body.to_string();
        if dice.below(20) == 0 {
            text.truncate(dice.below(text.len()));
        }
        let token = format!("Bearer {}", emulator.token());
        let answer = bare(&emulator, method, &target, &[("authorization", &token)], text.clone()).await?;
        let fine = answer.status < 500 || answer.status == 501;
        assert!(fine, "request {number}: {method} {target} {text}: {answer:?}");
        if answer.status >= 400 && method != "HEAD" {
            assert_ne!(answer.code(), "", "request {number}: {method} {target} {text}");
        }
        created += usize::from(answer.status == 201);
        refused += usize::from(answer.status >= 400);
        sleep(Duration::from_millis(dice.below(3_000) as u64)).await;
    }
    assert!(
        created > 10 && refused > 500 && refused < REQUESTS - 500,
        "{created} created, {refused} refused"
    );
    Ok(())
}
