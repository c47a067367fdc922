#pragma once
#include <string>
#include <vector>

#include "cse/core/cse.h"

namespace gatehouse {

/// The way to an entity: points of access in their order while the entity is reachable for
/// requests (rr), then the connection that it holds to us (WebSocket), then its polling channel;
/// other CSEs by Transit. Source: TS-0001 clauses 9.6.5 (pointOfAccess, requestReachability)
/// and 10.2.5.13, TS-0004 clause 7.4.6.
///
/// An address of this CSE that is neither <AE> nor <remoteCSE> gets the request by the ordinary
/// way (`Cse::request`): the CSEBase, a group's fanOutPoint. An answer other than 5103 is final:
/// the next point of access is not tried. In a URL "mqtt://broker/CAE1" the one segment may name a
/// registered <AE>: then the request goes to the AE's oneM2M topics, else to that raw topic.
///
/// The serialisation is the one that the URL asks for (`?ct=xml`, taken off), else the first of the
/// entity's contentSerialization that we have.
class EntityMessenger final : public Messenger {
 public:
  /// The senders and `cse` outlive this; the first sender that serves a URL sends.
  EntityMessenger(Cse& cse, std::vector<PrimitiveSender*> senders);

  /// Before start; null: nobody polls.
  void set_polling(PollingQueue* polling) { polling_ = polling; }

  /// Before start; null: nobody is reached on a connection that it opened.
  void set_connections(Connections* connections) { connections_ = connections; }

  void send_to(const std::string& target, Request request, Reply reply) override;
  /// The same for a resource at hand, an <AE> or a <remoteCSE>.
  void send_to_entity(const ResourcePtr& entity, Request request, Reply reply);

 private:
  struct Attempt;
  PrimitiveSender* sender_for(const std::string& url) const;
  void send_to_url(const std::string& uri, Request request, Reply reply);
  void send_elsewhere(const std::string& target, Request request, Reply reply);
  void try_next(const std::shared_ptr<Attempt>& attempt) const;
  bool try_connection(const std::shared_ptr<Attempt>& attempt) const;
  void poll_or_give_up(const Attempt& attempt) const;
  void complete(Request& request, const Resource* entity) const;
  std::string named_ae(const std::string& url) const;

  Cse& cse_;
  const std::vector<PrimitiveSender*> senders_;
  PollingQueue* polling_ = nullptr;
  Connections* connections_ = nullptr;
};

}  // namespace gatehouse
