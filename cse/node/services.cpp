#include "cse/node/services.h"

namespace gatehouse::node {
namespace {

RegistrationSettings registration_settings(const NodeSettings& settings) {
  RegistrationSettings r;
  r.allowed_cses = settings.allowed_cses;
  r.registrar_cse_id = settings.registrar.cse_id;
  r.registrar_csebase = settings.registrar.csebase_name;
  r.registrar_url = settings.registrar.url;
  r.retry = std::chrono::seconds(settings.registrar.retry_seconds);
  r.expiration = std::chrono::seconds(settings.registrar.expiration_seconds);
  return r;
}

}  // namespace

Services::Services(Cse& cse, SenderList& senders, const NodeSettings& settings)
    : discovery_(cse), registration_(cse, senders, registration_settings(settings)) {
  add_containers(cse);
}

void Services::start() { registration_.start(); }

void Services::stop() { registration_.stop(); }

}  // namespace gatehouse::node
