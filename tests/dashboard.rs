//! A real browser leads a whole migration by the dashboard, while customers shop.
//!
//! The story is `tests/dashboard/story.mjs`; `make browser` installs what it needs. Pictures of each page are left in
//! `target/dashboard`, to be looked at.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::support::app::{App, repository};
use crate::support::databases::Pair;

#[tokio::test]
async fn a_migration_is_led_by_the_dashboard_in_a_browser() {
    if let Some(missing) = missing() {
        assert!(
            std::env::var_os("CROSSFADE_BROWSER_NEEDED").is_none(),
            "the dashboard must be tested, and {missing} is missing"
        );
        eprintln!("passed over: {missing} is missing; `make browser` installs it");
        return;
    }
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let app = App::start(&pair.old_url().await, &pair.new_url().await).await;
    let story = Command::new("node")
        .arg("story.mjs")
        .current_dir(folder())
        .env("BASE_URL", &app.base_url)
        .env("PICTURES", pictures())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node runs");
    let told = [story.stdout, story.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(story.status.success(), "{}", told.concat());
    app.stop().await;
}

fn folder() -> PathBuf {
    repository().join("tests/dashboard")
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../dashboard")
}

/// What the story needs and this machine lacks.
fn missing() -> Option<&'static str> {
    let is_on_path = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    if !is_on_path("node") {
        return Some("Node.js");
    }
    if std::env::var_os("CROSSFADE_BROWSER").is_none() && !is_on_path("chromium") {
        return Some("Chromium");
    }
    let driver = folder().join("node_modules/playwright-core");
    (!driver.is_dir()).then_some("what drives it")
}
