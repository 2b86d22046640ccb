//! Messages that others give to the broker.

use anyhow::{Context, Result, ensure};
use czo_core::Event;
use czo_testkit::torture::Dice;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection};
use uuid::Uuid;

use super::book::Book;
use super::harm::Harm;
use super::part::Counted;
use super::publish::Mint;

/// As large as in the issue.
const HUGE: usize = 50_000_000;

const MALFORMED: [&[u8]; 4] = [b"{ \"id\": ", b"", b"\xff\xfe\x00 not text", b"nothing"];

const WRONG: [&[u8]; 4] = [
    b"[]",
    b"{}",
    b"{ \"id\": \"not a uuid\", \"type\": \"torture.item.counted\" }",
    b"{ \"id\": \"0193aaaa-0000-7000-8000-000000000000\", \"type\": \"NOT A TYPE\", \"version\": 0 }",
];

/// Publishes a message as a program does that knows nothing of czo, and has it confirmed.
pub(crate) async fn publish(
    connection: &Connection,
    exchange: &str,
    harm: Harm,
    book: &Book,
    foreign_key: u32,
    dice: &mut Dice,
) -> Result<()> {
    let properties =
        if dice.happens(500) { BasicProperties::default() } else { odd_properties(dice) };
    let Some(body) = body(harm, dice) else {
        let range = book.publish(foreign_key, 1);
        let event = Mint::new().event(foreign_key, range.start)?;
        give(connection, exchange, &serde_json::to_vec(&event)?, properties).await?;
        book.confirmed(foreign_key, range);
        return Ok(());
    };
    // By this it is found among the dead letters.
    let id = Uuid::from_u64_pair(dice.seed(), dice.seed());
    let properties = properties.with_message_id(id.to_string().into());
    give(connection, exchange, &body, properties).await?;
    book.is_hostile(id, harm);
    Ok(())
}

/// What is no event; nothing where it is one.
fn body(harm: Harm, dice: &mut Dice) -> Option<Vec<u8>> {
    let body = match harm {
        Harm::Malformed => dice.pick(&MALFORMED)?.to_vec(),
        Harm::WrongEnvelope => dice.pick(&WRONG)?.to_vec(),
        Harm::Huge => vec![b'x'; HUGE],
        _ => return None,
    };
    Some(body)
}

/// What others may write there, none of which means what ours do.
fn odd_properties(dice: &mut Dice) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("x-attempts".into(), AMQPValue::LongString("many".into()));
    headers.insert("x-first-failure-at".into(), AMQPValue::Boolean(true));
    headers.insert("x-first-failure-reason".into(), AMQPValue::Void);
    for number in 0..dice.below(200) {
        headers.insert(format!("x-{number}").into(), AMQPValue::LongString("x".repeat(100).into()));
    }
    let properties = BasicProperties::default().with_headers(headers).with_type("no type".into());
    properties.with_timestamp(u64::MAX).with_message_id("no uuid".into())
}

async fn give(
    connection: &Connection,
    exchange: &str,
    body: &[u8],
    properties: BasicProperties,
) -> Result<()> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let key = Counted::TYPE;
    let confirm = channel
        .basic_publish(exchange.into(), key.as_str().into(), options, body, properties)
        .await?;
    let confirmation = confirm.await?;
    ensure!(confirmation.is_ack() && confirmation.take_message().is_none(), "no queue is bound");
    channel.close(200, "".into()).await.context("closing a channel")
}
