//! The images that the tests run, made once for all of them: the reference tasks, and one that has only a shell.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use acitask_emulator::home::Home;
use acitask_emulator::image::{Build, Reference, Settings, Store, unpack};

/// Stays alive, and has a shell instead of the exec helper.
pub(crate) const SHELL: &str = "test/shell:1";

/// The program under test, which is also what builds up native containers.
pub(crate) const ACITASK: &str = env!("CARGO_BIN_EXE_acitask");

/// The folder of the images; the first who asks makes them.
pub(crate) fn images() -> &'static Path {
    static IMAGES: OnceLock<PathBuf> = OnceLock::new();
    IMAGES.get_or_init(make)
}

fn make() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images");
    fs::create_dir_all(&folder).unwrap();
    // Another run of the tests may be at it at the same time.
    let lock = File::create(folder.join("tests.lock")).unwrap();
    lock.lock().unwrap();
    let home = Home::open(&folder).unwrap();
    reference_tasks(&folder);
    shell(&home.images());
    home.images()
}

/// The images of `containers/`, made by the command that users make them by.
fn reference_tasks(state: &Path) {
    let out = Command::new(ACITASK)
        .args(["emulator", "images", "build", "--state-dir"])
        .arg(state)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "the reference tasks were not built: {said}");
}

/// This machine's shell with what it needs, beside the strong task's own programs.
fn shell(images: &Path) {
    let store = Store::open(images).unwrap();
    let strong = store.resolve(&reference("acitask/strong:1")).unwrap();
    let tree = unpack::tree(&store, &strong, ACITASK.as_ref()).unwrap();
    let main = fs::read(tree.path.join("strong")).unwrap();
    let mut build = Build {
        settings: Settings { entrypoint: Some(vec!["/strong".to_owned()]), ..Settings::default() },
        ..Build::default()
    };
    build = build.file("/strong", 0o755, main.clone()).file("/strong_task/post", 0o755, main);
    for program in ["/bin/sh", "/bin/sleep"] {
        build = build.file(program, 0o755, fs::read(program).unwrap());
        let needs = Command::new("ldd").arg(program).output().unwrap().stdout;
        let needs = String::from_utf8(needs).unwrap();
        for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
            build = build.file(library, 0o755, fs::read(library).unwrap());
        }
    }
    let archive = tempfile::NamedTempFile::new().unwrap();
    build.write(&reference(SHELL), archive.path()).unwrap();
    store.load(archive.path()).unwrap();
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}
