#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ae-apps/ota/gateway/gateway.h"
#include "ae-apps/ota/repository/repository_folder.h"
#include "ae-apps/ota/server/service.h"
#include "ae-apps/sdk/fake_cse.h"
#include "bindings/http/file_page.h"
#include "bindings/http/server.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/ae-apps/ota/gateway/disk_cuts.h"
#include "tests/ae-apps/ota/gateway/powered_ecu.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::gateway {

/// One loss of power: at the nth write (from 1) of a place.
struct PlannedCut {
  std::string place;  ///< "gateway: rename job", "server: write state", "ECU: append slot"
  unsigned nth = 1;
  bool whole_vehicle = false;  ///< gateway and all ECUs; no matter at the server
};

/// What happens besides.
struct JourneyPlan {
  std::vector<PlannedCut> cuts = {};
  std::string bad = {};   ///< the ECU whose new image fails its self-test; empty: none
  bool declines = false;  ///< the user
};

struct JourneyEnd {
  bool closed = false;     ///< each job was reported, and the server has seen each end
  bool committed = false;  ///< all ECUs run the new one
  std::map<std::string, unsigned> writes;  ///< by place
  std::map<std::string, unsigned> cuts;    ///< by place
  std::vector<std::string> faults;         ///< invariants that do not hold
  std::string story;
};

/// The files of all worlds over HTTP, as the server's own pages hand them out; of the world that is
/// there.
class JourneyFiles {
 public:
  static JourneyFiles& get() {
    static JourneyFiles files;
    return files;
  }
  std::string root() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }
  /// Null: the server is away.
  void set(std::shared_ptr<ota_server::Repositories> repositories) {
    const std::lock_guard lock(mutex_);
    repositories_ = std::move(repositories);
  }
  void put(const std::string& name, const Bytes& image) const {
    std::ofstream(folder_ / name, std::ios::binary) << gatehouse::text_of(image);
  }

 private:
  class Nobody final : public PrimitiveHandler {
    void handle(Request&& request, Reply reply) override {
      reply(error_response(request, {Rsc::kNotFound, "no primitives here"}));
    }
  };
  JourneyFiles() : server_(http::ServerSettings{}, nobody_, codecs_) {
    server_.set_pages([this](const http::PageRequest& request) { return page(request); });
    EXPECT_TRUE(server_.start());
  }
  std::optional<http::Page> page(const http::PageRequest& request) {
    std::shared_ptr<ota_server::Repositories> repositories;
    {
      const std::lock_guard lock(mutex_);
      repositories = repositories_;
    }
    http::Page page;
    if (!repositories) {
      page.status = 503;
      return page;
    }
    constexpr std::string_view kImages = "/images/", kMetadata = "/uptane/";
    if (request.path.starts_with(kImages)) {
      return http::file_page(request, folder_.path(), request.path.substr(kImages.size()));
    }
    if (!request.path.starts_with(kMetadata)) return std::nullopt;
    const auto file = repositories->file(request.path.substr(kMetadata.size()));
    if (!file) return std::nullopt;
    page.body = *file;
    return page;
  }

  TemporaryFolder folder_;
  std::mutex mutex_;
  std::shared_ptr<ota_server::Repositories> repositories_;
  Nobody nobody_;
  Codecs codecs_ = standard_codecs();
  http::Server server_;
};

/// The whole way of a release: the operator asks, the server inquires, the gateway's reports make
/// it offer, orders, metadata, images, the user's answer, prepare, decide, confirm, reports, and
/// what the server records of them. The real Gateway and the real Service with their folders, three
/// ECUs, one CSE in memory that stands for both nodes. Time is simulated; the gateway's threads are
/// its own. A cut makes its victim dead at once: nothing reaches its disk, its CSE or an ECU any
/// more, until it is started again from what its disk holds.
class JourneyWorld {
 public:
  static constexpr const char* kOld = "1.0.0";
  static constexpr const char* kNew = "2.0.0";
  static inline const std::vector<std::string> kSerials = {"ECU-1", "ECU-2", "ECU-3"};

  explicit JourneyWorld(JourneyPlan plan);
  ~JourneyWorld();
  JourneyEnd run();

 private:
  struct Side {
    const char* name;
    std::atomic<bool> dead{false};
  };
  class CutLink;
  class CutTransport;

  void make_ecus();
  void make_settings();
  DiskFate judge(const DiskChange& change);
  std::optional<Victim> judge_ecu(const std::string& what);
  const PlannedCut* counted(const std::string& place);
  std::unique_ptr<sdk::Link> link(Side& side);

  void start_server();
  void stop_server();
  void start_gateway();
  void stop_gateway();
  void bury();
  bool work();
  void answer();
  bool all_told();
  std::set<std::string> told(const std::string& serial) const;
  bool offers_open() const;
  void judge_end();
  void fault(std::string what);

  const JourneyPlan plan_;
  TemporaryFolder folder_;
  std::atomic<std::int64_t> now_;
  Power power_;
  std::map<std::string, std::unique_ptr<WorldEcu>> ecus_;
  std::mutex mutex_;  ///< of the next two
  std::map<std::string, unsigned> writes_, cuts_;
  std::vector<bool> used_;             ///< cuts
  std::atomic<bool> all_dark_{false};  ///< the ECUs lose their power with the gateway
  Side gateway_side_{"gateway"}, server_side_{"server"};
  crypto::SeededRandom random_{3};
  sdk::FakeCse cse_{"/id-mn", "cse-mn"};
  std::ostringstream steps_, log_, server_steps_, server_log_;
  ota::StepLog server_step_log_{server_steps_, server_log_};
  GatewaySettings settings_;
  ota_server::ServerSettings server_settings_;
  std::vector<ota_server::ImageFacts> images_;
  std::unique_ptr<sdk::Ae> operator_, server_ae_;
  std::shared_ptr<ota_server::Repositories> repositories_;
  std::unique_ptr<ota_server::Service> service_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<DiskWatch> watch_;
  JourneyEnd end_;
};

}  // namespace gatehouse::gateway
