//! The guest's memory as hostcalls use it: bounds-checked, and bytes handed over as the ABI wants (rule M1).

use wasmtime::{AsContext as _, AsContextMut as _, Caller, StoreContextMut};

use crate::abi::{HostcallResult, Status};
use crate::host::stream::Stream;
use crate::host::vm_state::VmState;

/// The module that made a hostcall.
pub(crate) struct Guest<'a> {
    caller: Caller<'a, VmState>,
}

/// A region of guest memory, as pointer and length arrive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region(pub(crate) u32, pub(crate) u32);

/// Where a hostcall that returns bytes stores their pointer and their size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutBytes(pub(crate) u32, pub(crate) u32);

// === impl Guest ===

impl<'a> Guest<'a> {
    pub(crate) fn new(caller: Caller<'a, VmState>) -> Self {
        Self { caller }
    }

    pub(crate) fn state(&self) -> &VmState {
        self.caller.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.caller.data_mut()
    }

    /// The VM itself.
    pub(super) fn store(&mut self) -> StoreContextMut<'_, VmState> {
        self.caller.as_context_mut()
    }

    /// The stream that hostcalls act on and the filter's place in it, or `status`.
    pub(crate) fn stream_mut(&mut self, status: Status) -> Result<(&mut Stream, usize), Status> {
        self.state_mut().stream_mut().ok_or(status)
    }

    pub(crate) fn read(&self, region: Region) -> Result<Vec<u8>, Status> {
        self.slice(region).map(<[u8]>::to_vec)
    }

    pub(crate) fn read_text(&self, region: Region) -> Result<String, Status> {
        self.slice(region)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(crate) fn read_u32(&self, pointer: u32) -> Result<u32, Status> {
        let bytes = self.slice(Region(pointer, 4))?;
        bytes
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| Status::INVALID_MEMORY_ACCESS)
    }

    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> HostcallResult {
        let memory = self
            .caller
            .data()
            .memory
            .ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let written = memory.write(self.caller.as_context_mut(), pointer as usize, bytes);
        written.map_err(|_| Status::INVALID_MEMORY_ACCESS)
    }

    pub(crate) fn write_u32(&mut self, pointer: u32, value: u32) -> HostcallResult {
        self.write(pointer, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, pointer: u32, value: u64) -> HostcallResult {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Hands bytes to the guest: allocated by its own `malloc`, which owns them from then on. Nothing is allocated
    /// for no bytes (rule M1).
    pub(crate) fn return_bytes(&mut self, out: OutBytes, bytes: &[u8]) -> HostcallResult {
        if bytes.is_empty() {
            self.write_u32(out.0, 0)?;
            return self.write_u32(out.1, 0);
        }
        self.return_allocated(out, bytes)
    }

    /// The same, but allocates for no bytes too, as foreign functions do.
    pub(crate) fn return_allocated(&mut self, out: OutBytes, bytes: &[u8]) -> HostcallResult {
        let pointer = self.place(bytes)?;
        let size = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        self.write_u32(out.0, pointer)?;
        self.write_u32(out.1, size)
    }

    fn place(&mut self, bytes: &[u8]) -> Result<u32, Status> {
        let size = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        let malloc = self
            .caller
            .data()
            .malloc
            .clone()
            .ok_or(Status::INVALID_MEMORY_ACCESS)?;
        self.caller.data_mut().allocating = true;
        let allocated = malloc.call(self.caller.as_context_mut(), size);
        self.caller.data_mut().allocating = false;
        let Ok(pointer) = allocated else {
            // The callback goes on with a status, but not the VM after it (rule M1).
            self.caller.data_mut().malloc_trapped = true;
            return Err(Status::INVALID_MEMORY_ACCESS);
        };
        if pointer == 0 {
            return Err(Status::INVALID_MEMORY_ACCESS);
        }
        self.write(pointer, bytes)?;
        Ok(pointer)
    }

    /// The bytes themselves, for as long as nothing is changed.
    pub(super) fn slice(&self, Region(pointer, len): Region) -> Result<&[u8], Status> {
        let memory = self
            .caller
            .data()
            .memory
            .ok_or(Status::INVALID_MEMORY_ACCESS)?;
        let start = pointer as usize;
        let end = start
            .checked_add(len as usize)
            .ok_or(Status::INVALID_MEMORY_ACCESS)?;
        memory
            .data(self.caller.as_context())
            .get(start..end)
            .ok_or(Status::INVALID_MEMORY_ACCESS)
    }
}
