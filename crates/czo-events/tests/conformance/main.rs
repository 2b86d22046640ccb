//! The in-process bus does what every bus must.

use czo_events::InProcessBus;
use czo_testkit::{BusUnderTest, bus_conformance};

mod in_process {
    use super::*;

    bus_conformance!(virtual_time, async || BusUnderTest::in_process(InProcessBus::new()));
}
