//! Ten thousand container groups and a hundred clients at once, over real sockets and with a state folder.
//!
//! `cargo bench -p acitask-emulator --bench many`. The memory is that of the whole process, the clients included. It
//! fails where a list page takes 100 ms or more (the 99th percentile, all clients asking at once), or the memory
//! passes 500 MB.

#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

use acitask_emulator::Options;
use acitask_emulator::home::Home;
use acitask_emulator::serve::{Sockets, serve};
use acitask_emulator::token::{Claims, issue};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const GROUPS: usize = 10_000;
const CLIENTS: usize = 100;
/// How many requests each client sends in the mixed part.
const ROUNDS: usize = 60;
const SLOWEST_PAGE: Duration = Duration::from_millis(100);
const MOST_MEMORY_MB: u64 = 500;

const VERSION: &str = "api-version=2025-09-01";
const RESOURCE_GROUP: &str = "/subscriptions/s/resourceGroups/many";
const LIST: &str = "/subscriptions/s/providers/Microsoft.ContainerInstance/containerGroups";

/// A client with a connection of its own.
struct Client {
    connection: SendRequest<Body>,
    token: String,
}

impl Client {
    async fn new(server: SocketAddr, token: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(Self { connection, token: token.to_owned() })
    }

    /// The status, the body as it came, and how long they took.
    async fn ask(
        &mut self,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Result<(u16, Bytes, Duration), Failure> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .header("authorization", &self.token)
            .body(Body::from(text))?;
        let began = Instant::now();
        self.connection.ready().await?;
        let (parts, body) = self.connection.send_request(request).await?.into_parts();
        let bytes = to_bytes(Body::new(body), usize::MAX).await?;
        Ok((parts.status.as_u16(), bytes, began.elapsed()))
    }
}

/// What a client must know of a page to go on; the rest would be its own time and memory, and not the server's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<IgnoredAny>,
    next_link: Option<String>,
}

fn group(number: usize) -> String {
    format!("{RESOURCE_GROUP}/providers/Microsoft.ContainerInstance/containerGroups/g{number:05}")
}

fn wish(number: usize) -> Value {
    json!({
        "location": "westeurope",
        "tags": {"number": number.to_string(), "acitask-owner": "bench/many"},
        "properties": {
            "osType": "Linux",
            "restartPolicy": "Never",
            "containers": [{"name": "c", "properties": {
                "image": "simulated/run:forever",
                "environmentVariables": [{"name": "NUMBER", "value": number.to_string()}],
                "resources": {"requests": {"cpu": 1.0, "memoryInGB": 1.5}},
            }}],
        },
    })
}

/// Clients at once, each with its number; what all of them measured, by name.
async fn at_once<F, R>(server: SocketAddr, token: &str, work: F) -> Result<Measured, Failure>
where
    F: Fn(usize, Client) -> R,
    R: Future<Output = Result<Measured, Failure>> + Send + 'static,
{
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(work(number, Client::new(server, token).await?));
    }
    let mut all = Measured::new();
    while let Some(measured) = clients.join_next().await {
        for (name, mut times) in measured?? {
            all.entry(name).or_default().append(&mut times);
        }
    }
    Ok(all)
}

type Measured = BTreeMap<&'static str, Vec<Duration>>;

async fn create(number: usize, mut client: Client) -> Result<Measured, Failure> {
    let mut times = Vec::new();
    for at in (number..GROUPS).step_by(CLIENTS) {
        let (status, body, took) = client.ask("PUT", &format!("{}?{VERSION}", group(at)), &wish(at)).await?;
        if status != 201 {
            return Err(format!("group {at}: {status} {body:?}").into());
        }
        times.push(took);
    }
    Ok([("PUT of a new group", times)].into())
}

async fn walk(_: usize, mut client: Client) -> Result<Measured, Failure> {
    let (mut times, mut seen) = (Vec::new(), 0);
    let mut next = Some(format!("{LIST}?{VERSION}"));
    while let Some(target) = next {
        let (status, page, took) = client.ask("GET", &target, &Value::Null).await?;
        times.push(took);
        if status != 200 {
            return Err(format!("{target}: {status} {page:?}").into());
        }
        let page: Page = serde_json::from_slice(&page)?;
        seen += page.value.len();
        // A path is enough for a connection.
        next = page.next_link.and_then(|url| Some(format!("/{}", url.splitn(4, '/').nth(3)?)));
    }
    if seen != GROUPS {
        return Err(format!("the pages had {seen} groups").into());
    }
    Ok([("list page", times)].into())
}

async fn mix(number: usize, mut client: Client) -> Result<Measured, Failure> {
    let mut all = Measured::new();
    for round in 0..ROUNDS {
        let at = (number * 97 + round * 131) % GROUPS;
        let target = format!("{}?{VERSION}", group(at));
        let (name, method, target, body) = match round % 4 {
            0 => ("list page, mixed", "GET", format!("{LIST}?{VERSION}"), Value::Null),
            1 => ("GET of a group", "GET", target, Value::Null),
            2 => ("PATCH of tags", "PATCH", target, json!({"tags": {"round": round.to_string()}})),
            _ => {
                let logs = format!("{}/containers/c/logs?{VERSION}", group(at));
                ("GET of logs", "GET", logs, Value::Null)
            }
        };
        let (status, answer, took) = client.ask(method, &target, &body).await?;
        if status != 200 {
            return Err(format!("{method} {target}: {status} {answer:?}").into());
        }
        all.entry(name).or_default().push(took);
    }
    Ok(all)
}

/// Prints how long each kind took, and gives the 99th percentile of each.
fn tell(measured: Measured) -> BTreeMap<&'static str, Duration> {
    let mut slow = BTreeMap::new();
    for (name, mut times) in measured {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        println!(
            "{name:20} {:6} requests  median {:>9.2?}  99 % {:>9.2?}  slowest {:>9.2?}",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        slow.insert(name, at(0.99));
    }
    slow
}

/// The most memory that the process had so far, in MB.
fn memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kilobytes / 1024)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let home = Home::open(folder.path())?;
    let secret = home.secret()?;
    let shutdown = CancellationToken::new();
    let sockets = Sockets::of(&home)?;
    let server = sockets.http.local_addr()?;
    let options = Options { state: Some(folder.path().to_owned()), ..Options::in_memory() };
    let running = tokio::spawn(serve(options, sockets, shutdown.clone()));
    let claims =
        Claims::new("bench", "bench", "bench", "https://management.azure.com/", jiff::Timestamp::now());
    let token = format!("Bearer {}", issue(&secret, &claims));

    let mut first = Client::new(server, &token).await?;
    first.ask("PUT", &format!("{RESOURCE_GROUP}?{VERSION}"), &json!({"location": "westeurope"})).await?;
    let began = Instant::now();
    tell(at_once(server, &token, create).await?);
    println!("{GROUPS} groups by {CLIENTS} clients in {:.1?}", began.elapsed());
    // The last containers start.
    let last = format!("{}?{VERSION}", group(GROUPS - 1));
    for _ in 0..600 {
        let (_, body, _) = first.ask("GET", &last, &Value::Null).await?;
        let body: Value = serde_json::from_slice(&body)?;
        if body["properties"]["provisioningState"] == "Succeeded" {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    sleep(Duration::from_secs(1)).await;

    let (_, _, alone) = first.ask("GET", &format!("{LIST}?{VERSION}"), &Value::Null).await?;
    println!("one list page alone: {alone:.2?}");
    let mut slow = tell(at_once(server, &token, walk).await?);
    slow.extend(tell(at_once(server, &token, mix).await?));
    let memory = memory()?;
    println!("memory at most {memory} MB");

    shutdown.cancel();
    running.await??;
    for (name, took) in slow.into_iter().filter(|(name, _)| name.starts_with("list page")) {
        if took >= SLOWEST_PAGE {
            return Err(format!("{name}: {took:.2?} is not under {SLOWEST_PAGE:?}").into());
        }
    }
    if memory >= MOST_MEMORY_MB {
        return Err(format!("{memory} MB are not under {MOST_MEMORY_MB} MB").into());
    }
    Ok(())
}
