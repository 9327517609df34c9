//! Bytes on a connection, for what no well-behaved client does.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::house::DEADLINE;

/// A WebSocket whose client side writes its own frames.
pub(crate) struct RawSocket {
    pub(crate) stream: TcpStream,
}

impl RawSocket {
    pub(crate) async fn open(address: SocketAddr, query: &str) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), query).await
    }

    /// A client for whom its kernel keeps little.
    pub(crate) async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(address).await.unwrap(), "").await
    }

    /// Makes a connection a WebSocket.
    pub(crate) async fn over(mut stream: TcpStream, query: &str) -> Self {
        let address = stream.peer_addr().unwrap();
        let request = format!(
            "GET /ws{query} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream }
    }

    /// Sends a frame of an opcode (with its FIN bit) that claims a length, masked with zeros.
    pub(crate) async fn send(&mut self, first: u8, length: u64, payload: &[u8]) {
        let mut frame = vec![first];
        match length {
            0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
            126..=0xFFFF => {
                frame.push(0x80 | 0x7E);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 0x7F);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        // The server may have closed already: what it said is still to be read.
        let _ = self.stream.write_all(&frame).await;
    }

    /// Reads until the connection's end, which must be a FIN; returns the text messages and the close code.
    pub(crate) async fn end(&mut self) -> (Vec<String>, Option<u16>) {
        let mut bytes = Vec::new();
        timeout(DEADLINE, self.stream.read_to_end(&mut bytes))
            .await
            .expect("an end in time")
            .expect("a FIN, no RST");
        let (mut texts, mut code, mut rest) = (Vec::new(), None, bytes.as_slice());
        while let [first, second, behind @ ..] = rest {
            let (length, behind) = match second & 0x7F {
                126 => (usize::from(u16::from_be_bytes([behind[0], behind[1]])), &behind[2..]),
                127 => {
                    let (length, behind) = behind.split_at(8);
                    (usize::try_from(u64::from_be_bytes(length.try_into().unwrap())).unwrap(), behind)
                }
                length => (usize::from(length), behind),
            };
            let (payload, behind) = behind.split_at(length);
            match first & 0x0F {
                1 => texts.push(String::from_utf8(payload.to_vec()).unwrap()),
                8 => code = Some(u16::from_be_bytes([payload[0], payload[1]])),
                _ => {}
            }
            rest = behind;
        }
        (texts, code)
    }
}

/// A plain HTTP request with headers; returns status and body.
pub(crate) async fn request(address: SocketAddr, path: &str, headers: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("an answer in time").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_lowercase(), body.to_owned())
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let (status, _, body) = request(address, path, "").await;
    (status, body)
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(DEADLINE, stream.read_u8()).await.expect("a head in time").unwrap());
    }
    String::from_utf8(head).unwrap()
}
