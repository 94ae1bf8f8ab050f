//! The form of an upload, framed exactly as Envío automático, Annex 3, prints it: five parts in one order, each
//! with its own lines, nothing before, between or after.

/// The five parts, and nothing else of the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub sender: String,
    pub company: String,
    pub file: String,
    pub bytes: Vec<u8>,
}

/// Reads the body, or says what is wrong with its framing.
pub(super) fn read(content_type: &str, body: &[u8], official_only: bool) -> Result<Form, String> {
    let boundary = content_type
        .strip_prefix("multipart/form-data;")
        .map(str::trim_start)
        .and_then(|rest| rest.strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"'))
        .filter(|boundary| !boundary.is_empty())
        .ok_or("Content-Type is not multipart/form-data with a boundary")?;
    let mut rest = Rest { bytes: body };
    let delimiter = format!("--{boundary}");
    rest.expect(&delimiter)?;
    let text = |rest: &mut Rest<'_>, name: &str| -> Result<String, String> {
        rest.expect(&format!("\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"))?;
        let value = rest.until(&format!("\r\n{delimiter}"))?;
        String::from_utf8(value.to_vec()).map_err(|_| format!("{name} is no text"))
    };
    let sender = text(&mut rest, "rutSender")?;
    let dv_sender = text(&mut rest, "dvSender")?;
    let company = text(&mut rest, "rutCompany")?;
    let dv_company = text(&mut rest, "dvCompany")?;
    rest.expect("\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"")?;
    let file = String::from_utf8_lossy(rest.until("\"\r\n")?).into_owned();
    rest.expect("Content-Type: ")?;
    let kind = rest.until("\r\n\r\n")?;
    if kind != b"text/xml" && kind != b"application/xml" {
        return Err("Content-Type of archivo".to_owned());
    }
    let bytes = rest.until(&format!("\r\n{delimiter}--"))?.to_vec();
    if !matches!(rest.bytes, b"" | b"\r\n") {
        return Err("data after the last boundary".to_owned());
    }
    if file.is_empty() || !file.is_ascii() || official_only && !file.ends_with(".xml") {
        return Err("filename".to_owned());
    }
    Ok(Form { sender: rut(&sender, &dv_sender)?, company: rut(&company, &dv_company)?, file, bytes })
}

/// Digits without dots, and a check digit in capitals.
fn rut(number: &str, check: &str) -> Result<String, String> {
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let check_ok = check.len() == 1 && check.bytes().all(|byte| byte.is_ascii_digit() || byte == b'K');
    if digits && check_ok { Ok(format!("{number}-{check}")) } else { Err(format!("RUT {number}-{check}")) }
}

struct Rest<'a> {
    bytes: &'a [u8],
}

impl<'a> Rest<'a> {
    fn expect(&mut self, text: &str) -> Result<(), String> {
        self.bytes = self.bytes.strip_prefix(text.as_bytes()).ok_or_else(|| format!("expected {text:?}"))?;
        Ok(())
    }

    fn until(&mut self, mark: &str) -> Result<&'a [u8], String> {
        let mark = mark.as_bytes();
        let at = self
            .bytes
            .windows(mark.len())
            .position(|window| window == mark)
            .ok_or_else(|| format!("no {:?}", String::from_utf8_lossy(mark)))?;
        let (before, after) = self.bytes.split_at(at);
        self.bytes = &after[mark.len()..];
        Ok(before)
    }
}
