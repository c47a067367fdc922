#include "bindings/mqtt/server.h"

#include <stdexcept>
#include <utility>

#include "cse/primitive/identifiers.h"

namespace gatehouse::mqtt {

Server::Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs)
    : endpoint_(std::move(settings), codecs) {
  if (!is_cse_id(endpoint_.identity())) {
    throw std::invalid_argument("MQTT server: the id must be a CSE-ID such as '/id-in'");
  }
  endpoint_.serve(handler, true);
}

}  // namespace gatehouse::mqtt
