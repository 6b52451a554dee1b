//! What holds of every stack.

use proptest::prelude::*;

use super::*;
use crate::model::group::{IpAddress, IpAddressType, Port, Protocol};
use crate::plan::reconcile::{Reads, needs};
use crate::plan::{Deployment, Finish, diff, input, shape};

const ALL: usize = usize::MAX;

prop_compose! {
    fn a_container()(
        name in "[a-c]", image in "[a-c]:[12]", command in prop::collection::vec("[a-z]{1,3}", 0..3),
        variables in prop::collection::btree_map("[A-C]", prop::option::of("[a-z]{0,2}"), 0..3),
        ports in prop::collection::btree_set(1_u16..4, 0..3), cpu in 1_u32..4, memory in 1_u32..4,
    ) -> Container<SecretSource> {
        let variable = |(name, value): (String, Option<String>)| match value {
            Some(value) => plain(&name, &value),
            None => secret(&name, "X"),
        };
        Container {
            name, image, command,
            environment_variables: variables.into_iter().map(variable).collect(),
            ports: ports.into_iter().map(|port| Port { port, protocol: Protocol::Tcp }).collect(),
            resources: Resources { requests: ResourceRequests {
                cpu: Thousandths::new(cpu * 500), memory_in_gb: Thousandths::new(memory * 500), ..Default::default()
            }, limits: None },
            ..Default::default()
        }
    }
}

prop_compose! {
    fn a_tree()(
        containers in prop::collection::vec(a_container(), 1..4), windows: bool, never: bool,
        label in prop::option::of("[a-z]{5}"),
    ) -> Group<SecretSource> {
        let by_name: BTreeMap<String, Container<SecretSource>> =
            containers.into_iter().map(|one| (one.name.clone(), one)).collect();
        Group {
            os_type: if windows { OsType::Windows } else { OsType::Linux },
            restart_policy: if never { RestartPolicy::Never } else { RestartPolicy::Always },
            containers: by_name.into_values().collect(),
            ip_address: label.map(|label| IpAddress {
                kind: IpAddressType::Public,
                ports: vec![Port { port: 1, protocol: Protocol::Tcp }],
                dns_name_label: Some(label),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

fn turned(mut group: Group<SecretSource>) -> Group<SecretSource> {
    group.containers.reverse();
    for container in &mut group.containers {
        container.environment_variables.reverse();
        container.ports.reverse();
    }
    group
}

/// What carrying out the first steps of a plan leaves: the groups that they make, and a good record of every run.
fn carried_out(observed: &Observed, planned: &Planned, steps: usize) -> Observed {
    let mut after = observed.clone();
    let made = |id: &GroupId, body: &Deployment| seen_group(id.clone(), body.tags.clone(), &body.group);
    for step in planned.plan.steps().iter().take(steps) {
        match (&step.action, &step.subject) {
            (Action::CreateResourceGroup { location: _, tags }, Subject::ResourceGroup(name)) => {
                after.resource_groups.insert(name.clone(), seen_resource_group(name.as_str(), tags.clone()));
            }
            (Action::CreateGroup(body) | Action::UpdateGroup(body, _), Subject::Group(id)) => {
                after.groups.insert(id.clone(), made(id, body));
            }
            (Action::DeleteGroup { .. }, Subject::Group(id)) => drop(after.groups.remove(id)),
            (Action::Run(run), _) => {
                if let (Begin::Create(body) | Begin::Replace(body), Finish::Stop) = (&run.begin, run.finish) {
                    after.groups.insert(run.group.clone(), made(&run.group, body));
                }
                let ended = record("r-1", RunState::Succeeded, run.input.clone());
                after = recorded(after, run.name.as_str(), &ended);
            }
            _ => {}
        }
    }
    after
}

fn a_stack(strong: Group<SecretSource>, weak: Group<SecretSource>) -> Stack {
    let with = |name: &str, tree: Group<SecretSource>, policy| {
        let mut declared = group(name, policy);
        declared.group = Group { restart_policy: policy, ..tree };
        declared
    };
    let stack = with_group(stack(), "strong", with("strong", strong, RestartPolicy::Always));
    let stack = with_group(stack, "weak", with("weak", weak.clone(), RestartPolicy::Never));
    let mut bird = ephemeral_run();
    if let RunKind::Ephemeral(ephemeral) = &mut bird.kind {
        ephemeral.group = weak;
    }
    let stack = with_run(with_run(stack, "dog", strong_run("strong")), "cat", persistent_run("weak"));
    with_run(stack, "bird", bird)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_differs_from_itself_in_any_order(tree in a_tree()) {
        let (one, other) = (shape::wanted(&tree), shape::normalise(seen_tree(&turned(tree))));
        prop_assert_eq!(diff::diff(&one, &other), vec![]);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn shapes_without_a_difference_are_equal(one in a_tree(), other in a_tree()) {
        let (one, other) = (shape::wanted(&one), shape::wanted(&other));
        prop_assert_eq!(diff::diff(&one, &other).is_empty(), one == other);
    }

    #[test]
    fn the_order_of_the_manifest_is_no_input(tree in a_tree()) {
        let digest = |tree: Group<SecretSource>| input::digest(&persistent_run("weak"), &a_stack(tree.clone(), tree));
        prop_assert_eq!(digest(turned(tree.clone())), digest(tree));
    }

    #[test]
    fn what_was_carried_out_plans_to_nothing_and_reads_nothing(
        old in a_tree(), strong in a_tree(), weak in a_tree(),
    ) {
        let failed = |defect: Defect| TestCaseError::fail(defect.to_string());
        let before = a_stack(old.clone(), old);
        let first = plan(&before, &Observed::default(), APPLY).map_err(failed)?;
        let observed = carried_out(&Observed::default(), &first, ALL);
        let stack = a_stack(strong, weak);
        let second = plan(&stack, &observed, APPLY).map_err(failed)?;
        let observed = carried_out(&observed, &second, ALL);
        let third = plan(&stack, &observed, APPLY).map_err(failed)?;
        prop_assert_eq!(lines(&third), Vec::<String>::new());
        prop_assert!(third.conflicts.is_empty() && third.blocks.is_empty());
        prop_assert_eq!(third.unchanged, 6);
        let request = Request::of(APPLY);
        let settled = stack.groups.keys().cloned().collect();
        prop_assert_eq!(needs(&stack, &observed, &request), Reads { settled, ..Reads::default() });
    }

    #[test]
    fn an_apply_that_was_cut_short_ends_like_one_that_was_not(
        old in a_tree(), strong in a_tree(), weak in a_tree(), cut in 0_usize..8,
    ) {
        let failed = |defect: Defect| TestCaseError::fail(defect.to_string());
        let before = a_stack(old.clone(), old);
        let first = plan(&before, &Observed::default(), APPLY).map_err(failed)?;
        let observed = carried_out(&Observed::default(), &first, ALL);
        let stack = a_stack(strong, weak);
        let whole = plan(&stack, &observed, APPLY).map_err(failed)?;
        let rest = carried_out(&observed, &whole, cut);
        let again = plan(&stack, &rest, APPLY).map_err(failed)?;
        let (one, other) = (carried_out(&observed, &whole, ALL), carried_out(&rest, &again, ALL));
        prop_assert_eq!(one.groups, other.groups);
        prop_assert_eq!(one.resource_groups, other.resource_groups);
        prop_assert!(again.plan.steps().len() <= whole.plan.steps().len());
    }

    #[test]
    fn what_others_own_gets_no_step(
        strong in a_tree(), weak in a_tree(), holders in prop::collection::vec(0_usize..3, 6), destroy: bool,
    ) {
        let stack = a_stack(strong.clone(), weak);
        let mut observed = as_wanted(&stack);
        let extra = GroupId { resource_group: Name::from("elsewhere"), name: Name::from("extra") };
        observed.groups.insert(extra.clone(), seen_group(extra, Tags::new(), &strong));
        let all = observed.groups.values_mut().map(|seen| &mut seen.tags);
        let tags = all.chain(observed.resource_groups.values_mut().map(|seen| &mut seen.tags));
        for (tags, holder) in tags.zip(&holders) {
            *tags = Tags::from([("acitask-owner".to_owned(), ["pets", "cats", "Pets"][*holder].to_owned())]);
        }
        let verb = if destroy { Verb::Destroy } else { APPLY };
        let planned = plan(&stack, &observed, verb).map_err(|defect| TestCaseError::fail(defect.to_string()))?;
        let ours = |tags: &Tags| tags.get("acitask-owner").is_some_and(|owner| owner == "pets");
        for step in planned.plan.steps() {
            let held = match &step.subject {
                Subject::Group(id) => observed.groups.get(id).map(|seen| &seen.tags),
                Subject::ResourceGroup(name) => observed.resource_groups.get(name).map(|seen| &seen.tags),
                Subject::Run(_) => None,
            };
            prop_assert!(held.is_none_or(ours), "{:?}", step);
        }
    }
}
