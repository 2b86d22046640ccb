//! What every event bus must do, as tests.

pub mod delivery;
pub mod ending;
pub mod failure;
pub mod ordering;
mod probe;
pub mod settlement;

use std::sync::Arc;

use czo_core::{DeadLetters, EventBus, RetryPolicy};

/// A bus that the conformance suite looks at: a new one for each test, which nothing else uses.
#[derive(Clone, Debug)]
pub struct BusUnderTest {
    /// The bus.
    pub bus: Arc<dyn EventBus>,
    /// What its groups give up.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// The schedule to try again by: three delays, each longer than the one before.
    pub retry: RetryPolicy,
    /// How many subscriptions the test with many of them makes.
    pub many: usize,
    /// Whether an event outlives the process once it is settled, so that its settlement need not
    /// wait for handlers.
    pub is_durable: bool,
}

impl BusUnderTest {
    /// A bus in this process: the usual schedule (time is virtual), ten thousand subscriptions.
    #[must_use]
    pub fn in_process<B: EventBus + DeadLetters + 'static>(bus: B) -> Self {
        let bus = Arc::new(bus);
        Self {
            bus: bus.clone(),
            dead_letters: bus,
            retry: RetryPolicy::default(),
            many: 10_000,
            is_durable: false,
        }
    }
}

/// Runs the conformance suite of `EventBus` on a provider: a test for each promise of the
/// contract, in the order delivery, failure, ordering, settlement, ending.
///
/// `virtual_time` runs each test on a paused clock, for a bus that knows time only through tokio;
/// `real_time` runs it on a multi-threaded runtime with the real one.
///
/// ```ignore
/// czo_testkit::bus_conformance!(virtual_time, async || {
///     BusUnderTest::in_process(InProcessBus::new())
/// });
/// ```
#[macro_export]
macro_rules! bus_conformance {
    ($time:ident, $start:expr) => {
        $crate::bus_conformance!(@tests $time, $start, delivery: [
            every_matching_group_gets_every_event_in_order,
            a_batch_keeps_its_order,
            the_subscriptions_of_a_group_share_its_events,
            patterns_select_by_the_rules_of_amqp,
            a_slow_group_delays_no_other,
            concurrency_lets_that_many_handlers_run_at_once,
            a_handler_runs_in_the_context_of_its_event,
            a_handler_may_publish_and_subscribe,
            ten_thousand_subscriptions_get_what_is_theirs,
        ]);
        $crate::bus_conformance!(@tests $time, $start, failure: [
            a_failed_event_is_tried_again_by_the_schedule,
            after_the_last_attempt_it_is_a_dead_letter,
            a_permanent_failure_is_a_dead_letter_at_once,
            a_panic_is_a_failure_like_any_other,
            a_poison_event_holds_up_no_other,
            only_the_group_that_failed_gets_it_again,
            data_of_another_shape_is_a_dead_letter_with_the_reason,
            a_dead_letter_that_is_redriven_is_handled_as_if_new,
            dead_letters_are_listed_and_purged_by_what_is_asked,
            dead_letters_are_redriven_in_order_and_no_more_than_asked,
        ]);
        $crate::bus_conformance!(@tests $time, $start, ordering: [
            events_of_a_key_are_handled_one_after_the_other,
            a_key_waits_for_its_failed_event_and_other_keys_go_on,
            a_key_goes_on_once_its_event_is_given_up,
            subscriptions_of_a_group_keep_the_order_of_a_key_together,
            subscriptions_with_different_patterns_keep_the_order_of_a_key,
            events_without_a_key_have_no_order_to_keep,
        ]);
        $crate::bus_conformance!(@tests $time, $start, settlement: [
            an_event_is_settled_once_every_group_has_handled_it,
            a_failed_event_is_settled_after_its_last_attempt,
            a_dead_letter_is_settled,
            what_no_subscription_matches_is_settled_at_once,
            what_shutdown_leaves_behind_is_not_settled,
            an_event_whose_settlement_is_dropped_is_handled,
            a_group_alone_gets_what_is_for_it,
            a_group_that_nobody_serves_is_an_error,
            relayed_events_keep_their_order,
        ]);
        $crate::bus_conformance!(@tests $time, $start, ending: [
            shutdown_waits_for_what_was_taken,
            shutdown_says_how_much_it_left_behind,
            a_bus_that_is_shut_down_takes_nothing,
            unsubscribing_lets_the_running_handler_finish,
            a_handler_may_end_its_own_subscription,
            who_is_left_in_the_group_gets_what_waits,
            a_bus_at_work_is_healthy,
        ]);
    };
    (@tests $time:ident, $start:expr, $part:ident: [$($name:ident,)+]) => {
        mod $part {
            #[allow(unused_imports, reason = "what the expression needs is not known here")]
            use super::*;
            $(
                #[test]
                fn $name() {
                    $crate::__private::$time(async {
                        let start = $start;
                        $crate::bus_conformance::$part::$name(start().await).await;
                    });
                }
            )+
        }
    };
}
