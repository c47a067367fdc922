#include "ae-apps/ota/ecu/ecu_node.h"

namespace gatehouse::ecu {

EcuNode::EcuNode(NodeSettings settings, Disk& disk, PayloadRunner& runner, crypto::Random& random)
    : settings_(std::move(settings)), random_(random), ecu_(settings_.ecu, disk, runner) {}

EcuNode::~EcuNode() { stop(); }

Result<void> EcuNode::start(ByteView factory_image) {
  if (!factory_image.empty()) {
    if (const auto installed = ecu_.install_factory_image(factory_image); !installed) {
      return installed;
    }
  }
  boot(false);
  // Made after the boot: the count of failed unlockings is part of the state that it loads.
  uds_ = std::make_unique<uds::Server>(settings_.uds, uds::steady_clock(), random_,
                                       settings_.access_key, ecu_, ecu_);
  ecu_.observe(uds_.get());
  return settings_.can ? start_on_bus() : start_on_doip();
}

void EcuNode::boot(bool ordered) {
  ecu_.boot(ordered);
  if (settings_.booted) settings_.booted(ecu_.boot_report());
}

void EcuNode::look_after() {
  ecu_.drain();
  const std::uint64_t boots = ecu_.state().boots;
  ecu_.watch();
  if (settings_.booted && ecu_.state().boots != boots) settings_.booted(ecu_.boot_report());
}

Result<void> EcuNode::start_on_bus() {
  auto server = isotp::Server::start(
      *settings_.can, *uds_, [this] { boot(true); },
      [this](const isotp::Counters& counters) {
        look_after();
        ecu_.observe_refused_frames(counters.ignored);
      });
  if (!server) return fail(server.error());
  bus_server_ = *std::move(server);
  return {};
}

Result<void> EcuNode::start_on_doip() {
  doip::ServerSettings doip = settings_.doip;
  doip.entity.identity.vin = settings_.ecu.vin;
  auto server = doip::TcpServer::start(
      std::move(doip), *uds_, [this] { boot(true); },
      [this](const doip::Entity::Counters& refused) {
        look_after();
        ecu_.observe_refused_frames(refused.all());
      });
  if (!server) return fail(server.error());
  server_ = *std::move(server);
  return {};
}

std::uint16_t EcuNode::port() const { return server_ ? server_->port() : 0; }
std::uint16_t EcuNode::tls_port() const { return server_ ? server_->tls_port() : 0; }

void EcuNode::stop() {
  if (server_) server_->stop();
  if (bus_server_) bus_server_->stop();
  ecu_.power_off();
}

}  // namespace gatehouse::ecu
