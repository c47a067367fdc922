#pragma once
#include <string_view>

#include "cse/schema/schema.h"

/// Private to this folder: what the tables say of an element, by its name and its parent.
namespace gatehouse::xml {

struct Shape {
  DataType type{Kind::kAny};             ///< of the element, or of the list that it is part of
  const TypeSchema* resource = nullptr;  ///< a resource; `type` then tells only whether many
  bool separate = false;    ///< a list of one element for each item, not of words in one element
  bool attributed = false;  ///< its text is the member "val", the other members are XML attributes
  bool is_root = false;     ///< stands under a prefixed name: never null, at most empty

  bool is_object() const { return resource != nullptr || type.kind == Kind::kObject; }
  bool is_any() const { return resource == nullptr && type.kind == Kind::kAny; }
};

/// One item of a list.
Shape item_of(Shape list);

/// The shape of a document element, or of any other with a prefixed name.
Shape root_shape(const Schemas& schemas, std::string_view name);

/// The shape of the member `name` of an element.
Shape member_shape(const Schemas& schemas, const Shape& parent, std::string_view name);

/// Where a member stands among its siblings: the order of the tables, universal attributes first,
/// then those that are common, then the type's own, then child resources. Source: TS-0004 annex F,
/// clause 7.4.
int position_of(const Shape& parent, std::string_view name);

}  // namespace gatehouse::xml
