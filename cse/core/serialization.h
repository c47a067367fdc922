#pragma once
#include <string>
#include <vector>

#include "cse/core/resource.h"

namespace gatehouse {

/// A notification URI without its last word on the serialisation, and that word. Source: TS-0004
/// table 7.4.8.1-3 (notificationURI), clause 7.5.1.2.2.
struct SerializedTarget {
  std::string url;            ///< "http://h/n?q=true"
  std::string serialization;  ///< "json", "cbor", "xml"; empty if the URI says nothing of it
};

/// "http://h/n?q=true&ct=xml". A `ct` with any other value is the application's and stays.
SerializedTarget split_serialization(const std::string& uri);

/// "xml" for "application/xml" or "application/vnd.onem2m-ntfy+xml"; empty for what is no such
/// type.
std::string serialization_of(const std::string& media_type);

/// The first of the entity's contentSerialization (csz) that is one of `ours` (media types); empty
/// if it names none. Source: TS-0004 clause 7.5.1.1.
std::string serialization_for(const Resource& entity, const std::vector<std::string>& ours);

}  // namespace gatehouse
