// The CSEs that have copies: whether they can be reached, our <CSEBaseAnnc> there, and copies whose
// original is gone.
#include <algorithm>

#include "cse/codec/json.h"
#include "cse/services/announcement/announcer.h"

namespace gatehouse::announcement {
namespace {

std::string base_setting(const std::string& cse) { return "announcement:" + cse; }

/// "ri" of a created resource, as the CSE that keeps it calls it.
std::string created_address(const std::string& cse, const Response& response) {
  auto tree = tree_of(response.content);
  if (!tree || !tree->as_object() || tree->as_object()->empty()) return {};
  const std::string id = tree->as_object()->front().value.string_at("ri");
  return id.empty() ? id : cse + "/" + id;
}

}  // namespace

bool is_transient(Rsc rsc) {
  switch (rsc) {
    case Rsc::kTargetNotReachable:
    case Rsc::kRemoteEntityNotReachable:
    case Rsc::kRequestTimeout:
    case Rsc::kInternalServerError:
    case Rsc::kSecurityAssociationRequired:  // our registration there has lapsed; it is renewed
    case Rsc::kOriginatorNotAuthenticated:
      return true;
    default:
      return false;
  }
}

void Announcer::send(Request request, std::function<void(Response&&)> then) {
  request.from = cse_.settings().cse_id;
  const auto self = shared_from_this();
  cse_.request(std::move(request), [self, then = std::move(then)](Response response) {
    self->cse_.scheduler().post([self, then, response = std::move(response)]() mutable {
      if (!self->stopped_) then(std::move(response));
    });
  });
}

bool Announcer::has_route(const std::string& cse) {
  if (cse == cse_.settings().cse_id) return true;
  CommittedView view = cse_.view();
  auto direct = view.find(ResourceId{cse.substr(1)});
  if (direct && *direct && (*direct)->type() == type_number::kRemoteCse) return true;
  Page page;
  for (;;) {
    auto entries = view.all_of_type(type_number::kRemoteCse, page);
    if (!entries) return false;
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto csr = view.find(entry.id);
      if (!csr || !*csr) continue;
      const auto below = (*csr)->attributes().strings_at("dcse");
      if ((*csr)->internal().bool_at("registrar") ||
          std::find(below.begin(), below.end(), cse) != below.end()) {
        return true;
      }
    }
    if (entries->size() < page.limit) return false;
  }
}

bool Announcer::reachable(const std::string& cse, const std::string& original) {
  Remote& remote = remotes_[cse];
  const bool pause = cse_.scheduler().now() < remote.not_before;
  if (!pause && remote.removals.empty()) {
    if (has_route(cse)) return true;
    failed(cse);
  }
  remote.waiting.insert(original);
  pause ? arm(cse) : remove_next(cse);
  return false;
}

void Announcer::failed(const std::string& cse) {
  Remote& remote = remotes_[cse];
  // Failures of requests that were sent together count once.
  if (cse_.scheduler().now() < remote.not_before) return;
  const auto pause = std::min<std::chrono::milliseconds>(
      settings_.first_retry * (1 << std::min(remote.failures++, 16)), settings_.last_retry);
  remote.not_before = cse_.scheduler().now() + pause;
  arm(cse);
}

void Announcer::arm(const std::string& cse) {
  Remote& remote = remotes_[cse];
  if (remote.timer) return;
  remote.timer = true;
  cse_.scheduler().at(remote.not_before, [self = shared_from_this(), cse] {
    if (self->stopped_) return;
    self->remotes_[cse].timer = false;
    self->release(cse);
  });
}

void Announcer::succeeded(const std::string& cse) { remotes_[cse].failures = 0; }

void Announcer::release(const std::string& cse) {
  Remote& remote = remotes_[cse];
  if (cse_.scheduler().now() < remote.not_before) return arm(cse);
  remove_next(cse);
  if (!remote.removals.empty()) return;
  const std::set<std::string> waiting = std::exchange(remote.waiting, {});
  for (const std::string& original : waiting) post_work(original);
}

void Announcer::retry_all() {
  std::vector<std::string> cses;
  for (auto& [cse, remote] : remotes_) {
    remote.not_before = Timestamp{0};
    remote.failures = 0;
    cses.push_back(cse);
  }
  for (const std::string& cse : cses) release(cse);
}

void Announcer::remove_next(const std::string& cse) {
  Remote& remote = remotes_[cse];
  if (remote.removing || remote.removals.empty()) return;
  const bool pause = cse_.scheduler().now() < remote.not_before;
  if (pause || !has_route(cse)) {
    for (const Removal& removal : remote.removals) answer("gone:" + removal.address);
    return pause ? arm(cse) : failed(cse);
  }
  remote.removing = true;
  Request request;
  request.operation = Operation::kDelete;
  request.to = remote.removals.front().address;
  request.result_content = 0;
  send(std::move(request), [this, cse](Response response) {
    Remote& there = remotes_[cse];
    there.removing = false;
    answer("gone:" + there.removals.front().address);
    if (is_transient(response.rsc)) return failed(cse);
    succeeded(cse);
    cse_.submit([order = there.removals.front().order](OperationContext& context) {
      context.resources.erase_outbox(order);
      return Response{};
    });
    there.removals.pop_front();
    release(cse);
  });
}

Request Announcer::base_request(Operation operation, const std::string& to) {
  CommittedView view = cse_.view();
  const CseSettings& own = cse_.settings();
  Value attributes = Value::object();
  if (auto base = view.find(csebase_id(own)); base && *base) {
    for (const AttributeRule& rule : (*base)->schema().rules) {
      const std::string name(rule.short_name);
      const Value* value = (*base)->attributes().find(name);
      const bool goes = rule.announced == Announced::kAlways || name == "csi" || name == "cst";
      // Its policies are those of this CSE: there, the other CSE's own decide.
      if (goes && value && name != "acpi" && name != "daci") attributes.set(name, *value);
    }
  }
  Request request;
  request.operation = operation;
  request.to = to;
  if (operation == Operation::kCreate) {
    attributes.set("rn", own.csebase_name);
    attributes.set("lnk", own.cse_id + "/" + own.csebase_name);
    request.resource_type = type_number::kAnnounced + type_number::kCseBase;
  }
  attributes.set("et", to_text(cse_.scheduler().now() + own.default_expiration));
  request.content = Value::object({{"m2m:cbA", std::move(attributes)}});
  return request;
}

void Announcer::seek_base(const std::string& cse) {
  Remote& remote = remotes_[cse];
  if (remote.seeking_base) return;
  remote.seeking_base = true;
  auto snapshot = cse_.store().read();
  auto known = snapshot ? (*snapshot)->setting(base_setting(cse))
                        : Result<std::optional<std::string>>(fail(snapshot.error()));
  if (!known) return base_failed(cse);
  *known && !(*known)->empty() ? refresh_base(cse, **known) : create_base(cse);
}

void Announcer::refresh_base(const std::string& cse, const std::string& address) {
  Request request = base_request(Operation::kUpdate, address);
  request.result_content = 0;
  send(std::move(request), [this, cse, address](Response response) {
    if (is_transient(response.rsc)) return base_failed(cse);
    response.rsc == Rsc::kNotFound ? create_base(cse) : base_found(cse, address, false);
  });
}

void Announcer::create_base(const std::string& cse) {
  create_or_adopt(base_request(Operation::kCreate, cse), [this, cse](Created outcome) {
    if (!outcome.address.empty()) return base_found(cse, outcome.address, true);
    // An IN may not know the way yet (4004), or refuse us: the entry stays, and so do the tries
    // with their growing pauses.
    base_failed(cse);
  });
}

void Announcer::base_found(const std::string& cse, const std::string& address, bool is_new) {
  succeeded(cse);
  Remote& remote = remotes_[cse];
  remote.base = address;
  remote.seeking_base = false;
  if (is_new) {
    cse_.submit([cse, address](OperationContext& context) {
      auto kept = context.resources.put_setting(base_setting(cse), address);
      return kept ? Response{} : error_response(context.request, kept.error());
    });
  }
  for (const std::string& original : std::exchange(remote.seekers, {})) post_work(original);
}

void Announcer::base_failed(const std::string& cse) {
  Remote& remote = remotes_[cse];
  remote.seeking_base = false;
  for (std::string& original : std::exchange(remote.seekers, {})) {
    answer(original);
    remote.waiting.insert(std::move(original));
  }
  failed(cse);
}

void Announcer::create_or_adopt(Request request, std::function<void(Created)> then) {
  Request asked = request;
  send(std::move(asked), [this, request = std::move(request), then](Response response) mutable {
    const bool named = request.content->as_object()->front().value.contains("rn");
    if (response.rsc == Rsc::kConflict && named) return adopt(std::move(request), then);
    Created outcome;
    if (response.rsc == Rsc::kCreated)
      outcome.address = created_address(cse_of(request.to), response);
    outcome.response = std::move(response);
    then(std::move(outcome));
  });
}

void Announcer::adopt(Request request, std::function<void(Created)> then) {
  Value& wanted = request.content->as_object()->front().value;
  Request look;
  look.operation = Operation::kRetrieve;
  look.to = (is_cse_id(request.to) ? request.to + "/-" : request.to) + "/" + wanted.string_at("rn");
  send(std::move(look), [this, request = std::move(request), then](Response response) mutable {
    if (is_transient(response.rsc)) return then({std::move(response), "", false});
    Value& attributes = request.content->as_object()->front().value;
    auto tree = tree_of(response.content);
    const bool readable = tree && tree->as_object() && !tree->as_object()->empty();
    if (readable &&
        tree->as_object()->front().value.string_at("lnk") == attributes.string_at("lnk")) {
      std::string address = created_address(cse_of(request.to), response);
      return then({std::move(response), std::move(address), true});
    }
    attributes.erase("rn");
    create_or_adopt(std::move(request), then);
  });
}

}  // namespace gatehouse::announcement
