//! CPU and memory: their steps, and what a group needs and takes.
//!
//! The limits are those of Microsoft's pages "Container groups in Azure Container Instances" (least) and
//! "Resource availability & quota limits" (most).

use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

/// What is measured, in thousandths.
struct Measure {
    key: &'static str,
    printed: &'static str,
    unit: &'static str,
    step: u32,
    least: u32,
    most: u32,
}

const CPU: Measure = Measure { key: "cpu", printed: "cpu", unit: "CPU", step: 10, least: 1000, most: 31_000 };
const MEMORY: Measure =
    Measure { key: "memoryInGB", printed: "memoryInGb", unit: "GB", step: 100, least: 1000, most: 240_000 };

pub(super) fn judge(group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for measure in [CPU, MEMORY] {
        let amounts: Vec<_> = group
            .list(&["containers"])
            .map(|container| {
                let requests = container.at(&["resources", "requests"])?;
                requests.get(measure.key).or_else(|| requests.get(measure.printed))
            })
            .collect();
        let steps: Vec<_> = amounts.iter().flatten().filter_map(|place| uneven(*place, &measure)).collect();
        // A total of amounts that are wrong or missing says nothing.
        if steps.is_empty() {
            diagnostics.extend(total(group, &amounts, &measure));
        }
        diagnostics.extend(steps);
    }
}

/// An amount in thousandths, if it is one.
fn thousandths(amount: f64) -> Option<f64> {
    let scaled = amount * 1000.0;
    ((scaled - scaled.round()).abs() < 1e-6).then(|| scaled.round())
}

fn uneven(place: Place<'_>, measure: &Measure) -> Option<Diagnostic> {
    let amount = place.number().filter(|amount| *amount > 0.0)?;
    let even = thousandths(amount).is_some_and(|scaled| scaled % f64::from(measure.step) == 0.0);
    let step = f64::from(measure.step) / 1000.0;
    (!even).then(|| {
        let message = format!("{} comes in steps of {step}, not {amount}", measure.key);
        place.flaw(Rule::Step, message, format!("no multiple of {step}"))
    })
}

fn total(group: Place<'_>, amounts: &[Option<Place<'_>>], measure: &Measure) -> Option<Diagnostic> {
    let amounts: Vec<f64> =
        amounts.iter().map(|place| thousandths((*place)?.number()?)).collect::<Option<_>>()?;
    let total: f64 = amounts.iter().sum();
    let (least, most) = (f64::from(measure.least), f64::from(measure.most));
    if amounts.is_empty() || amounts.iter().any(|amount| *amount <= 0.0) || (least..=most).contains(&total) {
        return None;
    }
    let unit = measure.unit;
    let message = format!(
        "a group has {} to {} {unit}, and this one {}",
        least / 1000.0,
        most / 1000.0,
        total / 1000.0
    );
    let label = format!("together {} {unit}", total / 1000.0);
    let diagnostic = Diagnostic::new(Rule::Resources, message);
    Some(
        diagnostic
            .label(group.file, group.key("containers"), label)
            .help(format!("change {} of its containers", measure.key)),
    )
}
