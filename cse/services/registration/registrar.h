#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "cse/services/registration/registration.h"

namespace gatehouse {

/// Registers this CSE at its registrar, keeps the registration alive, and tells it about the CSEs
/// registered here (descendantCSEs). Source: TS-0001 clause 10.2.2.7, TS-0004 clause 7.4.4.2.
class Registration::Registrar : public std::enable_shared_from_this<Registration::Registrar> {
 public:
  Registrar(Cse& cse, PrimitiveSender& senders, const RegistrationSettings& settings)
      : cse_(cse), senders_(senders), settings_(settings) {}

  void start();
  void stop() { stopped_ = true; }
  bool registered() const { return registered_; }
  /// What we knew of the registrar is gone: registers again.
  void start_over() {
    registered_ = false;
    start();
  }
  /// The registrar has forgotten us: registers again, unless that is under way.
  void renew();
  /// A CSE below us came or went.
  void descendants_changed();

 private:
  Value representation(bool creates) const;
  void create();
  void update();
  void update_if_changed();
  void succeeded();
  void failed(const std::string& why);
  void remember_registrar();
  void send(Request request, Reply reply);
  void again_after(std::chrono::microseconds delay);

  Cse& cse_;
  PrimitiveSender& senders_;
  const RegistrationSettings settings_;
  std::atomic<bool> stopped_{false}, registered_{false};
  std::atomic<bool> changed_{false};     ///< what was sent last no longer holds
  std::atomic<bool> in_flight_{false};   ///< a registration or an update of it is on its way
  std::atomic<std::uint64_t> round_{0};  ///< a timer of an older round does nothing
};

}  // namespace gatehouse
