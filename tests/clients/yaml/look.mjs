// What an editor shows: the YAML language server, started as editors start it and spoken to over its standard streams,
// opens manifests whose first line names the schema in schemas/.
//
//   node look.mjs FOLDER    FOLDER is the repository. Ends with `N passed, M failed`, and with 1 where something failed.

import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(process.argv[2] ?? ".");
const program = join(createRequire(import.meta.url).resolve("yaml-language-server/package.json"), "../bin/yaml-language-server");
const server = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const answers = new Map();
const findings = new Map();
let asked = 0;
let passed = 0;
let failed = 0;

function check(what, so, seen) {
    so ? passed++ : failed++;
    console.log(`${so ? "ok  " : "FAIL"} ${what}${so ? "" : `: ${JSON.stringify(seen)}`}`);
}

// The Language Server Protocol's frames: a header with the length in bytes, and JSON.
function send(message) {
    const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    server.stdin.write(`Content-Length: ${text.length}\r\n\r\n`);
    server.stdin.write(text);
}

function ask(method, params) {
    const id = ++asked;
    return new Promise((done) => {
        answers.set(id, done);
        send({ id, method, params });
    });
}

function take(message) {
    if (message.method === "textDocument/publishDiagnostics") {
        findings.get(message.params.uri)?.(message.params.diagnostics);
    } else if (message.method && message.id !== undefined) {
        // It asks for the settings of an editor: ours has none, and forbids the network's catalogue of schemas.
        const settings = { validate: true, completion: true, hover: true, schemaStore: { enable: false } };
        const section = ({ section }) => (section === "yaml" ? settings : {});
        send({ id: message.id, result: message.params?.items?.map(section) ?? null });
    } else if (answers.has(message.id)) {
        answers.get(message.id)(message.result);
    }
}

let read = Buffer.alloc(0);
server.stdout.on("data", (bytes) => {
    read = Buffer.concat([read, bytes]);
    for (;;) {
        const head = read.indexOf("\r\n\r\n");
        const length = head < 0 ? NaN : Number(/Content-Length: (\d+)/i.exec(read.subarray(0, head).toString())[1]);
        if (!(read.length >= head + 4 + length)) return;
        const text = read.subarray(head + 4, head + 4 + length).toString();
        read = read.subarray(head + 4 + length);
        take(JSON.parse(text));
    }
});

// What it finds in a text that is open as a file beside the quickstart's.
function open(name, text) {
    const uri = pathToFileURL(join(root, "manifests/quickstart", name)).href;
    return new Promise((done) => {
        findings.set(uri, (found) => done({ uri, found }));
        send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
    });
}

const told = (found) => found.map(({ range, message }) => `${range.start.line + 1}:${range.start.character + 1} ${message}`);
const HEAD = "# yaml-language-server: $schema=../../schemas/acitask.schema.json\napiVersion: acitask/v1\n";
const GROUP = `${HEAD}kind: ContainerGroup
metadata: {name: web}
spec:
  resourceGroup: home
  containers:
    - name: main
      image: "x:1"
      resources: {requests: {cpu: 1, memoryInGB: 1}}
`;

const late = setTimeout(() => {
    console.error("the language server does not answer");
    server.kill();
    process.exit(1);
}, 120_000);
await ask("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    capabilities: { textDocument: { publishDiagnostics: {} }, workspace: { configuration: true } },
});
send({ method: "initialized", params: {} });

for (const [what, text, expected] of [
    ["a good manifest has no findings", GROUP, []],
    ["a wrong field is shown at its line", `${GROUP}      imagee: y\n`, [/^11:7 .*imagee/]],
    ["a wrong word is shown with the right ones", `${GROUP}  restartPolicy: Allways\n`, [/^11:18 .*Always.*OnFailure.*Never/s]],
    ["a wrong type is shown", GROUP.replace("cpu: 1", "cpu: many"), [/^10:35 .*number/]],
    ["a missing field is shown", GROUP.replace("      image: \"x:1\"\n", ""), [/image/]],
    ["an unknown kind is shown", `${HEAD}kind: Pod\n`, [/^3:7 .*ContainerGroup/s]],
]) {
    const { found } = await open(`${what.replaceAll(" ", "-")}.yaml`, text);
    const lines = told(found);
    console.log(lines.map((line) => `     ${line.replaceAll("\n", " ")}`).join("\n"));
    const so = lines.length === expected.length && expected.every((each, at) => each.test(lines[at]));
    check(what, so, lines);
}
for (const name of ["project.yaml", "strong.yaml", "weak.yaml"]) {
    const { found } = await open(name, readFileSync(join(root, "manifests/quickstart", name), "utf8"));
    check(`the quickstart's ${name} has no findings`, found.length === 0, told(found));
}

const { uri } = await open("complete.yaml", `${GROUP}  \n`);
const at = { textDocument: { uri }, position: { line: 10, character: 2 } };
const { items } = await ask("textDocument/completion", at);
const labels = items.map(({ label }) => label);
console.log(`     completion in spec: ${labels.join(", ")}`);
check("completion in spec offers its fields", ["volumes", "ipAddress", "restartPolicy"].every((each) => labels.includes(each)), labels);
const hover = await ask("textDocument/hover", { textDocument: { uri }, position: { line: 5, character: 4 } });
check("a field under the pointer is described", JSON.stringify(hover?.contents ?? "").length > 40, hover);
console.log(`     hover: ${hover?.contents?.value?.replaceAll("\n", " ")}`);

await ask("shutdown");
send({ method: "exit" });
clearTimeout(late);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
