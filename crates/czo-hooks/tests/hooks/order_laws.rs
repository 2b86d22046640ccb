//! In which order hooks run, by law.

use std::collections::{BTreeMap, BTreeSet};

use czo_hooks::{HookHandle, HookRegistry, RegisterError};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::Say;

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

#[derive(Clone, Debug)]
struct Plan {
    name: &'static str,
    priority: i32,
    runs_before: Vec<&'static str>,
    runs_after: Vec<&'static str>,
}

/// One hook for each of some names, with constraints that may name any.
fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let some = || proptest::collection::vec(proptest::sample::select(&NAMES[..]), 0..2);
    let plan = move |name: &'static str| {
        (-2_i32..2, some(), some()).prop_map(move |(priority, runs_before, runs_after)| Plan {
            name,
            priority,
            runs_before,
            runs_after,
        })
    };
    (1..=NAMES.len()).prop_flat_map(move |count| {
        NAMES[..count].iter().map(|name| plan(name)).collect::<Vec<_>>()
    })
}

fn shuffled(plans: &[Plan], places: &[Index]) -> Vec<Plan> {
    let mut left = plans.to_vec();
    places.iter().take(plans.len()).map(|place| left.remove(place.index(left.len()))).collect()
}

fn register(registry: &HookRegistry, plan: &Plan) -> Result<HookHandle, RegisterError> {
    let hook = registry.before::<Say>(plan.name).priority(plan.priority);
    let hook = plan.runs_before.iter().fold(hook, |hook, name| hook.runs_before(*name));
    let hook = plan.runs_after.iter().fold(hook, |hook, name| hook.runs_after(*name));
    hook.register(|_, _| Ok(()))
}

fn order(registry: &HookRegistry) -> Vec<String> {
    registry.list().remove(0).hooks.into_iter().map(|hook| hook.name).collect()
}

/// Who runs before whom, by what was said.
fn edges(plans: &[Plan]) -> BTreeSet<(&'static str, &'static str)> {
    let there: BTreeSet<_> = plans.iter().map(|plan| plan.name).collect();
    let said = plans.iter().flat_map(|plan| {
        let before = plan.runs_before.iter().map(|then| (plan.name, *then));
        before.chain(plan.runs_after.iter().map(|first| (*first, plan.name)))
    });
    said.filter(|(first, then)| there.contains(first) && there.contains(then)).collect()
}

/// Whether somebody would have to run before itself: everything reachable, written out.
fn has_circle(plans: &[Plan]) -> bool {
    let mut reachable = edges(plans);
    loop {
        let longer: BTreeSet<_> = reachable
            .iter()
            .flat_map(|&(a, b)| {
                reachable.iter().filter(move |(c, _)| *c == b).map(move |&(_, d)| (a, d))
            })
            .collect();
        let size = reachable.len();
        reachable.extend(longer);
        if reachable.len() == size {
            return reachable.iter().any(|(a, b)| a == b);
        }
    }
}

/// The order by its definition: again and again, of those that wait for nobody left, the one of
/// the highest priority, and of several the first by name.
fn expected(plans: &[Plan]) -> Vec<String> {
    let edges = edges(plans);
    let mut left: BTreeMap<_, _> = plans.iter().map(|plan| (plan.name, plan.priority)).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let free = left.iter().filter(|(name, _)| {
            !edges.iter().any(|(first, then)| then == *name && left.contains_key(first))
        });
        let (&next, _) = free.min_by_key(|(name, priority)| (-**priority, **name)).unwrap();
        left.remove(next);
        order.push(next.to_owned());
    }
    order
}

proptest! {
    #[test]
    fn the_order_is_that_of_the_definition_however_hooks_were_registered(
        plans in plans(),
        places in proptest::collection::vec(any::<Index>(), NAMES.len()),
    ) {
        prop_assume!(!has_circle(&plans));
        let registry = HookRegistry::new();
        for plan in shuffled(&plans, &places) {
            register(&registry, &plan).unwrap().detach();
        }
        let order = order(&registry);
        prop_assert_eq!(&order, &expected(&plans));
        let place = |name: &str| order.iter().position(|hook| hook == name).unwrap();
        for (first, then) in edges(&plans) {
            prop_assert!(place(first) < place(then), "{} before {}", first, then);
        }
    }

    #[test]
    fn a_hook_is_refused_if_and_only_if_it_closes_a_circle(
        plans in plans(),
        places in proptest::collection::vec(any::<Index>(), NAMES.len()),
    ) {
        let registry = HookRegistry::new();
        let mut accepted: Vec<Plan> = Vec::new();
        for plan in shuffled(&plans, &places) {
            let mut with_it = accepted.clone();
            with_it.push(plan.clone());
            match register(&registry, &plan) {
                Ok(hook) => {
                    hook.detach();
                    accepted = with_it;
                    prop_assert!(!has_circle(&accepted));
                }
                Err(RegisterError::Cycle { cycle, .. }) => {
                    prop_assert!(has_circle(&with_it));
                    prop_assert_eq!(&cycle[0], plan.name);
                    // Each of its steps is something that was said.
                    let edges = edges(&with_it);
                    for (at, first) in cycle.iter().enumerate() {
                        let then = &cycle[(at + 1) % cycle.len()];
                        prop_assert!(edges.iter().any(|(a, b)| a == first && b == then));
                    }
                }
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        prop_assert_eq!(order(&registry), expected(&accepted));
    }

    #[test]
    fn taking_a_hook_out_leaves_the_order_that_the_others_have_alone(
        plans in plans(),
        gone in any::<Index>(),
    ) {
        prop_assume!(!has_circle(&plans) && plans.len() > 1);
        let registry = HookRegistry::new();
        let mut handles: Vec<_> =
            plans.iter().map(|plan| register(&registry, plan).unwrap()).collect();
        let gone = gone.index(plans.len());
        drop(handles.remove(gone));
        let mut others = plans.clone();
        others.remove(gone);
        prop_assert_eq!(order(&registry), expected(&others));
    }
}
