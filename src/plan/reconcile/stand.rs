//! How a declared container group stands against what is there.

use crate::model::effect::{Effect, Field};
use crate::model::group::{Group, RestartPolicy};
use crate::model::name::Name;
use crate::model::observed::{Provisioning, SeenGroup};
use crate::model::secret::Mark;
use crate::model::stack::ContainerGroup;
use crate::model::tag::{PENDING, lookup};
use crate::plan::applied::{self, Applied};
use crate::plan::pending::{self, Outcome};
use crate::plan::reconcile::draft::Draft;
use crate::plan::reconcile::scene::{Hold, Scene, leaving};
use crate::plan::secrets::{self, Compared};
use crate::plan::{Change, Deployment, Guard, Impact, Subject, TagEdit, diff, guard, shape, tags};

/// How a group stands.
pub(super) enum Stand<'a> {
    /// There is none.
    Missing,
    /// The service is deleting it.
    Leaving(&'a SeenGroup),
    /// It is there and ours, or to be taken over.
    Here(Box<Here<'a>>),
    /// It is there and cannot be planned with; the conflict has been told.
    Barred(&'a SeenGroup),
}

/// A group that is there and can be planned with.
pub(super) struct Here<'a> {
    pub(super) seen: &'a SeenGroup,
    /// Its properties.
    pub(super) live: &'a Group<Mark>,
    /// Differences of its properties.
    pub(super) changes: Vec<Change>,
    /// What its tags lack.
    pub(super) edit: TagEdit,
    pub(super) tag_changes: Vec<Change>,
    /// The tag that tells what is applied, where it tells other than what is wanted. It goes along with what is done
    /// about the properties; by itself it is no reason to touch anything.
    told: Option<(String, String)>,
    /// That tag, where it was worked out.
    tells: Option<(String, String)>,
    /// The tags that tell the secrets of a body that is sent.
    secrets: TagEdit,
    /// What became of an update that was begun before.
    pub(super) begun: Outcome,
    /// From whom it is taken over, if it is.
    pub(super) taken_over: Option<String>,
}

/// How a group stands as far as it can be told without much work.
pub(super) enum Glance<'a> {
    /// All is told.
    Whole(Stand<'a>),
    /// It is other than it is wanted, or was left in the middle of an update.
    Differs(Box<Differing<'a>>),
}

/// A group that is there and of which has to be worked out why it is other than it is wanted.
pub(super) struct Differing<'a> {
    here: Here<'a>,
    /// Fields that the manifest says otherwise than when it was applied, which the service does not show.
    untold: Vec<Field>,
    compared: Compared,
}

/// Compares a declared group with what is there, and tells the conflicts.
pub(super) fn of<'a>(
    scene: Scene<'a>,
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
    location: &str,
) -> Stand<'a> {
    glance(scene, draft, manifest, declared, location).explained(scene, draft, declared, location)
}

/// The same, without working out why it differs where it does.
pub(super) fn glance<'a>(
    scene: Scene<'a>,
    draft: &mut Draft,
    manifest: &Name,
    declared: &ContainerGroup,
    location: &str,
) -> Glance<'a> {
    let Some(seen) = scene.seen(&declared.id) else { return Glance::Whole(Stand::Missing) };
    let subject = || Subject::Group(declared.id.clone());
    let taken_over = match scene.hold(manifest, &seen.tags) {
        Hold::Ours => None,
        Hold::TakenOver(holder) => Some(holder),
        Hold::Foreign(holder) => {
            draft.conflict(
                subject(),
                format!("it is owned by {holder}, not by {}", scene.owner()),
                format!("take it over with `--adopt {manifest}`, or choose another name"),
            );
            return Glance::Whole(Stand::Barred(seen));
        }
    };
    if leaving(&seen.provisioning) {
        return Glance::Whole(Stand::Leaving(seen));
    }
    let Some(live) = &seen.group else {
        draft.conflict(
            subject(),
            "its properties could not be understood, so it cannot be compared",
            "delete it by hand, or choose another name",
        );
        return Glance::Whole(Stand::Barred(seen));
    };
    let marked = shape::marked(&declared.group);
    let mut untold = applied::veiled(&marked, &seen.tags);
    let mut changes = diff::groups(marked, live);
    changes.extend(diff::location(location, &seen.location));
    untold.retain(|field| changes.iter().all(|change| change.field != *field));
    changes.extend(untold.iter().copied().map(diff::veiled));
    let wanted = tags::wanted(scene.owner(), &declared.tags);
    let (edit, tag_changes) = tags::diff(&wanted, &seen.tags, &declared.ignored_tags);
    let compared = secrets::compare(&declared.group, live, &seen.tags, &scene.stack.digests, &changes);
    let has_begun = lookup(&seen.tags, PENDING).is_some();
    // Most groups are as they are wanted, and all the rest is for those that are not.
    let is_settled = changes.is_empty()
        && compared.changes.is_empty()
        && edit.is_empty()
        && taken_over.is_none()
        && !has_begun;
    let here = Here {
        seen,
        live,
        changes,
        edit,
        tag_changes,
        told: None,
        tells: None,
        secrets: TagEdit::default(),
        begun: Outcome::None,
        taken_over,
    };
    if is_settled {
        tell(draft, subject(), &compared);
        Glance::Whole(Stand::Here(Box::new(here)))
    } else {
        Glance::Differs(Box::new(Differing { here, untold, compared }))
    }
}

impl<'a> Glance<'a> {
    /// Whether its properties differ, and what its containers do is not known yet.
    pub(super) fn waits(&self) -> bool {
        let Self::Differs(differing) = self else { return false };
        let Differing { here, untold: _, compared } = &**differing;
        let is_other = !here.changes.is_empty() || !compared.changes.is_empty();
        is_other && here.seen.view.is_none()
    }

    /// The whole of it, with why it differs where it does.
    pub(super) fn explained(
        self,
        scene: Scene<'_>,
        draft: &mut Draft,
        declared: &ContainerGroup,
        location: &str,
    ) -> Stand<'a> {
        match self {
            Self::Whole(stand) => stand,
            Self::Differs(differing) => Stand::Here(differing.explained(scene, draft, declared, location)),
        }
    }
}

impl<'a> Differing<'a> {
    /// Works out whose the differences are, and what an update made of it that was begun before.
    fn explained(
        self: Box<Self>,
        scene: Scene<'_>,
        draft: &mut Draft,
        declared: &ContainerGroup,
        location: &str,
    ) -> Box<Here<'a>> {
        let Self { mut here, untold, compared } = *self;
        let Here { seen, live, changes, tag_changes, .. } = &mut here;
        let last = Applied::read(&seen.tags);
        let wants = applied(declared, location);
        let differing = changes.iter().chain(tag_changes.iter()).map(|change| change.field);
        let users = tags::users(&seen.tags, &declared.ignored_tags);
        let found = shape::normalise((*live).clone());
        let has = Applied::seen(found, &seen.location, &users, differing);
        for change in changes.iter_mut().chain(tag_changes) {
            change.origin = last.origin(change.field, &wants, &has);
        }
        secrets::mark_unchecked(&declared.group, changes);
        let set = secrets::tags(&declared.group, &scene.stack.digests);
        let tag = wants.tag();
        let mut tells = set.clone();
        tells.extend([tag.clone()]);
        // It shows what is wanted, which is other than what was told to be applied.
        let seen_differences = changes.iter().any(|change| !untold.contains(&change.field));
        let visible = !seen_differences && last.differs(&wants);
        here.begun = pending::outcome(seen, &tells, visible);
        match here.begun {
            Outcome::Done => here.changes.retain(|change| !untold.contains(&change.field)),
            Outcome::None | Outcome::Unknown | Outcome::Other | Outcome::Lost => {
                tell(draft, Subject::Group(declared.id.clone()), &compared);
                here.changes.extend(compared.changes);
            }
        }
        if here.begun != Outcome::None {
            draft.read(&declared.id);
        }
        if here.begun == Outcome::Other && here.changes.is_empty() && !set.is_empty() {
            here.changes.push(secrets::doubtful());
        }
        here.told = (last != wants).then(|| tag.clone());
        here.tells = Some(tag);
        let past = |name: &&String| secrets::is_own(name) && lookup(&set, name).is_none();
        let remove = here.seen.tags.keys().filter(past).cloned().collect();
        here.secrets = TagEdit { set, remove };
        Box::new(here)
    }
}

/// Says which secrets could not be compared.
fn tell(draft: &mut Draft, subject: Subject, compared: &Compared) {
    if !compared.unchecked.is_empty() {
        let paths: Vec<String> = compared.unchecked.iter().map(|path| short(path)).collect();
        let text = format!("{}: (secret, not checked here)", paths.join(", "));
        draft.note(subject.clone(), text, Some("give their values to have them compared".to_owned()));
    }
    if let Some(way) = &compared.incomparable {
        let (how, help) = match way.strip_prefix("key-") {
            Some(id) => (
                format!("with the digest key {id}, which is not the one given here"),
                "give that key as ACITASK_DIGEST_KEY to have them compared",
            ),
            None => (
                "with salted digests, and this plan has others".to_owned(),
                "the next change of the group takes the new ones",
            ),
        };
        let text = format!("its secrets cannot be compared: they were applied {how}");
        draft.note(subject, text, Some(help.to_owned()));
    }
}

/// What a declared group is once it is applied.
fn applied(declared: &ContainerGroup, location: &str) -> Applied {
    let is_ignored = |name: &str| declared.ignored_tags.iter().any(|other| other.eq_ignore_ascii_case(name));
    let tags = declared.tags.iter().filter(|(name, _)| !is_ignored(name));
    let tags = tags.map(|(name, value)| (name.clone(), value.clone())).collect();
    Applied::wanted(shape::wanted(&declared.group), location, &tags)
}

impl Here<'_> {
    /// What its differences cost; absent where there are none.
    ///
    /// A finished group cannot be updated (Microsoft's page "Update containers in Azure Container Instances"), and whether
    /// one is finished changes by itself. So of a group that can finish every update is a replacement. Whether a stopped
    /// one can be updated is not documented; replacing it is what works either way.
    pub(super) fn effect(&self) -> Option<Effect> {
        let effect = self.changes.iter().map(Change::effect).max()?;
        Some(self.lowered(effect))
    }

    /// The same of a group that stands on its own, which is deployed again where the service gave up.
    pub(super) fn effect_alone(&self) -> Option<Effect> {
        self.effect().or_else(|| self.given_up().then(|| self.lowered(Effect::Update)))
    }

    fn lowered(&self, effect: Effect) -> Effect {
        if self.can_finish() || self.is_stopped() { Effect::Replace } else { effect }
    }

    /// Whether the service gave up its last change, so that it is not what was asked for, whatever it shows.
    pub(super) fn given_up(&self) -> bool {
        self.seen.provisioning == Provisioning::Failed
    }

    /// The edit that is made when its properties are as wanted, before or by the same step.
    pub(super) fn whole_edit(&self, edit: &TagEdit) -> TagEdit {
        let mut edit = edit.clone();
        edit.set.extend(self.told.clone());
        edit
    }

    /// The edit that tells how an update ended that was begun before, where that is known and nothing else is to be done.
    pub(super) fn settling(&self) -> Option<TagEdit> {
        let mut edit = match self.begun {
            Outcome::Done => self.sent_edit(&self.edit),
            Outcome::Lost | Outcome::Other => self.whole_edit(&self.edit),
            Outcome::None | Outcome::Unknown => return None,
        };
        edit.remove.insert(PENDING.to_owned());
        Some(edit)
    }

    /// The edit that goes along with a body that is sent.
    pub(super) fn sent_edit(&self, edit: &TagEdit) -> TagEdit {
        let mut edit = self.whole_edit(edit);
        let TagEdit { set, remove } = self.secrets.clone();
        edit.set.extend(set);
        edit.remove.extend(remove);
        edit
    }

    /// Why its properties change, and why it is replaced if it is.
    pub(super) fn reason(&self) -> String {
        let differ = match (self.changes.is_empty(), self.given_up()) {
            (true, _) => "the service gave up its last change".to_owned(),
            (false, true) => format!("the service gave up its last change, and {}", differ(&self.changes)),
            (false, false) => differ(&self.changes),
        };
        let forcing: Vec<Change> =
            self.changes.iter().filter(|change| change.effect() == Effect::Replace).cloned().collect();
        if !forcing.is_empty() && forcing.len() == self.changes.len() {
            format!("{differ} and cannot be changed in place")
        } else if !forcing.is_empty() {
            format!("{differ}; {} cannot be changed in place", words(&forcing))
        } else if self.can_finish() {
            format!("{differ}; a finished group cannot be updated")
        } else if self.is_stopped() {
            format!("{differ}; a stopped group is not updated for certain")
        } else {
            differ
        }
    }

    /// What replacing it costs.
    pub(super) fn replace_impacts(&self, scene: Scene<'_>) -> Vec<Impact> {
        let live = self.live.ip_address.as_ref();
        let address = live.map(|_| Impact::NewAddress);
        let name = live.and_then(|live| live.dns_name_label.as_ref()).map(|_| Impact::NameLost);
        let task = scene.ends_task(self.seen);
        [Some(Impact::Downtime), address, name, Some(Impact::LogsLost), task].into_iter().flatten().collect()
    }

    /// The guard of the step that comes after it was taken over, if it is, else of the first step.
    pub(super) fn guard(&self, scene: Scene<'_>) -> Guard {
        match self.taken_over {
            Some(_) => guard::wanted(scene.owner(), shape::normalise(self.live.clone())),
            None => guard::group(Some(self.seen)),
        }
    }

    fn is_stopped(&self) -> bool {
        is(self.seen, &["Stopped"])
    }

    fn can_finish(&self) -> bool {
        self.live.restart_policy != RestartPolicy::Always
    }
}

/// Whether the group is in one of these states, as far as it is known.
pub(super) fn is(seen: &SeenGroup, states: &[&str]) -> bool {
    let state = seen.view.as_ref().map_or("", |view| &view.state);
    states.iter().any(|word| word.eq_ignore_ascii_case(state))
}

/// The group as it is sent; of a group that is there, foreign and ignored tags are kept.
pub(super) fn deployment(
    scene: Scene<'_>,
    declared: &ContainerGroup,
    location: &str,
    here: Option<&Here<'_>>,
) -> Box<Deployment> {
    let mut wanted = tags::wanted(scene.owner(), &declared.tags);
    let known = here.and_then(|here| here.tells.clone());
    wanted.extend([known.unwrap_or_else(|| applied(declared, location).tag())]);
    wanted.extend(secrets::tags(&declared.group, &scene.stack.digests));
    let tags = match here {
        None => wanted,
        Some(here) => tags::merged(&wanted, &here.seen.tags, &declared.ignored_tags),
    };
    Box::new(Deployment { location: location.to_owned(), tags, group: declared.group.clone() })
}

/// `image differs`, `image, env.MODE differ`.
pub(super) fn differ(changes: &[Change]) -> String {
    let verb = if changes.len() == 1 { "differs" } else { "differ" };
    format!("{} {verb}", words(changes))
}

/// The short names of fields: `image`, `env.MODE`, `memoryInGB`, `ipAddress.ports`; each once.
pub(super) fn words(changes: &[Change]) -> String {
    let mut words: Vec<&str> = Vec::new();
    let short: Vec<String> = changes.iter().map(|change| short(&change.path)).collect();
    for word in &short {
        if !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// The short name of a field.
pub(super) fn short(path: &str) -> String {
    let inner = path
        .strip_prefix("containers[")
        .and_then(|rest| rest.split_once("]."))
        .map_or(path, |(_, rest)| rest);
    if let Some(name) = inner.strip_prefix("environmentVariables[") {
        return format!("env.{}", name.trim_end_matches(']'));
    }
    inner.strip_prefix("resources.requests.").unwrap_or(inner).to_owned()
}
