//! Leases: however the hostcalls of several VMs fall between one another, no two of them hold one at the same time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use meshwright::__private::install;
use meshwright::hostcalls::Hostcalls;
use meshwright::{Held, Lease, Status};
use proptest::collection::vec;
use proptest::prelude::*;

const LEASE: Duration = Duration::from_millis(10);

/// What a VM does with a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Take,
    Renew,
    GiveBack,
    Forget,
}

/// What a host does with a number where there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// Not compare it, as Envoy.
    Any,
    /// Ask for 0, as ngx_wasm_module.
    Zero,
}

/// The process that all VMs are in. Its hostcalls are made in the order of `turns`, each some time after the one before.
struct Process {
    absent: Absent,
    world: Mutex<World>,
    changed: Condvar,
}

#[derive(Default)]
struct World {
    turns: VecDeque<(usize, Duration)>,
    running: BTreeSet<usize>,
    /// When each hostcall was made.
    times: Vec<Duration>,
    values: HashMap<Vec<u8>, (Vec<u8>, u32)>,
    last: u32,
    holdings: Vec<Holding>,
}

/// Who held it, from which hostcall on, and before which one that ended.
#[derive(Debug, Clone, Copy)]
struct Holding {
    holder: u64,
    from: usize,
    until: Duration,
    given_back: Option<usize>,
}

/// The process as a VM sees it.
struct Host {
    process: Arc<Process>,
    vm: usize,
    /// Its hostcalls, by their place among all.
    calls: RefCell<Vec<usize>>,
    /// The last one that wrote something.
    wrote: Cell<usize>,
}

/// A VM is over, even by a panic.
struct Over(Arc<Process>, usize);

fn acts() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let act = prop_oneof![
        4 => Just(Act::Take),
        1 => Just(Act::Renew),
        2 => Just(Act::GiveBack),
        1 => Just(Act::Forget),
    ];
    vec(vec(act, 1..6), 2..5)
}

fn turns() -> impl Strategy<Value = VecDeque<(usize, Duration)>> {
    let pause = prop_oneof![3 => Just(0_u64), 1 => 1_u64..12];
    let turns = vec((0_usize..5, pause.prop_map(Duration::from_millis)), 0..60);
    turns.prop_map(VecDeque::from)
}

proptest! {
    #[test]
    fn no_two_vms_hold_a_lease_at_the_same_time(
        acts in acts(),
        turns in turns(),
        absent in prop_oneof![Just(Absent::Any), Just(Absent::Zero)],
    ) {
        let process = Process::new(absent, turns, acts.len());
        run_all(&process, &acts);
        let world = process.world.lock().unwrap();
        for (one, other) in pairs(&world.holdings) {
            let are_apart = world.end(one) <= other.from || world.end(other) <= one.from;
            prop_assert!(are_apart, "{one:?} and {other:?} of {:?}", world.times);
        }
    }

    #[test]
    fn it_can_be_taken_when_its_time_is_over_whatever_was_before(acts in acts(), turns in turns()) {
        let process = Process::new(Absent::Any, turns, acts.len());
        run_all(&process, &acts);
        let before = {
            let mut world = process.world.lock().unwrap();
            world.turns = VecDeque::from([(0, LEASE)]);
            world.running.insert(0);
            world.holdings.len()
        };
        run_all(&process, &[vec![Act::Take]]);
        let world = process.world.lock().unwrap();
        prop_assert_eq!(world.holdings.len(), before + 1);
    }
}

fn run_all(process: &Arc<Process>, acts: &[Vec<Act>]) {
    let vms = acts.iter().cloned().enumerate().map(|(vm, acts)| {
        let process = Arc::clone(process);
        std::thread::spawn(move || run(&process, vm, &acts))
    });
    // All of them run before the first is waited for.
    let vms: Vec<_> = vms.collect();
    vms.into_iter().for_each(|vm| vm.join().unwrap());
}

fn run(process: &Arc<Process>, vm: usize, acts: &[Act]) {
    let _over = Over(Arc::clone(process), vm);
    let host = Rc::new(Host {
        process: Arc::clone(process),
        vm,
        calls: RefCell::default(),
        wrote: Cell::default(),
    });
    install(Rc::clone(&host) as Rc<_>);
    let lease = Lease::new("lease", LEASE);
    let mut held: Option<(Held<'_>, Holding)> = None;
    for act in acts {
        match (act, held.take()) {
            // One that it holds already is another handler's.
            (Act::Take, before) => {
                let taken = lease.take().unwrap();
                held = taken.map(|taken| {
                    let holding = host.holding(fastrand::u64(..), &taken);
                    (taken, holding)
                });
                held = held.or(before);
            }
            (Act::Renew, Some((mut own, holding))) => {
                if own.renew().unwrap() {
                    let holding = host.holding(holding.holder, &own);
                    held = Some((own, holding));
                }
            }
            (Act::GiveBack, Some((own, holding))) => {
                let first = host.calls.borrow().len();
                own.give_back().unwrap();
                host.given_back(holding.holder, first);
            }
            (Act::Renew | Act::GiveBack | Act::Forget, _) => {}
        }
    }
}

// Those of different holders.
fn pairs(holdings: &[Holding]) -> impl Iterator<Item = (&Holding, &Holding)> {
    holdings.iter().enumerate().flat_map(|(at, one)| {
        let others = holdings.iter().skip(at + 1);
        let others = others.filter(|other| other.holder != one.holder);
        others.map(move |other| (one, other))
    })
}

// === impl Process ===

impl Process {
    fn new(absent: Absent, turns: VecDeque<(usize, Duration)>, vms: usize) -> Arc<Self> {
        let world = World {
            turns,
            running: (0..vms).collect(),
            ..World::default()
        };
        Arc::new(Self {
            absent,
            world: Mutex::new(world),
            changed: Condvar::new(),
        })
    }

    // Waits for a VM's turn to make a hostcall; in the end everybody has it.
    fn turn(&self, vm: usize) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap();
        loop {
            match world.turns.front().copied() {
                Some((next, pause)) if next == vm || !world.running.contains(&next) => {
                    world.turns.pop_front();
                    if next == vm {
                        world.pass(pause);
                        break;
                    }
                }
                Some(_) => world = self.changed.wait(world).unwrap(),
                None => {
                    world.pass(Duration::ZERO);
                    break;
                }
            }
        }
        self.changed.notify_all();
        world
    }
}

// === impl World ===

impl World {
    fn now(&self) -> Duration {
        self.times.last().copied().unwrap_or_default()
    }

    fn pass(&mut self, time: Duration) {
        self.times.push(self.now() + time);
    }

    // Before which hostcall somebody holds it no more.
    fn end(&self, holding: &Holding) -> usize {
        let over = self.times.iter().position(|now| *now >= holding.until);
        let over = over.unwrap_or(usize::MAX);
        holding.given_back.map_or(over, |back| back.min(over))
    }
}

// === impl Host ===

impl Host {
    fn world(&self) -> MutexGuard<'_, World> {
        let world = self.process.turn(self.vm);
        self.calls.borrow_mut().push(world.times.len() - 1);
        world
    }

    fn holding(&self, holder: u64, held: &Held<'_>) -> Holding {
        let holding = Holding {
            holder,
            from: self.wrote.get(),
            until: held.until().duration_since(SystemTime::UNIX_EPOCH).unwrap(),
            given_back: None,
        };
        self.process.world.lock().unwrap().holdings.push(holding);
        holding
    }

    // From the first hostcall on with which it did that.
    fn given_back(&self, holder: u64, first: usize) {
        let back = self.calls.borrow().get(first).copied();
        let mut world = self.process.world.lock().unwrap();
        let own = world.holdings.iter_mut();
        own.filter(|it| it.holder == holder)
            .for_each(|it| it.given_back = back);
    }
}

impl Hostcalls for Host {
    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Ok(u64::try_from(self.world().now().as_nanos()).unwrap())
    }

    fn get_shared_data(&self, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        let world = self.world();
        world.values.get(key).cloned().ok_or(Status::NOT_FOUND)
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut world = self.world();
        let fits = match (world.values.get(key), self.process.absent) {
            (Some((_, present)), Absent::Any) => cas == 0 || cas == *present,
            (Some((_, present)), Absent::Zero) => cas == *present,
            (None, Absent::Any) => true,
            (None, Absent::Zero) => cas == 0,
        };
        if !fits {
            return Err(Status::CAS_MISMATCH);
        }
        world.last += 1;
        let value = (value.to_vec(), world.last);
        world.values.insert(key.to_vec(), value);
        self.wrote.set(world.times.len() - 1);
        Ok(())
    }
}

// === impl Over ===

impl Drop for Over {
    fn drop(&mut self) {
        if let Ok(mut world) = self.0.world.lock() {
            world.running.remove(&self.1);
        }
        self.0.changed.notify_all();
    }
}
