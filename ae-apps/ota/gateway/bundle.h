#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/gateway/image_delivery.h"
#include "ae-apps/ota/gateway/primary.h"

namespace gatehouse::gateway {

// Updates that come without a network: folders that `gatehouse-oem bundle` made, on a USB stick.
// They are verified exactly as what comes from the servers, with the same state. What is ordered
// for an ECU becomes a job whose URL is "bundle:FOLDER/files/SHA256".

/// The bundles in this folder (where sticks are mounted): itself, and what is directly in it; at
/// most 16.
std::vector<std::filesystem::path> bundles_in(const std::string& folder);

std::string url_in_bundle(const std::filesystem::path& bundle, const std::string& sha256);
/// The folder of a bundle's URL; nullopt: another URL.
std::optional<std::filesystem::path> bundle_of(const std::string& url);

/// Its repositories.
RepositoryFetchers fetchers_of_bundle(const std::filesystem::path& bundle);
/// Copies in blocks, each told to `progress`. What a URL names is the last part of its path.
/// Errors: kNotFound, kNotAcceptable (larger than max_bytes), kRequestTimeout (progress said stop),
/// kInternalServerError.
Fetch fetch_from_bundle(std::filesystem::path bundle);

}  // namespace gatehouse::gateway
