//! CPU and memory: their steps, and what a group needs and takes.
//!
//! The limits are those of Microsoft's pages "Container groups in Azure Container Instances" (least) and
//! "Resource availability & quota limits" (most).

use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

/// What is measured, in thousandths.
#[derive(Clone, Copy)]
struct Measure {
    key: &'static str,
    printed: &'static str,
    unit: &'static str,
    step: u32,
    least: u32,
    most: u32,
    /// The most of a confidential group, and of a spot group.
    most_confidential: u32,
    most_spot: u32,
    /// What is more than this is big: Azure may have no room for it.
    big: u32,
}

const CPU: Measure = Measure {
    key: "cpu",
    printed: "cpu",
    unit: "CPU",
    step: 10,
    least: 1000,
    most: 31_000,
    most_confidential: 31_000,
    most_spot: 4000,
    big: 4000,
};
const MEMORY: Measure = Measure {
    key: "memoryInGB",
    printed: "memoryInGb",
    unit: "GB",
    step: 100,
    least: 1000,
    most: 240_000,
    most_confidential: 180_000,
    most_spot: 16_000,
    big: 16_000,
};

/// The largest amount that the schema takes.
const MOST: f64 = 4_294_967.0;
/// How many containers are shown that have too much or too little together.
const MOST_PLACES: usize = 3;

pub(super) fn judge(group: Place<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for measure in [CPU, MEMORY].map(|measure| of_kind(measure, group)) {
        let amounts: Vec<_> =
            group.list(&["containers"]).map(|container| amount(container, "requests", &measure)).collect();
        let steps: Vec<_> = amounts.iter().flatten().filter_map(|place| uneven(*place, &measure)).collect();
        // A total of amounts that are wrong or missing says nothing.
        if steps.is_empty() {
            diagnostics.extend(total(group, &amounts, &measure));
            diagnostics.extend(limits(group, &amounts, &measure));
        }
        diagnostics.extend(steps);
    }
}

/// The measure with the most that a group of this kind has.
fn of_kind(measure: Measure, group: Place<'_>) -> Measure {
    let Measure { most, most_confidential, most_spot, .. } = measure;
    let most = match (group.word(&["priority"]), group.word(&["sku"])) {
        (Some("Spot"), _) => most_spot,
        (_, Some("Confidential")) => most_confidential,
        _ => most,
    };
    Measure { most, ..measure }
}

/// An amount of a container's requests or limits.
fn amount<'d>(container: Place<'d>, kind: &str, measure: &Measure) -> Option<Place<'d>> {
    let amounts = container.at(&["resources", kind])?;
    amounts.get(measure.key).or_else(|| amounts.get(measure.printed))
}

/// Limits below their requests, or beyond what the group has in all, which the service refuses with
/// `ResourceLimitsLessThanRequests` and `ContainerLimitGreaterThanContainerGroupTotalRequest`.
fn limits(group: Place<'_>, requests: &[Option<Place<'_>>], measure: &Measure) -> Vec<Diagnostic> {
    let requested: Vec<Option<f64>> = requests.iter().map(|place| (*place)?.number()).collect();
    let total: Option<f64> = requested.iter().copied().sum();
    let mut diagnostics = vec![];
    for ((container, request), place) in group.list(&["containers"]).zip(&requested).zip(requests) {
        let Some(limit) = amount(container, "limits", measure) else { continue };
        let Some(number) = limit.number() else { continue };
        if let (Some(request), Some(place)) = (request.filter(|request| number < *request), place) {
            let message =
                format!("the limit of {} {} is below the request of {request}", number, measure.unit);
            diagnostics.push(
                limit
                    .flaw(Rule::Limits, message, "less than this container is given")
                    .label(place.file, place.head(), "the request")
                    .help("write a limit of at least the request, or leave it out"),
            );
        } else if let Some(total) = total.filter(|total| number > *total + 1e-9) {
            let message = format!(
                "the limit of {} {} is beyond the {total} that the group has in all",
                number, measure.unit
            );
            diagnostics.push(
                limit
                    .flaw(Rule::Limits, message, "more than all containers request together")
                    .help("write a smaller limit, or request more in one of the containers"),
            );
        }
        diagnostics.extend(uneven(limit, measure));
    }
    diagnostics
}

/// An amount in thousandths, if it is one.
fn thousandths(amount: f64) -> Option<f64> {
    let scaled = amount * 1000.0;
    ((scaled - scaled.round()).abs() < 1e-6).then(|| scaled.round())
}

fn uneven(place: Place<'_>, measure: &Measure) -> Option<Diagnostic> {
    // What is beyond all limits is told by the schema.
    let amount = place.number().filter(|amount| *amount > 0.0 && *amount <= MOST)?;
    let even = thousandths(amount).is_some_and(|scaled| scaled % f64::from(measure.step) == 0.0);
    let step = f64::from(measure.step) / 1000.0;
    (!even).then(|| {
        let message = format!("{} comes in steps of {step}, not {amount}", measure.key);
        let (below, above) = ((amount / step).floor() * step, (amount / step).ceil() * step);
        let written = |amount: f64| (amount * 1000.0).round() / 1000.0;
        let help = match written(below) {
            below if below > 0.0 => format!("write {below} or {}", written(above)),
            _ => format!("write {}", written(above)),
        };
        place.flaw(Rule::Step, message, format!("no multiple of {step}")).help(help)
    })
}

fn total(group: Place<'_>, amounts: &[Option<Place<'_>>], measure: &Measure) -> Option<Diagnostic> {
    let places: Vec<Place<'_>> = amounts.iter().copied().collect::<Option<_>>()?;
    let amounts: Vec<f64> = places.iter().map(|place| thousandths(place.number()?)).collect::<Option<_>>()?;
    let total: f64 = amounts.iter().sum();
    let (least, most) = (f64::from(measure.least), f64::from(measure.most));
    if amounts.is_empty() || amounts.iter().any(|amount| *amount <= 0.0 || *amount / 1000.0 > MOST) {
        return None;
    }
    let unit = measure.unit;
    if (least..=most).contains(&total) {
        return (total > f64::from(measure.big)).then(|| {
            let message =
                format!("{} {unit} are big, and a region may have no room for them", total / 1000.0);
            Diagnostic::new(Rule::Big, message)
                .label(group.file, group.key("containers"), "together")
                .help("nothing is wrong; be ready to try another region")
        });
    }
    let message = format!(
        "a group has {} to {} {unit}, and this one {}",
        least / 1000.0,
        most / 1000.0,
        total / 1000.0
    );
    let label = format!("together {} {unit}", total / 1000.0);
    let (change, by) = if total < least { ("raise", least - total) } else { ("lower", total - most) };
    let help = match &places[..] {
        [_] => format!("write {}", if total < least { least } else { most } / 1000.0),
        _ => format!("{change} {} of its containers by {} in all", measure.key, by / 1000.0),
    };
    let diagnostic = match &places[..] {
        [place] => {
            Diagnostic::new(Rule::Resources, message).label(place.file, place.head(), "of the one container")
        }
        places => places.iter().take(MOST_PLACES).fold(
            Diagnostic::new(Rule::Resources, message).label(group.file, group.key("containers"), label),
            |diagnostic, place| diagnostic.label(place.file, place.head(), "of these"),
        ),
    };
    Some(diagnostic.help(help))
}
