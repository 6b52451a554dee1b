//! Names of variables for secrets that Azure does not show.
//!
//! Invariant: two secrets that may differ never share a variable. One login of a registry, one storage account and one
//! workspace have one key each, wherever they are named.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::kind::project::Variable;
use crate::model::group::{EnvironmentVariable, Group};
use crate::model::secret::SecretRef;

/// The longest name of a variable.
const LONGEST: usize = 63;

/// A secret that wants a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    /// What it is; equal ones are one secret.
    is: String,
    /// Names from the shortest to the longest; the first that no other secret has is taken.
    names: Vec<String>,
    /// What it is, for people.
    description: String,
}

/// Makes places for the secrets that Azure leaves out of its answers and that have to be there.
/// Sources: recordings of azure-libraries-for-java (AzureFileShareMount) and azure-cli (test_container_create).
pub(super) fn wanted(group: &mut Group<SecretRef>) {
    let place = || Some(SecretRef { from_variable: None, from_file: None });
    for login in &mut group.image_registry_credentials {
        if login.username.is_some() && login.password_reference.is_none() && login.identity.is_none() {
            login.password = place();
        }
    }
    for share in group.volumes.iter_mut().filter_map(|volume| volume.azure_file.as_mut()) {
        if share.storage_account_key_reference.is_none() && share.user_assigned_identity_client_id.is_none() {
            share.storage_account_key = place();
        }
    }
    if let Some(workspace) = group.diagnostics.as_mut().and_then(|each| each.log_analytics.as_mut()) {
        workspace.workspace_key = place();
    }
}

/// What Azure does not show and no variable can stand for, as sentences.
pub(super) fn unseen(group: &Group<SecretRef>) -> Vec<String> {
    let files = group.volumes.iter().filter(|volume| volume.secret.is_some()).map(|volume| {
        format!(
            "Azure does not show which files the secret volume {0} holds; write them under `secret` of {0}, or the group has none once it is made again.",
            volume.name
        )
    });
    let settings = group.extensions.iter().map(|extension| {
        format!(
            "Azure does not show `protectedSettings` of extension {}; write them if it has some.",
            extension.name
        )
    });
    files.chain(settings).collect()
}

/// Gives every secret of every group a variable, and returns their declarations.
pub(super) fn name(groups: Vec<(&str, &mut Group<SecretRef>)>) -> BTreeMap<String, Variable> {
    let mut groups = groups;
    let mut claims: Vec<Claim> = Vec::new();
    for (name, group) in &mut groups {
        visit(name, group, &mut |_, claim| {
            if claims.iter().all(|known| known.is != claim.is) {
                claims.push(claim);
            }
        });
    }
    let names = chosen(&claims);
    for (name, group) in &mut groups {
        visit(name, group, &mut |place, claim| place.from_variable = names.get(&claim.is).cloned());
    }
    let declared = claims.into_iter().filter_map(|Claim { is, names: _, description }| {
        let variable = Variable { description: Some(description), secret: true, ..Variable::default() };
        Some((names.get(&is)?.clone(), variable))
    });
    declared.collect()
}

/// A name for each claim, by what it is.
fn chosen(claims: &[Claim]) -> BTreeMap<String, String> {
    let rivals = |name: &str| claims.iter().filter(|claim| claim.names.iter().any(|own| own == name)).count();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut chosen = BTreeMap::new();
    for claim in claims {
        let free = claim.names.iter().find(|name| rivals(name) == 1 && !taken.contains(*name)).cloned();
        let name = free.unwrap_or_else(|| {
            let longest = claim.names.last().cloned().unwrap_or_default();
            let stem = longest.chars().take(LONGEST - 6).collect::<String>();
            let numbered = (1..).map(|number| format!("{stem}_{number}"));
            let mut numbered = numbered.filter(|name| !taken.contains(name) && rivals(name) == 0);
            numbered.next().unwrap_or(longest)
        });
        taken.insert(name.clone());
        chosen.insert(claim.is.clone(), name);
    }
    chosen
}

/// Shows every place of a secret with its claim.
fn visit(name: &str, group: &mut Group<SecretRef>, see: &mut impl FnMut(&mut SecretRef, Claim)) {
    let containers = group.containers.iter_mut().map(|one| (&one.name, &mut one.environment_variables));
    let first = group.init_containers.iter_mut().map(|one| (&one.name, &mut one.environment_variables));
    for (container, variables) in containers.chain(first) {
        for EnvironmentVariable { name: variable, secure_value, .. } in variables {
            let Some(place) = secure_value else { continue };
            see(
                place,
                Claim {
                    is: format!("variable {name}/{container}/{variable}"),
                    names: vec![
                        word(&[variable]),
                        word(&[name, variable]),
                        word(&[name, container, variable]),
                    ],
                    description: format!("{variable} of container {container} of group {name}"),
                },
            );
        }
    }
    for login in &mut group.image_registry_credentials {
        let (server, user) = (&login.server, login.username.clone().unwrap_or_default());
        let short = server.split(['.', ':']).next().unwrap_or(server);
        if let Some(place) = &mut login.password {
            see(
                place,
                Claim {
                    is: format!("login {}/{user}", server.to_lowercase()),
                    names: vec![
                        word(&[short, "PASSWORD"]),
                        word(&[server, "PASSWORD"]),
                        word(&[server, &user, "PASSWORD"]),
                    ],
                    description: format!("password of {user} at {server}"),
                },
            );
        }
    }
    for volume in &mut group.volumes {
        for (file, place) in volume.secret.iter_mut().flatten() {
            see(
                place,
                Claim {
                    is: format!("file {name}/{}/{file}", volume.name),
                    names: vec![word(&[file]), word(&[name, file]), word(&[name, &volume.name, file])],
                    description: format!("file {file} of volume {} of group {name}", volume.name),
                },
            );
        }
        let Some(share) = &mut volume.azure_file else { continue };
        if let Some(place) = &mut share.storage_account_key {
            let account = &share.storage_account_name;
            see(
                place,
                Claim {
                    is: format!("account {}", account.to_lowercase()),
                    names: vec![word(&[account, "KEY"]), word(&[account, "STORAGE_KEY"])],
                    description: format!("key of storage account {account}"),
                },
            );
        }
    }
    let workspace = group.diagnostics.as_mut().and_then(|each| each.log_analytics.as_mut());
    if let Some((place, id)) =
        workspace.and_then(|each| Some((each.workspace_key.as_mut()?, &each.workspace_id)))
    {
        see(
            place,
            Claim {
                is: format!("workspace {}", id.to_lowercase()),
                names: vec![word(&["WORKSPACE_KEY"]), word(&["WORKSPACE", id, "KEY"])],
                description: format!("key of Log Analytics workspace {id}"),
            },
        );
    }
    for extension in &mut group.extensions {
        for (setting, place) in &mut extension.protected_settings {
            see(
                place,
                Claim {
                    is: format!("setting {name}/{}/{setting}", extension.name),
                    names: vec![word(&[setting]), word(&[name, &extension.name, setting])],
                    description: format!("setting {setting} of extension {} of group {name}", extension.name),
                },
            );
        }
    }
}

/// Words as the name of a variable.
fn word(parts: &[&str]) -> String {
    let text = parts.join("_").to_ascii_uppercase();
    let text: String =
        text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    text.chars().take(LONGEST).collect()
}
