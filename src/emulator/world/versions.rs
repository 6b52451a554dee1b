//! Which versions of the API a request can name, and what is said of the others.
//!
//! Of container instances these are all that were ever public; of ARM itself, whose list grows by the month, every
//! date since its first is taken. Other providers' versions are theirs: their resources only sit here.

use super::body;
use super::path::Place;
use super::refusal::Refusal;
use super::region;
use crate::contract::Request;

/// The versions of Microsoft.ContainerInstance (azure-cli issue 30847 up to 2023-05-15-preview, azure-rest-api-specs
/// after it), the oldest first.
pub(crate) const CONTAINER_INSTANCE: [&str; 30] = [
    "2017-08-01-preview",
    "2017-10-01-preview",
    "2017-12-01-preview",
    "2018-02-01-preview",
    "2018-04-01",
    "2018-06-01",
    "2018-07-01",
    "2018-09-01",
    "2018-10-01",
    "2019-12-01",
    "2020-11-01",
    "2021-03-01",
    "2021-07-01",
    "2021-09-01",
    "2021-10-01",
    "2022-04-01-preview",
    "2022-09-01",
    "2022-10-01-preview",
    "2023-02-01-preview",
    "2023-05-01",
    "2023-05-15-preview",
    "2023-08-01-preview",
    "2024-05-01-preview",
    "2024-09-01-preview",
    "2024-10-01-preview",
    "2024-11-01-preview",
    "2025-09-01",
    "2026-06-01-preview",
    "2026-07-01",
    "2026-08-01-preview",
];

/// Versions of Microsoft.Resources as its refusal lists them (Azure/aci-deploy issue 7, and the versions since), the
/// newest first.
pub(crate) const RESOURCES: [&str; 32] = [
    "2025-04-01",
    "2025-03-01",
    "2024-11-01",
    "2024-07-01",
    "2024-03-01",
    "2023-07-01",
    "2022-12-01",
    "2022-09-01",
    "2021-04-01",
    "2021-01-01",
    "2020-10-01",
    "2020-08-01",
    "2020-06-01",
    "2020-01-01",
    "2019-11-01",
    "2019-10-01",
    "2019-09-01",
    "2019-08-01",
    "2019-07-01",
    "2019-06-01",
    "2019-05-10",
    "2019-05-01",
    "2019-03-01",
    "2018-11-01",
    "2018-09-01",
    "2018-08-01",
    "2018-07-01",
    "2018-06-01",
    "2018-05-01",
    "2018-02-01",
    "2018-01-01",
    "2014-04-01",
];

/// Before this ARM had no version.
const FIRST: &str = "2014-01-01";

/// Whether a request names a version that its place has. Every request names one but those whose URL an answer gave.
///
/// # Errors
/// What ARM says of a missing or an unknown version.
pub(crate) fn check(place: &Place, request: &Request) -> Result<(), Refusal> {
    if matches!(
        place,
        Place::Operation(_) | Place::OperationResult(_) | Place::ExecStream(_) | Place::LogStream(_)
    ) {
        return Ok(());
    }
    let version = request.query.get("api-version").filter(|version| !version.is_empty());
    let version = version.ok_or(Refusal::MissingApiVersion)?;
    let Some(kind) = own_type(place) else {
        let versions = RESOURCES.join(",");
        let unknown = Refusal::InvalidApiVersion { version: version.clone(), versions };
        return if is_version(version) { Ok(()) } else { Err(unknown) };
    };
    if CONTAINER_INSTANCE.contains(&version.to_lowercase().as_str()) {
        return Ok(());
    }
    let version = version.clone();
    if request.method != "PUT" {
        let versions = CONTAINER_INSTANCE.join(",");
        return Err(Refusal::InvalidResourceType { kind, version, versions });
    }
    let location = body::object(&request.body).and_then(|body| body::location(&body)).unwrap_or_default();
    let (versions, locations) = (CONTAINER_INSTANCE.join(", "), region::names().join(", "));
    Err(Refusal::NoRegisteredProvider { location, version, kind, versions, locations })
}

/// The type of Microsoft.ContainerInstance that a place belongs to.
fn own_type(place: &Place) -> Option<&'static str> {
    match place {
        Place::AllContainerGroups(_)
        | Place::ContainerGroups(_)
        | Place::ContainerGroup(_)
        | Place::Power(..)
        | Place::Logs(..)
        | Place::Exec(..)
        | Place::Attach(..)
        | Place::OutboundDependencies(_) => Some("containerGroups"),
        Place::Region(..) => Some("locations"),
        Place::ProviderOperations => Some("operations"),
        _ => None,
    }
}

/// A date, perhaps with `-preview`, that is not before all versions.
fn is_version(version: &str) -> bool {
    let (date, rest) = version.split_at_checked(10).unwrap_or((version, ""));
    let known = date.parse::<jiff::civil::Date>().is_ok() && date >= FIRST;
    known && (rest.is_empty() || rest.eq_ignore_ascii_case("-preview"))
}
