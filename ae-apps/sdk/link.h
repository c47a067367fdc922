#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/sdk/settings.h"
#include "bindings/http/page.h"
#include "cse/primitive/handler.h"

namespace gatehouse::sdk {

/// The way between an AE and its CSE, both directions. Real: over the bindings (open_link);
/// simulated: FakeCse. Threading: any thread.
class Link {
 public:
  virtual ~Link() = default;
  /// Requests from the CSE go to `handler` from now on, which outlives the link or its stop().
  virtual Result<void> start(PrimitiveHandler& handler) = 0;
  /// No request reaches the handler after it; what is pending fails. Not from a reply or handler.
  virtual void stop() = 0;
  virtual void send(Request request, Reply reply) = 0;
  /// The AE-ID that the CSE has assigned.
  virtual void set_identity(const std::string& ae_id) = 0;
  virtual std::vector<std::string> points_of_access() const = 0;  ///< after start()
  /// Whether requests of the CSE can come: at a point of access, or on a connection of ours.
  virtual bool reachable() const { return !points_of_access().empty(); }
  virtual void serve_pages(http::PageHandler pages) = 0;
  virtual std::string page_url() const = 0;  ///< of the listener; empty if there is none
};

/// HTTP(S), MQTT(S), CoAP(S), WS(S), or one for each direction, as the settings say. Errors:
/// kBadRequest for settings that cannot work.
Result<std::unique_ptr<Link>> open_link(const AeSettings& settings);

}  // namespace gatehouse::sdk
