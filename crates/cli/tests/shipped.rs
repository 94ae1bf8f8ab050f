//! The binary that a shop gets has none of the places to die at that the harness of faults builds in.

#[test]
fn a_build_that_is_not_the_harness_s_has_no_trace_of_a_place_to_die_at() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_timbre")).expect("the binary of this test");
    for trace in ["TIMBRE_CRASH", "TIMBRE_SEGMENT_BYTES", "append-unsynced", "verdict-unwritten"] {
        let found = binary.windows(trace.len()).any(|part| part == trace.as_bytes());
        assert!(!found, "{trace} is in it");
    }
}
