//! Pages that are asked for before the one before them is read: one on its way, a few waiting, one thread that keeps and looks.
//!
//! A service makes the next page while this one is hashed, kept and looked through. There is still one request at a time, and the
//! pages are handed out in the order of their windows, whatever was asked ahead; a page that nobody wants any more was still kept.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::harvest::Window;
use super::page::{self, Page, Wanted};
use crate::ingest::fetch::Error;
use crate::ingest::fetch::client::{Arrival, Client, Request, Response};

/// Pages that may wait, here and unread: each has at most the bytes of the largest response.
const WAITING_MAX: usize = 2;

/// What became of a request for a page.
pub(super) enum Outcome {
    /// A page.
    Page(Box<(Response, Page)>),
    /// It came, but is no page.
    Unread(Error),
    /// It did not come.
    Lost(Error),
}

type Flight<'a> = Pin<Box<dyn Future<Output = Result<Arrival, Error>> + 'a>>;
type Job = (Arrival, oneshot::Sender<Outcome>);

/// What is looked for in the pages of a run.
pub(super) struct Lookout {
    pub url: String,
    pub oid_field: String,
    pub mark_field: Option<String>,
}

/// Pages on their way.
pub(super) struct Ahead<'a> {
    client: &'a Client,
    in_flight: Option<(Window, Flight<'a>)>,
    waiting: VecDeque<(Window, oneshot::Receiver<Outcome>)>,
    /// The last request went wrong: nothing more is asked before somebody knows.
    is_halted: bool,
    n_unwanted: u32,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Ahead<'a> {
    /// Starts the thread.
    pub(super) fn start(client: &'a Client, lookout: Lookout) -> Result<Self, Error> {
        let (jobs, inbox) = sync_channel(WAITING_MAX);
        let builder = std::thread::Builder::new().name("pages".to_owned());
        let thread = builder.spawn(move || work(&lookout, &inbox)).map_err(|e| Error::SetUp { detail: e.to_string() });
        Ok(Self {
            client,
            in_flight: None,
            waiting: VecDeque::new(),
            is_halted: false,
            n_unwanted: 0,
            jobs: Some(jobs),
            thread: Some(thread?),
        })
    }

    /// Requests that turned out to be not wanted.
    pub(super) fn n_unwanted(&self) -> u32 {
        self.n_unwanted
    }

    /// The page of the first window of `plan`; meanwhile the windows behind it are asked for.
    pub(super) async fn page(&mut self, plan: &[Window], request: impl Fn(Window) -> Request) -> Outcome {
        self.forget_all_but(plan);
        let Some(wanted) = plan.first() else { return Outcome::Lost(gone()) };
        loop {
            self.ask_next(plan, &request);
            let at = self.waiting.iter().position(|(w, _)| w == wanted);
            let answer = at.and_then(|at| self.waiting.get_mut(at)).map(|(_, answer)| answer);
            let outcome = match (answer, self.in_flight.as_mut()) {
                (Some(answer), Some((window, flight))) => tokio::select! {
                    biased;
                    outcome = answer => outcome,
                    arrival = flight => {
                        let window = *window;
                        self.land(window, arrival);
                        continue;
                    }
                },
                (Some(answer), None) => answer.await,
                (None, Some((window, flight))) => {
                    let (window, arrival) = (*window, flight.await);
                    self.land(window, arrival);
                    continue;
                }
                (None, None) => return Outcome::Lost(gone()),
            };
            at.map(|at| self.waiting.remove(at));
            let outcome = outcome.unwrap_or_else(|_| Outcome::Lost(gone()));
            self.is_halted &= matches!(outcome, Outcome::Page(_));
            return outcome;
        }
    }

    fn forget_all_but(&mut self, plan: &[Window]) {
        let n_before = self.waiting.len() + usize::from(self.in_flight.is_some());
        self.waiting.retain(|(w, _)| plan.contains(w));
        self.in_flight = self.in_flight.take().filter(|(w, _)| plan.contains(w));
        let n = n_before - self.waiting.len() - usize::from(self.in_flight.is_some());
        self.n_unwanted += u32::try_from(n).unwrap_or(u32::MAX);
        self.is_halted &= !self.waiting.is_empty();
    }

    /// Asks for the next window of the plan, when nothing else is on its way.
    fn ask_next(&mut self, plan: &[Window], request: &impl Fn(Window) -> Request) {
        let is_here = |w: &Window| self.waiting.iter().any(|(other, _)| other == w);
        let Some(next) = plan.iter().position(|w| !is_here(w)).filter(|_| self.in_flight.is_none()) else { return };
        if next > 0 && (self.is_halted || self.waiting.len() > WAITING_MAX) {
            return;
        }
        let (client, window, request) = (self.client, plan[next], request(plan[next]));
        self.in_flight = Some((window, Box::pin(async move { client.arrival(&request).await })));
    }

    fn land(&mut self, window: Window, arrival: Result<Arrival, Error>) {
        self.in_flight = None;
        self.is_halted |= !arrival.as_ref().is_ok_and(|a| (200..300).contains(&a.status()));
        let (answer, inbox) = oneshot::channel();
        match (arrival, &self.jobs) {
            (Ok(arrival), Some(jobs)) => drop(jobs.send((arrival, answer))),
            (Ok(_), None) => {}
            (Err(error), _) => drop(answer.send(Outcome::Lost(error))),
        }
        self.waiting.push_back((window, inbox));
    }
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        // What came is kept before the run ends.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn gone() -> Error {
    Error::SetUp { detail: "the thread that looks at pages ended early".to_owned() }
}

fn work(lookout: &Lookout, inbox: &Receiver<Job>) {
    let wanted = Wanted { oid_field: &lookout.oid_field, mark_field: lookout.mark_field.as_deref() };
    while let Ok((arrival, answer)) = inbox.recv() {
        let looked = arrival.settle().and_then(Response::into_good).and_then(|response| {
            let page = page::look(&lookout.url, &response.body, wanted)?;
            Ok(Outcome::Page(Box::new((response, page))))
        });
        // Whoever asked may no longer want it.
        drop(answer.send(looked.unwrap_or_else(Outcome::Unread)));
    }
}
