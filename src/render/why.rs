//! Why a group or a run does not do what it should: what its containers say, what their events and exit codes mean, and
//! what to do next.

use std::io::{self, Write};

use crate::engine::archive::Kept;
use crate::model::name::Name;
use crate::model::observed::{ContainerView, Observed, Phase, Provisioning, SeenGroup};
use crate::model::record::{Ledger, RunState, intent};
use crate::model::stack::{RunKind, Stack};
use crate::plan::judge::meaning;
use crate::render::advice::advice;
use crate::render::flags::Flags;
use crate::render::style::{Label, Style};
use crate::render::text::{harmless, wrapped};

/// How many events of a container are told, the last ones.
const EVENTS: usize = 8;

/// Writes what is known of a name.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    stack: &Stack,
    observed: &Observed,
    name: &Name,
    kept: Option<&Kept>,
    (flags, style): (&Flags, Style),
) -> io::Result<()> {
    let mut page = Page { out, flags, style };
    if let Some(run) = stack.runs.get(name) {
        page.record(observed, name, kept)?;
        let groups: Vec<&SeenGroup> = match &run.kind {
            RunKind::Ephemeral(_) => {
                let made = |seen: &&SeenGroup| intent(&seen.tags).is_some_and(|intent| intent.run == *name);
                observed.groups.values().filter(made).collect()
            }
            RunKind::Persistent { group, concurrency: _ } => declared(stack, observed, group),
            RunKind::Strong(strong) => declared(stack, observed, &strong.group),
        };
        if groups.is_empty() {
            page.text("No group of it is there.")?;
        }
        for seen in groups {
            page.group(seen)?;
        }
        return page.next(&[format!("acitask logs {name}"), format!("acitask run {name}")]);
    }
    let groups = declared(stack, observed, name);
    if groups.is_empty() {
        page.text("It is not there.")?;
        return page.next(&["acitask apply".to_owned()]);
    }
    for seen in groups {
        page.group(seen)?;
    }
    page.next(&[format!("acitask logs {name}")])
}

fn declared<'o>(stack: &Stack, observed: &'o Observed, name: &Name) -> Vec<&'o SeenGroup> {
    stack.groups.get(name).and_then(|declared| observed.groups.get(&declared.id)).into_iter().collect()
}

struct Page<'p> {
    out: &'p mut dyn Write,
    flags: &'p Flags,
    style: Style,
}

impl Page<'_> {
    fn text(&mut self, text: &str) -> io::Result<()> {
        let text = harmless(text);
        wrapped(&text, self.style.width).iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    fn inner(&mut self, text: &str) -> io::Result<()> {
        let text = harmless(text);
        let mut indent = "    ";
        for line in wrapped(&text, self.style.width.saturating_sub(6)) {
            writeln!(self.out, "{indent}{line}")?;
            indent = "      ";
        }
        Ok(())
    }

    fn title(&mut self, text: &str) -> io::Result<()> {
        let text = self.style.paint(Label::Title, &harmless(text));
        writeln!(self.out, "{text}")
    }

    fn record(&mut self, observed: &Observed, name: &Name, kept: Option<&Kept>) -> io::Result<()> {
        let records = observed.resource_groups.values().map(|group| Ledger::read(&group.tags));
        let record = records.into_iter().find_map(|mut ledger| ledger.records.remove(name));
        let Some(record) = record else { return self.text(&format!("Run {name} never ran.")) };
        let at =
            record.at.map_or_else(String::new, |at| format!(" at {}", at.strftime("%Y-%m-%d %H:%M:%SZ")));
        self.title(&format!("Run {name}, {}: {}{at}", record.id, record.state))?;
        let ended = record.exit.map(|exit| format!("exit {exit}: {}", meaning(exit))).unwrap_or_default();
        if !ended.is_empty() {
            self.inner(&ended)?;
        }
        if record.state == RunState::Open {
            self.inner("it is recorded as begun; no end is recorded")?;
        }
        if let Some(done) = &record.done {
            self.inner(&format!("{} of {} items succeeded", done.succeeded(), done.count()))?;
        }
        if record.attempt > 1 {
            self.inner(&format!("it came to attempt {}", record.attempt))?;
        }
        if let Some(kept) = kept.filter(|kept| kept.account.id == record.id.as_str()) {
            // Often it says no more than the exit code does.
            if !kept.account.why.is_empty()
                && !ended.ends_with(&kept.account.why)
                && !ended.starts_with(&kept.account.why)
            {
                self.inner(&kept.account.why)?;
            }
            for log in &kept.logs {
                self.inner(&format!("log: {}", log.display()))?;
            }
        }
        if let Some(source) = &record.source {
            self.inner(&format!("run from {source}"))?;
        }
        Ok(())
    }

    fn group(&mut self, seen: &SeenGroup) -> io::Result<()> {
        let state = seen.view.as_ref().map_or("", |view| view.state.as_str());
        self.title(&format!("Group {}: {state}", seen.id))?;
        match &seen.provisioning {
            Provisioning::Succeeded => {}
            Provisioning::Failed => self.inner("the service gave up its last change")?,
            Provisioning::Moving(word) => self.inner(&format!("a change is under way: {word}"))?,
        }
        for (name, view) in seen.view.iter().flat_map(|view| &view.containers) {
            self.container(name, view)?;
        }
        Ok(())
    }

    fn container(&mut self, name: &Name, view: &ContainerView) -> io::Result<()> {
        let state = view.current.as_ref().map_or_else(
            || "not tried yet".to_owned(),
            |state| {
                let detail =
                    if state.detail.is_empty() { String::new() } else { format!(", {}", state.detail) };
                format!("{}{detail}", state.phase)
            },
        );
        let restarts = match view.restart_count {
            0 => String::new(),
            1 => ", restarted once by the platform".to_owned(),
            many => format!(", restarted {many} times by the platform"),
        };
        writeln!(self.out, "  container {name}: {}{restarts}", harmless(&state))?;
        let last = [&view.current, &view.previous];
        let ended = last.into_iter().flatten().find(|state| state.phase == Phase::Terminated);
        match ended.map(|state| state.exit_code) {
            Some(Some(exit)) => self.inner(&format!("exit {exit}: {}", meaning(exit)))?,
            Some(None) => self.inner("it ended without an exit code, which counts as a failure")?,
            None => {}
        }
        let skipped = view.events.len().saturating_sub(EVENTS);
        for event in view.events.iter().skip(skipped) {
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            self.inner(&format!("{}{times}: {}", event.name, event.message))?;
            if let Some(what) = hint(&event.message).filter(|_| event.warning || event.name == "Failed") {
                self.inner(&format!("  {what}"))?;
            }
        }
        Ok(())
    }

    fn next(&mut self, commands: &[String]) -> io::Result<()> {
        for command in commands {
            for line in advice(command, self.flags, self.style) {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }
}

/// What an event's message most often comes from. The words are those of Microsoft's page "Troubleshoot common issues in
/// Azure Container Instances".
fn hint(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["toomanyrequests", "rate limit"]) {
        Some(
            "the registry allows no more pulls for now: log in to it, or take the image from a registry of your own",
        )
    } else if has(&["unauthorized", "denied", "authentication required", "403 forbidden"]) {
        Some("the registry refuses the pull: check `imageRegistryCredentials` or the identity's role AcrPull")
    } else if has(&["not found", "manifest unknown", "no such image", "does not exist"]) {
        Some("check the image's name and tag, and whether the registry is reached with credentials")
    } else if has(&["no such file", "executable file not found"]) {
        Some("the command is not in the image: check `command` and the image")
    } else if has(&["exec format error"]) {
        Some("the image is for another processor: Container Instances run linux/amd64")
    } else if has(&["no space left"]) {
        Some("the container's disk is full")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_hints() {
        assert!(hint("Failed to pull image: manifest unknown").is_some());
        assert!(hint("exec: \"/x\": no such file or directory").is_some_and(|text| text.contains("command")));
        assert_eq!(hint("Started container"), None);
    }
}
