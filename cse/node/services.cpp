#include "cse/node/services.h"

#include "cse/node/dialect_wiring.h"
#include "cse/node/log.h"
#include "cse/services/action/processes.h"
#include "cse/services/group/group.h"
#include "cse/services/network/network.h"
#include "cse/services/subscription/target_policies.h"

namespace gatehouse::node {
namespace {

RegistrationSettings registration_settings(const NodeSettings& settings) {
  RegistrationSettings r;
  r.allowed_cses = settings.allowed_cses;
  r.registrar_cse_id = settings.registrar.cse_id;
  r.registrar_csebase = settings.registrar.csebase_name;
  r.registrar_url = settings.registrar.url;
  r.in_cse_id = settings.registrar.in_cse_id;
  for (const std::string& text : settings.peer_providers) {
    if (auto provider = parse_peer_provider(text)) r.providers.push_back(*std::move(provider));
  }
  r.retry = std::chrono::seconds(settings.registrar.retry_seconds);
  r.expiration = std::chrono::seconds(settings.registrar.expiration_seconds);
  return r;
}

SubscriptionSettings subscription_settings(const NodeSettings& settings) {
  SubscriptionSettings s;
  s.structured_reference =
      switches_of(settings).test(static_cast<std::size_t>(Dialect::kStructuredReference));
  return s;
}

Authorization::Settings authorization_settings(VerifyToken verify) {
  Authorization::Settings a;
  a.verify = std::move(verify);
  return a;
}

void log_undelivered(const Undelivered& lost) {
  log(LogLevel::kWarning,
      "notification given up sub=" + log_value(lost.queue) + " target=" + log_value(lost.target) +
          " rsc=" + std::to_string(static_cast<int>(lost.last)) + " dbg=" + log_value(lost.detail));
}

/// Records of service statistics are lines of the log: what collects logs can count and charge.
void log_statistics(const StatisticsRecord& record) {
  log(LogLevel::kInfo, "statistics record collect=" + log_value(record.collect_id) + " for=" +
                           log_value(record.collecting) + " of=" + log_value(record.collected) +
                           " event=" + std::to_string(record.event_type) +
                           " op=" + std::to_string(static_cast<int>(record.operation)) +
                           " resource=" + log_value(record.resource) +
                           " bytes=" + std::to_string(record.size_bytes) +
                           " start=" + to_text(record.start) + " end=" + to_text(record.end));
}

}  // namespace

Services::Services(Cse& cse, PrimitiveSender& senders, const NodeSettings& settings,
                   VerifyToken verify)
    : discovery_(cse),
      registration_(cse, senders, registration_settings(settings)),
      cmdh_(cse),
      messenger_(cse, {&senders}),
      scheduled_(cse, messenger_),
      polling_(PollingChannels::add(cse, PollingChannels::Settings{})),
      notify_(cse, messenger_),
      deliveries_(cse),
      deferred_(cse),
      deliverer_(cse, DeliverySettings{}, log_undelivered),
      subscriptions_(cse, deliverer_, subscription_settings(settings)),
      cross_resources_(cse, deliverer_),
      announcement_(cse),
      time_series_(cse),
      time_sync_(cse),
      location_(cse),
      actions_(cse),
      semantics_(cse),
      commands_(cse),
      transactions_(cse),
      authorization_(cse, authorization_settings(std::move(verify))),
      decisions_(cse),
      statistics_(cse, log_statistics) {
  add_containers(cse);
  add_flex_containers(cse);
  add_groups(cse);
  add_target_policies(cse);
  add_schedules(cse);
  add_network_types(cse);
  add_processes(cse);
  messenger_.set_polling(polling_.get());
  deferred_.set_deliveries(deliveries_);
  cse.extensions().messenger = &scheduled_;
  cse.extensions().notify = &notify_;
}

void Services::start() {
  deferred_.start();
  deliveries_.start();
  subscriptions_.start();
  cross_resources_.start();
  registration_.start();
  announcement_.start();
  time_series_.start();
  time_sync_.start();
  location_.start();
  commands_.start();
  transactions_.start();
  statistics_.start();
}

void Services::stop() {
  statistics_.stop();
  transactions_.stop();
  commands_.stop();
  location_.stop();
  time_sync_.stop();
  time_series_.stop();
  announcement_.stop();
  registration_.stop();
  deliveries_.stop();
}

}  // namespace gatehouse::node
