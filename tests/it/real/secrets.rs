//! A secret value, a token or the emulator's own secret is never shown, at no level of logging, and is in no log.

use std::fs;

use super::site::Site;

/// A value that must be seen nowhere but in the container.
const CANARY: &str = "canary-7f3a-yellow";

const PROJECT: &str = "\
apiVersion: acitask/v1
kind: Project
metadata: {name: mine}
spec:
  location: westeurope
  variables: {API_TOKEN: {secret: true}}
---
apiVersion: acitask/v1
kind: ResourceGroup
metadata: {name: coal}
spec: {}
---
apiVersion: acitask/v1
kind: ContainerGroup
metadata: {name: shaft}
spec:
  resourceGroup: coal
  restartPolicy: Always
  containers:
    - name: shaft
      image: acitask/strong:1
      resources: {requests: {cpu: 1, memoryInGB: 1}}
      environmentVariables:
        - {name: API_TOKEN, secureValue: {fromVariable: API_TOKEN}}
---
apiVersion: acitask/v1
kind: TaskRun
metadata: {name: dig}
spec:
  type: strong
  containerGroup: shaft
  command: [/strong_task/post, --timeout, 1s, --retries, \"0\", --url, \"http://127.0.0.1:9/\"]
  environmentVariables:
    - {name: API_TOKEN, secureValue: {fromVariable: API_TOKEN}}
";

#[test]
fn no_secret_is_shown_at_any_level_or_kept_in_a_log() {
    let site = Site::with_images();
    site.write("project.yaml", PROJECT);
    let canary = ("ACITASK_SECRET_API_TOKEN", CANARY);
    site.bare(&["emulator", "start"], &[("ACITASK_LOG", "trace")]).ends(0);
    let own = fs::read_to_string(site.state().join("secret")).unwrap();
    let mut said = Vec::new();
    for level in
        ["trace", "azure_core::policies=trace", "azure_core=trace,typespec=trace,reqwest=trace,hyper=trace"]
    {
        for verb in [
            &["-vv", "plan"][..],
            &["-vv", "apply", "--auto-approve"],
            &["-vv", "run", "dig"],
            &["-vv", "status"],
            &["-vv", "logs", "shaft"],
            &["-vv", "exec", "shaft", "--", "/strong_task/post", "--no-such-option"],
        ] {
            let run = site.acitask_with(verb, &[canary, ("RUST_LOG", level), ("ACITASK_LOG", level)]);
            said.push((format!("{level}: {verb:?}"), run.all()));
        }
    }
    let requests = site.bare(&["emulator", "requests"], &[]).ends(0);
    assert!(requests.stdout.contains("containerGroups/shaft"), "{}", requests.all());
    said.push(("the emulator's journal".to_owned(), requests.all()));
    let log = site.state().join("emulator.log");
    said.push(("the emulator's log".to_owned(), fs::read_to_string(log).unwrap()));
    site.bare(&["emulator", "stop"], &[]).ends(0);

    // The logging that was asked for is there, or nothing of it could tell a secret.
    let logged = |text: &str| ["TRACE", "hyper"].iter().all(|word| text.contains(word));
    assert!(said.iter().any(|(_, text)| logged(text)), "nothing was logged");
    // A token is a JSON web token, whose header always begins like this.
    for secret in [CANARY, own.trim(), "eyJ"] {
        for (whence, text) in &said {
            assert!(!text.contains(secret), "{whence} tells {secret}:\n{text}");
        }
    }
}
