//! What is written reads back as what was seen.

use std::convert::Infallible;

use serde_json::json;

use super::import;
use crate::manifest::{Values, read};
use crate::model::group::Group;
use crate::model::name::{GroupId, Name};
use crate::model::observed::{Provisioning, SeenGroup, SeenResourceGroup};
use crate::model::secret::{Mark, SecretRef};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Words that YAML, shells and placeholders make something else of.
const WORDS: [&str; 18] = [
    "yes",
    "null",
    "~",
    "1",
    "1.0",
    "1e3",
    ".5",
    "0x1f",
    "0o17",
    "1_000",
    "2026-01-01",
    "<<",
    "*x",
    "",
    " lead",
    "two\nlines",
    "${HOME} $${X} $$",
    "a: b # c",
];

fn seen(name: &str, group: serde_json::Value) -> Result<SeenGroup, serde_json::Error> {
    let group: Group<SecretRef> = serde_json::from_value(group)?;
    let Ok(group) = group.map(&mut |_| Ok::<_, Infallible>(Mark));
    Ok(SeenGroup {
        id: GroupId { resource_group: Name::from("rg"), name: Name::from(name) },
        location: "westeurope".to_owned(),
        tags: [("Team".to_owned(), "${x}".to_owned()), ("acitask-owner".to_owned(), "other".to_owned())]
            .into(),
        group: Some(Box::new(group)),
        provisioning: Provisioning::Succeeded,
        view: None,
        ip: None,
        fqdn: None,
    })
}

fn resource_group() -> SeenResourceGroup {
    SeenResourceGroup {
        name: Name::from("rg"),
        location: "westeurope".to_owned(),
        tags: [("cost".to_owned(), "1".to_owned())].into(),
        provisioning: Provisioning::Succeeded,
        resources: None,
    }
}

fn plain(container: &str, variables: &serde_json::Value) -> serde_json::Value {
    json!({"containers": [{
        "name": container, "image": "i:1", "environmentVariables": variables,
        "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
    }]})
}

#[test]
fn words_come_back_as_they_were() -> Outcome {
    let variables: Vec<_> =
        WORDS.iter().enumerate().map(|(n, word)| json!({"name": format!("V{n}"), "value": word})).collect();
    let mut group = plain("c", &json!(variables));
    group["containers"][0]["command"] = json!(WORDS);
    let imported = import("p", &resource_group(), &[seen("g", group)?], "s.json")?;
    assert!(imported.notes.iter().any(|note| note.contains("belongs to other")), "{:?}", imported.notes);
    let stack = read(imported.files).resolve(&Values::new(), &|_| Err(String::new()), true)?.stack;
    let group = stack.groups.get(&Name::from("g")).ok_or("no group")?;
    let container = group.group.containers.first().ok_or("no container")?;
    assert_eq!(container.command, WORDS);
    let values: Vec<_> =
        container.environment_variables.iter().filter_map(|one| one.value.as_deref()).collect();
    assert_eq!(values, WORDS);
    assert_eq!(group.tags.get("Team").map(String::as_str), Some("${x}"));
    assert!(!group.tags.contains_key("acitask-owner"));
    Ok(())
}

#[test]
fn two_secrets_never_share_a_variable_and_one_key_has_one() -> Outcome {
    let secret = |name: &str| json!({"name": name, "secureValue": {}});
    let mut first = plain("a", &json!([secret("TOKEN"), secret("only.here")]));
    first["containers"][0]["environmentVariables"][1]["name"] = json!("ONLY");
    first["imageRegistryCredentials"] = json!([
        {"server": "one.azurecr.io", "username": "u"},
        {"server": "two.azurecr.io", "username": "a"},
        {"server": "two.azurecr.io", "username": "b"},
        {"server": "own.azurecr.io", "identity": "id"},
    ]);
    first["volumes"] = json!([
        {"name": "share", "azureFile": {"shareName": "s", "storageAccountName": "acc"}},
        {"name": "files", "secret": {}},
    ]);
    let mut second = plain("b", &json!([secret("TOKEN"), secret("token")]));
    second["volumes"] =
        json!([{"name": "share", "azureFile": {"shareName": "t", "storageAccountName": "acc"}}]);
    let imported = import("p", &resource_group(), &[seen("g", first)?, seen("h", second)?], "s.json")?;
    let names: Vec<&str> = imported.secrets.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "ACC_KEY",
            "G_TOKEN",
            "H_B_TOKEN_1",
            "H_B_TOKEN_2",
            "ONE_PASSWORD",
            "ONLY",
            "TWO_AZURECR_IO_A_PASSWORD",
            "TWO_AZURECR_IO_B_PASSWORD",
        ]
    );
    let text: String = imported.files.iter().map(|file| file.text.as_str()).collect();
    assert!(text.contains("# Azure does not show which files the secret volume files holds"), "{text}");
    Ok(())
}
