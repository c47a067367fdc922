#pragma once
#include <string>

#include "ae-apps/attestation/quote/verify.h"

namespace gatehouse::attest {

/// Holds an attestation against the file of the last one, and replaces the file if it is accepted.
/// A file that is not there yet accepts anything. Gives "first seen", "running", "restarted" or
/// "reset". Errors: kNotAcceptable (check_clock, or a file that cannot be read: nothing is accepted
/// on a memory that is lost); kInternalServerError if it cannot be written.
Result<std::string> judge_clock(const std::string& file, const Attest& now);

}  // namespace gatehouse::attest
