//! Whether a service really answers, asked in its own protocol.
//!
//! An open port is not enough: a proxy may hold it for a service that is still starting. Where
//! the connection is encrypted from its first byte, an open port is all that is asked.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::address::Address;

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// Longer than any answer that is understood here.
const ANSWER_BYTES: usize = 1024;

/// Redis answers PING, after the credentials of the URL were accepted.
pub(crate) fn redis(address: &Address) -> Result<()> {
    let mut stream = connect(address)?;
    if address.is_tls() {
        return Ok(());
    }
    if let Some(password) = address.password() {
        let mut command = vec!["AUTH"];
        command.extend(address.user());
        command.push(password);
        stream.write_all(&redis_command(&command))?;
        expect_redis(&read_some(&mut stream)?, "+OK")?;
    }
    stream.write_all(&redis_command(&["PING"]))?;
    expect_redis(&read_some(&mut stream)?, "+PONG")
}

/// PostgreSQL opens a session for the user and database of the URL, or asks for the password that
/// the URL holds (which is not sent, so a wrong one is not noticed). It is asked without TLS; a
/// server that insists on TLS refuses.
pub(crate) fn postgres(address: &Address) -> Result<()> {
    let mut stream = connect(address)?;
    let user = address.user().unwrap_or("postgres");
    stream.write_all(&postgres_startup(user, address.database().unwrap_or(user)))?;
    loop {
        let (kind, body) = postgres_message(&mut stream)?;
        match (kind, body.as_slice()) {
            // The way to authenticate, where 0 is "come in".
            (b'R', [0, 0, 0, 0]) => {}
            (b'R', _) if address.password().is_some() => return Ok(()),
            (b'R', _) => bail!("postgres wants a password, and the URL has none"),
            (b'E', fields) => bail!("postgres refuses: {}", postgres_reason(fields)),
            // Settings and the key for cancelling, up to "ready for a query".
            (b'S' | b'K' | b'N', _) => {}
            (b'Z', _) => return Ok(()),
            _ => bail!("something answers, but it is not postgres"),
        }
    }
}

/// RabbitMQ answers the protocol header with the first frame of a connection.
pub(crate) fn amqp(address: &Address) -> Result<()> {
    let mut stream = connect(address)?;
    if address.is_tls() {
        return Ok(());
    }
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    understand_amqp(&read_some(&mut stream)?)
}

fn connect(address: &Address) -> Result<TcpStream> {
    let mut failure = anyhow!("the host has no address");
    for place in (address.host(), address.port()).to_socket_addrs().context("unknown host")? {
        match TcpStream::connect_timeout(&place, CONNECT_LIMIT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(ANSWER_LIMIT))?;
                stream.set_write_timeout(Some(ANSWER_LIMIT))?;
                return Ok(stream);
            }
            Err(error) => failure = error.into(),
        }
    }
    Err(failure)
}

fn read_some(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut answer = vec![0; ANSWER_BYTES];
    let length = stream.read(&mut answer).map_err(no_answer)?;
    if length == 0 {
        return Err(no_answer(ErrorKind::UnexpectedEof.into()));
    }
    answer.truncate(length);
    Ok(answer)
}

// The operating system's words for a time that ran out say nothing of one.
fn no_answer(error: io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            anyhow!("connected, but no answer came within {} s", ANSWER_LIMIT.as_secs())
        }
        ErrorKind::UnexpectedEof => anyhow!("connected, but closed without an answer"),
        _ => anyhow::Error::new(error).context("connected, but no answer came"),
    }
}

fn redis_command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).into_bytes());
    }
    bytes
}

fn expect_redis(answer: &[u8], wanted: &str) -> Result<()> {
    let text = String::from_utf8_lossy(answer);
    let line = text.lines().next().unwrap_or_default();
    if line == wanted {
        return Ok(());
    }
    match line.strip_prefix('-') {
        Some(refusal) => bail!("redis refuses: {refusal}"),
        None => bail!("something answers, but it is not redis"),
    }
}

fn postgres_startup(user: &str, database: &str) -> Vec<u8> {
    const PROTOCOL_3_0: u32 = 196_608;
    let mut body = PROTOCOL_3_0.to_be_bytes().to_vec();
    for word in ["user", user, "database", database] {
        body.extend(word.as_bytes());
        body.push(0);
    }
    body.push(0);
    // The length counts itself; a URL is far from 4 GiB.
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut message = length.to_be_bytes().to_vec();
    message.extend(body);
    message
}

/// A letter, and what stands behind the length that follows it.
fn postgres_message(stream: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).map_err(no_answer)?;
    let [kind, length @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes(length))?;
    if !(4..=ANSWER_BYTES).contains(&length) {
        bail!("something answers, but it is not postgres");
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).map_err(no_answer)?;
    Ok((kind, body))
}

// Fields of an error are a letter and a text that ends with a zero byte; `M` is the message.
fn postgres_reason(fields: &[u8]) -> String {
    fields
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"))
        .map_or_else(|| "no reason given".into(), |text| String::from_utf8_lossy(text).into_owned())
}

fn understand_amqp(answer: &[u8]) -> Result<()> {
    match answer {
        // A method frame on channel 0 with connection.start (10.10).
        [1, 0, 0, _, _, _, _, 0, 10, 0, 10, ..] => Ok(()),
        [b'A', b'M', b'Q', b'P', ..] => bail!("the broker does not speak AMQP 0-9-1"),
        _ => bail!("something answers, but it is not an AMQP broker"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::service::Service;
    use std::net::TcpListener;
    use std::thread;

    /// An address where each connection gets `answers`, one after each thing it says.
    fn peer(service: Service, scheme: &str, answers: &'static [&'static [u8]]) -> Result<Address> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            let Ok((mut stream, _)) = listener.accept() else {
                return;
            };
            for answer in answers {
                let mut said = [0; 256];
                if stream.read(&mut said).is_err() || stream.write_all(answer).is_err() {
                    return;
                }
            }
        });
        Address::parse(service, &format!("{scheme}127.0.0.1:{port}"))
    }

    fn reason(outcome: Result<()>) -> String {
        format!("{:#}", outcome.unwrap_err())
    }

    #[test]
    fn redis_has_to_say_pong() -> Result<()> {
        redis(&peer(Service::Redis, "redis://", &[b"+PONG\r\n"])?)?;
        let locked = peer(Service::Redis, "redis://", &[b"-NOAUTH Authentication required.\r\n"])?;
        assert!(reason(redis(&locked)).contains("NOAUTH"));
        let other = peer(Service::Redis, "redis://", &[b"HTTP/1.1 400 Bad Request\r\n"])?;
        assert!(reason(redis(&other)).contains("not redis"));
        Ok(())
    }

    #[test]
    fn redis_gets_the_password_of_the_url_first() -> Result<()> {
        redis(&peer(Service::Redis, "redis://:pw@", &[b"+OK\r\n", b"+PONG\r\n"])?)?;
        let wrong = peer(Service::Redis, "redis://:pw@", &[b"-WRONGPASS invalid\r\n"])?;
        assert!(reason(redis(&wrong)).contains("WRONGPASS"));
        Ok(())
    }

    #[test]
    fn postgres_without_a_password_is_used_only_if_it_asks_for_none() -> Result<()> {
        let ready: &[&[u8]] = &[b"R\0\0\0\x08\0\0\0\0S\0\0\0\x08a\0b\0Z\0\0\0\x05I"];
        postgres(&peer(Service::Postgres, "postgres://", ready)?)?;
        let scram: &[&[u8]] = &[b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"];
        let open = peer(Service::Postgres, "postgres://ada@", scram)?;
        assert!(reason(postgres(&open)).contains("wants a password"));
        postgres(&peer(Service::Postgres, "postgres://ada:pw@", scram)?)
    }

    #[test]
    fn a_postgres_that_is_starting_does_not_answer_yet() -> Result<()> {
        let starting: &[&[u8]] =
            &[b"E\0\0\0\x37SFATAL\0C57P03\0Mthe database system is starting up\0\0"];
        let outcome = postgres(&peer(Service::Postgres, "postgres://", starting)?);
        assert_eq!(reason(outcome), "postgres refuses: the database system is starting up");
        Ok(())
    }

    #[test]
    fn a_database_that_is_missing_is_noticed_after_the_welcome() -> Result<()> {
        let missing: &[&[u8]] = &[b"R\0\0\0\x08\0\0\0\0E\0\0\0\x1aMno such database\0\0\0\0\0"];
        let outcome = postgres(&peer(Service::Postgres, "postgres://", missing)?);
        assert_eq!(reason(outcome), "postgres refuses: no such database");
        Ok(())
    }

    #[test]
    fn a_broker_has_to_send_the_first_frame() -> Result<()> {
        let start: &[&[u8]] = &[b"\x01\0\0\0\0\x01\xf4\0\x0a\0\x0a\0\x09"];
        amqp(&peer(Service::RabbitMq, "amqp://", start)?)?;
        let old = peer(Service::RabbitMq, "amqp://", &[b"AMQP\x00\x01\x00\x00"])?;
        assert!(reason(amqp(&old)).contains("0-9-1"));
        Ok(())
    }

    #[test]
    fn a_port_that_closes_without_a_word_does_not_count() -> Result<()> {
        let silent = peer(Service::Redis, "redis://", &[])?;
        assert!(redis(&silent).is_err());
        Ok(())
    }

    #[test]
    fn a_closed_port_is_no_answer() -> Result<()> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let nobody = Address::parse(Service::RabbitMq, &format!("amqp://127.0.0.1:{port}"))?;
        assert!(amqp(&nobody).is_err());
        Ok(())
    }

    #[test]
    fn the_startup_message_counts_its_own_length() {
        let message = postgres_startup("ada", "shop");
        let length = u32::from_be_bytes([message[0], message[1], message[2], message[3]]);
        assert_eq!(usize::try_from(length).ok(), Some(message.len()));
        assert!(message.ends_with(b"user\0ada\0database\0shop\0\0"));
    }
}
