//! Images: that their tag says what runs.

use super::all_containers;
use crate::manifest::book::Sheet;
use crate::manifest::diagnostic::Diagnostic;
use crate::manifest::place::Place;
use crate::manifest::rule::Rule;

pub(super) fn judge(sheet: Sheet<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for image in all_containers(sheet).filter_map(|container| container.get("image")) {
        diagnostics.extend(empty(image).or_else(|| floating(image)));
    }
}

fn empty(image: Place<'_>) -> Option<Diagnostic> {
    let text = image.text()?;
    (text.is_empty() || text.contains(char::is_whitespace)).then(|| {
        image
            .flaw(Rule::ImageName, "this is no name of an image", "empty, or with a space in it")
            .help("write registry/repository:tag, such as mcr.microsoft.com/azuredocs/aci-helloworld:latest")
    })
}

/// An image whose tag moves: a plan cannot tell that what it stands for has changed.
fn floating(image: Place<'_>) -> Option<Diagnostic> {
    let text = image.text()?;
    if text.contains('@') {
        return None;
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    let label = match last.split_once(':') {
        None => "has no tag, which means latest",
        Some((_, "latest")) => "latest is whatever was pushed last",
        Some(_) => return None,
    };
    Some(
        image
            .flaw(Rule::Latest, "this image may change without any change here", label)
            .help("name a version, or a digest with @sha256:…; a plan cannot see that a tag has moved"),
    )
}
