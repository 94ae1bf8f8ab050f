//! The composition root: opens the store, lists the countries, wires agent, pos, keys and the simulator.
