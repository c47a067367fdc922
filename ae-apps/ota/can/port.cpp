#include "ae-apps/ota/can/port.h"

namespace gatehouse::can {
namespace {

constexpr std::string_view kVirtual = "virtual:", kSocketCan = "socketcan:";

}  // namespace

bool names_a_bus(const std::string& bus) {
  return (bus.starts_with(kVirtual) && bus.size() > kVirtual.size()) ||
         (bus.starts_with(kSocketCan) && bus.size() > kSocketCan.size());
}

Result<std::unique_ptr<Port>> open_port(const std::string& bus) {
  if (!names_a_bus(bus)) {
    return fail(Rsc::kBadRequest, bus + " is no bus: virtual:PATH or socketcan:INTERFACE");
  }
  if (bus.starts_with(kVirtual)) return open_virtual(bus.substr(kVirtual.size()));
  return open_socketcan(bus.substr(kSocketCan.size()));
}

}  // namespace gatehouse::can
