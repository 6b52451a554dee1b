//! From a project to the service that it goes to: Azure over the net, or the local emulator, started where it does not run.

use super::Desk;
use super::emulator::local;
use super::failure::Failure;
use super::project::{Project, home};
use crate::arm::Arm;
use crate::arm::credential::Settings;
use crate::arm::endpoint::Endpoint;
use crate::arm::login::Login;
use crate::arm::net::{Net, Trust};
use crate::arm::wire::Wire;
use crate::model::name::Name;
use crate::model::stack::{ResourceGroup, Target};
use crate::render::flags::Flags;
use crate::render::heading::{Heading, Place};

/// The subscription of the local emulator, which takes any.
pub(crate) const LOCAL_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// A service to talk to, and what it is called.
pub(crate) struct Line {
    /// The service.
    pub(crate) arm: Arm,
    /// Where it is and whose project it is about.
    pub(crate) heading: Heading,
    /// Which kind it is.
    pub(crate) target: Target,
    /// The resource group that may hold the lease: the first that is the project's own.
    pub(crate) ledger: Option<Name>,
    /// What commands need to go there too.
    pub(crate) flags: Flags,
}

/// Opens the line to where a project goes.
///
/// # Errors
/// Nothing says where it goes, or the local emulator cannot be started.
pub(crate) async fn connect(desk: &Desk, project: &Project) -> Result<Line, Failure> {
    let target = project.target()?;
    let (arm, place) = match target {
        Target::Azure => azure(desk, project)?,
        Target::Local => {
            let subscription = project.subscription.as_deref().unwrap_or(LOCAL_SUBSCRIPTION);
            emulator(desk, subscription, project.stack.project.azure_api_version.as_deref()).await?
        }
    };
    let heading = Heading { place, owner: project.stack.project.owner.clone() };
    let own = |group: &&ResourceGroup| !group.existing || group.records;
    let ledger = project.stack.resource_groups.values().find(own).map(|group| group.name.clone());
    Ok(Line { arm, heading, target, ledger, flags: project.flags.clone() })
}

fn azure(desk: &Desk, project: &Project) -> Result<(Arm, Place), Failure> {
    let subscription = project.subscription.clone().ok_or(Failure::NoSubscription)?;
    let from_files = |name: &str| project.env_files.iter().find_map(|file| file.get(name));
    let mut settings = Settings::read(|name| {
        let own = desk.environment.get(name).map(str::to_owned);
        own.or_else(|| from_files(name).map(|value| value.expose().to_owned()))
    });
    let tenant = project.stack.project.tenant.clone();
    settings.tenant = tenant.clone().or(settings.tenant);
    settings.subscription = Some(subscription.clone());
    let cloud = project.stack.project.cloud;
    let settings = settings.within(cloud);
    let login = match desk.globals.auth {
        None => Login::Auto(settings),
        Some(source) => Login::Named(source, settings),
    };
    let version = project.stack.project.azure_api_version.as_deref();
    let endpoint = Endpoint::of(cloud)?.in_version(version);
    let arm = Arm::new(Wire::Net(Net::new(Trust::System)?), endpoint, login, subscription.clone())?;
    Ok((arm, Place::Azure { cloud, tenant, subscription }))
}

async fn emulator(desk: &Desk, subscription: &str, version: Option<&str>) -> Result<(Arm, Place), Failure> {
    let home = home(desk)?;
    let control = local::ensure(desk, &home).await?;
    let url = control.url().to_owned();
    let endpoint = Endpoint::new(&url, "https://management.azure.com")?.in_version(version);
    let login = Login::Local { secret: control.secret().clone() };
    let arm = Arm::new(control.wire().clone(), endpoint, login, subscription)?;
    Ok((arm, Place::Local { url }))
}
