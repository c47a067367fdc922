#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cse/schema/schema.h"

namespace gatehouse {

/// One custom attribute of a specialisation of <flexContainer>.
struct FlexAttribute {
  std::string short_name, long_name;
  DataType type;
  Need create = Need::kOptional;
  Need update = Need::kOptional;
  bool multiplicity_one = false;
  Announced announced = Announced::kOptional;
};

/// What defines a specialisation of <flexContainer>.
struct FlexDefinition {
  std::string root;                  ///< "cod:tempe"
  std::string name;                  ///< "temperature"
  std::string container_definition;  ///< what `cnd` must say; empty: anything
  std::vector<FlexAttribute> attributes;
  /// What the types of the attributes refer to.
  struct Values {
    Enumeration enumeration;
    std::vector<Enumerator> items;
  };
  std::vector<std::unique_ptr<Values>> enumerations;
};

/// The shape that a definition calls "float", "timestamp" …, whatever the case of its letters;
/// nullopt if there is none. "enum" is not among them: it needs its values.
std::optional<DataType> flex_data_type(std::string_view name);

/// The definitions of a file, whose text is given. JSON, where `//` starts a comment:
///
///     [{"type": "my:lamp", "lname": "lamp", "cnd": "com.example.lamp",
///       "attributes": [{"sname": "brght", "lname": "brightness", "type": "nonNegInteger",
///                       "car": "01", "oc": "O", "ou": "O", "annc": "OA"},
///                      {"sname": "mode", "lname": "mode", "type": "enum", "evalues": [1, 2,
///                      "5..7"]},
///                      {"sname": "steps", "lname": "steps", "type": "list", "ltype": "float"}]}]
///
/// `car`: "01" (default), "1" (may not be deleted), each with "L" for a list. `oc`, `ou`: "M", "O"
/// (default), "NP". `annc`: "NA", "OA" (default), "MA". Other members are for other readers. What
/// such files say of instances and announced variants ("my:lampInst", "my:lampAnnc") is left out:
/// both follow from the definition. Errors: kBadRequest naming definition, attribute and rule.
Result<std::vector<std::unique_ptr<FlexDefinition>>> parse_flex_definitions(std::string_view text);

}  // namespace gatehouse
