#pragma once
#include <cstdint>
#include <string>

#include "ae-apps/demo/keys.h"
#include "ae-apps/demo/layout.h"

namespace gatehouse::demo {

/// One release of an ECU's software.
struct Release {
  std::string version;
  std::uint64_t counter = 1;
  bool self_test_passes = true;
  std::string notes = {};
  std::string requirement = {};    ///< "release=2026.11/3": only together with the others
  std::size_t data_lines = 3'000;  ///< of 64 digits: a download worth being cut
  std::string unavailable = {};    ///< for the user: what does not work meanwhile
};

/// A signed image as a file.
struct Image {
  Release release;
  std::string file;
  std::string sha256;  ///< of the file, hexadecimal; names it at the OTA server
  std::uint64_t bytes = 0;
};

/// The OEM's desk: all by gatehouse-oem, the key stays in the token. Errors: what the tool says.
class Desk {
 public:
  Desk(const Layout& layout, const Keys& keys) : layout_(layout), keys_(keys) {}

  /// A small program that says its version and does its self-test, made an image and signed.
  Result<Image> release(const EcuPlan& ecu, const Release& release);
  /// With the OEM's public key, the hardware id and the release counter, as an ECU would. Returns
  /// what the tool said.
  Result<std::string> verify(const EcuPlan& ecu, const Image& image);
  /// The Image repository tells of nothing yet, but of itself.
  Result<void> open_repository();
  /// Described in the Image repository, signed by two, published, and sent to the OTA server.
  Result<void> describe(const Image& image);
  /// PUT /images/<sha256> at the OTA server, as /id-in/Coem.
  Result<void> upload(const Image& image);

 private:
  Result<void> publish();
  Result<std::string> run(std::vector<std::string> arguments);

  const Layout& layout_;
  const Keys& keys_;
};

}  // namespace gatehouse::demo
