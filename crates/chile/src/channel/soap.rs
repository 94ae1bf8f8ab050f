//! SOAP 1.1 as the SII's Axis wants it: rpc, unqualified parameters, an XML document inside of a
//! string. It knows no operation.

use bytes::Bytes;
use timbre_core::{Cx, Effect, Method, Request};
use timbre_xmldsig::Xml;

use crate::xml::{self, Element};

/// Both prefixes must be declared on the envelope, or the answer is an HTTP 500 (`prefix "xsi" … is
/// not bound`).
const SPACES: &[(&str, &str)] = &[
    ("xmlns:soapenv", "http://schemas.xmlsoap.org/soap/envelope/"),
    ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";

/// One call. Parameters by name and in the WSDL's order.
pub(crate) fn call(operation: &str, parameters: &[(&str, &str)]) -> String {
    let name = format!("ns1:{operation}");
    let mut xml = Xml::with_capacity(1024);
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open_with("soapenv:Envelope", SPACES).open("soapenv:Body");
    xml.open_with(&name, &[("xmlns:ns1", "http://DefaultNamespace"), ("soapenv:encodingStyle", ENCODING)]);
    for (parameter, value) in parameters {
        xml.open_with(parameter, &[("xsi:type", "xsd:string")]).text(value).close(parameter);
    }
    xml.close(&name).close("soapenv:Body").close("soapenv:Envelope");
    xml.into_string()
}

/// A call as it leaves. None of them does harm when it is asked twice.
pub(crate) fn question(cx: &Cx<'_>, url: String, what: &'static str, body: String) -> Request {
    Request {
        effect: Effect::Query,
        method: Method::Post,
        url,
        headers: vec![
            ("User-Agent".to_owned(), cx.conduct.user_agent.clone()),
            ("Content-Type".to_owned(), "text/xml; charset=utf-8".to_owned()),
            ("SOAPAction".to_owned(), "\"\"".to_owned()),
        ],
        body: Bytes::from(body),
        what,
        secret: false,
    }
}

/// One call of a service that is no Axis: its own namespace on the operation, parameters bare.
pub(crate) fn call_in(space: &str, operation: &str, parameters: &[(&str, &str)]) -> String {
    let name = format!("ws:{operation}");
    let mut xml = Xml::with_capacity(1024);
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open_with("soapenv:Envelope", &[SPACES[0], ("xmlns:ws", space)]).open("soapenv:Body").open(&name);
    for (parameter, value) in parameters {
        xml.leaf(parameter, value);
    }
    xml.close(&name).close("soapenv:Body").close("soapenv:Envelope");
    xml.into_string()
}

/// What stands in the body of an answer, or of a fault. `None` for a page, or an answer that is cut.
pub(crate) fn body(text: &str) -> Option<Element> {
    let mut envelope = xml::read(text).filter(|root| root.name == "Envelope")?;
    let at = envelope.children.iter().position(|child| child.name == "Body")?;
    Some(envelope.children.swap_remove(at))
}

/// The `SII:RESPUESTA` inside of an answer: escaped or CDATA, whatever prefixes the envelope uses.
/// `None` for a fault, a page, or an answer that is cut.
pub(crate) fn payload(text: &str) -> Option<Element> {
    let body = body(text)?;
    let result = body.ending("Return")?;
    xml::read(result.text.trim()).filter(|root| root.name == "RESPUESTA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_declares_what_it_uses() {
        assert_eq!(
            call("getEstUp", &[("RutCompania", "76543210"), ("Token", "a<b")]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><ns1:getEstUp \
             xmlns:ns1=\"http://DefaultNamespace\" soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\
             <RutCompania xsi:type=\"xsd:string\">76543210</RutCompania><Token xsi:type=\"xsd:string\">a&lt;b</Token>\
             </ns1:getEstUp></soapenv:Body></soapenv:Envelope>"
        );
    }

    #[test]
    fn escaped_and_cdata_payloads_are_the_same() {
        let inner = "<?xml version=\"1.0\"?><SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR></SII:RESPUESTA>";
        let escaped = inner
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace("?&gt;", "?&gt;&#xd;\n");
        for body in [escaped, format!("<![CDATA[{inner}]]>")] {
            for prefix in ["", "ns1:"] {
                let text = format!(
                    "<soapenv:Envelope xmlns:soapenv=\"e\" xmlns:ns1=\"n\"><soapenv:Body><{prefix}getSeedResponse>\
                     <{prefix}getSeedReturn xsi:type=\"xsd:string\" xmlns:xsi=\"x\">{body}</{prefix}getSeedReturn>\
                     </{prefix}getSeedResponse></soapenv:Body></soapenv:Envelope>"
                );
                assert_eq!(payload(&text).unwrap().value("ESTADO"), Some("00"), "{text}");
                assert!(payload(&text[..text.len() - 1]).is_none());
            }
        }
        assert!(payload("<e:Envelope xmlns:e='e'><e:Body><e:Fault><faultstring>No such operation</faultstring></e:Fault></e:Body></e:Envelope>").is_none());
    }
}
