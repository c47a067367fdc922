#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"

namespace gatehouse::evidence {

struct ToolOptions {
  std::string key_file, origin, folder, next_key_file, out_file;
  std::vector<std::string> former;     ///< verifier keys that signed the log before
  std::vector<std::string> witnesses;  ///< URL=vkey
  std::size_t quorum = 0;
  std::string identity_folder, stamp_file, device;
  std::vector<std::string> signer_files, files;
  std::uint64_t index = 0, operation = 0;
};

/// One of them for each command of the program. They write to standard output or to out_file.
Result<void> show_key(const ToolOptions& options);
Result<void> append_lines(const ToolOptions& options);
Result<void> publish_log(const ToolOptions& options);
Result<void> stamp_checkpoint(const ToolOptions& options);
Result<void> write_stamp_request(const ToolOptions& options);
Result<void> write_receipt(const ToolOptions& options);
Result<void> write_certificate(const ToolOptions& options);
Result<void> change_log_key(const ToolOptions& options);

}  // namespace gatehouse::evidence
