//! The native runtime.

use crate::contract::{Command, ExecSession, Fact, LogLine, Question, SandboxId};
use crate::runtime::ExecStream;

/// The native runtime.
#[derive(Clone, Debug)]
pub struct Native {}

impl Native {
    pub(crate) fn perform(&self, command: Command) {
        let _ = command;
    }
    pub(crate) async fn ask(&self, question: Question) -> Fact {
        let Question::Image(image) = question;
        Fact::ImageMissing { reason: image }
    }
    pub(crate) async fn logs(&self, sandbox: SandboxId, container: &str) -> Vec<LogLine> {
        let _ = (sandbox, container);
        Vec::new()
    }
    pub(crate) async fn exec(&self, session: &ExecSession) -> Result<ExecStream, String> {
        Err(format!("{session:?}"))
    }
    pub(crate) async fn shutdown(&self) {}
}
