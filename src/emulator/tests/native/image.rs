//! Images from file to file tree: the store, and layers that want out of their root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use acitask_emulator::image::build::Content;
use acitask_emulator::image::{Build, ImageError, Reference, Settings, Store, unpack};

use crate::Outcome;

fn init() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_acitask-emulator-init"))
}

#[test]
fn a_build_is_the_same_twice() -> Outcome {
    let folder = tempfile::tempdir()?;
    let build = Build::default().file("/a/b", 0o755, vec![1, 2, 3]).file("/c", 0o644, vec![]);
    let digests = ["one", "two"].map(|name| build.write(&"test/x:1".parse()?, &folder.path().join(name)));
    let [one, two] = digests;
    assert_eq!(one?, two?);
    assert_eq!(fs::read(folder.path().join("one"))?, fs::read(folder.path().join("two"))?);
    Ok(())
}

#[test]
fn images_are_loaded_listed_resolved_and_removed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("image.tar");
    let (first, second): (Reference, Reference) = ("test/x:1".parse()?, "other/y:2".parse()?);
    let settings = Settings { cmd: Some(vec!["/a".into()]), ..Settings::default() };
    let digest = Build { settings: settings.clone(), ..Build::default() }
        .file("/a", 0o755, b"x".to_vec())
        .write(&first, &archive)?;
    let store = Store::open(folder.path().join("images"))?;
    let loaded = store.load(&archive)?;
    assert_eq!(
        loaded.iter().map(|image| (&image.digest, &image.references[..])).collect::<Vec<_>>(),
        [(&digest, &[first.clone()][..])]
    );
    store.load_as(&archive, &second)?;
    let names: Vec<_> = store.list()?.into_iter().map(|image| (image.reference, image.digest)).collect();
    assert_eq!(names, [(second.clone(), digest.clone()), (first.clone(), digest.clone())]);
    // A layout is what a store is, so a store can be loaded from.
    let copy = Store::open(folder.path().join("copy"))?;
    copy.load(&folder.path().join("images"))?;
    for name in [&first, &second, &format!("test/x@{digest}").parse()?] {
        assert_eq!(copy.resolve(name)?.settings, settings, "{name}");
    }
    let tree = unpack::tree(&store, &store.resolve(&first)?, init())?;
    assert_eq!(fs::read(tree.path.join("a"))?, b"x");
    assert!(store.remove(&first)?);
    assert!(!store.remove(&first)?);
    assert!(matches!(store.resolve(&first), Err(ImageError::Missing { .. })));
    store.remove(&second)?;
    // A container might run on it.
    assert!(tree.path.exists());
    let path = tree.path.clone();
    drop(tree);
    store.remove(&second)?;
    assert!(!path.exists());
    assert_eq!(fs::read_dir(folder.path().join("images/blobs/sha256"))?.count(), 0);
    Ok(())
}

#[test]
fn damaged_blobs_are_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("image.tar");
    Build::default().file("/a", 0o755, b"genuine".to_vec()).write(&"test/x:1".parse()?, &archive)?;
    let mut bytes = fs::read(&archive)?;
    let at = bytes.windows(7).position(|window| window == b"genuine").ok_or("no content")?;
    bytes[at..at + 7].copy_from_slice(b"forgery");
    fs::write(&archive, bytes)?;
    let store = Store::open(folder.path().join("images"))?;
    assert!(matches!(store.load(&archive), Err(ImageError::Digest { .. })));
    assert_eq!(store.list()?, []);
    Ok(())
}

#[test]
fn sources_are_layouts_packed_archives_and_docker_archives() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let text = |path: PathBuf| path.display().to_string();
    Build::default().file("/a", 0o755, b"x".to_vec()).write(&"test/x:1".parse()?, &at("image.tar"))?;
    // A folder of an archive's files is a layout.
    fs::create_dir(at("layout"))?;
    run("tar", &["-xf", &text(at("image.tar")), "-C", &text(at("layout"))])?;
    run("tar", &["-czf", &text(at("packed.tgz")), "-C", &text(at("layout")), "."])?;
    // What `docker save` wrote before it knew layouts.
    fs::create_dir_all(at("saved/layer"))?;
    run("tar", &["-cf", &text(at("saved/layer/layer.tar")), "-C", &text(at("layout")), "oci-layout"])?;
    fs::write(at("saved/c.json"), r#"{"config":{"Cmd":["/a"]}}"#)?;
    fs::write(
        at("saved/manifest.json"),
        r#"[{"Config":"c.json","RepoTags":["test/x:1"],"Layers":["layer/layer.tar"]}]"#,
    )?;
    run("tar", &["-cf", &text(at("saved.tar")), "-C", &text(at("saved")), "."])?;
    for source in ["layout", "image.tar", "packed.tgz", "saved.tar"] {
        let store = Store::open(at(&format!("store of {source}")))?;
        store.load(&at(source)).map_err(|error| format!("{source}: {error}"))?;
        let image = store.resolve(&"test/x:1".parse()?)?;
        assert_eq!(image.layers.len(), 1, "{source}");
        unpack::tree(&store, &image, init())?;
    }
    assert!(matches!(
        Store::open(at("none"))?.load(&at("saved/layer/layer.tar")),
        Err(ImageError::Source { .. })
    ));
    Ok(())
}

fn run(program: &str, arguments: &[&str]) -> Outcome {
    let status = Program::new(program).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}

#[test]
fn no_layer_leaves_its_root() -> Outcome {
    let folder = tempfile::tempdir()?;
    let outside = folder.path().join("outside");
    fs::create_dir(&outside)?;
    fs::write(outside.join("secret"), "kept")?;
    let up = |target: &Path| {
        Path::new("../../../../../../../../../..").join(target.strip_prefix("/").unwrap_or(target))
    };
    for (number, target) in
        [outside.clone(), up(&outside), PathBuf::from("/proc/self/cwd"), PathBuf::from("..")]
            .into_iter()
            .enumerate()
    {
        let name: Reference = format!("test/escape:{number}").parse()?;
        let archive = folder.path().join("image.tar");
        let mut build = Build::default().file("/way/evil", 0o644, b"evil".to_vec());
        build.files.insert("/way".into(), Content::Link { target: target.clone() });
        build.write(&name, &archive)?;
        let store = Store::open(folder.path().join(format!("images-{number}")))?;
        store.load(&archive)?;
        // It is refused, or lands inside: the link leads nowhere else.
        let unpacked = unpack::tree(&store, &store.resolve(&name)?, init());
        assert_eq!(fs::read_dir(&outside)?.count(), 1, "{}: {unpacked:?}", target.display());
        assert!(!Path::new("evil").exists() && !folder.path().join("evil").exists(), "{}", target.display());
        if target == Path::new("..") {
            assert_eq!(fs::read(unpacked?.path.join("evil"))?, b"evil");
        }
    }
    Ok(())
}
