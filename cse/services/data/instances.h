#pragma once
#include <optional>
#include <string>

#include "cse/core/cse.h"

namespace gatehouse::instances {

/// What <container>, <timeSeries> and <flexContainer> do alike with the instances below them.

/// Bytes of a content: of the text itself, or of the JSON of anything else.
std::int64_t size_in_bytes(const Value* content);

/// An attribute that limits something; nullopt if it is not there.
std::optional<std::int64_t> limit_of(const Value& attributes, std::string_view name);

/// Shortens the life of a new instance to the parent's maxInstanceAge.
void limit_age(Draft& draft, const Value& parent, const OperationContext& context);

/// Oldest first, until maxNrOfInstances and maxByteSize of `attributes` (the parent's, with cni and
/// cbs) hold. They go as side effects: nobody is notified. Source: TS-0004 clause 7.4.7.2.1.
Result<void> evict(const ResourceId& parent, int type, Value& attributes,
                   OperationContext& context);

/// The same, all of them but the newest `kept`.
Result<void> evict_all(const ResourceId& parent, int type, std::int64_t kept, Value& attributes,
                       OperationContext& context);

/// A deleted instance no longer counts.
void discount(Value& parent, const Resource& instance);

/// <latest> or <oldest> below `parent_type`: another name of one instance of that type.
void add_aliases(Cse& cse, int parent_type, int instance_type);

/// `cnf`: type/subtype:encoding[:security]. Source: TS-0004 clause 6.3.3 (m2m:contentInfo).
/// Errors: kBadRequest.
Result<void> check_content_info(const std::string& text);

/// Content must be as contentInfo says: text for the encodings 0 to 2, base64 for 1 and 2.
/// Errors: kBadRequest.
Result<void> check_content(const std::string& content_info, const Value& content);

}  // namespace gatehouse::instances
