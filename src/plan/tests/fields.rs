//! Every field: an edit, its path, its effect, and the steps that it takes.

use super::*;
use crate::model::effect::{Effect, Field};
use crate::model::group::{IpAddress, IpAddressType, Port, Protocol};
use crate::plan::shape::{normalise, wanted};
use crate::plan::{Value, diff};

type Edit = fn(&mut ContainerGroup);

fn address(kind: IpAddressType, port: u16, label: &str) -> Option<IpAddress> {
    let ports = vec![Port { port, protocol: Protocol::Tcp }];
    Some(IpAddress { kind, ports, dns_name_label: Some(label.into()) })
}

/// A group with an address, so that all of its properties can be edited.
fn before(policy: RestartPolicy) -> ContainerGroup {
    let mut group = group("strong", policy);
    group.group.ip_address = address(IpAddressType::Public, 80, "pets");
    group
}

/// One edit a row; `None` for the first container stands for an edit that does nothing, which the test would notice.
fn edits() -> Vec<(Field, &'static str, Edit)> {
    fn first(group: &mut ContainerGroup) -> impl Iterator<Item = &mut Container<SecretSource>> {
        group.group.containers.iter_mut().take(1)
    }
    vec![
        (Field::Tags, "tags.team", |g| drop(g.tags.insert("team".into(), "dev".into()))),
        (Field::Location, "location", |g| g.location = Some("northeurope".into())),
        (Field::OsType, "osType", |g| g.group.os_type = OsType::Windows),
        (Field::RestartPolicy, "restartPolicy", |g| g.group.restart_policy = RestartPolicy::OnFailure),
        (Field::IpAddress, "ipAddress.type", |g| {
            g.group.ip_address = address(IpAddressType::Private, 80, "pets");
        }),
        (Field::IpAddress, "ipAddress", |g| g.group.ip_address = None),
        (Field::IpPorts, "ipAddress.ports", |g| {
            g.group.ip_address = address(IpAddressType::Public, 81, "pets");
        }),
        (Field::DnsNameLabel, "ipAddress.dnsNameLabel", |g| {
            g.group.ip_address = address(IpAddressType::Public, 80, "other");
        }),
        (Field::Containers, "containers[more]", |g| g.group.containers.push(container("more"))),
        (Field::Image, "containers[job].image", |g| first(g).for_each(|c| c.image = "other:2".into())),
        (Field::Command, "containers[job].command", |g| {
            first(g).for_each(|c| c.command = vec!["sleep".into(), "1".into()]);
        }),
        (Field::Environment, "containers[job].environmentVariables[MODE]", |g| {
            first(g).for_each(|c| c.environment_variables[0] = plain("MODE", "b"));
        }),
        (Field::Ports, "containers[job].ports", |g| {
            first(g).for_each(|c| c.ports = vec![Port { port: 80, protocol: Protocol::Udp }]);
        }),
        (Field::Cpu, "containers[job].resources.requests.cpu", |g| {
            first(g).for_each(|c| c.resources.requests.cpu = Thousandths::new(1500));
        }),
        (Field::Memory, "containers[job].resources.requests.memoryInGB", |g| {
            first(g).for_each(|c| c.resources.requests.memory_in_gb = Thousandths::new(2000));
        }),
    ]
}

#[test]
fn each_field_is_edited_at_least_once() {
    let edited: BTreeSet<Field> = edits().into_iter().map(|(field, _, _)| field).collect();
    assert_eq!(edited, BTreeSet::from(Field::ALL));
}

#[test]
fn an_edit_plans_what_its_field_says() -> Outcome {
    for (field, path, edit) in edits() {
        let live = with_group(stack(), "strong", before(RestartPolicy::Always));
        let mut edited = before(RestartPolicy::Always);
        edit(&mut edited);
        let planned = plan(&with_group(stack(), "strong", edited), &as_wanted(&live), APPLY)?;
        let steps = match field.effect() {
            Effect::Tags => vec!["tag strong"],
            Effect::Live | Effect::Update => vec!["update strong"],
            Effect::Replace => vec!["delete-to-replace strong", "create strong after 0"],
        };
        assert_eq!(lines(&planned), steps, "{path}");
        let changes: Vec<_> =
            planned.plan.steps().iter().flat_map(|step| &step.changes).map(|c| (c.field, &*c.path)).collect();
        assert_eq!(changes, [(field, path)]);
    }
    Ok(())
}

#[test]
fn the_reason_names_what_differs_and_what_forces_a_replacement() -> Outcome {
    let cases: [(RestartPolicy, &str, &str); 4] = [
        (RestartPolicy::Always, "containers[job].image", "image differs"),
        (
            RestartPolicy::Always,
            "containers[job].resources.requests.memoryInGB",
            "memoryInGB differs; memoryInGB cannot be changed in place",
        ),
        (
            RestartPolicy::Never,
            "containers[job].environmentVariables[MODE]",
            "env.MODE differs; a finished group cannot be updated",
        ),
        (
            RestartPolicy::Always,
            "restartPolicy",
            "restartPolicy differs; restartPolicy cannot be changed in place",
        ),
    ];
    for (policy, path, reason) in cases {
        let live = with_group(stack(), "strong", before(policy));
        let mut edited = before(policy);
        for (_, _, edit) in edits().into_iter().filter(|(_, other, _)| *other == path) {
            edit(&mut edited);
        }
        let planned = plan(&with_group(stack(), "strong", edited), &as_wanted(&live), APPLY)?;
        assert_eq!(reasons(&planned).first().map(String::as_str), Some(reason));
    }
    Ok(())
}

#[test]
fn a_secret_is_compared_only_by_being_one() {
    let shape = |variable| {
        let mut group = tree(RestartPolicy::Always);
        group.containers[0].environment_variables = vec![variable];
        wanted(&group)
    };
    assert_eq!(diff::diff(&shape(secret("A", "X")), &shape(secret("A", "Y"))), []);
    let changes = diff::diff(&shape(secret("A", "X")), &shape(plain("A", "v")));
    let values: Vec<_> = changes.into_iter().map(|change| (change.before, change.after)).collect();
    assert_eq!(values, [(Some(Value::Text("v".into())), Some(Value::Hidden))]);
}

#[test]
fn order_means_nothing() {
    let mut group = tree(RestartPolicy::Always);
    group.containers.push(container("side"));
    let mut turned = group.clone();
    turned.containers.reverse();
    turned.containers.iter_mut().for_each(|one| one.environment_variables.reverse());
    assert_eq!(wanted(&group), wanted(&turned));
    assert_eq!(normalise(seen_tree(&turned)), wanted(&group));
}

#[test]
fn a_stopped_group_is_replaced_and_stays_stopped_if_it_is_to() -> Outcome {
    for (power, rest) in [(Power::Unmanaged, vec![]), (Power::Stopped, vec!["stop strong after 1"])] {
        let mut declared = ContainerGroup { power, ..before(RestartPolicy::Always) };
        let live = with_group(stack(), "strong", declared.clone());
        declared.group.containers[0].image = "other:2".into();
        let observed = in_state(as_wanted(&live), "strong", "Stopped", Phase::Terminated);
        let planned = plan(&with_group(stack(), "strong", declared), &observed, APPLY)?;
        let steps = [vec!["delete-to-replace strong", "create strong after 0"], rest].concat();
        assert_eq!(lines(&planned), steps);
    }
    Ok(())
}

#[test]
fn power_that_a_run_would_fight_over_is_a_conflict() -> Outcome {
    let kept = |power, policy| with_group(stack(), "g", ContainerGroup { power, ..group("g", policy) });
    let strong = with_run(kept(Power::Stopped, RestartPolicy::Always), "dog", strong_run("g"));
    let weak = with_run(kept(Power::Running, RestartPolicy::Never), "cat", persistent_run("g"));
    for (stack, text) in [
        (strong, "it is to be kept stopped, and run dog needs it running"),
        (weak, "it is to be kept running, but a TaskRun starts and stops it"),
    ] {
        assert_eq!(conflicts(&plan(&stack, &as_wanted(&stack), APPLY)?), [text]);
    }
    Ok(())
}

#[test]
fn power_follows_the_state() -> Outcome {
    let cases = [
        (Power::Running, "Stopped", vec!["start strong"]),
        (Power::Running, "Running", vec![]),
        (Power::Stopped, "Running", vec!["stop strong"]),
        (Power::Stopped, "Stopped", vec![]),
        (Power::Unmanaged, "Stopped", vec![]),
    ];
    for (power, state, steps) in cases {
        let stack = with_group(stack(), "strong", ContainerGroup { power, ..before(RestartPolicy::Always) });
        let observed = in_state(as_wanted(&stack), "strong", state, Phase::Running);
        assert_eq!(lines(&plan(&stack, &observed, APPLY)?), steps, "{power:?} {state}");
    }
    let stack = with_group(
        stack(),
        "strong",
        ContainerGroup { power: Power::Stopped, ..before(RestartPolicy::Always) },
    );
    let planned = plan(&stack, &Observed::default(), APPLY)?;
    assert_eq!(lines(&planned), ["create-rg rg", "create strong after 0", "stop strong after 0,1"]);
    Ok(())
}
