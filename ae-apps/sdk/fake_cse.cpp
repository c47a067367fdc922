#include "ae-apps/sdk/fake_cse.h"

#include <algorithm>
#include <utility>

namespace gatehouse::sdk {
namespace {

constexpr int kAe = 2, kSubscription = 23;
constexpr int kUpdated = 1, kDeleted = 2, kChildCreated = 3, kChildDeleted = 4;

std::string last_part(const std::string& address) { return address.substr(address.rfind('/') + 1); }

Response answer(Rsc rsc, const Request& request) {
  Response response;
  response.rsc = rsc;
  response.request_identifier = request.request_identifier;
  response.release_version = request.release_version;
  return response;
}

Response refuse(const Request& request, Rsc rsc, std::string detail) {
  return error_response(request, {rsc, std::move(detail)});
}

/// True if the subscription wants this event of a resource of that type.
bool wants(const Value& subscription, int event, std::int64_t child_type, const Value& changed) {
  const Value* criteria = subscription.find("enc");
  const Value* events = criteria ? criteria->find("net") : nullptr;
  if (!events || !events->as_array()) return event == kUpdated;
  const auto holds = [](const Value& list, std::int64_t number) {
    return std::any_of(list.as_array()->begin(), list.as_array()->end(),
                       [number](const Value& each) { return each.as_integer() == number; });
  };
  if (!holds(*events, event)) return false;
  const Value* types = criteria->find("chty");
  if (types && types->as_array() && event >= kChildCreated) return holds(*types, child_type);
  const auto attributes = criteria->strings_at("atr");
  return attributes.empty() || event != kUpdated ||
         std::any_of(attributes.begin(), attributes.end(),
                     [&changed](const std::string& name) { return changed.contains(name); });
}

}  // namespace

/// One AE's way to the fake.
class FakeCse::FakeLink final : public Link {
 public:
  explicit FakeLink(FakeCse& cse) : cse_(cse) {}
  ~FakeLink() override { stop(); }
  Result<void> start(PrimitiveHandler& handler) override {
    handler_ = &handler;
    return {};
  }
  void stop() override {
    if (!ae_id_.empty()) cse_.attach(ae_id_, nullptr);
  }
  void send(Request request, Reply reply) override {
    if (ae_id_.empty() && request.resource_type == kAe && request.from.size() > 1) {
      set_identity(request.from);
    }
    cse_.handle(std::move(request), std::move(reply));
  }
  void set_identity(const std::string& ae_id) override {
    ae_id_ = last_part(ae_id);
    cse_.attach(ae_id_, handler_);
  }
  std::vector<std::string> points_of_access() const override { return {"http://fake.invalid"}; }
  void serve_pages(http::PageHandler) override {}  // it has no listener, as page_url() says
  std::string page_url() const override { return {}; }

 private:
  FakeCse& cse_;
  PrimitiveHandler* handler_ = nullptr;
  std::string ae_id_;
};

FakeCse::FakeCse(std::string cse_id, std::string csebase)
    : cse_id_(std::move(cse_id)), csebase_(std::move(csebase)) {
  const Value attributes = Value::object({{"ri", last_part(cse_id_)}, {"rn", csebase_}});
  entries_[csebase_] = {csebase_, "", "m2m:cb", 5, ++order_, attributes};
}

FakeCse::~FakeCse() = default;

std::unique_ptr<Link> FakeCse::link() { return std::make_unique<FakeLink>(*this); }

void FakeCse::attach(const std::string& ae_id, PrimitiveHandler* handler) {
  std::unique_lock lock(mutex_);
  handlers_[ae_id] = handler;
  if (handler != nullptr) return;
  told_.wait(lock, [&] {  // whoever leaves may be gone afterwards
    const auto [first, last] = busy_.equal_range(ae_id);
    return std::all_of(first, last,
                       [](const auto& by) { return by.second == std::this_thread::get_id(); });
  });
}

/// False if it is not there.
bool FakeCse::deliver(const std::string& ae_id, Request request, Reply reply) {
  std::unique_lock lock(mutex_);
  PrimitiveHandler* const handler = handlers_[ae_id];
  if (handler == nullptr) return false;
  const auto mine = busy_.emplace(ae_id, std::this_thread::get_id());
  lock.unlock();
  handler->handle(std::move(request), std::move(reply));
  lock.lock();
  busy_.erase(mine);
  told_.notify_all();
  return true;
}

void FakeCse::inject(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

std::vector<Request> FakeCse::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

Value FakeCse::find(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const Entry* entry = entry_at(path);
  return entry ? entry->attributes : Value();
}

Response FakeCse::update(const std::string& path, Value attributes) {
  Request request;
  request.operation = Operation::kUpdate;
  request.to = path;
  request.from = "CAdmin";
  request.content = Value::object({{"any", std::move(attributes)}});
  Response response;
  serve_and_reply(request, [&response](Response given) { response = std::move(given); });
  return response;
}

/// CSE-relative and structured, whichever way it was given.
std::string FakeCse::path_of(const std::string& to) const {
  std::string path = to;
  if (path.starts_with(cse_id_ + "/")) path = path.substr(cse_id_.size() + 1);
  if (path == "-" || path.starts_with("-/")) path = csebase_ + path.substr(1);
  if (entries_.contains(path)) return path;
  const std::string first = path.substr(0, path.find('/'));
  for (const auto& [key, entry] : entries_) {
    if (entry.attributes.string_at("ri") == first) return key + path.substr(first.size());
  }
  return path;
}

const FakeCse::Entry* FakeCse::entry_at(const std::string& to) const {
  const std::string path = path_of(to);
  if (const auto found = entries_.find(path); found != entries_.end()) return &found->second;
  if (!path.ends_with("/la")) return nullptr;
  const std::string parent = path.substr(0, path.size() - 3);
  const Entry* latest = nullptr;
  for (const auto& [key, entry] : entries_) {
    if (entry.parent == parent && entry.root == "m2m:cin" &&
        (!latest || entry.order > latest->order)) {
      latest = &entry;
    }
  }
  return latest;
}

bool FakeCse::hit_by_fault(const Request& request, const Reply& reply) {
  Fault fault;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    const auto hit = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& each) {
      return each.times > 0 && (!each.operation || *each.operation == request.operation) &&
             request.to.find(each.to) != std::string::npos;
    });
    if (hit == faults_.end()) return false;
    --hit->times;
    fault = *hit;
  }
  if (fault.kind == Fault::Kind::kAnswer) reply(refuse(request, fault.answer, "injected"));
  if (fault.kind == Fault::Kind::kDelay && scheduler_) {
    scheduler_->after(fault.delay, [this, request, reply] { serve_and_reply(request, reply); });
  }
  return true;
}

void FakeCse::handle(Request&& request, Reply reply) {
  if (hit_by_fault(request, reply)) return;
  serve_and_reply(request, reply);
}

void FakeCse::serve_and_reply(const Request& request, const Reply& reply) {
  if (request.operation == Operation::kNotify) return notify(request, reply);
  std::vector<Notice> notices;
  std::unique_lock lock(mutex_);
  Response response = serve(request, notices);
  lock.unlock();
  for (Notice& notice : notices) {
    deliver(notice.ae_id, std::move(notice.request), [](const Response&) {});
  }
  reply(std::move(response));
}

void FakeCse::notify(const Request& request, const Reply& reply) {
  std::string ae_id;
  {
    const std::lock_guard lock(mutex_);
    const Entry* target = entry_at(request.to);
    if (target && target->type == kAe) ae_id = target->attributes.string_at("aei");
  }
  if (ae_id.empty() || !deliver(ae_id, request, reply)) {
    reply(refuse(request, Rsc::kTargetNotReachable, "no such AE is connected"));
  }
}

Response FakeCse::serve(const Request& request, std::vector<Notice>& notices) {
  if (request.operation == Operation::kCreate) return create(request, notices);
  if (!entry_at(request.to)) return refuse(request, Rsc::kNotFound, request.to + " is not there");
  if (request.operation == Operation::kRetrieve) return retrieve(request);
  return request.operation == Operation::kUpdate ? update(request, notices)
                                                 : remove(request, notices);
}

Response FakeCse::create(const Request& request, std::vector<Notice>& notices) {
  const std::string parent = path_of(request.to);
  if (!entries_.contains(parent)) return refuse(request, Rsc::kNotFound, parent + " is not there");
  if (!request.content || !request.content->as_object() || request.content->size() != 1) {
    return refuse(request, Rsc::kBadRequest, "pc: a CREATE needs a content with one member");
  }
  const Member& given = request.content->as_object()->front();
  Entry entry{"", parent, given.name, request.resource_type.value_or(0), ++order_, given.value};
  const std::string serial = std::to_string(entry.order);
  std::string identifier = last_part(given.name.substr(given.name.find(':') + 1)) + serial;
  if (entry.type == kAe) {
    identifier = request.from.size() > 1 ? request.from : "C" + serial;
    if (entry_at(identifier)) {
      return refuse(request, Rsc::kOriginatorHasAlreadyRegistered, identifier + " is registered");
    }
    entry.attributes.set("aei", identifier);
  }
  const std::string name = entry.attributes.string_at("rn", identifier);
  entry.path = parent + "/" + name;
  if (entries_.contains(entry.path)) return refuse(request, Rsc::kConflict, name + " is taken");
  entry.attributes.set("rn", name);
  entry.attributes.set("ri", identifier);
  entry.attributes.set("ty", entry.type);
  if (const Value* creator = entry.attributes.find("cr"); creator && creator->is_null()) {
    entry.attributes.set("cr", request.from);
  }
  const Entry& stored = entries_[entry.path] = std::move(entry);
  collect(parent, kChildCreated, stored, stored.attributes, notices);
  Response response = answer(Rsc::kCreated, request);
  response.content = Content(Value::object({{stored.root, stored.attributes}}));
  return response;
}

Response FakeCse::retrieve(const Request& request) const {
  const Entry& entry = *entry_at(request.to);
  if (request.filter && request.filter->filter_usage) return discover(request, entry);
  Response response = answer(Rsc::kOk, request);
  response.content = Content(Value::object({{entry.root, entry.attributes}}));
  return response;
}

Response FakeCse::discover(const Request& request, const Entry& top) const {
  const auto& types = request.filter->resource_types;
  const auto& labels = request.filter->labels;
  Value::Array found;
  for (const auto& [path, entry] : entries_) {
    if (!path.starts_with(top.path + "/")) continue;
    const auto own = entry.attributes.strings_at("lbl");
    const bool fits_type =
        types.empty() || std::find(types.begin(), types.end(), entry.type) != types.end();
    const bool fits_label =
        labels.empty() ||
        std::find_first_of(own.begin(), own.end(), labels.begin(), labels.end()) != own.end();
    if (fits_type && fits_label) found.emplace_back(path);
  }
  Response response = answer(Rsc::kOk, request);
  response.content = Content(Value::object({{"m2m:uril", std::move(found)}}));
  return response;
}

Response FakeCse::update(const Request& request, std::vector<Notice>& notices) {
  Entry& entry = entries_.at(entry_at(request.to)->path);
  const Value& changed = request.content->as_object()->front().value;
  if (!changed.as_object()) return refuse(request, Rsc::kBadRequest, "pc: no attributes");
  for (const Member& member : *changed.as_object()) {
    if (member.value.is_null()) {
      entry.attributes.erase(member.name);
    } else {
      entry.attributes.set(member.name, member.value);
    }
  }
  collect(entry.path, kUpdated, entry, changed, notices);
  Response response = answer(Rsc::kUpdated, request);
  response.content = Content(Value::object({{entry.root, entry.attributes}}));
  return response;
}

Response FakeCse::remove(const Request& request, std::vector<Notice>& notices) {
  const Entry entry = *entry_at(request.to);
  collect(entry.path, kDeleted, entry, entry.attributes, notices);
  collect(entry.parent, kChildDeleted, entry, entry.attributes, notices);
  std::erase_if(entries_, [&entry](const auto& each) {
    return each.first == entry.path || each.first.starts_with(entry.path + "/");
  });
  return answer(Rsc::kDeleted, request);
}

void FakeCse::collect(const std::string& resource, int event, const Entry& about,
                      const Value& changed, std::vector<Notice>& notices) const {
  for (const auto& [path, entry] : entries_) {
    if (entry.parent != resource || entry.type != kSubscription || path == about.path) continue;
    if (!wants(entry.attributes, event, about.type, changed)) continue;
    const bool only_changes = entry.attributes.integer_at("nct", 1) == 2;
    const Value& shown = only_changes ? changed : about.attributes;
    const Value details =
        Value::object({{"net", event}, {"rep", Value::object({{about.root, shown}})}});
    const std::string sur = cse_id_ + "/" + entry.attributes.string_at("ri");
    for (const std::string& target : entry.attributes.strings_at("nu")) {
      Notice notice{last_part(target), {}};
      notice.request.operation = Operation::kNotify;
      notice.request.to = target;
      notice.request.from = cse_id_;
      notice.request.request_identifier = "fake" + std::to_string(notices.size());
      notice.request.content =
          Value::object({{"m2m:sgn", Value::object({{"nev", details}, {"sur", sur}})}});
      notices.push_back(std::move(notice));
    }
  }
}

}  // namespace gatehouse::sdk
