//! What filters keep outside their memory: shared data, queues and metrics (rules Q2 to Q4).

pub(crate) mod metrics;
pub(crate) mod queues;
pub(crate) mod shared_data;
