#pragma once
#include <memory>

#include "cse/node/settings.h"
#include "cse/primitive/result.h"

namespace gatehouse::node {

/// A whole CSE process: store, core, services, bindings, in the order in which they need each
/// other. The one place that names concrete bindings and stores.
class Node {
 public:
  explicit Node(NodeSettings settings);
  ~Node();  ///< stops

  /// Opens the store, starts the core, the services and the listeners. Errors: what cannot be
  /// opened, and why.
  Result<void> start();
  /// Listeners first (draining), then services, then the lane with what is queued.
  void stop();

  int http_port() const;  ///< after start(); 0: not listening
  int https_port() const;
  int coap_port() const;
  int coaps_port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::node
