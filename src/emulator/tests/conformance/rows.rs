//! The promises, in one table: what each runtime is held to, and what the simulated one is not.

mod exec;
pub(crate) mod left;
mod life;
mod log;
mod probe;
mod seen;
mod volume;

use acitask_emulator::runtime::simulated::behaviour::{Behaviour, Exec, Exit, Line};

use crate::Row;
use crate::Simulation::{Does, Not};

/// Nothing runs, so nothing can look around.
const NO_PROGRAM: &str = "no program runs that could look around";
const NO_FILES: &str = "it has no file systems";

/// A script that runs until TERM, with exit code 3.
const WAITS: &str = "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done";

pub(crate) const ROWS: [Row; 31] = [
    Row {
        name: "an image that is there is pulled",
        script: "",
        simulated: Does(Behaviour::default),
        check: |stand| Box::pin(life::pulls(stand)),
    },
    Row {
        name: "an image that is nowhere is said to be missing",
        script: "",
        simulated: Does(Behaviour::default),
        check: |stand| Box::pin(life::misses(stand)),
    },
    Row {
        name: "a start and its end are told with the exit code",
        script: "exit 7",
        simulated: Does(|| ends(7)),
        check: |stand| Box::pin(life::ends(stand)),
    },
    Row {
        name: "what cannot start says why in the runtime's words",
        script: "",
        simulated: Not("a behaviour has the whole text"),
        check: |stand| Box::pin(life::cannot_start(stand)),
    },
    Row {
        name: "TERM is sent, and the program's own exit code told",
        script: WAITS,
        simulated: Not("a behaviour ends by TERM with 143"),
        check: |stand| Box::pin(life::stops(stand)),
    },
    Row {
        name: "KILL follows after the grace",
        script: "trap '' TERM; echo up; while :; do sleep 0.05; done",
        simulated: Does(|| Behaviour { ignores_term: true, ..says(&["up"]) }),
        check: |stand| Box::pin(life::is_killed(stand)),
    },
    Row {
        name: "one container is ended and the other runs on",
        script: WAITS,
        simulated: Does(|| says(&["up"])),
        check: |stand| Box::pin(life::ends_one(stand)),
    },
    Row {
        name: "a discarded sandbox says nothing more",
        script: "echo up; sleep 1000",
        simulated: Does(|| says(&["up"])),
        check: |stand| Box::pin(life::discards(stand)),
    },
    Row {
        name: "a restart begins with a fresh file system and log",
        script: "cat /etc/data; echo more >> /etc/data; cat /etc/data",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(life::restarts(stand)),
    },
    Row {
        name: "too much memory is 137, and said to be that",
        script: "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
        simulated: Does(|| Behaviour {
            exit: Some(Exit { code: 137, out_of_memory: true, ..Exit::default() }),
            ..Behaviour::default()
        }),
        check: |stand| Box::pin(life::wants_memory(stand)),
    },
    Row {
        name: "whole process trees are gone",
        script: "",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(life::fells_trees(stand)),
    },
    Row {
        name: "a log has both streams, in order, with times",
        script: "echo one; sleep 0.3; echo two >&2; sleep 0.3; printf three",
        simulated: Does(three_lines),
        check: |stand| Box::pin(log::keeps(stand)),
    },
    Row {
        name: "a long log is whole",
        script: "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done",
        simulated: Not("a behaviour has as many lines as it has"),
        check: |stand| Box::pin(log::is_whole(stand)),
    },
    Row {
        name: "a log outlives its container",
        script: WAITS,
        simulated: Does(|| says(&["up"])),
        check: |stand| Box::pin(log::outlives(stand)),
    },
    Row {
        name: "the image says what runs, where and as whom",
        script: "",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(seen::images_settings(stand)),
    },
    Row {
        name: "a command replaces entrypoint and cmd",
        script: "echo $A $B $C; pwd",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(seen::command(stand)),
    },
    Row {
        name: "a group's user and group replace the image's",
        script: "",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(seen::user(stand)),
    },
    Row {
        name: "the host name is the group's",
        script: "cat /proc/sys/kernel/hostname; echo $HOSTNAME",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(seen::hostname(stand)),
    },
    Row {
        name: "containers of a sandbox share localhost",
        script: "",
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(seen::localhost(stand)),
    },
    Row {
        name: "an exec has a terminal of the size asked for",
        script: WAITS,
        simulated: Not("a behaviour prints what it has"),
        check: |stand| Box::pin(exec::has_a_size(stand)),
    },
    Row {
        name: "an exec takes input and ends",
        script: WAITS,
        simulated: Does(|| Behaviour {
            execs: vec![Exec { argv: vec!["cat".into()], echo: true, ..Exec::default() }],
            ..says(&["up"])
        }),
        check: |stand| Box::pin(exec::takes_input(stand)),
    },
    Row {
        name: "an exec of no program says why",
        script: WAITS,
        simulated: Does(|| says(&["up"])),
        check: |stand| Box::pin(exec::finds_nothing(stand)),
    },
    Row {
        name: "an exec in an ended container says so",
        script: WAITS,
        simulated: Does(|| says(&["up"])),
        check: |stand| Box::pin(exec::comes_too_late(stand)),
    },
    Row {
        name: "a hang-up ends what runs on the terminal",
        script: WAITS,
        simulated: Not(NO_PROGRAM),
        check: |stand| Box::pin(exec::hangs_up(stand)),
    },
    Row {
        name: "an empty volume is shared and outlives a restart",
        script: "",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(volume::empty(stand)),
    },
    Row {
        name: "files of a volume are read and not written",
        script: "",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(volume::files(stand)),
    },
    Row {
        name: "a share outlives its sandbox and can be read-only",
        script: "",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(volume::share(stand)),
    },
    Row {
        name: "a volume that cannot be had is told",
        script: "",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(volume::cannot_be_had(stand)),
    },
    Row {
        name: "a config map is there and can be replaced",
        script: "",
        simulated: Not(NO_FILES),
        check: |stand| Box::pin(volume::config_map(stand)),
    },
    Row {
        name: "a program finds a container well, unwell or silent",
        script: WAITS,
        simulated: Not("a behaviour is well from and until the times it says"),
        check: |stand| Box::pin(probe::by_program(stand)),
    },
    Row {
        name: "a request finds a container well, unwell or silent",
        script: WAITS,
        simulated: Not("nothing listens"),
        check: |stand| Box::pin(probe::by_request(stand)),
    },
];

/// Ends at once.
fn ends(code: i32) -> Behaviour {
    Behaviour { exit: Some(Exit { code, ..Exit::default() }), ..Behaviour::default() }
}

/// Says lines at once and runs on.
fn says(lines: &[&str]) -> Behaviour {
    let line = |text: &&str| Line { text: (*text).to_owned(), ..Line::default() };
    Behaviour { lines: lines.iter().map(line).collect(), ..Behaviour::default() }
}

fn three_lines() -> Behaviour {
    let line =
        |(number, text): (usize, &&str)| Line { after_ms: 300 * number as u64, text: (*text).to_owned() };
    let lines = ["one", "two", "three"].iter().enumerate().map(line).collect();
    let exit = Exit { after_ms: 601, ..Exit::default() };
    Behaviour { lines, exit: Some(exit), ..Behaviour::default() }
}
