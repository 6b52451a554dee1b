//! The task that posts, against endpoints of this test's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What an endpoint got: request line and headers, and the body.
type Got = Vec<(String, String)>;

/// Reads one request and gives it the answer.
fn exchange(mut stream: impl Read + Write, answer: &str) -> std::io::Result<(String, String)> {
    let mut head = String::new();
    let mut reader = BufReader::new(&mut stream);
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(answer.as_bytes())?;
    stream.flush()?;
    Ok((head, String::from_utf8_lossy(&body).into_owned()))
}

/// An endpoint that gives these answers, one a connection, and then tells what it got.
fn endpoint(answers: &[&str]) -> Outcome<(String, JoinHandle<std::io::Result<Got>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/hook?sig=geheim", listener.local_addr()?);
    let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    let serve = move || {
        let answer = |answer: &String| exchange(listener.accept()?.0, answer);
        answers.iter().map(answer).collect()
    };
    Ok((url, std::thread::spawn(serve)))
}

/// The text of an answer.
fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// Runs the task with an environment of its own: exit code, output, errors.
fn post(arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<(Option<i32>, String, String)> {
    let done = Command::new(env!("CARGO_BIN_EXE_acitask-tasks"))
        .arg("post")
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()?;
    Ok((done.status.code(), String::from_utf8(done.stdout)?, String::from_utf8(done.stderr)?))
}

fn join(served: JoinHandle<std::io::Result<Got>>) -> Outcome<Got> {
    Ok(served.join().map_err(|_| "the endpoint died")??)
}

#[test]
fn it_posts_and_shows_the_answer() -> Outcome {
    let (url, served) = endpoint(&[&answer("201 Created", "", "{\"id\":7}")])?;
    let nowhere = ("SSL_CERT_FILE", "/no/such/file");
    let variables = [("ENDPOINT_URL", url.as_str()), ("DATA_mode", "test"), nowhere];
    let (code, output, errors) = post(&["--name", "dog"], &variables)?;
    let shown = url.replace("?sig=geheim", "?…");
    assert_eq!(output, format!("POST {shown}\nstatus: 201\nbody: {{\"id\":7}}\n"));
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let got = join(served)?;
    assert!(got[0].0.starts_with("post /hook?sig=geheim http/1.1"), "{got:?}");
    assert!(got[0].0.contains("content-type: application/json"), "{got:?}");
    assert_eq!(got[0].1, "{\"mode\":\"test\",\"name\":\"dog\"}");
    Ok(())
}

#[test]
fn it_tries_again_where_that_may_help() -> Outcome {
    let busy = answer("503 Service Unavailable", "retry-after: 1\r\n", "busy");
    let (url, served) = endpoint(&[&busy, &answer("200 OK", "", "ok")])?;
    let begun = std::time::Instant::now();
    let (code, output, errors) = post(&["--url", &url], &[])?;
    assert!(output.ends_with("status: 200\nbody: ok\n"), "{output}");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(code, Some(0));
    assert!(errors.contains("answered 503"), "{errors}");
    assert_eq!(join(served)?.len(), 2);
    Ok(())
}

#[test]
fn a_refusal_is_no_success() -> Outcome {
    let cases = [
        ("404 Not Found", "", "no"),
        ("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        ("429 Too Many Requests", "retry-after: 3600\r\n", "later"),
    ];
    for (status, headers, body) in cases {
        let (url, served) = endpoint(&[&answer(status, headers, body)])?;
        let (code, output, errors) = post(&["--url", &url], &[])?;
        let number = status.split(' ').next().unwrap_or_default();
        assert!(output.ends_with(&format!("status: {number}\nbody: {body}\n")), "{output}");
        assert_eq!(code, Some(1), "{errors}");
        assert!(!errors.contains("geheim"), "{errors}");
        assert_eq!(join(served)?.len(), 1);
    }
    Ok(())
}

#[test]
fn retries_are_bounded() -> Outcome {
    let broken = answer("500 Internal Server Error", "", "");
    let (url, served) = endpoint(&[&broken, &broken])?;
    assert_eq!(post(&["--url", &url, "--retries", "1"], &[])?.0, Some(1));
    assert_eq!(join(served)?.len(), 2);
    Ok(())
}

#[test]
fn an_answer_that_breaks_off_is_no_success() -> Outcome {
    let (url, served) = endpoint(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"])?;
    let (code, output, errors) = post(&["--url", &url, "--timeout", "5s"], &[])?;
    assert!(output.ends_with("status: 200\nbody: half\n"), "{output}");
    assert_eq!(code, Some(1), "{errors}");
    join(served)?;
    Ok(())
}

#[test]
fn an_answer_that_never_comes_is_not_asked_for_again() -> Outcome {
    // Its queue takes the connection, and nobody ever reads from it.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/?sig=geheim", listener.local_addr()?);
    let (code, _, errors) = post(&["--url", &url, "--timeout", "300ms"], &[])?;
    assert_eq!((code, errors.as_str()), (Some(1), "post: no answer: none within 300ms\n"));
    Ok(())
}

#[test]
fn no_connection_has_its_own_code() -> Outcome {
    // A port of the reserved ones, where nobody listens.
    let address = "127.0.0.1:1";
    let url = format!("http://user:geheim@{address}/?sig=geheim");
    let (code, output, errors) = post(&["--url", &url, "--retries", "1"], &[])?;
    assert_eq!(output, format!("POST http://{address}/?…\n"));
    assert_eq!(code, Some(3));
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(!errors.contains("geheim"), "{errors}");
    Ok(())
}

#[test]
fn wrong_usage_sends_nothing() -> Outcome {
    let (code, output, errors) = post(&["--speed", "--retries", "x"], &[])?;
    assert_eq!((code, output.as_str()), (Some(2), ""));
    assert_eq!(errors.lines().count(), 4, "{errors}");
    let authorities = [("SSL_CERT_FILE", "/no/such/file")];
    let (code, output, errors) = post(&["--url", "https://127.0.0.1:1/"], &authorities)?;
    assert_eq!((code, output.as_str()), (Some(2), ""), "{errors}");
    Ok(())
}

/// Serves one https connection.
fn secure(listener: &TcpListener, config: Arc<rustls::ServerConfig>) -> Outcome<(String, String)> {
    let (socket, _): (TcpStream, _) = listener.accept()?;
    let connection = rustls::ServerConnection::new(config)?;
    let mut stream = rustls::StreamOwned::new(connection, socket);
    let got = exchange(&mut stream, &answer("200 OK", "", "safe"))?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(got)
}

#[test]
fn https_needs_an_authority_that_is_trusted() -> Outcome {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://localhost:{}/", listener.local_addr()?.port());
    let served = std::thread::spawn(move || {
        // The first client does not trust it and goes.
        let first = secure(&listener, Arc::clone(&config)).is_err();
        (first, secure(&listener, config).map_err(|error| error.to_string()))
    });
    let (code, _, errors) = post(&["--url", &url], &[])?;
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("no trusted connection"), "{errors}");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem())?;
    let authorities = [("SSL_CERT_FILE", file.to_str().ok_or("no path")?)];
    let (code, output, errors) = post(&["--url", &url, "--name", "cat"], &authorities)?;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(output.ends_with("status: 200\nbody: safe\n"), "{output}");
    let (refused, got) = served.join().map_err(|_| "the endpoint died")?;
    assert!(refused);
    assert_eq!(got?.1, "{\"name\":\"cat\"}");
    Ok(())
}
