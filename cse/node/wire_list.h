#pragma once
#include <string>

namespace gatehouse::node {

/// The tables of the bindings as Markdown: which protocol carries which serialisation, and where
/// each parameter of a primitive stands in HTTP and CoAP. For `gatehouse-cse bindings`.
std::string wire_list();

}  // namespace gatehouse::node
