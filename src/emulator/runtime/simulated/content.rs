//! What can be read in a simulated container: the files of its config map and secret volumes, and its environment.

use bytes::Bytes;

use crate::contract::{Content, Launch, Volume};

/// What `cat FILE` or `printenv NAME` prints; none where there is no such file or variable, or it is another program.
pub(super) fn printed(
    argv: &[String],
    launch: &Launch,
    volumes: &[Volume],
    container: &str,
) -> Option<Bytes> {
    let [program, what] = argv else {
        return None;
    };
    match program.as_str() {
        "cat" => file(what, launch, volumes, container),
        "printenv" => {
            let variable = launch.environment.iter().rfind(|(name, _)| name == what);
            variable.map(|(_, value)| Bytes::from(format!("{value}\r\n")))
        }
        _ => None,
    }
}

fn file(path: &str, launch: &Launch, volumes: &[Volume], container: &str) -> Option<Bytes> {
    let name = path.strip_prefix(&format!("/mnt/configmap/{container}/"));
    if let Some(value) = name.and_then(|name| launch.config.0.get(name)) {
        return Some(Bytes::from(value.clone()));
    }
    launch.mounts.iter().find_map(|mount| {
        let name = path.strip_prefix(mount.path.trim_end_matches('/'))?.strip_prefix('/')?;
        match &volumes.iter().find(|volume| volume.name == mount.volume)?.content {
            Content::Files(files) => files.get(name).cloned(),
            _ => None,
        }
    })
}
