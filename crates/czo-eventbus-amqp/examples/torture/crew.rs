//! The consumers, and what is done to them.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use czo_testkit::torture::{Actor, Dice};

use super::book::Book;
use super::part::Part;

const SIGKILL: i32 = 9;

/// All consumers, each a process of its own.
#[derive(Debug)]
pub(crate) struct Crew {
    members: Vec<Member>,
    arguments: Vec<String>,
    book: Arc<Book>,
}

#[derive(Debug)]
struct Member {
    part: Part,
    state: State,
    /// What it had handled, with all that were it before, when it started.
    handled: u64,
}

#[derive(Debug)]
enum State {
    Running(Actor),
    Frozen(Actor),
    Leaving(Actor),
    /// It starts then.
    Absent(Instant),
    /// It has ended in good order, for ever.
    Gone,
}

impl Crew {
    /// The consumers that play these parts. They start with the first [`tick`](Self::tick).
    pub(crate) fn new(parts: Vec<Part>, arguments: Vec<String>, book: &Arc<Book>) -> Self {
        let absent = |part| Member { part, state: State::Absent(Instant::now()), handled: 0 };
        let members = parts.into_iter().map(absent).collect();
        Self { members, arguments, book: book.clone() }
    }

    /// Starts those whose time has come.
    ///
    /// # Errors
    ///
    /// When a consumer has ended and nobody asked for it.
    pub(crate) fn tick(&mut self, dice: &mut Dice) -> Result<()> {
        let now = Instant::now();
        for member in &mut self.members {
            let Part { number, .. } = member.part;
            match &mut member.state {
                State::Absent(until) if *until <= now => {
                    member.part.seed = dice.seed();
                    member.handled = self.book.handled_by(number);
                    member.state = State::Running(Actor::start(&member.part, &self.arguments)?);
                }
                State::Running(actor) => {
                    if let Some(status) = actor.ended()? {
                        bail!("consumer {number} ended by itself ({status})");
                    }
                }
                State::Leaving(actor) => {
                    if let Some(status) = actor.ended()? {
                        ensure!(status.success(), "consumer {number} does not end well ({status})");
                        member.state = State::Gone;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Kills one that is at work; it starts again at once, or after a while. Says whether there was
    /// one.
    pub(crate) fn kill(&mut self, dice: &mut Dice) -> Result<bool> {
        let pause = if dice.happens(500) { dice.millis(0, 50) } else { dice.millis(500, 4_000) };
        let Some(member) = self.at_work(dice) else { return Ok(false) };
        let back = State::Absent(Instant::now() + pause);
        let State::Running(actor) = std::mem::replace(&mut member.state, back) else {
            return Ok(false);
        };
        Ok(actor.kill()?.signal() == Some(SIGKILL))
    }

    /// Freezes one that is at work, and says which.
    pub(crate) fn freeze(&mut self, dice: &mut Dice) -> Result<Option<u32>> {
        let Some(member) = self.at_work(dice) else { return Ok(None) };
        if let State::Running(actor) = std::mem::replace(&mut member.state, State::Gone) {
            actor.freeze()?;
            member.state = State::Frozen(actor);
        }
        Ok(Some(member.part.number))
    }

    /// Lets it run again.
    pub(crate) fn thaw(&mut self, number: u32) -> Result<()> {
        let member = self.members.iter_mut().find(|member| member.part.number == number);
        let member = member.context("there is no such consumer")?;
        match std::mem::replace(&mut member.state, State::Gone) {
            State::Frozen(actor) => {
                actor.thaw()?;
                member.state = State::Running(actor);
            }
            state => member.state = state,
        }
        Ok(())
    }

    /// Asks all of them to end in good order.
    pub(crate) fn dismiss(&mut self) {
        for member in &mut self.members {
            member.state = match std::mem::replace(&mut member.state, State::Gone) {
                State::Running(mut actor) => {
                    actor.dismiss();
                    State::Leaving(actor)
                }
                state => state,
            };
        }
    }

    /// Whether all have ended in good order.
    pub(crate) fn is_gone(&self) -> bool {
        self.members.iter().all(|member| matches!(member.state, State::Gone))
    }

    /// How many have been handled by all but this one.
    pub(crate) fn handled_without(&self, number: u32) -> u64 {
        let others = self.members.iter().map(|member| member.part.number);
        others.filter(|other| *other != number).map(|other| self.book.handled_by(other)).sum()
    }

    /// One that has handled something since it started.
    fn at_work(&mut self, dice: &mut Dice) -> Option<&mut Member> {
        let Self { members, book, .. } = self;
        let is_at_work = |member: &&mut Member| {
            matches!(member.state, State::Running(_))
                && book.handled_by(member.part.number) > member.handled
        };
        let mut at_work: Vec<_> = members.iter_mut().filter(is_at_work).collect();
        let place = dice.below(u32::try_from(at_work.len()).ok()?);
        (!at_work.is_empty()).then(|| at_work.swap_remove(usize::try_from(place).unwrap_or(0)))
    }
}
