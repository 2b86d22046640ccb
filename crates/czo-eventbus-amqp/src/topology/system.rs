//! The groups of the whole system: who listens to whom, between services.

use czo_core::Group;

use super::{GroupWish, Names, Topology};

/// Which service listens in which group for what (appendix B of the second seed).
const GROUPS: [(&str, &[&str]); 9] = [
    ("search.indexing", &["product.item.*", "product.collection.*"]),
    (
        "notification.events",
        &[
            "order.checkout.completed",
            "auth.user.registered",
            "product.item.published",
            "inventory.stock.low",
        ],
    ),
    ("app.webhooks", &["#"]),
    ("order.payments", &["payment.charge.*"]),
    ("order.inventory", &["inventory.stock.reserved"]),
    ("inventory.orders", &["order.checkout.completed"]),
    ("inventory.payments", &["payment.refund.completed"]),
    ("payment.orders", &["order.checkout.completed"]),
    ("catalog.inventory", &["inventory.stock.low"]),
];

/// The groups of the whole system, one for each reason a service has to listen to another.
#[must_use]
pub fn system_groups() -> Vec<GroupWish> {
    GROUPS
        .iter()
        .map(|(group, patterns)| {
            let group: Group = group.parse().expect("a constant of the right form");
            let patterns = patterns.iter().map(|pattern| pattern.parse().expect("a constant"));
            GroupWish::new(group, patterns)
        })
        .collect()
}

/// The command that gives this topology its queues, whatever is there: if all of them are those of
/// the whole system.
pub(crate) fn command_for(names: &Names, topology: &Topology) -> Option<String> {
    let prefix = &names.queue_prefix;
    let option = if prefix.is_empty() { String::new() } else { format!(" --prefix {prefix}") };
    let system = Topology::of_the_system(names).queues;
    let is_of_the_system =
        topology.queues.iter().all(|(name, arguments)| system.get(name) == Some(arguments));
    let has_usual_names = Names::prefixed(prefix).as_ref() == Ok(names);
    (has_usual_names && is_of_the_system).then(|| format!("cargo xtask topology apply{option}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(names: &Names, wish: &GroupWish) -> Option<String> {
        command_for(names, &Topology::exchanges(names).with(names, wish))
    }

    #[test]
    fn the_command_helps_groups_of_the_system_as_the_system_has_them() {
        let shop = Names::prefixed("shop.").unwrap();
        for wish in system_groups() {
            let expected = "cargo xtask topology apply";
            assert_eq!(command(&Names::default(), &wish).as_deref(), Some(expected));
            let expected = "cargo xtask topology apply --prefix shop.";
            assert_eq!(command(&shop, &wish.at_first()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_command_helps_nobody_else() {
        let names = Names::default();
        let of_the_system = system_groups().remove(0);
        let ordered = GroupWish { is_ordered: true, ..of_the_system.clone() };
        assert_eq!(command(&names, &ordered), None);
        let of_one_service = GroupWish::new("catalog.cache".parse().unwrap(), []);
        assert_eq!(command(&names, &of_one_service), None);
        let other_names = Names { events: "events".to_owned(), ..names };
        assert_eq!(command(&other_names, &of_the_system), None);
    }
}
