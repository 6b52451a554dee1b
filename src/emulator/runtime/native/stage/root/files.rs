//! The three files by which a program finds names on the network and its own.
//!
//! The network is the machine's, so its own settings are right. An image that brings a file with content keeps it.

use std::fs;
use std::path::Path;

use super::super::{StageError, doing};

/// The machine's settings, read while its root is still ours.
pub(super) struct Machine {
    hosts: String,
    resolver: String,
}

impl Machine {
    /// Reads them; a machine that lacks one has nothing to hand on.
    pub(super) fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self { hosts: text("/etc/hosts"), resolver: text("/etc/resolv.conf") }
    }

    /// Writes them where the image has none; the container's root must be ours by now.
    pub(super) fn write(&self, hostname: &str) -> Result<(), StageError> {
        let Self { hosts, resolver } = self;
        let gap = if hosts.is_empty() || hosts.ends_with('\n') { "" } else { "\n" };
        let hosts = format!("{hosts}{gap}127.0.0.1\tlocalhost {hostname}\n");
        fs::create_dir_all("/etc").map_err(doing("/etc"))?;
        for (path, text) in [
            ("/etc/hosts", &hosts),
            ("/etc/resolv.conf", resolver),
            ("/etc/hostname", &format!("{hostname}\n")),
        ] {
            if lacks(Path::new(path)) {
                fs::write(path, text).map_err(doing(path))?;
            }
        }
        Ok(())
    }
}

/// A link counts as content, wherever it leads: the image means something by it.
fn lacks(path: &Path) -> bool {
    fs::symlink_metadata(path).map_or(true, |found| found.is_file() && found.len() == 0)
}
