"""The Python SDK's whole round trip against the emulator: clients as they are, their policies untouched.

What to trust, where to go and who to be are in the environment, as `acitask emulator env sdk` prints them; SINK_URL is
where tasks post. Ends with `N passed, M failed`, and with 1 where something failed.
"""

import os
import sys
import time
import traceback

import websocket
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.containerinstance import ContainerInstanceManagementClient
from azure.mgmt.containerinstance.models import (
    Container,
    ContainerExecRequest,
    ContainerExecRequestTerminalSize,
    ContainerGroup,
    EnvironmentVariable,
    Resource,
    ResourceRequests,
    ResourceRequirements,
)
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource, ResourceGroup, ResourceGroupPatchable

ENDPOINT = os.environ["ARM_ENDPOINT"]
SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
TRUSTED = os.environ["REQUESTS_CA_BUNDLE"]
SINK = os.environ["SINK_URL"]

passed, failed = [], []


def check(what, so, seen=""):
    (passed if so else failed).append(what)
    print(f"{'ok  ' if so else 'FAIL'} {what}" + ("" if so else f": {seen!r}"), flush=True)


def refused(what, status, code, call):
    """The call is refused with this status and code."""
    try:
        seen = call()
    except HttpResponseError as error:
        seen = (error.status_code, error.error.code if error.error else None)
        check(what, seen == (status, code), (seen, str(error)))
    else:
        check(what, False, seen)


def credential(secret):
    return ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"],
        os.environ["AZURE_CLIENT_ID"],
        secret,
        authority=os.environ["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
    )


def group(image, policy="Always", memory=1.0, variables=()):
    requests = ResourceRequests(cpu=1.0, memory_in_gb=memory)
    container = Container(
        name="main",
        image=image,
        resources=ResourceRequirements(requests=requests),
        environment_variables=[EnvironmentVariable(name=name, value=value) for name, value in variables],
    )
    return ContainerGroup(location="eastus", os_type="Linux", restart_policy=policy, containers=[container])


def stream(answer, until=b"", seconds=20):
    """What a websocket of the service tells, until it closes or that was told."""
    socket = websocket.create_connection(
        answer.web_socket_uri, sslopt={"ca_certs": TRUSTED}, timeout=seconds
    )
    socket.send(answer.password)
    told = b""
    while not (until and until in told):
        kind, data = socket.recv_data()
        if kind not in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
            break
        told += data
    socket.close()
    return told


def state(found):
    view = found.containers[0].instance_view
    return view.current_state.state if view and view.current_state else None


def main():
    own = credential(os.environ["AZURE_CLIENT_SECRET"])
    settings = {"base_url": ENDPOINT, "credential_scopes": [f"{ENDPOINT}/.default"], "polling_interval": 1}
    aci = ContainerInstanceManagementClient(own, SUBSCRIPTION, **settings)
    arm = ResourceManagementClient(own, SUBSCRIPTION, **settings)
    groups = aci.container_groups

    # Who may ask.
    try:
        credential("guess").get_token(f"{ENDPOINT}/.default")
        check("a wrong secret gets no token", False)
    except ClientAuthenticationError as error:
        check("a wrong secret gets no token", "AADSTS7000215" in str(error), str(error))

    # Resource groups.
    made = arm.resource_groups.create_or_update("py", ResourceGroup(location="eastus", tags={"a": "1"}))
    check("resource group made", made.properties.provisioning_state == "Succeeded", made)
    check("resource group exists", arm.resource_groups.check_existence("py"))
    check("resource group listed", "py" in [it.name for it in arm.resource_groups.list()])
    changed = arm.resource_groups.update("py", ResourceGroupPatchable(tags={"b": "2"}))
    check("resource group tagged", changed.tags == {"b": "2"}, changed.tags)

    # A container that stays.
    made = groups.begin_create_or_update("py", "strong", group("acitask/strong:1")).result()
    check("group made", made.provisioning_state == "Succeeded", made.provisioning_state)
    found = groups.get("py", "strong")
    check("container runs", state(found) == "Running", state(found))
    check("group listed", [it.name for it in groups.list_by_resource_group("py")] == ["strong"])
    check("group listed in the subscription", "strong" in [it.name for it in groups.list()])
    tagged = groups.update("py", "strong", Resource(location="eastus", tags={"team": "blue"}))
    check("group tagged", tagged.tags == {"team": "blue"}, tagged.tags)
    logs = aci.containers.list_logs("py", "strong", "main", tail=10, timestamps=True)
    check("logs read", isinstance(logs.content, str), logs)
    size = ContainerExecRequestTerminalSize(rows=24, cols=80)
    request = ContainerExecRequest(command="/strong_task/post --help", terminal_size=size)
    answer = aci.containers.execute_command("py", "strong", "main", request)
    check("exec goes to wss", answer.web_socket_uri.startswith("wss://"), answer.web_socket_uri)
    told = stream(answer)
    check("exec tells what the command prints", b"posts a JSON body" in told, told)
    command = f"/strong_task/post --name dog --url {SINK}"
    request = ContainerExecRequest(command=command, terminal_size=size)
    told = stream(aci.containers.execute_command("py", "strong", "main", request))
    check("exec reaches the sink", b"status: 200" in told, told)

    # A container that ends.
    task = group("acitask/weak:1", "Never", variables=[("ENDPOINT_URL", SINK), ("NAME", "cat")])
    groups.begin_create_or_update("py", "weak", task).result()
    for _ in range(60):
        found = groups.get("py", "weak")
        if found.instance_view.state == "Succeeded":
            break
        time.sleep(0.5)
    check("task ends", found.instance_view.state == "Succeeded", found.instance_view.state)
    ended = found.containers[0].instance_view.current_state
    check("task ends with 0", (ended.state, ended.exit_code) == ("Terminated", 0), ended)
    logs = aci.containers.list_logs("py", "weak", "main")
    check("task told what it did", "status: 200" in logs.content, logs.content)
    told = stream(aci.containers.attach("py", "weak", "main"))
    check("attach tells the same", b"status: 200" in told, told)

    # What is refused.
    refused(
        "a change of memory",
        400,
        "InvalidContainerGroupUpdate",
        lambda: groups.begin_create_or_update("py", "strong", group("acitask/strong:1", memory=2.0)).result(),
    )
    refused(
        "an image that nobody has",
        400,
        "InaccessibleImage",
        lambda: groups.begin_create_or_update("py", "none", group("acitask/none:1")).result(),
    )
    refused("a group that is not", 404, "ResourceNotFound", lambda: groups.get("py", "none"))
    refused("a resource group that is not", 404, "ResourceGroupNotFound", lambda: groups.get("no", "none"))
    try:
        groups.get("py", "none")
    except ResourceNotFoundError:
        check("404 is ResourceNotFoundError", True)

    # Power.
    groups.stop("py", "strong")
    found = groups.get("py", "strong")
    check("stopped", found.instance_view.state == "Stopped", found.instance_view.state)
    refused(
        "an exec in a stopped group",
        409,
        "ContainerGroupStopped",
        lambda: aci.containers.execute_command("py", "strong", "main", request),
    )
    groups.begin_start("py", "strong").result()
    check("started", state(groups.get("py", "strong")) == "Running")
    groups.begin_restart("py", "strong").result()
    check("restarted", groups.get("py", "strong").provisioning_state == "Succeeded")

    # What a region has.
    check("usage", "ContainerGroups" in [it.name.value for it in aci.location.list_usage("eastus")])
    check("capabilities", len(list(aci.location.list_capabilities("eastus"))) > 0)
    check("cached images", len(list(aci.location.list_cached_images("eastus"))) > 0)

    # A resource of somebody else's.
    other = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/py/providers/Microsoft.Network/virtualNetworks/net"
    body = GenericResource(location="eastus", properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
    arm.resources.begin_create_or_update_by_id(other, body, api_version="2024-05-01").result()
    found = arm.resources.get_by_id(other, api_version="2024-05-01")
    check("a generic resource is kept", found.properties["addressSpace"]["addressPrefixes"] == ["10.0.0.0/16"])
    listed = sorted(it.name for it in arm.resources.list_by_resource_group("py"))
    check("resources listed", listed == ["net", "strong", "weak"], listed)
    arm.resources.begin_delete_by_id(other, api_version="2024-05-01").result()
    refused(
        "a generic resource is gone",
        404,
        "ResourceNotFound",
        lambda: arm.resources.get_by_id(other, api_version="2024-05-01"),
    )

    # The end.
    groups.begin_delete("py", "strong").result()
    refused("a deleted group is gone", 404, "ResourceNotFound", lambda: groups.get("py", "strong"))
    arm.resource_groups.begin_delete("py").result()
    check("a deleted resource group is gone", not arm.resource_groups.check_existence("py"))
    check("and its groups with it", [it.name for it in groups.list() if "/py/" in it.id] == [])


if __name__ == "__main__":
    try:
        main()
    except Exception:
        traceback.print_exc()
        failed.append("the round trip broke off")
    print(f"{len(passed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
