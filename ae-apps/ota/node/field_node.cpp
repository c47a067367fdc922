#include "ae-apps/ota/node/field_node.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/node/image_chunks.h"
#include "ae-apps/ota/node/local_transport.h"
#include "ae-apps/ota/node/member_orders.h"
#include "ae-apps/ota/uds/flasher.h"
#include "ae-apps/sdk/download.h"
#include "cse/codec/json.h"

namespace gatehouse::node {
namespace {

constexpr std::chrono::milliseconds kResetLimit{30'000};
constexpr std::size_t kBase64Overhead = 4;
constexpr std::int64_t kKeptOrders = 20;
constexpr const char* kInRelease = "release";  ///< acn of uds

bool is_web_address(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

}  // namespace

/// The boot loader with its flasher, used by one thread at a time.
class FieldNode::Device {
 public:
  Device(ecu::EcuSettings settings, ecu::Disk& disk, ecu::PayloadRunner& runner)
      : access_key_(crypto::SystemRandom().bytes(32)), ecu_(std::move(settings), disk, runner) {}
  ~Device() { ecu_.power_off(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  Result<void> boot(ByteView factory_image) {
    if (!factory_image.empty()) {
      if (auto done = ecu_.install_factory_image(factory_image); !done) return done;
    }
    ecu_.boot();
    uds::ServerSettings settings;
    settings.max_block_bytes = 64 * 1024;
    server_.emplace(settings, uds::steady_clock(), random_, access_key_, ecu_, ecu_);
    transport_.emplace(*server_, [this] { ecu_.boot(true); });
    flasher_settings_.access_key = access_key_;  // nobody else reaches this server
    return {};
  }

  /// Errors: kNotAcceptable with the boot loader's reason; then what ran before runs again.
  Result<void> install(const Bytes& image) {
    const std::lock_guard lock(mutex_);
    const auto source = [&image](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
      const ByteView rest = ByteView(image).subspan(static_cast<std::size_t>(offset));
      const ByteView part = rest.first(std::min(max, rest.size()));
      return Bytes(part.begin(), part.end());
    };
    if (in_release_now()) return fail(Rsc::kConflict, "a release of the vehicle is under way");
    const std::uint64_t failed_before = ecu_.state().failed_boots;
    uds::Flasher flasher(*transport_, flasher_settings_);
    auto done = flasher.flash(image.size(), source, {});
    if (done) done = flasher.reset_and_wait(kResetLimit);
    if (!done) {
      const std::string& own = ecu_.state().last_error;
      return fail(Rsc::kNotAcceptable, own.empty() ? done.error().text : own);
    }
    if (ecu_.state().failed_boots == failed_before) return {};
    return fail(Rsc::kNotAcceptable, ecu_.state().last_error);
  }
  /// An order of the vehicle's gateway.
  Value obey(const Value& order, std::function<Result<Bytes>(const std::string&)> fetch) {
    const std::lock_guard lock(mutex_);
    return node::carry_out(order,
                           {*transport_, flasher_settings_, kResetLimit, std::move(fetch), {}});
  }
  std::string version() {
    const std::lock_guard lock(mutex_);
    return ecu_.version();
  }
  /// Not while it is programmed.
  void look_after() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    ecu_.drain();
    ecu_.watch();
  }
  /// Something new runs on trial, or waits.
  bool in_release() {
    const std::lock_guard lock(mutex_);
    return in_release_now();
  }

 private:
  bool in_release_now() const { return ecu_.on_trial() || !ecu_.state().held.empty(); }

  std::mutex mutex_;
  crypto::SystemRandom random_;
  Bytes access_key_;
  ecu::Ecu ecu_;
  std::optional<uds::Server> server_;
  std::optional<LocalTransport> transport_;
  uds::FlasherSettings flasher_settings_;
};

FieldNode::FieldNode(FieldNodeSettings settings, ota::StepLog& log)
    : settings_(std::move(settings)), log_(log) {}
FieldNode::~FieldNode() {
  stopping_ = true;  // a download that waits for its turn
  subscriptions_.clear();
  ae_.reset();  // no callback runs any more
}

Result<std::unique_ptr<FieldNode>> FieldNode::start(FieldNodeSettings settings,
                                                    ByteView factory_image, ecu::Disk& disk,
                                                    ecu::PayloadRunner& runner, ota::StepLog& log,
                                                    std::unique_ptr<sdk::Link> link) {
  std::unique_ptr<FieldNode> out(new FieldNode(std::move(settings), log));
  out->device_ = std::make_unique<Device>(out->settings_.ecu, disk, runner);
  if (const auto booted = out->device_->boot(factory_image); !booted) return fail(booted.error());
  auto ae = link ? sdk::Ae::connect(out->settings_.ae, std::move(link))
                 : sdk::Ae::connect(out->settings_.ae);
  if (!ae) return fail(ae.error());
  out->ae_ = *std::move(ae);
  if (const auto done = out->publish(); !done) return fail(done.error());
  if (const auto done = out->watch(); !done) return fail(done.error());
  if (!out->settings_.gateway.empty()) {
    if (const auto done = out->join_releases(); !done) return fail(done.error());
  }
  log.step('B', "registered", {{"ae", out->ae_->id()}, {"version", out->version()}});
  return out;
}

void FieldNode::look_after() { device_->look_after(); }

std::string FieldNode::version() { return device_->version(); }

sdk::Node FieldNode::node() const { return ae_->node("node-" + settings_.ecu.serial); }

Result<void> FieldNode::publish() {
  const std::vector<std::string> us = {ae_->id(), ae_->sp_relative_id()};
  Result<std::string> policy = ae_->ensure_policy(
      "node-policy",
      {{us, sdk::kMayDoAll},
       {settings_.managers, sdk::kMayRetrieve | sdk::kMayDiscover | sdk::kMayUpdate}});
  if (!policy) return fail(policy.error());
  policy_ = *std::move(policy);
  if (auto done = node().ensure("node-" + settings_.ecu.serial, {ae_->id()}, {policy_}); !done) {
    return done;
  }
  sdk::FirmwareFacts facts;
  facts.version = version();
  facts.name = settings_.ecu.hardware_id;
  facts.url = settings_.images.empty() ? "none" : settings_.images.front();
  if (auto done = node().firmware().ensure(facts, {policy_}); !done) return done;
  sdk::DeviceFacts device;
  device.label = settings_.ecu.serial;
  device.manufacturer = "unknown";
  device.model = device.hardware_version = settings_.ecu.hardware_id;
  device.type = "field node";
  device.firmware_version = device.software_version = version();
  return node().device_info("device-info").ensure(device, {policy_});
}

Result<void> FieldNode::watch() {
  Result<sdk::Subscription> watch =
      node().firmware().on_update_ordered([this](const sdk::Event&) { carry_out(); });
  if (!watch) return fail(watch.error());
  subscriptions_.push_back(*std::move(watch));
  const Result<Value> present = node().firmware().read();
  if (present && present->bool_at("ud")) carry_out();  // it came while we were away
  return {};
}

/// One order, from its notification to its end in the [firmware].
void FieldNode::carry_out() {
  const Result<Value> order = node().firmware().read();
  if (!order || !order->bool_at("ud")) return;  // told twice
  const sdk::FirmwareFacts wanted{order->string_at("vr"), order->string_at("fwn"),
                                  order->string_at("url")};
  log_.step('E', "accepted", {{"version", wanted.version}, {"url", wanted.url}});
  if (const auto told = node().firmware().report(sdk::UpdateStatus::kInProcess, "ud"); !told) {
    log_.say("uds: " + told.error().detail);
  }
  const Result<std::string> runs = update(wanted);
  if (stopping_ && !runs) return;  // the order stands, and is carried out at the next start
  if (runs) {
    log_.step('H', "updated", {{"version", *runs}});
  } else {
    log_.step('H', "refused", {{"reason", runs.error().detail}, {"runs", version()}});
  }
  close(runs ? sdk::UpdateStatus::kSuccessful : sdk::UpdateStatus::kFailure);
}

Result<std::string> FieldNode::update(const sdk::FirmwareFacts& order) {
  const Result<Bytes> image = fetch(order.url);
  if (!image) return fail(image.error());
  log_.step('E', "downloaded", {{"bytes", std::to_string(image->size())}});
  if (const auto done = device_->install(*image); !done) return fail(done.error());
  const std::string runs = version();
  if (runs != order.version) {
    return fail(Rsc::kNotAcceptable, "the image is of version " + runs + ", not " + order.version);
  }
  return runs;
}

/// One instance with the whole image, or chunks and an index.
Result<Bytes> FieldNode::fetch_from_container(const std::string& url, const Progress& progress) {
  ota::DownloadWatch watch = watch_download();
  const auto content = sdk::Container(*ae_, url).latest<Value>();
  if (!content) return fail(content.error());
  if (!*content) return fail(Rsc::kNotFound, "there is no image in " + url);
  if (const std::string* whole = (*content)->as_string()) {
    if (whole->size() / kBase64Overhead * 3 > settings_.max_image_bytes) {
      return fail(Rsc::kNotAcceptable, "the image is larger than what is taken");
    }
    auto image = from_base64(*whole);
    if (image && !watch.fits(image->size())) return fail(*watch.refusal());
    return image;
  }
  const auto index = parse_index(**content, settings_.max_image_bytes);
  if (!index) return fail(index.error());
  const std::filesystem::path part =
      std::filesystem::path(settings_.state_dir) / (index->sha256 + ".chunks");
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.state_dir, ignored)) {
    // What is left of other images makes room.
    if (entry.path().extension() == ".chunks" && entry.path() != part) {
      std::filesystem::remove(entry.path(), ignored);
    }
  }
  const std::uint64_t there = bytes_in(part, *index);
  if (!watch.fits(index->bytes - there)) return fail(*watch.refusal());
  watch.goes_on_from(there);
  const auto go_on = [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress(done, total);
    return watch.block(done, total);
  };
  auto fetched = fetch_image(*ae_, url, *index, part, go_on);
  if (!fetched) return fail(watch.refusal().value_or(fetched.error()));
  log_.step('E', "chunks",
            {{"of", std::to_string(index->chunks)},
             {"fetched", std::to_string(fetched->fetched_chunks)}});
  return std::move(fetched->image);
}

Result<Bytes> FieldNode::fetch(const std::string& url, const Progress& progress) {
  const auto& known = settings_.images;
  const bool from_known = std::any_of(known.begin(), known.end(), [&](const std::string& prefix) {
    return url.starts_with(prefix);
  });
  if (!from_known) return fail(Rsc::kNotAcceptable, "the image is not at a known place");
  return is_web_address(url) ? fetch_from_web(url, progress) : fetch_from_container(url, progress);
}

Result<Bytes> FieldNode::fetch_from_web(const std::string& url, const Progress& progress) {
  constexpr std::uint64_t kBlockBytes = 64u << 10;
  const std::filesystem::path file = std::filesystem::path(settings_.state_dir) / "download.img";
  ota::DownloadWatch watch = watch_download();
  sdk::DownloadSettings how;
  how.tls = settings_.ae.tls;
  how.max_bytes = settings_.max_image_bytes;
  how.block_bytes = kBlockBytes;
  how.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress(done, total);
    return watch.block(done, total);
  };
  if (const auto done = sdk::download(url, file, how); !done) {
    return fail(watch.refusal().value_or(done.error()));
  }
  auto image = crypto::read_file(file, static_cast<std::size_t>(settings_.max_image_bytes));
  std::error_code ignored;
  std::filesystem::remove(file, ignored);  // the slot needs the room
  return image;
}

ota::DownloadWatch FieldNode::watch_download() const {
  return {{settings_.download, settings_.state_dir, settings_.min_free_bytes},
          stopping_,
          settings_.download_clock,
          settings_.download_pause};
}

void FieldNode::close(sdk::UpdateStatus status, const char* action) {
  const std::string runs = version();
  const Result<Value> device =
      node().device_info("device-info").update(Value::object({{"fwv", runs}, {"swv", runs}}));
  if (!device) log_.say("device-info: " + device.error().detail);
  const Result<Value> order = node().firmware().update(Value::object(
      {{"ud", false},
       {"vr", runs},
       {"uds", Value::object({{"acn", action}, {"sus", static_cast<int>(status)}})}}));
  if (!order) log_.say("firmware: " + order.error().detail);
}

// --- as a member of a release ------------------------------------------------------------------

Result<void> FieldNode::join_releases() {
  const Result<Value> firmware = node().firmware().read();
  const Value* uds = firmware ? firmware->find("uds") : nullptr;
  release_open_ = uds != nullptr && uds->string_at("acn") == kInRelease &&
                  uds->integer_at("sus") == static_cast<int>(sdk::UpdateStatus::kInProcess);
  tell_release("start", true);  // a loss of power may have taken us back
  const Result<std::string> policy = ae_->ensure_policy(
      "orders-policy",
      {{{ae_->id(), ae_->sp_relative_id()}, sdk::kMayDoAll},
       {{settings_.gateway}, sdk::kMayCreate | sdk::kMayRetrieve | sdk::kMayDiscover}});
  if (!policy) return fail(policy.error());
  sdk::Container orders = ae_->container("orders");
  sdk::ContainerOptions options;
  options.max_instances = kKeptOrders;
  options.policies = {*policy};
  if (auto done = orders.ensure(options); !done) return done;
  auto watch = orders.on_push([this](const sdk::Event& event) {
    const Value* content = event.attributes.find("con");
    if (content == nullptr) return;
    const std::string* text = content->as_string();
    const Result<Value> tree = text == nullptr ? Result<Value>(*content) : parse_json(*text);
    if (tree) obey(*tree);
  });
  if (!watch) return fail(watch.error());
  subscriptions_.push_back(*std::move(watch));
  return {};
}

/// What came while we were away is not carried out: the gateway no longer waits for it.
void FieldNode::obey(const Value& order) {
  const std::string number = order.string_at("order"), word = order.string_at("do");
  const auto fetch = [&](const std::string& address) {
    return this->fetch(address, [&](std::uint64_t done, std::uint64_t total) {
      answer(Value::object({{"order", number}, {"of", total}, {"at", done}}));
    });
  };
  Value said = device_->obey(order, fetch);
  if (stopping_ && !said.bool_at("done")) return;  // as after a loss of power
  const bool done = said.bool_at("done");
  if (word != "look" && word != "report") {
    std::vector<ota::StepLog::Field> fields = {{"do", word}, {"runs", version()}};
    if (!done) fields.emplace_back("reason", said.string_at("reason"));
    log_.step('G', done ? "obeyed" : "refused", fields);
    tell_release(word, done);
  }
  answer(std::move(said));
}

/// The [firmware] shows how far a release is with us, and what runs.
void FieldNode::tell_release(const std::string& word, bool done) {
  if (device_->in_release()) {
    release_open_ = true;
    return close(sdk::UpdateStatus::kInProcess, kInRelease);
  }
  if (!release_open_ && word != "prepare") return;
  const bool stays = word == "confirm" && done;
  release_open_ = false;
  close(stays ? sdk::UpdateStatus::kSuccessful : sdk::UpdateStatus::kFailure, kInRelease);
}

void FieldNode::answer(Value content) {
  const auto told = ae_->container(settings_.answers).push(std::move(content));
  if (!told) log_.say("answer to the gateway: " + told.error().detail);
}

}  // namespace gatehouse::node
