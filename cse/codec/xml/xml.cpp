#include "cse/codec/xml/xml.h"

#include <stdexcept>

#include "cse/codec/json.h"
#include "cse/codec/xml/xml_reader.h"
#include "cse/codec/xml/xml_writer.h"

namespace gatehouse {

Result<Value> XmlCodec::decode(std::string_view bytes, const DecodeLimits& limits) const {
  return xml::read_document(bytes, schemas_, limits);
}

std::string XmlCodec::encode(const Value& value) const {
  return xml::write_document(value, schemas_);
}

std::string XmlCodec::encode(const Content& content) const {
  if (content.empty()) return {};
  if (content.tree()) return encode(*content.tree());
  const Result<Value> tree = tree_of(content);
  if (!tree) throw std::logic_error("ready-made content is no JSON: " + tree.error().detail);
  return encode(*tree);
}

}  // namespace gatehouse
