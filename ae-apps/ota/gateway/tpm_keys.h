#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "ae-apps/ota/gateway/settings.h"

namespace gatehouse::gateway {

/// The keys of constrained ECUs in the gateway's TPM: on the disk is what this TPM alone can use.
/// Threading: any; codes are made one after the other.
class TpmKeys : public std::enable_shared_from_this<TpmKeys> {
 public:
  /// `tpm`: a TCTI string as tpm2-tools take it, or "software": one of our own below `folder`,
  /// worth as much as this machine. Call it from a thread that lives as long. Errors: those of the
  /// TPM.
  static Result<std::shared_ptr<TpmKeys>> open(const std::string& tpm,
                                               const std::filesystem::path& folder);
  ~TpmKeys();

  /// Makes codes by the key of that ECU, which is taken over from the file if this TPM has none, or
  /// another: afterwards the file should be removed. Errors: kNotFound (neither has a key), those
  /// of the file and the TPM.
  Result<image::Mac> mac_of(const std::string& serial, const std::string& key_file);

 private:
  struct State;
  explicit TpmKeys(std::unique_ptr<State> state);
  Result<Bytes> make(ByteView adopted, ByteView message);
  Result<Bytes> take_over(const std::string& serial, const std::string& key_file);

  std::unique_ptr<State> state_;
};

/// Gives every constrained ECU its code maker if the settings name a TPM. Errors: as TpmKeys, with
/// the ECU.
Result<void> take_keys_into_tpm(GatewaySettings& settings);

}  // namespace gatehouse::gateway
