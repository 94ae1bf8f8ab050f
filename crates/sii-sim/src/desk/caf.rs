//! Makes the CAF file: `AUTORIZACION` with the authorised range, the SII's signature over it, and the key
//! that stamps. How a stamp is judged lives in `judge::stamp`, with other code.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use jiff::civil::Date;
use openssl::{
    bn::BigNum,
    hash::MessageDigest,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::Signer,
};

const AUTHORITY: &str = include_str!("authority-999.pem");
const FLAWLESS: &str = "OpenSSL makes and uses keys of its own";

pub(super) fn issue(rut: &str, tipo: u16, from: u64, to: u64, date: Date, rs: &str) -> Vec<u8> {
    let three = BigNum::from_u32(3).expect(FLAWLESS);
    let key = Rsa::generate_with_e(512, &three).expect(FLAWLESS);
    let modulus = BASE64.encode(key.n().to_vec());
    let exponent = BASE64.encode(key.e().to_vec());
    // The SII cuts the razón social at forty characters before it escapes it.
    let name = escape(&rs.chars().take(40).collect::<String>());
    let authorised = [
        format!("<RE>{rut}</RE>"),
        format!("<RS>{name}</RS>"),
        format!("<TD>{tipo}</TD>"),
        format!("<RNG><D>{from}</D><H>{to}</H></RNG>"),
        format!("<FA>{date}</FA>"),
        format!("<RSAPK><M>{modulus}</M><E>{exponent}</E></RSAPK>"),
        "<IDK>999</IDK>".to_owned(),
    ];
    // The signature is over the text without the line ends between its tags.
    let frma = sign(&latin1(&format!("<DA>{}</DA>", authorised.concat())));
    let private = String::from_utf8(key.private_key_to_pem().expect(FLAWLESS)).expect("PEM is ASCII");
    let public = String::from_utf8(key.public_key_to_pem().expect(FLAWLESS)).expect("PEM is ASCII");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<AUTORIZACION>\n<CAF version=\"1.0\">\n<DA>\n{}\n</DA>\n\
         <FRMA algoritmo=\"SHA1withRSA\">{frma}</FRMA>\n</CAF>\n\
         <RSASK>{private}</RSASK>\n\n<RSAPUBK>{public}</RSAPUBK>\n</AUTORIZACION>\n",
        authorised.join("\n")
    );
    latin1(&text)
}

fn sign(bytes: &[u8]) -> String {
    let key =
        PKey::<Private>::private_key_from_pem(AUTHORITY.as_bytes()).expect("the committed key is whole");
    let mut signer = Signer::new(MessageDigest::sha1(), &key).expect(FLAWLESS);
    BASE64.encode(signer.sign_oneshot_to_vec(bytes).expect(FLAWLESS))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What Latin-1 has no byte for becomes `?`, as the SII's own registry would have it.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_file_is_as_the_sii_delivers_it() {
        let name = "DISEÑO Y ENTRETENIMIENTOS & CIA. DE LA CALLE LARGA LTDA";
        let file = issue("99999999-9", 33, 17, 26, date(2026, 1, 5), name);
        let text: String = file.iter().map(|byte| char::from(*byte)).collect();
        assert!(file.contains(&0xD1) && !text.contains('\r'));
        assert!(text.starts_with("<?xml version=\"1.0\"?>\n<AUTORIZACION>\n<CAF version=\"1.0\">\n<DA>\n"));
        assert!(text.contains("<RS>DISEÑO Y ENTRETENIMIENTOS &amp; CIA. DE LA C</RS>"), "{text}");
        assert!(text.contains("<RNG><D>17</D><H>26</H></RNG>\n<FA>2026-01-05</FA>"));
        assert!(text.contains("<E>Aw==</E></RSAPK>\n<IDK>999</IDK>"));
        assert!(text.contains("<RSASK>-----BEGIN RSA PRIVATE KEY-----\n"));
        assert!(text.contains("<RSAPUBK>-----BEGIN PUBLIC KEY-----\n"));
        assert!(text.ends_with("</AUTORIZACION>\n"));
    }
}
