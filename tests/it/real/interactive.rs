//! `acitask exec -it` on a terminal of its own: what is typed goes to the command, Ctrl-C too, and the terminal is given
//! back as it was.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use super::exec::one;
use super::images::ACITASK;
use super::stand::Stand;

const PATIENCE: Duration = Duration::from_secs(60);
const GROUP: &str = "dash-stty";

/// The program on a terminal.
struct Typist {
    master: File,
    slave: File,
    said: Receiver<Vec<u8>>,
    heard: String,
    child: Child,
    before: Termios,
}

impl Typist {
    fn begin(stand: &Stand, arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 31, ws_col: 117, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let slave = File::options().read(true).write(true).open(name).unwrap();
        let before = tcgetattr(&slave).unwrap();
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", ACITASK, "--state-dir"])
            .arg(stand.state())
            .args(["--local", "exec"])
            .args(arguments)
            .current_dir(stand.file(""))
            .stdin(Stdio::from(slave.try_clone().unwrap()))
            .stdout(Stdio::from(slave.try_clone().unwrap()))
            .stderr(Stdio::from(slave.try_clone().unwrap()))
            .spawn()
            .unwrap();
        let master = File::from(master);
        let mut hearing = master.try_clone().unwrap();
        let (sender, said) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 1_024];
            while let Ok(count @ 1..) = hearing.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { master, slave, said, heard: String::new(), child, before }
    }

    fn types(&mut self, text: &str) {
        self.heard.clear();
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.heard.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(bytes) => self.heard.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{error}: no {text:?} in {:?}", self.heard),
            }
        }
    }

    fn ends(&mut self) -> Option<i32> {
        let code = self.child.wait().unwrap().code();
        let after = tcgetattr(&self.slave).unwrap();
        assert_eq!(format!("{after:?}"), format!("{:?}", self.before), "the terminal is not as it was");
        code
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ISIG)
    }

    /// The program itself, below `setsid`.
    fn program(&self) -> Pid {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let program = children.split_whitespace().next().map_or(id, |child| child.parse().unwrap());
        Pid::from_raw(i32::try_from(program).unwrap()).unwrap()
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stand() -> Option<Stand> {
    let stand = Stand::native()?;
    one(&stand, GROUP);
    Some(stand)
}

#[test]
fn what_is_typed_reaches_the_command_and_the_terminal_is_given_back() {
    let Some(stand) = stand() else { return };
    let mut typist = Typist::begin(&stand, &[GROUP, "-it", "--", "/bin/sh"]);
    typist.sees("# ");
    assert!(typist.is_raw());
    typist.types("echo $((6*7))\r");
    typist.sees("42\r\n");
    typist.types("stty size\r");
    typist.sees("31 117");
    // Ctrl-C ends the sleep and neither the shell nor us.
    typist.types("sleep 600; echo over=$?\r");
    typist.sees("over=$?");
    std::thread::sleep(Duration::from_millis(300));
    typist.types("\u{3}");
    typist.sees("# ");
    typist.types("echo still $((1+1))\r");
    typist.sees("still 2");
    typist.types("exit 7\r");
    assert_eq!(typist.ends(), Some(7));
}

#[test]
fn a_command_on_a_terminal_has_any_arguments_and_its_ctrl_c() {
    let Some(stand) = stand() else { return };
    let script = "echo \"got $1\"; sleep 600";
    let mut typist = Typist::begin(&stand, &[GROUP, "-it", "--", "/bin/sh", "-c", script, "x", "a 'b' c"]);
    typist.sees("got a 'b' c\r\n");
    typist.types("\u{3}");
    assert_eq!(typist.ends(), Some(130));
}

#[test]
fn a_terminal_is_given_back_where_the_stream_breaks_off() {
    let Some(stand) = stand() else { return };
    super::exec::trouble(&stand, serde_json::json!({"afterTime": "3s"}));
    let mut typist = Typist::begin(&stand, &[GROUP, "-it", "--", "/bin/sh"]);
    typist.sees("# ");
    assert!(typist.is_raw());
    typist.sees("broke off while the command ran");
    assert_eq!(typist.ends(), Some(125));
}

#[test]
fn a_terminal_is_given_back_by_sigterm_too() {
    let Some(stand) = stand() else { return };
    let mut typist = Typist::begin(&stand, &[GROUP, "-it", "--", "/bin/sh"]);
    typist.sees("# ");
    assert!(typist.is_raw());
    kill_process(typist.program(), Signal::TERM).unwrap();
    assert_eq!(typist.ends(), Some(130));
}

#[test]
fn a_terminal_is_asked_for_where_there_is_none() {
    let stand = Stand::simulated();
    stand.quickstart();
    stand
        .acitask(&["exec", "strongtask", "-it", "--", "/bin/sh"])
        .ends(125)
        .says(&["standard input is none"]);
    stand.acitask(&["exec", "strongtask", "-t", "--", "/bin/sh"]).says(&["--interactive"]);
}
