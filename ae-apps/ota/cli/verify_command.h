#pragma once
#include <ostream>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::ota {

/// `gatehouse-ota verify` as it was typed.
struct VerifyOptions {
  std::string state;     ///< folder of what is kept between calls; made if it is not there
  std::string time;      ///< ISO 8601 in UTC, or seconds since 1970
  std::string director;  ///< folder
  std::string images;    ///< folder
  std::string tuf;       ///< folder, in place of the two
  bool partial = false;
  bool director_targets_only = false;
  bool trust_first_root = false;
  std::string director_root;      ///< file; only read while no root is kept
  std::string images_root;        ///< file
  std::string tuf_root;           ///< file
  std::vector<std::string> ecus;  ///< "SERIAL:HWID"
  std::string vehicle;
  std::vector<std::string> targets;  ///< of TUF
  std::string download;              ///< folder for the targets of TUF
};

inline constexpr int kAccepted = 0;
inline constexpr int kRefused = 1;
inline constexpr int kWrongUse = 2;

/// ISO 8601 in UTC, or seconds since 1970. Errors: kBadRequest.
Result<Timestamp> time_of(const std::string& text);

/// One line of JSON on `out` if the repositories could be looked at, else a sentence on `err`.
/// Returns the exit code.
int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace gatehouse::ota
