//! What is typed into a shell to carry a command: pure text.
//!
//! Measured with dash, bash and busybox ash on a terminal with and without `stty`: a terminal in canonical mode cuts
//! lines at 4,096 bytes and the line editor of ash near 1,000, and an interactive shell mixes prompts into output. So a
//! first short line starts a shell that is not interactive and reads the script line by line up to a lone dot.
//! Invariant: every line stays below 1,000 bytes, and no word of a caller is read by the shell: arguments and
//! values are built from octal pieces.

use super::{Command, ExecFault, Signal};
use crate::model::record::RunId;

/// Octal takes five bytes a byte, and a line of a script has at most 1,000.
const PIECE: usize = 180;
/// The shell holds the whole script in memory, and reads it byte by byte.
const STDIN: usize = 256 * 1024;

/// The first line: it becomes a shell that says it is ready and then reads a script.
pub(super) fn opening(nonce: &str) -> String {
    format!(
        r#"exec /bin/sh -c 'stty raw -echo 2>/dev/null;printf "\036%s" RDY{nonce};eval "$(while IFS= read -r l&&[ "$l" != . ];do printf "%s\n" "$l";done)"'"#
    ) + "\n"
}

/// The script that carries out a command between its marks.
///
/// # Errors
/// [`ExecFault::Unfit`] for what a shell cannot carry.
pub(super) fn command(command: &Command) -> Result<String, ExecFault> {
    let Command { argv, env: _, dir, stdin, run, attempt: _, nonce } = command;
    if stdin.as_ref().is_some_and(|stdin| stdin.len() > STDIN) {
        return Err(ExecFault::Unfit(
            "the container has no /acitask-exec, so a command's input there is limited to 256 KiB",
        ));
    }
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
    if let Some(run) = run {
        // An image may have a shell and nothing beside it; what the shell alone copies is text, without its NULs.
        script.line(r#"__c() { while IFS= read -r l;do printf '%s\n' "$l";done;printf %s "$l";}"#);
        script.begin_trace(run, nonce);
    }
    script.line(&format!(r"printf '\036%s' BEG{nonce}"));
    if run.is_some() {
        // The command's output goes through a pipe that is emptied even when the terminal has hung up; a process that
        // writes to a terminal that is gone would die of it.
        script.line("{");
        script.start(stdin.as_deref(), "exec 3<&0", r#"(exec "$@") <&3 2>&1 3<&- &"#);
        script.line(r#"__p=$!;[ -z "$__w" ]||printf 'pid %s\n' $__p >>$__t"#);
        script.line(r#"wait $__p;__r=$?;[ -z "$__w" ]||printf 'exit %d\n' $__r >>$__t"#);
        script.line(&format!(r"printf '\036%s:%d\036' END{nonce} $__r"));
        script.finish(stdin.is_some());
        script
            .line("}|if command -v cat >/dev/null 2>&1;then cat;cat >/dev/null 2>&1;else __c 2>/dev/null;fi");
    } else {
        match stdin {
            Some(stdin) => script.pipe(stdin, r#"(exec "$@");__r=$?"#),
            None => script.line(r#"(exec "$@") </dev/null;__r=$?"#),
        }
        script.line(&format!(r"printf '\036%s:%d\036' END{nonce} $__r"));
    }
    Ok(script.end())
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
        let word = match signal {
            Signal::Term => "TERM",
            Signal::Kill => "KILL",
        };
        script.line(&format!(r#"[ -n "$__e" ]||[ -z "$__p" ]||kill -{word} $__p 2>/dev/null"#));
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

    /// Pipes bytes into a command.
    fn pipe(&mut self, bytes: &[u8], command: &str) {
        self.line("{ :");
        for piece in pieces(bytes) {
            self.line(&format!("printf %b '{}'", octal(piece)));
        }
        self.line(&format!("}}|{command}"));
    }

    /// Starts a command of a run in the background, with its input as descriptor 3.
    fn start(&mut self, stdin: Option<&[u8]>, keep: &str, command: &str) {
        match stdin {
            Some(bytes) => {
                self.line("{ :");
                for piece in pieces(bytes) {
                    self.line(&format!("printf %b '{}'", octal(piece)));
                }
                self.line(&format!("}}|{{ {keep}"));
            }
            None => self.line("exec 3</dev/null"),
        }
        self.line(command);
    }

    fn finish(&mut self, piped: bool) {
        if piped {
            self.line("}");
        }
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

    #[test]
    fn lines_stay_short_whatever_is_sent() -> Result<(), ExecFault> {
        let wild: String = (0..5_000u32).filter_map(|n| char::from_u32(n * 13 % 0x3000 + 1)).collect();
        let script = command(&Command {
            argv: vec![wild.clone(), String::new(), "'\"$(x)`\n".into()],
            env: vec![("TOKEN".into(), Secret::new(wild.clone()))],
            dir: Some(wild.clone()),
            stdin: Some(wild.into_bytes().into()),
            run: Some(RunId::new("r-1")),
            attempt: 1,
            nonce: "n0nce".into(),
        })?;
        assert!(script.lines().all(|line| line.len() < 1_000), "{:?}", script.lines().map(str::len).max());
        assert!(opening("0123456789abcdef0123456789abcdef").len() < 250);
        assert_eq!(script.lines().filter(|line| *line == ".").count(), 1);
        Ok(())
    }

    #[test]
    fn what_a_shell_cannot_carry_is_refused() {
        let plain = Command {
            argv: vec!["x".into()],
            env: Vec::new(),
            dir: None,
            stdin: None,
            run: None,
            attempt: 1,
            nonce: "n0nce".into(),
        };
        let dotted = Command { env: vec![("a.b".into(), Secret::new("c"))], ..plain.clone() };
        let huge = Command { stdin: Some(vec![0; STDIN + 1].into()), ..plain };
        for command in [dotted, huge] {
            assert!(matches!(super::command(&command), Err(ExecFault::Unfit(_))));
        }
    }
}
