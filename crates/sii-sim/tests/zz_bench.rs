#[path = "it/client.rs"] mod client;
#[path = "it/maker.rs"] mod maker;
use maker::*; use client::*;
#[test]
fn bench() {
    let c = Client::new();
    let docs: Vec<_> = (1..=50).map(|f| (39u16, boleta(f).make())).collect();
    let file = latin1(&envelope("EnvioBOLETA", &docs, &[]));
    std::fs::write("/tmp/simwork/env.xml", &file).unwrap();
    let token = c.token(Boleta);
    let r = upload(Boleta, &token, &file);
    let t = std::time::Instant::now();
    let reply = c.send(Boleta, &r);
    eprintln!("{} bytes {:?} {}", file.len(), t.elapsed(), reply.body_text());
    let t = std::time::Instant::now();
    for _ in 0..20 { c.token(Boleta); }
    eprintln!("token {:?}", t.elapsed()/20);
}
