//! Where a plan goes. It is never guessed where nobody watches.

use crate::model::stack::Target;

/// What says where a plan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signs {
    /// `--local`.
    pub(crate) local: bool,
    /// The Project's `target`.
    pub(crate) project: Option<Target>,
    /// Whether a subscription is given.
    pub(crate) subscription: bool,
    /// Whether a person sees what is done.
    pub(crate) attended: bool,
}

/// Where a plan goes, and whether that was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It was told.
    Told(Target),
    /// Nothing tells; a person is there, so it is the local emulator, and that is said.
    Assumed,
    /// Nothing tells, and nobody is there.
    Open,
}

/// Where a plan goes.
pub(crate) fn choose(signs: Signs) -> Choice {
    let Signs { local, project, subscription, attended } = signs;
    match project {
        _ if local => Choice::Told(Target::Local),
        Some(target) => Choice::Told(target),
        None if subscription => Choice::Told(Target::Azure),
        None if attended => Choice::Assumed,
        None => Choice::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_sign_decides() {
        use Choice::{Assumed, Open, Told};
        use Target::{Azure, Local};
        for (local, project, subscription, attended, choice) in [
            (true, Some(Azure), true, true, Told(Local)),
            (true, None, false, false, Told(Local)),
            (false, Some(Azure), false, true, Told(Azure)),
            (false, Some(Local), true, false, Told(Local)),
            (false, None, true, false, Told(Azure)),
            (false, None, false, true, Assumed),
            (false, None, false, false, Open),
        ] {
            assert_eq!(choose(Signs { local, project, subscription, attended }), choice);
        }
    }
}
