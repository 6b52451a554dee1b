//! The one comparable form of a container group.
//!
//! Two groups that Azure Container Instances treats alike have equal shapes: lists whose order means nothing are
//! sorted, what stands twice stands once, and secrets are marks. Which container is the first is therefore not
//! told by a shape but by the stack.

use std::convert::Infallible;

use crate::model::group::{Container, EnvironmentVariable, Group, IpAddress, Port};
use crate::model::secret::{Mark, SecretSource};

/// A container group with lists in a told order and secrets as marks; made only by [`normalise`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Group<Mark>);

impl Shape {
    /// The group.
    pub fn group(&self) -> &Group<Mark> {
        &self.0
    }
}

/// Brings a group into its comparable form.
///
/// Absent properties have become Azure's defaults when the tree was read (`osType`, `restartPolicy`, protocols, empty
/// lists); the server echoes none, some or all of them, as the recordings of azure-libraries-for-java show.
pub fn normalise(group: Group<Mark>) -> Shape {
    let Group { os_type, restart_policy, containers, ip_address } = group;
    let mut containers: Vec<_> = containers.into_iter().map(container).collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    Shape(Group { os_type, restart_policy, containers, ip_address: ip_address.map(address) })
}

/// The comparable form of a group that is wanted.
pub fn wanted(group: &Group<SecretSource>) -> Shape {
    let Ok(group) = group.clone().map(&mut |_: SecretSource| Ok::<_, Infallible>(Mark));
    normalise(group)
}

fn container(container: Container<Mark>) -> Container<Mark> {
    let Container { name, image, command, mut environment_variables, ports: unsorted, resources } = container;
    environment_variables.sort_by(|a, b| key(a).cmp(key(b)));
    Container { name, image, command, environment_variables, ports: ports(unsorted), resources }
}

fn key(variable: &EnvironmentVariable<Mark>) -> &str {
    let EnvironmentVariable { name, value: _, secure_value: _ } = variable;
    name
}

fn address(address: IpAddress) -> IpAddress {
    let IpAddress { kind, ports: unsorted, dns_name_label } = address;
    let dns_name_label = dns_name_label.filter(|label| !label.is_empty());
    IpAddress { kind, ports: ports(unsorted), dns_name_label }
}

fn ports(mut ports: Vec<Port>) -> Vec<Port> {
    ports.sort();
    ports.dedup();
    ports
}
