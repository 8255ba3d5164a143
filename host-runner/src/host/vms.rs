//! The VMs of a worker by number. One that was replaced is dropped, and its number names nothing from then on.

use crate::host::vm::Vm;

/// Numbers are never used again.
#[derive(Default)]
pub(crate) struct Vms(Vec<Option<Box<Vm>>>);

impl Vms {
    /// The number that the next VM gets.
    pub(crate) fn next(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, vm: Vm) {
        self.0.push(Some(Box::new(vm)));
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Vm> {
        self.0.get(number)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Vm> {
        self.0.get_mut(number)?.as_deref_mut()
    }

    pub(crate) fn drop(&mut self, number: usize) {
        if let Some(vm) = self.0.get_mut(number) {
            *vm = None;
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Vm> {
        self.0.iter_mut().filter_map(Option::as_deref_mut)
    }
}
