//! The two scripts of the foreign client speak with each other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use czo_testkit::ForeignClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

fn url() -> String {
    std::env::var("CZO_TEST_AMQP_URL")
        .unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

/// A script that was started, and what it says.
struct Script {
    child: Child,
    said: tokio::io::Lines<BufReader<ChildStdout>>,
}

impl Script {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    async fn line(&mut self) -> Option<String> {
        timeout(PATIENCE, self.said.next_line()).await.expect("a line in time").unwrap()
    }

    async fn succeeds(&mut self) -> bool {
        timeout(PATIENCE, self.child.wait()).await.expect("an end in time").unwrap().success()
    }

    /// Says all this, and nothing more.
    async fn tell(&mut self, lines: &str) {
        self.child.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn what_one_script_publishes_the_other_consumes() {
    let client = ForeignClient::install().await.unwrap();
    let exchange = format!("czo.test.{}", Uuid::now_v7().simple());
    // It goes with the queue of the consumer.
    let declare = "import pika, sys; pika.BlockingConnection(pika.URLParameters(sys.argv[1]))\
                   .channel().exchange_declare(sys.argv[2], 'topic', auto_delete=True)";
    let declared = Command::new(client.python()).args(["-c", declare, &url(), &exchange]).status();
    assert!(declared.await.unwrap().success(), "RabbitMQ answers; `cargo xtask infra up`");

    let mut consumer = Script::start(client.consume(&url(), &exchange, "shop.*.opened", 2));
    assert_eq!(consumer.line().await.as_deref(), Some("ready"));

    let mut lost = Script::start(client.publish(&url(), &exchange, "shop.door.closed"));
    lost.tell("{}\n").await;
    assert_eq!(lost.line().await, None, "no queue takes it");
    assert!(!lost.succeeds().await);

    let mut publisher = Script::start(client.publish(&url(), &exchange, "shop.door.opened"));
    publisher.tell("{\"by\": \"Zoë\"}\n[1, 2]\n").await;
    for _ in 0..2 {
        assert_eq!(publisher.line().await.as_deref(), Some("confirmed"));
    }
    assert!(publisher.succeeds().await);

    for body in [json!({"by": "Zoë"}), json!([1, 2])] {
        let message: Value = serde_json::from_str(&consumer.line().await.unwrap()).unwrap();
        let properties = json!({
            "message_id": null,
            "correlation_id": null,
            "content_type": "application/json",
            "type": null,
            "delivery_mode": 2,
            "timestamp": null,
        });
        let expected = json!({
            "body": body,
            "properties": properties,
            "headers": {},
            "routing_key": "shop.door.opened",
        });
        assert_eq!(message, expected);
    }
    assert!(consumer.succeeds().await);
}
