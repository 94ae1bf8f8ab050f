//! What a setting may name as the origin of a web till.

/// Why no browser ever says that it shows a page of this origin (RFC 6454, 6.2), if so.
pub fn no_origin(text: &str) -> Option<&'static str> {
    if text.contains('*') {
        return Some("dejaría entrar a cualquier página; nombre cada una");
    }
    let Some((scheme @ ("https" | "http"), host)) = text.split_once("://") else {
        return Some("comienza con https:// o http://");
    };
    let usual = if scheme == "https" { ":443" } else { ":80" };
    if host.ends_with('/') {
        return Some("sobra la barra final");
    }
    if host.ends_with(usual) {
        return Some("sobra el puerto, que el navegador no dice cuando es el de siempre");
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    (host.is_empty() || !host.chars().all(plain))
        .then_some("lleva solo el nombre, en minúsculas, y el puerto")
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn an_origin_that_no_browser_says_is_refused_with_words() {
        let dir = tempfile::tempdir().unwrap();
        let read = |origin: &str| {
            let text = format!("[api]\norigins = [\"https://caja.cl\", \"{origin}\"]\n");
            std::fs::write(dir.path().join("timbre.toml"), text).unwrap();
            Config::read(dir.path()).map_err(|error| error.to_string())
        };
        for good in
            ["https://otra.cl", "http://192.168.1.5:8080", "http://[::1]:3000", "https://xn--caf-dma.cl"]
        {
            read(good).unwrap();
        }
        for (wrong, word) in [
            ("https://otra.cl/", "barra"),
            ("*", "cualquier"),
            ("https://*.otra.cl", "cualquier"),
            ("otra.cl", "https://"),
            ("null", "https://"),
            ("https://otra.cl:443", "puerto"),
            ("https://Otra.cl", "minúsculas"),
            ("https://otra.cl/caja", "solo el nombre"),
            ("https://", "solo el nombre"),
        ] {
            let why = read(wrong).unwrap_err();
            assert!(
                why.contains(word) && why.contains("timbre.toml") && why.contains(wrong),
                "{wrong}: {why}"
            );
        }
    }
}
