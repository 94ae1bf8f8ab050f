//! Paper from a sale to a printer on a real socket, and what the panel says of it wherever that is cut.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};

use timbre_app::{Options, Running};
use timbre_tests::{boleta, options, sell, shop, until};

/// A printer that tells how it is, and hangs up after so many bytes of each paper: what it took, and what sets how
/// many it takes of the next one.
fn printer() -> (String, Sender<Option<usize>>, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (limit, limits) = channel::<Option<usize>>();
    let (took, taken) = channel();
    std::thread::spawn(move || {
        while let Ok(limit) = limits.recv() {
            let (mut line, _) = listener.accept().unwrap();
            let mut asked = [0; 3];
            for _ in 0..2 {
                line.read_exact(&mut asked).unwrap();
                line.write_all(&[0x12]).unwrap();
            }
            let (mut paper, mut byte) = (Vec::new(), [0]);
            while limit.is_none_or(|limit| paper.len() < limit) && matches!(line.read(&mut byte), Ok(1)) {
                paper.push(byte[0]);
                // GS r 1: is it done?
                if limit.is_none() && paper.ends_with(&[0x1d, b'r', 1]) {
                    paper.truncate(paper.len() - 3);
                    line.write_all(&[0]).unwrap();
                    break;
                }
            }
            drop(line);
            if took.send(paper).is_err() {
                return;
            }
        }
    });
    (address, limit, taken)
}

async fn opened(dir: &std::path::Path, settings: &str) -> Running {
    std::fs::write(dir.join("shop/timbre.toml"), settings).unwrap();
    timbre_app::start(Options { sender: false, ..options(dir) }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_printer_is_cut_the_panel_says_what_is_true_and_nothing_is_printed_unasked() {
    let dir = tempfile::tempdir().unwrap();
    shop(dir.path(), "calm").await.stop().await;
    let (address, limit, taken) = printer();
    let settings = format!("[printer]\ndevice = \"red:{address}\"\n[printer.profile]\npaper = \"58mm\"\n");
    let shop = opened(dir.path(), &settings).await;

    // Whole: so long is its paper.
    limit.send(None).unwrap();
    let id = sell(&shop, &boleta(500), "a").await.unwrap().document.id;
    let said = |shop: &Running| shop.agent.detail(&id).unwrap().row.paper.map(|paper| paper.state);
    until(&shop, |shop| said(shop).as_deref() == Some("done")).await;
    taken.recv().unwrap();
    limit.send(None).unwrap();
    assert_eq!(shop.agent.print(&id, false, None).await.unwrap().word, "Impreso");
    let whole = taken.recv().unwrap();
    assert_eq!(shop.agent.snapshot().unprinted, 0);

    let end = whole.len();
    let edges = (0..4).chain(end - 4..end);
    for cut in edges.chain((4..end - 4).step_by(61)) {
        limit.send(Some(cut)).unwrap();
        let paper = shop.agent.print(&id, false, None).await.unwrap();
        assert_eq!(taken.recv().unwrap(), whole[..cut], "the same bytes as far as they went");
        assert_eq!(
            (paper.state.as_str(), paper.word.as_str()),
            ("partial", "Parcial"),
            "cut at {cut} of {end}"
        );
        assert_eq!((said(&shop).as_deref(), shop.agent.snapshot().unprinted), (Some("partial"), 1), "{cut}");
    }
    // Nobody asked for it again: a restart leaves it to a person.
    shop.stop().await;
    let shop = opened(dir.path(), &settings).await;
    assert_eq!((said(&shop).as_deref(), shop.agent.snapshot().unprinted), (Some("partial"), 1));
    limit.send(None).unwrap();
    assert_eq!(shop.agent.print(&id, false, None).await.unwrap().state, "done");
    assert_eq!(taken.recv().unwrap(), whole, "the one that a person asked for");
    assert_eq!(shop.agent.snapshot().unprinted, 0);
    shop.stop().await;
    assert!(taken.try_recv().is_err(), "nothing beside it came out");
}
