//! How long a plan of 10,000 groups takes, a tenth of them with a task run, over the emulator on loopback, compared with
//! what fetching and parsing the same pages of the lists takes: at most twice that where nothing changes, under 200 MB,
//! and with no call too many; 1,000 changed groups in under 1.5 times that.
//!
//! `cargo bench --bench plan` prints the times, their ratios, the calls and the most memory, and fails beyond the limits.
//! The emulator is a process of its own: this program with the argument `serve`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acitask::arm::Arm;
use acitask::arm::endpoint::Endpoint;
use acitask::arm::login::Login;
use acitask::arm::net::{Net, Trust};
use acitask::arm::wire::{Request as Call, Wire};
use acitask::engine;
use acitask::manifest::{Source, Values, read};
use acitask::model::name::{GroupId, Name};
use acitask::model::observed::Observed;
use acitask::model::secret::Secret;
use acitask::model::stack::{Power, RunKind, Stack};
use acitask::model::tag::Tags;
use acitask::plan::Action;
use acitask::plan::fingerprint::Fingerprint;
use acitask::plan::reconcile::{Planned, Request, Verb, reconcile};
use acitask::render::flags::Flags;
use acitask::render::heading::{Heading, Place};
use acitask::render::page::{self, Extent};
use acitask::render::style::Style;
use acitask_emulator::{Emulator, Options};
use axum::body::Body;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Every so many groups has a task run.
const RUNS: usize = 10;
/// So many groups are kept running, and looked at for it.
const MANAGED: usize = 20;
const HOMES: usize = 50;
/// How often each is measured, in turn, because the machine is not as fast at all times: the median of a round's ratios
/// counts.
const ROUNDS: usize = 41;
const MOST_TIMES: f64 = 2.0;
const MOST_TIMES_CHANGED: f64 = 1.5;
const MOST_MEMORY_KB: u64 = 200 * 1024;
const SUBSCRIPTION: &str = "bench";

const MANIFESTS: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: bench}
spec: {location: westeurope}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: home}
spec: {}
---
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: group}
spec:
  resourceGroup: home
  containers:
    - name: main
      image: simulated/run:forever
      command: [/bin/worker, --fast]
      resources: {requests: {cpu: 1, memoryInGB: 1.5}}
      environmentVariables: [{name: MODE, value: fast}, {name: LEVEL, value: debug}]
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: run}
spec: {type: strong, containerGroup: group, command: [work], trigger: manual}
";

/// How many groups there are: 10,000, or as `ACITASK_GROUPS` says, for a look at a build that is not optimised.
fn groups() -> usize {
    std::env::var("ACITASK_GROUPS").ok().and_then(|groups| groups.parse().ok()).unwrap_or(10_000)
}

/// How many of them change.
fn changed() -> usize {
    groups() / 10
}

/// The manifests above, as many times as there are groups.
fn stack(changed: usize) -> Stack {
    let source = Source { name: "bench.yaml".into(), text: MANIFESTS.into() };
    let mut stack = read(vec![source]).resolve(&Values::new(), &|_| Err(String::new()), true).unwrap().stack;
    let home = std::mem::take(&mut stack.resource_groups).into_values().next().unwrap();
    let group = std::mem::take(&mut stack.groups).into_values().next().unwrap();
    let run = std::mem::take(&mut stack.runs).into_values().next().unwrap();
    for number in 0..HOMES {
        let name = Name::new(format!("home-{number}"));
        let mut home = home.clone();
        home.name = name.clone();
        stack.resource_groups.insert(name, home);
    }
    for number in 0..groups() {
        let name = Name::new(format!("group-{number}"));
        let mut group = group.clone();
        group.id =
            GroupId { resource_group: Name::new(format!("home-{}", number % HOMES)), name: name.clone() };
        if number < changed {
            group.group.containers[0].command.push("--faster".into());
        } else if number >= groups() - MANAGED {
            group.power = Power::Running;
        }
        stack.groups.insert(name.clone(), group);
        if number % RUNS == 0 {
            let mut run = run.clone();
            if let RunKind::Strong(strong) = &mut run.kind {
                strong.group = name;
            }
            stack.runs.insert(Name::new(format!("run-{number}")), run);
        }
    }
    stack
}

/// The tags that an apply leaves on each resource group and on each container group.
fn tags() -> (Tags, Tags) {
    let planned = reconcile(&stack(0), &Observed::default(), &Request::of(Verb::Apply)).unwrap();
    let made =
        |tags: fn(&Action) -> Option<Tags>| planned.plan.steps().iter().find_map(|step| tags(&step.action));
    let home = made(|action| match action {
        Action::CreateResourceGroup { location: _, tags } => Some(tags.clone()),
        _ => None,
    });
    let group = made(|action| match action {
        Action::CreateGroup(body) => Some(body.tags.clone()),
        _ => None,
    });
    (home.unwrap(), group.unwrap())
}

/// The emulator with those groups, until nobody reads any more.
async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let origin = format!("http://127.0.0.1:{port}");
    let emulator = Emulator::open(Options { origin: origin.clone(), ..Options::in_memory() }).await.unwrap();
    let (router, token) = (emulator.router(), emulator.token());
    let put = async |path: String, body: Value| {
        let request = axum::http::Request::builder()
            .method("PUT")
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let status = router.clone().oneshot(request).await.unwrap().status();
        assert_eq!(status, 201);
    };
    let (home_tags, group_tags) = tags();
    for number in 0..HOMES {
        let path =
            format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/home-{number}?api-version=2021-04-01");
        put(path, json!({"location": "westeurope", "tags": home_tags})).await;
    }
    let resources = json!({"requests": {"cpu": 1, "memoryInGB": 1.5}});
    let variables = json!([{"name": "MODE", "value": "fast"}, {"name": "LEVEL", "value": "debug"}]);
    let container = json!({"name": "main", "properties": {"image": "simulated/run:forever",
        "command": ["/bin/worker", "--fast"], "resources": resources, "environmentVariables": variables}});
    let body = json!({"location": "westeurope", "tags": group_tags,
        "properties": {"osType": "Linux", "containers": [container]}});
    for number in 0..groups() {
        let home = number % HOMES;
        let kind = "providers/Microsoft.ContainerInstance/containerGroups";
        let path = format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/home-{home}/{kind}/group-{number}?api-version=2025-09-01"
        );
        put(path, body.clone()).await;
    }
    // Until what was begun is done.
    tokio::time::sleep(Duration::from_secs(5)).await;
    tell(&format!("{port} {} {}\n", emulator.secret().reveal(), emulator.token()));
    axum::serve(listener, emulator.router()).await.unwrap();
}

fn tell(text: &str) {
    let mut out = std::io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap();
}

/// Ends the emulator's process, however this one ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn client(url: &str, secret: &str) -> (Wire, Arm) {
    let wire = Wire::Net(Net::new(Trust::System).unwrap());
    let endpoint = Endpoint::new(url, "https://management.azure.com").unwrap();
    let login = Login::Local { secret: Secret::new(secret) };
    (wire.clone(), Arm::new(wire, endpoint, login, SUBSCRIPTION).unwrap())
}

/// Fetches and parses the pages of a list, and gives their number.
async fn pages(wire: &Wire, first: String, token: &str) -> usize {
    let (mut next, mut pages) = (Some(first), 0);
    while let Some(url) = next {
        let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let call =
            Call { method: "GET".into(), url: url.parse().unwrap(), headers, body: Default::default() };
        let answer = wire.send(call).await.unwrap();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        next = page["nextLink"].as_str().map(str::to_owned);
        pages += 1;
    }
    pages
}

async fn both_lists(wire: &Wire, url: &str, token: &str) -> usize {
    let base = format!("{url}/subscriptions/{SUBSCRIPTION}");
    let groups =
        format!("{base}/providers/Microsoft.ContainerInstance/containerGroups?api-version=2025-09-01");
    let homes = format!("{base}/resourcegroups?api-version=2021-04-01");
    let (groups, homes) = tokio::join!(pages(wire, groups, token), pages(wire, homes, token));
    groups + homes
}

/// Observes, plans and writes the page, as `acitask plan` does.
async fn plan(arm: &Arm, stack: &Stack, url: &str) -> Planned {
    let request = Request::of(Verb::Apply);
    let observed = engine::observe(arm, stack, &request).await.unwrap();
    let planned = reconcile(stack, &observed, &request).unwrap();
    let owner = &stack.project.owner;
    let target = acitask::model::stack::Target::Local;
    let fingerprint = Fingerprint::of(&planned.plan, owner, target, SUBSCRIPTION);
    let heading = Heading { place: Place::Local { url: url.to_owned() }, owner: owner.clone() };
    let mut text = Vec::new();
    let style = Style { colour: true, width: 100 };
    page::write(&mut text, &heading, &planned, &Flags::default(), style, Extent::Whole).unwrap();
    assert!(!fingerprint.to_string().is_empty() && !text.is_empty());
    planned
}

/// The most memory that the process has had, in KB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// What is measured, each in a process of its own, as people run it: a heap that another plan has left is no fair start.
#[derive(Clone, Copy)]
enum Job {
    Lists,
    Unchanged,
    Changed,
}

/// What a process tells of its job.
#[derive(Clone, Copy, Debug)]
struct Told {
    seconds: f64,
    /// Requests; for the lists their pages.
    calls: usize,
    steps: usize,
    kilobytes: u64,
}

impl Job {
    const ALL: [(Self, &str); 3] =
        [(Self::Lists, "lists"), (Self::Unchanged, "unchanged"), (Self::Changed, "changed")];

    /// Does it, once there are a token and a connection.
    async fn carry_out(self, server: &Server) -> Told {
        let Server { url, secret, token } = server;
        let (wire, arm) = client(url, secret);
        assert!(arm.resource_group(&Name::from("home-0")).await.unwrap().is_some());
        let stack = stack(if let Self::Changed = self { changed() } else { 0 });
        let before = wire.calls();
        let began = Instant::now();
        let (pages, planned) = match self {
            Self::Lists => (Some(both_lists(&wire, url, token).await), None),
            Self::Unchanged | Self::Changed => (None, Some(plan(&arm, &stack, url).await)),
        };
        let seconds = began.elapsed().as_secs_f64();
        let calls = usize::try_from(wire.calls() - before).unwrap();
        assert!(pages.is_none_or(|pages| pages == calls));
        let steps = planned.map_or(0, |planned| planned.plan.steps().len());
        Told { seconds, calls, steps, kilobytes: peak() }
    }

    /// Has it done by a process of its own.
    fn run(self, server: &Server) -> Told {
        let Server { url, secret, token } = server;
        let (_, name) = Self::ALL[self as usize];
        let done = Command::new(std::env::current_exe().unwrap()).args([name, url, secret, token]).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8(done.stdout).unwrap();
        let told: Vec<&str> = text.split_whitespace().collect();
        let [seconds, calls, steps, kilobytes] = told[..] else { panic!("{text:?}") };
        Told {
            seconds: seconds.parse().unwrap(),
            calls: calls.parse().unwrap(),
            steps: steps.parse().unwrap(),
            kilobytes: kilobytes.parse().unwrap(),
        }
    }
}

/// Where the emulator is, and what it takes to be let in.
struct Server {
    url: String,
    secret: String,
    token: String,
}

/// The middle of these.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn measure() {
    let serving = Command::new(std::env::current_exe().unwrap()).arg("serve").stdout(Stdio::piped()).spawn();
    let mut served = Served(serving.unwrap());
    let mut line = String::new();
    BufReader::new(served.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Vec<&str> = line.split_whitespace().collect();
    let [port, secret, token] = told[..] else { panic!("{line:?}") };
    let url = format!("http://127.0.0.1:{port}");
    let server = Server { url, secret: secret.to_owned(), token: token.to_owned() };
    // The emulator has made its answers once.
    Job::Changed.run(&server);

    let rounds: Vec<[Told; 3]> = (0..ROUNDS).map(|_| Job::ALL.map(|(job, _)| job.run(&server))).collect();
    let seconds = |job: Job| median(rounds.iter().map(|round| round[job as usize].seconds));
    let ratio = |one: Job, other: Job| {
        median(rounds.iter().map(|round| round[one as usize].seconds / round[other as usize].seconds))
    };
    let times = ratio(Job::Unchanged, Job::Lists);
    let more = ratio(Job::Changed, Job::Unchanged);
    let memory = rounds.iter().flatten().map(|told| told.kilobytes).max().unwrap();
    let [Told { calls: pages, .. }, Told { calls, steps, .. }, Told { steps: steps_of_changed, .. }] =
        rounds[0];
    tell(&format!(
        "{} groups, {} runs: lists {:.2} s, plan {:.2} s, ratio {times:.2}; {} changed {:.2} s, ratio {more:.2}; {calls} \
         calls for {pages} pages and {MANAGED} groups with managed power; at most {} MB\n",
        groups(),
        groups() / RUNS,
        seconds(Job::Lists),
        seconds(Job::Unchanged),
        changed(),
        seconds(Job::Changed),
        memory / 1024
    ));
    assert_eq!((steps, steps_of_changed), (0, changed()));
    assert_eq!(calls, pages + MANAGED);
    assert!(
        times <= MOST_TIMES && more <= MOST_TIMES_CHANGED && memory <= MOST_MEMORY_KB,
        "beyond the limits"
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let job = |word: &str| Job::ALL.into_iter().find_map(|(job, name)| (name == word).then_some(job));
    match arguments.first().map(String::as_str) {
        Some("serve") => runtime().block_on(serve()),
        Some(word) if let Some(job) = job(word) => {
            let [_, url, secret, token] = &arguments[..] else { panic!("{arguments:?}") };
            let server = Server { url: url.clone(), secret: secret.clone(), token: token.clone() };
            let Told { seconds, calls, steps, kilobytes } = runtime().block_on(job.carry_out(&server));
            tell(&format!("{seconds} {calls} {steps} {kilobytes}\n"));
        }
        _ => measure(),
    }
}
