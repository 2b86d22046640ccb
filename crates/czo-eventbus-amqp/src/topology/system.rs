//! The groups of the whole system: who listens to whom, between services.

use czo_core::Group;

use super::GroupWish;

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
