//! The numbers that callbacks take and return, as a list.

/// Parameters or results of a callback.
pub(crate) trait Words {
    fn words(&self) -> Vec<u32>;
}

impl Words for () {
    fn words(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Words for u32 {
    fn words(&self) -> Vec<u32> {
        vec![*self]
    }
}

impl Words for (u32, u32) {
    fn words(&self) -> Vec<u32> {
        vec![self.0, self.1]
    }
}

impl Words for (u32, u32, u32) {
    fn words(&self) -> Vec<u32> {
        vec![self.0, self.1, self.2]
    }
}

impl Words for (u32, u32, u32, u32, u32) {
    fn words(&self) -> Vec<u32> {
        vec![self.0, self.1, self.2, self.3, self.4]
    }
}
