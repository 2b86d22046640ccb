//! A host that remembers what it was asked for.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use czo_module_package::ModuleName;
use czo_modules::{
    CallScope, ConfigSource, EventOutlet, HostError, HttpRequest, HttpResponse, JobOutlet,
    KeyValue, LogLine, LogSink, ModuleHost, ModuleHttp, ModuleSql, SecretSource, ServiceCalls,
    SqlRows, SqlStatement,
};
use tokio::sync::Semaphore;

/// What a module asked for. Requests to `http://127.0.0.1/never` are never answered.
pub(crate) struct TestHost {
    pub(crate) lines: Mutex<Vec<LogLine>>,
    pub(crate) requests: Mutex<Vec<HttpRequest>>,
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) values: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(crate) config: Mutex<String>,
    /// A permit for each request that waits for ever.
    pub(crate) waiting: Semaphore,
}

impl TestHost {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            lines: Mutex::default(),
            requests: Mutex::default(),
            events: Mutex::default(),
            values: Mutex::default(),
            config: Mutex::new("{}".to_owned()),
            waiting: Semaphore::new(0),
        })
    }

    pub(crate) fn all(self: &Arc<Self>) -> ModuleHost {
        ModuleHost {
            kv: self.clone(),
            sql: self.clone(),
            http: self.clone(),
            config: self.clone(),
            secrets: self.clone(),
            events: self.clone(),
            services: self.clone(),
            jobs: self.clone(),
            log: self.clone(),
        }
    }

    pub(crate) fn configure(&self, config: &str) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config.to_owned();
    }

    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn unavailable<T>() -> Result<T, HostError> {
    Err(HostError::Unavailable("not in these tests".to_owned()))
}

#[async_trait]
impl KeyValue for TestHost {
    async fn get(&self, _: &CallScope, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.values.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    async fn set(
        &self,
        _: &CallScope,
        key: &str,
        value: Vec<u8>,
        _: Option<Duration>,
    ) -> Result<(), HostError> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, _: &CallScope, _: &str) -> Result<bool, HostError> {
        unavailable()
    }

    async fn keys(
        &self,
        _: &CallScope,
        _: &str,
        _: Option<&str>,
        _: u32,
    ) -> Result<Vec<String>, HostError> {
        unavailable()
    }

    async fn increment(&self, _: &CallScope, _: &str, _: i64) -> Result<i64, HostError> {
        unavailable()
    }

    async fn compare_and_set(
        &self,
        _: &CallScope,
        _: &str,
        _: Option<&[u8]>,
        _: Vec<u8>,
    ) -> Result<bool, HostError> {
        unavailable()
    }
}

#[async_trait]
impl ModuleSql for TestHost {
    async fn query(&self, _: &CallScope, _: SqlStatement) -> Result<SqlRows, HostError> {
        unavailable()
    }

    async fn execute(&self, _: &CallScope, _: SqlStatement) -> Result<u64, HostError> {
        unavailable()
    }

    async fn batch(&self, _: &CallScope, _: Vec<SqlStatement>) -> Result<Vec<u64>, HostError> {
        unavailable()
    }
}

#[async_trait]
impl ModuleHttp for TestHost {
    async fn send(&self, _: &CallScope, request: HttpRequest) -> Result<HttpResponse, HostError> {
        let is_never = request.url.ends_with("/never");
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        if is_never {
            self.waiting.add_permits(1);
            pending::<()>().await;
        }
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"answered".to_vec() })
    }
}

impl ConfigSource for TestHost {
    fn config(&self, _: &CallScope) -> String {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SecretSource for TestHost {
    fn secret(&self, _: &CallScope, name: &str) -> Option<String> {
        Some(format!("the value of {name}"))
    }
}

#[async_trait]
impl EventOutlet for TestHost {
    async fn publish(
        &self,
        _: &CallScope,
        event_type: &str,
        _: Option<String>,
        _: String,
    ) -> Result<String, HostError> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event_type.to_owned());
        Ok("evt_1".to_owned())
    }
}

#[async_trait]
impl ServiceCalls for TestHost {
    async fn call(
        &self,
        _: &CallScope,
        service: &str,
        method: &str,
        _: String,
    ) -> Result<String, HostError> {
        Ok(format!("\"{service}.{method}\""))
    }
}

#[async_trait]
impl JobOutlet for TestHost {
    async fn enqueue(
        &self,
        _: &CallScope,
        _: &str,
        _: String,
        _: Duration,
    ) -> Result<String, HostError> {
        Ok("job_1".to_owned())
    }
}

impl LogSink for TestHost {
    fn write(&self, _: &ModuleName, line: LogLine) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
