//! The images that the suite runs: a shell with a few programs of this machine, and the libraries that they need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use acitask_emulator::image::{Build, Settings, Store};

use crate::Error;

/// An image without an entrypoint.
pub(crate) const SHELL: &str = "test/conformance:1";
/// An image whose settings all say something.
pub(crate) const ENTRY: &str = "test/conformance-entry:1";
/// An image that no registry has: nobody listens there.
pub(crate) const NONE: &str = "localhost:1/none:1";

const PROGRAMS: [&str; 6] = ["sh", "cat", "id", "ls", "sleep", "stty"];

/// Takes the images into the store.
pub(crate) fn load(folder: &Path) -> Result<(), Error> {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let entry = Settings {
        entrypoint: words(&["/bin/sh", "-c"]),
        cmd: words(&["echo the image says $A $B; pwd"]),
        env: words(&["A=a", "B=b"]),
        working_dir: "/work/dir".into(),
        user: "1000:100".into(),
    };
    let store = Store::open(folder.join("images"))?;
    for (name, settings) in [(SHELL, Settings::default()), (ENTRY, entry)] {
        let archive = folder.join("image.tar");
        shell(settings)?.write(&name.parse()?, &archive)?;
        store.load(&archive)?;
    }
    Ok(())
}

fn shell(settings: Settings) -> Result<Build, Error> {
    let mut build = Build { settings, ..Build::default() };
    build = build.file("/etc/data", 0o644, b"data\n".to_vec());
    let peer = PathBuf::from(env!("CARGO_BIN_EXE_acitask-emulator-peer"));
    let programs =
        PROGRAMS.iter().map(|name| Ok((*name, found(name)?))).collect::<Result<Vec<_>, Error>>()?;
    for (name, program) in programs.into_iter().chain([("peer", peer)]) {
        build = build.file(Path::new("/bin").join(name), 0o755, fs::read(&program)?);
        for library in libraries(&program)? {
            let bytes = fs::read(&library)?;
            build = build.file(library, 0o755, bytes);
        }
    }
    Ok(build)
}

/// Where this machine has the program.
fn found(name: &str) -> Result<PathBuf, Error> {
    let folders = ["/bin", "/usr/bin", "/usr/local/bin"].iter().map(Path::new);
    let file = folders.map(|folder| folder.join(name)).find(|file| file.exists());
    file.ok_or_else(|| format!("this machine has no {name}, which the suite's image needs").into())
}

/// The libraries that `ldd` names; none where the program is linked statically.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, Error> {
    let output = Program::new("ldd").arg(program).output()?;
    let text = String::from_utf8(output.stdout)?;
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(text.lines().filter(|line| line.contains("(0x")).filter_map(path).collect())
}
