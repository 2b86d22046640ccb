//! What every cache must do, as tests.

pub mod fence;
pub mod forgetting;
pub mod loads;
mod means;
pub mod nodes;
mod probe;
pub mod races;
pub mod staleness;
pub mod values;
pub mod versions;

use std::time::Duration;

use czo_cache::Cache;
use futures_util::future::BoxFuture;

/// A cache that the conformance suite looks at: a new one for each test, which nothing else uses.
#[derive(Clone, Debug)]
pub struct CacheUnderTest {
    /// One node of it.
    pub one: Cache,
    /// Another. What is invalidated at the one reaches it a little later, or at once.
    pub other: Cache,
    /// A time that is short, and long enough for a few calls.
    pub moment: Duration,
}

impl CacheUnderTest {
    /// A cache of which both nodes are in this process and the same, with moments of 300 ms.
    #[must_use]
    pub fn in_process(cache: Cache) -> Self {
        Self { one: cache.clone(), other: cache, moment: Duration::from_millis(300) }
    }
}

/// One test of the suite, which wants a cache.
pub type CacheTest = fn(CacheUnderTest) -> BoxFuture<'static, ()>;

/// Runs the conformance suite of caches on a combination of tiers: a test for each promise. What is
/// handed in makes an empty cache, runs the test with it and cleans up.
///
/// `virtual_time` runs each test on a paused clock, for a cache that knows time only through tokio;
/// `real_time` runs it on a multi-threaded runtime with the real one.
///
/// ```ignore
/// czo_testkit::cache_conformance!(virtual_time, async |test: CacheTest| {
///     let cache = Cache::memory(&CacheOptions::default().on_tokio_time());
///     test(CacheUnderTest::in_process(cache)).await;
/// });
/// ```
#[macro_export]
macro_rules! cache_conformance {
    ($time:ident, $run:expr) => {
        $crate::cache_conformance!(@tests $time, $run, values: [
            a_value_that_was_set_is_read,
            a_hit_in_memory_is_the_value_itself,
            a_value_of_another_type_is_none,
            a_key_that_nobody_set_has_nothing,
            a_later_set_takes_the_place_of_the_first,
            a_value_that_is_good_for_no_time_is_not_kept,
            many_are_read_in_the_order_of_their_keys,
            many_are_written_and_forgotten_at_once,
            namespaces_have_keys_of_their_own,
            a_namespace_of_the_same_name_is_the_same,
            unusual_keys_are_keys_like_others,
            a_value_lives_as_long_as_was_said,
            ten_thousand_entries_are_each_their_own,
        ]);
        $crate::cache_conformance!(@tests $time, $run, forgetting: [
            a_deleted_key_has_nothing,
            a_pattern_forgets_what_matches_and_nothing_else,
            a_pattern_concerns_its_namespace_alone,
            a_pattern_finds_all_of_ten_thousand,
            a_tag_forgets_what_has_it_in_whatever_namespace,
            a_tag_that_a_load_names_counts_too,
            unusual_tags_are_tags_like_others,
            clearing_a_namespace_takes_those_within_and_leaves_the_others,
            clearing_the_whole_leaves_nothing,
            what_is_written_after_an_invalidation_stays,
            invalidating_what_is_not_there_changes_nothing,
        ]);
        $crate::cache_conformance!(@tests $time, $run, loads: [
            of_ten_thousand_callers_one_loads,
            callers_in_many_tasks_load_once,
            what_is_there_is_not_loaded,
            keys_are_loaded_side_by_side,
            a_load_that_fails_is_called_once_and_all_get_its_error,
            after_a_failure_the_next_call_loads_again,
            a_load_that_panics_does_no_harm_to_its_key,
            a_load_outlives_its_callers,
            that_there_is_nothing_is_remembered,
            that_there_is_nothing_need_not_be_remembered,
            how_long_a_result_is_good_is_what_the_load_says,
            a_result_that_is_good_for_no_time_is_not_kept,
            values_of_two_types_loaded_at_once_end_right,
            errors_of_two_types_at_once_end_right,
            a_failure_is_told_also_where_the_key_has_another_type,
            a_value_is_loaded_although_its_absence_is_known,
            a_value_is_loaded_while_its_absence_is_found,
        ]);
        $crate::cache_conformance!(@tests $time, $run, staleness: [
            what_is_stale_is_served_while_one_load_runs,
            what_is_stale_is_served_when_the_load_fails,
            what_is_about_to_grow_stale_is_loaded_in_advance,
            a_load_in_advance_that_failed_is_tried_again,
            what_is_spare_is_not_served_when_it_can_be_loaded,
            what_is_spare_is_served_when_the_load_fails,
            a_load_that_failed_is_tried_again_after_its_time,
            what_is_spare_is_served_when_the_load_panics,
            what_is_spare_is_gone_after_its_time,
            what_is_spare_is_served_when_the_load_takes_long,
            a_load_that_takes_too_long_is_an_error,
            a_load_that_never_ends_is_dropped,
            a_read_waits_no_longer_than_was_said,
            with_nothing_to_serve_a_failure_is_an_error,
            what_was_found_to_be_gone_is_not_served_again,
            jitter_spreads_the_ends,
        ]);
        $crate::cache_conformance!(@tests $time, $run, versions: [
            a_lower_version_is_not_put_in_the_place_of_a_higher_one,
            versions_may_be_negative,
            a_value_without_a_version_takes_any_place,
            a_load_does_not_replace_a_higher_version,
            what_is_over_holds_no_version_back,
            what_was_invalidated_below_comes_back_in_no_lower_version,
            of_two_bounds_the_higher_one_counts,
            a_bound_leaves_what_is_of_its_version,
            what_was_cleared_holds_no_version_back,
            a_lower_version_that_is_not_to_be_kept_takes_nothing_away,
        ]);
        $crate::cache_conformance!(@tests $time, $run, fence: [
            a_delete_beats_a_load,
            a_delete_of_many_beats_a_load,
            a_set_beats_a_load,
            a_set_of_many_beats_a_load,
            a_pattern_beats_a_load,
            a_tag_beats_a_load,
            a_tag_of_the_result_beats_its_load,
            a_clear_of_a_namespace_beats_a_load,
            a_clear_of_an_outer_namespace_beats_a_load,
            a_clear_of_everything_beats_a_load,
            a_bound_of_versions_beats_a_load,
            every_invalidation_beats_a_load_in_the_background,
            every_invalidation_beats_a_load_in_advance,
            every_invalidation_beats_what_is_spare,
            every_invalidation_beats_a_load_that_fails,
            every_invalidation_beats_what_is_spare_for_a_while,
            every_invalidation_beats_a_load_that_takes_long,
            invalidations_one_after_the_other_all_count,
        ]);
        $crate::cache_conformance!(@tests $time, $run, nodes: [
            what_one_writes_the_other_reads,
            what_one_has_loaded_the_other_need_not_load,
            of_two_nodes_one_loads,
            what_one_writes_takes_the_place_of_what_the_other_has,
            of_two_versions_the_higher_one_stays_at_both,
            what_one_invalidates_the_other_forgets,
            what_one_invalidates_beats_a_load_of_the_other,
            what_one_invalidates_is_loaded_anew_though_the_other_still_loads,
            what_one_invalidates_beats_a_load_of_the_other_in_the_background,
        ]);
        $crate::cache_conformance!(@tests $time, $run, races: [
            no_read_is_older_than_an_invalidation_before_it,
        ]);
    };
    (@tests $time:ident, $run:expr, $part:ident: [$($name:ident,)+]) => {
        mod $part {
            #[allow(unused_imports, reason = "what the expression needs is not known here")]
            use super::*;
            $(
                #[test]
                fn $name() {
                    $crate::__private::$time(async {
                        let test: $crate::CacheTest =
                            |cache| Box::pin($crate::cache_conformance::$part::$name(cache));
                        let run = $run;
                        run(test).await;
                    });
                }
            )+
        }
    };
}
