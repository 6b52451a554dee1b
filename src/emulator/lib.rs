//! An embedded Azure Resource Manager and Azure Container Instances that speaks the real protocol and really runs the containers.
//!
//! It is a witness, not an accomplice: it shares no type with the client, knows no storey of the house,
//! and is written from what the service was recorded to do.
//!
//! # Using it
//! - In memory: [`Emulator::open`] with [`Options::state`](options::Options::state) none, then
//!   [`Emulator::router`] as the transport and [`Emulator::token`] as the credential. Under paused tokio time with the
//!   simulated runtime, minutes cost nothing and dates are fixed by [`Options::start`](options::Options::start).
//! - As a server: [`home::Home::open`] on the state folder, [`serve::Sockets::of`] that, then [`serve::serve`] until a
//!   token is cancelled or a client posts `/_emulator/stop`. It serves http and https; clients trust the authority in
//!   [`pki::Pki::authority_file`]. Clients find it by [`home::Home::running`], and ask
//!   `POST /{tenant}/oauth2/v2.0/token` for a bearer token with [`home::Home::secret`] as the client secret.
//!
//! # Routes beside ARM's
//! | route | what | bearer token |
//! | --- | --- | --- |
//! | `GET /healthz` | 200 and no body as long as it serves | no |
//! | `GET /_emulator/health` | `{"build", "containerGroups": {"Running": n}, "faults": {"standing", "fired"}, "pid", "ports", "recovered", "requests", "runtime": {"name", "why"}, "time", "timeMode"}`, [`Recovered`] | no |
//! | `GET /_emulator/requests?since=n` | `{"last", "requests": […]}`, [`journal::Entry`] each | no |
//! | `GET /_emulator/sink`, `GET /sink` | `{"posts": […]}`, [`sink::Post`] each | no |
//! | `POST /sink`, `/sink/…` | takes a JSON body, answers `{"received": n}` | no |
//! | `POST /_emulator/reset` | empties the world and the sink, ends all containers | yes |
//! | `POST /_emulator/stop` | ends the server gracefully; answers before | yes |
//! | `POST /_emulator/advance` | `{"by": "90s"}` moves an explicit clock and answers `{"time"}` when everything due has happened; 409 `TimeIsReal` where time is real | yes |
//! | `GET`, `POST`, `DELETE /_emulator/faults` | `{"faults": […]}`, [`fault::Listed`] each; POST takes a script ([`fault`]) and answers `{"ids"}`, or 400 with all mistakes; DELETE takes all away | POST, DELETE |
//! | `DELETE /_emulator/faults/{id}` | takes one away | yes |
//! | `GET`, `PUT /_emulator/snapshot` | the whole world as a [`Snapshot`], secrets included; PUT puts one in the place of this world | yes |
//! | `GET`, `PATCH /_emulator/switches` | `{"exec.split": "true", …}`; PATCH takes some of them | PATCH |
//! | `GET`, `PUT /_emulator/behaviours` | `{"behaviours": {"image": {…}}}`, [`Behaviour`](runtime::simulated::behaviour::Behaviour) each; PUT takes them all, simulated only | PUT |
//! | `GET /metadata/endpoints` | the cloud: where it gives tokens, and for whom | no |
//! | `GET /{tenant}/v2.0/.well-known/openid-configuration` | the tenant's token endpoint; also without `v2.0` | no |
//! | `GET /{tenant}/discovery/v2.0/keys` | no keys: tokens are signed under the emulator's secret | no |
//! | `POST /{tenant}/oauth2/v2.0/token` | a bearer token for a client id and the emulator's secret | no |
//!
//! Every route, and ARM's, is answered to a `Host` that names this machine's loopback, and to no page of another
//! `Origin`; the same on both ports. The routes of this table are never faulted and never in the journal.
//!
//! # Time
//! Real, or explicit ([`Time`]): then the world's clock and the simulated runtime stand still until
//! [`Emulator::advance`], and what is due on the way happens in order. What really runs cannot stand still, so explicit
//! time is refused for other runtimes. Tokens and the journal go by a clock that never stands.
//!
//! # Who can reach it
//! Programs of this machine, by a loopback name; a page of another origin cannot ([`Reach`]). Where
//! other machines are let in, they name an address, never a name, which anybody's DNS could point here.
//!
//! # Bounds
//! A path with its query has 16 KiB at most (414), all headers 64 KiB and 200 (431), a body 4 MiB (413; control routes
//! less, a snapshot 512 MiB) and 60 s to come (408), a head 120 s; 1024 connections are open at a time, others wait.
//! A handler that panics answers 500.
//!
//! # What is imitated
//! `{subscription}` is `/subscriptions/{id}`, `{resource group}` a group in it; `{resource}` is any resource of a provider that the
//! emulator does not know, which is kept and does nothing; `{group}` is a container group.
//! Quotas and rates are counted and told in headers, and refused where the switch `quota.enforced` is on; a subscription
//! is registered with every provider unless the switch `provider.registered` is off.
//!
//! | methods | path | answer |
//! | --- | --- | --- |
//! | `GET` | `/tenants`, `/subscriptions`, `{subscription}` | one tenant, any subscription |
//! | `GET` | `{subscription}/locations` | the regions of Azure |
//! | `GET` | `{subscription}/providers`, `{subscription}/providers/Microsoft.ContainerInstance` | with types, versions and the registration |
//! | `POST` | `{subscription}/providers/Microsoft.ContainerInstance/register`, `{subscription}/providers/Microsoft.ContainerInstance/unregister` | takes two seconds |
//! | `GET` | `{subscription}/resources` | by `$filter`, in pages |
//! | `GET` | `/providers/Microsoft.ContainerInstance/operations` | the provider's operations |
//! | `GET` | `{subscription}/resourceGroups` | all, by `$filter`, in pages |
//! | `PUT`, `GET`, `HEAD`, `PATCH`, `DELETE` | `{resource group}` | a deletion takes a second and everything with it |
//! | `GET` | `{resource group}/resources` | container groups and others, without properties, by `$filter` |
//! | `PUT`, `GET`, `HEAD`, `PATCH`, `DELETE` | `{resource}` | as it was sent |
//! | `GET`, `PUT`, `PATCH`, `DELETE` | `{group}/providers/Microsoft.Resources/tags/default` | Merge, Replace and Delete, with ARM's limits; on subscriptions, resource groups and resources too |
//! | `GET` | `{subscription}/providers/Microsoft.ContainerInstance/containerGroups` | without instance views |
//! | `GET` | `{resource group}/providers/Microsoft.ContainerInstance/containerGroups` | without instance views |
//! | `PUT`, `GET`, `HEAD`, `PATCH`, `DELETE` | `{group}` | the containers run |
//! | `POST` | `{group}/start`, `{group}/stop`, `{group}/restart` | as recorded |
//! | `GET` | `{group}/containers/main/logs` | `tail`, `timestamps`, the limits of size |
//! | `POST` | `{group}/containers/main/exec` | an address and a password |
//! | `POST` | `{group}/containers/main/attach` | an address and a password |
//! | `GET` | `/execstream/sessionId/{session}` | the terminal, over a websocket |
//! | `GET` | `/logstream/sessionId/{session}` | the output until it ends, over a websocket |
//! | `GET` | `{group}/outboundNetworkDependenciesEndpoints` | an empty list, as specified |
//! | `GET` | `{subscription}/providers/Microsoft.ContainerInstance/locations/westeurope/usages`, `{subscription}/providers/Microsoft.ContainerInstance/locations/westeurope/cachedImages`, `{subscription}/providers/Microsoft.ContainerInstance/locations/westeurope/capabilities` | what a region has |
//! | `GET` | `{subscription}/providers/Microsoft.ContainerInstance/locations/{place}/operations/{id}` | for `Azure-AsyncOperation` |
//! | `GET` | `{subscription}/providers/Microsoft.ContainerInstance/locations/{place}/operationResults/{id}` | for `Location` of a start, where `start.status` is 202 |
//! | `GET` | `{subscription}/operationresults/{id}` | for `Location` of a resource group's deletion |
//!
//! # What answers 501
//! Everything else, with the code `NotImplementedByEmulator` and its name in the message; of the service's own requests these:
//!
//! | methods | path | what |
//! | --- | --- | --- |
//! | `GET`, `PUT`, `PATCH`, `DELETE` | `{resource group}/providers/Microsoft.ContainerInstance/containerGroupProfiles/{name}` | profiles |
//! | `GET`, `PUT`, `PATCH`, `DELETE` | `{resource group}/providers/Microsoft.ContainerInstance/ngroups/{name}` | groups of groups |
//! | `GET`, `PUT`, `DELETE` | `{resource group}/providers/Microsoft.Authorization/locks/{name}` | locks; their refusals come by fault scripts |
//! | `GET`, `PUT`, `DELETE` | `{resource group}/providers/Microsoft.Resources/deployments/{name}` | deployments |
//! | `POST` | `{resource group}/exportTemplate`, `{resource group}/moveResources` | templates and moves |
//! | `GET` | `{subscription}/tagNames`, `/providers` | ARM's older lists |
//!
//! # What a container group cannot have
//! A PUT that asks for one of these is answered 501, with the property in the message. `properties.osType` `Windows` is
//! answered so where the runtime runs real containers, which are Linux's; the simulated runtime takes it. Properties that
//! the API of 2025-09-01 does not know are kept and shown as they were sent, as versions to come will have more of them;
//! with the switch `put.unknown-properties` at `refuse` they are answered 501 too.
//!
//! | property | for example |
//! | --- | --- |
//! | `extendedLocation` | `{"name": "edge"}` |
//! | `properties.networkProfile` | `{"id": "p"}` |
//!
//! # What a container group has as data only
//! These are checked, kept and shown as the service does, but nothing follows from them here: there is no Entra ID, no
//! virtual network, no workspace, no vault, no profile, no standby pool and no second machine: a group is what its body says. References to secrets resolve to what the switch
//! `secret-reference.value` says. Of a security context only `runAsUser` and `runAsGroup` are carried out.
//!
//! | property | for example |
//! | --- | --- |
//! | `identity` | `{"type": "SystemAssigned"}` |
//! | `zones` | `["1"]` |
//! | `properties.sku` | `"Dedicated"` |
//! | `properties.priority` | `"Spot"` |
//! | `properties.subnetIds` | `[{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v/subnets/n"}]` |
//! | `properties.diagnostics` | `{"logAnalytics": {"workspaceId": "w", "workspaceKey": "k"}}` |
//! | `properties.encryptionProperties` | `{"vaultBaseUrl": "https://v", "keyName": "k", "keyVersion": "1"}` |
//! | `properties.extensions` | `[{"name": "e", "properties": {"extensionType": "t", "version": "1"}}]` |
//! | `properties.identityAcls` | `{"defaultAccess": "System", "acls": [{"access": "All", "identity": "i"}]}` |
//! | `properties.containerGroupProfile` | `{"id": "p", "revision": 1}` |
//! | `properties.standbyPoolProfile` | `{"id": "p"}` |
//! | `properties.secretReferences` | `[{"name": "s", "identity": "i", "secretReferenceUri": "https://v/secrets/s"}]` |
//! | `properties.containers[].properties.securityContext` | `{"privileged": true, "capabilities": {"add": ["NET_ADMIN"]}}` |
//!
//! # Storeys
//! `contract` (words) ← `world` (pure: every decision) ← `emulator` (time, order, store, commands) ← `http` ← `serve`.
//! `runtime` carries commands out and `image` feeds it; `home`, `store`, `sink`, `journal` and `token` keep things;
//! `record` is what the world and the sink give the store.

pub mod clock;
pub mod contract;
pub mod emulator;
pub mod fault;
mod hex;
pub mod home;
mod http;
pub mod image;
pub mod journal;
pub mod options;
pub mod pki;
pub mod record;
pub mod runtime;
pub mod serve;
pub mod sink;
pub mod store;
pub mod token;
pub mod world;

pub use emulator::{AdvanceError, Emulator, OpenError, Recovered, Snapshot};
pub use http::cut::Cut;
pub use options::{Choice, Options, Reach, Time};
