//! How much the caller has not taken yet: bytes that wait in a browser's memory are not seen from
//! here, so the caller says what it took.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// More than this is never on its way.
pub const WINDOW: u64 = 1024 * 1024;

/// The text frame is not an acknowledgement, or acknowledges what was never sent.
#[derive(Debug, PartialEq, Eq)]
pub struct BadAck;

/// Counts what was sent and what was taken.
#[derive(Default)]
pub struct Window {
    sent: AtomicU64,
    taken: AtomicU64,
    more: Notify,
}

impl Window {
    /// Waits until something may be sent; gives how much.
    pub async fn room(&self) -> u64 {
        loop {
            let taken = self.more.notified();
            let on_its_way = self.sent.load(Ordering::Acquire) - self.taken.load(Ordering::Acquire);
            match WINDOW.saturating_sub(on_its_way) {
                0 => taken.await,
                room => return room,
            }
        }
    }

    /// So many bytes go out now.
    pub fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Reads `ack <total>`. `true`: something new was taken.
    pub fn ack(&self, text: &str) -> Result<bool, BadAck> {
        let digits = text.strip_prefix("ack ").ok_or(BadAck)?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        let total: u64 = match plain {
            true => digits.parse().map_err(|_| BadAck)?,
            false => return Err(BadAck),
        };
        let before = self.taken.load(Ordering::Acquire);
        if total < before || total > self.sent.load(Ordering::Acquire) {
            return Err(BadAck);
        }
        self.taken.store(total, Ordering::Release);
        self.more.notify_one();
        Ok(total > before)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn no_more_than_the_window_is_on_its_way() {
        let window = Window::default();
        assert_eq!(window.room().now_or_never(), Some(WINDOW));
        window.sent(WINDOW - 1);
        assert_eq!(window.room().now_or_never(), Some(1));
        window.sent(1);
        let mut waiting = Box::pin(window.room());
        assert_eq!((&mut waiting).now_or_never(), None);
        assert_eq!(window.ack("ack 0"), Ok(false));
        assert_eq!((&mut waiting).now_or_never(), None);
        assert_eq!(window.ack("ack 1000"), Ok(true));
        assert_eq!(waiting.now_or_never(), Some(1000));
    }

    #[test]
    fn acknowledgements_that_lie_or_are_none_are_refused() {
        let window = Window::default();
        window.sent(1000);
        assert_eq!(window.ack("ack 600"), Ok(true));
        assert_eq!(window.ack("ack 600"), Ok(false));
        for text in [
            "ack 1001",
            "ack 599",
            "ack 0",
            "ack 18446744073709551615",
            "ack 18446744073709551616",
            "ack 0700",
            "ack +700",
            "ack -1",
            "ack 700 ",
            "ack  700",
            "ack",
            "ack ",
            "ACK 700",
            "nack 700",
            "ack 7e2",
            "ack ７００",
            "",
        ] {
            assert_eq!(window.ack(text), Err(BadAck), "{text}");
        }
        assert_eq!(window.ack("ack 1000"), Ok(true));
    }
}
