//! The buses of this crate do what every bus must.

use std::sync::Arc;

use czo_core::EventCatalogue;
use czo_events::{DualWriteBus, InProcessBus, SchemaGuard};
use czo_testkit::{BusUnderTest, bus_conformance};

mod in_process {
    use super::*;

    bus_conformance!(virtual_time, async || BusUnderTest::in_process(InProcessBus::new()));
}

mod dual_write {
    use super::*;

    bus_conformance!(virtual_time, async || {
        let local = InProcessBus::new();
        let test = BusUnderTest::in_process(local.clone());
        let both = DualWriteBus::new(Arc::new(local), Arc::new(InProcessBus::new()));
        BusUnderTest { bus: Arc::new(both), ..test }
    });
}

mod schema_guard {
    use super::*;

    bus_conformance!(virtual_time, async || {
        let bus = InProcessBus::new();
        let test = BusUnderTest::in_process(bus.clone());
        let guard = SchemaGuard::new(Arc::new(bus), &EventCatalogue::default());
        BusUnderTest { bus: Arc::new(guard.expect("no schema is no wrong one")), ..test }
    });
}
