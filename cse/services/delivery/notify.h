#pragma once
#include <functional>
#include <map>
#include <string>

#include "cse/core/cse.h"
#include "cse/services/delivery/messenger.h"

namespace gatehouse {

/// NOTIFY addressed to a resource of this CSE; the core has checked the NOTIFY privilege.
/// Source: TS-0004 clause 7.5.1, TS-0001 clause 10.2.5.
///  - an <AE> or <remoteCSE>: handed on to that entity, `from` made SP-relative;
///  - the CSEBase: to the handler registered for the root of its content; m2m:sgn and m2m:agn for
///    which nobody registered are acknowledged, anything else is refused (4000);
///  - a type with a taker of its own (Extensions::notify_targets): to that;
///  - any other resource: 4005.
class NotifyReceiver final : public NotifyProcedure {
 public:
  using Handler = std::function<void(Request request, const std::string& originator, Reply reply)>;

  NotifyReceiver(Cse& cse, EntityMessenger& messenger) : cse_(cse), messenger_(messenger) {}

  /// Before start. `content_root`: "m2m:sgn", "m2m:rsp" … Handlers of one root are asked in the
  /// order in which they were added, each only if it `takes` the request.
  using Takes = std::function<bool(const Request& request)>;
  void add_handler(const std::string& content_root, Handler handler, Takes takes = {});

  void notify(Request request, const ResourcePtr& target, const std::string& originator,
              Reply reply) override;

 private:
  struct Registered {
    Takes takes;  ///< empty: all
    Handler handle;
  };
  void to_base(Request request, const std::string& originator, const Reply& reply) const;

  Cse& cse_;
  EntityMessenger& messenger_;
  std::multimap<std::string, Registered> handlers_;
};

}  // namespace gatehouse
