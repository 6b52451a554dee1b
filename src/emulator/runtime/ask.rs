//! Asks a container for a page, as a probe does.
//!
//! What is said of an unwell one is worded as a kubelet words it, whose messages ACI's events show.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Asks for a page; redirections are answers, and proxies of the machine are not for its loopback.
pub(super) async fn ask(url: &str, headers: Vec<(String, String)>, patience: Duration) -> Result<(), String> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header"))?;
        let value = HeaderValue::from_str(&value);
        all.append(name, value.map_err(|_| "a header's value is no text of a header".to_owned())?);
    }
    let asked = client()?.get(url).headers(all).timeout(patience).send().await;
    match asked {
        Ok(answer) if (200..400).contains(&answer.status().as_u16()) => Ok(()),
        Ok(answer) => Err(format!("HTTP probe failed with statuscode: {}", answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!(
            "Get \"{url}\": context deadline exceeded (no answer within {}s)",
            patience.as_secs()
        )),
        Err(error) => {
            let mut cause: &dyn Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            Err(format!("Get \"{url}\": {cause}"))
        }
    }
}

/// One client for all, as each has its own threads of name look-ups and its own certificates.
fn client() -> Result<reqwest::Client, String> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    crate::image::provide_cryptography();
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("kube-probe/1.33")
        .build()
        .map_err(|error| format!("the probe's client: {error}"))?;
    Ok(CLIENT.get_or_init(|| client).clone())
}
