//! Shared data: keys and values per VM id, for all workers of the process (rule Q3).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::abi::Status;

/// The values of every VM id.
#[derive(Debug, Default)]
pub(crate) struct SharedData {
    store: Mutex<Store>,
}

#[derive(Debug, Default)]
struct Store {
    values: HashMap<String, Values>,
    last_cas: u32,
}

// A value and its compare-and-swap number, by key.
type Values = HashMap<Vec<u8>, (Vec<u8>, u32)>;

// === impl SharedData ===

impl SharedData {
    /// The value and its compare-and-swap number.
    pub(crate) fn get(&self, vm: &str, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        let store = self.lock();
        let value = store.values.get(vm).and_then(|values| values.get(key));
        value.cloned().ok_or(Status::NOT_FOUND)
    }

    /// Sets a value; a number other than 0 must be that of the present value, if there is one.
    pub(crate) fn set(&self, vm: &str, key: &[u8], value: Vec<u8>, cas: u32) -> Result<(), Status> {
        let mut store = self.lock();
        store.last_cas = match store.last_cas.wrapping_add(1) {
            // 0 means "no number".
            0 => 1,
            next => next,
        };
        let next = store.last_cas;
        let values = store.values.entry(vm.to_owned()).or_default();
        match values.get(key) {
            Some((_, present)) if cas != 0 && cas != *present => Err(Status::CAS_MISMATCH),
            _ => {
                values.insert(key.to_vec(), (value, next));
                Ok(())
            }
        }
    }

    /// As if somebody had written the same value again.
    pub(crate) fn touch(&self, vm: &str, key: &[u8]) {
        if let Ok((value, cas)) = self.get(vm, key) {
            let _ = self.set(vm, key, value, cas);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_is_refused_and_a_new_key_takes_any() {
        let data = SharedData::default();
        data.set("vm", b"k", b"1".to_vec(), 9).unwrap();
        let (_, cas) = data.get("vm", b"k").unwrap();
        assert_eq!(
            data.set("vm", b"k", b"2".to_vec(), cas + 1),
            Err(Status::CAS_MISMATCH)
        );
        data.set("vm", b"k", Vec::new(), cas).unwrap();
        assert_eq!(data.get("vm", b"k").unwrap().0, b"");
        assert_eq!(data.get("other", b"k"), Err(Status::NOT_FOUND));
    }
}
