//! `acitask emulator env`: how other tools find the emulator.

use super::local;
use crate::cli::code::Code;
use crate::cli::connect::LOCAL_SUBSCRIPTION;
use crate::cli::failure::Failure;
use crate::cli::{Desk, project};

/// Prints assignments that a shell can evaluate.
pub(crate) async fn env(desk: &Desk) -> Result<Code, Failure> {
    let home = project::home(desk)?;
    let control = local::ensure(desk, &home).await?;
    let url = control.url();
    let variables = [
        ("ARM_ENDPOINT", url),
        ("AZURE_AUTHORITY_HOST", url),
        ("AZURE_TENANT_ID", LOCAL_SUBSCRIPTION),
        ("AZURE_CLIENT_ID", "acitask"),
        ("AZURE_CLIENT_SECRET", control.secret().expose()),
        ("AZURE_SUBSCRIPTION_ID", LOCAL_SUBSCRIPTION),
    ];
    desk.screen.result(|out| {
        variables.iter().try_for_each(|(name, value)| writeln!(out, "export {name}={value}"))
    })?;
    Ok(Code::DONE)
}
