//! Switches that take a word.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a PUT does to a container group that has ended (Succeeded, Failed) or was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnTerminated {
    /// It is deployed as new, which is how the update page's "must be deployed as new" reads for one request.
    Redeploy,
    /// It is refused, which is how "terminated or deleted container groups can't be updated" reads.
    Refuse,
}

/// What a PUT does with properties that no specification known here names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// They are kept and shown as they were sent.
    Keep,
    /// They are refused by name with 501.
    Refuse,
}

/// The text is none of a switch's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWord;

impl fmt::Display for OnTerminated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Redeploy => "redeploy",
            Self::Refuse => "refuse",
        })
    }
}

impl FromStr for OnTerminated {
    type Err = NoWord;

    fn from_str(word: &str) -> Result<Self, NoWord> {
        match word {
            "redeploy" => Ok(Self::Redeploy),
            "refuse" => Ok(Self::Refuse),
            _ => Err(NoWord),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Keep => "keep",
            Self::Refuse => "refuse",
        })
    }
}

impl FromStr for Unknown {
    type Err = NoWord;

    fn from_str(word: &str) -> Result<Self, NoWord> {
        match word {
            "keep" => Ok(Self::Keep),
            "refuse" => Ok(Self::Refuse),
            _ => Err(NoWord),
        }
    }
}
