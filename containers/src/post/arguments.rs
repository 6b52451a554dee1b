//! The words after `post`, and the environment, as an errand. Pure.
//!
//! Invariant: everything that is wrong is told at once, and nothing is sent before all is right.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::address::Address;
use super::body::body;

/// What `--help` shows.
pub const USAGE: &str = "\
post [--name NAME] [--data JSON-or-KEY=VALUE]… [--url URL] [--timeout 10s] [--retries 3]
posts a JSON body and shows the answer

  --name NAME     the body's name (default: NAME of the environment, else task)
  --data DATA     members of the body: a JSON object, or KEY=VALUE with a string
  --url URL       where to (default: ENDPOINT_URL of the environment)
  --timeout TIME  for each try: 500ms, 10s, 2m (default 10s; half of it for the connection)
  --retries N     after a lost connection, 429 or 5xx (default 3, at most 20)

environment: ENDPOINT_URL, NAME, DATA (a JSON object), DATA_<KEY> (a string),
SSL_CERT_FILE (the authorities to trust instead of the public ones, as PEM)
exit codes: 0 done, 1 refused or broken off, 2 usage, 3 no connection";

/// The most retries that can be asked for.
const MOST_RETRIES: u32 = 20;
/// The longest time that can be given to a try.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Errand {
    /// Where to post.
    pub address: Address,
    /// What to post.
    pub body: Value,
    /// The time that one try may take.
    pub timeout: Duration,
    /// How many tries may follow the first.
    pub retries: u32,
    /// A PEM file of the only authorities to trust, if not the public ones.
    pub authorities: Option<PathBuf>,
}

/// Why there is no errand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// Help was asked for.
    Asked,
    /// All that is wrong.
    Wrong(Vec<String>),
}

/// Reads the words and the environment.
pub fn parse(words: &[String], environment: &BTreeMap<String, String>) -> Result<Errand, Usage> {
    let mut mistakes = Vec::new();
    let (mut name, mut url, mut timeout, mut retries) = (None, None, None, None);
    let mut data = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (option, attached) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        match option {
            "--help" | "-h" => return Err(Usage::Asked),
            "--name" | "--data" | "--url" | "--timeout" | "--retries" => {}
            unknown => {
                mistakes.push(format!("unknown argument {unknown:?}"));
                continue;
            }
        }
        let Some(value) = attached.or_else(|| words.next().cloned()) else {
            mistakes.push(format!("{option} needs a value"));
            continue;
        };
        match option {
            "--name" => name = Some(value),
            "--data" => data.push(value),
            "--url" => url = Some(value),
            "--timeout" => timeout = Some(value),
            _ => retries = Some(value),
        }
    }

    let mut keep = |mistake: String| mistakes.push(mistake);
    let address = address(url.as_deref(), environment).map_err(&mut keep);
    let timeout = duration(timeout.as_deref().unwrap_or("10s"))
        .ok_or_else(|| keep("--timeout must be a time like 500ms, 10s or 2m, up to 1h".to_owned()));
    let retries = count(retries.as_deref().unwrap_or("3"))
        .ok_or_else(|| keep(format!("--retries must be a number up to {MOST_RETRIES}")));
    let body =
        body(name.as_deref(), &data, environment).map_err(|wrong| wrong.into_iter().for_each(&mut keep));
    let authorities = environment.get("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    match (mistakes.is_empty(), address, timeout, retries, body) {
        (true, Ok(address), Ok(timeout), Ok(retries), Ok(body)) => {
            Ok(Errand { address, body, timeout, retries, authorities })
        }
        _ => Err(Usage::Wrong(mistakes)),
    }
}

/// The address of `--url`, else of the environment.
fn address(url: Option<&str>, environment: &BTreeMap<String, String>) -> Result<Address, String> {
    let (source, text) = match (url, environment.get("ENDPOINT_URL")) {
        (Some(text), _) => ("--url", text),
        (None, Some(text)) => ("ENDPOINT_URL", text.as_str()),
        (None, None) => {
            return Err("neither --url nor ENDPOINT_URL says where to post".to_owned());
        }
    };
    Address::parse(text).map_err(|error| format!("{source} {error}"))
}

/// `500ms`, `10s`, `2m`, `1h`, or seconds alone; neither nothing nor more than an hour.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => number,
        "s" | "" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    let time = Duration::from_millis(milliseconds);
    (!time.is_zero() && time <= LONGEST_TIMEOUT).then_some(time)
}

fn count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number <= MOST_RETRIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(words: &[&str], variables: &[(&str, &str)]) -> Result<Errand, Usage> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let environment =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parse(&words, &environment)
    }

    #[test]
    fn words_win_over_the_environment() -> Result<(), Box<dyn std::error::Error>> {
        let variables = [("ENDPOINT_URL", "http://env/"), ("SSL_CERT_FILE", "/ca.pem")];
        let plain = Errand {
            address: Address::parse("http://env/")?,
            body: serde_json::json!({"name": "task"}),
            timeout: Duration::from_secs(10),
            retries: 3,
            authorities: Some("/ca.pem".into()),
        };
        assert_eq!(errand(&[], &variables), Ok(plain.clone()));
        let full = Errand {
            address: Address::parse("https://arg/?a=b")?,
            body: serde_json::json!({"name": "dog", "a": "b=c"}),
            timeout: Duration::from_millis(500),
            retries: 0,
            ..plain
        };
        let words =
            ["--name", "dog", "--data=a=b=c", "--url=https://arg/?a=b", "--timeout", "500ms", "--retries=0"];
        assert_eq!(errand(&words, &variables), Ok(full));
        Ok(())
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let words = ["--nam", "--timeout", "1y", "--retries", "21", "--data", "x", "--url", "sink", "--name"];
        let Err(Usage::Wrong(mistakes)) = errand(&words, &[("DATA", "1")]) else {
            assert_eq!("an errand", "mistakes");
            return;
        };
        for word in ["--nam\"", "--timeout", "--retries", "--data", "DATA", "--url", "--name needs"] {
            assert!(mistakes.iter().any(|told| told.contains(word)), "{word} in {mistakes:?}");
        }
        assert_eq!(mistakes.len(), 7, "{mistakes:?}");
    }

    #[test]
    fn times_have_units_and_bounds() {
        let cases = [
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("10", Some(10_000)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("2h", None),
            ("0s", None),
            ("", None),
            ("-1s", None),
            ("1.5s", None),
            ("99999999999999999999s", None),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(duration(text), milliseconds.map(Duration::from_millis), "{text:?}");
        }
    }
}
