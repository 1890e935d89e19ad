#![allow(clippy::unwrap_used)]

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::super::socket;
use super::*;
use crate::protocol::RawId;

const MIB: usize = 1 << 20;
const FRAME_BYTES_MAX: usize = 4 * MIB;
/// Leaves half of the largest frame for requests.
const OTHERS_BYTES: usize = 4 * MIB;
const BUDGET_BYTES: usize = 8 * MIB;

/// A reader, the client's end of its connection, and what everybody else holds.
struct Fixture {
    reader: Reader,
    client: UnixStream,
    budget: Budget,
    others: Held,
}

fn run(test: impl AsyncFnOnce(Fixture)) {
    run_with(None, test);
}

/// With a limit on how long a client may stall.
fn run_with(stall_max: Option<Duration>, test: impl AsyncFnOnce(Fixture)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (ours, client) = socket::pair();
        let budget = Budget::new(BUDGET_BYTES, FRAME_BYTES_MAX);
        let limits = ReadLimits {
            frame_bytes_max: FRAME_BYTES_MAX,
            stall_max,
        };
        let gate = Rc::new(Gate::default());
        test(Fixture {
            reader: Reader::new(Rc::new(ours), gate, limits, budget.clone(), Rc::default()),
            client,
            others: budget.hold(Share::Requests),
            budget,
        })
        .await;
    });
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap();
    [&len.to_be_bytes(), payload].concat()
}

/// A request whose frame has this length.
fn request(id: &str, len: usize) -> Vec<u8> {
    let start =
        format!(r#"{{"type":"request","id":"{id}","app_path":"app","action":"a","args":[""#);
    let end = r#""]}"#;
    let filling = "x".repeat(len - start.len() - end.len());
    framed([&start, filling.as_str(), end].concat().as_bytes())
}

impl Fixture {
    /// Sends bytes and reads until there is something to tell of.
    async fn exchange(&mut self, bytes: &[u8]) -> FromClient {
        let (sent, from_client) = tokio::join!(self.client.write_all(bytes), self.reader.next());
        sent.unwrap();
        from_client
    }

    /// Sends bytes that make no whole frame, and has them read.
    async fn feed(&mut self, bytes: &[u8]) {
        let read = self.budget.held_bytes() + bytes.len();
        let feeding = async {
            self.client.write_all(bytes).await.unwrap();
            while self.budget.held_bytes() < read {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = feeding => {}
            from_client = self.reader.next() => panic!("{from_client:?}"),
        }
    }
}

/// Lets the reader run until then.
async fn until(instant: Instant) {
    while Instant::now() < instant {
        tokio::task::yield_now().await;
    }
}

fn id(from_client: &FromClient) -> &str {
    match from_client {
        FromClient::Request(request) => request.id.as_str(),
        other => panic!("no request: {other:?}"),
    }
}

fn refused(from_client: FromClient) -> Refused {
    match from_client {
        FromClient::Refused(refused) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_frame_counts_as_it_arrives_and_until_it_is_dropped() {
    run(async |mut fixture| {
        for len in [150, 10_000, 2 * MIB] {
            let bytes = request("x", len);
            let (begin, end) = bytes.split_at(len / 2);
            fixture.feed(begin).await;
            assert_eq!(fixture.budget.held_bytes(), begin.len());
            let request = fixture.exchange(end).await;
            assert_eq!(id(&request), r#""x""#);
            assert_eq!(fixture.budget.held_bytes(), len);
            drop(request);
            assert_eq!(fixture.budget.held_bytes(), 0);
        }
    });
}

#[test]
fn an_announcement_counts_as_what_it_is() {
    run(async |mut fixture| {
        let announcement = u32::try_from(FRAME_BYTES_MAX).unwrap().to_be_bytes();
        fixture.feed(&announcement).await;
        assert_eq!(fixture.budget.held_bytes(), announcement.len());
        drop(fixture.reader);
        assert_eq!(fixture.budget.held_bytes(), 0);
    });
}

#[test]
fn a_small_frame_does_not_keep_the_buffer_that_it_came_in() {
    run(async |mut fixture| {
        let bytes = [request("a", 200), request("b", 200)].concat();
        let first = fixture.exchange(&bytes).await;
        let second = fixture.reader.next().await;
        let (FromClient::Request(first), FromClient::Request(second)) = (first, second) else {
            panic!("two requests");
        };
        let distance = first
            .frame
            .as_ptr()
            .addr()
            .abs_diff(second.frame.as_ptr().addr());
        assert_ne!(distance, 204, "both lie in the buffer");
    });
}

#[test]
fn a_long_frame_is_refused_as_soon_as_it_finds_no_room_and_the_next_ones_are_in_step() {
    run(async |mut fixture| {
        fixture.others.set(OTHERS_BYTES);
        let bytes = request("long", 3 * MIB);
        let refusal = refused(fixture.exchange(&bytes[..2 * MIB + READ_BYTES_MAX]).await);
        assert_eq!(refusal.id.as_str(), r#""long""#);
        assert_eq!(refusal.app.as_deref(), Some("app"));
        assert_eq!(refusal.multiplex, None);
        assert_eq!(refusal.error.details["retryable"], true);
        assert_eq!(fixture.budget.held_bytes(), OTHERS_BYTES, "it is given up");
        let rest = [&bytes[2 * MIB + READ_BYTES_MAX..], &request("next", 300)].concat();
        let next = fixture.exchange(&rest).await;
        assert_eq!(id(&next), r#""next""#);
        fixture.others.set(0);
        let again = fixture.exchange(&bytes).await;
        assert_eq!(id(&again), r#""long""#, "later there is room for it");
    });
}

#[test]
fn nothing_is_held_of_what_arrives_of_a_refused_frame() {
    run(async |mut fixture| {
        fixture.others.set(7 * MIB);
        let bytes = request("long", 4 * MIB);
        let refusal = fixture.exchange(&bytes[..PREFIX_BYTES + 4]).await;
        assert_eq!(refused(refusal).id.as_str(), r#""long""#);
        let mut most = 0;
        let rest = [
            &bytes[PREFIX_BYTES + 4..],
            &framed(br#"{"type":"status","id":1}"#),
        ]
        .concat();
        let (mut client, budget) = (fixture.client, fixture.budget);
        let sending = async {
            for piece in rest.chunks(10_000) {
                client.write_all(piece).await.unwrap();
                most = most.max(budget.held_bytes() - 7 * MIB);
            }
        };
        let ((), next) = tokio::join!(sending, fixture.reader.next());
        assert!(matches!(next, FromClient::Status(..)), "{next:?}");
        assert!(most <= DISCARDED_BYTES_MAX, "{most} bytes");
    });
}

#[test]
fn where_the_host_is_full_small_requests_are_refused_and_other_messages_pass() {
    run(async |mut fixture| {
        fixture.others.set(7 * MIB);
        let bytes = framed(
            br#"{"type":"request","id":7,"app_path":"b","action":"a","args":[],"multiplex":true}"#,
        );
        let refusal = refused(fixture.exchange(&bytes).await);
        assert_eq!(refusal.id.as_str(), "7");
        assert_eq!(refusal.app.as_deref(), Some("b"));
        assert_eq!(refusal.multiplex, Some(true));
        drop(refusal);
        let cancel = fixture
            .exchange(&framed(br#"{"type":"cancel","id":7}"#))
            .await;
        assert!(matches!(cancel, FromClient::Cancel(_)), "{cancel:?}");
        let status = fixture.exchange(&framed(br#"{"type":"status"}"#)).await;
        assert!(matches!(status, FromClient::Status(..)), "{status:?}");
        drop((cancel, status));
        assert_eq!(fixture.budget.held_bytes(), 7 * MIB);
    });
}

#[test]
fn a_refused_frame_in_an_unusual_order_is_answered_under_no_id() {
    run(async |mut fixture| {
        fixture.others.set(7 * MIB);
        let filling = "x".repeat(MIB);
        let payload = format!(r#"{{"type":"request","args":["{filling}"],"id":"late"}}"#);
        let bytes = framed(payload.as_bytes());
        let refusal = refused(fixture.exchange(&bytes[..10_000]).await);
        assert_eq!((&refusal.id, &refusal.app), (&RawId::null(), &None));
    });
}

#[test]
fn a_client_that_stops_within_a_long_frame_is_given_up() {
    let limit = Duration::from_millis(100);
    run_with(Some(limit), async |mut fixture| {
        let start = Instant::now();
        let stalled = fixture
            .exchange(&request("x", MIB)[..IDLE_BYTES_MAX * 2])
            .await;
        assert!(matches!(stalled, FromClient::Stalled(_)), "{stalled:?}");
        assert!(start.elapsed() >= limit);
    });
}

#[test]
fn a_client_that_trickles_within_a_long_frame_is_given_up() {
    let limit = Duration::from_millis(100);
    run_with(Some(limit), async |fixture| {
        let Fixture {
            mut reader,
            mut client,
            ..
        } = fixture;
        let bytes = request("x", MIB);
        let trickling = async {
            client
                .write_all(&bytes[..IDLE_BYTES_MAX + 1])
                .await
                .unwrap();
            for byte in &bytes[IDLE_BYTES_MAX + 1..] {
                until(Instant::now() + limit / 10).await;
                client.write_all(std::slice::from_ref(byte)).await.unwrap();
            }
        };
        tokio::select! {
            () = trickling => panic!("it may trickle on"),
            stalled = reader.next() => {
                assert!(matches!(stalled, FromClient::Stalled(_)), "{stalled:?}");
            }
        }
    });
}

#[test]
fn a_client_that_waits_within_a_short_frame_or_after_a_long_one_may_wait() {
    let limit = Duration::from_millis(50);
    run_with(Some(limit), async |fixture| {
        let Fixture {
            mut reader,
            mut client,
            ..
        } = fixture;
        let bytes = [request("long", MIB), request("short", IDLE_BYTES_MAX)].concat();
        let (begin, end) = bytes.split_at(MIB + IDLE_BYTES_MAX - 10);
        let sending = async {
            client.write_all(begin).await.unwrap();
            until(Instant::now() + limit * 3).await;
            client.write_all(end).await.unwrap();
        };
        let reading = async { [reader.next().await, reader.next().await] };
        let ((), requests) = tokio::join!(sending, reading);
        assert_eq!(requests.each_ref().map(id), [r#""long""#, r#""short""#]);
    });
}

#[test]
fn a_client_that_pumps_frames_lets_others_run() {
    run(async |mut fixture| {
        let bytes = request("x", 200).repeat(500);
        fixture.client.write_all(&bytes).await.unwrap();
        let turns = std::cell::Cell::new(0);
        let pumping = async {
            for _ in 0..500 {
                fixture.reader.next().await;
            }
        };
        let others = async {
            loop {
                turns.set(turns.get() + 1);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = others => {}
            () = pumping => {}
        }
        assert!(turns.get() >= 10, "{} turns", turns.get());
    });
}
