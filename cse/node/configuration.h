#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cse/node/settings.h"

namespace gatehouse::node {

/// One key of the configuration: for reading, for `check`, and for the list that `gatehouse-cse
/// options` prints.
struct OptionInfo {
  std::string key;  ///< "http.port"
  std::string description;
  std::string default_text;
};

/// What is wrong, and where: "in.toml:12: http.port: must be an integer from 0 to 65535".
struct ConfigurationError {
  std::string text;
};

struct Configuration {
  NodeSettings settings;
  std::map<std::string, std::string>
      origin;  ///< key to where its value comes from: "in.toml:12", "--set", "environment"
};

/// Reads defaults, then the file (if `file` is not empty), then the environment
/// (GATEHOUSE_HTTP_PORT for http.port), then the `overrides` ("http.port=0"); later ones win. All
/// errors found, each with its place.
struct ReadResult {
  Configuration configuration;
  std::vector<ConfigurationError> errors;
};
ReadResult read_configuration(const std::string& file, const std::vector<std::string>& overrides,
                              const std::map<std::string, std::string>& environment);

std::vector<OptionInfo> all_options();

/// The value of `key` in `settings`; nullopt: there is no such key.
std::optional<std::string> show_option(const NodeSettings& settings, const std::string& key);

}  // namespace gatehouse::node
