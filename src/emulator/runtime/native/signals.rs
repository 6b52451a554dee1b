//! Signals that the emulator was told to ignore, as `nohup` and a shell's `&` tell what they start.
//!
//! What a process ignores, all that it starts ignores too; what it handles, they do not. A task must hear the signals that
//! it would hear in a container of the service, its stop signal first of all. So the emulator handles what it was told to
//! ignore, and does nothing about it.

use std::fs;

use tokio::signal::unix::{SignalKind, signal};

/// Gives what is started from now on the signals that are ignored here. To be called within a tokio runtime.
pub(super) fn give_back() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for number in ignored(&status) {
        // A handler stays when its listener is gone. Those that no program can handle are ignored by none.
        let _ = signal(SignalKind::from_raw(number));
    }
}

/// The numbers of the signals that a process ignores, by its status file; without SIGPIPE, which Rust's programs ignore by
/// themselves and give back to what they start.
fn ignored(status: &str) -> Vec<i32> {
    const PIPE: i32 = 13;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    (1..=31).filter(|number| mask >> (number - 1) & 1 == 1 && *number != PIPE).collect()
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn the_mask_tells_the_signals() {
        for (status, numbers) in [
            ("Name:\tx\nSigIgn:\t0000000000001007\nSigCgt:\t0000000000004000\n", vec![1, 2, 3]),
            ("SigIgn:\t0000000000000000\n", vec![]),
            ("SigIgn:\tnone\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(ignored(status), numbers, "{status:?}");
        }
    }
}
