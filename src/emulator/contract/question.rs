//! What the world cannot know by itself: whether images can be had, and how to ask their registries.

use std::fmt;

/// An image as a group names it, with what its registry wants to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSource {
    /// The image reference.
    pub image: String,
    /// The group's credential for the registry of this image; none: asked anonymously.
    pub credential: Option<Credential>,
}

/// Asked anonymously.
impl From<&str> for ImageSource {
    fn from(image: &str) -> Self {
        Self { image: image.to_owned(), credential: None }
    }
}

/// How to log in to a registry.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Host, and port where it is not the usual one.
    pub server: String,
    /// The user name; empty where an identity logs in.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Without the password.
impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, username, password: _ } = self;
        out.debug_struct("Credential")
            .field("server", server)
            .field("username", username)
            .finish_non_exhaustive()
    }
}

/// What the world cannot know by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Can these images be had? The first that cannot decides.
    Images(Vec<ImageSource>),
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// All images can be had.
    ImagesFound,
    /// An image cannot be had.
    ImageMissing {
        /// Which.
        image: String,
        /// Why, for people.
        reason: String,
    },
    /// A registry answered with an error of its own (too many requests, out of order).
    RegistryFailed {
        /// The registry's host.
        server: String,
        /// What it said, for people.
        reason: String,
    },
}
