//! The secrets of a container group, which Azure never shows: what was last applied of them stands in its tags, so that
//! one that was added, removed or changed is seen.
//!
//! Invariants: no value is in anything that is made here. What cannot be compared is no difference: another key, no key,
//! or a value that is not available where the plan is made. Version 1 of the tag is
//! `1:<way>:` and, for each secret, four characters of its place and six of its digest; `+` after the way says that not
//! all had room. More tags of the same kind follow, numbered from 2.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::model::digests::Digests;
use crate::model::effect::Field;
use crate::model::group::Group;
use crate::model::secret::{Mark, SecretSource};
use crate::model::tag::{SECRETS, Tags, lookup};
use crate::plan::applied::Origin;
use crate::plan::{Change, Value};

/// The longest value of a tag, as Microsoft's page "Use tags to organize your Azure resources" says.
const LONGEST: usize = 256;
/// How many tags they may take, of the 50 that a resource has.
const TAGS: usize = 4;
/// Ends the names of those after the first.
const NUMBERS: [&str; TAGS - 1] = ["2", "3", "4"];
const PLACE: usize = 4;
const DIGEST: usize = 6;
/// Stands where a value was not at hand.
const UNKNOWN: &str = "......";
const VERSION: &str = "1:";

/// A place of a group where a secret is.
struct Place<'g, S> {
    field: Field,
    path: String,
    secret: &'g S,
}

/// What a comparison of secrets tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Secrets that were added, removed or changed.
    pub changes: Vec<Change>,
    /// Where secrets are whose value is not available here, though it could be compared.
    pub unchecked: Vec<String>,
    /// How those were digested that cannot be compared, where that is another way than this plan's.
    pub incomparable: Option<String>,
}

/// What stands in the tags of a group.
struct Recorded {
    way: String,
    whole: bool,
    digests: BTreeMap<String, String>,
}

/// The tags that tell the secrets of a group as it is applied.
pub fn tags(group: &Group<SecretSource>, digests: &Digests) -> Tags {
    let places = places(group);
    if places.is_empty() {
        return Tags::new();
    }
    let way = digests.way();
    let room = (LONGEST - VERSION.len() - way.len() - 2) / (PLACE + DIGEST);
    let more = if places.len() > room * TAGS { "+" } else { "" };
    let entry = |place: &Place<'_, SecretSource>| {
        let digest = place.secret.value.as_ref().and_then(|value| digests.of(&place.path, value));
        format!("{}{}", hash(&place.path), digest.unwrap_or_else(|| UNKNOWN.to_owned()))
    };
    let entries: Vec<String> = places.iter().map(entry).collect();
    let tags = entries.chunks(room).take(TAGS).enumerate();
    tags.map(|(number, entries)| (name(number), format!("{VERSION}{way}{more}:{}", entries.concat())))
        .collect()
}

/// Whether a tag is one of those.
pub fn is_own(name: &str) -> bool {
    let Some((base, rest)) = name.split_at_checked(SECRETS.len()) else { return false };
    base.eq_ignore_ascii_case(SECRETS)
        && (rest.is_empty() || rest.strip_prefix('.').is_some_and(|number| NUMBERS.contains(&number)))
}

fn name(number: usize) -> String {
    let number = number.checked_sub(1).and_then(|more| NUMBERS.get(more));
    number.map_or_else(|| SECRETS.to_owned(), |number| format!("{SECRETS}.{number}"))
}

/// Compares the secrets of a group that is wanted with those that were last applied. `told` are the differences that
/// are known already.
pub fn compare(
    wanted: &Group<SecretSource>,
    found: &Group<Mark>,
    tags: &Tags,
    digests: &Digests,
    told: &[Change],
) -> Compared {
    let mut compared = Compared::default();
    let Some(recorded) = Recorded::read(tags) else { return compared };
    let places = places(wanted);
    let comparable = recorded.way == digests.way() && recorded.way != Digests::default().way();
    // A thing that is added or removed as a whole is told with all that is in it.
    let is_told = |path: &str| {
        let within = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        told.iter().any(|change| path.strip_prefix(change.path.as_str()).is_some_and(within))
    };
    let change = |field, path: &str, before, after| Change {
        field,
        path: path.to_owned(),
        before,
        after,
        origin: Origin::Manifest,
    };
    for place in &places {
        let Place { field, path, secret } = place;
        let Some(old) = recorded.digests.get(&hash(path)) else {
            if recorded.whole && !is_told(path) {
                compared.changes.push(change(*field, path, None, Some(kind(secret))));
            }
            continue;
        };
        if !comparable || old == UNKNOWN || is_told(path) {
            continue;
        }
        match secret.value.as_ref().map(|value| digests.of(path, value)) {
            None => compared.unchecked.push(path.clone()),
            Some(new) if new.as_ref().is_some_and(|new| new != old) => {
                let (before, after) = (Some(Value::Secret(1)), Some(Value::Secret(2)));
                compared.changes.push(change(*field, path, before, after));
            }
            Some(_) => {}
        }
    }
    if !comparable && !places.is_empty() && recorded.way != Digests::default().way() {
        compared.incomparable = Some(recorded.way.clone());
    }
    compared.changes.extend(gone(&recorded, &places, found));
    compared
}

/// The difference of secrets that an interrupted update may have left other than its group's tags tell.
pub fn doubtful() -> Change {
    Change {
        field: Field::Environment,
        path: "secrets (an interrupted update left others)".to_owned(),
        before: Some(Value::Hidden),
        after: Some(Value::Hidden),
        origin: Origin::Unknown,
    }
}

/// A value that is to be, as far as it is at hand.
fn kind(secret: &SecretSource) -> Value {
    if secret.value.is_some() { Value::Hidden } else { Value::Unchecked }
}

/// Marks secrets among differences that are sent and are not at hand.
pub fn mark_unchecked(wanted: &Group<SecretSource>, changes: &mut [Change]) {
    let absent: BTreeSet<String> = places(wanted)
        .into_iter()
        .filter(|place| place.secret.value.is_none())
        .map(|place| place.path)
        .collect();
    for change in changes.iter_mut().filter(|change| change.after == Some(Value::Hidden)) {
        if absent.contains(&change.path) {
            change.after = Some(Value::Unchecked);
        }
    }
}

/// What was applied and is wanted no more, at a place that Azure does not show: a file of a secret volume, a protected
/// setting. Which one, the digest of its place does not tell.
fn gone(recorded: &Recorded, wanted: &[Place<'_, SecretSource>], found: &Group<Mark>) -> Option<Change> {
    let volumes = found.volumes.iter().any(|volume| volume.secret.is_some());
    let (field, path) = match (volumes, found.extensions.is_empty()) {
        (true, _) => (Field::Volumes, "volumes (a file of a secret volume)"),
        (false, false) => (Field::Extensions, "extensions (a protected setting)"),
        (false, true) => return None,
    };
    let shown = visible(found);
    let known: BTreeSet<String> =
        wanted.iter().map(|place| &place.path).chain(&shown).map(|path| hash(path)).collect();
    let lost = recorded.digests.keys().any(|place| !known.contains(place));
    (lost && recorded.whole).then(|| Change {
        field,
        path: path.to_owned(),
        before: Some(Value::Hidden),
        after: None,
        origin: Origin::Manifest,
    })
}

impl Recorded {
    fn read(tags: &Tags) -> Option<Self> {
        let mut recorded: Option<Self> = None;
        for number in 0..TAGS {
            let Some(text) = lookup(tags, &name(number)) else { break };
            let (way, entries) = text.strip_prefix(VERSION)?.split_once(':')?;
            let whole = way.strip_suffix('+').is_none();
            let recorded = recorded.get_or_insert_with(|| Self {
                way: way.trim_end_matches('+').to_owned(),
                whole,
                digests: BTreeMap::new(),
            });
            for entry in entries.as_bytes().chunks_exact(PLACE + DIGEST) {
                let (place, digest) = entry.split_at(PLACE);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                // Two places of one hash cannot be told apart.
                let digest = match recorded.digests.contains_key(&text(place)) {
                    true => UNKNOWN.to_owned(),
                    false => text(digest),
                };
                recorded.digests.insert(text(place), digest);
            }
        }
        recorded
    }
}

fn hash(path: &str) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(path));
    digest.get(..PLACE).unwrap_or_default().to_owned()
}

/// Every place where a group has a secret, with the path that a difference there has.
fn places<S>(group: &Group<S>) -> Vec<Place<'_, S>> {
    let mut places = Vec::new();
    let mut put = |field, path: String, secret| places.push(Place { field, path, secret });
    for container in &group.containers {
        for variable in &container.environment_variables {
            let path = format!("containers[{}].environmentVariables[{}]", container.name, variable.name);
            variable.secure_value.iter().for_each(|secret| put(Field::Environment, path.clone(), secret));
        }
    }
    for container in &group.init_containers {
        for variable in &container.environment_variables {
            let path = format!("initContainers[{}].environmentVariables[{}]", container.name, variable.name);
            variable.secure_value.iter().for_each(|secret| put(Field::InitContainers, path.clone(), secret));
        }
    }
    for volume in &group.volumes {
        let path = format!("volumes[{}]", volume.name);
        for (file, secret) in volume.secret.iter().flatten() {
            put(Field::Volumes, format!("{path}.secret.{file}"), secret);
        }
        if let Some(secret) = volume.azure_file.as_ref().and_then(|file| file.storage_account_key.as_ref()) {
            put(Field::Volumes, format!("{path}.azureFile.storageAccountKey"), secret);
        }
    }
    for credential in &group.image_registry_credentials {
        let path = format!("imageRegistryCredentials[{}].password", credential.server.to_lowercase());
        credential.password.iter().for_each(|secret| put(Field::RegistryCredentials, path.clone(), secret));
    }
    let workspace = group.diagnostics.as_ref().and_then(|diagnostics| diagnostics.log_analytics.as_ref());
    if let Some(secret) = workspace.and_then(|workspace| workspace.workspace_key.as_ref()) {
        put(Field::Diagnostics, "diagnostics.logAnalytics.workspaceKey".to_owned(), secret);
    }
    for extension in &group.extensions {
        for (setting, secret) in &extension.protected_settings {
            let path = format!("extensions[{}].protectedSettings.{setting}", extension.name);
            put(Field::Extensions, path, secret);
        }
    }
    places.sort_by(|one, other| one.path.cmp(&other.path));
    places
}

/// The places of a group that is seen where a secret may be and its going is told otherwise.
fn visible(found: &Group<Mark>) -> Vec<String> {
    let mut paths: Vec<String> = places(found).into_iter().map(|place| place.path).collect();
    for volume in &found.volumes {
        paths.push(format!("volumes[{}].azureFile.storageAccountKey", volume.name));
    }
    for credential in &found.image_registry_credentials {
        paths.push(format!("imageRegistryCredentials[{}].password", credential.server.to_lowercase()));
    }
    paths.push("diagnostics.logAnalytics.workspaceKey".to_owned());
    paths
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::secret::{Secret, SecretRef};
    use crate::plan::shape;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// A group whose secrets have the values of `fromVariable`; those that begin with `?` are not available.
    fn group(
        variables: &[(&str, &str)],
        files: &[(&str, &str)],
    ) -> Result<Group<SecretSource>, serde_json::Error> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| json!({"name": name, "secureValue": {"fromVariable": value}}))
            .collect();
        let files: serde_json::Map<_, _> =
            files.iter().map(|(name, value)| ((*name).to_owned(), json!({"fromVariable": value}))).collect();
        let group: Group<SecretRef> = serde_json::from_value(json!({
            "containers": [{"name": "job", "image": "i", "environmentVariables": variables,
                "resources": {"requests": {"cpu": 1, "memoryInGB": 1}}}],
            "volumes": [{"name": "files", "secret": files}],
        }))?;
        let mut source = |reference: SecretRef| {
            let value = reference.from_variable.clone().unwrap_or_default();
            let value = (!value.starts_with('?')).then(|| Secret::new(value));
            Ok::<_, serde_json::Error>(SecretSource { reference, value })
        };
        group.map(&mut source)
    }

    fn key(text: &str) -> Result<Digests, crate::model::digests::ShortKey> {
        Digests::keyed(&Secret::new(text))
    }

    const KEY: &str = "a key of sixteen bytes and more";

    fn compared(
        applied: (&Group<SecretSource>, &Digests),
        wanted: &Group<SecretSource>,
        digests: &Digests,
    ) -> Compared {
        let found = shape::wanted(applied.0);
        let told = crate::plan::diff::diff(&shape::wanted(wanted), &found);
        compare(wanted, found.group(), &tags(applied.0, applied.1), digests, &told)
    }

    fn told(compared: &Compared) -> Vec<(&str, Option<&Value>, Option<&Value>)> {
        let changes = compared.changes.iter();
        changes.map(|one| (one.path.as_str(), one.before.as_ref(), one.after.as_ref())).collect()
    }

    const TOKEN: &str = "containers[job].environmentVariables[TOKEN]";

    #[test]
    fn a_secret_that_was_changed_is_seen_with_the_key_it_was_applied_with() -> Outcome {
        let old = group(&[("TOKEN", "one"), ("OTHER", "x")], &[("a", "f")])?;
        let new = group(&[("TOKEN", "two"), ("OTHER", "x")], &[("a", "f")])?;
        let away = group(&[("TOKEN", "?"), ("OTHER", "x")], &[("a", "f")])?;
        let salted = Digests::salted(
            &crate::model::name::Owner::new(&"pets".into(), None),
            &["one", "two", "x", "f"].map(Secret::new),
        );
        for digests in [key(KEY)?, salted] {
            assert_eq!(compared((&old, &digests), &old, &digests), Compared::default());
            let changed = compared((&old, &digests), &new, &digests);
            assert_eq!(told(&changed), [(TOKEN, Some(&Value::Secret(1)), Some(&Value::Secret(2)))]);
            let unchecked = compared((&old, &digests), &away, &digests);
            assert_eq!((told(&unchecked), &unchecked.unchecked), (vec![], &vec![TOKEN.to_owned()]));
            // A value that was not at hand when the tag was made tells nothing.
            assert_eq!(compared((&away, &digests), &new, &digests), Compared::default());
            for other in [key("another key of sixteen bytes")?, Digests::default()] {
                let incomparable = compared((&old, &digests), &new, &other);
                assert_eq!((told(&incomparable), &incomparable.incomparable), (vec![], &Some(digests.way())));
                assert_eq!(compared((&old, &other), &new, &digests).changes, []);
            }
        }
        Ok(())
    }

    #[test]
    fn what_azure_does_not_even_name_is_seen_to_come_and_go_without_a_key() -> Outcome {
        let one = group(&[("TOKEN", "one")], &[("a", "f")])?;
        let two = group(&[("TOKEN", "one")], &[("a", "f"), ("b", "?")])?;
        for digests in [Digests::default(), key(KEY)?] {
            let added = compared((&one, &digests), &two, &digests);
            assert_eq!(told(&added), [("volumes[files].secret.b", None, Some(&Value::Unchecked))]);
            let removed = compared((&two, &digests), &one, &digests);
            let path = "volumes (a file of a secret volume)";
            assert_eq!(told(&removed), [(path, Some(&Value::Hidden), None)]);
            // What the difference tells already is not told twice.
            let without = group(&[], &[("a", "f")])?;
            assert_eq!(compared((&one, &digests), &without, &digests).changes, []);
            assert_eq!(compared((&without, &digests), &one, &digests).changes, []);
        }
        // A group that tells nothing, as one that is taken over, has no differences.
        let found = shape::wanted(&one);
        assert_eq!(compare(&two, found.group(), &Tags::new(), &key(KEY)?, &[]), Compared::default());
        Ok(())
    }

    #[test]
    fn as_many_as_have_room_are_told_and_no_more_are_guessed() -> Outcome {
        let names: Vec<String> = (0..200).map(|number| format!("V{number}")).collect();
        let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        let digests = key(KEY)?;
        for (count, tags_wanted) in [(0, 1), (23, 1), (24, 2), (60, 3), (90, 4), (200, 4)] {
            let group = group(&variables[..count], &[("a", "f")])?;
            let tags = tags(&group, &digests);
            assert_eq!(tags.len(), tags_wanted, "{count}");
            assert!(tags.iter().all(|(name, value)| value.len() <= LONGEST && is_own(name)));
            assert_eq!(compared((&group, &digests), &group, &digests), Compared::default(), "{count}");
        }
        Ok(())
    }

    #[test]
    fn no_secret_is_forgotten() -> Outcome {
        // Every stage change visits each secret; every secret has a place.
        let group: Group<SecretRef> = serde_json::from_value(json!({
            "containers": [{"name": "job", "image": "i", "resources": {"requests": {"cpu": 1, "memoryInGB": 1}},
                "environmentVariables": [{"name": "A", "secureValue": {"fromVariable": "1"}}]}],
            "initContainers": [{"name": "first", "image": "i",
                "environmentVariables": [{"name": "A", "secureValue": {"fromVariable": "2"}}]}],
            "volumes": [
                {"name": "files", "secret": {"a": {"fromVariable": "3"}}},
                {"name": "share", "azureFile": {"shareName": "s", "storageAccountName": "a",
                    "storageAccountKey": {"fromVariable": "4"}}},
            ],
            "imageRegistryCredentials": [{"server": "R.io", "password": {"fromVariable": "5"}}],
            "diagnostics": {"logAnalytics": {"workspaceId": "w", "workspaceKey": {"fromVariable": "6"}}},
            "extensions": [{"name": "e", "extensionType": "t", "version": "1",
                "protectedSettings": {"a": {"fromVariable": "7"}}}],
        }))?;
        let mut visited = 0;
        let group = group.map(&mut |reference: SecretRef| {
            visited += 1;
            Ok::<_, serde_json::Error>(SecretSource { reference, value: None })
        })?;
        assert_eq!((visited, places(&group).len()), (7, 7));
        let paths: BTreeSet<String> = places(&group).into_iter().map(|place| hash(&place.path)).collect();
        assert_eq!(paths.len(), 7);
        Ok(())
    }
}
