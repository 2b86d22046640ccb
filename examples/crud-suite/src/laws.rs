//! The tests, one function for each; `suite!` makes tests of them.

pub mod changes;
pub mod creation;
pub mod pages;
pub mod reads;
pub mod together;
pub mod trash;

#[doc(hidden)]
pub use crate::subject::Subject;

/// Expands to every test of a store, on each database: `suite!(open, failure)`, where
/// `open: fn(Opening) -> Store` makes it and `failure: fn(Store::Error) -> Failure` says what an
/// error of it means.
#[macro_export]
macro_rules! suite {
    ($open:ident, $failure:ident) => {
        $crate::suite!(@each $open, $failure:
            reads::a_product_is_found_by_its_id_and_by_its_handle,
            reads::many_ids_keep_their_order_and_show_what_is_missing,
            reads::forty_thousand_ids_are_asked_for_in_portions,
            reads::counting_and_asking_whether_there_are_any_respect_the_filter,
            reads::nothing_reaches_the_products_of_another_shop,
            pages::pages_lead_forwards_and_backwards,
            pages::a_walk_by_title_visits_ties_once_in_both_directions,
            pages::a_filtered_list_is_paged_and_counted_by_itself,
            pages::a_page_takes_as_many_statements_for_many_products_as_for_one,
            pages::a_cursor_is_good_for_its_own_list_only,
            pages::a_cursor_that_was_changed_or_cut_is_refused,
            pages::sizes_outside_the_bounds_and_both_ends_are_refused,
            creation::a_new_product_is_stamped_and_starts_at_version_one,
            creation::a_handle_and_a_sku_belong_to_one_product_of_a_shop,
            creation::three_thousand_products_are_created_in_portions_and_in_order,
            creation::products_are_created_all_or_none,
            changes::a_change_counts_itself_and_is_stamped,
            changes::a_lost_race_names_both_versions,
            changes::a_change_takes_nothing_that_belongs_to_another,
            changes::variants_are_deleted_changed_created_and_left_alone,
            changes::two_variants_exchange_their_skus,
            changes::a_variant_of_another_product_is_not_taken_over,
            trash::a_deleted_product_is_listed_only_when_asked_for,
            trash::handles_and_skus_of_deleted_products_can_be_used_again,
            trash::a_restored_product_has_the_variants_that_went_with_it,
            trash::a_restoration_takes_nothing_that_belongs_to_another,
            trash::a_hard_deletion_leaves_nothing,
            together::an_exchange_is_whole_or_nothing,
            together::exchanges_that_collide_are_tried_again,
        );
    };
    (@each $open:ident, $failure:ident: $($file:ident::$law:ident),+ $(,)?) => {
        $crate::__private::on_each_database! {
            $(
                async fn $law(database: TestDatabase) {
                    let subject = $crate::laws::Subject::new(&database, $open, $failure).await;
                    $crate::laws::$file::$law(&subject).await;
                }
            )+
        }
    };
}
