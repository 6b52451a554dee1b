//! A program for containers of the conformance suite: the two ends of a connection on localhost.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::Duration;

/// `answer PORT TEXT` says the text to the first who asks; `ask PORT` prints what it hears.
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["answer", port, text] => {
            let listener = TcpListener::bind(("127.0.0.1", port.parse()?))?;
            listener.accept()?.0.write_all(text.as_bytes())?;
        }
        ["ask", port] => {
            let mut heard = String::new();
            connected(port.parse()?)?.read_to_string(&mut heard)?;
            writeln!(std::io::stdout(), "{heard}")?;
        }
        _ => return Err("answer PORT TEXT, or ask PORT".into()),
    }
    Ok(())
}

/// The other one may listen a little later.
fn connected(port: u16) -> std::io::Result<TcpStream> {
    for _ in 0..500 {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return Ok(stream),
            Err(_) => sleep(Duration::from_millis(20)),
        }
    }
    TcpStream::connect(("127.0.0.1", port))
}
