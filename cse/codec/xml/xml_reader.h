#pragma once
#include <string_view>

#include "cse/codec/codec.h"
#include "cse/schema/schema.h"

namespace gatehouse::xml {

/// Private to this folder: see XmlCodec.
Result<Value> read_document(std::string_view text, const Schemas& schemas,
                            const DecodeLimits& limits);

}  // namespace gatehouse::xml
