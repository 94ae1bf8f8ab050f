//! Everything on disk: the journal is the truth, sled the index and the queue.
