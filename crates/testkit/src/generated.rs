//! A crate that a test makes, to see that generated code compiles and does what it should.
//!
//! It has the profile of the workspace, so that what both depend on is built once.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate of its own in the target directory, which depends on `waxwing`.
#[derive(Debug)]
pub struct GeneratedCrate {
    folder: PathBuf,
    target: PathBuf,
}

impl GeneratedCrate {
    /// An empty one in the folder of this name; what was there is gone.
    ///
    /// # Panics
    /// When files cannot be read or written.
    pub fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().expect("the workspace");
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let target = target.map_or_else(|| root.join("target"), PathBuf::from);
        let this = Self { folder: target.join(name), target };
        let _ = std::fs::remove_dir_all(&this.folder);
        let text = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
        let (workspace, library) = (text("Cargo.toml"), text("crates/waxwing/Cargo.toml"));
        let manifest = format!(
            "[package]\nname = \"waxwing-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nwaxwing = {{ path = {:?} }}\n\n[workspace]\n\n{}",
            root.join("crates/waxwing"),
            profile(&workspace, &library),
        );
        this.write("Cargo.toml", manifest);
        this.write("Cargo.lock", text("Cargo.lock"));
        this
    }

    /// Writes a file of it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.join(path);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// Runs cargo in it, without a network.
    ///
    /// # Panics
    /// When cargo cannot be run, or says that something is wrong.
    pub fn cargo(&self, command: &str) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args([command, "--quiet", "--offline"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .status()
            .expect("cargo runs");
        assert!(status.success(), "cargo {command} in {} fails", self.folder.display());
    }
}

/// The profile of the workspace as that of a crate outside of it: there the workspace's own crates are dependencies like others,
/// and would have their profile.
fn profile(workspace: &str, library: &str) -> String {
    let sections = workspace.split("\n[").filter(|section| section.starts_with("profile.dev"));
    let mut profile: String =
        sections.map(|section| format!("[{}\n", section.trim_end())).collect();
    let own = library.lines().filter_map(|line| line.split_once(".workspace = true"));
    let own = own.map(|(name, _)| name).filter(|name| name.starts_with("waxwing-"));
    for name in own.filter(|name| *name != "waxwing-testkit").chain(["waxwing"]) {
        profile += &format!("[profile.dev.package.{name}]\nopt-level = 0\n");
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_built_as_in_the_workspace() {
        let workspace = "[workspace]\n[profile.dev]\ndebug = 1\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n\n[profile.release]\nlto = true\n";
        let library = "[dependencies]\nwaxwing-xml.workspace = true\nbytes.workspace = true\n\n[dev-dependencies]\nwaxwing-testkit.workspace = true\n";
        let expected = "[profile.dev]\ndebug = 1\n[profile.dev.package.\"*\"]\nopt-level = 2\n\
             [profile.dev.package.waxwing-xml]\nopt-level = 0\n[profile.dev.package.waxwing]\nopt-level = 0\n";
        assert_eq!(profile(workspace, library), expected);
    }
}
