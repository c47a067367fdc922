#include "ae-apps/ota/gateway/node_desk.h"

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/node/image_chunks.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kNumberBytes = 16;
constexpr std::size_t kChunkBytes = 16 * 1024;
constexpr std::int64_t kKeptAnswers = 100;
constexpr std::size_t kMaxAnswerBytes = 64 * 1024;
constexpr int kSilentShare = 10;  ///< of the patience is left for a node that was silent before
constexpr const char* kAnswers = "node-answers";

Value object_in(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) return content;
  Result<Value> tree = parse_json(*text, {.max_bytes = kMaxAnswerBytes, .max_depth = 8});
  return tree ? *std::move(tree) : Value();
}

}  // namespace

Result<void> NodeDesk::prepare() {
  const sdk::AccessRule us{{ae_.id(), ae_.sp_relative_id()}, sdk::kMayDoAll};
  std::vector<std::string> nodes;
  for (const EcuEntry& entry : settings_.ecus) {
    if (!entry.node) continue;
    nodes.push_back(entry.node->ae);
    const auto policy =
        ae_.ensure_policy("image-policy-" + entry.serial,
                          {us, {{entry.node->ae}, sdk::kMayRetrieve | sdk::kMayDiscover}});
    if (!policy) return fail(policy.error());
    image_policies_[entry.serial] = *policy;
  }
  const auto policy = ae_.ensure_policy("answers-policy", {us, {nodes, sdk::kMayCreate}});
  if (!policy) return fail(policy.error());
  sdk::Container answers = ae_.container(kAnswers);
  sdk::ContainerOptions options;
  options.max_instances = kKeptAnswers;
  options.policies = {*policy};
  if (auto done = answers.ensure(options); !done) return done;
  auto watch = answers.on_push([this](const sdk::Event& event) {
    if (const Value* content = event.attributes.find("con")) answered(object_in(*content));
  });
  if (!watch) return fail(watch.error());
  subscriptions_.push_back(*std::move(watch));
  return {};
}

/// `{"order":"<number>","done":true,…}` is the last answer, `{"order":…,"of":bytes,"at":bytes}` one
/// in between.
void NodeDesk::answered(Value answer) {
  const std::lock_guard lock(mutex_);
  const std::string number = answer.string_at("order");
  // Too late for the order, but it is there.
  std::erase_if(silent_, [&](const auto& node) { return node.second == number; });
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;  // too late, or nobody's
  found->second.answers.push_back(std::move(answer));
  came_.notify_all();
}

std::chrono::milliseconds NodeDesk::patience_with(const std::string& serial) {
  const std::lock_guard lock(mutex_);
  return silent_.contains(serial) ? settings_.node_silence / kSilentShare : settings_.node_silence;
}

Result<Value> NodeDesk::exchange(const EcuEntry& to, Value order,
                                 const Member::Progress& progress) {
  const std::string number = to_hex(crypto::SystemRandom().bytes(kNumberBytes));
  order.set("order", number);
  {
    const std::lock_guard lock(mutex_);
    waiting_[number].serial = to.serial;
  }
  std::chrono::milliseconds patience = patience_with(to.serial);
  const auto told = ae_.container(to.node->at + "/orders").push(std::move(order));
  std::unique_lock lock(mutex_);
  const auto done = [&](Result<Value> outcome) {
    waiting_.erase(number);
    return outcome;
  };
  if (!told) {
    return done(
        fail(Rsc::kTargetNotReachable, "the node cannot be told anything: " + told.error().detail));
  }
  Waiting& mine = waiting_[number];
  for (;;) {
    const bool in_time = came_.wait_for(
        lock, patience, [&] { return !mine.answers.empty() || mine.cancelled || stopped_; });
    if (!in_time) {
      silent_[to.serial] = number;
      return done(fail(Rsc::kTargetNotReachable, "the node does not answer"));
    }
    if (mine.answers.empty()) return done(fail(Rsc::kRequestTimeout, "cancelled"));
    Value answer = std::move(mine.answers.front());
    mine.answers.pop_front();
    silent_.erase(to.serial);
    patience = settings_.node_silence;
    if (!answer.contains("of")) return done(std::move(answer));
    if (!progress) continue;
    const auto bytes = [&](const char* name) {
      return static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.integer_at(name)));
    };
    lock.unlock();  // it may cancel us
    progress(bytes("at"), bytes("of"));
    lock.lock();
  }
}

Result<std::string> NodeDesk::publish(const EcuEntry& to, const std::filesystem::path& image) {
  const auto bytes =
      crypto::read_file(image.string(), static_cast<std::size_t>(settings_.max_image_bytes));
  if (!bytes) return fail(bytes.error());
  const std::string name = "image-" + to.serial;
  const std::string place = settings_.ae.cse_id + "/" + ae_.address_of(name);
  const auto index = ae_.container(name).latest<Value>();
  const bool there =
      index && *index && (*index)->string_at("image") == to_hex(crypto::sha256(*bytes));
  if (there) return place;
  if (auto done = node::publish_image(ae_, name, *bytes, kChunkBytes, {image_policies_[to.serial]});
      !done) {
    return fail(Rsc::kTargetNotReachable, "the image cannot be put there: " + done.error().detail);
  }
  return place;
}

void NodeDesk::cancel(const EcuEntry& to) {
  const std::lock_guard lock(mutex_);
  for (auto& [number, waiting] : waiting_) waiting.cancelled |= waiting.serial == to.serial;
  came_.notify_all();
}

void NodeDesk::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    came_.notify_all();
  }
  subscriptions_.clear();
}

}  // namespace gatehouse::gateway
