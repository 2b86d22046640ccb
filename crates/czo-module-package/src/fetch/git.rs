//! Fetching from a git repository.
//!
//! Nothing is checked out: the files are read as objects, so that no hook, filter or attribute of
//! the repository has a say, and no name in it leads out of the folder.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::process::Run;
use super::{FetchError, FetchOptions};
use crate::source::whole_commit;
use crate::{GitSource, PackageError, PackagePath};

/// What of the settings of the machine does not hold here.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "protocol.ext.allow=never",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Variables by which git would work somewhere else, as in a hook of another repository.
const ELSEWHERE: [&str; 8] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
];

/// One file of a commit.
struct Blob {
    object: String,
    size: u64,
    path: PackagePath,
}

/// Writes the files of a commit below `directory/tree`, and gives the commit.
pub(super) fn fetch(
    source: &GitSource,
    directory: &Path,
    options: &FetchOptions,
) -> Result<String, PackageError> {
    let repository = Repository { at: &directory.join("repository"), options };
    let commit = repository.fetch(source)?;
    let blobs = repository.list(&commit, source.folder.as_ref())?;
    let tree = directory.join("tree");
    fs::create_dir(&tree).map_err(|e| PackageError::io("create", &tree, e))?;
    repository.write(&blobs, directory, &tree)?;
    Ok(commit)
}

struct Repository<'a> {
    at: &'a Path,
    options: &'a FetchOptions,
}

impl Repository<'_> {
    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        git.stdin(Stdio::null()).stdout(Stdio::piped());
        git.envs(&self.options.environment);
        for name in ELSEWHERE {
            git.env_remove(name);
        }
        git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("LC_ALL", "C");
        git.env("SSH_ASKPASS_REQUIRE", "never").env("GIT_LFS_SKIP_SMUDGE", "1");
        if std::env::var_os("GIT_SSH_COMMAND").is_none() {
            git.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
        }
        git
    }

    fn run(&self, what: &str, command: &mut Command) -> Result<Vec<u8>, PackageError> {
        let fills = Some((self.at, self.options.archive.bytes));
        let timeout = self.options.timeout;
        Run { program: "git", what: what.to_owned(), timeout, fills }.run(command)
    }

    /// Fetches one commit, without those before it.
    fn fetch(&self, source: &GitSource) -> Result<String, PackageError> {
        let mut init = self.git();
        init.args(["init", "--quiet", "--bare", "--template="]).arg(self.at);
        self.run("making a repository", &mut init)?;
        let reference = source.reference.as_deref().unwrap_or("HEAD");
        let mut fetch = self.git();
        fetch.arg("--git-dir").arg(self.at);
        fetch.args(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--"]);
        fetch.args([&source.url(), reference]);
        self.run(&format!("fetching {source}"), &mut fetch)?;
        let mut parse = self.git();
        parse.arg("--git-dir").arg(self.at);
        parse.args(["rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}"]);
        let commit = self.run("looking for the commit", &mut parse)?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        if whole_commit(&commit).is_none() {
            return Err(not_understood(format!("`{commit}` is no commit")));
        }
        match whole_commit(reference).filter(|wanted| *wanted != commit) {
            Some(wanted) => Err(FetchError::Mismatch {
                what: source.to_string(),
                expected: wanted.to_owned(),
                found: commit,
            }
            .into()),
            None => Ok(commit),
        }
    }

    /// The files of a commit below `folder`. Links and submodules are left out, and so is what can't
    /// be a file of a package.
    fn list(&self, commit: &str, folder: Option<&PackagePath>) -> Result<Vec<Blob>, PackageError> {
        let mut list = self.git();
        list.arg("--git-dir").arg(self.at);
        list.args(["ls-tree", "-r", "-z", "--long", "--full-tree", commit]);
        let list = self.run("listing the files", &mut list)?;
        let mut blobs = Vec::new();
        let mut left = self.options.archive.bytes;
        for line in list.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Some(blob) = blob(line, folder) else { continue };
            let most = self.options.archive.bytes;
            left = left.checked_sub(blob.size).ok_or_else(|| {
                PackageError::too_large("the repository is too large", most, "bytes")
            })?;
            blobs.push(blob);
            if blobs.len() > self.options.archive.entries {
                let most = self.options.archive.entries as u64;
                let what = "the repository has too many files";
                return Err(PackageError::too_large(what, most, "files"));
            }
        }
        Ok(blobs)
    }

    /// Writes files below `tree`.
    fn write(&self, blobs: &[Blob], directory: &Path, tree: &Path) -> Result<(), PackageError> {
        let (wanted, contents) = (directory.join("wanted"), directory.join("contents"));
        let names: String = blobs.iter().map(|blob| format!("{}\n", blob.object)).collect();
        let io = |path: &Path, source| PackageError::io("write", path, source);
        fs::write(&wanted, names).map_err(|e| io(&wanted, e))?;
        let input = File::open(&wanted).map_err(|e| io(&wanted, e))?;
        let output = File::create(&contents).map_err(|e| io(&contents, e))?;
        let mut read = self.git();
        read.arg("--git-dir").arg(self.at).args(["cat-file", "--batch"]);
        read.stdin(Stdio::from(input)).stdout(Stdio::from(output));
        self.run("reading the files", &mut read)?;
        let contents = File::open(&contents).map_err(|e| io(&contents, e))?;
        let mut contents = BufReader::new(contents);
        for blob in blobs {
            let bytes = next(&mut contents, blob)?;
            let at = blob.path.below(tree);
            let write = || -> io::Result<()> {
                fs::create_dir_all(at.parent().unwrap_or(tree))?;
                File::create_new(&at)?.write_all(&bytes)
            };
            write().map_err(|e| io(&at, e))?;
        }
        Ok(())
    }
}

/// One line of `git ls-tree --long`: `<mode> <type> <object> <size>\t<path>`.
fn blob(line: &str, folder: Option<&PackagePath>) -> Option<Blob> {
    let (about, path) = line.split_once('\t')?;
    let mut about = about.split_ascii_whitespace();
    let (mode, kind, object, size) = (about.next()?, about.next()?, about.next()?, about.next()?);
    let is_file = kind == "blob" && matches!(mode, "100644" | "100755");
    let path = match folder {
        Some(folder) => path.strip_prefix(folder.as_str())?.strip_prefix('/')?,
        None => path,
    };
    let blob =
        Blob { object: object.to_owned(), size: size.parse().ok()?, path: path.parse().ok()? };
    is_file.then_some(blob)
}

/// The next answer of `git cat-file --batch`: `<object> blob <size>`, the bytes, and a line's end.
fn next(contents: &mut impl io::BufRead, blob: &Blob) -> Result<Vec<u8>, PackageError> {
    let mut line = String::new();
    let broken = |error: io::Error| not_understood(error.to_string());
    contents.by_ref().take(200).read_line(&mut line).map_err(broken)?;
    if line.trim_end() != format!("{} blob {}", blob.object, blob.size) {
        return Err(not_understood(format!("`{}`", line.trim_end())));
    }
    let mut bytes = Vec::new();
    contents.by_ref().take(blob.size).read_to_end(&mut bytes).map_err(broken)?;
    let mut end = [0];
    contents.read_exact(&mut end).map_err(broken)?;
    Ok(bytes)
}

fn not_understood(problem: String) -> PackageError {
    FetchError::Answer { program: "git", problem }.into()
}
