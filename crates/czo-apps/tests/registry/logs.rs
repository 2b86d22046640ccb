//! What is logged, whatever goes wrong.

use std::io;
use std::sync::{Arc, Mutex};

use czo_testkit::on_each_database;
use secrecy::ExposeSecret;
use serde_json::json;
use tracing::Level;

use crate::app_server::Answer;
use crate::world::{HOUR, World};

const KEY: &str = "sk_live_12345678";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

on_each_database! {
    async fn no_token_no_secret_and_no_configuration_is_logged(database: TestDatabase) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        // The test polls the registry on its own thread, where this is heard.
        let _heard = tracing::subscriber::set_default(subscriber);
        tracing::trace!("the log is heard");
        let world = World::new(&database).await;
        world.app.answer_installed(Answer::Status(500));
        world.try_install().await.unwrap_err();
        let mut secrets = vec![world.app.token(), KEY.to_owned()];
        world.app.answer_installed(Answer::Right);
        let app = world.install().await;
        secrets.push(world.app.token());
        let handed_over = world.app.installed().json();
        secrets.push(handed_over["signingSecret"].as_str().unwrap().to_owned());
        let config = json!({ "apiKey": KEY });
        world.registry.configure(&world.owner, app.id, &config).await.unwrap();
        let wrong = json!({ "apiKey": KEY, "rate": -1 });
        world.registry.configure(&world.owner, app.id, &wrong).await.unwrap_err();
        let token = world.registry.rotate_token(&world.owner, app.id, HOUR).await.unwrap();
        secrets.push(token.token.expose_secret().to_owned());
        let rotated = world.registry.rotate_secret(&world.owner, app.id, HOUR).await.unwrap();
        secrets.push(rotated.secret.expose_secret().to_owned());
        world.registry.uninstall(&world.owner, app.id).await.unwrap();

        let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
        assert!(logged.contains("the log is heard"));
        for secret in secrets {
            assert!(!logged.contains(&secret));
        }
    }
}
