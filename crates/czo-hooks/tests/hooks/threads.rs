//! Many tasks register, unregister and run at once.

use std::sync::Arc;

use czo_hooks::HookRegistry;
use tokio::sync::Barrier;

use crate::support::{Say, add_name, run_at};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_registration_is_lost_and_every_run_sees_whole_hooks() {
    const TASKS: usize = 8;
    let registry = HookRegistry::new();
    add_name(&registry, "always");
    let start = Arc::new(Barrier::new(2 * TASKS));
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let (ours, barrier) = (registry.clone(), start.clone());
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            for round in 0..100 {
                let passing = ours.before::<Say>(&format!("t{task}")).register(|_, words| {
                    words.push("passing".to_owned());
                    Ok(())
                });
                drop(passing.unwrap());
                let kept = ours.after::<Say>(&format!("t{task}.r{round}")).register(|_, text| {
                    text.push('.');
                    Ok(())
                });
                kept.unwrap().detach();
            }
        }));
        let (point, barrier) = (registry.point::<Say>(), start.clone());
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            let mut dots = 0;
            for _ in 0..100 {
                let said = run_at(&point, "hey").await.unwrap();
                assert!(said.starts_with("hey always"), "{said}");
                let now = said.matches('.').count();
                assert!(now >= dots, "a hook that was kept is gone");
                dots = now;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let said = run_at(&registry.point(), "hey").await.unwrap();
    assert_eq!(said, format!("hey always{}", ".".repeat(100 * TASKS)));
}
