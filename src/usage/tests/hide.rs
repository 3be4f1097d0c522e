use super::super::{Hider, Shown};

const COUNTS: &str = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}\n\n";
const WORD: &str = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n";

#[test]
fn whole_events_pass_at_once_and_untouched() {
    let mut hider = Hider::default();
    assert_eq!(hider.push(WORD.as_bytes()), Shown::Same);
    assert_eq!(hider.push(WORD.repeat(3).as_bytes()), Shown::Same);
    assert!(hider.holds_nothing());
}

#[test]
fn the_chunk_of_counts_is_left_out_and_nothing_else() {
    let mut hider = Hider::default();
    let both = format!("{WORD}{COUNTS}data: [DONE]\n\n");
    let expected = format!("{WORD}data: [DONE]\n\n");
    assert_eq!(
        hider.push(both.as_bytes()),
        Shown::Instead(expected.into_bytes())
    );
    assert_eq!(hider.push(COUNTS.as_bytes()), Shown::Instead(Vec::new()));
    assert!(hider.finish().is_empty());
}

#[test]
fn what_is_like_it_and_is_not_passes() {
    for event in [
        "data: {\"choices\":[],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"prompt_filter_results\":[{\"x\":1}]}\n\n",
        "data: {\"choices\":[{\"index\":0}],\"usage\":{\"total_tokens\":9}}\n\n",
        "data: {\"usage\":{\"total_tokens\":9}}\n\n",
        "data: \"choices\"\n\n",
    ] {
        assert_eq!(
            Hider::default().push(event.as_bytes()),
            Shown::Same,
            "{event}"
        );
    }
}

#[test]
fn an_endless_event_is_not_held() {
    let mut hider = Hider::default();
    let mut shown = 0;
    for _ in 0..100 {
        match hider.push(&[b'x'; 1024]) {
            Shown::Same => shown += 1024,
            Shown::Instead(out) => shown += out.len(),
        }
    }
    assert!(shown > 80 * 1024, "{shown}");
}
