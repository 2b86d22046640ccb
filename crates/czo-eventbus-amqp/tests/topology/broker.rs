//! What is made of the topology on a broker of its own.

use std::time::Duration;

use anyhow::{Context, Result};
use czo_testkit::TestBroker;
use tokio::time::timeout;
use tokio::try_join;

use crate::commands::{
    a_pattern_that_was_given_up_is_unbound_and_nothing_else_touched,
    a_queue_that_is_listened_to_is_left_alone, a_wrong_password_is_not_repeated,
    an_empty_broker_gets_everything_and_then_nothing_differs,
    an_exchange_of_another_kind_is_left_alone, the_login_of_the_management_api_may_be_escaped,
    those_who_ask_first_and_at_once_are_answered, what_is_exported_can_be_imported,
};
use crate::interrupted::{
    a_broker_that_falls_silent_is_named_with_what_it_was_asked,
    a_process_that_is_killed_is_finished_by_the_next,
    a_run_that_ends_at_any_step_is_finished_by_the_next,
};
use crate::moved::{
    a_queue_is_made_anew_with_its_messages_in_order,
    what_waits_for_its_next_attempt_meanwhile_is_not_lost,
};

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(100);

/// One broker serves all of it: it takes longer to start than everything else together.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_gets_the_topology_and_loses_no_message() -> Result<()> {
    let node = TestBroker::options().management().start().await?;
    those_who_ask_first_and_at_once_are_answered(&node).await?;
    // On the heap: together they are more than the stack of a test holds.
    macro_rules! all {
        ($($case:ident),* $(,)?) => {
            try_join!($(in_time(stringify!($case), Box::pin($case(&node)))),*)
        };
    }
    all!(
        an_empty_broker_gets_everything_and_then_nothing_differs,
        what_is_exported_can_be_imported,
        a_queue_is_made_anew_with_its_messages_in_order,
        what_waits_for_its_next_attempt_meanwhile_is_not_lost,
        a_run_that_ends_at_any_step_is_finished_by_the_next,
        a_process_that_is_killed_is_finished_by_the_next,
        a_broker_that_falls_silent_is_named_with_what_it_was_asked,
        a_pattern_that_was_given_up_is_unbound_and_nothing_else_touched,
        a_queue_that_is_listened_to_is_left_alone,
        an_exchange_of_another_kind_is_left_alone,
        a_wrong_password_is_not_repeated,
        the_login_of_the_management_api_may_be_escaped,
    )?;
    Ok(())
}

async fn in_time(case: &'static str, outcome: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(PATIENCE, outcome).await.context("it hangs").flatten().context(case)
}
