//! What the client asks for, gathered from its frames. Pure.
//!
//! Invariant: nothing is started from a half-understood request; one wrong frame ends it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::frame::Frame;

/// The most bytes that all values of a request may have together. The kernel takes about 2 MiB.
const LARGEST_REQUEST: usize = 8 << 20;

/// The name of a run, as it stands in the name of its trace: `[a-z0-9-]{1,64}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId(String);

impl RunId {
    /// The id in these bytes, if they are one.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRequest> {
        let allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        let text = String::from_utf8_lossy(bytes).into_owned();
        if (1..=64).contains(&bytes.len()) && bytes.iter().all(allowed) {
            Ok(Self(text))
        } else {
            Err(BadRequest::RunId(text))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The program, looked for in `PATH` where it has no slash.
    pub program: OsString,
    /// Its arguments, without its name.
    pub arguments: Vec<OsString>,
    /// What is added to the helper's own environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The working directory, where it is not the helper's own.
    pub folder: Option<PathBuf>,
    /// With an id the command leaves a trace and survives the loss of the stream.
    pub run: Option<RunId>,
}

/// How a run is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// What one call of the helper is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Start a command.
    Start(Order),
    /// Tell what became of a run.
    Query(RunId),
    /// Send a run a signal, then tell what became of it.
    Signal(RunId, Stop),
}

/// Why frames are no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// `+` after a frame that has no value to continue.
    #[error("nothing stands before this line that it could continue")]
    NothingToContinue,
    /// A frame that has its place only after `g`.
    #[error("the command has not begun")]
    NotBegun,
    /// `c` before `g`.
    #[error("cancelled before it began")]
    Cancelled,
    /// `g` without an argument.
    #[error("no program is named")]
    NoProgram,
    /// A value holds a zero byte, which no argument, variable or path can.
    #[error("a value holds a zero byte")]
    ZeroByte,
    /// A variable without a name or an equals sign.
    #[error("a variable must be NAME=VALUE")]
    Variable,
    /// Not a run id.
    #[error("{0:?} is no run id")]
    RunId(String),
    /// Not `run-id TERM` or `run-id KILL`.
    #[error("a signal must be a run id, a space, and TERM or KILL")]
    Signal,
    /// All values together are too long.
    #[error("the request is too long")]
    TooLong,
}

/// The frames of a request so far.
#[derive(Debug, Default)]
pub struct Draft {
    values: Vec<(Field, Vec<u8>)>,
    length: usize,
}

/// What a gathered value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Argument,
    Variable,
    Folder,
    Run,
}

impl Draft {
    /// Takes the next frame. The request comes out with the frame that completes it.
    pub fn take(&mut self, frame: Frame) -> Result<Option<Request>, BadRequest> {
        match frame {
            Frame::Argument(value) => self.add(Field::Argument, value)?,
            Frame::Variable(value) => self.add(Field::Variable, value)?,
            Frame::Folder(value) => self.add(Field::Folder, value)?,
            Frame::Run(value) => self.add(Field::Run, value)?,
            Frame::More(value) => {
                self.grow(value.len())?;
                let (_, last) = self.values.last_mut().ok_or(BadRequest::NothingToContinue)?;
                last.extend(value);
            }
            Frame::Go => return order(std::mem::take(&mut self.values)).map(Some),
            Frame::Query(value) => return Ok(Some(Request::Query(RunId::parse(&value)?))),
            Frame::Signal(value) => return signal(&value).map(Some),
            Frame::Cancel => return Err(BadRequest::Cancelled),
            Frame::Input(_) | Frame::InputEnd => return Err(BadRequest::NotBegun),
        }
        Ok(None)
    }

    fn add(&mut self, field: Field, value: Vec<u8>) -> Result<(), BadRequest> {
        self.grow(value.len())?;
        self.values.push((field, value));
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), BadRequest> {
        self.length = self.length.saturating_add(bytes);
        if self.length > LARGEST_REQUEST { Err(BadRequest::TooLong) } else { Ok(()) }
    }
}

/// The command that these values describe. Of folders and run ids the last one counts.
fn order(values: Vec<(Field, Vec<u8>)>) -> Result<Request, BadRequest> {
    let mut words = Vec::new();
    let mut variables = Vec::new();
    let mut folder = None;
    let mut run = None;
    for (field, value) in values {
        if value.contains(&0) {
            return Err(BadRequest::ZeroByte);
        }
        match field {
            Field::Argument => words.push(OsString::from_vec(value)),
            Field::Variable => variables.push(variable(value)?),
            Field::Folder => folder = Some(PathBuf::from(OsString::from_vec(value))),
            Field::Run => run = Some(RunId::parse(&value)?),
        }
    }
    let mut words = words.into_iter();
    let program = words.next().ok_or(BadRequest::NoProgram)?;
    Ok(Request::Start(Order { program, arguments: words.collect(), variables, folder, run }))
}

/// `NAME=VALUE` in its two parts.
fn variable(mut name: Vec<u8>) -> Result<(OsString, OsString), BadRequest> {
    let equals = name.iter().position(|byte| *byte == b'=').ok_or(BadRequest::Variable)?;
    let value = name.split_off(equals + 1);
    name.truncate(equals);
    if name.is_empty() {
        return Err(BadRequest::Variable);
    }
    Ok((OsString::from_vec(name), OsString::from_vec(value)))
}

/// `run-id TERM` or `run-id KILL`.
fn signal(value: &[u8]) -> Result<Request, BadRequest> {
    let space = value.iter().position(|byte| *byte == b' ').ok_or(BadRequest::Signal)?;
    let (id, word) = value.split_at(space);
    let stop = match word {
        b" TERM" => Stop::Terminate,
        b" KILL" => Stop::Kill,
        _ => return Err(BadRequest::Signal),
    };
    Ok(Request::Signal(RunId::parse(id)?, stop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(frames: Vec<Frame>) -> Result<Option<Request>, BadRequest> {
        let mut draft = Draft::default();
        for frame in frames {
            if let Some(request) = draft.take(frame)? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    fn argument(text: &str) -> Frame {
        Frame::Argument(text.into())
    }

    #[test]
    fn frames_become_an_order() {
        let request = gather(vec![
            argument("/bin/ec"),
            Frame::More("ho".into()),
            argument(""),
            Frame::Variable("A=b=c".into()),
            Frame::Folder("/tmp".into()),
            Frame::Run("run-1".into()),
            Frame::Go,
        ]);
        let order = Order {
            program: "/bin/echo".into(),
            arguments: vec!["".into()],
            variables: vec![("A".into(), "b=c".into())],
            folder: Some("/tmp".into()),
            run: Some(RunId("run-1".to_owned())),
        };
        assert_eq!(request, Ok(Some(Request::Start(order))));
    }

    #[test]
    fn a_query_and_a_signal_need_no_go() {
        let id = || RunId("a".to_owned());
        let query = gather(vec![Frame::Query("a".into())]);
        assert_eq!(query, Ok(Some(Request::Query(id()))));
        let signal = gather(vec![Frame::Signal("a TERM".into())]);
        assert_eq!(signal, Ok(Some(Request::Signal(id(), Stop::Terminate))));
        let signal = gather(vec![Frame::Signal("a KILL".into())]);
        assert_eq!(signal, Ok(Some(Request::Signal(id(), Stop::Kill))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let long = "x".repeat(65);
        let cases = [
            (vec![Frame::More("x".into())], BadRequest::NothingToContinue),
            (vec![Frame::Input("x".into())], BadRequest::NotBegun),
            (vec![Frame::Cancel], BadRequest::Cancelled),
            (vec![Frame::Go], BadRequest::NoProgram),
            (vec![argument("a\0b"), Frame::Go], BadRequest::ZeroByte),
            (vec![argument("a"), Frame::Variable("=b".into()), Frame::Go], BadRequest::Variable),
            (vec![argument("a"), Frame::Variable("ab".into()), Frame::Go], BadRequest::Variable),
            (vec![Frame::Query("../x".into())], BadRequest::RunId("../x".to_owned())),
            (vec![Frame::Query("".into())], BadRequest::RunId(String::new())),
            (vec![Frame::Query(long.clone().into())], BadRequest::RunId(long)),
            (vec![Frame::Signal("a HUP".into())], BadRequest::Signal),
            (vec![Frame::Argument(vec![b'x'; LARGEST_REQUEST + 1])], BadRequest::TooLong),
        ];
        for (frames, error) in cases {
            assert_eq!(gather(frames), Err(error));
        }
    }
}
