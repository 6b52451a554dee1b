//! From the path of a request to the place it names.
//!
//! Azure Resource Manager folds case and double slashes (`az` sends both, seen with azure-cli 2.91);
//! names keep the case they were sent in, keys are lower case. What may be done at a place is the router's.

use std::fmt;

/// The provider type of container groups.
pub(crate) const CONTAINER_GROUPS: &str = "Microsoft.ContainerInstance/containerGroups";

/// A resource group as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupName {
    pub(crate) subscription: String,
    pub(crate) name: String,
}

impl GroupName {
    /// The key under which it is kept: its id in lower case.
    pub(crate) fn key(&self) -> String {
        self.to_string().to_lowercase()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subscription, name } = self;
        write!(f, "/subscriptions/{subscription}/resourceGroups/{name}")
    }
}

/// A resource in a resource group as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceName {
    pub(crate) group: GroupName,
    /// Namespace and types: `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) kind: String,
    /// One name a type: `net/inner`.
    pub(crate) name: String,
}

impl ResourceName {
    /// The key under which it is kept: its id in lower case.
    pub(crate) fn key(&self) -> String {
        self.to_string().to_lowercase()
    }

    /// Whether it is a container group.
    pub(crate) fn is_container_group(&self) -> bool {
        self.kind.eq_ignore_ascii_case(CONTAINER_GROUPS)
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kind = self.kind.split('/');
        write!(f, "{}/providers/{}", self.group, kind.next().unwrap_or_default())?;
        for (kind, name) in kind.zip(self.name.split('/')) {
            write!(f, "/{kind}/{name}")?;
        }
        Ok(())
    }
}

/// What tags can stand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Subscription(String),
    Group(GroupName),
    Resource(ResourceName),
}

/// A change of a container group's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Start,
    Stop,
    Restart,
}

/// A change of a subscription's registration with a resource provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    Register,
    Unregister,
}

/// What a region of a subscription can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Regional {
    Usages,
    Capabilities,
    CachedImages,
}

/// A place that the emulator knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Tenants,
    Subscriptions,
    Subscription(String),
    Locations(String),
    Providers(String),
    Provider(String, String),
    Registration(String, String, Registration),
    ProviderOperations,
    SubscriptionResources(String),
    ResourceGroups(String),
    ResourceGroup(GroupName),
    Resources(GroupName),
    Tags(Scope),
    Resource(ResourceName),
    AllContainerGroups(String),
    ContainerGroups(GroupName),
    ContainerGroup(ResourceName),
    Power(ResourceName, Power),
    Logs(ResourceName, String),
    Exec(ResourceName, String),
    Attach(ResourceName, String),
    OutboundDependencies(ResourceName),
    Region(String, String, Regional),
    Operation(String),
    OperationResult(String),
    ExecStream(String),
    LogStream(String),
    Unknown,
}

/// The subscription that a path is in, in lower case.
pub(crate) fn subscription(path: &str) -> Option<String> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next()?;
    first.eq_ignore_ascii_case("subscriptions").then(|| segments.next().map(str::to_lowercase))?
}

/// Finds the place of a path.
pub(crate) fn place(path: &str) -> Place {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let folded: Vec<String> = segments.iter().map(|s| s.to_lowercase()).collect();
    let folded: Vec<&str> = folded.iter().map(String::as_str).collect();
    match folded.as_slice() {
        ["tenants"] => Place::Tenants,
        ["execstream", "sessionid", _] => Place::ExecStream(segments[2].to_owned()),
        ["logstream", "sessionid", _] => Place::LogStream(segments[2].to_owned()),
        ["providers", "microsoft.containerinstance", "operations"] => Place::ProviderOperations,
        ["subscriptions"] => Place::Subscriptions,
        ["subscriptions", _] => Place::Subscription(segments[1].to_owned()),
        ["subscriptions", _, "resourcegroups"] => Place::ResourceGroups(segments[1].to_owned()),
        ["subscriptions", _, "locations"] => Place::Locations(segments[1].to_owned()),
        ["subscriptions", _, "resources"] => Place::SubscriptionResources(segments[1].to_owned()),
        ["subscriptions", _, "operationresults", _] => Place::OperationResult(folded[3].to_owned()),
        ["subscriptions", _, "providers", rest @ ..] => {
            in_subscription(segments[1].to_owned(), rest, &segments[3..])
        }
        ["subscriptions", _, "resourcegroups", _, rest @ ..] => {
            let group = GroupName { subscription: segments[1].to_owned(), name: segments[3].to_owned() };
            in_group(group, rest, &segments[4..])
        }
        _ => Place::Unknown,
    }
}

fn in_subscription(subscription: String, folded: &[&str], segments: &[&str]) -> Place {
    match folded {
        [] => Place::Providers(subscription),
        [_] => Place::Provider(subscription, segments[0].to_owned()),
        [_, "register"] => Place::Registration(subscription, segments[0].to_owned(), Registration::Register),
        [_, "unregister"] => {
            Place::Registration(subscription, segments[0].to_owned(), Registration::Unregister)
        }
        ["microsoft.resources", "tags", "default"] => Place::Tags(Scope::Subscription(subscription)),
        ["microsoft.containerinstance", "containergroups"] => Place::AllContainerGroups(subscription),
        ["microsoft.containerinstance", "locations", location, what] => {
            let what = match *what {
                "usages" => Regional::Usages,
                "capabilities" => Regional::Capabilities,
                "cachedimages" => Regional::CachedImages,
                _ => return Place::Unknown,
            };
            Place::Region(subscription, location.replace(' ', ""), what)
        }
        ["microsoft.containerinstance", "locations", _, "operations", id] => {
            Place::Operation((*id).to_owned())
        }
        ["microsoft.containerinstance", "locations", _, "operationresults", id] => {
            Place::OperationResult((*id).to_owned())
        }
        _ => Place::Unknown,
    }
}

fn in_group(group: GroupName, folded: &[&str], segments: &[&str]) -> Place {
    match folded {
        [] => Place::ResourceGroup(group),
        ["resources"] => Place::Resources(group),
        ["providers", "microsoft.resources", "tags", "default"] => Place::Tags(Scope::Group(group)),
        ["providers", "microsoft.containerinstance", "containergroups"] => Place::ContainerGroups(group),
        ["providers", "microsoft.containerinstance", "containergroups", _, rest @ ..] => {
            let kind = CONTAINER_GROUPS.to_owned();
            let resource = ResourceName { group, kind, name: segments[3].to_owned() };
            in_container_group(resource, rest, &segments[4..])
        }
        [
            "providers",
            "microsoft.containerinstance" | "microsoft.resources" | "microsoft.authorization",
            ..,
        ] => Place::Unknown,
        ["providers", _, rest @ ..] => in_provider(group, rest, segments),
        _ => Place::Unknown,
    }
}

fn in_container_group(resource: ResourceName, folded: &[&str], segments: &[&str]) -> Place {
    match folded {
        [] => Place::ContainerGroup(resource),
        ["start"] => Place::Power(resource, Power::Start),
        ["stop"] => Place::Power(resource, Power::Stop),
        ["restart"] => Place::Power(resource, Power::Restart),
        ["containers", _, "logs"] => Place::Logs(resource, segments[1].to_owned()),
        ["containers", _, "exec"] => Place::Exec(resource, segments[1].to_owned()),
        ["containers", _, "attach"] => Place::Attach(resource, segments[1].to_owned()),
        ["outboundnetworkdependenciesendpoints"] => Place::OutboundDependencies(resource),
        ["providers", "microsoft.resources", "tags", "default"] => Place::Tags(Scope::Resource(resource)),
        _ => Place::Unknown,
    }
}

/// Any other provider's resource: pairs of type and name, perhaps with tags at its end.
fn in_provider(group: GroupName, folded: &[&str], segments: &[&str]) -> Place {
    let (pairs, tags) = match folded {
        [pairs @ .., "providers", "microsoft.resources", "tags", "default"] => (pairs, true),
        pairs => (pairs, false),
    };
    if pairs.is_empty() || pairs.len() % 2 == 1 || pairs.contains(&"providers") {
        return Place::Unknown;
    }
    let sent = &segments[2..2 + pairs.len()];
    let types = sent.iter().step_by(2).copied();
    let kind = std::iter::once(segments[1]).chain(types).collect::<Vec<_>>().join("/");
    let name = sent.iter().skip(1).step_by(2).copied().collect::<Vec<_>>().join("/");
    let resource = ResourceName { group, kind, name };
    if tags { Place::Tags(Scope::Resource(resource)) } else { Place::Resource(resource) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_double_slashes_are_folded_and_names_keep_theirs() {
        let group = GroupName { subscription: "S".into(), name: "Rg".into() };
        let named = |kind: &str, name: &str| ResourceName {
            group: group.clone(),
            kind: kind.into(),
            name: name.into(),
        };
        let weak = named(CONTAINER_GROUPS, "Weak");
        let subnet = named("Microsoft.Network/virtualNetworks/subnets", "net/a");
        let rows = [
            ("/Subscriptions/S/resourcegroups/Rg", Place::ResourceGroup(group.clone())),
            ("/subscriptions/S/resourceGroups/Rg/resources", Place::Resources(group.clone())),
            (
                "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.ContainerInstance//containerGroups/Weak",
                Place::ContainerGroup(weak.clone()),
            ),
            (
                "/subscriptions/S/resourceGroups/Rg/providers/microsoft.containerinstance/containergroups/Weak/START",
                Place::Power(weak.clone(), Power::Start),
            ),
            (
                "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.ContainerInstance/containerGroups/Weak/providers/Microsoft.Resources/tags/default",
                Place::Tags(Scope::Resource(weak)),
            ),
            (
                "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/virtualNetworks/net/subnets/a",
                Place::Resource(subnet.clone()),
            ),
            (
                "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network/virtualNetworks/net/subnets/a/providers/Microsoft.Resources/tags/default",
                Place::Tags(Scope::Resource(subnet)),
            ),
            (
                "/subscriptions/S/providers/Microsoft.ContainerInstance/locations/westus/operations/AB",
                Place::Operation("ab".into()),
            ),
            ("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Authorization/locks/l", Place::Unknown),
            ("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Network", Place::Unknown),
            ("/", Place::Unknown),
        ];
        for (path, expected) in rows {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn an_id_is_written_with_one_name_a_type() {
        let group = GroupName { subscription: "S".into(), name: "Rg".into() };
        let resource = ResourceName { group, kind: "Ns/a/b".into(), name: "x/y".into() };
        assert_eq!(resource.to_string(), "/subscriptions/S/resourceGroups/Rg/providers/Ns/a/x/b/y");
    }
}
