//! Waiting for what happens beside the request that asked for it.

use std::time::Duration;

/// Waits until `holds`, for twenty seconds at most: a busy machine is slow, and not wrong.
pub async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came about");
}
