// Steps A to H.
#include <algorithm>

#include "ae-apps/demo/story.h"
#include "ae-apps/demo/tls_check.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kSoon{20'000};
constexpr Milliseconds kFlashLimit{60'000};
constexpr Milliseconds kUserLimit{600'000};
constexpr std::uint64_t kUpdateCounter = 4;
constexpr std::int64_t kUpdateSuccessful = 1;  // m2m:statusType
constexpr const char* kUpdateVersion = "1.4.0";
constexpr const char* kReleaseName = "2026.11";

std::string bytes_text(const std::string& count) { return count + " bytes"; }

}  // namespace

/// One release: nobody is offered anything before the images of all are there, and what one of them
/// does not bear nobody gets.
Result<void> Story::update_all() {
  const std::vector<EcuPlan>& ecus = car_.layout().ecus;
  const auto start = Clock::now();
  for (const EcuPlan& ecu : ecus) {
    if (auto done = publish(ecu, &ecu == &ecus.front()); !done) return done;
  }
  screen_.chapter("", "Release " + std::string(kReleaseName) + " for " +
                          std::to_string(ecus.size()) +
                          " members, behind UDS and over oneM2M: all of them, or none");
  using Part = Result<void> (Story::*)(const EcuPlan&);
  const auto for_all = [&](Part part) -> Result<void> {
    for (const EcuPlan& ecu : ecus) {
      if (auto done = (this->*part)(ecu); !done) return done;
    }
    return {};
  };
  if (auto done = for_all(&Story::offer_and_download); !done) return done;
  if (auto done = for_all(&Story::consent); !done) return done;
  if (auto done = for_all(&Story::flash); !done) return done;
  if (auto done = decide(); !done) return done;
  for (const EcuPlan& ecu : ecus) {
    const std::string before = versions_[ecu.serial];
    if (auto done = confirm(ecu); !done) return done;
    if (auto done = see_at_in_cse(ecu); !done) return done;
    if (ecu.is_node()) {
      if (auto done = see_own_objects(ecu); !done) return done;
    }
    outcomes_.push_back({ecu.serial, ecu.kind(), before, versions_[ecu.serial], proof_,
                         std::chrono::duration_cast<Duration>(Clock::now() - start)});
  }
  return {};
}

Result<void> Story::publish(const EcuPlan& ecu, bool with_handshakes) {
  screen_.chapter("", ecu.serial + (ecu.is_node() ? ", an " : ", a ") + ecu.kind() +
                          (ecu.is_node() ? ": " : " on ") + ecu.way() +
                          (ecu.constrained ? ": the gateway verifies and signs for it"
                                           : ": it verifies and signs by itself"));
  if (auto done = make_image(ecu); !done) return done;
  if (with_handshakes) {
    if (auto done = shake_all_hands(); !done) return done;
    if (auto done = refuse_false_name(); !done) return done;
  }
  if (auto done = upload(ecu); !done) return done;
  return inquire(ecu);
}

Result<void> Story::make_image(const EcuPlan& ecu) {
  begin("step A (make, sign and upload the image) of " + ecu.serial, "tools.log");
  mark();
  Desk& desk = car_.desk();
  Release release{
      kUpdateVersion, kUpdateCounter, true, "Shorter stopping distance",
      "release=" + std::string(kReleaseName) + "/" + std::to_string(car_.layout().ecus.size())};
  release.unavailable = "The " + ecu.software + " does not work";
  Result<Image> image = desk.release(ecu, release);
  if (!image) return fail(image.error());
  screen_.step('A', {"OEM",
                     "PKCS#11 token",
                     "sign " + ecu.software + " " + kUpdateVersion,
                     "signed",
                     {"ecdsa-p256-sha256 by key " + shortened(car_.keys().oem_key_id) +
                      ", which cannot leave its token"},
                     lap()});
  const Result<std::string> verified = desk.verify(ecu, *image);
  if (!verified) return fail(verified.error());
  screen_.step('A', {"OEM",
                     "OEM",
                     "verify with the public key alone",
                     "good",
                     {"signature, hash of " + std::to_string(image->bytes) +
                      " bytes, hardware id " + ecu.hardware_id + ", release counter " +
                      std::to_string(kUpdateCounter) + ": verified"},
                     lap()});
  updates_[ecu.serial] = *std::move(image);
  return hooks_.released ? hooks_.released(ecu, updates_[ecu.serial]) : Result<void>();
}

Result<void> Story::upload(const EcuPlan& ecu) {
  begin("step A (upload the image) for " + ecu.serial, "ota-server.log");
  mark();
  const Image& image = updates_[ecu.serial];
  if (auto done = car_.desk().describe(image); !done) return done;
  const auto described = await("server", 'A', "repository", nullptr, kSoon);
  if (!described) return fail(described.error());
  screen_.step('A', {"OEM",
                     "OTA server",
                     "HTTPS PUT /uptane/images",
                     "200",
                     {"Image repository: targets signed by 2 of 2 (token, second desk), snapshot, "
                      "timestamp; " +
                      described->at("targets") + " images described"},
                     lap()});
  if (auto done = car_.desk().upload(image); !done) return done;
  screen_.step('A', {"OEM",
                     "OTA server",
                     "HTTPS PUT /images/" + shortened(image.sha256),
                     "201",
                     {"as /id-in/Coem by its certificate; the server verified the image, too"},
                     lap()});
  return {};
}

/// Who proves to be the gateway must not speak for the administrator.
Result<void> Story::refuse_false_name() {
  const Layout& layout = car_.layout();
  CseClient impostor({layout.in_url(), layout.certificate("gateway"), layout.key("gateway"),
                      layout.authority(), "CAdmin"});
  const Answer answer = impostor.retrieve("cse-in");
  if (is_success(answer.rsc)) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the gateway may speak in the name of CAdmin");
  }
  screen_.refused('B', {"gateway",
                        "IN-CSE",
                        "RETRIEVE cse-in as CAdmin",
                        answer.code(),
                        {answer.reason},
                        answer.took});
  return {};
}

Result<void> Story::shake_all_hands() {
  begin("steps B and C (mutual authentication, TLS 1.3)", "ota-server.log");
  const Layout& layout = car_.layout();
  const struct {
    const char* name;
    std::uint16_t port;
  } listeners[] = {{"OTA server", layout.images_port},
                   {"IN-CSE", layout.in_port},
                   {"MN-CSE", layout.mn_port},
                   {"MQTT broker", layout.broker_port}};
  for (const auto& listener : listeners) {
    const Result<Handshake> with = shake_hands(layout, listener.port, "gateway");
    if (!with) return fail(with.error());
    const bool speaks_http = listener.port != layout.broker_port;
    if (with->protocol != "TLSv1.3" || !with->peer_verified || (speaks_http && !with->accepted)) {
      return fail(Rsc::kOriginatorNotAuthenticated, std::string(listener.name) +
                                                        ": no mutual TLS 1.3: " + with->protocol +
                                                        " " + with->alert);
    }
    screen_.step('C', {"gateway",
                       listener.name,
                       "TLS 1.3 handshake",
                       "mutual",
                       {with->cipher + "; CN = id-mn:CotaGateway " + screen_.arrow() + " " +
                        with->peer.substr(with->peer.rfind("CN")) + ", each verified by the other"},
                       with->took});
    const Result<Handshake> without = shake_hands(layout, listener.port, "");
    if (!without) return fail(without.error());
    if (without->accepted || without->alert.empty()) {
      return fail(Rsc::kOriginatorNotAuthenticated,
                  std::string(listener.name) + " accepts a client without certificate");
    }
    screen_.refused('B', {"anybody",
                          listener.name,
                          "TLS 1.3 handshake without certificate",
                          "refused",
                          {"alert: " + without->alert},
                          without->took});
  }
  return {};
}

Result<void> Story::inquire(const EcuPlan& ecu) {
  begin("step D (version report) of " + ecu.serial, "ota-server.log");
  const auto asked = await("server", 'D', "asked", nullptr, kSoon);
  if (!asked) return fail(asked.error());
  const std::optional<Value> inquiry = car_.mn().latest("cse-mn/ota-gateway/inquiries");
  if (!inquiry) return fail(Rsc::kNotFound, "no inquiry in cse-mn/ota-gateway/inquiries");
  std::string nonce = inquiry->string_at("nonce");
  screen_.step('D', {"OTA server",
                     "MN-CSE",
                     "CREATE /id-mn/cse-mn/ota-gateway/inquiries/-",
                     "2001",
                     {"retargeted by the IN-CSE; nonce " + shortened(nonce)},
                     lap()});
  begin(where_, "ota-gateway.log");
  if (const auto got = await("gateway", 'D', "asked", nullptr, kSoon); !got) {
    return fail(got.error());
  }
  Result<StepLine> notified = await_notification();
  if (!notified) return fail(notified.error());
  notified->evidence = {"the gateway's subscription to its container of inquiries"};
  screen_.step('D', *notified);
  lap();
  const auto report = await("gateway", 'D', "report", &ecu, kSoon);
  if (!report) return fail(report.error());
  screen_.step('D', {"gateway",
                     ecu.name(),
                     ecu.is_node() ? "CREATE " + ecu.ae_address() + "/orders: report"
                                   : ecu.way() + ", UDS 10 03, 22 F190.., 2E F1A2, 22 F1A0",
                     ecu.is_node() ? "2001" : "62 F1A0",
                     {"runs " + report->at("version") + "; report signed by the " +
                      (report->at("signed_by") == "ecu" ? "ECU" : report->at("signed_by"))},
                     lap()});
  begin(where_, "ota-server.log");
  const auto verified = await("server", 'D', "verified", &ecu, kSoon);
  if (!verified) return fail(verified.error());
  std::string key_id;
  const auto content = check_report(ecu, "inventory", nonce, key_id);
  if (!content) return fail(content.error());
  if (content->version != versions_[ecu.serial]) {
    return fail(Rsc::kNotAcceptable, "the report says version " + content->version);
  }
  screen_.step('D', {"gateway",
                     "OTA server",
                     "CREATE /id-in/cse-in/ota-server/reports/-",
                     "2001",
                     {"signature by key " + shortened(key_id) + " (" + verified->at("signed_by") +
                          ") over nonce " + shortened(nonce) + ": verified",
                      "by the server, and once more here; version " + content->version +
                          ", release counter " + std::to_string(content->release_counter)},
                     lap()});
  const auto decided = await("server", 'D', "decided", &ecu, kSoon);
  if (!decided) return fail(decided.error());
  const bool last = ecu.serial == car_.layout().ecus.back().serial;
  if (decided->at("decision") != (last ? "offer" : "wait")) {
    return fail(Rsc::kNotAcceptable, "the server decided: " + decided->at("reason"));
  }
  screen_.step('D', {"OTA server",
                     "OTA server",
                     "is there something for " + ecu.serial + "?",
                     decided->at("decision"),
                     {decided->at("reason")},
                     lap()});
  return {};
}

Result<void> Story::offer_and_download(const EcuPlan& ecu) {
  begin("step E (offer, download and verify) of " + ecu.serial, "ota-gateway.log");
  const Image& image = updates_[ecu.serial];
  const auto offered = await("server", 'E', "offered", &ecu, kSoon);
  if (!offered) return fail(offered.error());
  screen_.step('E', {"OTA server",
                     "MN-CSE",
                     "UPDATE /id-mn/cse-mn/ecu-" + ecu.serial + "/firmware",
                     "2004",
                     {"[firmware] url, vr=" + offered->at("to") + ", fwn, ud=true"},
                     lap()});
  const auto accepted = await("gateway", 'E', "accepted", &ecu, kSoon);
  if (!accepted) return fail(accepted.error());
  Result<StepLine> notified = await_notification();
  if (!notified) return fail(notified.error());
  notified->evidence = {"ud=true; the gateway answers by UPDATE uds={acn:ud, sus:3}"};
  screen_.step('E', *notified);
  lap();
  const auto ordered = await("gateway", 'E', "ordered", &ecu, kSoon);
  if (!ordered) return fail(ordered.error());
  if (ordered->at("sha256") != image.sha256) {
    return fail(Rsc::kNotAcceptable, "the Director orders another image: " + ordered->at("sha256"));
  }
  screen_.step('E', {"gateway",
                     "OTA server",
                     "HTTPS GET /uptane/director, /uptane/images",
                     "verified",
                     {"Uptane, in full: Director version " + ordered->at("director") + " orders " +
                          ordered->at("target") + " for " + ecu.serial,
                      "Image repository version " + ordered->at("images") + ", role " +
                          ordered->at("role") + ", agrees: length, hashes, " + ecu.hardware_id +
                          ", release " + ordered->at("release_counter")},
                     lap()});
  const auto cut = await("gateway", 'E', "cut", &ecu, kSoon);
  if (!cut) return fail(cut.error());
  screen_.step('E', {"gateway",
                     "OTA server",
                     "HTTPS GET /images/" + shortened(image.sha256),
                     "206",
                     {"by ranges of 64 KiB; the connection was cut on purpose"},
                     lap()});
  const auto got = await("gateway", 'E', "downloaded", &ecu, kSoon);
  if (!got) return fail(got.error());
  if (got->at("resumed") != "yes" || got->at("bytes") != std::to_string(image.bytes)) {
    return fail(Rsc::kNotAcceptable,
                "the download was not resumed, or is not whole: " + got->at("bytes") +
                    " bytes, resumed " + got->at("resumed"));
  }
  screen_.step('E', {"gateway",
                     "OTA server",
                     "HTTPS GET, resumed behind the cut",
                     "206",
                     {bytes_text(got->at("bytes")) + ", only " + got->at("fetched") +
                      " fetched after the cut"},
                     lap()});
  const auto verified = await("gateway", 'E', "verified", &ecu, kSoon);
  if (!verified) return fail(verified.error());
  if (verified->at("key") != car_.keys().oem_key_id) {
    return fail(Rsc::kOriginatorNotAuthenticated, "signed by key " + verified->at("key"));
  }
  screen_.step('E', {"gateway",
                     "gateway",
                     "verify the image",
                     "good",
                     {"signature by the OEM's key " + shortened(verified->at("key")) +
                          ", length, sha256 " + shortened(verified->at("sha256")) + ",",
                      "hardware id " + verified->at("hardware") + ", release counter " +
                          verified->at("release_counter") + ": verified"},
                     lap()});
  return {};
}

Result<void> Story::consent(const EcuPlan& ecu) {
  begin("step F (ask the user) for " + ecu.serial, "ota-gateway.log");
  if (ask_) {
    const bool first = ecu.serial == car_.layout().ecus.front().serial;  // one question for all
    if (const auto asking = await("gateway", 'F', "asking", nullptr, kSoon); !asking) {
      return fail(asking.error());
    }
    if (first)
      screen_.text("   Please answer at the gateway's display:  http://127.0.0.1:" +
                   std::to_string(car_.layout().display_port) + "/");
  }
  const auto accepted = await("gateway", 'F', "accepted", &ecu, ask_ ? kUserLimit : kSoon);
  if (!accepted) return fail(accepted.error());
  std::optional<Value> kept;
  const auto look = [&] {
    for (Value& each : car_.mn().contents("cse-mn/ota-gateway/consents")) {
      if (each.string_at("decision") == "postponed") continue;
      if (each.string_at("ecu") == ecu.serial) kept = std::move(each);
    }
    return kept.has_value();
  };
  if (auto done = crew_.wait_until("the consent is kept", kSoon, look); !done) return done;
  if (kept->string_at("decision") != "accepted" || kept->string_at("to") != kUpdateVersion) {
    return fail(Rsc::kNotAcceptable, "the consent that was kept is another one");
  }
  screen_.step('F', {"gateway",
                     "user",
                     "may " + ecu.serial + " be updated?",
                     "accepted",
                     {"by " + kept->string_at("by") + " at " + kept->string_at("at") +
                      ", kept in cse-mn/ota-gateway/consents"},
                     lap()});
  return {};
}

Result<void> Story::flash(const EcuPlan& ecu) {
  begin("step G (flash) of " + ecu.serial, "ota-gateway.log");
  const auto flashing = await("gateway", 'G', "flashing", &ecu, kSoon);
  if (!flashing) return fail(flashing.error());
  const auto flashed = await("gateway", 'G', "flashed", &ecu, kFlashLimit);
  if (!flashed) return fail(flashed.error());
  screen_.step(
      'G', {"gateway",
            ecu.name(),
            ecu.is_node() ? "CREATE " + ecu.ae_address() + "/orders: prepare"
                          : ecu.way() + ", UDS 10 02, 27, 31 FF00, 34, 36.., 37, 31 0202",
            ecu.is_node() ? "2001" : "71 0202",
            {bytes_text(flashing->at("bytes")) +
             (ecu.is_node() ? ", fetched from cse-mn/ota-gateway/image-" + ecu.serial : "") +
             " into the inactive slot; " + (ecu.is_node() ? "the node" : "the ECU") + " checked " +
             (ecu.constrained ? "the gateway's MAC by itself"
                              : "the OEM's signature, and the Director's order, by itself")},
            lap()});
  const auto restarted = await("gateway", 'H', "restarted", &ecu, kFlashLimit);
  if (!restarted) return fail(restarted.error());
  screen_.step('G', {"gateway",
                     ecu.name(),
                     ecu.is_node() ? "orders: reset, into the new slot"
                                   : "UDS 11 01: restart into the new slot",
                     ecu.is_node() ? "2001" : "51",
                     {"verified again at boot; self-test passed; on trial for this one boot"},
                     lap()});
  return {};
}

Result<void> Story::decide() {
  begin("step G (the decision)", "ota-gateway.log");
  const auto decided = [&](const StepEvent& each) {
    return each.source == "gateway" && each.at("event") == "release" &&
           each.at("state") == "committed" && each.at("release") == kReleaseName;
  };
  const auto look = [&] {
    const auto events = car_.feed().events_since(mark_);
    return std::any_of(events.begin(), events.end(), decided);
  };
  if (auto done = crew_.wait_until("the release is committed", kFlashLimit, look); !done) {
    return done;
  }
  screen_.step('G',
               {"gateway",
                "gateway",
                "release " + std::string(kReleaseName),
                "committed",
                {"all " + std::to_string(car_.layout().ecus.size()) +
                     " have proven that they run it on trial; decided by one durable write:",
                 "from here on only forward, until then a loss of power would have taken all back"},
                lap()});
  for (const EcuPlan& ecu : car_.layout().ecus) {
    const auto kept = await("gateway", 'H', "confirmed", &ecu, kFlashLimit);
    if (!kept) return fail(kept.error());
    screen_.step('G',
                 {"gateway",
                  ecu.name(),
                  ecu.is_node() ? "orders: confirm, it stays" : "UDS 10 02, 27, 31 0204: it stays",
                  ecu.is_node() ? "2001" : "71 0204",
                  {"the new slot is the active one"},
                  lap()});
  }
  return {};
}

Result<void> Story::confirm(const EcuPlan& ecu) {
  begin("step H (proof of the new version) of " + ecu.serial, "ota-server.log");
  const auto updated = await("server", 'H', "updated", &ecu, kSoon);
  if (!updated) return fail(updated.error());
  Answer firmware = car_.in().retrieve("/id-mn/cse-mn/ecu-" + ecu.serial + "/firmware");
  std::string nonce;
  for (const std::string& label : firmware.content.strings_at("lbl")) {
    if (label.starts_with("nonce:")) nonce = label.substr(6);
  }
  const Value* status = firmware.content.find("uds");
  if (status == nullptr || status->integer_at("sus") != kUpdateSuccessful ||
      firmware.content.bool_at("ud", true)) {
    return fail(Rsc::kNotAcceptable, "the order in [firmware] was not closed as successful");
  }
  std::string key_id;
  const auto report = check_report(ecu, "completion", nonce, key_id);
  if (!report) return fail(report.error());
  if (report->version != kUpdateVersion || report->status != "running") {
    return fail(Rsc::kNotAcceptable,
                "the ECU is " + report->status + ", version " + report->version);
  }
  versions_[ecu.serial] = report->version;
  proof_ = std::string(ecu.constrained ? "MAC, gateway's" : "ECU's") + " signature " +
           shortened(key_id, 8);
  screen_.step('H', {"gateway",
                     "OTA server",
                     "CREATE /id-in/cse-in/ota-server/reports/-",
                     "2001",
                     {"version " + report->version + " runs in slot " + report->slot +
                          "; signature by key " + shortened(key_id),
                      "over the offer's nonce " + shortened(nonce) +
                          ": verified by the server, and once more here"},
                     lap()});
  screen_.step('H', {"CAdmin",
                     "MN-CSE",
                     "RETRIEVE /id-mn/cse-mn/ecu-" + ecu.serial + "/firmware",
                     firmware.code(),
                     {"over two hops: vr=" + firmware.content.string_at("vr") +
                      ", ud=false, uds.sus=1 (successful)"},
                     firmware.took});
  return {};
}

Result<void> Story::see_at_in_cse(const EcuPlan& ecu) {
  begin("step H (visible at the IN-CSE) of " + ecu.serial, "in-cse.log");
  StepLine line;
  if (auto done = expect_announced(ecu, "firmware", "vr", kUpdateVersion, line); !done) return done;
  screen_.step('H', line);
  if (auto done = expect_announced(ecu, "device-info", "fwv", kUpdateVersion, line); !done) {
    return done;
  }
  screen_.step('H', line);
  const std::string history = "cse-in/ota-server/history-" + ecu.serial;
  std::optional<Value> entry;
  const auto look = [&] {
    entry = car_.in().latest(history);
    return entry && entry->string_at("event") == "updated";
  };
  if (auto done = crew_.wait_until("the history tells of it", kSoon, look); !done) return done;
  screen_.step('H', {"CAdmin",
                     "IN-CSE",
                     "RETRIEVE " + history + "/la",
                     "2000",
                     {"updated from " + entry->string_at("from") + " to " + entry->string_at("to") +
                      ", verified=" + (entry->bool_at("verified") ? "true" : "false")},
                     lap()});
  return {};
}

/// What the node itself hosts, or its AE keeps at the MN-CSE: read from the IN-CSE, over Mcc.
Result<void> Story::see_own_objects(const EcuPlan& ecu) {
  begin("step H (the own objects of " + ecu.serial + ")", "in-cse.log");
  const std::string address = ecu.node_address();
  const Answer firmware = car_.in().retrieve(address + "/firmware");
  const Value* status = firmware.content.find("uds");
  if (firmware.content.string_at("vr") != kUpdateVersion || status == nullptr ||
      status->string_at("acn") != "release" || status->integer_at("sus") != kUpdateSuccessful) {
    return fail(Rsc::kNotAcceptable, address + "/firmware says " +
                                         firmware.content.string_at("vr") + " (" + firmware.code() +
                                         " " + firmware.reason + ")");
  }
  const Answer device = car_.in().retrieve(address + "/device-info");
  if (device.content.string_at("fwv") != kUpdateVersion) {
    return fail(Rsc::kNotAcceptable, address + "/device-info says another version");
  }
  screen_.step('H', {"CAdmin",
                     ecu.cse == "asn" ? "ASN-CSE" : "MN-CSE",
                     "RETRIEVE " + address + "/firmware",
                     firmware.code(),
                     {std::string(ecu.cse == "asn" ? "hosted by the node's own CSE, over two hops"
                                                   : "kept by the node's AE by CoAP over DTLS") +
                      ": vr=" + kUpdateVersion + ", uds.acn=release, sus=1; fwv likewise"},
                     firmware.took + device.took});
  return {};
}

}  // namespace gatehouse::demo
