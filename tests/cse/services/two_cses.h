#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cse/services/announcement/announcement.h"
#include "cse/services/discovery/discovery.h"
#include "cse/services/registration/registration.h"
#include "mgmt-objects/management_behaviour.h"
#include "mgmt-objects/management_objects.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse::test {

class Network;

/// One CSE of a network: a TestCse with registration, announcement, discovery and management
/// objects. Its point of access is "http://" and its CSE-ID without "/id-": "/id-mn" is at
/// "http://mn".
class NetworkCse {
 public:
  NetworkCse(Network& network, CseSettings settings, RegistrationSettings registration,
             std::shared_ptr<Store> store);

  TestCse& core() { return *core_; }
  Cse& cse() { return core_->cse(); }
  Registration& registration() { return *registration_; }
  std::shared_ptr<Store> store() { return core_->store(); }
  ResourcePtr find(const std::string& address) { return core_->find(address); }

  /// Asks and runs all CSEs of the network until nothing is left to do at this instant.
  Response ask(Request request);
  Response create(std::string from, std::string to, int type, Value attributes) {
    return ask(core_->create_request(std::move(from), std::move(to), type, std::move(attributes)));
  }
  /// For roots that share a type: "m2m:fwr".
  Response create(std::string from, std::string to, int type, std::string root, Value attributes) {
    Request made = TestCse::request(Operation::kCreate, std::move(from), std::move(to));
    made.resource_type = type;
    made.content = Value::object({{std::move(root), std::move(attributes)}});
    return ask(std::move(made));
  }
  Response retrieve(std::string from, std::string to) {
    return ask(TestCse::request(Operation::kRetrieve, std::move(from), std::move(to)));
  }
  Response update(std::string from, std::string to, std::string root, Value attributes) {
    Request made = TestCse::request(Operation::kUpdate, std::move(from), std::move(to));
    made.content = Value::object({{std::move(root), std::move(attributes)}});
    return ask(std::move(made));
  }
  Response remove(std::string from, std::string to) {
    return ask(TestCse::request(Operation::kDelete, std::move(from), std::move(to)));
  }

 private:
  friend class Network;
  /// Sends over the network, as this CSE.
  struct Wire final : PrimitiveSender {
    Wire(Network& n, std::string id, std::string sp)
        : network(n), cse_id(std::move(id)), sp_id(std::move(sp)) {}
    bool serves(std::string_view url) const override { return url.starts_with("http://"); }
    void send(const std::string& url, const std::string& receiver_id, Request request,
              Reply reply) override;
    Network& network;
    const std::string cse_id, sp_id;
  };

  Network& network_;
  std::vector<std::unique_ptr<TypeSchema>> owned_schemas_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> owned_rules_;
  Wire wire_;
  std::unique_ptr<TestCse> core_;
  std::unique_ptr<Registration> registration_;
  std::unique_ptr<Announcement> announcement_;
  std::unique_ptr<Discovery> discovery_;
};

/// Several CSEs on one clock, joined by their points of access, in one thread. A request that
/// crosses arrives with the sender's CSE-ID as proven identity, as over mutual TLS.
///
///     Network network;
///     NetworkCse& in = network.add(1, "/id-in");
///     NetworkCse& mn = network.add(2, "/id-mn", "/id-in");
///     network.settle();  // the MN has registered
class Network {
 public:
  /// `type`: m2m:cseTypeID. The CSEBase of "/id-mn" is "cse-mn". Replaces a CSE of that ID: with
  /// its store that is a restart.
  NetworkCse& add(int type, const std::string& cse_id, const std::string& registrar = "",
                  std::shared_ptr<Store> store = std::make_shared<MemoryStore>()) {
    return add(type, cse_id, registrar, std::move(store), {}, {});
  }
  /// The same with an SP-ID of its own (empty: the default), and IN-CSEs of other providers.
  NetworkCse& add(int type, const std::string& cse_id, const std::string& registrar,
                  std::shared_ptr<Store> store, const std::string& sp_id,
                  std::vector<PeerProvider> providers) {
    CseSettings settings;
    if (!sp_id.empty()) settings.sp_id = sp_id;
    settings.cse_type = type;
    settings.cse_id = cse_id;
    settings.csebase_name = base_of(cse_id);
    settings.point_of_access = {url_of(cse_id)};
    RegistrationSettings registration;
    registration.providers = std::move(providers);
    if (!registrar.empty()) {
      registration.registrar_cse_id = registrar;
      registration.registrar_csebase = base_of(registrar);
      registration.registrar_url = url_of(registrar);
    }
    cses_.erase(url_of(cse_id));
    auto& place = cses_[url_of(cse_id)];
    place = std::make_unique<NetworkCse>(*this, settings, registration, std::move(store));
    place->core().start();
    place->registration_->start();
    place->announcement_->start();
    return *place;
  }
  void remove(const std::string& cse_id) { cses_.erase(url_of(cse_id)); }
  /// Requests to and from it are lost (5103) while it is down.
  void set_down(const std::string& cse_id, bool down) {
    down ? (void)down_.insert(url_of(cse_id)) : (void)down_.erase(url_of(cse_id));
  }

  void settle() {
    for (bool busy = true; busy;) {
      std::size_t done = clock_->run_ready();
      for (auto& [url, cse] : cses_) done += cse->cse().run_pending();
      busy = done > 0;
    }
  }
  void advance(std::chrono::seconds span) {
    settle();
    for (; span.count() > 0; span -= std::chrono::seconds(1)) {
      clock_->advance(std::chrono::seconds(1));
      settle();
    }
  }

  std::shared_ptr<SimulatedScheduler> clock() { return clock_; }
  /// What crossed the network: "CREATE /id-in/cse-in 2001".
  std::vector<std::string>& log() { return log_; }
  /// m2m:dbg of the answers that crossed.
  std::vector<std::string>& reasons() { return reasons_; }
  /// The requests that crossed, in order.
  std::vector<Request>& requests() { return requests_; }

  static std::string url_of(const std::string& cse_id) { return "http://" + cse_id.substr(4); }
  static std::string base_of(const std::string& cse_id) { return "cse-" + cse_id.substr(4); }

 private:
  friend struct NetworkCse::Wire;
  std::shared_ptr<SimulatedScheduler> clock_ = std::make_shared<SimulatedScheduler>();
  std::map<std::string, std::unique_ptr<NetworkCse>> cses_;
  std::set<std::string> down_;
  std::vector<std::string> log_, reasons_;
  std::vector<Request> requests_;
};

inline NetworkCse::NetworkCse(Network& network, CseSettings settings,
                              RegistrationSettings registration, std::shared_ptr<Store> store)
    : network_(network), wire_(network, settings.cse_id, settings.sp_id) {
  core_ = std::make_unique<TestCse>(std::move(settings), std::move(store), network.clock());
  add_management_objects(core_->schemas());
  add_announced_variants(core_->schemas(), owned_schemas_, owned_rules_);
  cse().behaviours().add(type_number::kMgmtObj, management_object_behaviour());
  registration_ = std::make_unique<Registration>(cse(), wire_, std::move(registration));
  discovery_ = std::make_unique<Discovery>(cse());
  announcement_ = std::make_unique<Announcement>(cse());
}

inline Response NetworkCse::ask(Request request) {
  const std::string what = std::string(name_of(request.operation)) + " " + request.to;
  auto answer = core_->send(std::move(request));
  network_.settle();
  if (*answer) return **answer;
  ADD_FAILURE() << what << " is not answered";
  Response none;
  none.rsc = Rsc::kInternalServerError;
  return none;
}

inline void NetworkCse::Wire::send(const std::string& url, const std::string&, Request request,
                                   Reply reply) {
  const auto found = network.cses_.find(url);
  const std::string what = std::string(name_of(request.operation)) + " " + request.to + " ";
  network.requests_.push_back(request);
  const auto answer = [&net = network, what, reply](Response response) {
    net.log_.push_back(what + std::to_string(static_cast<int>(response.rsc)));
    if (const std::string why = TestCse::debug_text(response); !why.empty())
      net.reasons_.push_back(why);
    net.clock_->post([reply, response = std::move(response)] { reply(Response(response)); });
  };
  const bool lost = found == network.cses_.end() || network.down_.contains(url) ||
                    network.down_.contains(Network::url_of(cse_id));
  if (lost) {
    return answer(error_response(request, {Rsc::kTargetNotReachable, url + " is down"}));
  }
  auto peer = std::make_shared<Peer>();
  peer->transport = "https";
  peer->authenticated = true;
  peer->identities = {cse_id, sp_id + cse_id};
  request.peer = std::move(peer);
  found->second->cse().handle(std::move(request), answer);
}

}  // namespace gatehouse::test
