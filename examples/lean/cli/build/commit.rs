//! The commit of a git checkout, read from its files. No program is run, because git may be missing
//! or refuse a folder of another user.

use std::fs;
use std::path::{Path, PathBuf};

/// The number of folders between this package and the root of its workspace.
pub(crate) const DEPTH: usize = 3;

/// The number of hexadecimal digits shown of a commit.
const DIGITS: usize = 12;

/// The git folders of a checkout.
pub(crate) struct Checkout {
    /// The folder with this checkout's `HEAD`.
    own: PathBuf,
    /// The folder with the branches, shared by all worktrees of a repository.
    common: PathBuf,
}

impl Checkout {
    /// Finds the git folders of the checkout with this root.
    ///
    /// Returns `None` if the folder is not the root of a checkout.
    pub(crate) fn at(root: &Path) -> Option<Self> {
        let entry = root.join(".git");
        let own = if entry.is_dir() {
            entry
        } else {
            // A worktree has a file here, with the path of its git folder.
            root.join(text(&entry)?.strip_prefix("gitdir:")?.trim())
        };
        let common = match text(&own.join("commondir")) {
            Some(path) => own.join(path),
            None => own.clone(),
        };
        own.join("HEAD").is_file().then_some(Self { own, common })
    }

    /// Returns the first digits of the commit, or `None` if the branch has no commit yet.
    pub(crate) fn commit(&self) -> Option<String> {
        let head = text(&self.own.join("HEAD"))?;
        let commit = match head.strip_prefix("ref:") {
            Some(branch) => self.branch(branch.trim())?,
            None => head,
        };
        let is_commit = commit.len() >= DIGITS && commit.bytes().all(|it| it.is_ascii_hexdigit());
        is_commit.then(|| commit[..DIGITS].to_owned())
    }

    /// Returns the files that change with the commit. All of them exist, because cargo runs the
    /// script in every build if one does not.
    pub(crate) fn watched(&self) -> Vec<PathBuf> {
        // git appends to `logs/HEAD` with every commit and every switch to another one.
        let mut files = vec![self.own.join("HEAD"), self.own.join("logs/HEAD")];
        files.push(self.common.join("packed-refs"));
        let branch = text(&self.own.join("HEAD"));
        files.extend(
            branch
                .iter()
                .filter_map(|head| Some(self.common.join(head.strip_prefix("ref:")?.trim()))),
        );
        files.retain(|file| file.is_file());
        files
    }

    fn branch(&self, name: &str) -> Option<String> {
        if let Some(commit) = text(&self.common.join(name)) {
            return Some(commit);
        }
        let packed = text(&self.common.join("packed-refs"))?;
        packed.lines().find_map(|line| {
            let (commit, branch) = line.split_once(' ')?;
            (branch.trim() == name).then(|| commit.to_owned())
        })
    }
}

/// Returns the text of a file without surrounding white space.
fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
