//! An SII that does as it is told: it believes every upload, and answers each kind of request as the test has
//! written down. Strictness is the simulator's business; this one is for answers and broken lines that no sound
//! service gives.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    Seed,
    Token,
    Upload,
    /// How an upload is doing.
    Parcel,
    /// Is this document there?
    Document,
    /// Is it this very one, by its signature?
    Exact,
}

/// What comes of it. Whatever is not told is answered as a healthy SII would.
#[derive(Debug, Clone)]
pub enum Act {
    /// These bytes as the whole body of an answer; nothing is stored.
    Say { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// The same, but what was sent is kept.
    Keep { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// What was sent is kept, and the connection is reset without an answer.
    KeepAndReset,
    /// The connection is reset once the request was read; nothing is kept.
    Reset,
    /// The connection is reset before the request was read.
    ResetEarly,
    /// A healthy answer of which the last bytes never come: its length is promised, then the line is cut.
    Cut,
    /// A healthy answer of which the last bytes never come, and nobody promised more.
    CutShort,
    /// The answer never ends, though its length was promised.
    Endless,
    /// The answer never ends, and nobody said how long it would be.
    EndlessUnsaid,
    /// What was sent is kept; then the sending half of the line is closed without a word.
    KeepAndHush,
    /// A healthy answer, a byte at a time with such a pause after each.
    Drip(Duration),
}

impl Act {
    pub fn say(status: u16, body: &str) -> Act {
        Act::Say { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub fn say_with(status: u16, name: &'static str, value: &str, body: &str) -> Act {
        Act::Say { status, headers: vec![(name, value.to_owned())], body: body.as_bytes().to_vec() }
    }

    pub fn keep(status: u16, body: &str) -> Act {
        Act::Keep { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }
}

#[derive(Default)]
struct Book {
    acts: HashMap<Asked, VecDeque<Act>>,
    always: HashMap<Asked, Act>,
    /// Everything that was asked, in order.
    asked: Vec<Asked>,
    /// The same, as it came over the line: head and body, for those that were read to the end.
    wire: Vec<(Asked, Vec<u8>)>,
    /// The file of each upload, in order, kept or not.
    files: Vec<Vec<u8>>,
    /// Indices of `files` that were kept, by track.
    tracks: HashMap<String, usize>,
    /// `<TipoDTE>-<Folio>` of every document kept.
    held: Vec<String>,
    tokens: u32,
}

/// The scripted SII of one test.
pub struct Scripted {
    book: Arc<Mutex<Book>>,
    port: u16,
    lines: JoinSet<()>,
}

/// Three ports in a row, as the three hosts, that are held and answer nobody: another test that took them while this
/// one's line is dead would be told what is not its own.
pub struct Dead([TcpSocket; 3], u16);

impl Dead {
    pub fn base(&self) -> String {
        base(self.1)
    }

    /// From now on somebody listens.
    pub fn listen(self) -> Scripted {
        let book = Arc::new(Mutex::new(Book::default()));
        let mut lines = JoinSet::new();
        for socket in self.0 {
            let listener = socket.listen(1_024).expect("the port is held");
            lines.spawn(accept(listener, Arc::clone(&book)));
        }
        Scripted { book, port: self.1, lines }
    }
}

impl Scripted {
    /// Nobody listens yet.
    pub fn dead() -> Dead {
        // Not to be shared, as a listener's would be until it listens.
        let hold = |port| -> io::Result<TcpSocket> {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
            Ok(socket)
        };
        let free = (0..2_000u16).find_map(|row| {
            let port = 30_000 + (std::process::id() as u16 % 500 + row.wrapping_mul(7)) % 2_500;
            Some(Dead([hold(port).ok()?, hold(port + 1).ok()?, hold(port + 2).ok()?], port))
        });
        free.expect("three free ports in a row")
    }

    pub async fn start() -> Scripted {
        Scripted::dead().listen()
    }

    pub fn base(&self) -> String {
        base(self.port)
    }

    /// The next requests of this kind end so, one after the other; then health returns.
    pub fn next(&self, asked: Asked, acts: impl IntoIterator<Item = Act>) {
        self.book().acts.entry(asked).or_default().extend(acts);
    }

    /// Every request of this kind ends so, until [`Scripted::heal`].
    pub fn always(&self, asked: Asked, act: Act) {
        self.book().always.insert(asked, act);
    }

    pub fn heal(&self, asked: Asked) {
        self.book().always.remove(&asked);
    }

    pub fn asked(&self, what: Asked) -> usize {
        self.book().asked.iter().filter(|asked| **asked == what).count()
    }

    /// The requests of this kind to the byte, in order.
    pub fn wire(&self, what: Asked) -> Vec<Vec<u8>> {
        self.book().wire.iter().filter(|(asked, _)| *asked == what).map(|(_, bytes)| bytes.clone()).collect()
    }

    /// SHA-256 of each upload's file, in order.
    pub fn files(&self) -> Vec<[u8; 32]> {
        self.book().files.iter().map(|file| Sha256::digest(file).into()).collect()
    }

    /// How often each document was kept.
    pub fn held(&self, document: &str) -> usize {
        self.book().held.iter().filter(|held| *held == document).count()
    }

    /// The line is cut: nobody listens any more.
    pub async fn stop(mut self) {
        self.lines.shutdown().await;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn base(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, book: Arc<Mutex<Book>>) {
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let book = Arc::clone(&book);
                talks.spawn(async move {
                    // Whoever hangs up in the middle is the client of a test that wants just that.
                    let _ = talk(stream, &book).await;
                });
            }
            Some(_) = talks.join_next() => {}
        }
    }
}

struct Request {
    path: String,
    body: Vec<u8>,
}

async fn talk(mut stream: TcpStream, book: &Mutex<Book>) -> io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    let asked = asked(&path, text.starts_with("POST"));
    let act = {
        let mut book = lock(book);
        book.asked.push(asked);
        let next = book.acts.get_mut(&asked).and_then(VecDeque::pop_front);
        next.or_else(|| book.always.get(&asked).cloned())
    };
    if matches!(act, Some(Act::ResetEarly)) {
        return stream.set_zero_linger();
    }
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = bytes.split_off(head + 4);
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(());
        }
    }
    lock(book).wire.push((asked, [bytes, body.clone()].concat()));
    let request = Request { path, body };
    answer(&mut stream, book, asked, &request, act).await
}

/// Which of the SII's services a path is.
fn asked(path: &str, post: bool) -> Asked {
    let rest = path.strip_prefix("/recursos/v1/boleta.electronica");
    match (path, rest, post) {
        ("/DTEWS/CrSeed.jws", ..) | (_, Some(".semilla"), _) => Asked::Seed,
        ("/DTEWS/GetTokenFromSeed.jws", ..) | (_, Some(".token"), _) => Asked::Token,
        ("/cgi_dte/UPL/DTEUpload", ..) | (_, Some(".envio"), true) => Asked::Upload,
        ("/DTEWS/QueryEstUp.jws", ..) => Asked::Parcel,
        ("/DTEWS/services/QueryEstDteAv", ..) => Asked::Exact,
        (_, Some(rest), _) if rest.starts_with(".envio/") => Asked::Parcel,
        _ => Asked::Document,
    }
}

async fn answer(
    stream: &mut TcpStream,
    book: &Mutex<Book>,
    asked: Asked,
    request: &Request,
    act: Option<Act>,
) -> io::Result<()> {
    let soap = request.path.starts_with("/DTEWS/") || request.path.starts_with("/cgi_dte/");
    if asked == Asked::Upload {
        lock(book).files.push(file_of(&request.body));
    }
    let keeps = matches!(
        act,
        None | Some(
            Act::Keep { .. }
                | Act::KeepAndReset
                | Act::KeepAndHush
                | Act::Cut
                | Act::CutShort
                | Act::Endless
                | Act::EndlessUnsaid
                | Act::Drip(_)
        )
    );
    let healthy = if keeps { healthy(book, asked, request, soap) } else { Vec::new() };
    match act {
        None => write(stream, 200, &[], &healthy).await,
        Some(Act::Say { status, headers, body } | Act::Keep { status, headers, body }) => {
            write(stream, status, &headers, &body).await
        }
        Some(Act::Reset | Act::ResetEarly | Act::KeepAndReset) => stream.set_zero_linger(),
        Some(Act::Cut) => {
            stream.write_all(&head(200, &[], healthy.len())).await?;
            stream.write_all(&healthy[..healthy.len() - 8]).await?;
            stream.flush().await
        }
        Some(Act::CutShort) => {
            let part = &healthy[..healthy.len() - 8];
            write(stream, 200, &[], part).await
        }
        Some(Act::KeepAndHush) => {
            stream.shutdown().await?;
            // Until the other side hangs up as well.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.map(drop)
        }
        Some(Act::Drip(pace)) => {
            for byte in [head(200, &[], healthy.len()), healthy].concat() {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(pace).await;
            }
            Ok(())
        }
        Some(endless @ (Act::Endless | Act::EndlessUnsaid)) => {
            match endless {
                Act::Endless => stream.write_all(&head(200, &[], usize::MAX >> 1)).await?,
                _ => stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n").await?,
            }
            let piece = vec![b' '; 1 << 16];
            loop {
                stream.write_all(&piece).await?;
            }
        }
    }
}

async fn write(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(&'static str, String)],
    body: &[u8],
) -> io::Result<()> {
    stream.write_all(&head(status, headers, body.len())).await?;
    stream.write_all(body).await?;
    stream.flush().await
}

fn head(status: u16, headers: &[(&'static str, String)], length: usize) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The part `archivo` of an upload's form.
fn file_of(body: &[u8]) -> Vec<u8> {
    let find = |mark: &[u8], from: usize| {
        body[from..].windows(mark.len()).position(|window| window == mark).map(|at| at + from)
    };
    let start = find(b"name=\"archivo\"", 0).and_then(|at| find(b"\r\n\r\n", at)).map(|at| at + 4);
    let Some(start) = start else { return Vec::new() };
    let end =
        body[start..].windows(4).rposition(|window| window == b"\r\n--").map_or(body.len(), |at| at + start);
    body[start..end].to_vec()
}

/// What a healthy SII says, and what it keeps.
fn healthy(book: &Mutex<Book>, asked: Asked, request: &Request, soap: bool) -> Vec<u8> {
    let mut book = lock(book);
    let text = match (asked, soap) {
        (Asked::Seed, _) => {
            respuesta("<SII:RESP_BODY><SEMILLA>030530912644</SEMILLA></SII:RESP_BODY>", "<ESTADO>00</ESTADO>")
        }
        (Asked::Token, _) => {
            book.tokens += 1;
            let token = format!("<SII:RESP_BODY><TOKEN>TOKEN{:08}</TOKEN></SII:RESP_BODY>", book.tokens);
            respuesta(&token, "<ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA>")
        }
        (Asked::Upload, soap) => {
            let at = book.files.len() - 1;
            let track = (900_000 + at).to_string();
            let held = documents(&book.files[at]);
            book.held.extend(held);
            book.tracks.insert(track.clone(), at);
            match soap {
                true => format!(
                    "<?xml version=\"1.0\"?>\n<RECEPCIONDTE>\n<STATUS>0</STATUS>\n<TRACKID>{track}</TRACKID>\n</RECEPCIONDTE>\n"
                ),
                false => format!("{{\"trackid\":{track},\"estado\":\"REC\"}}"),
            }
        }
        (Asked::Parcel, soap) => {
            let track = if soap { inside(&request.body, "TrackId") } else { after_last(&request.path, '-') };
            let kept = book.tracks.get(&track).map(|at| documents(&book.files[*at])).unwrap_or_default();
            processed(&track, &kept, soap)
        }
        (Asked::Document, true) => {
            let name = format!("{}-{}", inside(&request.body, "TipoDte"), inside(&request.body, "FolioDte"));
            match book.held.contains(&name) {
                true => respuesta("", "<ESTADO>DOK</ESTADO><ERR_CODE>0</ERR_CODE>"),
                false => respuesta("", "<ESTADO>FAU</ESTADO><ERR_CODE>3</ERR_CODE>"),
            }
        }
        (Asked::Document, false) => {
            let path = request.path.split("/estado").next().unwrap_or_default();
            let mut words = path.rsplit('-');
            let (folio, tipo) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let code = if book.held.contains(&format!("{tipo}-{folio}")) { "DOK" } else { "FAU" };
            format!("{{\"codigo\":\"{code}\",\"descripcion\":\"\"}}")
        }
        (Asked::Exact, _) => {
            respuesta("<SII:RESP_BODY><RECIBIDO>SI</RECIBIDO></SII:RESP_BODY>", "<SII:ESTADO>0</SII:ESTADO>")
        }
    };
    let wrapped = request.path.starts_with("/DTEWS/");
    if wrapped { soap_of(&text).into_bytes() } else { text.into_bytes() }
}

pub fn respuesta(body: &str, header: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\">{body}<SII:RESP_HDR>{header}</SII:RESP_HDR></SII:RESPUESTA>"
    )
}

/// An answer inside of Axis's envelope.
pub fn soap_of(inner: &str) -> String {
    let inner = inner.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><r><xReturn xsi:type=\"xsd:string\">{inner}</xReturn></r></soapenv:Body></soapenv:Envelope>"
    )
}

/// `EPR` with every document accepted.
fn processed(track: &str, kept: &[String], soap: bool) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for name in kept {
        let kind = name.split('-').next().unwrap_or_default();
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    if soap {
        let counts: String = kinds
            .iter()
            .map(|(kind, n)| {
                format!("<TIPO_DOCTO>{kind}</TIPO_DOCTO><INFORMADOS>{n}</INFORMADOS><ACEPTADOS>{n}</ACEPTADOS><RECHAZADOS>0</RECHAZADOS><REPAROS>0</REPAROS>")
            })
            .collect();
        let body = format!("<SII:RESP_BODY>{counts}</SII:RESP_BODY>");
        return respuesta(&body, &format!("<TRACKID>{track}</TRACKID><ESTADO>EPR</ESTADO>"));
    }
    let lines: Vec<String> = kinds
        .iter()
        .map(|(kind, n)| {
            format!("{{\"tipo\":{kind},\"informados\":{n},\"aceptados\":{n},\"rechazados\":0,\"reparos\":0}}")
        })
        .collect();
    format!(
        "{{\"trackid\":\"{track}\",\"estado\":\"EPR\",\"estadistica\":[{}],\"detalle_rep_rech\":[]}}",
        lines.join(",")
    )
}

/// `39-17` of every document in a file.
fn documents(file: &[u8]) -> Vec<String> {
    let text: String = file.iter().map(|byte| char::from(*byte)).collect();
    let documents = text.split("<IdDoc>").skip(1);
    documents.map(|part| format!("{}-{}", element(part, "TipoDTE"), element(part, "Folio"))).collect()
}

fn element(text: &str, name: &str) -> String {
    let rest = text.split(&format!("<{name}>")).nth(1).unwrap_or_default();
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// A SOAP parameter's text.
fn inside(body: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(body);
    let rest = text.split(&format!("<{name} ")).nth(1).unwrap_or_default();
    let rest = rest.split_once('>').map_or("", |(_, rest)| rest);
    rest.split('<').next().unwrap_or_default().to_owned()
}

fn after_last(text: &str, mark: char) -> String {
    text.rsplit(mark).next().unwrap_or_default().to_owned()
}
