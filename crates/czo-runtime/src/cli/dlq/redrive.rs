//! `dlq redrive`

use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use czo_core::Group;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, sleep_until};

use super::letters::Letters;
use super::{All, Which, check};
use crate::cli::output::{how_many, print, print_note, print_table};
use crate::dead_letters::{COUNTED, LARGEST_PORTION, Meant, Summary};

/// How many portions a second is divided into, where there is a rate.
const PORTIONS: u32 = 10;

/// How long a group may take none before the rest of its letters stay.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it is waited after a group took none.
const PAUSE: Duration = Duration::from_millis(100);

/// How often it is said how far it is, where there is no bar.
const NEWS: Duration = Duration::from_secs(5);

/// Which letters are handed over, and how fast.
#[derive(Debug, Args)]
pub(super) struct Redrive {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    all: All,
    /// How many at most, the oldest
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// How many in a second at most; as fast as their groups take them, by default
    #[arg(long, value_name = "PER SECOND", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: Option<u32>,
    /// Only show what would be handed over
    #[arg(long)]
    dry_run: bool,
}

/// The letters of one group that are still to be handed over.
struct Share {
    group: Group,
    left: usize,
    /// Since when the group takes none.
    stuck: Option<Instant>,
}

/// What was handed over, and what stays.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    redriven: usize,
    stay: BTreeMap<Group, usize>,
}

impl Redrive {
    pub(super) async fn execute(self, letters: &dyn Letters) -> anyhow::Result<()> {
        let wanted = self.which.wanted(Some(usize::try_from(self.limit)?));
        let summary = letters.summary(&wanted).await?;
        check(&summary, self.all.all)?;
        if self.dry_run {
            show(&summary);
            return Ok(());
        }
        let mut progress = Progress::new(summary.total);
        let meant = Meant { limit: None, ..Meant::of(&wanted) };
        let outcome = hand_over(letters, &summary, &meant, self.rate, |redriven| {
            progress.is_at(u64::try_from(redriven).unwrap_or(u64::MAX));
        });
        let outcome = outcome.await;
        progress.bar.finish_and_clear();
        let Outcome { redriven, stay } = outcome?;
        let number = how_many(u64::try_from(redriven)?, "dead letter");
        print(&format!("{number} handed to their groups again"));
        if summary.has_more && usize::try_from(self.limit)? == COUNTED {
            print_note("there are more: say it again for them");
        }
        if !stay.is_empty() {
            let stay: Vec<_> =
                stay.iter().map(|(group, number)| format!("{number} of `{group}`")).collect();
            bail!(
                "not handed over: {}; nobody of the group is there, too many events wait for it, \
                 or somebody else took them",
                stay.join(", ")
            );
        }
        Ok(())
    }
}

/// Hands over so many of each group as were counted: what fails again meanwhile, and is a dead
/// letter again, is not handed over for ever. Group by group and portion by portion, so that no
/// group waits for another, and each gets its own in their order.
async fn hand_over(
    letters: &dyn Letters,
    counted: &Summary,
    meant: &Meant,
    rate: Option<u32>,
    mut tell: impl FnMut(usize),
) -> anyhow::Result<Outcome> {
    let mut shares = shares(counted)?;
    let portion = rate.map_or(LARGEST_PORTION, |rate| {
        usize::try_from(rate / PORTIONS).unwrap_or(LARGEST_PORTION).clamp(1, LARGEST_PORTION)
    });
    let mut outcome = Outcome { redriven: 0, stay: BTreeMap::new() };
    let mut next = Instant::now();
    while let Some(mut share) = shares.pop_front() {
        sleep_until(next).await;
        let began = Instant::now();
        let meant = meant.of_group(&share.group, share.left.min(portion));
        let answer = letters.redrive(&meant).await;
        let some = answer.with_context(|| match outcome.redriven {
            0 => "nothing was handed over".to_owned(),
            redriven => format!("{redriven} were handed over before it ended"),
        })?;
        let some = some.redriven.min(share.left);
        outcome.redriven += some;
        share.left -= some;
        tell(outcome.redriven);
        next = began + pause(some, rate);
        if some > 0 {
            share.stuck = None;
        } else if share.stuck.get_or_insert(began).elapsed() >= PATIENCE {
            outcome.stay.insert(share.group, share.left);
            continue;
        }
        if share.left > 0 {
            shares.push_back(share);
        }
    }
    Ok(outcome)
}

/// How many of each group are meant.
fn shares(counted: &Summary) -> anyhow::Result<VecDeque<Share>> {
    let mut groups: BTreeMap<&Group, u64> = BTreeMap::new();
    for row in &counted.groups {
        *groups.entry(&row.group).or_default() += row.letters;
    }
    let share = |(group, letters): (&Group, u64)| {
        Ok(Share { group: group.clone(), left: usize::try_from(letters)?, stuck: None })
    };
    groups.into_iter().map(share).collect()
}

/// How long so many are to take.
fn pause(letters: usize, rate: Option<u32>) -> Duration {
    match (letters, rate) {
        (0, _) => PAUSE,
        (_, None) => Duration::ZERO,
        (letters, Some(rate)) => {
            Duration::from_secs(u64::try_from(letters).unwrap_or(u64::MAX)) / rate
        }
    }
}

fn show(summary: &Summary) {
    let rows: Vec<_> = summary
        .groups
        .iter()
        .map(|row| {
            let event_type = row.event_type.as_ref();
            [
                row.group.to_string(),
                event_type.map_or_else(|| "no event".to_owned(), ToString::to_string),
                row.letters.to_string(),
                row.oldest.format("%Y-%m-%d %H:%M").to_string(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        print_table(["GROUP", "TYPE", "LETTERS", "OLDEST (UTC)"], &rows);
    }
    let number = how_many(summary.total, "dead letter");
    print(&format!("{number} would be handed to their groups again"));
}

/// How far it is: a bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: ProgressBar,
    is_drawn: bool,
    total: u64,
    said: Instant,
}

impl Progress {
    fn new(total: u64) -> Self {
        let is_drawn = std::io::stderr().is_terminal();
        if !is_drawn {
            print_note(&format!("handing over {}", how_many(total, "dead letter")));
        }
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} dead letters {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: ProgressBar::new(total).with_style(style),
            is_drawn,
            total,
            said: Instant::now(),
        }
    }

    fn is_at(&mut self, redriven: u64) {
        self.bar.set_position(redriven);
        if !self.is_drawn && self.said.elapsed() >= NEWS {
            self.said = Instant::now();
            print_note(&format!("{redriven} of {}", self.total));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use czo_core::{
        DeadLetterFilter, DeadLetters, DomainEvent, EventBus, EventFactory, HandlerError,
        RequestContext, ShutdownStarted, SubscribeOptions, Subscription, SystemClock, SystemIds,
        TopicPattern, handler_fn,
    };
    use czo_events::InProcessBus;

    use super::*;
    use crate::dead_letters::{DeadLetterAdmin, Wanted};

    /// What a group handled, in its order, once its handler was repaired.
    type Handled = Arc<Mutex<Vec<u64>>>;

    struct Site {
        bus: InProcessBus,
        letters: DeadLetterAdmin,
        repaired: Arc<Mutex<bool>>,
        handled: Handled,
    }

    impl Site {
        fn new() -> Self {
            let bus = InProcessBus::new();
            let letters = DeadLetterAdmin::new(Arc::new(bus.clone()));
            let handled = Handled::default();
            Self { bus, letters, repaired: Arc::default(), handled }
        }

        async fn listen(&self, group: &str) -> Subscription {
            let (repaired, handled) = (self.repaired.clone(), self.handled.clone());
            let handler = handler_fn(move |event: Arc<DomainEvent>| {
                let number = event.data["drainSeconds"].as_u64().unwrap();
                let is_repaired = *repaired.lock().unwrap();
                if is_repaired {
                    handled.lock().unwrap().push(number);
                }
                async move { is_repaired.then_some(()).ok_or_else(|| HandlerError::permanent("broken")) }
            });
            let group = group.parse().unwrap();
            let options = SubscribeOptions::default();
            self.bus
                .subscribe(TopicPattern::all(), group, Arc::new(handler), options)
                .await
                .unwrap()
        }

        /// Publishes events that nobody can handle.
        async fn publish(&self, numbers: std::ops::Range<u64>) {
            let factory = EventFactory::new("system", Arc::new(SystemClock), Arc::new(SystemIds));
            let ctx = RequestContext::system(&SystemIds);
            for number in numbers {
                let payload = ShutdownStarted { domains: Vec::new(), drain_seconds: number };
                self.bus.publish(factory.event(&ctx, &payload).unwrap()).await.unwrap();
            }
        }

        async fn dead(&self) -> usize {
            self.bus.list(&DeadLetterFilter::all(), 10_000).await.unwrap().len()
        }

        async fn until_dead(&self, number: usize) {
            let looking = async {
                while self.dead().await != number {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), looking).await.unwrap();
        }

        async fn until_handled(&self, number: usize) -> Vec<u64> {
            let looking = async {
                while self.handled.lock().unwrap().len() < number {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), looking).await.unwrap();
            self.handled.lock().unwrap().clone()
        }

        async fn counted(&self, limit: Option<usize>) -> Summary {
            let wanted = Wanted { limit, ..Wanted::default() };
            self.letters.summary(&wanted).await.unwrap()
        }

        async fn redrive(&self, limit: Option<usize>, rate: Option<u32>) -> Outcome {
            let counted = self.counted(limit).await;
            let meant = Meant { all: true, ..Meant::default() };
            hand_over(&self.letters, &counted, &meant, rate, |_| {}).await.unwrap()
        }
    }

    fn outcome(redriven: usize, stay: &[(&str, usize)]) -> Outcome {
        let stay = stay.iter().map(|(group, number)| (group.parse().unwrap(), *number)).collect();
        Outcome { redriven, stay }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_and_so_is_the_order() {
        let site = Site::new();
        let _listening = site.listen("test.one").await;
        site.publish(0..30).await;
        site.until_dead(30).await;
        *site.repaired.lock().unwrap() = true;
        for (limit, rate, seconds) in [(10, 5, 1.8), (20, 50, 0.3)] {
            let began = Instant::now();
            assert_eq!(site.redrive(Some(limit), Some(rate)).await, outcome(limit, &[]));
            let took = began.elapsed().as_secs_f64();
            assert!((seconds - 0.01..seconds + 0.2).contains(&took), "{rate}: {took}");
        }
        assert_eq!(site.until_handled(30).await, (0..30).collect::<Vec<_>>());
        assert_eq!(site.dead().await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_again_is_handed_over_once() {
        let site = Site::new();
        let _listening = site.listen("test.one").await;
        site.publish(0..7).await;
        site.until_dead(7).await;
        assert_eq!(site.redrive(None, Some(10)).await, outcome(7, &[]));
        site.until_dead(7).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_that_is_gone_keeps_its_letters_and_holds_up_nobody() {
        let site = Site::new();
        let gone = site.listen("test.gone").await;
        site.publish(0..1_100).await;
        site.until_dead(1_100).await;
        gone.cancel();
        let _listening = site.listen("test.one").await;
        site.publish(0..3).await;
        site.until_dead(1_103).await;
        *site.repaired.lock().unwrap() = true;
        assert_eq!(site.redrive(None, None).await, outcome(3, &[("test.gone", 1_100)]));
        assert_eq!(site.until_handled(3).await, [0, 1, 2]);
        assert_eq!(site.dead().await, 1_100);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_a_group_takes_at_once_are_handed_over_as_it_goes() {
        let site = Site::new();
        let _listening = site.listen("test.one").await;
        for start in [0, 1_000, 2_000] {
            site.publish(start..start + 1_000).await;
        }
        site.until_dead(3_000).await;
        *site.repaired.lock().unwrap() = true;
        assert_eq!(site.redrive(None, None).await, outcome(3_000, &[]));
        assert_eq!(site.until_handled(3_000).await, (0..3_000).collect::<Vec<_>>());
    }
}
