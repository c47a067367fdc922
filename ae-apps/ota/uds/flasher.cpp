#include "ae-apps/ota/uds/flasher.h"

#include <algorithm>
#include <thread>

namespace gatehouse::uds {
namespace {

using Kind = DiagnosticError::Kind;

tl::unexpected<DiagnosticError> failed(Kind kind, std::string text) {
  return tl::make_unexpected(DiagnosticError{kind, Nrc::kGeneralReject, std::move(text)});
}

/// Text of an identifier; what is not printable becomes '?', and padding falls away.
std::string printable(const Bytes& bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    if (byte == 0) break;
    out += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
  }
  return out;
}

/// The ECU has no such service: what would only have made the network quieter is left out.
bool is_unknown_there(const DiagnosticError& error) {
  return error.kind == Kind::kRefused &&
         (error.nrc == Nrc::kServiceNotSupported || error.nrc == Nrc::kSubfunctionNotSupported);
}

/// The first failure ends a sequence of steps.
#define GATEHOUSE_STEP(step)                                   \
  if (const auto done = (step); !done) {                       \
    return tl::make_unexpected(DiagnosticError(done.error())); \
  }

}  // namespace

Flasher::Flasher(Transport& transport, FlasherSettings settings, Client::Pause pause)
    : transport_(transport),
      settings_(std::move(settings)),
      pause_(std::move(pause)),
      client_(transport, settings_.client, pause_) {
  if (!pause_) pause_ = [](std::chrono::milliseconds span) { std::this_thread::sleep_for(span); };
}

Diagnosis<void> Flasher::connect() {
  if (transport_.connected()) return {};
  if (const auto connected = transport_.connect(); !connected) {
    return failed(Kind::kTransport, "connect: " + connected.error().detail);
  }
  return {};
}

Diagnosis<Inventory> Flasher::inventory() {
  GATEHOUSE_STEP(connect())
  Inventory out;
  const std::pair<Did, std::string*> fields[] = {{kDidVin, &out.vin},
                                                 {kDidSerial, &out.serial},
                                                 {kDidHardware, &out.hardware_id},
                                                 {kDidSoftwareVersion, &out.version},
                                                 {kDidSystemSoftwareVersion, &out.software}};
  for (const auto& [did, text] : fields) {
    const auto value = client_.read(did);
    if (!value) return tl::make_unexpected(value.error());
    *text = printable(*value);
  }
  return out;
}

Diagnosis<std::string> Flasher::version_report(ByteView nonce) {
  GATEHOUSE_STEP(connect())
  // A challenge is used up by the first look, so one that was lost needs its challenge again.
  Diagnosis<Bytes> report;
  for (unsigned again = 0; again <= settings_.client.request_repeats; ++again) {
    GATEHOUSE_STEP(client_.write(kDidChallenge, nonce))
    report = client_.read(kDidVersionReport);
    if (report || report.error().kind != Kind::kNoAnswer) break;
  }
  if (!report) return tl::make_unexpected(report.error());
  return std::string(gatehouse::text_of(*report));
}

Diagnosis<Bytes> Flasher::time_nonce() {
  GATEHOUSE_STEP(connect())
  return client_.read(kDidTimeNonce);
}

Diagnosis<std::string> Flasher::status() {
  GATEHOUSE_STEP(connect())
  const auto status = client_.read(kDidStatus);
  if (!status) return tl::make_unexpected(status.error());
  return std::string(gatehouse::text_of(*status));
}

Diagnosis<void> Flasher::prepare() {
  GATEHOUSE_STEP(client_.session(Session::kExtended))
  GATEHOUSE_STEP(client_.start_routine(kRoutinePreconditions))
  const auto quiet = client_.request(encode_subfunction(Sid::kControlDtcSetting, 2), "DTC setting");
  if (!quiet && !is_unknown_there(quiet.error())) return tl::make_unexpected(quiet.error());
  const auto silent = client_.request(encode_subfunction(Sid::kCommunicationControl, 3, Bytes{1}),
                                      "communication control");
  if (!silent && !is_unknown_there(silent.error())) return tl::make_unexpected(silent.error());
  GATEHOUSE_STEP(client_.session(Session::kProgramming))
  GATEHOUSE_STEP(gain_access())
  const auto fingerprint = view_of(settings_.fingerprint);
  GATEHOUSE_STEP(client_.write(kDidFingerprint,
                               fingerprint.first(std::min<std::size_t>(fingerprint.size(), 64))))
  return {};
}

/// By certificate or by seed and key; after somebody's wrong tries only once the delay is over.
Diagnosis<void> Flasher::gain_access() {
  constexpr std::chrono::seconds kWait{1};
  const auto& credential = settings_.credential;
  for (unsigned waits = 0;; ++waits) {
    auto access = credential ? client_.authenticate(credential->certificate_der, credential->key)
                             : client_.unlock(settings_.access_level, settings_.access_key);
    if (access) return access;
    const DiagnosticError& error = access.error();
    const bool delayed = error.kind == Kind::kRefused && error.nrc == Nrc::kTimeDelayNotExpired;
    if (!delayed || cancelled_ || waits >= settings_.max_unlock_waits) return access;
    pause_(kWait);
    // Keeps the session while we wait.
    GATEHOUSE_STEP(client_.request(encode_subfunction(Sid::kTesterPresent, 0), "tester present"))
  }
}

Diagnosis<void> Flasher::transfer_once(std::uint64_t image_bytes, const Source& source,
                                       const Progress& progress) {
  const auto block = client_.begin_download(image_bytes, 0, format_);
  if (!block) return tl::make_unexpected(block.error());
  for (std::uint64_t offset = 0; offset < image_bytes;) {
    if (cancelled_) return failed(Kind::kLocal, "cancelled");
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(*block, image_bytes - offset));
    const Result<Bytes> bytes = source(offset, wanted);
    if (!bytes) return failed(Kind::kLocal, "image: " + bytes.error().detail);
    if (bytes->empty() || bytes->size() > wanted) {
      return failed(Kind::kLocal, "image: not of the announced length");
    }
    GATEHOUSE_STEP(client_.transfer(*bytes))
    offset += bytes->size();
    if (progress) progress(offset, image_bytes);
  }
  return client_.end_download();
}

Diagnosis<void> Flasher::transfer_all(std::uint64_t image_bytes, const Source& source,
                                      const Progress& progress) {
  for (unsigned restarts = 0;; ++restarts) {
    auto done = transfer_once(image_bytes, source, progress);
    if (done) return done;
    const DiagnosticError& error = done.error();
    const bool again =
        error.kind == Kind::kRefused && advice_of(error.nrc) == Advice::kRestartTransfer;
    if (!again || restarts >= settings_.max_restarts) return done;
  }
}

Diagnosis<void> Flasher::send_metadata() {
  if (metadata_.empty()) return {};
  const auto block = client_.begin_download(metadata_.size(), kMetadataAddress);
  if (!block) return tl::make_unexpected(block.error());
  for (std::size_t offset = 0; offset < metadata_.size(); offset += *block) {
    const std::size_t bytes = std::min(*block, metadata_.size() - offset);
    GATEHOUSE_STEP(client_.transfer(ByteView(metadata_).subspan(offset, bytes)))
  }
  return client_.end_download();
}

Diagnosis<void> Flasher::program(std::uint64_t image_bytes, const Source& source,
                                 const Progress& progress, ByteView mac) {
  GATEHOUSE_STEP(prepare())
  GATEHOUSE_STEP(send_metadata())
  GATEHOUSE_STEP(client_.start_routine(kRoutineErase))
  GATEHOUSE_STEP(transfer_all(image_bytes, source, progress))
  GATEHOUSE_STEP(client_.start_routine(kRoutineCheckMemory, mac))
  GATEHOUSE_STEP(client_.start_routine(kRoutineMarkTry, hold_ ? Bytes{kHeldTrial} : Bytes{}))
  return {};
}

Diagnosis<void> Flasher::settle(RoutineId routine) {
  GATEHOUSE_STEP(connect())
  GATEHOUSE_STEP(client_.session(Session::kExtended))
  GATEHOUSE_STEP(client_.session(Session::kProgramming))
  GATEHOUSE_STEP(gain_access())
  const Bytes record = routine == kRoutineMarkTry ? Bytes{kHeldTrial} : Bytes{};
  const auto done = client_.start_routine(routine, record);
  if (transport_.connected()) (void)client_.session(Session::kDefault);
  if (!done) return tl::make_unexpected(done.error());
  return {};
}

Diagnosis<void> Flasher::flash(std::uint64_t image_bytes, const Source& source,
                               const Progress& progress, ByteView mac) {
  cancelled_ = false;
  GATEHOUSE_STEP(connect())
  auto outcome = program(image_bytes, source, progress, mac);
  for (unsigned again = 0; !outcome && again < settings_.max_reentries; ++again) {
    const DiagnosticError& error = outcome.error();
    const Advice advice = error.kind == Kind::kRefused ? advice_of(error.nrc) : Advice::kStop;
    if (advice != Advice::kUnlock && advice != Advice::kChangeSession) break;
    outcome = program(image_bytes, source, progress, mac);  // from the session on
  }
  // The ECU back to normal; what went wrong before is what counts.
  if (!outcome && transport_.connected()) (void)client_.session(Session::kDefault);
  return outcome;
}

/// One more reset would end a trial that is held: it is ordered again only if the session in which
/// it was ordered goes on, since then it never came.
Diagnosis<void> Flasher::order_reset() {
  for (unsigned again = 0;; ++again) {
    auto ordered = client_.reset();
    if (ordered || ordered.error().kind != Kind::kNoAnswer) return ordered;
    const auto session = client_.read(kDidActiveSession);
    const bool lost = session && *session == Bytes{static_cast<std::uint8_t>(Session::kExtended)};
    if (!lost) return {};  // it boots; whether it comes back is seen
    if (again >= settings_.client.request_repeats) return ordered;
  }
}

Diagnosis<void> Flasher::reset_and_wait(std::chrono::milliseconds limit) {
  GATEHOUSE_STEP(connect())
  GATEHOUSE_STEP(client_.session(Session::kExtended))
  GATEHOUSE_STEP(gain_access())
  GATEHOUSE_STEP(order_reset())
  transport_.disconnect();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  // What is asked while it boots may be lost: asked again soon, however patient we are otherwise.
  ClientSettings asking = settings_.client;
  asking.p2 = std::min(asking.p2, settings_.probe_limit);
  asking.request_repeats = 0;  // by us
  Client probe(transport_, asking, pause_);
  for (;;) {
    const auto connected = transport_.connect();
    // An ECU that takes connections is not yet one that answers.
    if (connected && probe.read(kDidSoftwareVersion)) return {};
    if (std::chrono::steady_clock::now() >= deadline) {
      return failed(Kind::kNoAnswer, "the ECU did not come back after its reset");
    }
    transport_.disconnect();
    pause_(settings_.reconnect_pause);
  }
}

}  // namespace gatehouse::uds
