//! The task of both images: posts a JSON body to an endpoint and shows the answer.
//!
//! Invariant: the exit code is 0 only if the endpoint answered 2xx and its answer was read whole.
//! Neither the credentials nor the query of the address is ever shown. [`arguments`], [`address`],
//! [`body`] and [`retry`] are pure; [`send`] is the only door to the network.

pub mod address;
pub mod arguments;
pub mod body;
pub mod retry;
pub mod send;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use arguments::{Errand, Usage};
use retry::{Next, next};
use send::{Answer, Try};

/// Exit code: the endpoint refused, or its answer is no success.
const REFUSED: u8 = 1;
/// Exit code: wrong arguments or environment.
const USAGE: u8 = 2;
/// Exit code: no connection to the endpoint.
const NO_CONNECTION: u8 = 3;

/// Posts once, with retries. Exit codes: 0 done, 1 refused, 2 usage, 3 no connection.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let code = match arguments::parse(&words, &environment) {
        Ok(errand) => carry_out(&errand),
        Err(Usage::Asked) => {
            say(arguments::USAGE);
            0
        }
        Err(Usage::Wrong(mistakes)) => {
            for mistake in mistakes {
                complain(&mistake);
            }
            complain("see post --help");
            USAGE
        }
    };
    ExitCode::from(code)
}

/// Tries until the endpoint takes the post or nothing more can be hoped for.
fn carry_out(errand: &Errand) -> u8 {
    let agent = match send::agent(errand) {
        Ok(agent) => agent,
        Err(error) => {
            complain(&error.to_string());
            return USAGE;
        }
    };
    say(&format!("POST {}", errand.address));
    let mut retries = 0;
    loop {
        let tried = send::post(&agent, errand);
        let pause = match next(&tried, retries, errand.retries) {
            Next::Stop => return tell(&tried),
            Next::Wait(pause) => {
                complain(&format!("{}; trying again in {pause:?}", reason(&tried)));
                pause
            }
        };
        std::thread::sleep(pause);
        retries += 1;
    }
}

/// Shows how the last try ended; the answer is the exit code.
fn tell(tried: &Try) -> u8 {
    match tried {
        Try::Answered(Answer { status, body, retry_after: _ }) => {
            say(&format!("status: {status}"));
            say(&format!("body: {}", body.text));
            if let Some(fault) = &body.fault {
                complain(&format!("the answer broke off: {fault}"));
                return REFUSED;
            }
            if !(200..300).contains(status) {
                complain(&reason(tried));
                return REFUSED;
            }
            0
        }
        Try::NoConnection(_) | Try::NoTrust(_) => {
            complain(&reason(tried));
            NO_CONNECTION
        }
        Try::NoAnswer(_) => {
            complain(&reason(tried));
            REFUSED
        }
    }
}

/// Why a try did not succeed.
fn reason(tried: &Try) -> String {
    match tried {
        Try::Answered(answer) => format!("the endpoint answered {}", answer.status),
        Try::NoConnection(why) => format!("no connection: {why}"),
        Try::NoTrust(why) => format!("no trusted connection: {why}"),
        Try::NoAnswer(why) => format!("no answer: {why}"),
    }
}

/// A line of the result. A closed stream does not change the outcome.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A line for people.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "post: {line}");
}
