//! Names that a person typed, looked up in a stack; a near miss is told.

use super::failure::Failure;
use crate::model::name::Name;

/// Nearer than this, a name may be meant.
const NEAR: f64 = 0.8;

/// The refusal of a name that is none of those known.
pub(crate) fn unknown<'n>(what: &'static str, name: &str, known: impl Iterator<Item = &'n Name>) -> Failure {
    Failure::UnknownName { what, name: name.to_owned(), help: help(name, known.map(Name::as_str)) }
}

/// What may be meant by a name that is none of those known.
pub(crate) fn help<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.collect();
    let nearness = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let near = known.iter().map(|known| (nearness(known), *known)).filter(|(near, _)| *near > NEAR);
    match (near.max_by(|a, b| a.0.total_cmp(&b.0)), known.is_empty()) {
        (Some((_, near)), _) => format!("did you mean {near}?"),
        (None, true) => "the manifests have none".to_owned(),
        (None, false) => format!("the manifests have {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::help;

    #[test]
    fn a_near_name_is_offered() {
        let known = ["post-dog", "post-cat"];
        for (name, told) in
            [("post-dgo", "did you mean post-dog?"), ("zebra", "the manifests have post-dog, post-cat")]
        {
            assert_eq!(help(name, known.into_iter()), told);
        }
        assert_eq!(help("x", std::iter::empty()), "the manifests have none");
    }
}
