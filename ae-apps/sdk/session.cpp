#include "ae-apps/sdk/session.h"

#include <condition_variable>
#include <optional>
#include <random>
#include <utility>

#include "cse/codec/json.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::sdk {
namespace {

constexpr std::int64_t kAeType = 2;
/// The transports have the deadline; this is for one that fails to keep it.
constexpr std::chrono::milliseconds kGrace{1'000};

std::string make_nonce() {
  std::random_device device;
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string nonce;
  for (int i = 0; i < 8; ++i) nonce += kDigits[device() % 32];
  return nonce;
}

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// A response that somebody waits for; it may come when nobody does any more.
struct Waiting {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Response> response;
};

bool is_assigned_by_cse(const std::string& ae_id) {
  return ae_id.empty() || ae_id == "C" || ae_id == "S";
}

bool means_registered(Rsc rsc) {
  return rsc == Rsc::kConflict || rsc == Rsc::kOriginatorHasAlreadyRegistered ||
         rsc == Rsc::kAlreadyExists;
}

}  // namespace

std::string_view last_segment(std::string_view address) {
  return address.substr(address.rfind('/') + 1);
}

Request make_request(Operation operation, std::string to) {
  Request request;
  request.operation = operation;
  request.to = std::move(to);
  return request;
}

Request make_create(const std::string& parent, std::int64_t type, const std::string& root,
                    Value attributes) {
  Request request = make_request(Operation::kCreate, parent);
  request.resource_type = type;
  request.content = Value::object({{root, std::move(attributes)}});
  return request;
}

Request make_update(const std::string& to, const std::string& root, Value attributes) {
  Request request = make_request(Operation::kUpdate, to);
  request.content = Value::object({{root, std::move(attributes)}});
  return request;
}

Error error_of(const Response& response) {
  std::string detail;
  if (const auto tree = tree_of(response.content)) detail = tree->string_at("m2m:dbg");
  if (detail.empty()) detail = std::string(name_of(response.rsc));
  return {response.rsc, detail};
}

Value differences(const Value& present, const Value& wanted) {
  Value changes = Value::object();
  if (!wanted.as_object()) return changes;
  for (const Member& member : *wanted.as_object()) {
    const Value* there = present.find(member.name);
    const bool same = there ? *there == member.value : member.value.is_null();
    if (!same) changes.set(member.name, member.value);
  }
  return changes;
}

Session::Session(AeSettings settings, std::unique_ptr<Link> link)
    : settings_(std::move(settings)),
      link_(std::move(link)),
      dispatcher_(settings_.max_queued_events),
      inbox_(dispatcher_, settings_.cse_id),
      nonce_(make_nonce()),
      ae_id_(settings_.ae_id),
      path_(settings_.csebase + "/" + settings_.name) {
  inbox_.set_identity(ae_id_);
}

Result<void> Session::start() {
  dispatcher_.start();
  if (auto started = link_->start(inbox_); !started) return started;
  return register_ae();
}

void Session::stop() {
  if (stopped_.exchange(true)) return;
  link_->stop();  // answers those who wait, also a callback
  dispatcher_.stop();
}

std::string Session::ae_id() const {
  const std::lock_guard lock(mutex_);
  return ae_id_;
}

std::string Session::path() const {
  const std::lock_guard lock(mutex_);
  return path_;
}

std::string Session::sp_relative_id() const {
  const std::string id = ae_id();
  return id.starts_with('S') ? "/" + id : settings_.cse_id + "/" + id;
}

std::string Session::host_of(const std::string& address) const {
  if (!address.starts_with('/')) return settings_.cse_id;
  const std::size_t begin = address.starts_with("//") ? address.find('/', 2) : 0;
  if (begin == std::string::npos) return {};
  return address.substr(begin, address.find('/', begin + 1) - begin);
}

void Session::complete(Request& request) {
  if (request.from.empty()) request.from = ae_id();
  if (request.request_identifier.empty()) {
    request.request_identifier = nonce_ + "-" + std::to_string(++requests_);
  }
  if (!request.release_version) request.release_version = settings_.release_version;
}

void Session::send(Request request, Reply reply) {
  complete(request);
  if (stopped_) {
    return reply(error_response(request, {Rsc::kTargetNotReachable, "the AE is stopped"}));
  }
  link_->send(std::move(request), std::move(reply));
}

Response Session::ask(Request request, std::chrono::milliseconds timeout) {
  complete(request);
  if (timeout.count() > 0) request.request_expiration = std::to_string(timeout.count());
  std::chrono::milliseconds wait = settings_.request_timeout;
  if (request.request_expiration) {
    const Timestamp now = system_now();
    const auto expires = parse_abs_rel_timestamp(*request.request_expiration, now);
    if (expires) wait = std::chrono::duration_cast<std::chrono::milliseconds>(*expires - now);
  }
  Request sent;
  sent.request_identifier = request.request_identifier;
  const auto waiting = std::make_shared<Waiting>();
  send(std::move(request), [waiting](Response response) {
    {
      const std::lock_guard lock(waiting->mutex);
      waiting->response = std::move(response);
    }
    waiting->arrived.notify_one();
  });
  std::unique_lock lock(waiting->mutex);
  const bool in_time =
      waiting->arrived.wait_for(lock, wait + kGrace, [&] { return waiting->response.has_value(); });
  if (in_time) return *std::move(waiting->response);
  return error_response(sent, {Rsc::kRequestTimeout, "no answer came in time"});
}

Result<Value> Session::ask_for_attributes(Request request, std::chrono::milliseconds timeout) {
  const Response response = ask(std::move(request), timeout);
  if (!is_success(response.rsc)) return fail(error_of(response));
  auto tree = tree_of(response.content);
  if (!tree) return tree;
  if (!tree->as_object() || tree->as_object()->empty()) return Value();
  return std::move(tree->as_object()->front().value);
}

Value Session::registration() const {
  Value attributes = Value::object();
  const auto set_list = [&attributes](const char* name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    attributes.set(name, Value::Array(texts.begin(), texts.end()));
  };
  const auto poa = link_->points_of_access();
  attributes.set("rr", link_->reachable());
  attributes.set("srv", Value::array({settings_.release_version}));
  set_list("poa", poa);
  set_list("lbl", settings_.labels);
  set_list("acpi", settings_.policies);
  return attributes;
}

void Session::become(const std::string& ae_id, const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    ae_id_ = ae_id;
    path_ = settings_.csebase + "/" + name;
  }
  inbox_.set_identity(ae_id);
}

// Source: TS-0001 clause 10.2.2.2, TS-0004 clause 7.4.5.2.1.
Result<void> Session::register_ae() {
  const Value wanted = registration();
  Value attributes = Value::object({{"rn", settings_.name}, {"api", settings_.app_id}});
  for (const Member& member : *wanted.as_object()) attributes.set(member.name, member.value);
  Request request = make_create(settings_.csebase, kAeType, "m2m:ae", std::move(attributes));
  const bool assigned = is_assigned_by_cse(settings_.ae_id);
  request.from = settings_.ae_id.empty() ? "C" : settings_.ae_id;
  const auto created = ask_for_attributes(std::move(request));
  if (!created && means_registered(created.error().rsc)) return take_up(wanted, created.error());
  if (!created) return fail(created.error());
  const std::string given = created->string_at("aei", created->string_at("ri"));
  if (given.empty() && assigned) {
    return fail(Rsc::kTargetNotReachable, "the CSE did not tell which AE-ID it has assigned");
  }
  become(given.empty() ? settings_.ae_id : std::string(last_segment(given)),
         created->string_at("rn", settings_.name));
  if (assigned) link_->set_identity(sp_relative_id());
  return {};
}

/// The <AE> is there already: makes it right.
Result<void> Session::take_up(const Value& wanted, const Error& why) {
  if (is_assigned_by_cse(settings_.ae_id)) {
    return fail(why.rsc, why.detail + "; to take up that AE, its ae_id must be in the settings");
  }
  auto present = ask_for_attributes(make_request(Operation::kRetrieve, path()));
  if (!present && present.error().rsc == Rsc::kNotFound) {  // registered under another name
    present = ask_for_attributes(make_request(Operation::kRetrieve, settings_.ae_id));
  }
  if (!present && present.error().rsc != Rsc::kOriginatorHasNoPrivilege) {
    return fail(present.error());
  }
  if (!present || last_segment(present->string_at("aei")) != settings_.ae_id) {
    return fail(Rsc::kConflict, "the name \"" + settings_.name + "\" belongs to another AE");
  }
  become(settings_.ae_id, present->string_at("rn", settings_.name));
  const Value changes = differences(*present, wanted);
  if (changes.size() == 0) return {};
  const auto updated = ask_for_attributes(make_update(path(), "m2m:ae", changes));
  if (!updated) return fail(updated.error());
  return {};
}

}  // namespace gatehouse::sdk
