//! No `Debug` of these words shows a secret.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::*;

const CANARY: &str = "canary";

#[test]
fn no_debug_shows_a_secret() {
    let text = || CANARY.to_owned();
    let sandbox = SandboxId(1);
    let session = ExecSession {
        password: text(),
        sandbox,
        container: "c".into(),
        argv: vec![text()],
        rows: 1,
        cols: 1,
    };
    let launch = Launch {
        source: ImageSource {
            image: "image".into(),
            credential: Some(Credential {
                server: "server".into(),
                username: "user".into(),
                password: text(),
            }),
        },
        command: vec![text()],
        environment: vec![("TOKEN".into(), text())],
        config: ConfigMap(BTreeMap::from([("file".into(), text())])),
        ..Launch::default()
    };
    let attach = AttachSession { password: text(), sandbox, container: "container".into() };
    let files = BTreeMap::from([("key".to_owned(), Bytes::from_static(CANARY.as_bytes()))]);
    let volume = Volume { name: "volume".into(), content: Content::Files(files) };
    let check = Check::Http {
        scheme: "http".into(),
        port: 80,
        path: "/".into(),
        headers: vec![("authorization".into(), text())],
    };
    let request = Request {
        method: "PUT".into(),
        path: "/x".into(),
        query: BTreeMap::new(),
        body: Bytes::from_static(CANARY.as_bytes()),
        origin: "http://localhost".into(),
    };
    let start = Command::Start { sandbox, container: "c".into(), launch: launch.clone() };
    let reply = Reply { status: 101, headers: Vec::new(), body: Body::Socket(session.clone()) };
    let json = Reply { status: 200, headers: Vec::new(), body: Body::Json(CANARY.into()) };
    for (shown, named) in [
        (format!("{session:?}"), "container"),
        (format!("{attach:?}"), "container"),
        (format!("{volume:?}"), "volume"),
        (format!("{check:?}"), "http://:80/"),
        (format!("{:?}", Check::Exec(vec![text()])), "Exec"),
        (format!("{launch:?}"), "TOKEN"),
        (format!("{request:?}"), "/x"),
        (format!("{start:?}"), "image"),
        (format!("{reply:?}"), "101"),
        (format!("{json:?}"), "200"),
    ] {
        assert!(shown.contains(named) && !shown.contains(CANARY), "{shown}");
    }
}
