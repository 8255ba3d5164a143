//! Shared queues, found by VM id and name, owned by the root context that registered them last (rule Q2).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::abi::Status;
use crate::host::effect::RootId;

/// A root context of a worker of the process.
pub(crate) type Owner = (u64, RootId);

/// All queues of the process.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    store: Mutex<Store>,
}

#[derive(Debug, Default)]
struct Store {
    tokens: HashMap<(String, Vec<u8>), u32>,
    queues: BTreeMap<u32, Queue>,
}

#[derive(Debug)]
struct Queue {
    owner: Owner,
    items: VecDeque<Vec<u8>>,
}

// === impl Queues ===

impl Queues {
    /// The queue of that name, owned from now on by whoever asks; its token is the same each time.
    pub(crate) fn register(&self, vm: &str, name: &[u8], owner: Owner) -> u32 {
        let mut store = self.lock();
        let next = u32::try_from(store.tokens.len() + 1).unwrap_or(u32::MAX);
        let token = *store
            .tokens
            .entry((vm.to_owned(), name.to_vec()))
            .or_insert(next);
        let queue = store.queues.entry(token);
        queue
            .or_insert_with(|| Queue {
                owner,
                items: VecDeque::new(),
            })
            .owner = owner;
        token
    }

    pub(crate) fn resolve(&self, vm: &str, name: &[u8]) -> Result<u32, Status> {
        let key = (vm.to_owned(), name.to_vec());
        self.lock()
            .tokens
            .get(&key)
            .copied()
            .ok_or(Status::NOT_FOUND)
    }

    /// Adds an item, and tells who is to hear of it.
    pub(crate) fn enqueue(&self, token: u32, item: Vec<u8>) -> Result<Owner, Status> {
        let mut store = self.lock();
        let queue = store.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.push_back(item);
        Ok(queue.owner)
    }

    pub(crate) fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut store = self.lock();
        let queue = store.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.pop_front().ok_or(Status::EMPTY)
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_order_and_the_last_registration_owns_the_queue() {
        let queues = Queues::default();
        let owner = |context| (0, RootId { vm: 0, context });
        let token = queues.register("vm", b"q", owner(1));
        assert_eq!(queues.register("vm", b"q", owner(2)), token);
        assert_eq!(queues.resolve("vm", b"q"), Ok(token));
        assert_eq!(queues.resolve("other", b"q"), Err(Status::NOT_FOUND));
        assert_eq!(queues.enqueue(token, b"a".to_vec()), Ok(owner(2)));
        queues.enqueue(token, b"b".to_vec()).unwrap();
        assert_eq!(queues.dequeue(token).unwrap(), b"a");
        assert_eq!(queues.dequeue(token).unwrap(), b"b");
        assert_eq!(queues.dequeue(token), Err(Status::EMPTY));
        assert_eq!(queues.dequeue(token + 1), Err(Status::NOT_FOUND));
    }
}
