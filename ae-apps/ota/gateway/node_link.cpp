#include "ae-apps/ota/gateway/node_link.h"

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/image_delivery.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kNonceBytes = 16;

Value order_to(const char* what) { return Value::object({{"do", what}}); }

}  // namespace

/// Only answers that say that all went well.
Result<Value> NodeLink::ask(Value order, const Progress& progress) {
  const std::lock_guard busy(mutex_);
  Result<Value> answer = way_.exchange(entry_, std::move(order), progress);
  if (!answer || answer->bool_at("done")) return answer;
  const std::string reason = answer->string_at("reason", "no reason is given");
  if (answer->bool_at("silent")) {
    return fail(Rsc::kTargetNotReachable,
                "the node's boot loader does not answer (" + reason + ")");
  }
  return fail(Rsc::kNotAcceptable, "the node refused (" + reason + ")");
}

Result<EcuFacts> NodeLink::look() {
  const Result<Value> answer = ask(order_to("look"));
  if (!answer) return fail(answer.error());
  EcuFacts said;
  said.vin = answer->string_at("vin");
  said.serial = answer->string_at("serial");
  said.hardware_id = answer->string_at("hardware_id");
  said.software = answer->string_at("software");
  said.version = answer->string_at("version", "none");
  return facts_of(entry_, std::move(said), answer->string_at("status"));
}

Result<EcuReport> NodeLink::report(ByteView nonce, std::string& status) {
  Value order = order_to("report");
  order.set("nonce", to_hex(nonce));
  const Result<Value> answer = ask(std::move(order));
  if (!answer) return fail(answer.error());
  const auto report = image::decode_report(answer->string_at("report"));
  if (!report) return fail(report.error());
  status = answer->string_at("status");
  return report_of_full(entry_, *report, nonce);
}

Result<EcuReport> NodeLink::report(ByteView nonce) {
  std::string unused;
  return report(nonce, unused);
}

Result<EcuStand> NodeLink::stand() {
  std::string status;
  const auto report = this->report(crypto::SystemRandom().bytes(kNonceBytes), status);
  if (!report) return fail(report.error());
  return stand_of(*report, status);
}

Result<void> NodeLink::prepare(const std::filesystem::path& image, const std::string& director,
                               bool held, const Progress& progress) {
  std::error_code error;
  if (!std::filesystem::exists(image, error)) {
    return fail(Rsc::kInternalServerError, "the image is gone from the disk");
  }
  const Result<std::string> place = way_.publish(entry_, image);
  if (!place) return fail(place.error());
  Value order = order_to("prepare");
  order.set("image", *place).set("held", held).set("coded", is_coded_file(image));
  if (entry_.verifies) {
    const Result<Value> asked = ask_time_ ? ask(order_to("time")) : Result<Value>(Value());
    // A node that wants no attested time goes by its own clock.
    const std::string nonce = asked ? asked->string_at("nonce") : "";
    order.set("director", with_attested_time(director, nonce, ask_time_));
  }
  const Result<Value> done = ask(std::move(order), progress);
  if (!done) return fail(done.error());
  return {};
}

Result<void> NodeLink::flash(const std::filesystem::path& image, const image::Header&,
                             const crypto::Sha256Digest&, const std::string& director,
                             const Progress& progress) {
  return prepare(image, director, false, progress);
}

Result<void> NodeLink::flash_held(const std::filesystem::path& image, const image::Header&,
                                  const crypto::Sha256Digest&, const std::string& director,
                                  const Progress& progress) {
  return prepare(image, director, true, progress);
}

Result<void> NodeLink::settle(Word word) {
  static constexpr const char* kWords[] = {"try", "confirm", "discard"};
  const Result<Value> done = ask(order_to(kWords[static_cast<std::size_t>(word)]));
  if (!done) return fail(done.error());
  return {};
}

Result<void> NodeLink::reset() {
  const Result<Value> done = ask(order_to("reset"));
  if (!done) return fail(done.error());
  return {};
}

bool NodeLink::idle() {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock.owns_lock();
}

}  // namespace gatehouse::gateway
