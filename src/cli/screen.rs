//! Standard output for results, standard error for everything else, and the question that takes only a `yes`.

use std::io::{self, BufRead, IsTerminal, Write};

use indicatif::ProgressDrawTarget;
use miette::MietteHandlerOpts;

use super::arguments::Colour;
use super::environment::Environment;
use super::failure::Failure;
use crate::render::style::Style;
use crate::render::text::wrapped;

/// Columns where no terminal tells.
const COLUMNS: usize = 100;

/// The two outputs and how to write to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// How results look.
    pub(crate) out: Style,
    /// How everything else looks.
    pub(crate) aside: Style,
    /// How tables among the results look: what reads them from a pipe wants a line a row, however long.
    pub(crate) tables: Style,
    asks: bool,
    live: bool,
}

impl Screen {
    /// Looks at what the process was given.
    pub(crate) fn new(colour: Colour, environment: &Environment) -> Self {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let told = environment.get("COLUMNS").and_then(|columns| columns.parse().ok());
        let style = |auto: anstream::ColorChoice, columns: Option<usize>| Style {
            colour: match colour {
                Colour::Auto => auto != anstream::ColorChoice::Never,
                Colour::Always => true,
                Colour::Never => false,
            },
            width: told.or(columns).unwrap_or(COLUMNS).clamp(40, 200),
        };
        let out = style(anstream::AutoStream::choice(&stdout), columns(&stdout));
        let aside = style(anstream::AutoStream::choice(&stderr), columns(&stderr));
        let tables = if stdout.is_terminal() { out } else { Style { width: usize::MAX, ..out } };
        let attended = stdin.is_terminal() && stderr.is_terminal() && !environment.is_pipeline();
        let screen = Self { out, aside, tables, asks: attended, live: stderr.is_terminal() };
        screen.set_up_reports();
        screen
    }

    /// Whether a person is there who sees and answers.
    pub(crate) fn is_attended(&self) -> bool {
        self.asks
    }

    /// Where lines that are drawn again and again go; absent where no terminal is.
    pub(crate) fn live(&self) -> Option<ProgressDrawTarget> {
        self.live.then(ProgressDrawTarget::stderr)
    }

    /// Writes a result.
    ///
    /// # Errors
    /// Standard output takes nothing more.
    pub(crate) fn result(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        write(&mut out).and_then(|()| out.flush()).map_err(|source| Failure::Output { source })
    }

    /// Says something that is no result. Where nobody can hear it, that is no reason to stop.
    pub(crate) fn say(&self, text: &str) {
        let mut out = io::stderr().lock();
        for line in wrapped(text, self.aside.width) {
            drop(writeln!(out, "{line}"));
        }
    }

    /// Says a line as it is.
    pub(crate) fn line(&self, line: &str) {
        drop(writeln!(io::stderr().lock(), "{line}"));
    }

    /// Asks for a `yes`; false for any other answer.
    ///
    /// # Errors
    /// [`Failure::NobodyToAsk`] where there is none to be had.
    pub(crate) fn confirm(&self, question: &[String]) -> Result<bool, Failure> {
        if !self.asks {
            return Err(Failure::NobodyToAsk);
        }
        let question = question.join("\n");
        let mut out = io::stderr().lock();
        drop(write!(out, "\n{question}\nOnly \"yes\" is taken: ").and_then(|()| out.flush()));
        drop(out);
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|source| Failure::Input { source })?;
        if !answer.ends_with('\n') {
            self.line("");
        }
        Ok(answer.trim() == "yes")
    }

    /// Shows a failure.
    pub(crate) fn report(&self, failure: Failure) {
        if !failure.is_told() {
            self.diagnostic(failure.into());
        }
    }

    /// Shows a diagnostic with its places, its code and its help.
    pub(crate) fn diagnostic(&self, report: miette::Report) {
        self.line(format!("{report:?}").trim_end());
    }

    fn set_up_reports(self) {
        let Style { colour, width } = self.aside;
        let options =
            move || MietteHandlerOpts::new().color(colour).unicode(true).terminal_links(false).width(width);
        // Only one hook is ever set; a second screen, as in tests, shares the first one's.
        drop(miette::set_hook(Box::new(move |_| Box::new(options().build()))));
    }
}

fn columns(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
