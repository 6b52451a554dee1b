//! The images that the tests run, made once for all of them: the reference tasks, and some that have only a shell.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use acitask_emulator::home::Home;
use acitask_emulator::image::build::Content;
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
    shells(&home.images());
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

/// The shells that commands are carried by: what each image is called, and the program that is its `/bin/sh`, where this
/// machine has it. Called `sh`, bash is `bash --posix` and busybox is its `ash`.
pub(crate) const SHELLS: [(&str, &str); 3] =
    [("dash", "/bin/dash"), ("bash", "/bin/bash"), ("ash", "/bin/busybox")];

/// This machine's shells with what they need, with and without `stty`; and a helper without a shell where one is looked
/// for, beside a program that can do what shells can.
fn shells(images: &Path) {
    let main = strong(images);
    let sleep = ("/bin/sleep", "/bin/sleep");
    let image = |name: &str, programs: &[(&str, &str)]| {
        let build = Build::default().file("/strong_task/post", 0o755, main.clone());
        load(
            images,
            name,
            programs.iter().fold(build, |build, (path, program)| with(build, path, program)),
            &main,
        );
    };
    image(SHELL, &[("/bin/sh", "/bin/sh"), sleep]);
    for (name, program) in SHELLS.iter().filter(|(_, program)| Path::new(program).exists()) {
        let build = with(Build::default(), "/bin/sh", program);
        let build = without_stty(with(build, sleep.0, sleep.1), "/bin/sh");
        load(images, &format!("test/{name}:1"), build, &main);
        image(&format!("test/{name}-stty:1"), &[("/bin/sh", program), sleep, ("/bin/stty", "/bin/stty")]);
    }
    let scratch = Build::default().file("/acitask-exec", 0o755, main.clone());
    load(images, "test/scratch:1", with(scratch, "/tools/busybox", "/bin/busybox"), &main);
}

/// The binary of the reference tasks, which is each of their programs and the helper.
fn strong(images: &Path) -> Vec<u8> {
    let store = Store::open(images).unwrap();
    let strong = store.resolve(&reference("acitask/strong:1")).unwrap();
    let tree = unpack::tree(&store, &strong, ACITASK.as_ref()).unwrap();
    fs::read(tree.path.join("strong")).unwrap()
}

/// A program of this machine at this path, with the libraries that it needs.
fn with(mut build: Build, path: &str, program: &str) -> Build {
    build = build.file(path, 0o755, fs::read(program).unwrap());
    // A program that is linked statically needs nothing.
    let needs = Command::new("ldd").arg(program).output().unwrap().stdout;
    let needs = String::from_utf8(needs).unwrap();
    for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
        build = build.file(library, 0o755, fs::read(library).unwrap());
    }
    build
}

/// Takes `stty` from a shell that brings programs along, as busybox does; its name is one of a sorted list.
fn without_stty(mut build: Build, shell: &str) -> Build {
    if let Some(Content::File { bytes, .. }) = build.files.get_mut(Path::new(shell)) {
        for at in 0..bytes.len().saturating_sub(6) {
            if bytes[at..at + 6] == *b"\0stty\0" {
                bytes[at + 4] = b'z';
            }
        }
    }
    build
}

/// An image that stays alive by the strong task's program.
fn load(images: &Path, name: &str, build: Build, main: &[u8]) {
    let settings = Settings { entrypoint: Some(vec!["/strong".to_owned()]), ..Settings::default() };
    let build = Build { settings, ..build.file("/strong", 0o755, main.to_vec()) };
    let archive = tempfile::NamedTempFile::new().unwrap();
    build.write(&reference(name), archive.path()).unwrap();
    Store::open(images).unwrap().load(archive.path()).unwrap();
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}
