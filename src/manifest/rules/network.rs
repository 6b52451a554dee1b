//! Ports and addresses, and what Windows groups cannot have.
//!
//! Reserved ports are those of Microsoft's page "Frequently asked questions about Azure Container Instances".

use std::collections::BTreeSet;

use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

/// The most ports that an address has, as Azure's API says.
const MOST_PORTS: usize = 5;

/// Ports that Azure keeps for itself, as ranges with both ends.
const RESERVED: [(u16, u16); 10] = [
    (22, 22),
    (1025, 1027),
    (3389, 3399),
    (9999, 9999),
    (19000, 19000),
    (19080, 19080),
    (19100, 19100),
    (19390, 19390),
    (20000, 30000),
    (49152, 65534),
];

pub(super) fn judge(group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let containers: Vec<_> = group.list(&["containers"]).collect();
    let offered: Vec<_> = containers.iter().flat_map(|each| each.list(&["ports"])).collect();
    let open: Vec<_> = group.list(&["ipAddress", "ports"]).collect();
    diagnostics.extend(offered.iter().chain(&open).filter_map(|port| reserved(*port)));
    // What is misspelt or of another type may well hold the counterpart, and is told.
    let is_seen = |of: Place<'_>| {
        !of.misspells("ports") && of.list(&["ports"]).all(|port| key(port).is_some()) && of.lists("ports")
    };
    let address = group.get("ipAddress");
    let (unoffered, unopened) = (without(&open, &offered), without(&offered, &open));
    let are_there = !containers.is_empty() && unoffered.len() + unopened.len() > 0;
    if are_there && address.is_some_and(is_seen) && containers.iter().all(|each| is_seen(*each)) {
        let told = unoffered.into_iter().map(|port| (port, "no container offers this port"));
        let told = told.chain(unopened.into_iter().map(|port| (port, "the address does not have this port")));
        diagnostics.extend(told.filter_map(|(port, message)| unmatched(port, message)));
    }
    diagnostics.extend(open.get(MOST_PORTS).map(|port| {
        let message = format!("an address has at most {MOST_PORTS} ports, and this one {}", open.len());
        port.flaw(Rule::PortCount, message, "one too many")
            .help("take ports out, or let another group have them; containers of a group need none among each other")
    }));
    diagnostics.extend(subnets(group));
    diagnostics.extend(windows(group));
}

/// Those of some ports that are not among others, each once, and none that is reserved.
fn without<'d>(ports: &[Place<'d>], others: &[Place<'d>]) -> Vec<Place<'d>> {
    let mut seen: BTreeSet<_> = others.iter().filter_map(|port| key(*port)).collect();
    ports
        .iter()
        .copied()
        .filter(|port| key(*port).is_some_and(|key| seen.insert(key)) && reserved(*port).is_none())
        .collect()
}

fn number(port: Place<'_>) -> Option<u16> {
    let number = port.get("port")?.number().filter(|number| number.fract() == 0.0)?;
    // The cast is exact: the number is whole and within the range.
    (1.0..=65535.0).contains(&number).then_some(number as u16)
}

fn key(port: Place<'_>) -> Option<(u16, String)> {
    Some((number(port)?, port.word(&["protocol"]).unwrap_or("TCP").to_uppercase()))
}

fn reserved(port: Place<'_>) -> Option<Diagnostic> {
    let number = number(port)?;
    let (first, last) = RESERVED.into_iter().find(|(first, last)| (*first..=*last).contains(&number))?;
    let range = if first == last { format!("port {first}") } else { format!("ports {first} to {last}") };
    let place = port.get("port")?;
    Some(
        place
            .flaw(Rule::ReservedPort, format!("Azure keeps {range} for itself"), "reserved")
            .help("let the program listen on another port; ports cannot be mapped"),
    )
}

fn unmatched(port: Place<'_>, message: &str) -> Option<Diagnostic> {
    let diagnostic = port.get("port")?.flaw(Rule::PortOffered, message, "has no counterpart");
    Some(diagnostic.help("a port is reachable when both a container and the address have it"))
}

/// Whether a private address has a subnet and a public one has none, as the service demands: "Private IP address is only
/// supported when network profile is defined", "IP Address type can't be public when network profile is set".
fn subnets(group: Place<'_>) -> Vec<Diagnostic> {
    let kind = group.at(&["ipAddress", "type"]);
    let subnet = group.get("subnetIds").filter(|subnets| !subnets.is_empty_list());
    let wrong = match (kind.and_then(Place::text), kind, subnet) {
        (Some("Private"), Some(kind), None) => Some(
            kind.flaw(Rule::PrivateAddress, "a private address needs a subnet", "in which network?")
                .help("add subnetIds with the resource id of a subnet, or write Public"),
        ),
        (Some("Public"), Some(kind), Some(subnet)) => Some(
            kind.flaw(Rule::PrivateAddress, "a group in a subnet has no public address", "not in a subnet")
                .label(subnet.file, group.key("subnetIds"), "this puts it into a subnet")
                .help("write Private, or take subnetIds out"),
        ),
        _ => None,
    };
    let label =
        group.at(&["ipAddress", "dnsNameLabel"]).filter(|_| kind.and_then(Place::text) == Some("Private"));
    let label = label.map(|label| {
        let diagnostic =
            label.flaw(Rule::DnsLabel, "a private address has no DNS name label", "a public name");
        let of = kind.map(|kind| (kind.file, kind.head()));
        of.into_iter()
            .fold(diagnostic, |diagnostic, (file, span)| {
                diagnostic.label(file, span, "this makes it private")
            })
            .help("take it out; in a virtual network names are made with a private DNS zone")
    });
    let servers = group.get("dnsConfig").filter(|_| subnet.is_none());
    let servers = servers.map(|_| {
        Diagnostic::new(Rule::NameServers, "name servers of one's own need a subnet")
            .label(group.file, group.key("dnsConfig"), "of no use here")
            .help("add subnetIds, or take dnsConfig out")
    });
    wrong.into_iter().chain(label).chain(servers).collect()
}

fn windows(group: Place<'_>) -> Option<Diagnostic> {
    let os = group.get("osType").filter(|os| os.text() == Some("Windows"))?;
    let mut others = group.list(&["containers"]).chain(group.list(&["initContainers"])).skip(1);
    others.next().map(|second| {
        os.flaw(Rule::Windows, "a Windows group has one container", "with several containers")
            .label(second.file, second.head(), "the second")
            .help("Azure runs several containers in a group on Linux only")
    })
}
