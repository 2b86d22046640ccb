//! Hooks fail, panic and take too long.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use czo_core::{Classified, ErrorKind};
use czo_hooks::{DEFAULT_TIMEOUT, HookError, HookHandle, HookPhase, HookRegistry};
use tokio::time::Instant;

use crate::support::{Journal, Say, add_name, context, run};

#[tokio::test]
async fn a_hook_that_fails_ends_the_run_and_names_itself() {
    let registry = HookRegistry::new();
    let _hook = registry.before::<Say>("broken").register(|_, words| {
        let _: i32 = words[0].parse()?;
        Ok(())
    });
    let error = run(&registry, "four").await.unwrap_err().into_hook();
    assert_eq!(error.to_string(), "hook `broken` before word.say failed");
    assert_eq!(
        czo_core::describe(&error),
        "hook `broken` before word.say failed: invalid digit found in string"
    );
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Internal, false));
}

#[tokio::test]
async fn a_hook_after_that_fails_says_that_the_operation_stands() {
    let registry = HookRegistry::new();
    let _hook = registry.after::<Say>("broken").register(|_, _| Err("no ink".into()));
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(error.to_string().ends_with("failed; what the operation did stands"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn panics_of_closures_and_of_futures_are_errors() {
    let registry = HookRegistry::new();
    let sync = registry.before::<Say>("p").register(|_, words| panic!("no {}", words[0])).unwrap();
    let error = run(&registry, "way").await.unwrap_err().into_hook();
    assert!(matches!(&error, HookError::Panicked { message, .. } if message == "no way"));
    assert_eq!(error.kind(), ErrorKind::Internal);
    drop(sync);

    let at_once = registry.before::<Say>("p").register_async(async |_, _| panic!("first"));
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(&error, HookError::Panicked { message, .. } if message == "first"));
    drop(at_once);

    let later = registry.after::<Say>("p").register_async(async |_, _| {
        tokio::task::yield_now().await;
        panic!("second")
    });
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(
        matches!(&error, HookError::Panicked { message, phase: HookPhase::After, .. } if message == "second")
    );
    drop(later);
    assert_eq!(run(&registry, "still here").await.unwrap(), "still here");
}

/// Panics when it goes, unless something panics already.
#[derive(Debug)]
struct Mine;

impl Drop for Mine {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "mine");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_what_a_dropped_hook_leaves_behind_is_an_error_too() {
    let registry = HookRegistry::new();
    let _hook = registry.before::<Say>("p").register_async(async |_, _| {
        let _mine = Mine;
        pending().await
    });
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(&error, HookError::Panicked { message, .. } if message == "mine"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_keeps_the_panic_of_the_hook_that_waits() {
    let registry = HookRegistry::new();
    let _hook = registry.before::<Say>("p").register_async(async |_, _| {
        let _mine = Mine;
        pending().await
    });
    let (point, ctx) = (registry.point::<Say>(), context());
    let run = point.run(&ctx, Vec::new(), crate::support::say);
    tokio::time::timeout(Duration::from_secs(1), run).await.unwrap_err();
}

#[tokio::test]
async fn what_a_hook_owns_may_panic_when_a_run_is_the_last_to_have_it() {
    let registry = HookRegistry::new();
    let handle = Arc::new(Mutex::new(None::<HookHandle>));
    let (own, mine) = (handle.clone(), Mine);
    let hook = registry.before::<Say>("p").register(move |_, _| {
        let _mine = &mine;
        drop(own.lock().unwrap().take());
        Ok(())
    });
    *handle.lock().unwrap() = Some(hook.unwrap());
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
    assert!(registry.point::<Say>().is_empty());
}

#[tokio::test]
async fn a_panic_whose_payload_panics_is_an_error() {
    let registry = HookRegistry::new();
    let _hook = registry.before::<Say>("p").register(|_, _| std::panic::panic_any(Mine));
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(error, HookError::Panicked { .. }), "{error}");
}

/// An error that panics when it is shown, and again when it goes.
#[derive(Debug)]
struct Unspeakable(Mine);

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("{:?}", self.0)
    }
}

impl Error for Unspeakable {}

#[tokio::test]
async fn the_error_of_a_fail_open_hook_may_panic() {
    // Somebody listens, so the error is shown.
    let log = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
    let _log = tracing::subscriber::set_default(log);
    let registry = HookRegistry::new();
    let hook =
        registry.before::<Say>("p").fail_open().register(|_, _| Err(Unspeakable(Mine).into()));
    hook.unwrap().detach();
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey");
}

#[tokio::test]
async fn the_error_that_is_recovered_from_may_panic() {
    let registry = HookRegistry::new();
    let hook = registry.before::<Say>("p").register(|_, _| Err(Unspeakable(Mine).into()));
    let recovers = registry.on_error::<Say>("r").register(|_, _| Some("anyway".to_owned()));
    let _handles = (hook.unwrap(), recovers.unwrap());
    assert_eq!(run(&registry, "hey").await.unwrap(), "anyway");
}

#[tokio::test]
async fn a_hook_that_is_always_ready_for_more_times_out() {
    let registry = HookRegistry::new();
    let _hook = registry.before::<Say>("busy").timeout(Duration::from_millis(50)).register_async(
        async |_, _| {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        },
    );
    let run = tokio::time::timeout(Duration::from_secs(20), run(&registry, "hey"));
    let error = run.await.unwrap().unwrap_err().into_hook();
    assert!(matches!(error, HookError::TimedOut { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_time_before_a_hook_first_waits_counts() {
    let registry = HookRegistry::new();
    let _slow = registry.before::<Say>("slow").timeout(Duration::from_millis(300)).register_async(
        async |_, _| {
            // Moves the clock at once, as work that does not wait does, and then waits.
            tokio::time::advance(Duration::from_millis(200)).await;
            pending().await
        },
    );
    let start = Instant::now();
    run(&registry, "hey").await.unwrap_err();
    assert!((300..=302).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_takes_too_long_is_dropped_after_its_timeout() {
    let registry = HookRegistry::new();
    let _slow = registry
        .before::<Say>("slow")
        .timeout(Duration::from_millis(300))
        .register_async(async |_, _| pending().await);
    let start = Instant::now();
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert_eq!(error.to_string(), "hook `slow` before word.say took longer than 300ms");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true));
    assert!((300..=302).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn after_the_operation_a_timeout_is_internal_and_not_retryable() {
    let registry = HookRegistry::new();
    let _slow = registry.after::<Say>("slow").register_async(async |_, _| pending().await);
    let start = Instant::now();
    let error = run(&registry, "hey").await.unwrap_err().into_hook();
    assert!(matches!(error, HookError::TimedOut { timeout: DEFAULT_TIMEOUT, .. }), "{error}");
    assert!(start.elapsed() >= DEFAULT_TIMEOUT);
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Internal, false));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_run_drops_the_hook_that_waits_and_runs_nothing_further() {
    let registry = HookRegistry::new();
    let alive = Arc::new(());
    let waits = alive.clone();
    let _slow = registry.before::<Say>("a").register_async_with(waits, async |waits, _, _| {
        let _held = waits.clone();
        pending().await
    });
    let journal = Journal::default();
    let (ctx, point, operation) = (context(), registry.point::<Say>(), journal.clone());
    let op = async |_| {
        operation.write("ran");
        Ok(String::new())
    };
    let run = point.run(&ctx, Vec::new(), op);
    tokio::time::timeout(Duration::from_secs(1), run).await.unwrap_err();
    assert_eq!(Arc::strong_count(&alive), 2, "the hook still holds something");
    assert!(journal.read().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_hook_has_its_own_time() {
    let registry = HookRegistry::new();
    for name in ["a", "b", "c"] {
        let hook = registry.before::<Say>(name).timeout(Duration::from_secs(2)).register_async(
            async |_, words| {
                tokio::time::sleep(Duration::from_millis(1_900)).await;
                words.push("slow".to_owned());
                Ok(())
            },
        );
        hook.unwrap().detach();
    }
    assert_eq!(run(&registry, "so").await.unwrap(), "so slow slow slow");
}

/// What a fail-open hook can do wrong, each having changed the words first.
fn failing(registry: &HookRegistry, how: &str) {
    let hook = registry.before::<Say>("half").fail_open();
    let hook = match how {
        "error" => hook.register(|_, words| {
            words.clear();
            Err("half done".parse::<i32>().unwrap_err().into())
        }),
        "panic" => hook.register(|_, words| {
            words.clear();
            panic!("half done")
        }),
        "async panic" => hook.register_async(async |_, words| {
            words.clear();
            tokio::task::yield_now().await;
            panic!("half done")
        }),
        _ => hook.register_async(async |_, words| {
            words.clear();
            pending().await
        }),
    };
    hook.unwrap().detach();
}

#[tokio::test(start_paused = true)]
async fn a_fail_open_hook_that_fails_leaves_no_trace_in_the_input() {
    for how in ["error", "panic", "async panic", "timeout"] {
        let registry = HookRegistry::new();
        add_name(&registry, "first");
        failing(&registry, how);
        add_name(&registry, "last");
        assert_eq!(run(&registry, "hey").await.unwrap(), "hey first last", "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fail_open_hook_that_fails_leaves_no_trace_in_the_result() {
    let registry = HookRegistry::new();
    let error = registry.after::<Say>("a").fail_open().register(|_, text| {
        text.clear();
        Err("half done".into())
    });
    let timeout = registry.after::<Say>("b").fail_open().register_async(async |_, text| {
        text.clear();
        pending().await
    });
    let good = registry.after::<Say>("c").fail_open().register(|_, text| {
        text.push('!');
        Ok(())
    });
    let _handles = (error.unwrap(), timeout.unwrap(), good.unwrap());
    assert_eq!(run(&registry, "hey").await.unwrap(), "hey!");
}
