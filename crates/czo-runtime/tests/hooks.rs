//! Hooks of the program and of its domains.

use czo_core::{Classified, ErrorKind};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_hooks::{HookError, HookPoint};
use czo_runtime::{Config, Czo, RuntimeError};

struct Bake;

impl HookPoint for Bake {
    const NAME: &'static str = "cake.bake";
    type Input = ();
    type Output = ();
    type Error = HookError;
}

/// Has a hook of its own.
struct Baker;

impl Domain for Baker {
    fn name(&self) -> DomainName {
        DomainName::new("baker")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn register(&self, context: &DomainContext, _: &mut Registration) -> Result<(), DomainError> {
        context.hooks.before::<Bake>("baker.heat").register(|_, ()| Ok(()))?.detach();
        Ok(())
    }
}

#[tokio::test]
async fn a_domain_adds_a_hook_at_boot_and_is_refused_at_a_second_boot_of_the_same_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data_dir = folder.path().to_owned();
    let czo = Czo::builder().domain(Baker).build().unwrap();
    // Listing takes part in nothing.
    czo.event_topology().await.unwrap();
    let application = czo.boot(&config, None).await.unwrap();
    assert_eq!(application.context().hooks.list()[0].hooks[0].name, "baker.heat");
    let RuntimeError::Domain { source, .. } = czo.boot(&config, None).await.unwrap_err() else {
        panic!("a second boot was refused for another reason");
    };
    assert!(matches!(source, DomainError::Hook(_)), "{source}");
    assert_eq!(source.kind(), ErrorKind::Conflict);
    assert!(source.to_string().contains("`baker.heat`"), "{source}");
}
