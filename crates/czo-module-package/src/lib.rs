#![doc = include_str!("../README.md")]

mod advisories;
mod archive;
mod component;
mod credentials;
mod digest;
mod entries;
mod error;
mod fetch;
mod grants;
mod lock;
mod manifest;
mod name;
mod order;
mod package;
mod package_path;
mod report;
mod source;
mod validate;

pub use advisories::Advisories;
pub use archive::{ArchiveLimits, unpack_tarball};
pub use component::{ComponentInfo, WIT_VERSION};
pub use digest::{Digest, DigestError};
pub use entries::{ModuleEntryError, add_module_entry, module_entries, remove_module_entry};
pub use error::PackageError;
pub use fetch::{FetchError, FetchOptions, Fetched, Resolved, fetch};
pub use grants::{Grant, GrantsDiff, Limit, grants};
pub use lock::{LockError, LockFile, LockedModule, LockedPackageChanged};
pub use manifest::{
    Backend, Dashboard, DashboardPage, Endpoint, EventSubscription, HookSubscription, Limits,
    ManifestError, ManifestRules, MetricDeclaration, MetricKind, ModuleJob, ModuleManifest,
    NavigationEntry, OnHookFailure, Permissions, Phase, Service, ServiceMethod, SubscriptionMode,
    Violation,
};
pub use name::{ModuleName, ModuleNameError};
pub use order::{DependencyError, EnableOrder, ModuleNode, enable_order};
pub use package::{Package, PackageFile, PackageLimits};
pub use package_path::{PackagePath, PackagePathError};
pub use report::{Finding, Report, Severity};
pub use source::{GitRemote, GitSource, ModuleSource, NpmSource, SourceError};
pub use validate::{ValidationOptions, validate};
