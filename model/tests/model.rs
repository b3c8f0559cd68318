//! The protocol keeps its promises in every order of steps, and each of its rules is needed.

use crossfade_model::{Flaw, Occasion, Promise, Scenario, explore};

/// Enough for CI's two cores.
const THREADS: usize = 2;

#[test]
fn the_protocol_keeps_every_promise_in_every_order_of_steps() {
    let mut missing = Occasion::ALL.to_vec();
    for scenario in Scenario::small() {
        let name = scenario.name;
        let outcome = explore(scenario, None, THREADS);
        println!("{name}: {} states", outcome.states);
        assert!(outcome.violations.is_empty(), "{name}: {:#?}", outcome.violations);
        missing.retain(|occasion| !outcome.occasions.contains(occasion));
    }
    assert!(
        missing.is_empty(),
        "nothing put the promises to the test: {missing:?}"
    );
}

#[test]
fn without_the_lock_before_the_read_the_checker_finds_an_older_row_written_last() {
    finds(Flaw::LockAfterRead, Promise::EveryChangeArrivesOrIsPending);
}

#[test]
fn when_entries_are_dropped_by_range_the_checker_finds_one_that_was_never_mirrored() {
    finds(Flaw::DropByRange, Promise::EveryChangeArrivesOrIsPending);
}

#[test]
fn without_the_rule_of_the_copy_the_checker_finds_a_row_that_came_back() {
    finds(Flaw::CopyWithoutRule, Promise::EveryChangeArrivesOrIsPending);
}

#[test]
fn when_a_chunk_is_copied_that_is_there_already_the_checker_finds_an_older_row_written_last() {
    finds(Flaw::CopyTwice, Promise::EveryChangeArrivesOrIsPending);
}

#[test]
fn when_entries_are_dropped_before_the_secondary_commits_the_checker_finds_a_lost_change() {
    finds(Flaw::DropBeforeCommit, Promise::EveryChangeArrivesOrIsPending);
}

#[test]
fn when_a_position_is_one_transaction_the_checker_finds_a_read_that_went_back() {
    finds(Flaw::PositionOfOneTransaction, Promise::NoReadGoesBack);
}

#[test]
fn when_reads_of_the_primary_are_forgotten_the_checker_finds_a_read_that_went_back() {
    finds(Flaw::ForgetReadsOfPrimary, Promise::NoReadGoesBack);
}

/// Some scenario shows that the broken rule is needed, and the way there is printed.
fn finds(flaw: Flaw, promise: Promise) {
    let found = Scenario::small().into_iter().find_map(|scenario| {
        let name = scenario.name;
        let outcome = explore(scenario, Some(flaw), 1);
        let mut violations = outcome.violations.into_iter();
        let violation = violations.find(|violation| violation.promise == promise)?;
        Some((name, violation.path))
    });
    assert!(found.is_some(), "the model does not notice {flaw:?}");
    if let Some((name, path)) = found {
        println!("{flaw:?} in \"{name}\":\n  {}", path.join("\n  "));
    }
}
