//! The VMs of a worker by number. One that was replaced is dropped, and its number names nothing from then on.

use crate::host::vm::Vm;

/// Numbers are never used again.
#[derive(Default)]
pub(crate) struct Vms {
    vms: Vec<Option<Box<Vm>>>,
    entered: usize,
}

impl Vms {
    /// The number that the next VM gets.
    pub(crate) fn next(&self) -> usize {
        self.vms.len()
    }

    pub(crate) fn add(&mut self, vm: Vm) {
        self.vms.push(Some(Box::new(vm)));
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Vm> {
        self.vms.get(number)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Vm> {
        self.vms.get_mut(number)?.as_deref_mut()
    }

    /// Takes a VM out while it is entered.
    pub(crate) fn take(&mut self, number: usize) -> Option<Box<Vm>> {
        let vm = self.vms.get_mut(number)?.take()?;
        self.entered += 1;
        Some(vm)
    }

    /// Puts it back.
    pub(crate) fn put(&mut self, number: usize, vm: Box<Vm>) {
        self.entered -= 1;
        if let Some(place) = self.vms.get_mut(number) {
            *place = Some(vm);
        }
    }

    /// How many are entered.
    pub(crate) fn entered(&self) -> usize {
        self.entered
    }

    pub(crate) fn drop(&mut self, number: usize) {
        if let Some(vm) = self.vms.get_mut(number) {
            *vm = None;
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Vm> {
        self.vms.iter_mut().filter_map(Option::as_deref_mut)
    }
}
