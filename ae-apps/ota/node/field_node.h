#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/ota/download/download_limits.h"
#include "ae-apps/ota/ecu/ecu.h"
#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/sdk/ae.h"
#include "ae-apps/sdk/link.h"

namespace gatehouse::node {

struct FieldNodeSettings {
  sdk::AeSettings ae;
  ecu::EcuSettings ecu;
  std::string state_dir;              ///< for downloads
  std::vector<std::string> managers;  ///< originators that may look and order updates
  std::vector<std::string> images;    ///< addresses of images must begin with one of these
  std::uint64_t max_image_bytes = 16u << 20;
  std::uint64_t min_free_bytes = 1u << 20;    ///< left on the disk once the image is there
  ota::DownloadLimits::Settings download;     ///< of images by ranges or in chunks
  ota::DownloadLimits::Clock download_clock;  ///< empty: the system's
  ota::DownloadLimits::Pause download_pause;  ///< empty: it waits
  /// The vehicle's gateway, of whose releases the node is a member (member_orders.h): its AE, which
  /// may order, and its container for answers. Empty: none.
  std::string gateway, answers;
};

/// A device of the field domain that has an AE of its own: an application dedicated node, or one
/// beside its ASN-CSE. Its <node>, [firmware] and [deviceInfo] live on the CSE where the AE is
/// registered; who may sets `url`, `vr` and `ud` there, the AE is notified, fetches the image, and
/// the same boot loader as an ECU's verifies, installs and tries it, or goes back. An image is at
/// an http(s) URL, or in the newest <contentInstance> of a container ("cse-mn/images/lamp"), as
/// base64, or in chunks (image_chunks.h): then it comes over the AE's own binding. Source: TS-0001
/// clauses 6.2 and D.2. Beside that it may be a member of the releases of the vehicle's gateway, by
/// orders in a container (member_orders.h).
class FieldNode {
 public:
  /// Boots, registers, publishes and subscribes. An order that came while it was away is carried
  /// out. The disk, the runner and the log outlive it. Errors: of the CSE, of the factory image.
  static Result<std::unique_ptr<FieldNode>> start(FieldNodeSettings settings,
                                                  ByteView factory_image, ecu::Disk& disk,
                                                  ecu::PayloadRunner& runner, ota::StepLog& log,
                                                  std::unique_ptr<sdk::Link> link = nullptr);
  ~FieldNode();
  /// The boot loader's watch over its application; call it now and then.
  void look_after();
  /// What runs; "none": nothing.
  std::string version();

 private:
  class Device;
  FieldNode(FieldNodeSettings settings, ota::StepLog& log);
  Result<void> publish();
  Result<void> watch();
  void carry_out();
  Result<std::string> update(const sdk::FirmwareFacts& order);
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;
  Result<Bytes> fetch(const std::string& url, const Progress& progress = {});
  Result<Bytes> fetch_from_web(const std::string& url, const Progress& progress);
  Result<Bytes> fetch_from_container(const std::string& url, const Progress& progress);
  ota::DownloadWatch watch_download() const;
  void close(sdk::UpdateStatus status, const char* action = "ud");
  Result<void> join_releases();
  void obey(const Value& order);
  void tell_release(const std::string& word, bool done);
  void answer(Value content);
  sdk::Node node() const;

  FieldNodeSettings settings_;
  ota::StepLog& log_;
  std::string policy_;
  std::atomic<bool> stopping_{false};
  bool release_open_ = false;  ///< the [firmware] says that a release is in process
  std::unique_ptr<Device> device_;
  std::unique_ptr<sdk::Ae> ae_;
  std::vector<sdk::Subscription> subscriptions_;
};

}  // namespace gatehouse::node
