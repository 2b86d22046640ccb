//! The processes, and what is done to them.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use czo_testkit::torture::{Actor, Dice};

use super::part::{Part, Role};

/// By which a writer ends itself in the middle of a transaction.
const SIGABRT: i32 = 6;

/// All processes, and how often what was done to them.
#[derive(Debug)]
pub(crate) struct Crew {
    members: Vec<Member>,
    /// What this program needs to start as a member.
    arguments: Vec<String>,
    pub(crate) kills: u64,
    pub(crate) freezes: u64,
    pub(crate) departures: u64,
}

#[derive(Debug)]
struct Member {
    part: Part,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(Actor),
    /// Until then.
    Frozen(Actor, Instant),
    /// It was asked to end.
    Leaving(Actor),
    /// It starts then.
    Absent(Instant),
}

impl Crew {
    /// The members that play these parts. They start with the first [`tick`](Self::tick).
    pub(crate) fn new(parts: Vec<Part>, arguments: Vec<String>) -> Self {
        let absent = |part| Member { part, state: State::Absent(Instant::now()) };
        let members = parts.into_iter().map(absent).collect();
        Self { members, arguments, kills: 0, freezes: 0, departures: 0 }
    }

    /// Starts and thaws whose time has come.
    ///
    /// # Errors
    ///
    /// When a member has ended and nobody asked for it.
    pub(crate) fn tick(&mut self, dice: &mut Dice) -> Result<()> {
        for place in 0..self.members.len() {
            self.tick_member(place, Instant::now(), dice)?;
        }
        Ok(())
    }

    fn tick_member(&mut self, place: usize, now: Instant, dice: &mut Dice) -> Result<()> {
        let member = &mut self.members[place];
        let absent = State::Absent(now);
        member.state = match std::mem::replace(&mut member.state, absent) {
            State::Absent(until) if until <= now => {
                member.part.seed = dice.seed();
                State::Running(Actor::start(&member.part, &self.arguments)?)
            }
            State::Frozen(process, until) if until <= now => {
                process.thaw()?;
                State::Running(process)
            }
            State::Running(mut process) => match process.ended()? {
                Some(status) if member.part.may_end(status) => {
                    self.kills += 1;
                    State::Absent(now)
                }
                Some(status) => {
                    let Part { role, number, .. } = member.part;
                    bail!("{role:?} {number} ended by itself ({status})");
                }
                None => State::Running(process),
            },
            State::Leaving(mut process) => match process.ended()? {
                Some(_) => State::Absent(now),
                None => State::Leaving(process),
            },
            state => state,
        };
        Ok(())
    }

    /// Does something to a member: kills it, freezes it for longer than a lease, or asks it to
    /// end.
    pub(crate) fn strike(&mut self, dice: &mut Dice, lease: Duration) -> Result<()> {
        let place = usize::try_from(dice.below(u32::try_from(self.members.len())?))?;
        let now = Instant::now();
        let back = if dice.happens(600) { now } else { now + dice.millis(200, 3_000) };
        let what = dice.below(100);
        let member = &mut self.members[place];
        member.state = match std::mem::replace(&mut member.state, State::Absent(now)) {
            State::Running(process) if what < 20 => {
                process.freeze()?;
                self.freezes += 1;
                let lease = u32::try_from(lease.as_millis())?;
                State::Frozen(process, now + dice.millis(lease / 2, lease * 3))
            }
            State::Running(mut process) if what < 30 => {
                process.dismiss();
                self.departures += 1;
                State::Leaving(process)
            }
            State::Running(process) | State::Frozen(process, _) | State::Leaving(process) => {
                process.kill()?;
                self.kills += 1;
                State::Absent(back)
            }
            State::Absent(until) => State::Absent(until),
        };
        Ok(())
    }

    /// Kills all of a role, for ever.
    pub(crate) fn kill_all(&mut self, role: Role) -> Result<()> {
        for member in self.members.extract_if(.., |member| member.part.role == role) {
            if let State::Running(process) | State::Frozen(process, _) | State::Leaving(process) =
                member.state
            {
                process.kill()?;
            }
        }
        Ok(())
    }

    /// From now on every member is at work.
    pub(crate) fn gather(&mut self) {
        let now = Instant::now();
        for Member { state, .. } in &mut self.members {
            if let State::Frozen(_, until) | State::Absent(until) = state {
                *until = now;
            }
        }
    }
}

impl Part {
    /// Whether it is in order that a process of this part ends by itself like this.
    fn may_end(&self, status: ExitStatus) -> bool {
        self.role == Role::Writer && status.signal() == Some(SIGABRT)
    }
}
