#pragma once
#include <ostream>
#include <string>

#include "cse/primitive/result.h"

namespace gatehouse::oem {

struct SuitRequest {
  std::string payload_file;
  std::string vendor;        ///< domain
  std::string device_class;  ///< of that vendor, such as a hardware id
  std::uint64_t sequence_number = 0;
  std::string uri;  ///< where the payload will be; empty: inside the envelope
  std::string description;
  std::string key;  ///< a file, or pkcs11:
  std::string out_file;
};

/// Makes and signs a SUIT envelope for one payload.
Result<void> make_suit(const SuitRequest& request, std::ostream& out);

}  // namespace gatehouse::oem
