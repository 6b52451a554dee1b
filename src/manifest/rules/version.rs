//! The version of Azure's API: one that is a version, not before the one that acitask is written for, and late enough for
//! what is used.

use crate::manifest::book::Book;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::kind::Kind;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;
use crate::model::stack::AZURE_API_VERSION;

/// Since when a share may be opened by an identity.
const IDENTITY_SHARES: &str = "2026-07-01";

pub(super) fn judge(book: &Book<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let said = book.of(Kind::Project).find_map(|sheet| sheet.root.at(&["spec", "azureApiVersion"]));
    diagnostics.extend(said.and_then(version));
    // What cannot be read may well be late enough.
    let version = match said.map(Place::text) {
        Some(Some(text)) => text,
        Some(None) => return,
        None => AZURE_API_VERSION,
    };
    if !book.complete || !book.sorted || version.get(..10).is_none_or(|date| date >= IDENTITY_SHARES) {
        return;
    }
    for group in book.sheets.iter().filter_map(|sheet| super::group(*sheet)) {
        for share in group.list(&["volumes"]).filter_map(|volume| volume.get("azureFile")) {
            if share.get("userAssignedIdentityClientId").is_some() {
                let message = format!("Azure knows this since API {IDENTITY_SHARES}, and {version} is used");
                diagnostics.push(
                    Diagnostic::new(Rule::ApiVersionNeeded, message)
                        .label(share.file, share.key("userAssignedIdentityClientId"), "not known then")
                        .help(format!(
                            "write azureApiVersion: \"{IDENTITY_SHARES}\" in the spec of the Project"
                        )),
                );
            }
        }
    }
}

fn version(place: Place<'_>) -> Option<Diagnostic> {
    let text = place.text()?;
    let (date, rest) = (text.get(..10).unwrap_or(text), text.get(10..).unwrap_or_default());
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = date.split('-').collect();
    let is_date =
        matches!(parts[..], [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2));
    if !is_date || !matches!(rest, "" | "-preview") {
        let diagnostic = place.flaw(Rule::ApiVersion, "this is no version of Azure's API", "not a version");
        return Some(
            diagnostic
                .help(format!("write a version such as \"{AZURE_API_VERSION}\" or \"2026-08-01-preview\"")),
        );
    }
    (date < AZURE_API_VERSION).then(|| {
        let message = format!("acitask is written for API {AZURE_API_VERSION} and later");
        place.flaw(Rule::ApiVersion, message, "too old").help("leave the key out")
    })
}
