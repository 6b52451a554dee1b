//! What the world refuses, with the status, code and words of the service.
//!
//! The words are Azure's where a public source shows them; a status or code that no source shows is marked so.
//! The messages are sentences because the service's are.

use serde_json::json;
use thiserror::Error;

use super::reply;
use crate::contract::Reply;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    #[error("The api-version query parameter (?api-version=) is required for all requests.")]
    MissingApiVersion,
    #[error("The api-version '{version}' is invalid. The supported versions are '{versions}'.")]
    InvalidApiVersion { version: String, versions: String },
    #[error(
        "The resource type '{kind}' could not be found in the namespace 'Microsoft.ContainerInstance' for api version '{version}'. The supported api-versions are '{versions}'."
    )]
    InvalidResourceType { kind: &'static str, version: String, versions: String },
    #[error(
        "No registered resource provider found for location '{location}' and API version '{version}' for type '{kind}'. The supported api-versions are '{versions}'. The supported locations are '{locations}'."
    )]
    NoRegisteredProvider {
        location: String,
        version: String,
        kind: &'static str,
        versions: String,
        locations: String,
    },
    #[error(
        "The subscription is not registered to use namespace '{0}'. See https://aka.ms/rps-not-found for how to register subscriptions."
    )]
    MissingSubscriptionRegistration(&'static str),
    #[error("The resource namespace '{0}' is invalid.")]
    InvalidResourceNamespace(String),
    #[error("Invalid $filter '{0}' specified in the query string.")]
    InvalidFilter(String),
    #[error(
        "The provided location '{location}' is not available for resource group. List of available regions is '{regions}'."
    )]
    LocationNotForResourceGroup { location: String, regions: String },
    #[error(
        "The provided location '{location}' is not available for resource type 'Microsoft.ContainerInstance/containerGroups'. List of available regions for the resource type is '{regions}'."
    )]
    LocationNotForContainerGroups { location: String, regions: String },
    #[error(
        "Resource type 'Microsoft.ContainerInstance/containerGroups' container group quota '{quota}' exceeded in region '{region}'. Limit: '{limit}', Usage: '{usage}' Requested: '{requested}'."
    )]
    QuotaReached { quota: &'static str, region: String, limit: u32, usage: u32, requested: u32 },
    #[error(
        "Number of requests for action '{action}' exceeded the limit of '{limit}' for time interval '{interval}'. Please try again after '{seconds}' seconds."
    )]
    ResourceRequestsThrottled { action: &'static str, limit: u32, interval: &'static str, seconds: i64 },
    #[error(
        "Number of {kind} requests for subscription '{subscription}' exceeded. Please try again after '{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information."
    )]
    SubscriptionRequestsThrottled { kind: &'static str, subscription: String, seconds: i64 },
    #[error("The request content was invalid and could not be deserialized: '{0}'.")]
    InvalidContent(String),
    #[error("The location property is required for this definition.")]
    LocationRequired,
    #[error("The continuation token in the query is invalid.")]
    InvalidSkipToken,
    #[error("The emulator does not do this yet: {0}.")]
    NotImplemented(String),

    #[error("Resource group '{0}' could not be found.")]
    ResourceGroupNotFound(String),
    #[error("The resource group '{0}' is in deprovisioning state and cannot perform this operation.")]
    ResourceGroupBeingDeleted(String),
    #[error(
        "Invalid resource group location '{sent}'. The Resource group already exists in location '{live}'."
    )]
    InvalidResourceGroupLocation { sent: String, live: String },
    #[error(
        "The provided resource group name '{0}' is invalid. It can have at most 90 letters, digits, '-', '.', '(', ')' or '_', and must not end with '.'."
    )]
    InvalidResourceGroupName(String),
    #[error("The Resource '{kind}/{name}' under resource group '{group}' was not found.")]
    ResourceNotFound { kind: String, name: String, group: String },
    #[error(
        "The resource '{name}' already exists in location '{live}' in resource group '{group}'. A resource with the same name cannot be created in location '{sent}'. Please select a new resource name."
    )]
    InvalidResourceLocation { name: String, group: String, live: String, sent: String },
    #[error("The operation '{0}' was not found.")]
    OperationNotFound(String),

    #[error("The tag names '{0}' have reserved characters '<,>,%,&,\\,?,/' or control characters.")]
    InvalidTagNameCharacters(String),
    #[error(
        "Tag name too large. Following tag name '{0}' exceeded the maximum length. Maximum allowed length for tag name - '512' characters."
    )]
    TagNameTooLong(String),
    #[error("Tag names must not be empty.")]
    EmptyTagName,
    #[error(
        "Tag value too large. Following tag value '{0}' exceeded the maximum length. Maximum allowed length for tag value - '256' characters."
    )]
    TagValueTooLong(String),
    #[error("The tag names '{0}' and '{1}' differ only in case.")]
    AmbiguousTagNames(String, String),
    #[error("The resource would have '{0}' tags. A resource can have at most '50'.")]
    TooManyTags(usize),

    #[error("The container group '{0}' is still transitioning, please retry later.")]
    Transitioning(String),
    #[error("Container Group '{name}' in resource group '{group}' is stopped.")]
    Stopped { name: String, group: String },
    #[error(
        "The updates on container group '{name}' are invalid. If you are going to update the {property} (old \"{old}\", new \"{new}\") for a container group, you must delete it first and then create a new one."
    )]
    InvalidUpdate { name: String, property: &'static str, old: String, new: String },
    #[error("The container group '{0}' has terminated and cannot be updated. It must be deployed as new.")]
    Terminated(String),
    #[error(
        "The image '{image}' in container group '{group}' is not accessible. Please check the image and registry credential."
    )]
    InaccessibleImage { image: String, group: String },
    #[error(
        "The DNS name label '{label}' in container group '{group}' not available. Try using a different label."
    )]
    DnsNameLabelNotAvailable { label: String, group: String },
    #[error(
        "The DNS name label '{label}' in container group '{group}' is invalid. It can contain only lowercase letters, numbers and hyphens. The first character must be a letter. The last character must be a letter or number. The value must be between 5 and 63 characters long."
    )]
    InvalidDnsNameLabel { label: String, group: String },
    #[error(
        "The resource requests are not specified in container '{container}' of contain group '{group}'. Both memory and CPU requests are required since API version '2017-07-01-preview'."
    )]
    ResourceRequestsNotSpecified { container: String, group: String },
    #[error(
        "The resource requirement '{requirement}' in container '{container}' of contain group '{group}' is invalid. The '{what}' limit value must be greater than or equal to the request value."
    )]
    LimitsLessThanRequests { requirement: String, container: String, group: String, what: &'static str },
    #[error(
        "The '{property}' for container group '<null>' is invalid. The value must be one of '{allowed}'."
    )]
    InvalidChoice { property: String, allowed: String },
    /// A rule of a PUT; the words stand in `check::words`.
    #[error("{message}")]
    Rule { status: u16, code: &'static str, message: String },
    #[error("An error response is received from the docker registry '{0}'. Please retry later.")]
    RegistryError(String),
    #[error("The log of container '{0}' is not available.")]
    LogNotAvailable(String),
    #[error("The container '{container}' was not found in container group '{group}'.")]
    ContainerNotFound { container: String, group: String },
    #[error("The session is unknown or was already used.")]
    SessionNotFound,
}

impl Refusal {
    /// The HTTP status and ARM's code.
    pub(crate) fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::MissingApiVersion => (400, "MissingApiVersionParameter"),
            Self::InvalidApiVersion { .. } => (400, "InvalidApiVersionParameter"),
            Self::InvalidResourceType { .. } => (404, "InvalidResourceType"),
            Self::NoRegisteredProvider { .. } => (400, "NoRegisteredProviderFound"),
            Self::MissingSubscriptionRegistration(_) => (409, "MissingSubscriptionRegistration"),
            Self::InvalidResourceNamespace(_) => (404, "InvalidResourceNamespace"),
            Self::InvalidFilter(_) => (400, "InvalidFilterInQueryString"),
            Self::LocationNotForResourceGroup { .. } => (400, "LocationNotAvailableForResourceGroup"),
            Self::LocationNotForContainerGroups { .. } => (400, "LocationNotAvailableForResourceType"),
            Self::QuotaReached { .. } => (400, "ContainerGroupQuotaReached"),
            Self::ResourceRequestsThrottled { .. } => (429, "ResourceRequestsThrottled"),
            // The words are from memory; no public source at hand shows them.
            Self::SubscriptionRequestsThrottled { .. } => (429, "SubscriptionRequestsThrottled"),
            Self::InvalidContent(_) => (400, "InvalidRequestContent"),
            Self::LocationRequired => (400, "LocationRequired"),
            Self::InvalidSkipToken => (400, "InvalidSkipToken"),
            Self::NotImplemented(_) => (501, "NotImplementedByEmulator"),
            Self::ResourceGroupNotFound(_) => (404, "ResourceGroupNotFound"),
            Self::ResourceGroupBeingDeleted(_) => (409, "ResourceGroupBeingDeleted"),
            Self::InvalidResourceGroupLocation { .. } => (409, "InvalidResourceGroupLocation"),
            Self::InvalidResourceGroupName(_) => (400, "InvalidResourceGroup"),
            Self::ResourceNotFound { .. } => (404, "ResourceNotFound"),
            Self::InvalidResourceLocation { .. } => (409, "InvalidResourceLocation"),
            Self::OperationNotFound(_) => (404, "OperationNotFound"),
            Self::InvalidTagNameCharacters(_) => (400, "InvalidTagNameCharacters"),
            Self::TagNameTooLong(_) | Self::EmptyTagName | Self::AmbiguousTagNames(..) => {
                (400, "InvalidTagName")
            }
            Self::TagValueTooLong(_) => (400, "InvalidTagValueLength"),
            // No public source shows this code.
            Self::TooManyTags(_) => (400, "InvalidTagCount"),
            Self::Transitioning(_) => (409, "ContainerGroupTransitioning"),
            // No public source shows the status of this code and the next.
            Self::Stopped { .. } => (409, "ContainerGroupStopped"),
            Self::InvalidUpdate { .. } | Self::Terminated(_) => (400, "InvalidContainerGroupUpdate"),
            Self::InaccessibleImage { .. } => (400, "InaccessibleImage"),
            Self::DnsNameLabelNotAvailable { .. } => (400, "DnsNameLabelNotAvailable"),
            Self::InvalidDnsNameLabel { .. } => (400, "InvalidDnsNameLabel"),
            Self::ResourceRequestsNotSpecified { .. } => (400, "ResourceRequestsNotSpecified"),
            Self::LimitsLessThanRequests { .. } => (400, "ResourceLimitsLessThanRequests"),
            Self::InvalidChoice { property, .. } if property == "osType" => (400, "InvalidOsType"),
            Self::InvalidChoice { .. } => (400, "InvalidContainerGroup"),
            Self::Rule { status, code, .. } => (*status, code),
            // `Conflict` in azure-cli issue 30915.
            Self::RegistryError(_) => (409, "RegistryErrorResponse"),
            Self::LogNotAvailable(_) => (404, "ContainerLogNotAvailable"),
            Self::ContainerNotFound { .. } => (404, "ContainerNotFound"),
            Self::SessionNotFound => (404, "SessionNotFound"),
        }
    }

    /// Whether ARM refuses it before the provider is asked.
    pub(crate) fn is_the_gateways(&self) -> bool {
        matches!(
            self,
            Self::MissingApiVersion
                | Self::InvalidApiVersion { .. }
                | Self::InvalidResourceType { .. }
                | Self::NoRegisteredProvider { .. }
                | Self::MissingSubscriptionRegistration(_)
                | Self::InvalidResourceNamespace(_)
                | Self::InvalidFilter(_)
                | Self::LocationNotForResourceGroup { .. }
                | Self::LocationNotForContainerGroups { .. }
                | Self::SubscriptionRequestsThrottled { .. }
                | Self::LocationRequired
                | Self::InvalidSkipToken
                | Self::ResourceGroupNotFound(_)
                | Self::ResourceGroupBeingDeleted(_)
                | Self::InvalidResourceGroupLocation { .. }
                | Self::InvalidResourceGroupName(_)
                | Self::ResourceNotFound { .. }
                | Self::InvalidResourceLocation { .. }
                | Self::InvalidTagNameCharacters(_)
                | Self::TagNameTooLong(_)
                | Self::EmptyTagName
                | Self::TagValueTooLong(_)
                | Self::AmbiguousTagNames(..)
                | Self::TooManyTags(_)
        )
    }

    /// The answer: ARM's error envelope.
    pub(crate) fn reply(&self) -> Reply {
        let (status, code) = self.status_and_code();
        let message = self.to_string();
        let mut error = json!({"code": code, "message": message});
        if let Self::MissingSubscriptionRegistration(namespace) = self {
            error["details"] = json!([{"code": code, "target": namespace, "message": message}]);
        }
        let answer = reply::json(status, json!({"error": error}));
        match self {
            Self::ResourceRequestsThrottled { seconds, .. }
            | Self::SubscriptionRequestsThrottled { seconds, .. } => {
                reply::with(answer, "Retry-After", seconds.to_string())
            }
            _ => answer,
        }
    }
}
