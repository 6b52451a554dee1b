//! What can go wrong at the edge, with the code that names it and what to do about it.

use std::io;
use std::path::PathBuf;

use acitask_emulator::home::HomeError;
use acitask_emulator::image::ImageError;
use acitask_emulator::serve::ServeError;
use miette::Diagnostic;

use super::code::Code;
use crate::arm::exec::ExecFault;
use crate::arm::fault::Fault;
use crate::engine::lease::Held;
use crate::manifest::Rejected;
use crate::model::digests::ShortKey;
use crate::plan::Defect;

/// What can go wrong at the edge.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub(crate) enum Failure {
    /// The manifests are refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Rejected(#[from] Rejected),
    /// Warnings are denied; they have been told.
    #[error("the manifests have warnings, and --deny warnings refuses them")]
    Denied,
    /// There is no such rule.
    #[error("there is no rule {code}")]
    #[diagnostic(code(acitask::rule), help("{help}"))]
    UnknownRule {
        /// The code.
        code: String,
        /// What may be meant.
        help: String,
    },
    /// A file that would be written is there already.
    #[error("{} is there already", path.display())]
    #[diagnostic(code(acitask::init), help("{help}"))]
    Occupied {
        /// Which file.
        path: PathBuf,
        /// What to do about it.
        help: &'static str,
    },
    /// A file is no export of a container group.
    #[error("{place} is no export of a container group: {reason}")]
    #[diagnostic(
        code(acitask::import),
        help("make one with `az container export --resource-group GROUP --name NAME --file FILE`")
    )]
    NoExport {
        /// Where it was read.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A thing that Azure does not have.
    #[error("there is no {0}")]
    #[diagnostic(
        code(acitask::import),
        help("`az group list` lists the resource groups of the subscription")
    )]
    NotThere(String),
    /// A call failed.
    #[error("{fault}")]
    #[diagnostic(code(acitask::call), help("{help}"))]
    Call {
        /// The fault.
        fault: Fault,
        /// What to do about it.
        help: String,
    },
    /// The key for the digests of secrets is too short.
    #[error(transparent)]
    #[diagnostic(
        code(acitask::digest),
        help(
            "make one with `openssl rand -hex 32`, keep it where the project's secrets are kept, and give it as ACITASK_DIGEST_KEY"
        )
    )]
    ShortKey(#[from] ShortKey),
    /// A mistake of ours.
    #[error("the plan does not hold together")]
    #[diagnostic(
        code(acitask::defect),
        help("this is a mistake in acitask; please report it with the manifests")
    )]
    Defect(#[from] Defect),
    /// Somebody else applies.
    #[error(transparent)]
    #[diagnostic(
        code(acitask::lease),
        help("wait until that has ended; if you know that it has, give --break-lease")
    )]
    Leased(#[from] Held),
    /// Something does not fit the kind of the thing that it is asked of.
    #[error("{0}")]
    #[diagnostic(code(acitask::unfit))]
    Unfit(String),
    /// Nothing says where to go.
    #[error("nothing says where this goes: to Azure or to the local emulator")]
    #[diagnostic(
        code(acitask::target),
        help(
            "give --local for the local emulator, or write `target: local` or `target: azure` with a `subscription` in the spec of the Project"
        )
    )]
    NoTarget,
    /// Azure without a subscription.
    #[error("the target is Azure, but no subscription is given")]
    #[diagnostic(
        code(acitask::subscription),
        help(
            "write `subscription` in the spec of the Project or give --subscription; --local takes the local emulator instead"
        )
    )]
    NoSubscription,
    /// No manifest anywhere.
    #[error("there is no manifest in {place}")]
    #[diagnostic(
        code(acitask::manifests),
        help("a manifest is a *.yaml or *.yml file; -f names a file, a folder, or - for standard input")
    )]
    NoManifests {
        /// Where it was looked for.
        place: String,
    },
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    #[diagnostic(code(acitask::file))]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of `NAME=VALUE` lines cannot be understood.
    #[error("{} is not a file of NAME=VALUE lines: {reason}", path.display())]
    #[diagnostic(
        code(acitask::env_file),
        help("write one NAME=VALUE a line, with quotes around a value that has spaces")
    )]
    EnvFile {
        /// Which file.
        path: PathBuf,
        /// What is wrong; never the text of a line, which may be a secret.
        reason: String,
    },
    /// `--var` names a variable that no manifest declares.
    #[error("--var {name}: the Project declares no such variable")]
    #[diagnostic(code(acitask::variable), help("{help}"))]
    UnknownVariable {
        /// The name.
        name: String,
        /// What may be meant.
        help: String,
    },
    /// A name that no manifest has.
    #[error("no {what} is called {name}")]
    #[diagnostic(code(acitask::name), help("{help}"))]
    UnknownName {
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
        /// What may be meant.
        help: String,
    },
    /// There is no log to show.
    #[error("{0}")]
    #[diagnostic(code(acitask::logs))]
    NoLog(String),
    /// Something is somebody else's or cannot be so; the page has shown it.
    #[error("conflicts have to be settled first")]
    Conflicts,
    /// Something is protected; the page has shown it.
    #[error("the plan is blocked")]
    Blocked,
    /// The plan is not the one that was reviewed.
    #[error(
        "the plan is not the one that was reviewed: its fingerprint is {now}, and {expected} was expected"
    )]
    #[diagnostic(
        code(acitask::stale),
        help("nothing was done; review the plan as it is now, then apply it with `--expect {now}`")
    )]
    Stale {
        /// Of the plan that was reviewed.
        expected: String,
        /// Of the plan as it is now.
        now: String,
    },
    /// A file is no plan file.
    #[error("{} is no plan file of this version of acitask", path.display())]
    #[diagnostic(code(acitask::plan_file), help("make one with `acitask plan --out FILE`"))]
    NoPlanFile {
        /// Which file.
        path: PathBuf,
    },
    /// Nobody can be asked.
    #[error("nobody can be asked for confirmation, because there is no terminal")]
    #[diagnostic(code(acitask::confirmation), help("--auto-approve takes the plan as it is shown"))]
    NobodyToAsk,
    /// Nowhere to keep the emulator's state.
    #[error("there is no folder for the emulator's state, because HOME is not set")]
    #[diagnostic(code(acitask::state), help("--state-dir names one"))]
    NoHome,
    /// The state folder cannot be used.
    #[error(transparent)]
    #[diagnostic(code(acitask::state))]
    Home(#[from] HomeError),
    /// The emulator cannot be served.
    #[error(transparent)]
    #[diagnostic(code(acitask::emulator))]
    Serve(#[from] ServeError),
    /// The emulator was started and does not answer.
    #[error("the local emulator does not answer{}", last.as_ref().map(|line| format!("; it last said: {line}")).unwrap_or_default())]
    #[diagnostic(code(acitask::emulator), help("its log is {}", log.display()))]
    EmulatorSilent {
        /// Its log.
        log: PathBuf,
        /// The last line of the log.
        last: Option<String>,
    },
    /// The emulator was told to stop and does not.
    #[error("the local emulator does not stop")]
    #[diagnostic(code(acitask::emulator), help("it is process {pid}"))]
    EmulatorStays {
        /// Its process.
        pid: u32,
    },
    /// The emulator runs in another way than it was to be started.
    #[error("the local emulator runs already, {how}")]
    #[diagnostic(
        code(acitask::emulator),
        help("stop it with `acitask emulator stop`; it keeps what it knows")
    )]
    EmulatorDiffers {
        /// How it runs, and what was asked for.
        how: String,
    },
    /// A script of faults has mistakes.
    #[error("{place} is no script of faults:\n{mistakes}")]
    #[diagnostic(code(acitask::faults), help("`acitask emulator fault add --help` shows one"))]
    Faults {
        /// Where it is.
        place: String,
        /// All of them, one a line.
        mistakes: String,
    },
    /// A switch of the emulator was refused.
    #[error("the emulator refuses: {0}")]
    #[diagnostic(code(acitask::emulator))]
    EmulatorRefuses(String),
    /// An image cannot be used.
    #[error(transparent)]
    #[diagnostic(code(acitask::image))]
    Image(#[from] ImageError),
    /// A program that is needed failed.
    #[error("{program} failed: {reason}")]
    #[diagnostic(code(acitask::program), help("{help}"))]
    Program {
        /// Which one.
        program: String,
        /// How.
        reason: String,
        /// What to do about it.
        help: String,
    },
    /// This is not the repository.
    #[error("this is not acitask's repository, and neither is any folder above")]
    #[diagnostic(
        code(acitask::repository),
        help("go into the folder that has `containers` and `manifests/quickstart`")
    )]
    NoRepository,
    /// A command could not be executed in a container.
    #[error(transparent)]
    #[diagnostic(code(acitask::exec))]
    Exec(#[from] ExecFault),
    /// Standard output takes nothing more.
    #[error("cannot write the result")]
    #[diagnostic(code(acitask::output))]
    Output {
        /// Why.
        source: io::Error,
    },
    /// Standard input gives nothing.
    #[error("cannot read standard input")]
    #[diagnostic(code(acitask::input))]
    Input {
        /// Why.
        source: io::Error,
    },
    /// The process cannot be set up.
    #[error("the process cannot be set up")]
    #[diagnostic(code(acitask::process))]
    Runtime {
        /// Why.
        source: io::Error,
    },
    /// A person left.
    #[error("interrupted")]
    Left,
}

impl Failure {
    /// The exit code; `own` is that of the command's own failures.
    pub(crate) fn code(&self, own: Code) -> Code {
        match self {
            Self::Blocked if own == Code::ERROR => Code::BLOCKED,
            Self::Left => Code::INTERRUPTED,
            Self::Stale { .. } if own == Code::ERROR => Code::STALE,
            Self::Output { source } if source.kind() == io::ErrorKind::BrokenPipe => Code::DONE,
            _ => own,
        }
    }

    /// Whether it has been told already, or nobody is there to hear it.
    pub(crate) fn is_told(&self) -> bool {
        match self {
            Self::Conflicts | Self::Blocked | Self::Left => true,
            Self::Output { source } => source.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let help = fault.help().unwrap_or("-v logs the calls").to_owned();
        Self::Call { fault, help }
    }
}
