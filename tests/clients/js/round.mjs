// The JS SDK's whole round trip against the emulator: clients as they are, with NODE_EXTRA_CA_CERTS.
//
// Where to go and who to be are in the environment, as `acitask emulator env sdk` prints them; SINK_URL is where tasks
// post. Ends with `N passed, M failed`, and with 1 where something failed.

import { ContainerInstanceManagementClient } from "@azure/arm-containerinstance";
import { ResourceManagementClient } from "@azure/arm-resources";
import { ClientSecretCredential } from "@azure/identity";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const env = process.env;
const endpoint = env.ARM_ENDPOINT;
const subscription = env.AZURE_SUBSCRIPTION_ID;
const sink = env.SINK_URL;
let passed = 0;
let failed = 0;

function check(what, so, seen) {
  if (so) passed += 1;
  else failed += 1;
  console.log(`${so ? "ok  " : "FAIL"} ${what}${so ? "" : `: ${JSON.stringify(seen)}`}`);
}

async function refused(what, status, code, call) {
  try {
    check(what, false, await call());
  } catch (error) {
    check(what, error.statusCode === status && error.code === code, [error.statusCode, error.code, error.message]);
  }
}

async function all(pages) {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
}

function credential(secret) {
  return new ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, secret, {
    authorityHost: env.AZURE_AUTHORITY_HOST,
    disableInstanceDiscovery: true,
  });
}

function group(image, policy = "Always", memoryInGB = 1, variables = []) {
  const container = {
    name: "main",
    image,
    resources: { requests: { cpu: 1, memoryInGB } },
    environmentVariables: variables,
  };
  return { location: "eastus", osType: "Linux", restartPolicy: policy, containers: [container] };
}

/** What a websocket of the service tells until it closes. */
function stream({ webSocketUri, password }) {
  return new Promise((done, broken) => {
    const socket = new WebSocket(webSocketUri, { ca: readFileSync(env.NODE_EXTRA_CA_CERTS) });
    let told = "";
    socket.on("open", () => socket.send(password));
    socket.on("message", (data) => (told += data));
    socket.on("close", () => done(told));
    socket.on("error", broken);
  });
}

const state = (found) => found.containers[0].instanceView?.currentState?.state;

async function main() {
  const own = credential(env.AZURE_CLIENT_SECRET);
  const settings = { endpoint, credentialScopes: `${endpoint}/.default` };
  const aci = new ContainerInstanceManagementClient(own, subscription, settings);
  const arm = new ResourceManagementClient(own, subscription, settings);
  const groups = aci.containerGroups;
  const often = { updateIntervalInMs: 500 };

  // Who may ask.
  try {
    await credential("guess").getToken(`${endpoint}/.default`);
    check("a wrong secret gets no token", false);
  } catch (error) {
    check("a wrong secret gets no token", error.message.includes("AADSTS7000215"), error.message);
  }

  // Resource groups.
  const made = await arm.resourceGroups.createOrUpdate("js", { location: "eastus", tags: { a: "1" } });
  check("resource group made", made.properties.provisioningState === "Succeeded", made);
  const listed = await all(arm.resourceGroups.list());
  check("resource group listed", listed.some((it) => it.name === "js"));
  const changed = await arm.resourceGroups.update("js", { tags: { b: "2" } });
  check("resource group tagged", changed.tags.b === "2" && !changed.tags.a, changed.tags);

  // A container that stays.
  const strong = await groups.beginCreateOrUpdateAndWait("js", "strong", group("acitask/strong:1"), often);
  check("group made", strong.provisioningState === "Succeeded", strong.provisioningState);
  check("container runs", state(await groups.get("js", "strong")) === "Running");
  const names = (await all(groups.listByResourceGroup("js"))).map((it) => it.name);
  check("group listed", names.join() === "strong", names);
  const tagged = await groups.update("js", "strong", { location: "eastus", tags: { team: "blue" } });
  check("group tagged", tagged.tags.team === "blue", tagged.tags);
  const logs = await aci.containers.listLogs("js", "strong", "main", { tail: 10, timestamps: true });
  check("logs read", typeof logs.content === "string", logs);
  const exec = { command: "/strong_task/post --help", terminalSize: { rows: 24, cols: 80 } };
  const answer = await aci.containers.executeCommand("js", "strong", "main", exec);
  check("exec goes to wss", answer.webSocketUri.startsWith("wss://"), answer.webSocketUri);
  const told = await stream(answer);
  check("exec tells what the command prints", told.includes("posts a JSON body"), told);

  // A container that ends.
  const variables = [{ name: "ENDPOINT_URL", value: sink }, { name: "NAME", value: "cat" }];
  await groups.beginCreateOrUpdateAndWait("js", "weak", group("acitask/weak:1", "Never", 1, variables), often);
  let weak;
  for (let tries = 0; tries < 60; tries += 1) {
    weak = await groups.get("js", "weak");
    if (weak.instanceView.state === "Succeeded") break;
    await sleep(500);
  }
  check("task ends", weak.instanceView.state === "Succeeded", weak.instanceView);
  const output = await aci.containers.listLogs("js", "weak", "main");
  check("task told what it did", output.content.includes("status: 200"), output);
  const attached = await stream(await aci.containers.attach("js", "weak", "main"));
  check("attach tells the same", attached.includes("status: 200"), attached);

  // What is refused.
  await refused("a change of memory", 400, "InvalidContainerGroupUpdate", () =>
    groups.beginCreateOrUpdateAndWait("js", "strong", group("acitask/strong:1", "Always", 2), often));
  await refused("an image that nobody has", 400, "InaccessibleImage", () =>
    groups.beginCreateOrUpdateAndWait("js", "none", group("acitask/none:1"), often));
  await refused("a group that is not", 404, "ResourceNotFound", () => groups.get("js", "none"));
  await refused("a resource group that is not", 404, "ResourceGroupNotFound", () => groups.get("no", "none"));

  // Power.
  await groups.stop("js", "strong");
  check("stopped", (await groups.get("js", "strong")).instanceView.state === "Stopped");
  await refused("an exec in a stopped group", 409, "ContainerGroupStopped", () =>
    aci.containers.executeCommand("js", "strong", "main", exec));
  await groups.beginStartAndWait("js", "strong", often);
  check("started", state(await groups.get("js", "strong")) === "Running");
  await groups.beginRestartAndWait("js", "strong", often);
  check("restarted", (await groups.get("js", "strong")).provisioningState === "Succeeded");

  // What a region has.
  check("usage", (await all(aci.location.listUsage("eastus"))).length > 0);
  check("capabilities", (await all(aci.location.listCapabilities("eastus"))).length > 0);

  // A resource of somebody else's.
  const other = `/subscriptions/${subscription}/resourceGroups/js/providers/Microsoft.Network/virtualNetworks/net`;
  await arm.resources.beginCreateOrUpdateByIdAndWait(other, "2024-05-01", { location: "eastus", properties: { a: 1 } }, often);
  const kept = await arm.resources.getById(other, "2024-05-01");
  check("a generic resource is kept", kept.properties.a === 1, kept);
  await arm.resources.beginDeleteByIdAndWait(other, "2024-05-01", often);
  await refused("a generic resource is gone", 404, "ResourceNotFound", () => arm.resources.getById(other, "2024-05-01"));

  // The end.
  await groups.beginDeleteAndWait("js", "strong", often);
  await refused("a deleted group is gone", 404, "ResourceNotFound", () => groups.get("js", "strong"));
  await arm.resourceGroups.beginDeleteAndWait("js", often);
  await refused("a deleted resource group is gone", 404, "ResourceGroupNotFound", () => arm.resourceGroups.get("js"));
}

try {
  await main();
} catch (error) {
  check("the round trip broke off", false, `${error.stack}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
