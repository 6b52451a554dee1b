//! Manifest files: which they are, and what is in them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::failure::Failure;
use crate::manifest::{MAX_TEXT, Source};

const STANDARD_INPUT: &str = "standard input";

/// The manifests that were named.
#[derive(Clone, Debug)]
pub(crate) struct Manifests {
    /// Their texts.
    pub(crate) sources: Vec<Source>,
    /// The names of those that are there and cannot be read as text, each with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
    /// The folder that they are in: of several, the first one's.
    pub(crate) folder: PathBuf,
    /// Whether they are one whole folder, so that what they do not name is to be deleted.
    pub(crate) whole: bool,
}

/// Reads files, folders and `-`; none named: the folder `manifests`, else the current one.
///
/// # Errors
/// A file that was named is not there, or there is none.
pub(crate) fn read(named: &[PathBuf], current: &Path, stdin: &mut dyn Read) -> Result<Manifests, Failure> {
    let inputs = match named {
        [] if current.join("manifests").is_dir() => vec![PathBuf::from("manifests")],
        [] => vec![PathBuf::from(".")],
        named => named.to_vec(),
    };
    let (mut sources, mut unreadable) = (Vec::new(), Vec::new());
    let mut take = |name: String, outcome: Result<String, String>| match outcome {
        Ok(text) => sources.push(Source { name, text }),
        Err(reason) => unreadable.push((name, reason)),
    };
    let mut known = BTreeSet::new();
    for input in &inputs {
        if input.as_os_str() == "-" {
            let bytes = bounded(&mut *stdin).map_err(|source| Failure::Input { source })?;
            if !bytes.trim_ascii().is_empty() {
                take(STANDARD_INPUT.to_owned(), text(bytes));
            }
            continue;
        }
        for path in paths(input, current)? {
            let file = current.join(&path);
            let at = |source| Failure::File { path: path.clone(), source };
            let real = match file.canonicalize() {
                Ok(real) => real,
                Err(source) if path == *input => return Err(at(source)),
                // A link in a folder that leads nowhere, or to itself.
                Err(error) => {
                    take(path.display().to_string(), Err(error.to_string()));
                    continue;
                }
            };
            if known.insert(real) {
                let opened = std::fs::File::open(&file).and_then(bounded);
                take(path.display().to_string(), opened.map_err(|error| error.to_string()).and_then(text));
            }
        }
    }
    if sources.is_empty() && unreadable.is_empty() {
        let places: Vec<String> = inputs.iter().map(|input| place(input)).collect();
        return Err(Failure::NoManifests { place: places.join(", ") });
    }
    let folder = inputs.first().map_or_else(|| current.to_owned(), |input| folder_of(input, current));
    let whole = inputs.len() == 1 && inputs.iter().all(|input| current.join(input).is_dir());
    Ok(Manifests { sources, unreadable, folder, whole })
}

/// At most one byte more than a manifest may have, so that no file fills the memory.
fn bounded(from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What an input is called where nothing was found in it.
fn place(input: &Path) -> String {
    match input.to_str() {
        Some("-") => STANDARD_INPUT.to_owned(),
        Some(".") => "the current folder".to_owned(),
        Some(_) | None => input.display().to_string(),
    }
}

/// What a file says, or why it says nothing.
fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() > MAX_TEXT {
        return Err(format!("it has more than {} MB", MAX_TEXT >> 20));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 text from byte {} on", error.utf8_error().valid_up_to()))
}

fn folder_of(input: &Path, current: &Path) -> PathBuf {
    let path = current.join(input);
    if path.is_dir() { path } else { path.parent().map_or_else(|| current.to_owned(), Path::to_owned) }
}

/// A file as it is; of a folder all manifests below it, sorted. Links to folders are not followed, hidden files not read.
fn paths(input: &Path, current: &Path) -> Result<Vec<PathBuf>, Failure> {
    let root = current.join(input);
    if !root.is_dir() {
        return Ok(vec![input.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in WalkBuilder::new(&root).standard_filters(false).hidden(true).build() {
        let entry = entry.map_err(|error| Failure::File {
            path: input.to_owned(),
            source: error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into()),
        })?;
        let path = entry.path();
        let is_manifest = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if is_manifest && (path.is_file() || !path.exists()) {
            found.push(match path.strip_prefix(&root) {
                Ok(below) if input == Path::new(".") => below.to_owned(),
                Ok(below) => input.join(below),
                Err(_) => path.to_owned(),
            });
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs;

    use super::*;

    fn names(manifests: &Manifests) -> Vec<&str> {
        manifests.sources.iter().map(|source| source.name.as_str()).collect()
    }

    #[test]
    fn a_folder_is_read_whole_and_sorted() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        fs::create_dir_all(root.join("manifests/b"))?;
        fs::create_dir_all(root.join("manifests/.hidden"))?;
        for file in ["b/two.yml", "one.yaml", ".hidden/x.yaml", "notes.txt", ".env"] {
            fs::write(root.join("manifests").join(file), "a: 1")?;
        }
        std::os::unix::fs::symlink(root.join("manifests"), root.join("manifests/loop"))?;
        let read = |named: &[&str]| {
            let named: Vec<PathBuf> = named.iter().map(PathBuf::from).collect();
            super::read(&named, root, &mut &b"b: 2"[..])
        };
        let all = read(&[])?;
        assert_eq!(names(&all), ["manifests/b/two.yml", "manifests/one.yaml"]);
        assert!(all.whole);
        assert_eq!(all.folder, root.join("manifests"));

        let some = read(&["manifests/one.yaml", "manifests", "-"])?;
        assert_eq!(names(&some), ["manifests/one.yaml", "manifests/b/two.yml", "standard input"]);
        assert!(!some.whole);
        assert!(!read(&["manifests/one.yaml"])?.whole);

        assert!(matches!(read(&["manifests/.hidden/none"]), Err(Failure::File { .. })));
        fs::create_dir(root.join("empty"))?;
        assert!(matches!(read(&["empty"]), Err(Failure::NoManifests { .. })));
        let nothing = super::read(&[PathBuf::from("-")], root, &mut &b" \n"[..]);
        assert!(matches!(nothing, Err(Failure::NoManifests { place }) if place == STANDARD_INPUT));
        fs::write(root.join("empty/latin.yaml"), b"a: \xe9")?;
        let empty = read(&["empty"])?;
        let reason = "it is not UTF-8 text from byte 3 on";
        assert_eq!(empty.unreadable, [("empty/latin.yaml".to_owned(), reason.to_owned())]);
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_no_other() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        fs::write(root.join("a.yaml"), "a: 1")?;
        fs::write(root.join("latin.yaml"), b"a: \xe9")?;
        fs::File::create(root.join("large.yaml"))?.set_len(100 << 20)?;
        // A regular file that the kernel refuses to read at its beginning.
        std::os::unix::fs::symlink("/proc/self/mem", root.join("broken.yaml"))?;
        std::os::unix::fs::symlink("circle.yaml", root.join("circle.yaml"))?;
        std::os::unix::fs::symlink("gone", root.join("nowhere.yaml"))?;
        let all = super::read(&[], root, &mut &b""[..])?;
        assert_eq!(names(&all), ["a.yaml"]);
        let told: Vec<(&str, &str)> =
            all.unreadable.iter().map(|(name, reason)| (name.as_str(), reason.as_str())).collect();
        let [("broken.yaml", _), ("circle.yaml", circle), large, latin, ("nowhere.yaml", _)] = told[..]
        else {
            return Err(format!("{told:?}").into());
        };
        assert!(circle.contains("symbolic links"), "{circle}");
        assert_eq!(large, ("large.yaml", "it has more than 16 MB"));
        assert_eq!(latin, ("latin.yaml", "it is not UTF-8 text from byte 3 on"));
        Ok(())
    }
}
