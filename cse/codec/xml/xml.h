#pragma once
#include <string>
#include <string_view>

#include "cse/codec/codec.h"
#include "cse/schema/schema.h"

namespace gatehouse {

/// XML as TS-0004 clause 8.3 and annex F have it: `m2m:rqp` and `m2m:rsp` around primitives,
/// resources under their prefixed root with `rn` as attribute, elements in the order of the schema,
/// lists of the schema's list types parted by blanks, other lists as repeated elements, null as an
/// empty element.
///
/// XML says nothing of types, so they come from the tables of cse/schema; what those do not know is
/// text. Where the plain form would read back as something else, the element says what it is:
/// `xsi:type="xs:integer"` (a number where text may stand, a text with blanks in a list),
/// `xsi:nil="false"` (an empty list, object or text, not null), `json:is="true"` (what XML cannot
/// carry otherwise: control characters, lists in lists, names that are no XML names). So every
/// Value survives.
///
/// A document type declaration, entities other than the five of XML, text beside elements and
/// anything but UTF-8 is refused.
class XmlCodec final : public Codec {
 public:
  /// `schemas` is read when something is decoded or encoded, and must outlive the codec.
  explicit XmlCodec(const Schemas& schemas) : schemas_(schemas) {}

  std::string_view name() const override { return "xml"; }
  /// An object of one member: the document element and what it holds. Errors: kBadRequest with the
  /// place and the reason.
  Result<Value> decode(std::string_view bytes, const DecodeLimits& limits) const override;
  /// An object whose only member has a prefixed name is the content of a primitive; any other is a
  /// response primitive if it has `rsc`, else a request primitive.
  std::string encode(const Value& value) const override;
  std::string encode(const Content& content) const override;

 private:
  const Schemas& schemas_;
};

}  // namespace gatehouse
