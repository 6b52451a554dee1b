//! Ports and addresses, and what Windows groups cannot have.
//!
//! Reserved ports are those of Microsoft's page "Frequently asked questions about Azure Container Instances".

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
    let offered: Vec<_> = group.list(&["containers"]).flat_map(|each| each.list(&["ports"])).collect();
    let open: Vec<_> = group.list(&["ipAddress", "ports"]).collect();
    diagnostics.extend(offered.iter().chain(&open).filter_map(|port| reserved(*port)));
    if group.get("ipAddress").is_some() {
        let lacks = |ports: &[Place<'_>], port: &Place<'_>| {
            key(*port).is_some_and(|wanted| !ports.iter().any(|each| key(*each).as_ref() == Some(&wanted)))
        };
        let unoffered = open.iter().filter(|port| lacks(&offered, port));
        diagnostics.extend(unoffered.filter_map(|port| unmatched(*port, "no container offers this port")));
        let unopened = offered.iter().filter(|port| lacks(&open, port));
        diagnostics
            .extend(unopened.filter_map(|port| unmatched(*port, "the address does not have this port")));
    }
    diagnostics.extend(open.get(MOST_PORTS).map(|port| {
        let message = format!("an address has at most {MOST_PORTS} ports, and this one {}", open.len());
        port.flaw(Rule::PortCount, message, "one too many")
    }));
    diagnostics.extend(private(group));
    diagnostics.extend(windows(group));
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

fn private(group: Place<'_>) -> Option<Diagnostic> {
    let kind = group.at(&["ipAddress", "type"])?;
    (kind.text()? == "Private").then(|| {
        let message = "a private address needs a subnet, which manifests cannot name yet";
        kind.flaw(Rule::PrivateAddress, message, "not supported").help("write Public, or leave ipAddress out")
    })
}

fn windows(group: Place<'_>) -> Option<Diagnostic> {
    let os = group.get("osType").filter(|os| os.text() == Some("Windows"))?;
    (group.list(&["containers"]).count() > 1).then(|| {
        os.flaw(Rule::Windows, "a Windows group has one container", "with several containers")
            .help("Azure runs several containers in a group on Linux only")
    })
}
