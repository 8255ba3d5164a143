use http_body_util::{BodyExt as _, Empty};

use super::*;

async fn get(address: SocketAddr, path: &str) -> (http::StatusCode, serde_json::Value) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", "h")
        .header("a", "1")
        .header("a", "2");
    let response = sender
        .send_request(request.body(Empty::<Bytes>::new()).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_recording_keeps_repeats_and_echoes_by_default() {
    let recording = Arc::new(Recording::default());
    let upstream = Upstream::start("v1", ([127, 0, 0, 1], 0).into(), recording.responder())
        .await
        .unwrap();
    let (status, echo) = get(upstream.address(), "/x?y=1").await;
    assert_eq!(status, 200);
    assert_eq!(
        echo,
        serde_json::json!({"cluster": "v1", "method": "GET", "path": "/x?y=1"})
    );
    let received = recording.take();
    assert_eq!(
        received[0].headers,
        [
            ("a".to_owned(), b"1".to_vec()),
            ("a".to_owned(), b"2".to_vec())
        ]
    );
    assert_eq!(received[0].authority, b"h");
}

#[tokio::test]
async fn a_demo_says_where_the_request_went() {
    let upstream = Upstream::start(
        "v2",
        ([127, 0, 0, 1], 0).into(),
        demo("reviews", Some("v2")),
    )
    .await
    .unwrap();
    let (_, answer) = get(upstream.address(), "/").await;
    let headers = serde_json::json!({"host": "h", "a": "1, 2"});
    let expected = serde_json::json!({"host": "reviews", "subset": "v2", "method": "GET", "path": "/", "headers": headers});
    assert_eq!(answer, expected);
}
