//! `# acitask: allow ACI076 reason`: a comment that allows what stands on the next line.
//!
//! Invariant: what acitask itself needs cannot be allowed, each comment gives a reason, and one that allows nothing is told.

use super::diagnostic::Diagnostic;
use super::near::nearest;
use super::rule::Rule;
use super::tree::Span;

const OPENING: &str = "acitask: allow";

/// A comment that allows a rule to be broken on a line.
#[derive(Clone, Debug)]
pub(super) struct Allow {
    rule: Rule,
    file: usize,
    comment: Span,
    /// The line below it, other comments left out.
    line: Span,
}

/// The comments of a file, and what is wrong with those that are not understood.
pub(super) fn comments(file: usize, base: usize, text: &str) -> (Vec<Allow>, Vec<Diagnostic>) {
    let (mut allows, mut diagnostics) = (vec![], vec![]);
    if !text.contains(OPENING) {
        return (allows, diagnostics);
    }
    let mut waiting: Vec<(Rule, Span)> = vec![];
    let mut start = base;
    for line in text.split_inclusive('\n') {
        let span = Span { start, end: start + line.trim_end().len() };
        start += line.len();
        let bare = line.trim();
        if let Some(comment) = bare.strip_prefix('#') {
            let comment_span = Span { start: span.end - bare.len(), end: span.end };
            match comment.trim_start().strip_prefix(OPENING).map(|rest| read(rest.trim())) {
                Some(Ok(rule)) => waiting.push((rule, comment_span)),
                Some(Err(help)) => diagnostics.push(
                    Diagnostic::new(Rule::AllowMalformed, "this allows nothing")
                        .label(file, comment_span, "not understood")
                        .help(help),
                ),
                None => {}
            }
        } else if !bare.is_empty() {
            let allow = |(rule, comment)| Allow { rule, file, comment, line: span };
            allows.extend(waiting.drain(..).map(allow));
        }
    }
    let end = Span { start: base + text.len(), end: base + text.len() };
    allows.extend(waiting.into_iter().map(|(rule, comment)| Allow { rule, file, comment, line: end }));
    (allows, diagnostics)
}

/// The rule that a comment names, or what is wrong with it.
fn read(rest: &str) -> Result<Rule, String> {
    let (code, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let Some(rule) = Rule::of(code) else {
        let near = nearest(code, Rule::ALL.iter().map(|rule| rule.code()));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        return Err(format!("{near}write `# acitask: allow CODE reason`, such as ACI076"));
    };
    if !rule.can_be_allowed() {
        return Err(format!(
            "{rule} cannot be allowed, because acitask itself could do nothing with the manifest; take the comment out, and mend what is below"
        ));
    }
    if reason.trim().is_empty() {
        return Err(format!("say why: `# acitask: allow {rule} reason`"));
    }
    Ok(rule)
}

/// Leaves out what is allowed, and tells what allows nothing.
pub(super) fn apply(allows: &[Allow], diagnostics: &mut Vec<Diagnostic>) {
    let mut used = vec![false; allows.len()];
    diagnostics.retain(|diagnostic| {
        let allowed = allows
            .iter()
            .position(|allow| diagnostic.rule() == allow.rule && diagnostic.begins_in(allow.line));
        if let Some(place) = allowed {
            used[place] = true;
        }
        allowed.is_none()
    });
    let idle = allows.iter().zip(used).filter(|(_, used)| !used);
    diagnostics.extend(idle.map(|(allow, _)| {
        Diagnostic::new(Rule::AllowIdle, format!("{} is not broken on the next line", allow.rule))
            .label(allow.file, allow.comment, "allows nothing")
            .help("take the comment out")
    }));
}
