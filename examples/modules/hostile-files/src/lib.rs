//! A module that imports files and sockets of WASI. A server has to refuse it; one that links it
//! all the same must give it nothing. The body of the request is the path or the address.

use std::net::TcpStream;
use std::time::Duration;
use std::{env, fs, thread};

use czo_module_sdk::prelude::*;

struct HostileFiles;

impl EndpointHandler for HostileFiles {
    fn handle(request: Request) -> Result<Response, Failure> {
        let target = String::from_utf8_lossy(&request.body).into_owned();
        let found = match request.endpoint.as_str() {
            "files" => fs::read(target).map_err(failed)?,
            "sockets" => format!("{:?}", TcpStream::connect(target).map_err(failed)?).into_bytes(),
            "variables" => format!("{:?}", env::vars().collect::<Vec<_>>()).into_bytes(),
            // Sleeps, in the call of the server that nothing interrupts.
            "sleep" => {
                thread::sleep(Duration::from_secs(3_600));
                Vec::new()
            }
            other => return Err(Failure::NotFound(format!("there is no endpoint {other}"))),
        };
        Ok(Response { status: 200, headers: Vec::new(), body: found })
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::Broken(error.to_string())
}

czo_module_sdk::export!(HostileFiles: EndpointHandler);
