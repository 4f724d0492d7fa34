//! Whether a server answers: a connection, and a 200.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);

fn connect(port: u16) -> Option<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE).ok()
}

pub(super) fn is_taken(port: u16) -> bool {
    connect(port).is_some()
}

pub(super) fn answers(port: u16, path: &str) -> bool {
    let Some(mut stream) = connect(port) else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut status = [0; 12];
    let asked = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(request.as_bytes()))
        .and_then(|()| stream.read_exact(&mut status));
    asked.is_ok() && status.starts_with(b"HTTP/1.") && status.ends_with(b" 200")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answer(line: &'static str) -> bool {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 512]).unwrap();
            stream.write_all(line.as_bytes()).unwrap();
        });
        let answered = answers(port, "/");
        server.join().unwrap();
        answered
    }

    #[test]
    fn only_a_200_is_an_answer() {
        assert!(answer("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!answer("HTTP/1.1 503 Unavailable\r\n\r\n"));
        assert!(!answer("+OK redis 200\r\n"));
    }
}
