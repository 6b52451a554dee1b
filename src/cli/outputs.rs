//! In which forms a plan and what becomes of it are told, and where to; several at once.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Desk;
use super::carry::Made;
use super::connect::Line;
use super::failure::Failure;
use crate::render::markdown;
use crate::render::message::{self, Message};
use crate::render::page::{self, Extent};

/// The forms.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Outputs {
    /// Tell programs: one JSON object a line on standard output (`acitask schema messages` describes them).
    #[arg(long, conflicts_with_all = ["quiet", "summary"])]
    pub(crate) json: bool,
    /// Write the JSON lines into a file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) json_into: Option<PathBuf>,
    /// Write the plan as Markdown for a pull request into a file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown_into: Option<PathBuf>,
    /// Show only what forbids the plan and its last line.
    #[arg(short, long, conflicts_with = "summary")]
    pub(crate) quiet: bool,
    /// Show one line for each change.
    #[arg(long)]
    pub(crate) summary: bool,
}

impl Outputs {
    /// How much of a plan people are shown.
    fn extent(&self) -> Extent {
        match (self.quiet, self.summary) {
            (true, _) => Extent::Last,
            (_, true) => Extent::Lines,
            _ => Extent::Whole,
        }
    }

    /// Tells a plan in every form that was asked for.
    ///
    /// # Errors
    /// A file or standard output cannot be written.
    pub(crate) fn tell(&self, desk: &Desk, line: &Line, made: &Made, pending: bool) -> Result<(), Failure> {
        let Made { planned, fingerprint, apply } = made;
        if let Some(path) = &self.markdown_into {
            let text = markdown::page(&line.heading, planned, (fingerprint, apply.as_deref()), &line.flags);
            write_file(desk, path, |out| out.write_all(text.as_bytes()))?;
        }
        let messages = message::planned(&line.heading, planned, fingerprint, pending, &line.flags);
        if let Some(path) = &self.json_into {
            write_file(desk, path, |out| messages.iter().try_for_each(|message| message.write(out)))?;
        }
        desk.screen.result(|out| {
            if self.json {
                messages.iter().try_for_each(|message| message.write(out))
            } else {
                page::write(out, &line.heading, planned, &line.flags, desk.screen.out, self.extent())
            }
        })
    }

    /// Where the messages of an apply go, after those of its plan.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn stream(&self, desk: &Desk) -> Result<Stream, Failure> {
        let append = |path: &PathBuf| {
            let path = desk.environment.folder.join(path);
            let file = File::options().append(true).create(true).open(&path);
            file.map_err(|source| Failure::File { path, source })
        };
        Ok(Stream { screen: self.json, file: self.json_into.as_ref().map(append).transpose()? })
    }
}

/// Where messages go while a plan is carried out.
#[derive(Debug)]
pub(crate) struct Stream {
    screen: bool,
    file: Option<File>,
}

impl Stream {
    /// Writes a message wherever it goes. What takes nothing more is no reason to stop an apply.
    pub(crate) fn tell(&mut self, desk: &Desk, message: &Message) {
        if self.screen {
            drop(desk.screen.result(|out| message.write(out)));
        }
        if let Some(file) = &mut self.file {
            drop(message.write(file));
        }
    }
}

fn write_file(
    desk: &Desk,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let path = desk.environment.folder.join(path);
    let written = File::create(&path).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    written.map_err(|source| Failure::File { path, source })
}
