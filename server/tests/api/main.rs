//! The API, from the caller's connection to the database and back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod audit;
mod bad_input;
mod concurrent;
mod doctor;
mod durable;
mod identity;
mod keys;
mod local;
mod me;
mod openapi;
mod page;
mod plain;
mod platform;
mod process;
mod replay;
mod replicas;
mod rotate;
mod sealed;
mod start;
mod usage;

/// Each of these runs on SQLite as a test of its own, and on PostgreSQL one after the other, so that
/// one cluster serves them all.
macro_rules! on_both_databases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod on_sqlite {
            use crate::support::{Companion, Setup};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    crate::$module::$name(&Companion::start(&Setup::default()).await).await;
                }
            )*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn the_same_on_postgresql() {
            let cluster = match support::postgres::Postgres::start() {
                Ok(cluster) => cluster,
                Err(missing) => {
                    println!("SKIPPED: nothing was tested on PostgreSQL: {missing}");
                    return;
                }
            };
            $(
                println!("{}", stringify!($name));
                let database_url = Some(cluster.database());
                let setup = support::Setup { database_url, ..Default::default() };
                let companion = support::Companion::start(&setup).await;
                $module::$name(&companion).await;
                companion.stop().await;
            )*
            replicas::what_one_replica_acknowledged_holds_on_the_other(&cluster).await;
            rotate::replicas_follow_a_rotation_together(&cluster).await;
            doctor::postgresql_is_looked_at_too(&cluster).await;
        }
    };
}

on_both_databases! {
    keys::an_added_key_is_listed_with_its_mask_and_its_ciphertext,
    keys::the_same_request_again_answers_the_same_and_rewrites_nothing,
    keys::another_body_under_the_same_id_is_a_conflict,
    keys::a_revoked_entry_is_gone_and_its_id_never_comes_back,
    keys::each_user_has_ids_and_entries_of_their_own,
    keys::a_change_beside_the_key_never_touches_the_ciphertext,
    keys::a_key_is_replaced_only_by_one_sealed_later_for_the_same_entry,
    keys::a_new_order_names_every_entry_once_and_is_kept,
    keys::values_that_cannot_be_are_refused,
    keys::what_happened_is_written_down_page_by_page,
    me::settings_are_merged_and_kept,
    replay::an_id_is_claimed_once_and_forgotten_by_the_databases_clock,
    replay::uses_are_counted,
    usage::sums_are_taken_by_what_is_asked_and_given_page_by_page,
    usage::csv_has_the_same_rows_and_no_formula,
    usage::counts_that_are_written_at_once_are_all_added,
    usage::a_budget_is_shown_with_what_is_left,
    audit::one_action_can_be_asked_for_and_the_mask_is_shown,
    audit::one_entry_and_a_stretch_of_time_can_be_asked_for,
    audit::refusals_are_written_down_once_for_whom_they_concern,
    audit::nothing_but_age_removes_what_was_written_down,
    replay::candidates_are_active_unexpired_and_in_order,
    platform::what_is_reserved_never_exceeds_the_limits_however_many_ask_at_once,
    platform::a_minutes_requests_come_back_one_by_one_and_a_days_with_the_day,
    platform::costs_correct_what_was_reserved_and_unknown_ones_stay_counted,
    platform::a_rest_is_read_back_by_everyone_and_only_for_the_same_key,
    concurrent::of_many_equal_uploads_one_is_stored_and_all_are_acknowledged,
    concurrent::of_many_claims_of_one_id_one_wins,
    concurrent::settings_that_are_merged_at_once_are_all_kept,
    concurrent::orders_that_are_set_at_once_end_in_one_of_them,
    concurrent::uploads_at_once_get_places_of_their_own,
    rotate::nothing_is_lost_while_keys_are_rotated_under_load,
    rotate::an_upload_under_an_older_key_is_stored_under_the_current_one,
    rotate::a_rewrap_that_was_killed_goes_on_where_it_was,
    rotate::only_the_ciphertext_that_was_read_is_replaced,
    rotate::what_no_key_opens_has_to_be_entered_again,
    rotate::a_key_is_retired_once_no_entry_needs_it,
}
