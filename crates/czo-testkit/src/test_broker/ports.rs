//! Ports that stay with a broker while it is down.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use super::TestBrokerOptions;

/// The ports of a broker, all of 127.0.0.1.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) amqp: Port,
    /// For other nodes, and commands.
    pub(super) nodes: Port,
    /// For Erlang's port mapper.
    pub(super) mapper: Port,
    pub(super) tls: Option<Port>,
    pub(super) management: Option<Port>,
}

/// A port that nobody else is given, neither for listening nor for a connection of their own.
///
/// The socket is bound and does not listen; whoever asks for this very port may listen there.
#[derive(Debug)]
pub(super) struct Port {
    _socket: TcpSocket,
    port: u16,
}

impl Ports {
    pub(super) fn take(options: TestBrokerOptions) -> io::Result<Self> {
        Ok(Self {
            amqp: Port::take()?,
            nodes: Port::take()?,
            mapper: Port::take()?,
            tls: options.tls.then(Port::take).transpose()?,
            management: options.management.then(Port::take).transpose()?,
        })
    }
}

impl Port {
    fn take() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let port = socket.local_addr()?.port();
        Ok(Self { _socket: socket, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}
