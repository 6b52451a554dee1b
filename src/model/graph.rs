//! What comes before what: an order of keys by their needs, and the cycles that forbid one.

use std::collections::{BTreeMap, BTreeSet};

/// The keys in an order in which each comes after all that it needs; equal inputs give equal orders.
///
/// Needs that are no keys themselves are left out of account.
///
/// # Errors
/// A cycle as the path that leads back to its first key.
pub fn order<K: Ord + Clone>(needs: &BTreeMap<K, BTreeSet<K>>) -> Result<Vec<K>, Vec<K>> {
    let mut order = Vec::with_capacity(needs.len());
    let mut done = BTreeSet::new();
    for key in needs.keys() {
        visit(key, needs, &mut done, &mut order)?;
    }
    Ok(order)
}

/// Walks down without recursion, so that a long chain costs memory and not the stack.
fn visit<K: Ord + Clone>(
    key: &K,
    needs: &BTreeMap<K, BTreeSet<K>>,
    done: &mut BTreeSet<K>,
    order: &mut Vec<K>,
) -> Result<(), Vec<K>> {
    let empty = BTreeSet::new();
    let below = |key: &K| needs.get(key).unwrap_or(&empty).iter();
    let mut path = vec![(key.clone(), below(key))];
    let mut on_path = BTreeSet::from([key.clone()]);
    if done.contains(key) {
        return Ok(());
    }
    while let Some((current, rest)) = path.last_mut() {
        match rest.next() {
            Some(next) if done.contains(next) || !needs.contains_key(next) => {}
            Some(next) => {
                if !on_path.insert(next.clone()) {
                    let mut cycle: Vec<K> =
                        path.iter().map(|(key, _)| key.clone()).skip_while(|key| key != next).collect();
                    cycle.push(next.clone());
                    return Err(cycle);
                }
                path.push((next.clone(), below(next)));
            }
            None => {
                on_path.remove(current);
                done.insert(current.clone());
                order.push(current.clone());
                path.pop();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(edges: &[(&'static str, &[&'static str])]) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        edges.iter().map(|(key, below)| (*key, below.iter().copied().collect())).collect()
    }

    #[test]
    fn needs_come_first() {
        let needs = needs(&[("a", &["c"]), ("b", &["a", "elsewhere"]), ("c", &[])]);
        assert_eq!(order(&needs), Ok(vec!["c", "a", "b"]));
    }

    #[test]
    fn a_cycle_is_told_as_a_path() {
        assert_eq!(order(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])])), Err(vec!["b", "c", "b"]));
        assert_eq!(order(&needs(&[("a", &["a"])])), Err(vec!["a", "a"]));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let needs: BTreeMap<u32, BTreeSet<u32>> =
            (0..200_000).map(|n| (n, BTreeSet::from([n + 1]))).collect();
        assert_eq!(order(&needs).map(|order| order.len()), Ok(200_000));
    }
}
