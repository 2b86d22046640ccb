//! A module that does what modules must not. The tests of the server name the harm: in the data of
//! an event or a job, in the body of a request, or in the configuration for the moment when it is
//! enabled. At a hook it is the product's title: `harm:loop`.

mod harm;

use czo_module_sdk::prelude::*;
use serde::Deserialize;

use harm::Harm;

struct Hostile;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    harm_at_init: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    title: String,
}

impl Lifecycle for Hostile {
    fn init(_: Cause) -> Result<(), Failure> {
        let Config { harm_at_init } = config::get()?;
        harm_at_init.map_or(Ok(()), |kind| Harm::of(kind).doing().map(drop))
    }
}

impl EventHandler for Hostile {
    fn handle(event: Event) -> Result<(), Failure> {
        event.decode::<Harm>()?.doing().map(drop)
    }
}

impl JobHandler for Hostile {
    fn run(job: Job) -> Result<(), Failure> {
        job.decode::<Harm>()?.doing().map(drop)
    }
}

impl EndpointHandler for Hostile {
    fn handle(request: Request) -> Result<Response, Failure> {
        let body = request.json::<Harm>()?.doing()?;
        Ok(Response { status: 200, headers: Vec::new(), body })
    }
}

impl HookHandler for Hostile {
    fn run(call: HookCall) -> Result<Answer, Failure> {
        let Product { title } = call.decode()?;
        if let Some(kind) = title.strip_prefix("harm:") {
            Harm::of(kind.to_owned()).doing()?;
        }
        Ok(Answer::Unchanged)
    }
}

czo_module_sdk::export!(Hostile: Lifecycle, EventHandler, JobHandler, EndpointHandler, HookHandler);
