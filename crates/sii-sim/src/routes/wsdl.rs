//! `?WSDL` of a SOAP service, as Axis generates it: rpc/encoded, every argument a string. The address is the one
//! that was called; the SII's own WSDLs name a host that cannot be reached from outside.

use super::soap::Service;
use crate::message::{Reply, Request};

pub(super) fn describe(service: &Service, request: &Request) -> Reply {
    let address = format!("http://{}{}", request.header("host").unwrap_or("127.0.0.1"), service.path);
    let namespace = service.namespace;
    let mut messages = String::new();
    let mut ports = String::new();
    let mut bindings = String::new();
    for operation in service.operations {
        let name = operation.name;
        let parts: String = operation
            .parameters
            .iter()
            .map(|parameter| format!("<wsdl:part name=\"{parameter}\" type=\"xsd:string\"/>"))
            .collect();
        messages.push_str(&format!(
            "<wsdl:message name=\"{name}Request\">{parts}</wsdl:message>\n<wsdl:message name=\"{name}Response\"><wsdl:part name=\"{name}Return\" type=\"xsd:string\"/></wsdl:message>\n"
        ));
        ports.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><wsdl:input message=\"impl:{name}Request\"/><wsdl:output message=\"impl:{name}Response\"/></wsdl:operation>\n"
        ));
        let body = format!(
            "<wsdlsoap:body encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" namespace=\"{namespace}\" use=\"encoded\"/>"
        );
        bindings.push_str(&format!(
            "<wsdl:operation name=\"{name}\"><wsdlsoap:operation soapAction=\"\"/><wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output></wsdl:operation>\n"
        ));
    }
    let name = service.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".jws");
    Reply::new(
        200,
        "text/xml; charset=utf-8",
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<wsdl:definitions targetNamespace=\"{namespace}\" xmlns:impl=\"{namespace}\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:wsdlsoap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n{messages}<wsdl:portType name=\"{name}\">\n{ports}</wsdl:portType>\n<wsdl:binding name=\"{name}SoapBinding\" type=\"impl:{name}\"><wsdlsoap:binding style=\"rpc\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n{bindings}</wsdl:binding>\n<wsdl:service name=\"{name}Service\"><wsdl:port binding=\"impl:{name}SoapBinding\" name=\"{name}\"><wsdlsoap:address location=\"{address}\"/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n"
        ),
    )
}
