//! Which module is enabled before which.

use czo_module_package::{DependencyError, EnableOrder, ModuleNode, enable_order};
use proptest::prelude::*;

fn node(name: &str, dependencies: &[(&str, &str)]) -> ModuleNode {
    ModuleNode {
        name: name.parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        dependencies: dependencies
            .iter()
            .map(|(name, range)| (name.parse().unwrap(), range.parse().unwrap()))
            .collect(),
    }
}

fn order(modules: &[ModuleNode]) -> EnableOrder {
    enable_order(modules)
}

fn names(order: &EnableOrder) -> Vec<&str> {
    order.order.iter().map(czo_module_package::ModuleName::as_str).collect()
}

#[test]
fn each_comes_after_what_it_needs_and_otherwise_by_name() {
    let modules = [
        node("a", &[("z", "1")]),
        node("m", &[]),
        node("b", &[("a", "1"), ("m", "1")]),
        node("z", &[]),
    ];
    let expected = ["m", "z", "a", "b"];
    assert_eq!(names(&order(&modules)), expected);
    let mut backwards = modules.to_vec();
    backwards.reverse();
    assert_eq!(names(&order(&backwards)), expected);
}

#[test]
fn a_cycle_is_told_with_its_whole_path_and_others_are_enabled() {
    let result = order(&[
        node("a", &[("b", "1")]),
        node("b", &[("c", "1")]),
        node("c", &[("b", "1")]),
        node("d", &[]),
    ]);
    assert_eq!(names(&result), ["d"]);
    let told: Vec<_> =
        result.refused.iter().map(|(name, error)| (name.as_str(), error.to_string())).collect();
    let cycle = "modules need each other: b -> c -> b; one of them must do without";
    assert_eq!(told[0], ("b", cycle.to_owned()));
    assert_eq!(told[1], ("c", cycle.to_owned()));
    assert_eq!(told[2].0, "a");
}

#[test]
fn what_is_missing_or_of_another_version_is_told_and_refuses_who_needs_it() {
    let result = order(&[
        node("a", &[("gone", "^1")]),
        node("b", &[("a", "1")]),
        node("c", &[("d", "^2")]),
        node("d", &[]),
    ]);
    assert_eq!(names(&result), ["d"]);
    let error = |name: &str| {
        let found = result.refused.iter().find(|(module, _)| module.as_str() == name);
        found.map(|(_, error)| error.clone()).unwrap()
    };
    assert!(
        matches!(error("a"), DependencyError::Missing { needed, .. } if needed.as_str() == "gone")
    );
    assert!(
        matches!(error("b"), DependencyError::Missing { needed, .. } if needed.as_str() == "a")
    );
    assert!(matches!(error("c"), DependencyError::Version { found, .. } if found.major == 1));
}

proptest! {
    #[test]
    fn every_module_is_enabled_after_what_it_needs_or_refused(
        edges in prop::collection::vec((0_usize..8, 0_usize..8), 0..16),
    ) {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let modules: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let needed = edges.iter().filter(|(from, _)| *from == index);
                node(name, &needed.map(|(_, to)| (names[*to], "1")).collect::<Vec<_>>())
            })
            .collect();
        let result = order(&modules);
        prop_assert_eq!(result.order.len() + result.refused.len(), modules.len());
        for (index, name) in result.order.iter().enumerate() {
            let module = modules.iter().find(|module| module.name == *name).unwrap();
            for needed in module.dependencies.keys() {
                prop_assert!(result.order[..index].contains(needed));
            }
        }
    }
}
