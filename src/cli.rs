//! The command line: arguments, files, environment, confirmation, exit codes.
//!
//! Invariants: nothing else reads arguments, the environment, standard input or manifest files; results go to standard
//! output, everything else to standard error; an error is shown once, here at the edge.

mod adoption;
mod apply;
mod arguments;
mod assignment;
mod breadth;
mod carry;
mod code;
mod confined;
mod connect;
mod destroy;
mod drift;
mod emulator;
mod environment;
mod exec;
mod explain;
mod failure;
mod files;
mod findings;
mod forget;
mod gc;
mod graph;
mod import;
mod init;
mod log;
mod logs;
mod name;
mod outputs;
mod plan;
mod plan_file;
mod power;
mod project;
mod quickstart;
mod render;
mod repository;
mod run;
mod runs;
mod schema;
mod screen;
mod signals;
mod status;
mod target;
mod validate;
mod values;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::code::Code;
use self::environment::Environment;
use self::failure::Failure;
use self::screen::Screen;
use crate::plan::reconcile::Power;

/// What every command has at hand.
struct Desk {
    globals: arguments::Globals,
    environment: Environment,
    screen: Screen,
}

/// Runs the command line and gives its exit code.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Arguments { globals, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let environment = Environment::read();
    let screen = Screen::new(globals.color, &environment);
    log::begin(globals.verbose, matches!(command, Command::Emulator(_)), &environment, &screen);
    let own = match command {
        Command::Run(_) | Command::Attach(_) | Command::Wait(_) | Command::Exec(_) => Code::OWN_FAILURE,
        _ => Code::ERROR,
    };
    let desk = Desk { globals, environment, screen };
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(perform(&desk, command));
            // Reading standard input cannot be interrupted; nobody waits for it here.
            runtime.shutdown_background();
            outcome
        }
        Err(source) => Err(Failure::Runtime { source }),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => {
            let code = failure.code(own);
            desk.screen.report(failure);
            code.into()
        }
    }
}

async fn perform(desk: &Desk, command: Command) -> Result<Code, Failure> {
    match command {
        Command::Plan(arguments) => plan::plan(desk, &arguments).await,
        Command::Apply(arguments) => apply::apply(desk, &arguments).await,
        Command::Destroy(arguments) => destroy::destroy(desk, &arguments).await,
        Command::Drift(arguments) => drift::drift(desk, &arguments).await,
        Command::Forget(arguments) => forget::forget(desk, &arguments).await,
        Command::Graph(arguments) => graph::graph(desk, &arguments),
        Command::Run(arguments) => run::run(desk, &arguments).await,
        Command::Attach(arguments) | Command::Wait(arguments) => run::attach(desk, &arguments).await,
        Command::Cancel(arguments) => run::cancel(desk, &arguments).await,
        Command::Start(arguments) => power::power(desk, &arguments, Power::Start).await,
        Command::Stop(arguments) => power::power(desk, &arguments, Power::Stop).await,
        Command::Restart(arguments) => power::power(desk, &arguments, Power::Restart).await,
        Command::Runs(arguments) => runs::runs(desk, &arguments).await,
        Command::Why(arguments) => why::why(desk, &arguments).await,
        Command::Gc(arguments) => gc::gc(desk, &arguments).await,
        Command::Status(arguments) => status::status(desk, &arguments).await,
        Command::Logs(arguments) => logs::logs(desk, &arguments).await,
        Command::Exec(arguments) => exec::exec(desk, &arguments).await,
        Command::Validate(arguments) => validate::validate(desk, &arguments),
        Command::Render(arguments) => render::render(desk, &arguments),
        Command::Import(arguments) => import::import(desk, &arguments).await,
        Command::Init(arguments) => init::init(desk, &arguments),
        Command::Explain(arguments) => explain::explain(desk, &arguments),
        Command::Schema(arguments) => schema::schema(desk, &arguments),
        Command::Emulator(command) => emulator::emulator(desk, command).await,
        Command::Quickstart(arguments) => quickstart::quickstart(desk, &arguments).await,
    }
}

/// Help and version go well; any other usage is an error like all others, and not the parser's own 2.
fn usage(error: &clap::Error) -> ExitCode {
    // Where even that cannot be printed, the code is all there is to say.
    drop(error.print());
    if error.use_stderr() { Code::ERROR.into() } else { Code::DONE.into() }
}
