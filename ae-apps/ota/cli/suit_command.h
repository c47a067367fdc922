#pragma once
#include <ostream>
#include <string>
#include <vector>

namespace gatehouse::ota {

/// `gatehouse-ota suit verify` as it was typed.
struct SuitOptions {
  std::string envelope;           ///< file
  std::vector<std::string> keys;  ///< files
  std::string vendor;             ///< domain; with device_class: the manifest is tried out, too
  std::string device_class;
  std::uint64_t minimum = 0;  ///< least sequence number that is accepted
  std::string payload;        ///< file that stands for whatever is fetched
};

/// One line of JSON on `out`; exit code 0 accepted, 1 refused, 2 wrong use (a sentence on `err`).
int run_suit_verify(const SuitOptions& options, std::ostream& out, std::ostream& err);

}  // namespace gatehouse::ota
