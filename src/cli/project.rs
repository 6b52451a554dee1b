//! The project that a command is about: its manifests read, its values filled in, its target chosen. It calls nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use acitask_emulator::home::Home;

use super::Desk;
use super::arguments::Input;
use super::confined;
use super::failure::Failure;
use super::files;
use super::name;
use super::target::{Choice, Signs, choose};
use super::values::{self, EnvFile};
use crate::manifest::{self, Declared, Rejected, Resolved, Severity, Values};
use crate::model::digests::Digests;
use crate::model::name::{Name, Owner};
use crate::model::secret::Secret;
use crate::model::stack::{self, Limits, SecretDigests, Stack, Target};
use crate::model::tag::Tags;
use crate::render::flags::Flags;

/// The environment variable that holds the key for the digests of secrets.
const DIGEST_KEY: &str = "ACITASK_DIGEST_KEY";

/// A project and where it goes.
pub(crate) struct Project {
    /// What is wanted.
    pub(crate) stack: Stack,
    /// Where it goes; absent where nothing says so, which [`target`](Self::target) refuses.
    target: Option<Target>,
    /// The subscription, where one is given.
    pub(crate) subscription: Option<String>,
    /// The `.env` files, of which `AZURE_*` goes to the credentials.
    pub(crate) env_files: Vec<EnvFile>,
    /// What other commands need to be about the same project.
    pub(crate) flags: Flags,
}

impl Project {
    /// Where it goes.
    ///
    /// # Errors
    /// Nothing says so.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        self.target.ok_or(Failure::NoTarget)
    }
}

/// Opens the project that is named. What is wrong with manifests is told before anything else is.
///
/// # Errors
/// The manifests cannot be read, or are refused.
pub(crate) fn open(desk: &Desk, input: &Input) -> Result<Project, Failure> {
    let Judged { outcome, choice, env_files } = judge(desk, input)?;
    let Resolved { mut stack, warnings } = outcome?;
    stack.digests = digests(desk, &stack, &env_files)?;
    // Notes are for `validate`.
    for warning in warnings.into_iter().filter(|each| each.rule().severity() != Severity::Note) {
        desk.screen.diagnostic(warning.into());
    }
    let Desk { globals, environment, screen } = desk;
    if choice == Choice::Assumed {
        screen.say("Nothing names a target, so this goes to the local emulator (as with --local).");
    }
    let target = match choice {
        Choice::Told(target) => Some(target),
        Choice::Assumed => Some(Target::Local),
        Choice::Open => None,
    };
    let declared = stack.project.subscription.clone().filter(|subscription| !subscription.is_empty());
    let subscription = globals.subscription.clone().or(declared);
    let flags = desk.globals.flags(input, environment);
    Ok(Project { stack, target, subscription, env_files, flags })
}

/// How the secrets of a stack are compared: with the key that is given, else as the project says.
fn digests(desk: &Desk, stack: &Stack, env_files: &[EnvFile]) -> Result<Digests, Failure> {
    let own = desk.environment.get(DIGEST_KEY).map(Secret::new);
    let key = own.or_else(|| env_files.iter().find_map(|file| file.get(DIGEST_KEY).cloned()));
    match (key, stack.project.secret_digests) {
        (Some(key), _) => Ok(Digests::keyed(&key)?),
        (None, SecretDigests::Salted) => Ok(Digests::salted(&stack.project.owner, &stack.secret_values())),
        (None, SecretDigests::None) => Ok(Digests::default()),
    }
}

/// A project without manifests, for what looks at Azure before there are any.
///
/// # Errors
/// A file of `--env-file` cannot be read.
pub(crate) fn bare(desk: &Desk, name: &str) -> Result<Project, Failure> {
    let Desk { globals, environment, screen } = desk;
    let folder = &environment.folder;
    let choice = choose(Signs {
        local: globals.local,
        project: None,
        subscription: globals.subscription.is_some(),
        attended: screen.is_attended(),
    });
    let target = match choice {
        Choice::Told(target) => Some(target),
        Choice::Assumed | Choice::Open => None,
    };
    let stack = Stack {
        project: stack::Project {
            owner: Owner::new(&Name::from(name), None),
            target,
            subscription: globals.subscription.clone(),
            tenant: None,
            cloud: Default::default(),
            azure_api_version: None,
            location: None,
            tags: Tags::new(),
            limits: Limits::default(),
            secret_digests: SecretDigests::None,
        },
        resource_groups: BTreeMap::new(),
        groups: BTreeMap::new(),
        runs: BTreeMap::new(),
        whole: false,
        digests: Digests::default(),
    };
    let flags = globals.flags(&Input::default(), environment);
    let env_files = env_files(&globals.env_files, folder, folder)?;
    Ok(Project { stack, target, subscription: globals.subscription.clone(), env_files, flags })
}

/// Manifests that were judged.
pub(crate) struct Judged {
    /// What they want, or all that is wrong with them.
    pub(crate) outcome: Result<Resolved, Rejected>,
    choice: Choice,
    env_files: Vec<EnvFile>,
}

/// Reads manifests, fills their values in and judges them.
///
/// # Errors
/// A file cannot be read, or `--var` names what nobody declares.
pub(crate) fn judge(desk: &Desk, input: &Input) -> Result<Judged, Failure> {
    let Desk { globals, environment, screen } = desk;
    let manifests = files::read(&input.files, &environment.folder, &mut std::io::stdin().lock())?;
    let env_files = env_files(&globals.env_files, &environment.folder, &manifests.folder)?;
    let draft = manifest::read(manifests.sources)
        .without(manifests.unreadable)
        .in_environment(globals.environment.as_deref());
    let hint = draft.project_hint();
    let given = |sink: Option<&str>| {
        values::given(&hint.variables, &globals.variables, environment, &env_files, sink)
    };
    let written = hint.subscription.as_deref().filter(|text| is_filled(text, &hint.variables, &given(None)));
    let choice = choose(Signs {
        local: globals.local,
        project: hint.target,
        subscription: globals.subscription.is_some() || written.is_some(),
        attended: screen.is_attended(),
    });
    let sink = match choice {
        Choice::Told(Target::Azure) => None,
        Choice::Told(Target::Local) | Choice::Assumed => {
            let wanted = hint.variables.iter().any(|variable| variable.local_sink);
            if wanted { Some(sink_url(&home(desk)?)?) } else { None }
        }
        // The missing target is the error to tell, not the value that would come with it.
        Choice::Open => Some("http://127.0.0.1/sink".to_owned()),
    };
    let files = |name: &str| confined::text(&manifests.folder, name);
    let outcome = draft.resolve(&given(sink.as_deref()), &files, manifests.whole);
    if outcome.is_ok() {
        known_variables(desk, &hint.variables)?;
    }
    Ok(Judged { outcome, choice, env_files })
}

/// The state folder of the local emulator.
///
/// # Errors
/// There is none, or it cannot be made.
pub(crate) fn home(desk: &Desk) -> Result<Home, Failure> {
    Ok(Home::open(&state_folder(desk)?)?)
}

/// The state folder of a local emulator that has run before; absent, with nothing made, where none has.
///
/// # Errors
/// There can be none, or it cannot be used.
pub(crate) fn found_home(desk: &Desk) -> Result<Option<Home>, Failure> {
    Ok(Home::found(&state_folder(desk)?)?)
}

fn state_folder(desk: &Desk) -> Result<PathBuf, Failure> {
    let told = desk.globals.state_dir.as_ref().map(|folder| desk.environment.folder.join(folder));
    told.or_else(|| desk.environment.emulator_folder()).ok_or(Failure::NoHome)
}

fn sink_url(home: &Home) -> Result<String, Failure> {
    Ok(format!("http://127.0.0.1:{}/sink", home.port()?))
}

/// `--env-file` in the order given, the last one strongest, then `.env` beside the manifests.
fn env_files(named: &[PathBuf], current: &Path, folder: &Path) -> Result<Vec<EnvFile>, Failure> {
    let mut files: Vec<EnvFile> =
        named.iter().rev().map(|file| EnvFile::read(&current.join(file))).collect::<Result<_, _>>()?;
    let beside: PathBuf = folder.join(".env").components().collect();
    if beside.is_file() {
        files.push(EnvFile::read(&beside)?);
    }
    Ok(files)
}

/// Whether every placeholder of a text has a value that is not empty.
fn is_filled(text: &str, declared: &[Declared], values: &Values) -> bool {
    let mut names = text.split("${").skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name);
    let has_value = |name: &str| {
        let given = values.get(name).map(|given| given.text.expose());
        let default = || declared.iter().find(|declared| declared.name == name)?.default.as_deref();
        given.or_else(default).is_some_and(|value| !value.is_empty())
    };
    !text.is_empty() && names.all(has_value)
}

fn known_variables(desk: &Desk, declared: &[Declared]) -> Result<(), Failure> {
    let known = |name: &str| declared.iter().any(|declared| declared.name == name);
    match desk.globals.variables.iter().find(|flag| !known(&flag.name)) {
        None => Ok(()),
        Some(flag) => {
            let help = name::help(&flag.name, declared.iter().map(|declared| declared.name.as_str()));
            Err(Failure::UnknownVariable { name: flag.name.clone(), help })
        }
    }
}
