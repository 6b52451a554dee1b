//! Hides the secrets of a plan in what tasks print.
//!
//! A task may print its own environment. What it prints goes to terminals, logs and files, none of which may hold a secret.

use std::convert::Infallible;

use crate::model::group::Group;
use crate::model::secret::SecretSource;
use crate::model::stack::RunValue;
use crate::plan::{Action, Begin, Plan};

/// Shorter values are no secrets, and hiding them would hide everything.
const SHORTEST: usize = 4;
/// What stands in their place.
const MASK: &str = "***";

/// What is to be hidden.
#[derive(Default)]
pub(crate) struct Masks(Vec<String>);

impl Masks {
    /// The secrets that a plan sends.
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut masks = Self::default();
        for step in plan.steps() {
            match &step.action {
                Action::CreateGroup(deployment) | Action::UpdateGroup(deployment, _) => {
                    masks.group(&deployment.group)
                }
                Action::Run(run) => {
                    if let Some(again) = &run.again {
                        masks.group(&again.group);
                    }
                    match &run.begin {
                        Begin::Create(deployment) | Begin::Replace(deployment) => {
                            masks.group(&deployment.group)
                        }
                        Begin::Fan(fan) => masks.group(&fan.body.group),
                        Begin::Exec(exec) => {
                            for (_, value) in &exec.environment {
                                if let RunValue::Secret(source) = value {
                                    masks.secret(source);
                                }
                            }
                        }
                        Begin::Start { .. } | Begin::Adopt(_) => {}
                    }
                }
                _ => {}
            }
        }
        // A secret that is part of another one is hidden after it.
        masks.0.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        masks.0.dedup();
        masks
    }

    fn group(&mut self, group: &Group<SecretSource>) {
        let Ok(_) = group.clone().map(&mut |source: SecretSource| {
            self.secret(&source);
            Ok::<_, Infallible>(())
        });
    }

    fn secret(&mut self, source: &SecretSource) {
        let Some(value) = &source.value else { return };
        // Lines are told one by one.
        let lines = value.expose().lines().map(str::trim).filter(|line| line.len() >= SHORTEST);
        self.0.extend(lines.map(str::to_owned));
    }

    /// The line without secrets.
    pub(crate) fn hide(&self, line: String) -> String {
        self.0.iter().fold(line, |line, secret| {
            if line.contains(secret.as_str()) { line.replace(secret.as_str(), MASK) } else { line }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_the_longest_first() {
        let masks = Masks(vec!["hunter22".into(), "hunter2".into()]);
        assert_eq!(masks.hide("a hunter22 hunter2 b".into()), "a *** *** b");
        assert_eq!(masks.hide("nothing".into()), "nothing");
    }
}
