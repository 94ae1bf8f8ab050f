//! The upload form, the same on both channels: order and bytes matter. `Content-Length` is the
//! carrier's; chunks are fatal.

use bytes::Bytes;

use crate::rut::Rut;

/// The form's bytes and the header that goes with them.
pub struct Form {
    pub content_type: String,
    pub body: Bytes,
}

/// Sender (the certificate's holder), company and file, in the manual's order (manual envío
/// automático, anexo 3). The SII reads nothing when a part stands elsewhere.
pub(super) fn form(sender: Rut, company: Rut, filename: &str, file: &[u8], entropy: &[u8; 32]) -> Form {
    debug_assert!(filename.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')));
    let boundary = boundary(file, entropy);
    let mut body = Vec::with_capacity(file.len() + 1024);
    let fields = [
        ("rutSender", sender.digits().to_string()),
        ("dvSender", sender.dv().to_string()),
        ("rutCompany", company.digits().to_string()),
        ("dvCompany", company.dv().to_string()),
    ];
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let part = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"{filename}\"\r\n\
         Content-Type: text/xml\r\n\r\n"
    );
    body.extend_from_slice(part.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Form { content_type: format!("multipart/form-data; boundary={boundary}"), body: body.into() }
}

/// Random, and not in the file.
fn boundary(file: &[u8], entropy: &[u8; 32]) -> String {
    let mut boundary = String::from("----------timbre");
    for byte in &entropy[..27] {
        boundary.push_str(&format!("{byte:02x}"));
        let long_enough = boundary.len() >= 48;
        if long_enough && !file.windows(boundary.len()).any(|w| w == boundary.as_bytes()) {
            return boundary;
        }
    }
    boundary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_manuals_to_the_byte() {
        let form = form("11111111-1".parse().unwrap(), Rut::SII, "envio.xml", b"<a>\xD1</a>", &[0xAB; 32]);
        let boundary = form.content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert!(boundary.len() <= 70);
        let mut expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"rutSender\"\r\n\r\n11111111\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"dvSender\"\r\n\r\n1\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"rutCompany\"\r\n\r\n60803000\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"dvCompany\"\r\n\r\nK\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"envio.xml\"\r\n\
             Content-Type: text/xml\r\n\r\n"
        )
        .into_bytes();
        expected.extend_from_slice(b"<a>\xD1</a>");
        expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert_eq!(form.body, expected);
    }

    #[test]
    fn a_boundary_is_never_in_the_file() {
        let short = boundary(b"", &[0xAB; 32]);
        let file = format!("x{short}x");
        let longer = boundary(file.as_bytes(), &[0xAB; 32]);
        assert!(longer.len() > short.len() && !file.contains(&longer));
    }
}
