#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "ae-apps/ota/uds/client.h"

namespace gatehouse::uds {

/// What an ECU says about itself.
struct Inventory {
  std::string vin;          ///< F190
  std::string serial;       ///< F18C
  std::string hardware_id;  ///< F191
  std::string version;      ///< F189; "none": the ECU stays in its boot loader
  std::string software;     ///< F195, name of the software
};

/// With what a tester proves who it is (29).
struct TesterCredential {
  Bytes certificate_der;
  crypto::SigningKey key;
};

struct FlasherSettings {
  ClientSettings client;
  std::optional<TesterCredential> credential;  ///< then 29 in place of 27
  Bytes access_key;                            ///< shared with the ECU, for security access
  std::uint8_t access_level = 0x11;
  std::string fingerprint = "gatehouse";  ///< who programs: F184, at most 64 characters
  unsigned max_reentries = 1;             ///< of all, if the ECU has left its session meanwhile
  unsigned max_unlock_waits = 30;         ///< of a second, while 27 or 29 has to wait (NRC 0x37)
  unsigned max_restarts = 2;              ///< of a transfer that the ECU suspended, from 34 on
  std::chrono::milliseconds reconnect_pause{50};
  std::chrono::milliseconds probe_limit{1000};  ///< for an answer of an ECU that may still boot
};

/// Updates one ECU by the usual sequence of an OEM. Threading: one thread at a time; cancel() from
/// any.
class Flasher {
 public:
  /// Up to `max_bytes` of the image from `offset` on; empty means that there is no more.
  using Source = std::function<Result<Bytes>(std::uint64_t offset, std::size_t max_bytes)>;
  /// After each block.
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

  Flasher(Transport& transport, FlasherSettings settings, Client::Pause pause = {});

  Diagnosis<Inventory> inventory();
  /// A signed report (see image/version_report.h) over this challenge of 16 to 32 bytes.
  Diagnosis<std::string> version_report(ByteView nonce);
  /// What the time has to be attested over that goes to the ECU with the metadata. Refused by an
  /// ECU that believes no time server.
  Diagnosis<Bytes> time_nonce();
  /// Slot, counters and last error, as JSON.
  Diagnosis<std::string> status();
  /// Writes the image into the inactive slot, has the ECU verify it, and marks it for a trial at
  /// the next reset. `mac`: of the gateway, for an ECU that cannot verify signatures; empty else.
  /// After a failure the ECU runs on as before.
  Diagnosis<void> flash(std::uint64_t image_bytes, const Source& source, const Progress& progress,
                        ByteView mac = {});
  /// What an ECU verifies by itself before it believes the next image: sent before each flash()
  /// from now on. Empty: nothing.
  void set_metadata(Bytes metadata) { metadata_ = std::move(metadata); }
  /// How the next images are coded: the data format of 34. The ECU decodes them.
  void set_format(std::uint8_t format) { format_ = format; }
  /// From now on flash() marks what it wrote for a trial that is held: one boot, then back, until
  /// settle(kRoutineConfirm) makes it stay.
  void hold_trials() { hold_ = true; }
  /// A word about a trial that is held, to an unlocked ECU: kRoutineConfirm, kRoutineDiscard, or
  /// kRoutineMarkTry, which tries it once more at the next reset.
  Diagnosis<void> settle(RoutineId routine);
  /// Resets and connects again. kNoAnswer if the ECU is not back within the limit.
  Diagnosis<void> reset_and_wait(std::chrono::milliseconds limit);
  /// Makes flash() give up before its next block.
  void cancel() { cancelled_ = true; }

  Client& client() { return client_; }

 private:
  Diagnosis<void> connect();
  Diagnosis<void> prepare();
  Diagnosis<void> send_metadata();
  Diagnosis<void> gain_access();
  Diagnosis<void> order_reset();
  Diagnosis<void> transfer_all(std::uint64_t image_bytes, const Source& source,
                               const Progress& progress);
  Diagnosis<void> transfer_once(std::uint64_t image_bytes, const Source& source,
                                const Progress& progress);
  Diagnosis<void> program(std::uint64_t image_bytes, const Source& source, const Progress& progress,
                          ByteView mac);

  Transport& transport_;
  FlasherSettings settings_;
  Client::Pause pause_;
  Client client_;
  Bytes metadata_;
  std::uint8_t format_ = 0;
  bool hold_ = false;
  std::atomic<bool> cancelled_{false};
};

}  // namespace gatehouse::uds
