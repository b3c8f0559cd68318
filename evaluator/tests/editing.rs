//! A part of a file is changed, and all the rest of it stays as it was written.

use crossfade_evaluator::rules::{Edit, EditError, Target, edit_feature, edit_segment};

const STORY: &str = include_str!("../../rules/postgres-migration.yaml");

const TESTERS: &str = "Testing Group";
const PRO: &str = "Pro in India and the United States";

/// Checks that exactly one line was replaced by others.
#[track_caller]
fn assert_changes(before: &str, edit: &Edit, old_line: &str, new_lines: &str) {
    assert_eq!(before.matches(old_line).count(), 1, "{old_line}");
    let expected = before.replacen(old_line, new_lines, 1);
    assert_eq!(edit_feature(before, edit), Ok(expected));
}

fn add(user: &str) -> Edit {
    Edit::AddUser {
        rule: TESTERS.to_owned(),
        user: user.to_owned(),
    }
}

fn remove(user: &str) -> Edit {
    Edit::RemoveUser {
        rule: TESTERS.to_owned(),
        user: user.to_owned(),
    }
}

fn rollout(rule: &str, percent: &str) -> Edit {
    Edit::Rollout {
        rule: rule.to_owned(),
        percent: percent.to_owned(),
    }
}

fn serve(rule: &str, target: Target) -> Edit {
    Edit::Serve {
        rule: rule.to_owned(),
        target,
    }
}

#[test]
fn users_come_into_a_rule_s_list_and_leave_it() {
    let line = "    when: user_id in [\"123\", \"456\"]\n";
    assert_changes(
        STORY,
        &add("789"),
        line,
        "    when: user_id in [\"123\", \"456\", \"789\"]\n",
    );
    assert_changes(STORY, &remove("123"), line, "    when: user_id in [\"456\"]\n");
    assert_changes(STORY, &remove("456"), line, "    when: user_id in [\"123\"]\n");
    assert_eq!(edit_feature(STORY, &add("123")).unwrap(), STORY);
    assert_eq!(edit_feature(STORY, &remove("nobody")).unwrap(), STORY);
    let odd = add("a\"b\\c");
    assert_changes(
        STORY,
        &odd,
        line,
        "    when: user_id in [\"123\", \"456\", \"a\\\"b\\\\c\"]\n",
    );
}

#[test]
fn a_rollout_is_changed_or_added() {
    assert_changes(
        STORY,
        &rollout(PRO, "50%"),
        "    rollout: 25%\n",
        "    rollout: 50%\n",
    );
    let added = "    rollout: 5%\n    serve: testing-groups\n";
    assert_changes(
        STORY,
        &rollout(TESTERS, "5%"),
        "    serve: testing-groups\n",
        added,
    );
}

#[test]
fn a_feature_is_switched_off_and_on() {
    let off = edit_feature(STORY, &Edit::Enabled(false)).unwrap();
    assert!(
        off.starts_with("feature: postgres-migration\nenabled: false\ndescription"),
        "{off}"
    );
    let on = edit_feature(&off, &Edit::Enabled(true)).unwrap();
    assert_eq!(on, off.replace("enabled: false", "enabled: true"));
    assert_eq!(edit_feature(STORY, &Edit::Enabled(true)).unwrap(), STORY);
}

#[test]
fn what_is_served_is_changed_with_comments_left_alone() {
    let default = Edit::Default("migrated".to_owned());
    let line = "default: user-groups          # everyone else: the Customer Group\n";
    assert_changes(
        STORY,
        &default,
        line,
        "default: migrated          # everyone else: the Customer Group\n",
    );
    let halves = Target::Weighted(vec![
        ("user-groups".to_owned(), "50%".to_owned()),
        ("migrated".to_owned(), "50%".to_owned()),
    ]);
    let written = "    serve: { user-groups: 50%, migrated: 50% }\n";
    let weighted = serve(PRO, halves);
    assert_changes(STORY, &weighted, "    serve: migrated\n", written);
    let one = serve(PRO, Target::One("migrated".to_owned()));
    let halved = edit_feature(STORY, &weighted).unwrap();
    assert_eq!(edit_feature(&halved, &one).unwrap(), STORY);
}

#[test]
fn files_are_changed_however_they_are_written() {
    let json = "{\"feature\": \"f\", \"targeting\": [{\"name\": \"r\", \"when\": \"user_id in [\\\"1\\\"]\", \"serve\": \"a\"}], \"default\": \"a\"}";
    let edited = edit_feature(json, &rollout("r", "5%")).unwrap();
    assert_eq!(
        edited,
        json.replace("\"serve\"", "\"rollout\": \"5%\", \"serve\"")
    );
    let user = Edit::AddUser {
        rule: "r".to_owned(),
        user: "2".to_owned(),
    };
    assert_eq!(
        edit_feature(json, &user).unwrap(),
        json.replace("[\\\"1\\\"]", "[\\\"1\\\", \\\"2\\\"]")
    );
    let off = edit_feature(json, &Edit::Enabled(false)).unwrap();
    assert_eq!(off, json.replace("\"f\",", "\"f\", \"enabled\": false,"));

    let dashed = "feature: f # f\ntargeting:\n- serve:\n    a: 10%\n    b: 90%\n  # why\n  when: |\n    user_id in [\n      '1',\n    ]\n  name: r\ndefault: a\n";
    let served = edit_feature(dashed, &serve("r", Target::One("b".to_owned()))).unwrap();
    assert_eq!(
        served,
        dashed.replace("serve:\n    a: 10%\n    b: 90%\n", "serve: b\n")
    );
    assert_eq!(
        edit_feature(dashed, &user).unwrap(),
        dashed.replace("'1',", "'1', \"2\",")
    );
    let rolled = edit_feature(dashed, &rollout("r", "5%")).unwrap();
    assert_eq!(rolled, dashed.replace("- serve:", "- rollout: 5%\n  serve:"));
    let off = edit_feature(dashed, &Edit::Enabled(false)).unwrap();
    assert_eq!(off, dashed.replace("# f\n", "# f\nenabled: false\n"));
    let windows = STORY.replace('\n', "\r\n");
    let off = edit_feature(&windows, &Edit::Enabled(false)).unwrap();
    assert!(
        off.starts_with("feature: postgres-migration\nenabled: false\r\n"),
        "{off:?}"
    );
}

#[test]
fn what_cannot_be_changed_is_said_and_nothing_is() {
    let nobody = rollout("nobody", "5%");
    assert_eq!(
        edit_feature(STORY, &nobody),
        Err(EditError::NoRule("nobody".to_owned()))
    );
    let user = |rule: &str| Edit::AddUser {
        rule: rule.to_owned(),
        user: "9".to_owned(),
    };
    assert_eq!(
        edit_feature(STORY, &user(PRO)),
        Err(EditError::NoList(PRO.to_owned()))
    );
    assert_eq!(
        edit_feature("feature: [", &Edit::Enabled(false)),
        Err(EditError::Unparsed)
    );
    let of = |when: &str| format!("feature: f\ntargeting:\n  - {{ name: r, when: '{when}', serve: a }}\n");
    let segment = EditError::InSegment {
        rule: "r".to_owned(),
        segment: "testers".to_owned(),
    };
    assert_eq!(
        edit_feature(&of("user_id in segment(\"testers\")"), &user("r")),
        Err(segment)
    );
    let several = of("user_id in [\"1\"] || user_id in [\"2\"]");
    assert_eq!(
        edit_feature(&several, &user("r")),
        Err(EditError::SeveralLists("r".to_owned()))
    );
    // Two rules share what an anchor names: changing it for one would change the other.
    let shared = "feature: f\ntargeting:\n  - { name: r, when: &w 'user_id in [\"1\"]', serve: a }\n  - { name: s, when: *w, serve: a }\n";
    assert_eq!(edit_feature(shared, &user("r")), Err(EditError::Unforeseen));
}

#[test]
fn a_segment_keeps_its_comments() {
    let text = "# testers\n123\n456 # Ada\n";
    let edit = |add: &[&str], remove: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        edit_segment(text, &owned(add), &owned(remove))
    };
    assert_eq!(edit(&["789"], &["456"]), "# testers\n123\n789\n");
    assert_eq!(edit(&["123"], &["nobody"]), text);
    assert_eq!(edit_segment("1", &["2".to_owned()], &[]), "1\n2\n");
}
