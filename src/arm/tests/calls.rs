//! Reads and changes.

use std::time::Duration;

use serde_json::{Value, json};

use super::service::{ORIGIN, Outcome, answer, id, plan, service};
use crate::arm::act::Scope;
use crate::arm::fault::{Fault, FaultKind};
use crate::arm::operation::{Accepted, OperationState};
use crate::model::group::Group;
use crate::model::name::GroupId;
use crate::model::secret::{Secret, SecretRef, SecretSource};
use crate::plan::{Deployment, StepId};

const GROUP: &str =
    "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.ContainerInstance/containerGroups/";

#[tokio::test]
async fn a_list_is_followed_page_by_page_and_one_odd_item_spoils_nothing() -> Outcome {
    let next = format!("{ORIGIN}/next?page=2&sig=a%2Bb");
    let link = next.clone();
    let (arm, asked) = service(move |request| {
        let first = json!({
            "value": [{"id": format!("{GROUP}one"), "properties": {}}, 7, {"identity": {"type": "odd"}}],
            "nextLink": link,
        });
        let second = json!({"value": [{"id": format!("{GROUP}two"), "properties": {}}], "nextLink": ""});
        answer(200, &[], if request.url.path() == "/next" { &second } else { &first })
    })?;
    let names: Vec<_> = arm.groups().await?.iter().map(|seen| seen.id.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
    let first =
        "/subscriptions/sub/providers/Microsoft.ContainerInstance/containerGroups?api-version=2025-09-01";
    assert_eq!(asked.lines(), [format!("GET {ORIGIN}{first}"), format!("GET {next}")]);
    assert_eq!(asked.tokens(), 1);
    for request in asked.requests() {
        let token = request.headers.iter().find(|(name, _)| name == "authorization");
        assert_eq!(token.map(|(_, value)| value.as_str()), Some("Bearer token-1"));
    }
    Ok(())
}

#[tokio::test]
async fn a_token_goes_to_the_own_origin_only() -> Outcome {
    for address in ["https://evil.example/next", "http://127.0.0.1:8/next", "//evil.example/next"] {
        let (arm, asked) = service(move |_| answer(200, &[], &json!({"value": [], "nextLink": address})))?;
        let kind = |fault: Option<Fault>| fault.map(|fault| fault.kind);
        assert_eq!(kind(arm.resource_groups().await.err()), Some(FaultKind::Protocol), "{address}");
        assert_eq!(kind(arm.operation(address).await.err()), Some(FaultKind::Protocol), "{address}");
        assert_eq!(asked.requests().len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_page_is_a_fault() -> Outcome {
    for body in [json!([]), json!({"value": {}}), json!({}), json!("x")] {
        let told = body.clone();
        let (arm, _) = service(move |_| answer(200, &[], &body))?;
        assert_eq!(arm.groups().await.err().map(|fault| fault.kind), Some(FaultKind::Protocol), "{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_fault_keeps_what_the_service_said() -> Outcome {
    let (arm, _) = service(|_| {
        let body = json!({"error": {"code": "TooManyRequests", "message": "slow down"}});
        answer(429, &[("Retry-After", "7"), ("x-ms-request-id", "REQ-9")], &body)
    })?;
    let expected = Fault {
        kind: FaultKind::Throttled,
        status: Some(429),
        code: "TooManyRequests".into(),
        message: "slow down".into(),
        retry_after: Some(Duration::from_secs(7)),
        request_id: Some("REQ-9".into()),
    };
    assert_eq!(arm.group(&id()).await, Err(expected.clone()));
    assert_eq!(arm.groups().await, Err(expected));
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_no_fault_unless_it_is_the_subscription() -> Outcome {
    for (code, fault) in [
        ("ResourceNotFound", None),
        ("ResourceGroupNotFound", None),
        ("SubscriptionNotFound", Some(FaultKind::NotFound)),
    ] {
        let (arm, _) = service(move |_| answer(404, &[], &json!({"error": {"code": code, "message": "m"}})))?;
        let absent = fault.map_or(Ok(None), Err);
        assert_eq!(arm.group(&id()).await.map_err(|fault| fault.kind), absent, "{code}");
        let seen = arm.resource_group(&"rg".into()).await.map_err(|fault| fault.kind);
        assert_eq!(seen, fault.map_or(Ok(None), Err), "{code}");
    }
    Ok(())
}

fn deployment(value: Option<Secret>) -> Result<Deployment, serde_json::Error> {
    let group: Group<SecretRef> = serde_json::from_value(json!({"containers": [{
        "name": "c", "image": "i",
        "environmentVariables": [{"name": "T", "secureValue": {"fromVariable": "TOKEN"}}],
        "resources": {"requests": {"cpu": 1, "memoryInGB": 1.5}},
    }]}))?;
    let source = |reference| Ok::<_, serde_json::Error>(SecretSource { reference, value: value.clone() });
    Ok(Deployment { location: "eastus".into(), tags: [].into(), group: group.map(&mut { source })? })
}

#[tokio::test]
async fn a_put_sends_our_body_and_gives_the_operation_as_it_came() -> Outcome {
    let (arm, asked) = service(|_| {
        let operation = ("Azure-AsyncOperation", "http://127.0.0.1:7/op?api-version=2018-06-01&s=a%2Bb");
        answer(201, &[operation], &json!({}))
    })?;
    let plan = plan()?;
    let warrant = plan.warrant(StepId(0)).ok_or("no warrant")?;
    let accepted = arm.put_group(&warrant, &id(), &deployment(Some(Secret::new("v")))?).await?;
    let operation = format!("{ORIGIN}/op?api-version=2018-06-01&s=a%2Bb");
    assert_eq!(accepted, Accepted { operation: Some(operation.clone()), retry_after: None });
    assert_eq!(asked.lines(), [format!("PUT {ORIGIN}{GROUP}g?api-version=2025-09-01")]);
    let requests = asked.requests();
    let body: Value = serde_json::from_slice(&requests.first().ok_or("no request")?.body)?;
    assert_eq!(
        body["properties"]["containers"][0]["properties"]["environmentVariables"][0]["secureValue"],
        "v"
    );
    assert_eq!(arm.operation(&operation).await?.state, OperationState::Succeeded);
    assert_eq!(asked.lines().get(1), Some(&format!("GET {operation}")));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is() -> Outcome {
    let (arm, asked) = service(|_| answer(200, &[], &json!({})))?;
    let plan = plan()?;
    let warrant = plan.warrant(StepId(0)).ok_or("no warrant")?;
    let secretless = arm.put_group(&warrant, &id(), &deployment(None)?).await;
    assert_eq!(secretless.err().map(|fault| fault.code), Some("SecretNotAvailable".into()));
    let astray = GroupId { resource_group: "..".into(), name: "g/../../h".into() };
    let refused = Some(FaultKind::Refused);
    assert_eq!(arm.delete_group(&warrant, &astray).await.err().map(|fault| fault.kind), refused);
    assert_eq!(arm.group(&astray).await.err().map(|fault| fault.kind), refused);
    let scope = Scope::ResourceGroup("a/b".into());
    assert_eq!(arm.merge_tags(&warrant, &scope, &[].into()).await.err().map(|fault| fault.kind), refused);
    assert_eq!((asked.requests().len(), asked.tokens()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn changes_are_one_request_each() -> Outcome {
    let (arm, asked) = service(|request| match request.method.as_str() {
        "DELETE" => answer(202, &[("Location", "/op"), ("Retry-After", "15")], &json!(null)),
        "POST" => answer(204, &[], &json!(null)),
        _ => answer(200, &[], &json!({})),
    })?;
    let plan = plan()?;
    let warrant = plan.warrant(StepId(0)).ok_or("no warrant")?;
    let rg = "rg".into();
    arm.put_resource_group(&warrant, &rg, "eastus", &[("a".into(), "b".into())].into()).await?;
    let accepted = arm.delete_resource_group(&warrant, &rg).await?;
    let wait = Some(Duration::from_secs(15));
    assert_eq!(accepted, Accepted { operation: Some("/op".into()), retry_after: wait });
    for done in [arm.start_group(&warrant, &id()).await?, arm.stop_group(&warrant, &id()).await?] {
        assert_eq!(done, Accepted { operation: None, retry_after: None });
    }
    arm.delete_group(&warrant, &id()).await?;
    arm.merge_tags(&warrant, &Scope::Group(id()), &[("k".into(), "v".into())].into()).await?;
    arm.delete_tags(&warrant, &Scope::ResourceGroup(rg), &["k".into()].into()).await?;
    let groups = "/subscriptions/sub/resourcegroups/rg?api-version=2021-04-01";
    let tags = "/providers/Microsoft.Resources/tags/default?api-version=2021-04-01";
    let expected = [
        format!("PUT {ORIGIN}{groups}"),
        format!("DELETE {ORIGIN}{groups}"),
        format!("POST {ORIGIN}{GROUP}g/start?api-version=2025-09-01"),
        format!("POST {ORIGIN}{GROUP}g/stop?api-version=2025-09-01"),
        format!("DELETE {ORIGIN}{GROUP}g?api-version=2025-09-01"),
        format!("PATCH {ORIGIN}{GROUP}g{tags}"),
        format!("PATCH {ORIGIN}/subscriptions/sub/resourceGroups/rg{tags}"),
    ];
    assert_eq!(asked.lines(), expected);
    let bodies =
        asked.requests().into_iter().filter(|request| matches!(request.method.as_str(), "PUT" | "PATCH"));
    let bodies =
        bodies.map(|request| serde_json::from_slice(&request.body)).collect::<Result<Vec<Value>, _>>()?;
    let expected = [
        json!({"location": "eastus", "tags": {"a": "b"}}),
        json!({"operation": "Merge", "properties": {"tags": {"k": "v"}}}),
        json!({"operation": "Delete", "properties": {"tags": {"k": ""}}}),
    ];
    assert_eq!(bodies, expected);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_shortly_before_its_end() -> Outcome {
    let (arm, asked) = service(|_| answer(200, &[], &json!({"content": "log"})))?;
    for (seconds, tokens) in [(0, 1), (3_200, 1), (200, 2)] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(arm.logs(&id(), "c", Some(5), true).await?, "log");
        assert_eq!(asked.tokens(), tokens);
    }
    let line = format!("{GROUP}g/containers/c/logs?api-version=2025-09-01&tail=5&timestamps=true");
    assert_eq!(asked.lines().first(), Some(&format!("GET {ORIGIN}{line}")));
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_dropped() -> Outcome {
    let (arm, asked) =
        service(|_| answer(401, &[], &json!({"error": {"code": "InvalidAuthenticationToken"}})))?;
    // Each call is made once more with a new token, and then given up.
    for tokens in [2, 4] {
        assert_eq!(arm.group(&id()).await.err().map(|fault| fault.kind), Some(FaultKind::Denied));
        assert_eq!((asked.tokens(), asked.lines().len()), (tokens, tokens as usize));
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_ended_before_its_time_is_replaced_and_nobody_notices() -> Outcome {
    let (arm, asked) = service(|request| {
        let old = request.headers.iter().any(|(_, value)| value == "Bearer token-1");
        if old {
            answer(401, &[], &json!({"error": {"code": "ExpiredAuthenticationToken"}}))
        } else {
            answer(200, &[], &json!({"content": "log"}))
        }
    })?;
    // Many at once: each is made again, and one token is enough for all.
    let id = id();
    let reads = (0..20).map(|_| arm.logs(&id, "c", None, true));
    for read in futures::future::join_all(reads).await {
        assert_eq!(read?, "log");
    }
    assert_eq!(asked.tokens(), 2);
    Ok(())
}
