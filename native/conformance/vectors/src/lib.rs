//! Nothing of its own: the comparison lives in `tests/`.
