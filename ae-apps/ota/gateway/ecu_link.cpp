#include "ae-apps/ota/gateway/ecu_link.h"

#include <fstream>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/image_delivery.h"
#include "ae-apps/ota/isotp/client.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

using Kind = uds::DiagnosticError::Kind;

/// The attack indicator of a refusal: the ECU does not believe this tester, or somebody has tried
/// keys on it.
constexpr std::string_view kAccessRefused = "access-refused";

Error error_of(const uds::DiagnosticError& error) {
  switch (error.kind) {
    case Kind::kNoAnswer:
    case Kind::kTransport:
      return {Rsc::kTargetNotReachable, "the ECU does not answer (" + error.text + ")"};
    case Kind::kRefused:
    case Kind::kMalformed:
      return {Rsc::kNotAcceptable, "the ECU refused (" + error.text + ")"};
    case Kind::kLocal:
      break;
  }
  return {Rsc::kRequestTimeout, error.text};
}

/// What a refusal to be written calls for. Source: ISO 14229-1 annex A, by uds::advice_of().
Error refusal_of(const uds::DiagnosticError& error, std::string text) {
  const auto advice = error.kind == Kind::kRefused ? uds::advice_of(error.nrc) : uds::Advice::kStop;
  // Busy is asked a few times already: somebody else has the ECU.
  if (advice == uds::Advice::kDefer || advice == uds::Advice::kRepeat) {
    return {Rsc::kConflict, std::move(text)};
  }
  if (advice == uds::Advice::kReportAttack) text = std::string(kAccessRefused) + ": " + text;
  return {error_of(error).rsc, std::move(text)};
}

/// Bytes of a file from anywhere.
uds::Flasher::Source source_of(std::ifstream& file) {
  return [&file](std::uint64_t offset, std::size_t max_bytes) -> Result<Bytes> {
    Bytes out(max_bytes);
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(max_bytes));
    if (file.bad()) return fail(Rsc::kInternalServerError, "cannot be read");
    out.resize(static_cast<std::size_t>(file.gcount()));
    return out;
  };
}

}  // namespace

/// One connection: flasher and transport for as long as a function runs.
class EcuLink::Talk {
 public:
  explicit Talk(EcuLink& link)
      : link_(link),
        busy_(link.mutex_),
        transport_(make_transport(link)),
        flasher(*transport_, flasher_settings(link)) {
    const std::lock_guard lock(link_.talker_mutex_);
    link_.talker_ = &flasher;
  }
  ~Talk() {
    const std::lock_guard lock(link_.talker_mutex_);
    link_.talker_ = nullptr;
  }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

 private:
  static std::unique_ptr<uds::Transport> make_transport(const EcuLink& link) {
    if (link.make_) return link.make_(link.entry_);
    if (link.entry_.can) {
      return std::make_unique<isotp::Client>(
          isotp::ClientSettings{isotp::tester_side(*link.entry_.can)});
    }
    doip::ClientSettings out;
    out.address = link.entry_.host;
    out.port = link.entry_.port;
    out.ecu = link.entry_.logical_address;
    out.connect_limit = link.entry_.doip.connect;
    out.activation_limit = link.entry_.doip.activation;
    out.ack_limit = link.entry_.doip.ack;
    if (link.entry_.tls) out.tls = link.settings_.doip_tls;
    return std::make_unique<doip::Client>(out);
  }
  static uds::FlasherSettings flasher_settings(const EcuLink& link) {
    uds::FlasherSettings out;
    out.client = link.settings_.uds;
    out.access_key = link.entry_.access_key;
    if (link.entry_.by_certificate) out.credential = link.settings_.credential;
    return out;
  }

  EcuLink& link_;
  std::lock_guard<std::mutex> busy_;
  std::unique_ptr<uds::Transport> transport_;

 public:
  uds::Flasher flasher;
};

EcuLink::EcuLink(const GatewaySettings& settings, const EcuEntry& entry, MakeTransport make,
                 ota::SecureClock::Ask ask_time)
    : settings_(settings), entry_(entry), make_(std::move(make)), ask_time_(std::move(ask_time)) {}

image::Mac EcuLink::mac() const {
  if (entry_.mac) return entry_.mac;
  return [this](ByteView message) -> Result<Bytes> {
    const auto made = crypto::hmac_sha256(entry_.shared_key, message);
    return Bytes(made.begin(), made.end());
  };
}

Result<EcuFacts> EcuLink::look() {
  Talk talk(*this);
  const auto inventory = talk.flasher.inventory();
  if (!inventory) return fail(error_of(inventory.error()));
  const auto status = talk.flasher.status();
  if (!status) return fail(error_of(status.error()));
  EcuFacts said;
  said.vin = inventory->vin;
  said.serial = inventory->serial;
  said.hardware_id = inventory->hardware_id;
  said.software = inventory->software;
  said.version = inventory->version;
  return facts_of(entry_, std::move(said), *status);
}

Result<EcuReport> EcuLink::report(ByteView nonce) {
  Result<image::SignedReport> report = [&]() -> Result<image::SignedReport> {
    Talk talk(*this);
    const auto text = talk.flasher.version_report(nonce);
    if (!text) return fail(error_of(text.error()));
    return image::decode_report(*text);
  }();
  if (!report) return fail(report.error());
  if (entry_.level == EcuLevel::kFull) return report_of_full(entry_, *report, nonce);
  const auto content = image::verify_report_mac(*report, mac(), nonce);
  if (!content) return fail(content.error());
  report = image::sign_report(*content, *settings_.report_key);
  if (!report) return fail(report.error());
  return entry_for_server(entry_, *report, nonce);
}

/// The code of the refusal, and the ECU's own words if it has any.
std::string EcuLink::refusal_text(uds::Flasher& flasher, const uds::DiagnosticError& error) {
  std::string text = error_of(error).detail;
  if (error.kind != Kind::kRefused) return text;
  const auto status = flasher.status();
  const Result<Value> tree = status ? parse_json(*status) : Result<Value>(Value());
  const std::string own = tree ? tree->string_at("last_error") : std::string();
  return own.empty() ? text : text + "; it says: " + own;
}

/// With the time attested to this ECU, if it wants that.
std::string EcuLink::with_time(Talk& talk, const std::string& director) const {
  if (!ask_time_) return director;
  const auto nonce = talk.flasher.time_nonce();
  return with_attested_time(director, nonce ? to_hex(*nonce) : "", ask_time_);
}

uds::Diagnosis<void> EcuLink::write(Talk& talk, const std::filesystem::path& image,
                                    const image::Header& header,
                                    const crypto::Sha256Digest& payload_sha256,
                                    const std::string& director, const Progress& progress) {
  std::ifstream file(image, std::ios::binary);
  Bytes mac;
  if (entry_.level == EcuLevel::kConstrained) {
    Result<Bytes> made =
        this->mac()(image::gateway_mac_message(header.manifest_json, payload_sha256));
    if (!made) {
      return tl::unexpected(uds::DiagnosticError{Kind::kLocal, {}, made.error().detail});
    }
    mac = *std::move(made);
  }
  if (entry_.level == EcuLevel::kFull && entry_.verifies) {
    talk.flasher.set_metadata(bytes_of(with_time(talk, director)));
  }
  // A coded image (encrypted for the ECU) goes on as it is.
  const bool coded = is_coded_file(image);
  std::error_code error;
  const std::uint64_t bytes = coded ? std::filesystem::file_size(image, error)
                                    : header.header_bytes + header.manifest.payload_bytes;
  talk.flasher.set_format(coded ? uds::kCodedFormat : 0);
  return talk.flasher.flash(bytes, source_of(file), progress, mac);
}

Result<void> EcuLink::flash(const std::filesystem::path& image, const image::Header& header,
                            const crypto::Sha256Digest& payload_sha256, const std::string& director,
                            const Progress& progress) {
  if (!std::ifstream(image, std::ios::binary)) {
    return fail(Rsc::kInternalServerError, "the image is gone from the disk");
  }
  std::error_code error;
  Talk talk(*this);
  if (const std::string why = entry_.slots == 1 ? why_no_way_back(talk) : ""; !why.empty()) {
    return fail(Rsc::kNotAcceptable, "the ECU has one slot, and " + why);
  }
  const auto done = write(talk, image, header, payload_sha256, director, progress);
  if (done) return {};
  const std::string text = refusal_text(talk.flasher, done.error());
  const Error refusal = refusal_of(done.error(), text);
  if (entry_.slots != 1) return fail(refusal);
  // Refused before anything was erased, it runs on, and would refuse its old image just as well.
  const bool later = refusal.rsc == Rsc::kConflict;
  const auto runs = later ? talk.flasher.inventory() : uds::Diagnosis<uds::Inventory>();
  const bool untouched = later && runs && runs->version != "none";
  return fail(refusal.rsc, refusal.detail + (untouched ? "" : give_back(talk)));
}

Result<void> EcuLink::restart() {
  Talk talk(*this);
  const auto done = talk.flasher.reset_and_wait(settings_.reset_limit);
  if (!done) return fail(error_of(done.error()));
  if (entry_.slots != 1) return {};
  const auto runs = talk.flasher.inventory();
  if (!runs) return fail(error_of(runs.error()));
  if (runs->version != "none") return {};
  const auto status = talk.flasher.status();
  const Result<Value> tree = status ? parse_json(*status) : Result<Value>(Value());
  const std::string why = tree ? tree->string_at("last_error") : std::string();
  return fail(Rsc::kNotAcceptable, "the new image does not run (" + why + ")" + give_back(talk));
}

// --- held until all are decided ----------------------------------------------------------------

Result<EcuStand> EcuLink::stand() {
  const Result<EcuReport> report = this->report(crypto::SystemRandom().bytes(16));
  if (!report) return fail(report.error());
  Talk talk(*this);
  const auto status = talk.flasher.status();
  if (!status) return fail(error_of(status.error()));
  return stand_of(*report, *status);
}

Result<void> EcuLink::flash_held(const std::filesystem::path& image, const image::Header& header,
                                 const crypto::Sha256Digest& payload_sha256,
                                 const std::string& director, const Progress& progress) {
  if (!std::ifstream(image, std::ios::binary)) {
    return fail(Rsc::kInternalServerError, "the image is gone from the disk");
  }
  Talk talk(*this);
  talk.flasher.hold_trials();
  const auto done = write(talk, image, header, payload_sha256, director, progress);
  if (done) return {};
  return fail(refusal_of(done.error(), refusal_text(talk.flasher, done.error())));
}

Result<void> EcuLink::settle(Word word) {
  static constexpr uds::RoutineId kRoutines[] = {uds::kRoutineMarkTry, uds::kRoutineConfirm,
                                                 uds::kRoutineDiscard};
  Talk talk(*this);
  const auto done = talk.flasher.settle(kRoutines[static_cast<std::size_t>(word)]);
  if (!done) return fail(error_of(done.error()));
  return {};
}

Result<void> EcuLink::reset() {
  Talk talk(*this);
  const auto done = talk.flasher.reset_and_wait(settings_.reset_limit);
  if (!done) return fail(error_of(done.error()));
  return {};
}

bool EcuLink::has_way_back(const std::string& runs) const {
  const auto header = header_of_file(way_back());
  return header && to_hex(header->manifest.payload_sha256) == runs;
}

/// Somebody else may have written to it since its copy was made; it would refuse that copy, being
/// older, and nothing would run. Empty: it runs its copy's version, or nothing.
std::string EcuLink::why_no_way_back(Talk& talk) const {
  const auto header = header_of_file(way_back());
  if (!header) return "there is no copy of its image to go back to";
  const auto runs = talk.flasher.inventory();
  if (!runs || runs->version == "none" || runs->version == header->manifest.version) return {};
  return "it runs " + runs->version + ", but the copy to go back to is of " +
         header->manifest.version;
}

Result<void> EcuLink::go_back() {
  Talk talk(*this);
  const std::string how = give_back(talk);
  if (how.find("got its old image back") != std::string::npos) return {};
  return fail(Rsc::kTargetNotReachable, how.substr(2));
}

Result<void> EcuLink::adopt(const std::filesystem::path& image) {
  if (entry_.slots != 1) return {};
  return ota::replace_with_copy(copy_file(), image);
}

bool EcuLink::goes_back_to(const std::string& payload_sha256) const {
  const auto header = header_of_file(copy_file());
  return header && to_hex(header->manifest.payload_sha256) == payload_sha256;
}

// --- the way back of an ECU with one slot ------------------------------------------------------

/// The image that runs.
std::filesystem::path EcuLink::copy_file() const {
  return std::filesystem::path(settings_.state_dir) / "installed" / (entry_.serial + ".ghfw");
}

/// The factory's image, before the first update.
std::filesystem::path EcuLink::way_back() const {
  std::error_code error;
  const std::filesystem::path copy = copy_file();
  if (std::filesystem::exists(copy, error) || entry_.factory_image.empty()) return copy;
  return entry_.factory_image;
}

/// Flashes the old image again. What came of it, for the end of a sentence.
std::string EcuLink::give_back(Talk& talk) {
  const std::filesystem::path copy = way_back();
  const auto header = header_of_file(copy);
  if (!header) return "; the copy of its old image cannot be read";
  auto done = write(talk, copy, *header, header->manifest.payload_sha256, {}, {});
  if (done) done = talk.flasher.reset_and_wait(settings_.reset_limit);
  if (!done) return "; its old image could not be given back (" + done.error().text + ")";
  return "; it got its old image back (" + header->manifest.version + ")";
}

void EcuLink::cancel() {
  const std::lock_guard lock(talker_mutex_);
  if (talker_ != nullptr) talker_->cancel();
}

bool EcuLink::idle() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock.owns_lock();
}

}  // namespace gatehouse::gateway
