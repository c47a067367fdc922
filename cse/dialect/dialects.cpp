#include "cse/dialect/dialects.h"

#include "cse/codec/json.h"
#include "cse/dialect/answers.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kUnstructured = 2;  // m2m:desIdResType

std::size_t index_of(const Switch& row) { return static_cast<std::size_t>(row.id); }

/// Bindings without a place of their own for it: vendorInformation is for what is ours. Source:
/// TS-0004 table 7.1.2-1 (vsi).
void report_as_vendor_information(Response& response) {
  if (!response.vendor_information)
    response.vendor_information = "X-Gatehouse-Compat: " + response.dialect;
}

}  // namespace

void Dialects::handle(Request&& request, Reply reply) {
  request.advice = this;
  if (on_.none()) return next_.handle(std::move(request), std::move(reply));
  handle_leniently(std::move(request), std::move(reply));
}

void Dialects::handle_leniently(Request&& request, Reply reply) {
  std::string used = std::move(request.dialect);
  const bool asked_unstructured = request.desired_identifier_result_type == kUnstructured &&
                                  is_on(Dialect::kUnstructuredWithCseId);
  std::optional<Dialect> addresses;
  if (asked_unstructured)
    addresses = Dialect::kUnstructuredWithCseId;
  else if (request.to.starts_with('/') && is_on(Dialect::kAnswerInAskedForm))
    addresses = Dialect::kAnswerInAskedForm;
  const bool has_header =
      request.peer && request.peer->transport.starts_with("http");  // X-Gatehouse-Compat
  for (const Switch& row : all_switches()) {
    if (!on_.test(index_of(row))) continue;
    if (const auto objection = row.objects ? row.objects(request) : std::nullopt)
      return object(row, *objection, request, reply);
    if (!row.repair) continue;
    if (row.repair(request, facts_, nullptr)) add_switch(used, row.name);
  }
  next_.handle(std::move(request), [this, used = std::move(used), addresses, has_header,
                                    reply = std::move(reply)](Response response) mutable {
    translate(response, used, addresses);
    // The core names its own.
    std::string all = std::move(used);
    if (all.empty()) {
      all = std::move(response.dialect);
    } else if (!response.dialect.empty()) {
      add_switch(all, response.dialect);
    }
    response.dialect = std::move(all);
    if (!response.dialect.empty()) {
      count(response.dialect);
      if (!has_header) report_as_vendor_information(response);
    }
    reply(std::move(response));
  });
}

void Dialects::object(const Switch& row, const Error& objection, const Request& request,
                      const Reply& reply) {
  Response refused = error_response(request, objection);
  refused.request_identifier = request.request_identifier;
  refused.release_version = request.release_version;
  refused.dialect = row.name;
  count(row.id);
  reply(std::move(refused));
}

void Dialects::translate(Response& response, std::string& used,
                         std::optional<Dialect> addresses) const {
  const bool monitors = is_on(Dialect::kAcmeMonitor);
  if (!(addresses || monitors) || !is_success(response.rsc) || response.content.empty()) return;
  auto content = tree_of(response.content);
  if (!content) return;
  bool changed = false;
  if (addresses && answer::in_sp_relative_form(*content, facts_.cse_id)) {
    add_switch(used, switch_of(*addresses).name);
    changed = true;
  }
  if (monitors && answer::with_acme_monitors(*content)) {
    add_switch(used, switch_of(Dialect::kAcmeMonitor).name);
    changed = true;
  }
  if (changed) response.content = *std::move(content);
}

void Dialects::count(std::string_view names) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (const Switch* row = find_switch(names.substr(0, end))) count(row->id);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

void Dialects::advise(const Request& request, Error& refusal) const {
  if (static_cast<int>(refusal.rsc) < 4000 || static_cast<int>(refusal.rsc) >= 5000) return;
  for (const Switch& row : all_switches()) {
    if (on_.test(index_of(row)) || !refusal.detail.starts_with(row.refusal)) continue;
    if (row.concerns && (refusal.rsc != Rsc::kOriginatorNotAuthenticated &&
                         refusal.rsc != Rsc::kSecurityAssociationRequired))
      continue;
    if (row.concerns && !row.concerns(request, facts_)) continue;
    if (!row.concerns) {
      if (!row.repair) continue;
      Request tried = request;
      if (!row.repair(tried, facts_, &refusal)) continue;
    }
    counters_.named[index_of(row)].fetch_add(1, std::memory_order_relaxed);
    refusal.detail += would_accept(row.name);
    return;
  }
}

void DialectSender::send(const std::string& url, const std::string& receiver_id, Request request,
                         Reply reply) {
  if (request.operation != Operation::kNotify)
    return next_.send(url, receiver_id, std::move(request), std::move(reply));
  if (Value* notification = request.content ? request.content->find("m2m:sgn") : nullptr)
    translate(*notification);
  Value* batch = request.content ? request.content->find("m2m:agn") : nullptr;
  Value* notifications = batch ? batch->find("m2m:sgn") : nullptr;
  if (notifications && notifications->as_array()) {
    for (Value& notification : *notifications->as_array()) translate(notification);
  }
  const bool topic = receiver_id.empty() && dialects_.is_on(Dialect::kMqttTopicOfAe);
  const std::string receiver = topic ? receiver_of(url) : receiver_id;
  if (topic && !receiver.empty()) {
    dialects_.count(Dialect::kMqttTopicOfAe);
    request.to = receiver;
  }
  next_.send(url, receiver, std::move(request), std::move(reply));
}

void DialectSender::translate(Value& notification) {
  if (dialects_.is_on(Dialect::kStructuredReference) && notification.contains("sur"))
    dialects_.count(Dialect::kStructuredReference);  // it was written so
  if (dialects_.is_on(Dialect::kAcmeMonitor) && answer::with_acme_event(notification))
    dialects_.count(Dialect::kAcmeMonitor);
}

/// "mqtt://broker/CAE1?ct=json": "/id-in/CAE1", if that is an AE of this CSE.
std::string DialectSender::receiver_of(const std::string& url) const {
  if (!url.starts_with("mqtt://") && !url.starts_with("mqtts://")) return {};
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos) return {};
  const std::string stem = url.substr(path + 1, url.find('?', path) - path - 1);
  if (stem.empty() || stem.find('/') != std::string::npos || !is_ae_(stem)) return {};
  return cse_id_ + "/" + stem;
}

}  // namespace gatehouse
