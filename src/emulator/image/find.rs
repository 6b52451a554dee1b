//! Where an image comes from: what was loaded from a file first, then the registry of its name.
//!
//! What a registry gave is kept. Its tags are asked for again at each deployment, as they may have moved; where the
//! registry cannot be reached, what was kept is taken.

use super::registry::Source;
use super::store::{Image, Known, Store};
use super::{ImageError, Reference};
use crate::contract::{Credential, ImageSource};

/// Whether an image can be had, without having it.
pub(crate) async fn look(store: &Store, source: &ImageSource) -> Result<(), ImageError> {
    let name: Reference = source.image.parse()?;
    let known = store.known(&name)?;
    if known.as_ref().is_some_and(Known::is_certain) {
        return Ok(());
    }
    ask(&name, source.credential.as_ref(), known).await.map(|_| ())
}

/// The image, fetched where it has to be.
pub(crate) async fn pull(store: &Store, source: &ImageSource) -> Result<Image, ImageError> {
    let name: Reference = source.image.parse()?;
    let known = store.known(&name)?;
    if !known.as_ref().is_some_and(Known::is_certain) {
        let credential = source.credential.as_ref();
        if let Some(fresh) = ask(&name, credential, known).await? {
            fresh.fetch(store).await?;
        }
    }
    store.resolve(&name)
}

/// The image in its registry, if what we have of it is not that.
async fn ask(
    name: &Reference,
    credential: Option<&Credential>,
    known: Option<Known>,
) -> Result<Option<Source>, ImageError> {
    let source = Source::new(name, credential)?;
    match (source.digest().await, known) {
        (Ok(now), Some(Known::Pulled { announced, .. })) if announced == now => Ok(None),
        (Ok(_), _) => Ok(Some(source)),
        (Err(error @ ImageError::Unreachable { .. }), Some(_)) => {
            tracing::warn!(image = %name, %error, "the image is taken as it was when its registry was last reached");
            Ok(None)
        }
        (Err(error), _) => Err(error),
    }
}
