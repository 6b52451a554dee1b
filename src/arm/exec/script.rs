//! What is typed into a shell to carry a command: pure text.
//!
//! Measured with dash, bash and busybox ash on a terminal with and without `stty`: a terminal in canonical mode cuts
//! lines at 4,096 bytes and the line editor of ash near 1,000, and an interactive shell mixes prompts into output. So a
//! first short line starts a shell that is not interactive and reads the script line by line up to a lone dot.
//! Invariant: every line stays below 1,000 bytes, and no word of a caller is read by the shell: arguments and
//! values are built from octal pieces.

use super::shell::Line;
use super::{Command, ExecFault, Signal};
use crate::model::record::RunId;

/// Octal takes five bytes a byte, and a line of a script has at most 1,000.
const PIECE: usize = 180;

/// What the command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed<'a> {
    /// Nothing.
    Nothing,
    /// These bytes, which stand in the script: where the terminal echoes what is typed, nothing can follow it.
    Whole(&'a [u8]),
    /// The lines of [`input`] that follow the script, up to [`INPUT_END`].
    Lines,
}

/// The longest input that stands in a script: the shell holds the whole script in memory, and reads it byte by byte.
pub(super) const LONGEST: usize = 256 * 1024;

/// What a terminal that echoes is told when it asks once more.
pub(super) const SETTLED: &str = "\n";

/// The line that ends input.
pub(super) const INPUT_END: &str = ".\n";

/// The first line: it becomes a shell that says it is ready and then reads a script.
pub(super) fn opening(nonce: &str) -> String {
    format!(
        r#"exec /bin/sh -c 'stty raw -echo 2>/dev/null;printf "\036%s:%d\036" RDY{nonce} $?;eval "$(while IFS= read -r l&&[ "$l" != . ];do printf "%s\n" "$l";done)"'"#
    ) + "\n"
}

/// The script that carries out a command between its marks.
///
/// # Errors
/// [`ExecFault::Unfit`] for what a shell cannot carry.
pub(super) fn command(command: &Command, line: Line, fed: Fed<'_>) -> Result<String, ExecFault> {
    let mut script = prepared(command)?;
    script.settle(line, &command.nonce);
    let nonce = &command.nonce;
    if let Some(run) = &command.run {
        // An image may have a shell and nothing beside it; what the shell alone copies is text, without its NULs.
        script.line(r#"__c() { while IFS= read -r l;do printf '%s\n' "$l";done;printf %s "$l";}"#);
        script.begin_trace(run, nonce);
        script.begun(nonce);
        // The command's output goes through a pipe that is emptied even when the terminal has hung up; a process that
        // writes to a terminal that is gone would die of it.
        script.line("{");
        script.feed(fed);
        script.line(if fed == Fed::Nothing { "exec 3</dev/null" } else { "exec 3<&0" });
        script.line(r#"(exec "$@") <&3 2>&1 3<&- &"#);
        script.line(r#"__p=$!;[ -z "$__w" ]||printf 'pid %s\n' $__p >>$__t"#);
        script.line(r#"wait $__p;__r=$?;[ -z "$__w" ]||printf 'exit %d\n' $__r >>$__t"#);
        script.line(&format!(r"printf '\036%s:%d\036' END{nonce} $__r;}}"));
        script
            .line("}|if command -v cat >/dev/null 2>&1;then cat;cat >/dev/null 2>&1;else __c 2>/dev/null;fi");
    } else {
        script.begun(nonce);
        // The end is told from inside the pipe: who feeds it may still wait for more when the command has ended.
        script.feed(fed);
        script.line(if fed == Fed::Nothing { r#"(exec "$@") </dev/null"# } else { r#"(exec "$@")"# });
        script.line(&format!(r"printf '\036%s:%d\036' END{nonce} $?;}}"));
    }
    Ok(script.end())
}

/// The script that gives the command the terminal between its marks.
///
/// # Errors
/// [`ExecFault::Unfit`] for what a shell cannot carry.
pub(super) fn interactive(command: &Command, line: Line) -> Result<String, ExecFault> {
    let mut script = prepared(command)?;
    script.settle(line, &command.nonce);
    if line == Line::Raw {
        script.line("stty sane 2>/dev/null");
    }
    // A signal that is trapped is none that the command inherits as ignored: it gets its Ctrl-C, and we outlive it.
    script.line("trap : INT QUIT");
    script.begun(&command.nonce);
    script.line(&format!(r#"(exec "$@");printf '\036%s:%d\036' END{} $?"#, command.nonce));
    Ok(script.end())
}

/// The lines of a piece of input.
pub(super) fn input(bytes: &[u8]) -> String {
    let mut lines = String::new();
    for piece in pieces(bytes) {
        // A lone dot would be the end.
        let line = if piece == b"." { r"\0056".to_owned() } else { octal(piece) };
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

/// Arguments, environment and folder, which the command then has.
fn prepared(command: &Command) -> Result<Script, ExecFault> {
    let Command { argv, env: _, dir, run: _, attempt: _, nonce } = command;
    let mut script = Script::default();
    script.line("set --");
    for argument in argv {
        script.value("__v", argument.as_bytes());
        script.line(r#"set -- "$@" "$__v""#);
    }
    for (name, value) in command.environment() {
        if !is_identifier(&name) {
            return Err(ExecFault::Unfit(
                "the container has no /acitask-exec, so names of environment variables there are letters, digits and underscores",
            ));
        }
        script.value("__v", value.expose().as_bytes());
        script.line(&format!("{name}=$__v;export {name}"));
    }
    if let Some(dir) = dir {
        script.value("__v", dir.as_bytes());
        script.line(&format!(
            r#"cd -- "$__v" 2>/dev/null||{{ printf '\036%s:%s\036' ERR{nonce} folder;exit;}}"#
        ));
    }
    Ok(script)
}

/// The script that signals the processes of a plain command, whose shell has said which group they are, and tells whether
/// any is alive.
pub(super) fn group(leader: u32, signal: Option<Signal>, nonce: &str) -> String {
    let mut script = Script::default();
    if let Some(signal) = signal {
        script.line(&format!("kill -{} -{leader} 2>/dev/null", word(signal)));
    }
    script.line(&format!(r#"if kill -0 -{leader} 2>/dev/null;then __s="running {leader}";else __s=none;fi"#));
    script.line(&format!(r#"printf '\036%s:%s\036' TRC{nonce} "$__s""#));
    script.end()
}

fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Term => "TERM",
        Signal::Kill => "KILL",
    }
}

/// The script that asks what became of a run, or signals it first.
pub(super) fn question(run: &RunId, signal: Option<Signal>, nonce: &str) -> String {
    let mut script = Script::default();
    script.line(&format!("__t=/tmp/.acitask-{run}"));
    script.line(
        r#"__f() { __e=;__p=;while read -r k v;do case $k in exit) __e=$v;;pid) __p=$v;;esac;done <$__t;}"#,
    );
    script.line(r#"__a() { [ -n "$__p" ]&&kill -0 $__p 2>/dev/null;}"#);
    script.line("if [ -r $__t ];then __f");
    if let Some(signal) = signal {
        script.line(&format!(r#"[ -n "$__e" ]||[ -z "$__p" ]||kill -{} $__p 2>/dev/null"#, word(signal)));
    }
    // Between a process's end and its exit line there is a moment, so a run that seems lost is looked at again.
    script.line(r#"[ -n "$__e" ]||__a||{ sleep 1;__f;}"#);
    script
        .line(r#"if [ -n "$__e" ];then __s="ended $__e";elif __a;then __s="running $__p";else __s=lost;fi"#);
    script.line("elif [ -e $__t ];then __s=unknown");
    script.line("elif [ -w /tmp ]||{ [ ! -e /tmp ]&&[ -w / ];};then __s=none;else __s=unknown;fi");
    script.line(&format!(r#"printf '\036%s:%s\036' TRC{nonce} "$__s""#));
    script.end()
}

#[derive(Default)]
struct Script(String);

impl Script {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// Builds a variable; the `_` keeps line ends that a substitution would drop.
    fn value(&mut self, name: &str, bytes: &[u8]) {
        self.line(&format!("{name}="));
        for piece in pieces(bytes) {
            self.line(&format!("{name}=${name}$(printf %b '{}_');{name}=${{{name}%_}}", octal(piece)));
        }
    }

    /// Begins the group that reads the input; its end is the caller's.
    fn feed(&mut self, fed: Fed<'_>) {
        match fed {
            Fed::Nothing => self.line("{"),
            Fed::Whole(bytes) => {
                self.line("{ :");
                for piece in pieces(bytes) {
                    self.line(&format!("printf %b '{}'", octal(piece)));
                }
                self.line("}|{");
            }
            Fed::Lines => {
                self.line(r#"while IFS= read -r __l&&[ "$__l" != . ];do printf %b "$__l";done|{"#);
            }
        }
    }

    /// Where the terminal echoes what is typed: asks for one more line and waits for it. A terminal whose output is held up
    /// keeps echoes back, and would say them after the begin mark; once the asking was heard there is room for them, and the
    /// echo of one more line takes along all that were kept.
    fn settle(&mut self, line: Line, nonce: &str) {
        if line == Line::Cooked {
            self.line(&format!(r"printf '\036%s:echo\036' RDY{nonce};IFS= read -r __l"));
        }
    }

    /// Says that the command begins.
    fn begun(&mut self, nonce: &str) {
        self.line(&format!(r"printf '\036%s:%d\036' BEG{nonce} $$"));
    }

    /// Creates the trace, which only one run of this id can do; a container that cannot be written has none.
    fn begin_trace(&mut self, run: &RunId, nonce: &str) {
        self.line("trap '' HUP");
        self.line(&format!("__t=/tmp/.acitask-{run};[ -d /tmp ]||mkdir -m 1777 /tmp 2>/dev/null"));
        self.line("__n=$(date +%s 2>/dev/null)||__n=0");
        self.line(r"if (set -C;printf 'begun %s\n' $__n >$__t) 2>/dev/null;then __w=1");
        self.line(&format!(
            r"elif [ -e $__t ];then printf '\036%s:%s\036' ERR{nonce} already;exit;else __w=;fi"
        ));
    }

    fn end(mut self) -> String {
        self.line(".");
        self.0
    }
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with("__")
}

/// Pieces that do not cut a character of UTF-8, which some shells would stumble over.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let inside = |at: &usize| rest.get(*at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
        let whole = rest.len().min(PIECE);
        let cut = (whole.saturating_sub(3)..=whole).rev().find(|at| !inside(at)).unwrap_or(whole);
        let (piece, after) = rest.split_at(cut);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn octal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'.' | b',' | b':' | b'=' | b'-' | b' ' => {
                text.push(char::from(*byte))
            }
            byte => text.push_str(&format!("\\0{byte:03o}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    fn plain() -> Command {
        Command {
            argv: vec!["x".into()],
            env: Vec::new(),
            dir: None,
            run: None,
            attempt: 1,
            nonce: "n0nce".into(),
        }
    }

    #[test]
    fn lines_stay_short_whatever_is_sent() -> Result<(), ExecFault> {
        let wild: String = (0..5_000u32).filter_map(|n| char::from_u32(n * 13 % 0x3000 + 1)).collect();
        let shown = Command {
            argv: vec![wild.clone(), String::new(), "'\"$(x)`\n".into()],
            env: vec![("TOKEN".into(), Secret::new(wild.clone()))],
            dir: Some(wild.clone()),
            run: Some(RunId::new("r-1")),
            ..plain()
        };
        let scripts = [
            command(&shown, Line::Cooked, Fed::Whole(wild.as_bytes()))?,
            command(&shown, Line::Raw, Fed::Lines)?,
            interactive(&shown, Line::Raw)?,
            format!("{}{INPUT_END}", input(wild.as_bytes())),
        ];
        for script in scripts {
            assert!(
                script.lines().all(|line| line.len() < 1_000),
                "{:?}",
                script.lines().map(str::len).max()
            );
            assert_eq!(script.lines().filter(|line| *line == ".").count(), 1);
        }
        assert!(opening("0123456789abcdef0123456789abcdef").len() < 250);
        Ok(())
    }

    #[test]
    fn no_input_looks_like_its_end() {
        assert_eq!(input(b"."), "\\0056\n");
        assert_eq!(input(b"..\n."), "..\\0012.\n");
        assert_eq!(input(b""), "");
    }

    #[test]
    fn what_a_shell_cannot_carry_is_refused() {
        let dotted = Command { env: vec![("a.b".into(), Secret::new("c"))], ..plain() };
        assert!(matches!(command(&dotted, Line::Raw, Fed::Nothing), Err(ExecFault::Unfit(_))));
    }
}
