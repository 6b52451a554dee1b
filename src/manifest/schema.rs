//! The JSON Schemas of the manifest language, made from the structs of [`super::kind`].
//!
//! Draft-07, because editors know it best. A manifest's schema is chosen by its `kind` with `if`/`then`, so that a
//! validator speaks of the chosen kind only. Enumerations are lists of words, and `null` is never a value.

mod samples;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::kind::container_group::ContainerGroupManifest;
use super::kind::environment::EnvironmentManifest;
use super::kind::project::ProjectManifest;
use super::kind::resource_group::ResourceGroupManifest;
use super::kind::task_run::TaskRunManifest;
use super::kind::{API_VERSION, Kind};
use crate::model::effect::Field;

/// The schema of any manifest.
pub fn manifest() -> Value {
    let mut generator = generator();
    let branches: Vec<Value> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let schema = subschema(&mut generator, kind);
            json!({
                "if": {"properties": {"kind": {"const": kind.as_str()}}, "required": ["kind"]},
                "then": schema,
            })
        })
        .collect();
    let kinds: Vec<_> = Kind::ALL.into_iter().map(Kind::as_str).collect();
    let definitions = generator.take_definitions(true);
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "acitask manifest",
        "description": "A manifest of acitask: a Project, a ResourceGroup, a ContainerGroup, a TaskRun or an Environment.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"type": "string", "enum": kinds}},
        "allOf": branches,
        "definitions": definitions,
    });
    tell_effects(&mut schema);
    samples::tell(&mut schema);
    schema
}

/// The schema of the manifests of a kind.
pub fn of(kind: Kind) -> Value {
    let schema = match kind {
        Kind::Project => root::<ProjectManifest>(),
        Kind::ResourceGroup => root::<ResourceGroupManifest>(),
        Kind::ContainerGroup => root::<ContainerGroupManifest>(),
        Kind::TaskRun => root::<TaskRunManifest>(),
        Kind::Environment => root::<EnvironmentManifest>(),
    };
    let mut schema = schema.to_value();
    tell_effects(&mut schema);
    samples::tell(&mut schema);
    schema
}

/// Says of each field what changing it does to a running group.
fn tell_effects(schema: &mut Value) {
    for field in Field::ALL {
        let mut at = "ContainerGroupSpec".to_owned();
        let steps: Vec<&str> = field.path().split('.').collect();
        for (place, step) in steps.iter().enumerate() {
            let key = step.trim_end_matches("[]");
            let path = format!("/definitions/{at}/properties/{key}");
            let Some(property) = schema.pointer_mut(&path) else { break };
            if place + 1 == steps.len() {
                tell_effect(property, field);
            } else if let Some(next) = definition(property) {
                at = next;
            } else {
                break;
            }
        }
    }
}

fn tell_effect(property: &mut Value, field: Field) {
    let effect = field.effect();
    let description = property["description"].as_str().unwrap_or_default();
    property["description"] = format!("{description} When it changes, {}.", effect.says()).into();
    property["x-acitask-effect"] = effect.to_string().into();
}

/// The definition that a property refers to.
fn definition(property: &Value) -> Option<String> {
    let reference = [&property["$ref"], &property["items"]["$ref"], &property["allOf"][0]["$ref"]];
    let name = reference.into_iter().find_map(Value::as_str)?;
    name.rsplit('/').next().map(str::to_owned)
}

/// Every schema with the name of its file, as they stand in `schemas/`.
pub fn files() -> Vec<(&'static str, String)> {
    let name = |kind| match kind {
        Kind::Project => "project.schema.json",
        Kind::ResourceGroup => "resource-group.schema.json",
        Kind::ContainerGroup => "container-group.schema.json",
        Kind::TaskRun => "task-run.schema.json",
        Kind::Environment => "environment.schema.json",
    };
    let mut files = vec![("acitask.schema.json", manifest())];
    files.extend(Kind::ALL.into_iter().map(|kind| (name(kind), of(kind))));
    files.into_iter().map(|(name, schema)| (name, format!("{schema:#}\n"))).collect()
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft07().with_transform(Plain).into_generator()
}

fn root<T: JsonSchema>() -> Schema {
    generator().into_root_schema_for::<T>()
}

fn subschema(generator: &mut SchemaGenerator, kind: Kind) -> Schema {
    match kind {
        Kind::Project => generator.subschema_for::<ProjectManifest>(),
        Kind::ResourceGroup => generator.subschema_for::<ResourceGroupManifest>(),
        Kind::ContainerGroup => generator.subschema_for::<ContainerGroupManifest>(),
        Kind::TaskRun => generator.subschema_for::<TaskRunManifest>(),
        Kind::Environment => generator.subschema_for::<EnvironmentManifest>(),
    }
}

/// Makes schemas plain: optional means absent and never null, and a choice of words is an `enum`.
#[derive(Clone, Debug)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        drop_null(schema);
        list_words(schema);
    }
}

fn drop_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|each| each != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|each| *each != json!({"type": "null"}));
        if let [only] = &choices[..] {
            // A description beside a `$ref` is lost in draft-07, so the reference moves into an `allOf`.
            let only = only.clone();
            schema.remove("anyOf");
            schema.insert("allOf".into(), json!([only]));
        }
    }
}

fn list_words(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let constant = |choice: &Value| choice.get("const").cloned();
    let Some(words) = choices.iter().map(constant).collect::<Option<Vec<_>>>() else { return };
    let description = |choice: &Value| choice.get("description").cloned().unwrap_or_default();
    let descriptions: Vec<_> = choices.iter().map(description).collect();
    schema.remove("oneOf");
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), words.into());
    schema.insert("enumDescriptions".into(), descriptions.into());
}
