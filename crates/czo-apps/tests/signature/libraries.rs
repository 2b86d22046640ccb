//! The libraries of others, installed by the first test that wants them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What is installed and run, beside the program that runs it.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signature/foreign");

/// What a library says of each message, by its name: `verified`, or why not.
pub(crate) type Verdicts = Vec<(String, String)>;

/// The npm library, by Node.js.
pub(crate) fn ask_node(messages: &Value) -> Verdicts {
    let folder = installed("node", &["package-lock.json", "package.json"], |folder| {
        let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run(Command::new("npm").args(options).current_dir(folder));
    });
    // Node.js looks for packages where the script is.
    let script = folder.join("verify.mjs");
    fs::copy(Path::new(SOURCES).join("verify.mjs"), &script).unwrap();
    ask(Command::new("node").arg(script), messages)
}

/// The PyPI library, by Python in an environment of its own.
pub(crate) fn ask_python(messages: &Value) -> Verdicts {
    let python = |folder: &Path| folder.join("venv").join("bin").join("python");
    let folder = installed("python", &["requirements.txt"], |folder| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")));
        run(Command::new(python(folder))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary", ":all:", "--require-hashes", "--requirement"])
            .arg(folder.join("requirements.txt")));
    });
    ask(Command::new(python(&folder)).arg(Path::new(SOURCES).join("verify.py")), messages)
}

/// A folder below the target folder with what is pinned in these files; other processes wait for
/// the one that installs. What changed, or was left half done, is installed anew.
fn installed(name: &str, pins: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receivers").join(name);
    fs::create_dir_all(&folder).unwrap();
    // Held until this returns, or the process ends.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let read = |pin: &&str| fs::read(Path::new(SOURCES).join(pin)).unwrap();
    let pinned: Vec<u8> = pins.iter().flat_map(read).collect();
    let done = folder.join("installed");
    if fs::read(&done).is_ok_and(|installed| installed == pinned) {
        return folder;
    }
    for pin in pins {
        fs::copy(Path::new(SOURCES).join(pin), folder.join(pin)).unwrap();
    }
    install(&folder);
    fs::write(done, pinned).unwrap();
    folder
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", needed(command)));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn ask(command: &mut Command, messages: &Value) -> Verdicts {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", needed(command)));
    child.stdin.take().unwrap().write_all(messages.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed ({})", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn needed(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("?"));
    format!("a test with the libraries of others needs `{}`", program.display())
}
