//! `acitask emulator start`: the emulator in the background, and the ways in which it can run.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use acitask_emulator::{Choice, Time};
use clap::{Args, ValueEnum};

use super::control::{Control, Health};
use super::script::Script;
use super::{local, status};
use crate::cli::code::Code;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};

/// Start it in the background, if it does not run.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  acitask emulator start\n  acitask emulator start --runtime simulated --time explicit"
)]
pub(crate) struct Start {
    #[command(flatten)]
    way: Way,
}

/// How it runs.
#[derive(Args)]
pub(super) struct Way {
    /// Where containers run.
    #[arg(long, value_name = "RUNTIME", default_value = "auto", env = "ACITASK_EMULATOR_RUNTIME")]
    pub(super) runtime: RuntimeChoice,
    /// Where the container engine of the docker runtime listens: unix:///PATH or tcp://HOST:PORT. Without, the usual
    /// sockets of Docker and Podman are tried.
    #[arg(long, value_name = "ADDRESS", env = "DOCKER_HOST")]
    pub(super) docker_host: Option<String>,
    /// How its time passes; explicit time is for the simulated runtime.
    #[arg(long, value_name = "TIME", default_value = "real", env = "ACITASK_EMULATOR_TIME")]
    pub(super) time: TimeChoice,
    /// A script of faults that it begins with.
    #[arg(long, value_name = "FILE")]
    pub(super) faults: Option<PathBuf>,
    /// Listen on this address of the machine too, or on all with 0.0.0.0.
    #[arg(long, value_name = "ADDRESS", requires = "allow_other_machines")]
    pub(super) listen: Option<IpAddr>,
    /// Let other machines reach it: whoever has its secret can run containers here, and all goes over plain http.
    #[arg(long)]
    pub(super) allow_other_machines: bool,
}

/// Where containers run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RuntimeChoice {
    /// Natively where this machine can, else in a container engine, else simulated.
    Auto,
    /// As real processes of real images.
    Native,
    /// In Docker, Podman or another engine with Docker's API.
    Docker,
    /// Nowhere: behaviour as data.
    Simulated,
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TimeChoice {
    /// By itself.
    Real,
    /// Only by `acitask emulator advance`.
    Explicit,
}

impl From<RuntimeChoice> for Choice {
    fn from(choice: RuntimeChoice) -> Self {
        match choice {
            RuntimeChoice::Auto => Self::Auto,
            RuntimeChoice::Native => Self::Native,
            RuntimeChoice::Docker => Self::Docker,
            RuntimeChoice::Simulated => Self::Simulated,
        }
    }
}

impl From<TimeChoice> for Time {
    fn from(choice: TimeChoice) -> Self {
        match choice {
            TimeChoice::Real => Self::Real,
            TimeChoice::Explicit => Self::Explicit,
        }
    }
}

impl Way {
    /// The same as arguments of `serve`.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let Self { runtime, docker_host: _, time, faults, listen, allow_other_machines: _ } = self;
        let host = self.docker_host().map(|host| format!("--docker-host={host}"));
        let ways = [format!("--runtime={}", name(*runtime)), format!("--time={}", name(*time))];
        let mut arguments: Vec<OsString> = ways.into_iter().chain(host).map(OsString::from).collect();
        if let Some(faults) = faults {
            arguments.extend(["--faults".into(), faults.clone().into_os_string()]);
        }
        if let Some(address) = listen {
            arguments.extend([format!("--listen={address}").into(), "--allow-other-machines".into()]);
        }
        arguments
    }

    /// The address of the container engine, where one is said; a variable that is set to nothing says none.
    pub(super) fn docker_host(&self) -> Option<&str> {
        self.docker_host.as_deref().filter(|host| !host.is_empty())
    }

    /// How an emulator runs that does not run in this way.
    pub(super) fn differs(&self, health: &Health) -> Option<String> {
        let Self { runtime, docker_host: _, time, faults: _, listen: _, allow_other_machines: _ } = self;
        let told = |what, runs: &str, asked: &str| Some(format!("with {what} {runs}, not {asked}"));
        let (runtime, time) = (name(*runtime), name(*time));
        if runtime != "auto" && health.runtime.name != runtime {
            return told("the runtime", &health.runtime.name, &runtime);
        }
        if health.time_mode != time { told("time", &health.time_mode, &time) } else { None }
    }
}

/// The name of a choice, as it is given on the command line.
fn name(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Starts it and says how it runs.
pub(super) async fn start(desk: &Desk, arguments: &Start) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let Way { runtime, docker_host, time, faults, listen, allow_other_machines } = &arguments.way;
    // Looked at here, where mistakes are seen; it runs in another folder.
    let faults = match faults {
        None => None,
        Some(file) => {
            Script::read(desk, file)?.faults()?;
            Some(desk.environment.folder.join(file))
        }
    };
    if faults.is_some() && Control::of(&home)?.health().await.is_some() {
        let how = "and takes more faults by `acitask emulator fault add`".to_owned();
        return Err(Failure::EmulatorDiffers { how });
    }
    if listen.is_some() && Control::of(&home)?.health().await.is_some() {
        let how = "and listens where it was told to when it started".to_owned();
        return Err(Failure::EmulatorDiffers { how });
    }
    let (listen, allow_other_machines) = (*listen, *allow_other_machines);
    let (runtime, docker_host, time) = (*runtime, docker_host.clone(), *time);
    let way = Way { runtime, docker_host, time, faults, listen, allow_other_machines };
    local::ensure_with(desk, &home, Some(&way)).await?;
    status::status(desk, &status::Status::default()).await
}
