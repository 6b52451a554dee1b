//! temp
#![allow(missing_docs, clippy::allow_attributes, unused)]
use crate::arm::Arm;
use crate::model::{name::GroupId, record::RunId, secret::Secret};
use bytes::Bytes;
use tokio::sync::mpsc;
pub struct Command {
    pub argv: Vec<String>,
    pub environment: Vec<(String, Secret)>,
    pub directory: Option<String>,
    pub stdin: Option<Bytes>,
    pub run: Option<RunId>,
}
pub enum Output {
    Stdout(Bytes),
    Stderr(Bytes),
}
#[derive(Debug, thiserror::Error)]
pub enum ExecFault {
    #[error("x")]
    NotStarted { code: i32, message: String },
    #[error("x")]
    Cut,
    #[error("x")]
    Already,
    #[error("y")]
    Other,
}
pub enum Trace {
    Running(u32),
    Ended(i32),
    NeverBegan,
    Lost,
    Unknown,
}
pub enum Signal {
    Term,
    Kill,
}
pub struct Ended {
    pub code: Option<i32>,
}
pub async fn run(
    arm: &Arm,
    id: &GroupId,
    c: &str,
    command: &Command,
    out: mpsc::Sender<Output>,
) -> Result<Ended, ExecFault> {
    Err(ExecFault::Other)
}
pub async fn query(arm: &Arm, id: &GroupId, c: &str, run: &RunId) -> Result<Trace, ExecFault> {
    Err(ExecFault::Other)
}
pub async fn signal(arm: &Arm, id: &GroupId, c: &str, run: &RunId, s: Signal) -> Result<Trace, ExecFault> {
    Err(ExecFault::Other)
}
