//! Connections to a real Redis, some of which are cut.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use czo_core::{Classified, describe};
use czo_redis::{Connector, Link, RedisError, RedisUrl, Script};
use fred::clients::Client;
use fred::interfaces::{ClientLike, EventInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

const ECHO: Script = Script::new("echo", "return {KEYS[1], ARGV[1], ARGV[2], 7, false, {}}");
const ID: Script = Script::new("id", "return 1");

fn url() -> String {
    std::env::var("CZO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

fn connector() -> Connector {
    Connector::new(url().parse().unwrap()).scripts(&[ECHO, ID])
}

async fn connect(connector: &Connector) -> Link {
    connector.connect().await.expect("Redis answers; `cargo xtask infra up` provides one")
}

/// Says something to the server.
async fn say<C: ClientLike>(link: &Link<C>, words: &[&str]) -> Result<Value, RedisError> {
    let command = CustomCommand::new(words[0].to_owned(), ClusterHash::FirstKey, false);
    let words = words[1..].iter().map(|word| Value::from(*word)).collect::<Vec<_>>();
    link.ask(link.client().custom(command, words)).await
}

/// Which connection of the server this is.
async fn id<C: ClientLike>(link: &Link<C>) -> String {
    say(link, &["CLIENT", "ID"]).await.unwrap().as_string().unwrap()
}

/// Lets the server end this connection.
async fn cut(id: &str) {
    let killer = connect(&connector()).await;
    assert_eq!(say(&killer, &["CLIENT", "KILL", "ID", id]).await.unwrap(), Value::Integer(1));
}

/// Waits for what must come.
async fn in_time<T>(what: &str, it: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, it).await.expect(what)
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_script_takes_and_answers_bytes_numbers_nothing_and_lists() {
    let bytes = Value::Bytes(vec![0, 159, 255].into());
    let arguments = vec![bytes.clone(), Value::from("text")];
    let answer = Value::Array(vec![
        "key".into(),
        bytes,
        "text".into(),
        Value::Integer(7),
        Value::Null,
        Value::Array(Vec::new()),
    ]);
    let shown = connect(&connector()).await;
    assert_eq!(shown.run(&ECHO, "key", arguments.clone()).await.unwrap(), answer);
    let not_shown = connect(&connector().scripts(&[])).await;
    assert_eq!(not_shown.run(&ECHO, "key", arguments).await.unwrap(), answer);
    assert_eq!(not_shown.run(&ID, "key", Vec::new()).await.unwrap(), Value::Integer(1));
}

#[tokio::test]
async fn a_script_that_the_server_forgot_is_sent_again() {
    const FORGOTTEN: Script = Script::new("forgotten", "return 'forgotten'");
    let link = connect(&connector().scripts(&[FORGOTTEN])).await;
    for _ in 0..2 {
        say(&link, &["SCRIPT", "FLUSH"]).await.unwrap();
        assert_eq!(link.run(&FORGOTTEN, "key", Vec::new()).await.unwrap(), "forgotten".into());
    }
}

#[tokio::test]
async fn a_script_that_is_no_lua_is_refused_when_it_is_shown() {
    const BROKEN: Script = Script::new("broken", "return return");
    let error = connector().scripts(&[BROKEN]).connect().await.unwrap_err();
    assert!(matches!(error, RedisError::Refused(_)), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_connection_that_is_lost_stays_lost_and_fails_at_once() {
    // So long that a command which waits for its timeout is a test that fails.
    let link = connect(&connector().timeout(PATIENCE * 10)).await;
    assert!(!link.is_lost());
    cut(&id(&link).await).await;
    in_time("it is told", link.lost()).await;
    assert!(link.is_lost());
    for _ in 0..3 {
        let asked = in_time("no command waits", link.run(&ID, "key", Vec::new())).await;
        let error = asked.unwrap_err();
        assert!(matches!(error, RedisError::Lost(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_while_a_connection_breaks_has_an_answer_or_an_error() {
    for _ in 0..20 {
        let link = connect(&connector().timeout(PATIENCE * 10)).await;
        let id = id(&link).await;
        let asked = async || while link.run(&ID, "key", Vec::new()).await.is_ok() {};
        let all = async { tokio::join!(cut(&id), asked(), asked(), asked()) };
        in_time("no command waits", Box::pin(all)).await;
    }
}

#[tokio::test]
async fn a_connection_that_reconnects_is_there_again() {
    let link = connect(&connector().reconnecting()).await;
    let before = id(&link).await;
    cut(&before).await;
    until("it is there again", async || link.run(&ID, "key", Vec::new()).await.is_ok()).await;
    assert!(!link.is_lost());
    assert_ne!(id(&link).await, before);
}

#[tokio::test]
async fn a_listener_knows_when_it_is_lost_and_can_be_asked_meanwhile() {
    let listener = connector().subscriber().await.unwrap();
    let channel = format!("czo-test-lost-{}", id(&listener).await);
    let id = id(&listener).await;
    listener.subscribe(&channel).await.unwrap();
    listener.ask(listener.client().ping::<Value>(None)).await.unwrap();
    cut(&id).await;
    in_time("it is told", listener.lost()).await;
    let asked = listener.ask(listener.client().ping::<Value>(None)).await;
    assert!(matches!(asked, Err(RedisError::Lost(_))), "{asked:?}");
}

#[tokio::test]
async fn a_listener_that_reconnects_hears_again() {
    let listener = connector().reconnecting().subscriber().await.unwrap();
    let id = id(&listener).await;
    let channel = format!("czo-test-again-{id}");
    let mut messages = listener.client().message_rx();
    listener.subscribe(&channel).await.unwrap();
    cut(&id).await;
    let speaker = connect(&connector()).await;
    until("it listens again", async || {
        let heard_by = say(&speaker, &["PUBLISH", &channel, "again"]).await.unwrap();
        heard_by == Value::Integer(1)
    })
    .await;
    let message = in_time("it hears", messages.recv()).await.unwrap();
    assert_eq!(message.value, "again".into());
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_closed() {
    let other = connect(&connector()).await;
    let link = connect(&connector().reconnecting()).await;
    let listener = connector().reconnecting().subscriber().await.unwrap();
    let ids = [id(&link).await, id(&listener).await];
    let client: Client = link.client().clone();
    drop((link, listener));
    until("the server has neither", async || {
        let list = say(&other, &["CLIENT", "LIST", "ID", &ids[0], &ids[1]]).await.unwrap();
        list.as_string().unwrap().trim().is_empty()
    })
    .await;
    drop(client);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url: RedisUrl = format!("redis://:secret@{nobody}").parse().unwrap();
    for connector in [Connector::new(url.clone()), Connector::new(url).reconnecting()] {
        let error = in_time("it is told", connector.connect()).await.unwrap_err();
        assert!(matches!(error, RedisError::Unreachable { .. }) && error.is_retryable());
        let text = format!("{} {error:?} {connector:?}", describe(&error));
        assert!(text.contains("127.0.0.1") && !text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_password_that_is_wrong_is_told_without_it() {
    // It is shown without a login.
    let url = url().parse::<RedisUrl>().unwrap().to_string();
    let url = url.replacen("://", "://nobody:secret@", 1);
    let error = Connector::new(url.parse().unwrap()).connect().await.unwrap_err();
    assert!(matches!(error, RedisError::Unreachable { .. }), "{error:?}");
    let text = format!("{} {error:?}", describe(&error));
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: RedisUrl = format!("redis://{}", silent.local_addr().unwrap()).parse().unwrap();
    let connector = Connector::new(url).timeout(Duration::from_millis(100));
    let error = in_time("it is given up", connector.connect()).await.unwrap_err();
    assert!(matches!(error, RedisError::Unreachable { .. }), "{error:?}");
}

/// A way to the server on which nothing gets through any more once it is told to be silent.
async fn way_that_falls_silent(silent: CancellationToken) -> RedisUrl {
    let shown = url().parse::<RedisUrl>().unwrap().to_string();
    let address = shown.split("://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let way = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let through_it = url().replacen(&address, &way.local_addr().unwrap().to_string(), 1);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut near, _)) = way.accept().await {
            let mut far = TcpStream::connect(&address).await.unwrap();
            let silent = silent.clone();
            held.push(tokio::spawn(async move {
                silent.run_until_cancelled(copy_bidirectional(&mut near, &mut far)).await;
                // Neither is closed.
                std::future::pending::<()>().await;
            }));
        }
    });
    through_it.parse().unwrap()
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_lost_after_something_was_asked() {
    let silent = CancellationToken::new();
    let url = way_that_falls_silent(silent.clone()).await;
    let connector = Connector::new(url).timeout(Duration::from_millis(200));
    let link = connect(&connector).await;
    let listener = connector.subscriber().await.unwrap();
    listener.subscribe("czo-test-silent").await.unwrap();
    assert_eq!(link.run(&ID, "key", Vec::new()).await.unwrap(), Value::Integer(1));

    silent.cancel();
    let answers =
        [link.run(&ID, "key", Vec::new()).await, listener.ask(listener.client().ping(None)).await];
    assert!(matches!(answers, [Err(RedisError::Lost(_)), Err(RedisError::Lost(_))]), "{answers:?}");
    in_time("it is told", link.lost()).await;
    in_time("it is told", listener.lost()).await;
}

#[test]
fn connections_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<Link>();
    goes::<Link<fred::clients::SubscriberClient>>();
    goes::<Connector>();
    goes::<RedisError>();
}
