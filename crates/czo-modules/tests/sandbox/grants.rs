//! What a module may do, and what not.

use std::sync::Arc;

use anyhow::Result;
use czo_module_package::{ModuleJob, ModuleManifest};
use czo_modules::{
    CallError, Cause, Export, Generation, LinkError, ModuleFailure, Sandbox, SandboxLimits,
    SandboxSpec,
};

use crate::guest::{context, does_to, engine, module, sandbox};
use crate::host::TestHost;

/// What is said against linking.
async fn refusal(name: &str, change: impl FnOnce(&mut ModuleManifest)) -> Result<LinkError> {
    let (wasm, mut manifest) = module(name)?;
    change(&mut manifest);
    let engine = engine()?;
    let code = engine.compile(wasm).await?;
    let spec = SandboxSpec {
        manifest: &manifest,
        generation: Generation::new(1),
        host: TestHost::new().all(),
        limits: SandboxLimits::default(),
    };
    match Sandbox::link(&engine, &code, spec) {
        Ok(_) => anyhow::bail!("it was linked"),
        Err(error) => Ok(error),
    }
}

#[tokio::test]
async fn an_import_that_is_not_granted_keeps_a_module_from_being_linked() -> Result<()> {
    let error = refusal("hostile", |manifest| {
        manifest.permissions.kv = false;
        manifest.permissions.http.clear();
    })
    .await?;
    let LinkError::NotGranted { imports } = &error else { anyhow::bail!("{error:?}") };
    let permissions: Vec<_> = imports.iter().map(|denied| denied.permission).collect();
    assert!(permissions.contains(&"permissions.kv"), "{permissions:?}");
    assert!(permissions.contains(&"permissions.http"), "{permissions:?}");
    assert_eq!(permissions.len(), 2);
    assert!(error.to_string().contains("`czo:module/kv@0.1.0` needs `permissions.kv`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn sockets_are_there_for_nobody() -> Result<()> {
    let error = refusal("hostile-files", |_| {}).await?;
    let LinkError::Unknown { imports } = &error else { anyhow::bail!("{error:?}") };
    assert!(imports.iter().all(|import| import.starts_with("wasi:sockets/")), "{imports:?}");
    Ok(())
}

#[tokio::test]
async fn an_export_that_the_manifest_speaks_of_must_be_there() -> Result<()> {
    let job = ModuleJob { name: "work".to_owned(), schedule: None };
    let error = refusal("probe", |manifest| manifest.jobs.push(job)).await?;
    let interface = "czo:module/job-handler@0.1.0";
    assert_eq!(error, LinkError::MissingExport { field: "jobs", interface });
    Ok(())
}

#[tokio::test]
async fn limits_beyond_what_the_server_has_are_refused() -> Result<()> {
    let error = refusal("probe", |manifest| manifest.limits.memory_mib = 4_096).await?;
    assert_eq!(error, LinkError::Limit { limit: "memoryMib", asked: 4_096, allowed: 256 });
    Ok(())
}

#[tokio::test]
async fn exports_are_those_of_the_component() -> Result<()> {
    let sandbox = sandbox(&TestHost::new(), |_, _| {}).await?;
    let exports: Vec<_> = sandbox.exports().collect();
    assert!(exports.contains(&Export::Lifecycle) && exports.contains(&Export::HookHandler));
    assert!(!exports.contains(&Export::ServiceHandler));
    Ok(())
}

/// What the module is told, which it hands on as its failure.
async fn denial(host: &Arc<TestHost>, harm: &str, target: &str) -> Result<String> {
    let sandbox = sandbox(host, |_, _| {}).await?;
    match does_to(&sandbox, harm, target, 1).await {
        Err(CallError::Failed(ModuleFailure::Broken(text))) => Ok(text),
        other => anyhow::bail!("{other:?}"),
    }
}

#[tokio::test]
async fn only_hosts_of_the_manifest_are_asked() -> Result<()> {
    let host = TestHost::new();
    for url in ["http://evil.example/", "http://127.0.0.1:5432/", "http://127.0.0.1@evil.example/"]
    {
        let denied = denial(&host, "ask", url).await?;
        assert!(denied.contains("`permissions.http`"), "{url}: {denied}");
    }
    let invalid = denial(&host, "ask", "file:///etc/passwd").await?;
    assert!(invalid.contains("https://"), "{invalid}");
    assert!(host.requests.lock().unwrap().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_call_sends_no_more_requests_than_its_limit() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |_, _| {}).await?;
    let flood = does_to(&sandbox, "ask-flood", "http://harmless.example/", 50).await.unwrap_err();
    assert!(flood.to_string().contains("httpRequests"), "{flood}");
    assert_eq!(host.requests.lock().unwrap().len(), 5);
    let answer = does_to(&sandbox, "ask", "http://harmless.example/", 0).await?;
    assert_eq!(answer, b"answered", "the next call may send again");
    Ok(())
}

#[tokio::test]
async fn only_events_variables_and_services_of_the_manifest_are_reached() -> Result<()> {
    let host = TestHost::new();
    let forged = denial(&host, "publish", "order.item.paid").await?;
    assert!(forged.contains("\"order.item.paid\" to `permissions.events`"), "{forged}");
    assert!(host.events.lock().unwrap().is_empty());
    let secret = denial(&host, "secret", "DATABASE_URL").await?;
    assert!(secret.contains("`permissions.env`"), "{secret}");
    let service = denial(&host, "service", "auth").await?;
    assert!(service.contains("`permissions.services`"), "{service}");

    let sandbox = sandbox(&host, |_, _| {}).await?;
    let variable = does_to(&sandbox, "secret", "HOSTILE_ALLOWED", 0).await?;
    assert_eq!(variable, b"the value of HOSTILE_ALLOWED");
    assert_eq!(does_to(&sandbox, "service", "harmless", 0).await?, b"harmless.steal");
    does_to(&sandbox, "publish", "hostile.thing.happened", 0).await?;
    assert_eq!(*host.events.lock().unwrap(), ["hostile.thing.happened"]);
    Ok(())
}

#[tokio::test]
async fn what_a_module_says_against_its_beginning_is_told() -> Result<()> {
    let host = TestHost::new();
    let sandbox = sandbox(&host, |_, _| {}).await?;
    sandbox.init(Cause::Enabled, context()).await?;
    host.configure(r#"{ "harmAtInit": "fail" }"#);
    let refused = sandbox.init(Cause::Enabled, context()).await;
    assert!(matches!(refused, Err(CallError::Failed(ModuleFailure::Broken(_)))), "{refused:?}");
    Ok(())
}
