//! Tests that see everything. The tests themselves are in `tests/`, scenarios in `scenarios/`.
