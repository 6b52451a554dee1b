//! Where tracing goes: standard error, as much as was asked for, and nothing of the Azure crates, which log more than they should.

use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::environment::Environment;
use super::screen::Screen;

/// Begins logging. `ACITASK_LOG` gives a filter of its own.
pub(crate) fn begin(verbose: u8, serves: bool, environment: &Environment, screen: &Screen) {
    let told = match (verbose, serves) {
        (0, false) => "warn",
        (0, true) | (1, _) => "warn,acitask=info,acitask_emulator=info",
        (_, _) => "info,acitask=debug,acitask_emulator=debug",
    };
    let filter = EnvFilter::new(environment.get("ACITASK_LOG").unwrap_or(told));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(screen.aside.colour)
        .with_target(verbose > 1);
    let quiet = filter_fn(|metadata| is_ours_to_show(metadata.target()));
    // A subscriber that is set already, as in tests, stays.
    drop(tracing_subscriber::registry().with(lines).with(filter).with(quiet).try_init());
}

/// The Azure crates log headers and bodies, in which tokens and secrets are.
fn is_ours_to_show(target: &str) -> bool {
    !target.starts_with("azure_") && !target.starts_with("typespec")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_crates_are_never_shown() {
        for (target, shown) in [
            ("acitask::arm", true),
            ("azure_core::policies", false),
            ("azure_identity", false),
            ("typespec_client_core", false),
        ] {
            assert_eq!(is_ours_to_show(target), shown, "{target}");
        }
    }
}
