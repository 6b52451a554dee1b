//! The living examples in `manifests/`: our parser takes them without a warning, and so does a JSON Schema validator of
//! another making with the committed schemas.

use std::path::{Path, PathBuf};

use super::{Outcome, given};
use crate::manifest::{Kind, Severity, Source, Values, read};

const COMMENT: &str = "# yaml-language-server: $schema=../../schemas/acitask.schema.json";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

/// The folders of examples, each a project of its own, with their environments.
const EXAMPLES: [(&str, &[&str]); 8] = [
    ("quickstart", &[]),
    ("volumes", &[]),
    ("private-network", &[]),
    ("registry", &[]),
    ("probes", &[]),
    ("nightly", &[]),
    ("array", &[]),
    ("environments", &["test", "production"]),
];

#[test]
fn our_parser_takes_every_example() -> Outcome {
    let values: Values = ["ENDPOINT_URL"].map(|name| (name.to_owned(), given("https://example.com"))).into();
    for (name, environments) in EXAMPLES {
        let mut sources = vec![];
        for path in files(&root().join("manifests").join(name))? {
            let text = std::fs::read_to_string(&path)?;
            assert!(text.starts_with(COMMENT), "{} has no comment for editors", path.display());
            sources.push(Source { name: path.display().to_string(), text });
        }
        let environments: Vec<Option<&str>> = if environments.is_empty() {
            vec![None]
        } else {
            environments.iter().copied().map(Some).collect()
        };
        for environment in environments {
            let draft = read(sources.clone()).in_environment(environment);
            let resolved = draft.resolve(&values, &|name| Err(name.to_owned()), true);
            let resolved = resolved.map_err(|rejected| format!("{name}: {rejected:#?}"))?;
            let graver: Vec<_> =
                resolved.warnings.iter().filter(|each| each.rule().severity() != Severity::Note).collect();
            assert!(graver.is_empty(), "{name}: {graver:#?}");
        }
    }
    let folders = std::fs::read_dir(root().join("manifests"))?.count();
    assert_eq!(folders, EXAMPLES.len(), "a folder of manifests/ is not in the table");
    Ok(())
}

#[test]
fn another_validator_takes_every_example() -> Outcome {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let mut compile = |name: &str| -> Result<boon::SchemaIndex, Box<dyn std::error::Error>> {
        let path = root().join("schemas").join(name);
        let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        let url = format!("http://schemas.example/{name}");
        compiler.add_resource(&url, schema).map_err(|error| error.to_string())?;
        compiler.compile(&url, &mut schemas).map_err(|error| error.to_string().into())
    };
    let any = compile("acitask.schema.json")?;
    let mut of_kind = vec![];
    for kind in Kind::ALL {
        let name = match kind {
            Kind::Project => "project.schema.json",
            Kind::ResourceGroup => "resource-group.schema.json",
            Kind::ContainerGroup => "container-group.schema.json",
            Kind::TaskRun => "task-run.schema.json",
            Kind::Environment => "environment.schema.json",
        };
        of_kind.push((kind.as_str(), compile(name)?));
    }
    let mut count = 0;
    for (name, _) in EXAMPLES {
        for path in files(&root().join("manifests").join(name))? {
            let text = std::fs::read_to_string(&path)?;
            for document in serde_yaml::Deserializer::from_str(&text) {
                let mut value: serde_yaml::Value = serde::Deserialize::deserialize(document)?;
                value.apply_merge()?;
                let json = serde_json::to_value(&value)?;
                let own = of_kind.iter().find(|(kind, _)| json["kind"] == **kind).ok_or("an unknown kind")?.1;
                for schema in [any, own] {
                    let outcome = schemas.validate(&json, schema);
                    assert!(
                        outcome.is_ok(),
                        "{}: {}",
                        path.display(),
                        outcome.err().map(|e| e.to_string()).unwrap_or_default()
                    );
                }
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} documents");
    Ok(())
}
