//! The reader of answers: every split gives the same, and nothing makes it panic or grow.

use proptest::prelude::*;

use crate::relay::{Found, Head, Reader, RelayError};

#[derive(Debug, PartialEq)]
struct Read {
    head: Option<Head>,
    body: Vec<u8>,
    whole: bool,
    error: bool,
}

/// Reads pieces that end at `cuts`, then the connection closes properly.
fn read(method: &str, bytes: &[u8], cuts: &[usize]) -> Read {
    let mut reader = Reader::new(method);
    let mut out = Read {
        head: None,
        body: Vec::new(),
        whole: false,
        error: false,
    };
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    for end in ends {
        let mut piece = &bytes[start..end];
        start = end;
        loop {
            match reader.read(piece) {
                Err(_) => {
                    out.error = true;
                    return out;
                }
                Ok((used, found)) => {
                    piece = &piece[used..];
                    match found {
                        Found::Head(head) => {
                            assert!(out.head.replace(head).is_none(), "one head");
                        }
                        Found::Body(body) => {
                            assert!(!body.is_empty());
                            out.body.extend_from_slice(body);
                        }
                        Found::Nothing if used > 0 => {}
                        Found::Nothing => break,
                        Found::End => {
                            out.whole = true;
                            return out;
                        }
                    }
                }
            }
        }
    }
    match reader.close(true) {
        Ok(()) => out.whole = true,
        Err(error) => assert_eq!(error, RelayError::CutOff),
    }
    out
}

fn whole(method: &str, bytes: &str) -> Read {
    read(method, bytes.as_bytes(), &[])
}

#[test]
fn the_end_of_an_answer_is_where_rfc_9112_says() {
    for (method, answer, body) in [
        (
            "GET",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiX",
            "hi",
        ),
        ("GET", "HTTP/1.1 200 OK\ncontent-length: 2\n\nhi", "hi"),
        (
            "GET",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
            "hi",
        ),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", ""),
        ("GET", "HTTP/1.1 304 Same\r\ncontent-length: 9\r\n\r\n", ""),
        (
            "GET",
            "HTTP/1.1 204 No\r\ntransfer-encoding: chunked\r\n\r\n",
            "",
        ),
        ("GET", "HTTP/1.1 200\r\n\r\nuntil close", "until close"),
        ("GET", "HTTP/1.0 200 OK\r\n\r\nuntil close", "until close"),
        (
            "GET",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n\
             HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
            "x",
        ),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
             4\r\nWiki\r\nB;name=v\r\npedia in 5 c\r\n0\r\nx-trailer: 1\r\n\r\n",
            "",
        ),
    ] {
        let read = whole(method, answer);
        if answer.contains("Wiki") {
            // The second chunk is longer than it says.
            assert!(read.error, "{answer}");
            let mended = whole(method, &answer.replace("pedia in 5 c", "pedia in 5 "));
            assert_eq!(
                (mended.body, mended.whole),
                (b"Wikipedia in 5 ".to_vec(), true)
            );
            continue;
        }
        assert_eq!(String::from_utf8_lossy(&read.body), body, "{answer}");
        assert!(read.whole && read.head.is_some(), "{answer}");
    }
}

#[test]
fn what_two_readers_could_read_in_two_ways_is_refused() {
    for headers in [
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2, 2\r\n",
        "content-length: +2\r\n",
        "content-length: 0x2\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999\r\n",
        "content-length: 2\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "no colon\r\n",
        "folded: a\r\n b\r\n",
        "sp ace: 1\r\n",
    ] {
        let read = whole("GET", &format!("HTTP/1.1 200 OK\r\n{headers}\r\nhi"));
        assert!(read.error, "{headers}");
    }
    for answer in [
        "HTTP/1.1 101 Switch\r\nupgrade: x\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\r\n\r\n\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        assert!(whole("GET", answer).error, "{answer}");
    }
    for chunks in [
        "g\r\n",
        "-1\r\n",
        " 1\r\n",
        "1\n1\r\n",
        "\r\n",
        ";x\r\n",
        "0x1\r\na\r\n",
        "11111111111111111\r\n",
        "1\r\nab\r\n",
        "1\r\na\n",
    ] {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(whole("GET", &format!("{head}{chunks}")).error, "{chunks:?}");
    }
}

#[test]
fn nothing_a_server_sends_makes_the_reader_grow() {
    let endless = [
        ("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        ("HTTP/1.1 200 OK\r\nx: ", "y"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
            "x",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            "x: y\r\n",
        ),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    for (begin, again) in endless {
        let answer = begin.to_owned() + &again.repeat(70_000 / again.len() + 20);
        assert!(whole("GET", &answer).error, "{begin}");
        assert!(
            read("GET", answer.as_bytes(), &[7, 100, 1000]).error,
            "{begin}"
        );
    }
}

/// Something like an answer: parts that readers care about, in any order.
fn like_an_answer() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n",
        "HTTP/1.0 404 No\r\n",
        "content-length: 5\r\n",
        "transfer-encoding: chunked\r\n",
        "connection: close\r\n",
        "x: y\r\n",
        "\r\n",
        "\n",
        "\r",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "a;b=c\r\n0123456789\r\n",
        "hello",
        "\u{0}",
    ]);
    prop::collection::vec(parts, 0..12).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn every_split_of_an_answer_reads_the_same(
        bytes in like_an_answer(),
        cuts in prop::collection::vec(any::<usize>(), 0..24),
        head in any::<bool>(),
    ) {
        let method = if head { "HEAD" } else { "GET" };
        prop_assert_eq!(read(method, &bytes, &[]), read(method, &bytes, &cuts));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut after = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        after.extend_from_slice(&bytes);
        for bytes in [bytes, after] {
            prop_assert_eq!(read("GET", &bytes, &[]), read("GET", &bytes, &cuts));
        }
    }
}
