//! Whether a region has room for what is to be created, asked before what it replaces is deleted.
//!
//! One reading of a region's usages serves all replaces of an apply; what those let through take beyond it is added. A
//! replace is refused only by a reading that was made for it, because meanwhile room may have come. Usages that cannot
//! be read refuse nothing.

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use crate::engine::event::End;
use crate::engine::step::Work;
use crate::model::name::GroupId;
use crate::model::observed::{SeenGroup, Usages};
use crate::plan::Deployment;
use crate::plan::room::{Share, Short, given_back, share, short};

/// What is known of the regions.
#[derive(Debug, Default)]
pub(crate) struct Room {
    regions: Mutex<BTreeMap<String, Region>>,
}

#[derive(Debug, Default)]
struct Region {
    reading: Reading,
    /// The replaces that were let through and are under way.
    under_way: BTreeMap<GroupId, Replace>,
}

#[derive(Debug, Default)]
enum Reading {
    #[default]
    None,
    /// It cannot be read, which is told once.
    Unreadable,
    Of(Usages),
}

#[derive(Debug)]
struct Replace {
    /// What the new group takes.
    need: Share,
    /// What it takes beyond the reading.
    more: Share,
}

/// Lets a replace through, or refuses it before anything is deleted.
pub(crate) async fn admit(
    work: &Work<'_>,
    id: &GroupId,
    seen: &SeenGroup,
    deployment: &Deployment,
) -> Result<(), End> {
    let name = &deployment.location;
    let mut regions = work.site.room.regions.lock().await;
    let region = regions.entry(name.clone()).or_default();
    let (back, need) = (given_back(seen, name), share(&deployment.group));
    let was_read = matches!(region.reading, Reading::Of(_));
    if let Reading::None = region.reading {
        region.read(work, name).await;
    }
    let mut lack = region.short(&back, &need);
    if lack.is_some() && was_read {
        region.read(work, name).await;
        lack = region.short(&back, &need);
    }
    if let Some(lack) = lack {
        return Err(refusal(work, name, &lack));
    }
    let mut more = need.clone();
    for (quota, count) in &back {
        *more.entry(quota).or_default() -= count;
    }
    region.under_way.insert(id.clone(), Replace { need, more });
    Ok(())
}

/// The new group is there, or will not come: the next reading tells what it takes.
pub(crate) async fn over(work: &Work<'_>, id: &GroupId, deployment: &Deployment) {
    let mut regions = work.site.room.regions.lock().await;
    let region = regions.get_mut(&deployment.location);
    if let Some(replace) = region.and_then(|region| region.under_way.get_mut(id)) {
        replace.need.clear();
    }
}

impl Region {
    async fn read(&mut self, work: &Work<'_>, name: &str) {
        self.reading = match work.call(|| work.site.arm.usages(name)).await {
            Ok(usages) => Reading::Of(usages),
            Err(fault) => {
                work.phase(format!("goes on without knowing what is used of {name}'s quotas ({fault})"));
                Reading::Unreadable
            }
        };
        // Of those under way the old group may be gone or not, so that it is taken as if it were: at worst a replace is
        // refused that would have fitted, and the next apply makes it.
        for replace in self.under_way.values_mut() {
            replace.more.clone_from(&replace.need);
        }
    }

    fn short(&self, back: &Share, need: &Share) -> Option<Short> {
        let Reading::Of(usages) = &self.reading else { return None };
        let mut more = Share::new();
        for (quota, count) in self.under_way.values().flat_map(|replace| &replace.more) {
            *more.entry(quota).or_default() += count;
        }
        short(usages, &more, back, need)
    }
}

fn refusal(work: &Work<'_>, region: &str, lack: &Short) -> End {
    let Short { quota, used, limit, back, need } = lack;
    let why = format!(
        "the quota {quota} of {region} has no room for what is to replace it, so nothing was deleted: {used} of {limit} are used, \
         {back} would be given back, {need} are needed"
    );
    let help = format!(
        "ask for more: https://aka.ms/aci-quota; `{}` shows what is used",
        work.site.arm.usages_command(region)
    );
    End::Failed { why, help: Some(help) }
}
