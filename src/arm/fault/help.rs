//! What a person does about a fault: the exact command, where there is one.

use super::{Fault, FaultKind};

const HELP: [(&str, &str); 12] = [
    (
        "MissingSubscriptionRegistration",
        "register the provider once: `az provider register --namespace Microsoft.ContainerInstance --wait`",
    ),
    (
        "SubscriptionNotRegistered",
        "register the provider once: `az provider register --namespace Microsoft.ContainerInstance --wait`",
    ),
    (
        "AuthorizationFailed",
        "let an owner grant the role: `az role assignment create --assignee <principal> --role Contributor --scope <scope>`; planning needs only Reader",
    ),
    (
        "LinkedAuthorizationFailed",
        "let an owner grant the role on the linked resource: `az role assignment create --assignee <principal> --role Contributor --scope <scope>`",
    ),
    (
        "ScopeLocked",
        "a lock forbids it: `az lock list --resource-group <name>`, then `az lock delete --ids <id>`",
    ),
    (
        "RequestDisallowedByPolicy",
        "a policy of the subscription forbids it: `az policy state list --filter \"complianceState eq 'NonCompliant'\"` names it",
    ),
    ("InvalidAuthenticationToken", "log in again: `az login`"),
    ("ExpiredAuthenticationToken", "log in again: `az login`"),
    (
        "InvalidAuthenticationTokenTenant",
        "the login is of another tenant than the subscription: `az login --tenant <tenant>`",
    ),
    ("SubscriptionNotFound", "look which subscriptions the login may see: `az account list --output table`"),
    (
        "ContainerGroupQuotaReached",
        "look what is used: `az container list --output table`, and ask for more: https://aka.ms/aci-quota",
    ),
    (
        "InaccessibleImage",
        "check the image's name and tag, and that its registry answers without a login: `docker manifest inspect <image>`",
    ),
];

impl Fault {
    /// What to do about it; absent where nothing better than the message is known.
    pub fn help(&self) -> Option<&'static str> {
        let known =
            HELP.iter().find(|(code, _)| code.eq_ignore_ascii_case(&self.code)).map(|(_, help)| *help);
        match self.kind {
            FaultKind::Denied if known.is_none() && self.status == Some(401) => {
                Some("log in again: `az login`")
            }
            _ => known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_day_refusals_name_the_command() {
        for (code, command) in [
            (
                "MissingSubscriptionRegistration",
                "az provider register --namespace Microsoft.ContainerInstance",
            ),
            ("authorizationfailed", "az role assignment create"),
            ("ScopeLocked", "az lock"),
            ("RequestDisallowedByPolicy", "az policy"),
            ("InvalidAuthenticationToken", "az login"),
        ] {
            let fault = Fault { code: code.into(), ..Fault::own(FaultKind::Refused, "m") };
            assert!(fault.help().is_some_and(|help| help.contains(command)), "{code}");
        }
        assert_eq!(Fault::own(FaultKind::Refused, "m").help(), None);
    }
}
