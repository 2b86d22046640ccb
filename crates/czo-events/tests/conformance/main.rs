//! The buses of this crate do what every bus must.

use std::sync::Arc;

use czo_events::{DualWriteBus, InProcessBus};
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
