//! How much of a region's quotas is used.

use serde_json::Value;

use super::Arm;
use super::call::Call;
use super::fault::{Fault, FaultKind};
use super::path::segment;
use crate::model::observed::{Usage, Usages};

impl Arm {
    /// How much is used of a region's quotas.
    ///
    /// # Errors
    /// The service's fault.
    pub async fn usages(&self, region: &str) -> Result<Usages, Fault> {
        let call = Call::new(self);
        let client = call.aci().location_client();
        let outcome = client.list_usage(self.subscription(), segment(region)?).send().await;
        let answer = call.answer(outcome)?;
        let page: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let items = page["value"].as_array();
        items
            .map(|items| items.iter().filter_map(usage).collect())
            .ok_or_else(|| Fault::own(FaultKind::Protocol, "the service's answer is no list of usages"))
    }

    /// The command of azure-cli that shows the same.
    pub fn usages_command(&self, region: &str) -> String {
        let (subscription, version) = (self.subscription(), self.endpoint().groups_version());
        format!(
            "az rest --method get --url '/subscriptions/{subscription}/providers/Microsoft.ContainerInstance/locations/{region}/usages?api-version={version}'"
        )
    }
}

/// How much of a quota is used, under its name in lower case; absent where the service does not tell all of that.
fn usage(item: &Value) -> Option<(String, Usage)> {
    let name = item["name"]["value"].as_str()?.to_lowercase();
    Some((name, Usage { used: item["currentValue"].as_i64()?, limit: item["limit"].as_i64()? }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_usage_is_read_as_it_was_recorded() {
        // azure-powershell, recording of Get-AzContainerInstanceUsage.
        let item = json!({
            "unit": "Count", "currentValue": 95, "limit": 4000,
            "name": {"value": "StandardCores", "localizedValue": "Standard Cores"},
        });
        assert_eq!(usage(&item), Some(("standardcores".to_owned(), Usage { used: 95, limit: 4000 })));
        assert_eq!(usage(&json!({"name": {"value": "x"}, "currentValue": 1})), None);
    }
}
