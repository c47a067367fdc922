#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "ae-apps/maf/maf.h"

namespace gatehouse::maf {

/// What a MAF has to remember.
struct State {
  std::map<std::string, ClientRegistration> clients;
  std::map<std::string, KeyRegistration> keys;
};

/// Errors: kInternalServerError naming the member that is wrong.
Result<State> read_state(const Value& state);

/// JSON; {} if there is no such file. Errors: kInternalServerError: not readable, others than its
/// owner may read it, no JSON.
Result<Value> load_file(const std::filesystem::path& file);

/// Mode 0600 from its first byte on; the old content or the new one, whatever happens in between;
/// durable on return. Errors: kInternalServerError.
Result<void> save_file(const std::filesystem::path& file, const Value& state);

}  // namespace gatehouse::maf
