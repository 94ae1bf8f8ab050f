//! `docs/integrating.md` as a new integrator reads it: its examples run, in every language that is at hand, and
//! what the API says of itself is true.

use std::process::Command;

use serde_json::{Value, json};
use timbre_app::Running;
use timbre_tests::{shop, until};

/// The first block of a language.
fn block(language: &str) -> String {
    let text =
        std::fs::read_to_string("../docs/integrating.md").expect("the page is there").replace("\r\n", "\n");
    let begin = text.find(&format!("```{language}\n")).expect(language) + language.len() + 4;
    text[begin..].split("\n```").next().expect("a block ends").to_owned()
}

async fn token(shop: &Running, scope: &str) -> String {
    let answer = reqwest::Client::new()
        .post(format!("{}/v1/tokens", shop.address.base))
        .bearer_auth(&shop.address.token)
        .header("Timbre-Client", "tests")
        .json(&json!({ "name": format!("caja {scope}"), "scope": scope, "who": "Rosa" }));
    answer.send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
}

/// Runs a program where there is one; what it wrote.
async fn run(
    shop: &Running,
    token: &str,
    program: &'static str,
    words: &[&str],
    text: String,
) -> Option<String> {
    let (dir, at) = (tempfile::tempdir().unwrap(), shop.address.base.clone());
    let file = dir.path().join(format!("ejemplo{}", if program == "node" { ".mjs" } else { "" }));
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(program);
    command.args(words).arg(&file).env("TIMBRE", at).env("TOKEN", token);
    for proxy in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    let output = match tokio::task::spawn_blocking(move || command.output()).await.unwrap() {
        Ok(output) => output,
        Err(_) => {
            eprintln!("{program} is not at hand: its example is left out");
            return None;
        }
    };
    drop(dir);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {said}{}", String::from_utf8_lossy(&output.stderr));
    Some(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_whose_language_is_at_hand_issues_a_boleta() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let till = token(&shop, "issue").await;
    let mut made = 0;
    for (language, program, words) in [
        ("python", "python3", &[][..]),
        ("javascript", "node", &[]),
        ("php", "php", &[]),
        ("powershell", "pwsh", &["-NoProfile", "-File"]),
    ] {
        let said = run(&shop, &till, program, words, block(language)).await;
        if let Some(said) = said {
            made += 1;
            assert!(said.contains(&format!("T39F{made}")) && said.contains("ACEPTADO"), "{language}: {said}");
        }
    }
    // The ten boletas of the first section: what follows its second block is what is typed.
    let text = std::fs::read_to_string("../docs/integrating.md").unwrap().replace("\r\n", "\n");
    let begin = text.find("for n in 1 2").expect("the ten boletas");
    let typed = text[begin..].split("\n```").next().unwrap().to_owned();
    if let Some(said) = run(&shop, &till, "bash", &[], typed).await {
        assert_eq!(said.matches("ACEPTADO").count(), 10, "{said}");
        made += 10;
    }
    assert_eq!(shop.agent.stats().accepted, made);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_describes_itself_without_a_token_and_its_examples_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let http = reqwest::Client::new();
    let base = &shop.address.base;
    let described: Value =
        http.get(format!("{base}/v1/openapi.json")).send().await.unwrap().json().await.unwrap();
    let page = http.get(format!("{base}/docs")).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    assert!(page.text().await.unwrap().contains("/v1/documents"));
    let (mut tried, mut wrong) = (0, Vec::new());
    // In the order of a till's day: a document is there, and accepted, before anything is done with it.
    let mut paths: Vec<_> = described["paths"].as_object().unwrap().iter().collect();
    paths.sort_by_key(|(path, _)| *path != "/v1/documents");
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let Some(body) = operation["requestBody"]["content"].as_object() else { continue };
            let (kind, content) = body.iter().next().expect("a body is of some kind");
            // A picture is no text.
            if kind == "image/png" {
                continue;
            }
            let example = &content["example"];
            assert!(!example.is_null(), "{method} {path} shows no body");
            let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut url = format!("{base}{path}");
            for part in parameters.iter().filter(|part| part["in"] == "path") {
                let name = part["name"].as_str().unwrap();
                let value = part["example"].as_str().unwrap_or_else(|| panic!("{method} {path}: {name}"));
                url = url.replace(&format!("{{{name}}}"), value);
            }
            let mut request =
                http.request(method.to_uppercase().parse().unwrap(), url).bearer_auth(&shop.address.token);
            for header in parameters {
                if let (true, Some(example)) = (header["in"] == "header", header["example"].as_str()) {
                    let name = header["name"].as_str().unwrap();
                    let distinct = name == "Idempotency-Key";
                    let value = if distinct { format!("{example}-{path}") } else { example.to_owned() };
                    request = request.header(name, value);
                }
            }
            if path == "/v1/vouchers" {
                declare(&shop).await;
            }
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let answer = request.header("Content-Type", kind).body(text).send().await.unwrap();
            let status = answer.status().as_u16();
            let said = answer.text().await.unwrap();
            let code = serde_json::from_str::<Value>(&said).unwrap_or_default()["code"].clone();
            match OTHERWISE.iter().find(|(other, _)| other == path) {
                // It was understood, and there is nothing of the kind in this shop.
                Some((_, expected)) if code == *expected => {}
                None if (200..300).contains(&status) => {}
                _ => wrong.push(format!("{method} {path}: {status} {said}")),
            }
            tried += 1;
            if (method.as_str(), path.as_str()) == ("post", "/v1/documents") {
                until(&shop, |shop| shop.agent.stats().accepted == 1).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried >= 20, "{tried}");
    shop.stop().await;
}

/// Every member, one below another's name: `document.id`.
fn members(value: &Value, at: &str) -> Vec<String> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let below = |(name, value): (&String, &Value)| {
        let path = format!("{at}.{name}");
        [vec![path.clone()], members(value, &path)].concat()
    };
    object.iter().flat_map(below).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_that_is_shown_has_every_member_of_an_answer_and_every_figure_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), "calm").await;
    let (till, http) = (token(&shop, "issue").await, reqwest::Client::new());
    let at = |path: &str| format!("{}/v1{path}", shop.address.base);
    let answer = http
        .post(at("/documents?wait=verdict"))
        .bearer_auth(&till)
        .header("Timbre-Client", "tests")
        .header("Idempotency-Key", "venta-1")
        .json(&timbre_tests::boleta(700));
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    let text = std::fs::read_to_string("../docs/integrating.md").unwrap().replace("\r\n", "\n");
    let begin = text.find("\n{\"document\":{").expect("an answer is shown");
    let shown = text[begin..].split("\n…").next().unwrap();
    let shown: Value = serde_json::from_str(shown).expect("it is JSON");
    assert_eq!(members(&shown, ""), members(&answer, ""));

    let page = http.get(at("/metrics")).bearer_auth(&till).send().await.unwrap().text().await.unwrap();
    let mut figures: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    figures.iter_mut().for_each(|line| *line = line.split(' ').next().unwrap());
    let named = text.lines().filter(|line| line.starts_with("| `timbre_")).flat_map(|line| {
        let names = line.split(" |").next().unwrap().split('`').skip(1).step_by(2);
        names.map(|name| name.split('{').next().unwrap())
    });
    let mut named: Vec<_> = named.collect();
    figures.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, figures);
    shop.stop().await;
}

/// Bodies whose example can't be done in a shop where all is well, or with a certificate that nobody has: what they are
/// answered.
const OTHERWISE: [(&str, &str); 15] = [
    ("/v1/vouchers/undo", "not-found"),
    ("/v1/certificate", "certificate-not-pfx"),
    ("/v1/claims", "authority-refused"),
    ("/v1/clock/accept", "clock-good"),
    ("/v1/documents/{id}/found-accepted", "not-rejected"),
    ("/v1/documents/{id}/number-annulled", "nothing-to-annul"),
    ("/v1/documents/{id}/paper", "paper-settled"),
    ("/v1/documents/{id}/reissue", "not-rejected"),
    ("/v1/documents/{id}/verdict", "verdict-not-open"),
    ("/v1/folios", "caf-reencoded"),
    ("/v1/folios/annulled", "nothing-to-annul"),
    ("/v1/folios/resume", "not-stopped"),
    ("/v1/folios/skipped-annulled", "nothing-to-annul"),
    ("/v1/issuing/unlock", "not-locked"),
    ("/v1/staff/permit", "worker-unknown"),
];

/// From today on a card's voucher stands for the boleta.
async fn declare(shop: &Running) {
    let today = shop.agent.today().unwrap().date;
    let declared = reqwest::Client::new()
        .put(format!("{}/v1/vouchers/terms", shop.address.base))
        .bearer_auth(&shop.address.token)
        .header("Timbre-Client", "tests")
        .json(&json!({ "since": today, "stands": true, "who": "Rosa" }))
        .send()
        .await
        .unwrap();
    assert!(declared.status().is_success(), "{}", declared.text().await.unwrap());
}
