#pragma once
#include <string>

#include "cse/schema/schema.h"

namespace gatehouse::xml {

/// Private to this folder: see XmlCodec.
std::string write_document(const Value& value, const Schemas& schemas);

}  // namespace gatehouse::xml
