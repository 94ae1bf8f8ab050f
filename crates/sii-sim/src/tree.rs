//! Walking an XML tree by the names of its elements, as the SII's documents are spoken of: `Encabezado/IdDoc/Folio`.

use roxmltree::Node;

/// The first element at that path under `node`.
pub(crate) fn at<'a, 'i>(node: Node<'a, 'i>, path: &str) -> Option<Node<'a, 'i>> {
    path.split('/').try_fold(node, |node, name| children(node, name).next())
}

/// Every child element of that name.
pub(crate) fn children<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

/// The text of the element at that path.
pub(crate) fn text(node: Node<'_, '_>, path: &str) -> Option<String> {
    at(node, path).map(content)
}

pub(crate) fn content(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

/// The element as it is written in the source.
pub(crate) fn source<'a>(node: Node<'a, '_>) -> &'a str {
    &node.document().input_text()[node.range()]
}
