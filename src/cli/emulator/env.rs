//! `acitask emulator env`: how other Azure tools find the emulator.
//!
//! What it prints holds the emulator's secret, because that is what it is for: whoever has it can have tokens of this
//! emulator, which listens on loopback only. Nothing else prints it.

use std::path::Path;

use acitask_emulator::contract::TENANT;
use acitask_emulator::home::Home;
use acitask_emulator::pki::Pki;
use clap::{Args, ValueEnum};

use super::local;
use crate::cli::code::Code;
use crate::cli::connect::LOCAL_SUBSCRIPTION;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};
use crate::model::secret::Secret;
use crate::render::text::command_line;

/// The service principal's name; the emulator takes any.
const CLIENT: &str = "00000000-0000-0000-0000-00000000c11e";

/// Print for a shell what makes other Azure tools go to the emulator. It holds the emulator's secret, which is worth something on this machine only.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  eval \"$(acitask emulator env az)\"     # then: az container list --output table\n  \
    eval \"$(acitask emulator env sdk)\"    # then run a program that uses an SDK\n\n\
    In a shell that has evaluated it, az and Python trust the emulator's certificate authority and nobody else, so \
    that nothing goes to the real Azure by mistake. az keeps its settings in the emulator's state folder there, \
    apart from your own.\n\
    An SDK needs three things in code: the base URL (ARM_ENDPOINT), the scope \"$ARM_ENDPOINT/.default\", and \
    instance discovery off (disable_instance_discovery=True, disableInstanceDiscovery: true)."
)]
pub(crate) struct Env {
    /// The tool.
    #[arg(value_name = "TOOL", default_value = "sdk")]
    tool: Tool,
}

/// A tool that finds the emulator by its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// The Azure command line: registers the emulator as a cloud and logs in.
    Az,
    /// The SDKs for Python and JavaScript.
    Sdk,
}

/// Prints lines that a shell can evaluate.
pub(crate) async fn env(desk: &Desk, arguments: &Env) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let control = local::ensure(desk, &home).await?;
    let place = Place::of(&home)?;
    let lines = match arguments.tool {
        Tool::Az => az(&place, control.secret()),
        Tool::Sdk => sdk(&place, control.secret()),
    };
    desk.screen.result(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
    Ok(Code::DONE)
}

/// Where an emulator is found.
struct Place {
    port: u16,
    authority: String,
    settings: String,
}

impl Place {
    fn of(home: &Home) -> Result<Self, Failure> {
        let pki = Pki::open(&home.certificates()).map_err(acitask_emulator::serve::ServeError::from)?;
        let text = |path: &Path| path.display().to_string();
        Ok(Self {
            port: home.https_port()?,
            authority: text(&pki.authority_file()),
            settings: text(&home.path().join("az")),
        })
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

fn sdk(place: &Place, secret: &Secret) -> Vec<String> {
    let url = place.url();
    [
        ("ARM_ENDPOINT", url.as_str()),
        ("AZURE_AUTHORITY_HOST", &url),
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", CLIENT),
        ("AZURE_CLIENT_SECRET", secret.expose()),
        ("AZURE_SUBSCRIPTION_ID", LOCAL_SUBSCRIPTION),
        ("REQUESTS_CA_BUNDLE", &place.authority),
        ("NODE_EXTRA_CA_CERTS", &place.authority),
    ]
    .map(|(name, value)| export(name, value))
    .into()
}

/// The cloud is called after its port, so that another port is another cloud.
fn az(place: &Place, secret: &Secret) -> Vec<String> {
    let cloud = format!("acitask-{}", place.port);
    let run = |words: &str, rest: &[&str]| {
        let words = words.split(' ').chain(rest.iter().copied()).map(str::to_owned);
        command_line(&words.collect::<Vec<_>>())
    };
    let known = run("az cloud show --output none --name", &[&cloud]);
    let register = run("az cloud register --name", &[&cloud, "--endpoint-resource-manager", &place.url()]);
    let mut lines: Vec<String> = [
        ("AZURE_CONFIG_DIR", place.settings.as_str()),
        ("REQUESTS_CA_BUNDLE", &place.authority),
        // The websockets of `az container exec` have a library of their own.
        ("WEBSOCKET_CLIENT_CA_BUNDLE", &place.authority),
        // Else the emulator's address would be looked up at login.microsoftonline.com.
        ("AZURE_CORE_INSTANCE_DISCOVERY", "false"),
        ("AZURE_CORE_COLLECT_TELEMETRY", "false"),
    ]
    .map(|(name, value)| export(name, value))
    .into();
    lines.push(format!("{known} 2>/dev/null || {register}"));
    lines.push(run("az cloud set --output none --name", &[&cloud]));
    let login = ["--username", CLIENT, "--password", secret.expose(), "--tenant", TENANT];
    lines.push(run("az login --output none --service-principal", &login));
    lines
}

fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", command_line(&[value.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let file = |name: &str| format!("/home/o'neil/my state/{name}");
        Place { port: 4001, authority: file("pki/ca.pem"), settings: file("az") }
    }

    #[test]
    fn sdks_are_told_where_who_and_whom_to_trust() {
        let lines = sdk(&place(), &Secret::new("5ec7e7"));
        for line in [
            "export ARM_ENDPOINT=https://127.0.0.1:4001",
            "export AZURE_AUTHORITY_HOST=https://127.0.0.1:4001",
            "export AZURE_CLIENT_SECRET=5ec7e7",
            r"export REQUESTS_CA_BUNDLE='/home/o'\''neil/my state/pki/ca.pem'",
            r"export NODE_EXTRA_CA_CERTS='/home/o'\''neil/my state/pki/ca.pem'",
        ] {
            assert!(lines.iter().any(|told| told == line), "{line} is not in {lines:?}");
        }
    }

    #[test]
    fn az_is_registered_once_and_logged_in() {
        let lines = az(&place(), &Secret::new("5ec7e7"));
        assert_eq!(
            lines.first().map(String::as_str),
            Some(r"export AZURE_CONFIG_DIR='/home/o'\''neil/my state/az'")
        );
        assert_eq!(
            lines.get(5..).map(<[_]>::to_vec),
            Some(vec![
                "az cloud show --output none --name acitask-4001 2>/dev/null || az cloud register --name \
                 acitask-4001 --endpoint-resource-manager https://127.0.0.1:4001"
                    .to_owned(),
                "az cloud set --output none --name acitask-4001".to_owned(),
                "az login --output none --service-principal --username 00000000-0000-0000-0000-00000000c11e \
                 --password 5ec7e7 --tenant 00000000-0000-0000-0000-00000000ac17"
                    .to_owned(),
            ])
        );
    }
}
