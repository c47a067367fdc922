#include "ae-apps/demo/attacks.h"

#include <algorithm>
#include <fstream>
#include <future>
#include <iterator>

#include "ae-apps/demo/keys.h"
#include "ae-apps/demo/process.h"
#include "ae-apps/demo/tls_check.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "ae-apps/ota/uds/flasher.h"
#include "bindings/http/client.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kSoon{20'000};
constexpr Milliseconds kToolLimit{30'000};
constexpr std::size_t kMaxImageBytes = 4u << 20;

std::string fresh_nonce() { return to_hex(crypto::SystemRandom().bytes(32)); }

tl::unexpected<Error> not_refused(const std::string& what) {
  return fail(Rsc::kNotAcceptable, what + " was not refused");
}

/// Puts other words into a file; false if they are not there.
bool replace_in(const fs::path& file, const std::string& what, const std::string& by) {
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t at = text.find(what);
  if (at == std::string::npos) return false;
  text.replace(at, what.size(), by);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  return true;
}

}  // namespace

const std::vector<Attacks::Row>& Attacks::rows() {
  static const std::vector<Row> kRows = {
      {"nothing", "listen and ask without a certificate", "certificate required",
       &Attacks::connect_without_certificate},
      {"the desk's certificate", "read what the Director orders for a vehicle", "403",
       &Attacks::read_other_orders},
      {"the desk's certificate", "upload an image signed by a key of one's own", "unknown-key",
       &Attacks::upload_foreign_image},
      {"the desk's certificate", "alter the Image repository's metadata", "422",
       &Attacks::send_altered_metadata},
      {"the administrator's certificate", "order an update in the server's place", "4103",
       &Attacks::order_as_administrator},
      {"the administrator's certificate", "ask ECUs in the server's place", "4103",
       &Attacks::ask_as_administrator},
      {"the OTA server's certificate", "order an image without the Director's keys", "unknown-ecu",
       &Attacks::order_what_nobody_signed},
      {"the OTA server's certificate", "order an image from another place",
       "not at the known server", &Attacks::order_from_elsewhere},
      {"the OTA server's certificate", "replay an order", "used before", &Attacks::replay_an_order},
      {"the gateway's certificate", "report an update that never was", "the manifest",
       &Attacks::forge_a_report},
      {"an ECU's access key", "flash an image of the OEM that is not ordered", "image-",
       &Attacks::flash_by_the_access_key},
      {"the support software's certificate", "order a field node in the gateway's place", "4103",
       &Attacks::order_a_node_as_another_ae},
      {"the gateway's certificate", "have a field node install an older image of the OEM",
       "older than the software", &Attacks::order_a_node_in_the_gateways_place},
  };
  return kRows;
}

Result<void> Attacks::mount() {
  screen_.chapter("", "Attacks, by thieves of certificates and keys");
  Table table{{"attack", "the thief has", "refused by", "in the words"}, {}};
  for (const Row& row : rows()) {
    where_ = std::string("the attack: ") + row.what;
    mark_ = car_.feed().size();
    const Result<Refused> refused = (this->*row.attack)();
    if (!refused) return fail(refused.error());
    if (refused->words.find(row.expected) == std::string::npos) {
      return fail(Rsc::kNotAcceptable, "refused for another reason: " + refused->words);
    }
    table.rows.push_back({row.what, row.thief, refused->by, shortened(refused->words, 76)});
  }
  screen_.table(table);
  screen_.text(screen_.mark() + " " + std::to_string(rows().size()) + " attacks, all refused");
  return {};
}

std::string Attacks::firmware_of(const EcuPlan& ecu) const {
  return "/id-mn/cse-mn/ecu-" + ecu.serial + "/firmware";
}

/// The reason of the first such event since the attack began that has this part in it.
Result<std::string> Attacks::refusal_of(const std::string& source, const std::string& event,
                                        const std::string& part) {
  std::string reason;
  const auto look = [&] {
    for (const StepEvent& each : car_.feed().events_since(mark_)) {
      if (each.source != source || each.at("event") != event) continue;
      reason = each.at("reason");
      if (reason.find(part) != std::string::npos) return true;
    }
    return false;
  };
  if (auto done = crew_.wait_until("the " + source + " refuses", kSoon, look); !done) {
    return fail(done.error());
  }
  return reason;
}

Result<Attacks::Refused> Attacks::refused_by_tool(std::vector<std::string> words) {
  words.insert(words.begin(), car_.layout().program("gatehouse-oem"));
  words.insert(words.end(),
               {"--server", car_.layout().images_url(), "--cert", car_.layout().certificate("desk"),
                "--cert-key", car_.layout().key("desk"), "--ca", car_.layout().authority()});
  const auto log = car_.layout().log("attacks.log");
  const auto said = run_to_end({"gatehouse-oem", std::move(words), {}, log, log}, kToolLimit);
  if (said) return not_refused(where_);
  const std::string& text = said.error().detail;
  const std::size_t at = text.find("the server refused");
  return Refused{"OTA server", at == std::string::npos ? text : text.substr(at)};
}

// --- at the server ---------------------------------------------------------------------------

Result<Attacks::Refused> Attacks::connect_without_certificate() {
  const auto handshake = shake_hands(car_.layout(), car_.layout().images_port, "");
  if (!handshake) return fail(handshake.error());
  if (handshake->accepted) return not_refused(where_);
  return Refused{"OTA server", "TLS alert: " + handshake->alert};
}

Result<Attacks::Refused> Attacks::read_other_orders() {
  const Layout& layout = car_.layout();
  const Codecs codecs = standard_codecs();
  http::ClientSettings settings;
  settings.tls = TlsSettings{};
  settings.tls->certificate_file = layout.certificate("desk");
  settings.tls->key_file = layout.key("desk");
  settings.tls->ca_file = layout.authority();
  http::Client client(settings, codecs);
  std::promise<Result<http::Fetched>> fetched;
  client.fetch_range(layout.images_url() + "/uptane/director/id-mn/timestamp.json", 0, 1023, "",
                     [&](Result<http::Fetched> answer) { fetched.set_value(std::move(answer)); });
  const Result<http::Fetched> answer = fetched.get_future().get();
  if (answer) return not_refused(where_);
  return Refused{"OTA server", answer.error().detail};
}

Result<Attacks::Refused> Attacks::upload_foreign_image() {
  const Layout& layout = car_.layout();
  const std::string stem = layout.file("desk/foreign");
  std::ofstream(stem + ".bin") << "#!/bin/sh\necho 'version 9.9.9'\n";
  const auto log = layout.log("attacks.log");
  const std::vector<std::vector<std::string>> steps = {
      {"make", "--payload", stem + ".bin", "--name", window().software, "--version", "9.9.9",
       "--release-counter", "99", "--hardware-id", window().hardware_id, "--out", stem + ".draft"},
      {"sign", stem + ".draft", "--key", repository_key_file(layout, "root-1"), "--out",
       stem + ".ghfw"}};
  for (auto words : steps) {
    words.insert(words.begin(), layout.program("gatehouse-oem"));
    const auto done = run_to_end({"gatehouse-oem", std::move(words), {}, log, log}, kToolLimit);
    if (!done) return fail(done.error());
  }
  return refused_by_tool({"upload", stem + ".ghfw"});
}

Result<Attacks::Refused> Attacks::send_altered_metadata() {
  const fs::path copy = car_.layout().file("desk/altered");
  std::error_code error;
  fs::copy(car_.layout().images_repository(), copy, fs::copy_options::recursive, error);
  if (error) return fail(Rsc::kInternalServerError, "the repository cannot be copied");
  bool altered = false;
  for (const auto& file : fs::directory_iterator(copy / "metadata", error)) {
    if (!file.path().filename().string().ends_with(".targets.json")) continue;
    altered = replace_in(file.path(), "\"targets\":{", "\"targets\": {") || altered;
  }
  if (!altered) return fail(Rsc::kInternalServerError, "there is no metadata to alter");
  return refused_by_tool({"repo", "send", copy.string()});
}

// --- at the CSEs and the gateway -------------------------------------------------------------

Answer Attacks::order(CseClient& by, const std::string& url, const std::string& nonce) {
  Request request;
  request.operation = Operation::kUpdate;
  request.to = firmware_of(window());
  request.content =
      Value::object({{"m2m:fwr", Value::object({{"url", url},
                                                {"vr", "9.9.9"},
                                                {"fwn", window().software},
                                                {"ud", true},
                                                {"lbl", Value::array({"nonce:" + nonce})}})}});
  return by.ask(std::move(request));
}

Result<Attacks::Refused> Attacks::order_as_administrator() {
  const Answer answer = order(car_.in(), car_.layout().images_url() + "/images/any", fresh_nonce());
  if (is_success(answer.rsc)) return not_refused(where_);
  return Refused{"MN-CSE", answer.code() + " " + answer.reason};
}

Result<Attacks::Refused> Attacks::ask_as_administrator() {
  const Answer answer =
      car_.in().push("/id-mn/cse-mn/ota-gateway/inquiries",
                     Value::object({{"inquiry", "mine"}, {"nonce", fresh_nonce()}}));
  if (is_success(answer.rsc)) return not_refused(where_);
  return Refused{"MN-CSE", answer.code() + " " + answer.reason};
}

/// Who has the server's certificate gets past every access rule; what he orders is another matter.
Result<Attacks::Refused> Attacks::order_by_thief(const std::string& url, const std::string& nonce) {
  const Layout& layout = car_.layout();
  CseClient thief({layout.in_url(), layout.certificate("server"), layout.key("server"),
                   layout.authority(), "CotaServer"});
  const Answer answer = order(thief, url, nonce);
  if (!is_success(answer.rsc)) {
    return fail(answer.rsc, "the order did not get through: " + answer.reason);
  }
  const auto reason = refusal_of("gateway", "refused");
  if (!reason) return fail(reason.error());
  // Also reported: until then the next order would be one beside an update that is under way.
  const auto closed = [this] {
    const auto events = car_.feed().events_since(mark_);
    return std::ranges::any_of(events,
                               [](const StepEvent& each) {
                                 return each.source == "gateway" &&
                                        each.at("event") == "refusal-reported";
                               }) &&
           !car_.in().retrieve(firmware_of(window())).content.bool_at("ud", true);
  };
  if (auto done = crew_.wait_until("the gateway closes the order", kSoon, closed); !done) {
    return fail(done.error());
  }
  return Refused{"gateway", *reason};
}

Result<Attacks::Refused> Attacks::order_what_nobody_signed() {
  return order_by_thief(car_.layout().images_url() + "/images/any", fresh_nonce());
}

Result<Attacks::Refused> Attacks::order_from_elsewhere() {
  return order_by_thief("https://127.0.0.1:1/images/any", fresh_nonce());
}

Result<Attacks::Refused> Attacks::replay_an_order() {
  const Answer firmware = car_.in().retrieve(firmware_of(window()));
  for (const std::string& label : firmware.content.strings_at("lbl")) {
    if (!label.starts_with("nonce:")) continue;
    return order_by_thief(car_.layout().images_url() + "/images/any", label.substr(6));
  }
  return fail(Rsc::kNotFound, "there is no order to replay");
}

Result<Attacks::Refused> Attacks::forge_a_report() {
  const Layout& layout = car_.layout();
  CseClient thief({layout.mn_url(), layout.certificate("gateway"), layout.key("gateway"),
                   layout.authority(), "CotaGateway"});
  const Answer answer =
      thief.push("/id-in/cse-in/ota-server/reports", Value::object({{"inquiry", fresh_nonce()},
                                                                    {"vehicle", "/id-mn"},
                                                                    {"purpose", "completion"},
                                                                    {"reports", Value::array()}}));
  if (!is_success(answer.rsc)) {
    return fail(answer.rsc, "the report did not get through: " + answer.reason);
  }
  const auto reason = refusal_of("server", "report-rejected", "the manifest");
  if (!reason) return fail(reason.error());
  return Refused{"OTA server", *reason};
}

// --- at the ECU ------------------------------------------------------------------------------

/// Rightly signed by the OEM, newer than nothing, and with the access key: but nobody ordered it.
Result<Attacks::Refused> Attacks::flash_by_the_access_key() {
  const Layout& layout = car_.layout();
  const auto image =
      crypto::read_file(layout.file("desk/" + brake().software + "-1.4.0.ghfw"), kMaxImageBytes);
  if (!image) return fail(image.error());
  const auto key = crypto::load_secret(access_key_file(layout, brake()));
  if (!key) return fail(key.error());
  doip::ClientSettings wire;
  wire.port = brake().port;
  wire.ecu = static_cast<doip::Address>(std::stoi(brake().logical_address, nullptr, 16));
  doip::Client transport(wire);
  uds::FlasherSettings settings;
  settings.access_key = *key;
  uds::Flasher flasher(transport, settings);
  const auto source = [&](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
    const ByteView part =
        ByteView(*image).subspan(offset, std::min<std::size_t>(max, image->size() - offset));
    return Bytes(part.begin(), part.end());
  };
  if (flasher.flash(image->size(), source, {})) return not_refused(where_);
  const auto status = flasher.status();
  if (!status) return fail(Rsc::kTargetNotReachable, status.error().text);
  const auto tree = parse_json(*status, {.max_bytes = 16 * 1024, .max_depth = 4});
  if (!tree) return fail(tree.error());
  return Refused{"ECU " + brake().software, tree->string_at("last_error")};
}

// --- at a field node ---------------------------------------------------------------------------

const EcuPlan& Attacks::pump() const {
  const auto& all = car_.layout().ecus;
  return *std::find_if(all.begin(), all.end(), [](const EcuPlan& e) { return e.cse == "asn"; });
}

Result<Attacks::Refused> Attacks::order_a_node_as_another_ae() {
  const Layout& layout = car_.layout();
  CseClient thief({layout.mn_url(), layout.certificate("support"), layout.key("support"),
                   layout.authority(), "Csupport"});
  const Answer answer = thief.push(pump().ae_address() + "/orders",
                                   Value::object({{"order", fresh_nonce()}, {"do", "reset"}}));
  if (is_success(answer.rsc)) return not_refused(where_);
  return Refused{"ASN-CSE", answer.code() + " " + answer.reason};
}

/// Who has the gateway's certificate gets past every access rule of the node's CSE; its boot loader
/// looks at the OEM's signature, the release counter and the Director's metadata all the same.
Result<Attacks::Refused> Attacks::order_a_node_in_the_gateways_place() {
  const Layout& layout = car_.layout();
  constexpr std::size_t kFewLines = 20;
  const auto older = car_.desk().release(pump(), {"0.9.0", 1, true, {}, {}, kFewLines});
  if (!older) return fail(older.error());
  const auto image = crypto::read_file(older->file, kMaxImageBytes);
  if (!image) return fail(image.error());
  CseClient thief({layout.mn_url(), layout.certificate("gateway"), layout.key("gateway"),
                   layout.authority(), "CotaGateway"});
  const std::string place = "/id-mn/cse-mn/ota-gateway/image-" + pump().serial;
  const Answer put = thief.push(place, to_base64(*image));
  const Answer told = thief.push(
      pump().ae_address() + "/orders",
      Value::object(
          {{"order", fresh_nonce()}, {"do", "prepare"}, {"image", place}, {"held", true}}));
  for (const Answer& answer : {put, told}) {
    if (!is_success(answer.rsc)) {
      return fail(answer.rsc, "the order did not get through: " + answer.reason);
    }
  }
  const auto reason = refusal_of(pump().software, "refused");
  if (!reason) return fail(reason.error());
  constexpr std::string_view kOwnWords = "it says: ";
  const std::size_t own = reason->find(kOwnWords);
  return Refused{pump().name(),
                 own == std::string::npos ? *reason : reason->substr(own + kOwnWords.size())};
}

}  // namespace gatehouse::demo
