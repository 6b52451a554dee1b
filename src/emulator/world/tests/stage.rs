//! A world on a stage: requests go in, and a runtime made of nothing carries out what it commands.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::contract::{
    Body, Command, Event, Fact, ImageSource, Outcome, Probe, Question, Reply, Request, SandboxId,
};
use crate::world::{Config, Switches, World};

pub(super) const GROUP: &str = "/subscriptions/s/resourceGroups/rg";
pub(super) const TASK: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/task";
pub(super) const ORIGIN: &str = "http://127.0.0.1:4123";
const DIGEST: &str = "sha256:0123456789abcdef";

/// An answer, with the body in one form.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Body,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        self.body.document().map(Cow::into_owned).unwrap_or_default()
    }

    pub(super) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let headers = reply.headers.into_iter().map(|(n, v)| (n.to_lowercase(), v)).collect();
        Self { status: reply.status, headers, body: reply.body }
    }
}

pub(super) struct Stage {
    pub(super) world: World,
    pub(super) now: Timestamp,
    /// What the world commanded and [`Stage::run`] has not carried out yet.
    pub(super) commands: Vec<Command>,
    alive: BTreeSet<(SandboxId, String)>,
    /// Why a probe finds a container unwell.
    pub(super) unwell: BTreeMap<Probe, String>,
    /// Everything that was carried out, in words.
    pub(super) done: Vec<String>,
}

impl Stage {
    pub(super) fn new(settings: &[&str]) -> Self {
        let mut switches = Switches::default();
        for setting in settings {
            assert_eq!(switches.set(setting), Ok(()));
        }
        let world = World::new(Config { switches, seed: 7, windows: true });
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50);
        Self {
            world,
            now,
            commands: Vec::new(),
            alive: BTreeSet::new(),
            unwell: BTreeMap::new(),
            done: Vec::new(),
        }
    }

    /// A stage with a resource group and a running container group of this policy.
    pub(super) fn running(settings: &[&str], policy: &str) -> Self {
        let mut stage = Self::new(settings);
        stage.put(GROUP, json!({"location": "westeurope"}));
        assert_eq!(stage.put(TASK, task(policy)).status, 201);
        stage.run();
        stage
    }

    pub(super) fn send(&mut self, method: &str, url: &str, body: &Value) -> Answer {
        let url = url.strip_prefix(ORIGIN).unwrap_or(url);
        let (path, query) = url.split_once('?').unwrap_or((url, "api-version=2025-09-01"));
        let query = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.replace("%24", "$").to_lowercase(), value.to_owned()))
            .collect();
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let (method, path) = (method.to_owned(), path.to_owned());
        self.request(&Request { method, path, query, body, origin: ORIGIN.to_owned() })
    }

    pub(super) fn request(&mut self, request: &Request) -> Answer {
        let (outcome, commands) = self.world.handle(request, self.now);
        self.commands.extend(commands);
        match outcome {
            Outcome::Reply(reply) => reply.into(),
            Outcome::Ask(Question::Images(sources), ticket) => {
                let odd = |image: &str| image.starts_with("missing") || image.starts_with("registry-down");
                let fact = match sources.into_iter().find(|source| odd(&source.image)) {
                    Some(ImageSource { image, .. }) if image.starts_with("missing") => {
                        Fact::ImageMissing { image, reason: "no such image".to_owned() }
                    }
                    Some(_) => Fact::RegistryFailed {
                        server: "index.docker.io".to_owned(),
                        reason: "too many requests".to_owned(),
                    },
                    None => Fact::ImagesFound,
                };
                let (reply, commands) = self.world.answer(ticket, fact, self.now);
                self.commands.extend(commands);
                reply.into()
            }
        }
    }

    pub(super) fn get(&mut self, url: &str) -> Answer {
        self.send("GET", url, &Value::Null)
    }

    pub(super) fn put(&mut self, url: &str, body: Value) -> Answer {
        self.send("PUT", url, &body)
    }

    pub(super) fn post(&mut self, url: &str) -> Answer {
        self.send("POST", url, &Value::Null)
    }

    pub(super) fn delete(&mut self, url: &str) -> Answer {
        self.send("DELETE", url, &Value::Null)
    }

    /// The state of the container group and of its first container.
    pub(super) fn states(&mut self) -> (String, String) {
        let view = self.get(TASK).json();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let properties = &view["properties"];
        let container = &properties["containers"][0]["properties"];
        (
            text(&properties["instanceView"]["state"]),
            text(&container["instanceView"]["currentState"]["state"]),
        )
    }

    /// Carries out what was commanded, and what that leads to, until nothing is left to do.
    /// An image that begins with `unpullable` cannot be pulled, a command `nothing` cannot be started, a volume
    /// `unmountable` cannot be mounted, and probes see what [`Stage::unwell`] says.
    pub(super) fn run(&mut self) {
        while !self.commands.is_empty() {
            for command in std::mem::take(&mut self.commands) {
                for event in self.carry_out(command) {
                    let more = self.world.tell(event, self.now);
                    self.commands.extend(more);
                }
            }
        }
    }

    /// Carries out the next command only.
    pub(super) fn run_one(&mut self) {
        if self.commands.is_empty() {
            return;
        }
        let command = self.commands.remove(0);
        for event in self.carry_out(command) {
            let more = self.world.tell(event, self.now);
            self.commands.extend(more);
        }
    }

    fn carry_out(&mut self, command: Command) -> Vec<Event> {
        self.done.push(words(&command));
        match command {
            Command::Pull { sandbox, container, source: ImageSource { image, .. } } => {
                let reason = "no such image".to_owned();
                vec![if image.starts_with("unpullable") {
                    Event::PullFailed { sandbox, container, reason }
                } else {
                    Event::Pulled { sandbox, container, digest: DIGEST.to_owned() }
                }]
            }
            Command::Start { sandbox, container, launch } => {
                let reason = "no such file or directory".to_owned();
                let unmountable = launch.mounts.into_iter().find(|mount| mount.volume == "unmountable");
                vec![if launch.command == ["nothing"] {
                    Event::StartFailed { sandbox, container, reason }
                } else if let Some(mount) = unmountable {
                    Event::MountFailed { sandbox, container, volume: mount.volume, reason }
                } else {
                    self.alive.insert((sandbox, container.clone()));
                    Event::Started { sandbox, container }
                }]
            }
            Command::Open { .. } | Command::Configure { .. } => Vec::new(),
            Command::Probe { sandbox, container, probe, .. } => {
                let unwell = self.unwell.get(&probe).cloned();
                vec![Event::Probed { sandbox, container, probe, unwell }]
            }
            Command::Kill { sandbox, container } => {
                let ran = self.alive.remove(&(sandbox, container.clone()));
                let exited = Event::Exited { sandbox, container, code: 143, out_of_memory: false };
                if ran { vec![exited] } else { Vec::new() }
            }
            Command::Stop { sandbox } => {
                let (ended, alive) =
                    std::mem::take(&mut self.alive).into_iter().partition(|(s, _)| *s == sandbox);
                self.alive = alive;
                let ended: BTreeSet<(SandboxId, String)> = ended;
                let exited = |(sandbox, container)| Event::Exited {
                    sandbox,
                    container,
                    code: 143,
                    out_of_memory: false,
                };
                ended.into_iter().map(exited).collect()
            }
            Command::Discard { sandbox } => {
                self.alive.retain(|(s, _)| *s != sandbox);
                Vec::new()
            }
        }
    }

    /// Ends every container that runs.
    pub(super) fn exit(&mut self, code: i32) {
        for (sandbox, container) in std::mem::take(&mut self.alive) {
            let more =
                self.world.tell(Event::Exited { sandbox, container, code, out_of_memory: false }, self.now);
            self.commands.extend(more);
        }
    }

    /// Ends one container.
    pub(super) fn end(&mut self, container: &str, code: i32, out_of_memory: bool) {
        let ended = self.alive.iter().find(|(_, name)| name == container).cloned();
        if let Some((sandbox, container)) = ended.filter(|ended| self.alive.remove(ended)) {
            let more = self.world.tell(Event::Exited { sandbox, container, code, out_of_memory }, self.now);
            self.commands.extend(more);
        }
    }

    /// The names of the containers that run.
    pub(super) fn names(&self) -> Vec<&str> {
        self.alive.iter().map(|(_, name)| name.as_str()).collect()
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        let more = self.world.advance(self.now);
        self.commands.extend(more);
    }

    /// In how many sandboxes containers run.
    pub(super) fn sandboxes(&self) -> usize {
        self.alive.iter().map(|(sandbox, _)| *sandbox).collect::<BTreeSet<_>>().len()
    }

    /// How many containers run.
    pub(super) fn alive(&self) -> usize {
        self.alive.len()
    }
}

fn words(command: &Command) -> String {
    match command {
        Command::Open { .. } => "open".to_owned(),
        Command::Pull { container, .. } => format!("pull {container}"),
        Command::Start { container, .. } => format!("start {container}"),
        Command::Configure { container, .. } => format!("configure {container}"),
        Command::Probe { container, probe, .. } => format!("probe {container} {probe:?}"),
        Command::Kill { container, .. } => format!("kill {container}"),
        Command::Stop { .. } => "stop".to_owned(),
        Command::Discard { .. } => "discard".to_owned(),
    }
}

/// The body of a container group of one container.
pub(super) fn task(policy: &str) -> Value {
    json!({
        "location": "West Europe",
        "tags": {"owner": "us"},
        "properties": {
            "osType": "linux",
            "restartPolicy": policy,
            "containers": [{
                "name": "main",
                "properties": {
                    "image": "acitask/weak:1",
                    "environmentVariables": [
                        {"name": "MODE", "value": "fast"},
                        {"name": "TOKEN", "secureValue": "hush-hush"},
                    ],
                    "resources": {"requests": {"cpu": 1, "memoryInGb": 1.5}},
                },
            }],
        },
    })
}
