#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "ae-apps/ota/clock/secure_clock.h"
#include "ae-apps/ota/gateway/member.h"
#include "ae-apps/ota/uds/flasher.h"

namespace gatehouse::gateway {

/// The gateway's way to one ECU behind UDS: each function is one DoIP or ISO-TP connection.
class EcuLink final : public Member {
 public:
  using MakeTransport = std::function<std::unique_ptr<uds::Transport>(const EcuEntry&)>;
  /// The settings outlive it. An empty `make`: over the network. `ask_time`: the time server's
  /// answer to an ECU's own nonce, which goes to it with the metadata; empty: there is none.
  EcuLink(const GatewaySettings& settings, const EcuEntry& entry, MakeTransport make = {},
          ota::SecureClock::Ask ask_time = {});

  const EcuEntry& entry() const override { return entry_; }
  Result<EcuFacts> look() override;
  Result<EcuReport> report(ByteView nonce) override;
  Result<void> flash(const std::filesystem::path& image, const image::Header& header,
                     const crypto::Sha256Digest& payload_sha256, const std::string& director,
                     const Progress& progress) override;
  Result<void> restart() override;
  Result<EcuStand> stand() override;
  Result<void> flash_held(const std::filesystem::path& image, const image::Header& header,
                          const crypto::Sha256Digest& payload_sha256, const std::string& director,
                          const Progress& progress) override;
  Result<void> settle(Word word) override;
  Result<void> reset() override;
  bool has_way_back(const std::string& runs) const override;
  Result<void> go_back() override;
  Result<void> adopt(const std::filesystem::path& image) override;
  bool goes_back_to(const std::string& payload_sha256) const override;
  void cancel() override;
  bool idle() override;

 private:
  class Talk;
  image::Mac mac() const;
  uds::Diagnosis<void> write(Talk& talk, const std::filesystem::path& image,
                             const image::Header& header,
                             const crypto::Sha256Digest& payload_sha256,
                             const std::string& director, const Progress& progress);
  std::string with_time(Talk& talk, const std::string& director) const;
  std::filesystem::path copy_file() const;
  std::filesystem::path way_back() const;
  std::string why_no_way_back(Talk& talk) const;
  std::string give_back(Talk& talk);
  std::string refusal_text(uds::Flasher& flasher, const uds::DiagnosticError& error);

  const GatewaySettings& settings_;
  const EcuEntry& entry_;
  const MakeTransport make_;
  const ota::SecureClock::Ask ask_time_;
  std::mutex mutex_;         ///< held while one talks to the ECU
  std::mutex talker_mutex_;  ///< of the pointer below
  uds::Flasher* talker_ = nullptr;
};

}  // namespace gatehouse::gateway
