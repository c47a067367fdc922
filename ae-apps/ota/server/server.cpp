#include "ae-apps/ota/server/server.h"

namespace gatehouse::ota_server {
namespace {

constexpr std::size_t kHeaderRoom = 32 * 1024;
constexpr std::chrono::milliseconds kTickInterval{1'000};

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

Server::Server(ServerSettings settings, std::ostream& steps, std::ostream& log)
    : settings_(std::move(settings)), log_(steps, log) {}

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings, std::ostream& steps,
                                              std::ostream& log, std::unique_ptr<sdk::Link> link) {
  std::unique_ptr<Server> server(new Server(std::move(settings), steps, log));
  if (const auto opened = server->open(std::move(link)); !opened) return fail(opened.error());
  return server;
}

Result<void> Server::open(std::unique_ptr<sdk::Link> link) {
  auto store = ImageStore::open(settings_.store);
  if (!store) return fail(store.error());
  store_ = *std::move(store);
  for (const std::string& each : store_->set_aside()) log_.say("image set aside: " + each);
  if (settings_.uptane) {
    auto repositories =
        Repositories::open(*settings_.uptane, settings_.state_dir + "/uptane", now());
    if (!repositories) return fail(repositories.error());
    repositories_ = *std::move(repositories);
  }
  auto service = Service::open(
      settings_, {random_, log_, now, [this] { wake(); }, repositories_.get()}, store_->images());
  if (!service) return fail(service.error());
  service_ = *std::move(service);

  pages_ = std::make_unique<ImagePages>(
      settings_.images, *store_, log_, now,
      [this](const ImageFacts& image) { service_->image_uploaded(image); });
  if (repositories_) {
    uptane_pages_ = std::make_unique<UptanePages>(UptanePages::Parts{
        settings_, *repositories_, log_, now, [this] { service_->targets_changed(); }});
    pages_->serve(*uptane_pages_);
  }
  images_ = std::make_unique<ImageServer>(
      settings_.images, static_cast<std::size_t>(settings_.store.max_image_bytes) + kHeaderRoom,
      *pages_);
  if (auto started = images_->start(); !started) return started;

  auto ae = link ? sdk::Ae::connect(settings_.ae, std::move(link)) : sdk::Ae::connect(settings_.ae);
  if (!ae) return fail(ae.error());
  ae_ = *std::move(ae);
  log_.step(
      'B', "registered",
      {{"ae", ae_->sp_relative_id()}, {"cse", settings_.ae.cse_id}, {"url", settings_.ae.cse_url}});
  if (auto attached = service_->attach(*ae_); !attached) return attached;
  worker_ = std::thread([this] { work(); });
  return {};
}

void Server::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void Server::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kTickInterval, [this] { return woken_ || stopping_; });
      if (stopping_) return;
      woken_ = false;
    }
    service_->tick();
  }
}

void Server::stop() {
  if (images_) images_->stop();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (worker_.joinable()) worker_.join();
  if (service_) service_->detach();
  ae_.reset();
}

std::string Server::images_url() const {
  std::string host = settings_.images.address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "https://" + host + ":" + std::to_string(images_->port()) + "/images/";
}

}  // namespace gatehouse::ota_server
