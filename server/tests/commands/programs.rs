//! Built programs: one file in place of a folder, wherever rules are taken.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::desk::Desk;

/// Where in a file some bytes stand.
fn position(bytes: &[u8], text: &str) -> usize {
    let mut windows = bytes.windows(text.len());
    windows
        .position(|window| window == text.as_bytes())
        .expect("the text")
}

fn built() -> Desk {
    let desk = Desk::new();
    let said = desk.run("build --rules shop");
    assert_eq!(said.code, Some(0), "{said:?}");
    desk
}

#[test]
fn a_program_answers_every_command_as_its_folder_does() {
    let desk = built();
    let commands = [
        "check --format json",
        "test --format json --at 2026-12-02T00:00:00Z",
        "eval --user u-17 --set country=FR --at 2026-12-02T00:00:00Z",
    ];
    for command in commands {
        let folder = desk.run(&format!("{command} --rules shop"));
        let program = desk.run(&format!("{command} --rules shop.wasm"));
        assert_eq!(folder.code, Some(0), "{folder:?}");
        // Files in a program are nowhere else.
        assert_eq!(folder.out.replace("\"shop/", "\""), program.out);
        assert_eq!((program.err.as_str(), program.code), ("", Some(0)));
    }
}

#[test]
fn what_is_built_from_a_program_is_the_same_program() {
    let desk = built();
    assert_eq!(desk.run("build --rules shop.wasm -o again.wasm").code, Some(0));
    assert_eq!(desk.read("shop.wasm"), desk.read("again.wasm"));
    assert_eq!(
        desk.run("build --rules shop -o stripped.wasm --strip").code,
        Some(0)
    );
    assert_eq!(
        desk.run("build --rules shop.wasm -o without.wasm --strip").code,
        Some(0)
    );
    assert_eq!(desk.read("stripped.wasm"), desk.read("without.wasm"));
    let stripped = desk.read("stripped.wasm");
    assert!(!stripped.windows(9).any(|window| window == b"targeting"));
}

#[test]
fn a_program_whose_sources_were_changed_is_refused_by_whoever_reads_them() {
    let desk = built();
    let mut wasm = desk.read("shop.wasm");
    let at = position(&wasm, "serve: french");
    wasm[at..at + 13].copy_from_slice(b"serve: plain ");
    desk.write("changed.wasm", &wasm);
    for command in ["check", "test", "build -o other.wasm"] {
        let said = desk.run(&format!("{command} --rules changed.wasm"));
        assert_eq!((said.out.as_str(), said.code), ("", Some(1)), "{command}");
        let expected = "crossfade: changed.wasm: the program carries other sources than it was compiled from";
        assert!(said.err.starts_with(expected), "{}", said.err);
    }
    // Its code is what it was.
    let decided = desk.run("eval --rules changed.wasm --set country=FR --at 2026-12-02T00:00:00Z greeting");
    assert_eq!(decided.code, Some(0));
    assert!(decided.out.contains("Bonjour"), "{}", decided.out);
}

#[test]
fn a_program_whose_code_was_changed_is_noticed() {
    let desk = built();
    let mut wasm = desk.read("shop.wasm");
    let at = position(&wasm, "Hello");
    assert!(
        at < position(&wasm, "crossfade.sources"),
        "the metadata come first"
    );
    wasm[at..at + 5].copy_from_slice(b"Howdy");
    desk.write("changed.wasm", &wasm);
    let said = desk.run("check --rules changed.wasm");
    assert_eq!(said.code, Some(0));
    let expected = "note: this version of crossfade compiles the program's sources to other code";
    assert!(said.out.starts_with(expected), "{}", said.out);
    let said = desk.run("test --rules changed.wasm");
    assert_eq!(
        said.code,
        Some(1),
        "tests are put to the program, not to its sources"
    );
    assert!(
        said.out.contains("expected \"Hello\", got \"Howdy\""),
        "{}",
        said.out
    );
}

#[test]
fn what_is_cut_short_or_no_program_at_all_is_refused() {
    let desk = built();
    let wasm = desk.read("shop.wasm");
    let start_of_sources = position(&wasm, "crossfade.sources") - 10;
    for length in [0, 7, 100, start_of_sources, wasm.len() - 1] {
        desk.write("cut.wasm", &wasm[..length]);
        for command in ["check", "test", "eval"] {
            let said = desk.run(&format!("{command} --rules cut.wasm"));
            assert_eq!(
                (said.out.as_str(), said.code),
                ("", Some(1)),
                "{command} {length}"
            );
            assert!(
                said.err
                    .starts_with("crossfade: cut.wasm: the program cannot be loaded: "),
                "{}",
                said.err
            );
        }
    }
}

#[test]
fn building_replaces_a_program_and_what_a_link_points_to_and_nothing_else() {
    let desk = built();
    let first = desk.read("shop.wasm");
    assert_eq!(desk.run("build --rules warned -o shop.wasm").code, Some(0));
    assert_ne!(desk.read("shop.wasm"), first, "a program of ours is replaced");

    symlink(desk.path("shop.wasm"), desk.path("current.wasm")).unwrap();
    assert_eq!(desk.run("build --rules shop -o current.wasm").code, Some(0));
    assert!(desk.path("current.wasm").is_symlink());
    assert_eq!(desk.read("shop.wasm"), first);

    desk.write("empty.wasm", b"");
    assert_eq!(
        desk.run("build --rules shop -o empty.wasm").code,
        Some(0),
        "mktemp makes such files"
    );

    desk.write("other.wasm", b"\0asm\x01\0\0\0");
    for name in ["other.wasm", "shop/checkout.yaml", "shop", "/dev/null"] {
        let said = desk.run(&format!("build --rules shop -o {name}"));
        assert_eq!((said.out.as_str(), said.code), ("", Some(2)), "{name}");
    }
    assert_eq!(desk.read("other.wasm"), b"\0asm\x01\0\0\0");
}

#[test]
fn a_build_leaves_one_file_that_everyone_may_read_who_may_read_files_there() {
    let desk = Desk::new();
    fs::create_dir(desk.path("out")).unwrap();
    let umask = "umask 022 && crossfade build --rules shop -o out/shop.wasm";
    assert_eq!(desk.shell(umask).code, Some(0));
    let files: Vec<_> = fs::read_dir(desk.path("out")).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = fs::metadata(desk.path("out/shop.wasm"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn rules_that_are_wrong_leave_the_program_that_was_there() {
    let desk = built();
    let before = desk.read("shop.wasm");
    let said = desk.run("build --rules mistakes -o shop.wasm");
    assert_eq!((said.out.as_str(), said.code), ("", Some(1)));
    assert_eq!(desk.read("shop.wasm"), before);
}

#[test]
fn a_server_runs_a_program_as_it_runs_a_folder() {
    let desk = built();
    let mut serve = desk.command(env!("CARGO_BIN_EXE_crossfade"));
    // It reads the rules and then wants an address that somebody else has.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    serve.args(["serve", "--rules", "shop.wasm", "--listen", &address]);
    let output = serve.env("RUST_LOG", "info").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("run, from shop.wasm"), "{log}");
}
