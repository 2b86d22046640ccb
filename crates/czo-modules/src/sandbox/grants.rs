//! The grants of a manifest as a linker: what is not granted is not there.

use czo_module_package::ModuleManifest;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};

use super::state::CallState;
use crate::bindings::czo::module::{
    clock, config, http, jobs, kv, log, metrics, publisher, random, secrets, services, sql,
};
use crate::link_error::DeniedImport;
use crate::{LinkError, ModuleEngine};

/// The version of the package that is served; later ones of the same minor only add to it.
const VERSION: &str = "0.1.";

/// What becomes of an import.
enum Grant {
    Linked,
    /// The manifest lacks this.
    Missing(&'static str),
    Unknown,
}

/// Instances that have what the manifest grants.
pub(super) fn link(
    engine: &ModuleEngine,
    component: &Component,
    manifest: &ModuleManifest,
) -> Result<InstancePre<CallState>, LinkError> {
    let mut linker = Linker::new(engine.wasm());
    let (mut denied, mut unknown, mut has_wasi) = (Vec::new(), Vec::new(), false);
    for (import, _) in component.component_type().imports(engine.wasm()) {
        let name = import.to_owned();
        has_wasi |= is_harmless_wasi(&name);
        match grant(&mut linker, &name, manifest).map_err(|error| mismatch(&error))? {
            Grant::Linked => {}
            Grant::Missing(permission) => denied.push(DeniedImport { import: name, permission }),
            Grant::Unknown => unknown.push(name),
        }
    }
    if !unknown.is_empty() {
        return Err(LinkError::Unknown { imports: unknown });
    }
    if !denied.is_empty() {
        return Err(LinkError::NotGranted { imports: denied });
    }
    if has_wasi {
        // All of it: what is more than harmless was refused above.
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(|error| mismatch(&error))?;
    }
    linker.instantiate_pre(component).map_err(|error| mismatch(&error))
}

/// Links one import, where it is granted.
fn grant(
    linker: &mut Linker<CallState>,
    import: &str,
    manifest: &ModuleManifest,
) -> wasmtime::Result<Grant> {
    type State = HasSelf<CallState>;

    if is_harmless_wasi(import) {
        return Ok(Grant::Linked);
    }
    let Some(interface) = interface(import) else { return Ok(Grant::Unknown) };
    let may = &manifest.permissions;
    let (permission, is_granted) = match interface {
        "kv" => ("permissions.kv", may.kv),
        "sql" => ("permissions.sql", may.sql),
        "http" => ("permissions.http", !may.http.is_empty()),
        "secrets" => ("permissions.env", !may.env.is_empty()),
        "publisher" => ("permissions.events", !may.events.is_empty()),
        "services" => ("permissions.services", !may.services.is_empty()),
        "jobs" => ("jobs", !manifest.jobs.is_empty()),
        _ => ("", true),
    };
    if !is_granted {
        return Ok(Grant::Missing(permission));
    }
    match interface {
        "kv" => kv::add_to_linker::<_, State>(linker, |state| state)?,
        "sql" => sql::add_to_linker::<_, State>(linker, |state| state)?,
        "http" => http::add_to_linker::<_, State>(linker, |state| state)?,
        "secrets" => secrets::add_to_linker::<_, State>(linker, |state| state)?,
        "publisher" => publisher::add_to_linker::<_, State>(linker, |state| state)?,
        "services" => services::add_to_linker::<_, State>(linker, |state| state)?,
        "jobs" => jobs::add_to_linker::<_, State>(linker, |state| state)?,
        "log" => log::add_to_linker::<_, State>(linker, |state| state)?,
        "config" => config::add_to_linker::<_, State>(linker, |state| state)?,
        "metrics" => metrics::add_to_linker::<_, State>(linker, |state| state)?,
        "clock" => clock::add_to_linker::<_, State>(linker, |state| state)?,
        "random" => random::add_to_linker::<_, State>(linker, |state| state)?,
        // Only types, which need no link.
        "types" => {}
        _ => return Ok(Grant::Unknown),
    }
    Ok(Grant::Linked)
}

/// `kv` of `czo:module/kv@0.1.0`.
fn interface(import: &str) -> Option<&str> {
    let (name, version) = import.strip_prefix("czo:module/")?.split_once('@')?;
    version.starts_with(VERSION).then_some(name)
}

/// What the runtimes of languages import, and what has nothing behind it here.
fn is_harmless_wasi(import: &str) -> bool {
    let package = import.split('/').next().unwrap_or_default();
    let is_version_2 =
        import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."));
    is_version_2
        && matches!(
            package,
            "wasi:cli" | "wasi:clocks" | "wasi:filesystem" | "wasi:io" | "wasi:random"
        )
}

fn mismatch(error: &wasmtime::Error) -> LinkError {
    LinkError::Mismatch { reason: format!("{error:#}") }
}
