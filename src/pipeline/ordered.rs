//! Batches through worker threads with the results in the order of the batches: reading, work and writing overlap, and no
//! more than a few batches are ever in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches in flight for each worker: one in work, one waiting, one done.
const BATCHES_PER_WORKER: usize = 3;

/// What came out of a batch, or why there is no batch; `None` when a worker panicked.
type Done<T, E> = (usize, Option<Result<T, E>>);

/// Tells the writer that its worker panicked: without this the others would wait for its batch for ever.
struct Alarm<T, E>(SyncSender<Done<T, E>>);

impl<T, E> Drop for Alarm<T, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send((0, None));
        }
    }
}

/// Reads batches until `read` has none, works on them on `n_workers` threads, each with a state of its own, and hands the
/// results to `write` in the order of reading.
///
/// # Errors
/// The first that `read` or `write` gives; what was read before a failed batch is written.
pub(crate) fn run<R: Send, S, T: Send, E: Send>(
    n_workers: usize,
    read: impl FnMut() -> Result<Option<R>, E> + Send,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, R) -> T + Sync,
    mut write: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let n_workers = n_workers.clamp(1, 64);
    let n_flying = n_workers * BATCHES_PER_WORKER;
    let (permit_back, permits) = sync_channel::<()>(n_flying);
    let (to_workers, jobs) = sync_channel::<(usize, R)>(n_flying);
    let (to_writer, done) = sync_channel::<Done<T, E>>(n_flying + 1);
    let jobs = Mutex::new(jobs);
    for _ in 0..n_flying {
        // The channel holds them all: this cannot block or fail.
        let _ = permit_back.send(());
    }
    std::thread::scope(|scope| {
        let failed = to_writer.clone();
        scope.spawn(move || read_all(read, &permits, &to_workers, &failed));
        for _ in 0..n_workers {
            let alarm = Alarm(to_writer.clone());
            let (jobs, state, work) = (&jobs, &state, &work);
            scope.spawn(move || {
                let mut own = state();
                loop {
                    let job = jobs.lock().map(|jobs| jobs.recv());
                    let Ok(Ok((at, batch))) = job else { return };
                    if alarm.0.send((at, Some(Ok(work(&mut own, batch))))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to_writer);
        write_all(done, permit_back, &mut write)
    })
}

fn read_all<R, T, E>(
    mut read: impl FnMut() -> Result<Option<R>, E>,
    permits: &Receiver<()>,
    to_workers: &SyncSender<(usize, R)>,
    failed: &SyncSender<Done<T, E>>,
) {
    for at in 0.. {
        // No permits come when the writer has given up.
        if permits.recv().is_err() {
            return;
        }
        match read() {
            Ok(Some(batch)) => {
                if to_workers.send((at, batch)).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                let _ = failed.send((at, Some(Err(error))));
                return;
            }
        }
    }
}

/// Takes both ends with it when it fails, so that reader and workers stop.
fn write_all<T, E>(
    done: Receiver<Done<T, E>>,
    permit_back: SyncSender<()>,
    write: &mut impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let mut early: BTreeMap<usize, Result<T, E>> = BTreeMap::new();
    let mut next = 0;
    for (at, result) in done {
        // The panic itself is passed on by the scope.
        let Some(result) = result else { return Ok(()) };
        early.insert(at, result);
        while let Some(result) = early.remove(&next) {
            write(result?)?;
            next += 1;
            let _ = permit_back.try_send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::run;

    fn numbers(n: u32) -> impl FnMut() -> Result<Option<u32>, String> + Send {
        let mut next = 0;
        move || {
            next += 1;
            Ok((next <= n).then_some(next))
        }
    }

    #[test]
    fn results_come_in_order_for_any_number_of_workers() {
        for n_workers in [1, 2, 7] {
            let mut seen = Vec::new();
            let slow_first = |_: &mut (), n: u32| {
                if n % 5 == 1 {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                n * 2
            };
            let ran = run(
                n_workers,
                numbers(100),
                || (),
                slow_first,
                |n| {
                    seen.push(n);
                    Ok(())
                },
            );
            assert_eq!(ran, Ok(()));
            assert_eq!(seen, (1..=100).map(|n| n * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_of_a_worker_is_passed_on() {
        let work = |(): &mut (), n: u32| assert!(n != 500, "batch 500");
        let _ = run(2, numbers(100_000), || (), work, |()| Ok(()));
    }

    #[test]
    fn failures_of_both_ends_stop_everything() {
        let mut next = 0;
        let read = move || {
            next += 1;
            if next > 20 { Err("no more".to_owned()) } else { Ok(Some(next)) }
        };
        let mut n_written = 0;
        let ran = run(
            3,
            read,
            || (),
            |(), n: u32| n,
            |_| {
                n_written += 1;
                Ok(())
            },
        );
        assert_eq!((ran, n_written), (Err("no more".to_owned()), 20));
        let full =
            run(3, numbers(1_000_000), || (), |(), n| n, |n| if n == 5 { Err("disk full".to_owned()) } else { Ok(()) });
        assert_eq!(full, Err("disk full".to_owned()));
    }
}
