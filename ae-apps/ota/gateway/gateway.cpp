#include "ae-apps/ota/gateway/gateway.h"

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/gateway/display.h"
#include "ae-apps/ota/gateway/ecu_link.h"
#include "ae-apps/ota/gateway/offer.h"

namespace gatehouse::gateway {

namespace {

Timestamp system_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

}  // namespace

Gateway::Gateway(GatewaySettings settings, std::ostream& steps, std::ostream& log)
    : settings_(std::move(settings)),
      log_(steps, log),
      csrf_token_(to_hex(crypto::SystemRandom().bytes(16))) {}

Gateway::~Gateway() { stop(); }

Result<std::unique_ptr<Gateway>> Gateway::start(GatewaySettings settings, std::ostream& steps,
                                                std::ostream& log, GatewayParts parts) {
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(settings), steps, log));
  if (auto opened = gateway->open(std::move(parts)); !opened) return fail(opened.error());
  return gateway;
}

Result<void> Gateway::open(GatewayParts parts) {
  auto journal = JobJournal::open(settings_.state_dir);
  if (!journal) return fail(journal.error());
  journal_ = *std::move(journal);
  if (auto opened = desk_.open(settings_.state_dir + "/consents.jsonl"); !opened) return opened;
  auto ae = parts.link ? sdk::Ae::connect(settings_.ae, std::move(parts.link))
                       : sdk::Ae::connect(settings_.ae);
  if (!ae) return fail(ae.error());
  ae_ = *std::move(ae);
  log_.step(
      'B', "registered",
      {{"ae", ae_->sp_relative_id()}, {"cse", settings_.ae.cse_id}, {"url", settings_.ae.cse_url}});
  cse_ = std::make_unique<CseSide>(settings_, *ae_);
  if (auto done = cse_->prepare(); !done) return done;
  if (auto done = meet_ecus(); !done) return done;
  const Primary::Clock clock = parts.clock ? std::move(parts.clock) : Primary::Clock(system_time);
  Primary::ProvenTime proven;
  if (settings_.time) {
    auto secure = open_secure_clock(settings_, random_);
    if (!secure) return fail(secure.error());
    secure_clock_ = *std::move(secure);
    proven = [this] { return secure_clock_->now(); };
  }
  auto primary = Primary::open(settings_, clock, {}, std::move(proven));
  if (!primary) return fail(primary.error());
  primary_ = *std::move(primary);
  tools_ = std::make_unique<UpdateTools>(UpdateTools{settings_, *journal_, desk_, *cse_, board_,
                                                     log_, *primary_, clock, std::move(parts.fetch),
                                                     std::move(parts.stored)});
  releases_ = std::make_unique<ReleaseJournal>(settings_.state_dir);
  resume_jobs();
  ae_->serve_pages(pages());
  if (!settings_.bundles.empty()) inquiry_queue_.post([this] { import_bundles(); });
  return cse_->subscribe([this](const Value& inquiry) { inquired(inquiry); },
                         [this](const std::string& serial) { offered(serial); });
}

Result<void> Gateway::meet_ecus() {
  for (const EcuEntry& entry : settings_.ecus) {
    if (!entry.node) {
      ecus_.emplace(entry.serial,
                    std::make_unique<EcuLink>(settings_, entry, EcuLink::MakeTransport(),
                                              ask_time_server(settings_)));
      continue;
    }
    if (!nodes_) {
      nodes_ = std::make_unique<NodeDesk>(settings_, *ae_);
      if (auto done = nodes_->prepare(); !done) return done;
    }
    ecus_.emplace(entry.serial,
                  std::make_unique<NodeLink>(entry, *nodes_, ask_time_server(settings_)));
  }
  inquiries_ = std::make_unique<Inquiries>(settings_, ecus_, *cse_, *journal_, board_, log_);
  for (const auto& [serial, ecu] : ecus_) {
    const auto facts = inquiries_->look_and_publish(*ecu);
    log_.step('D', facts ? "found" : "missing",
              {{"ecu", serial}, {"version", facts ? facts->version : "unknown"}});
  }
  return {};
}

void Gateway::resume_jobs() {
  // Also one whose jobs have all gone on already.
  for (const std::string& id : releases_->pending()) {
    job_queue_.post([this, id] { gather(id); });
  }
  for (const Job& job : journal_->jobs()) {
    if (job.closed() || !ecus_.contains(job.ecu)) continue;
    log_.step('E', "resumed", {{"ecu", job.ecu}, {"state", std::string(name_of(job.state))}});
    enqueue(job);
  }
}

std::string Gateway::page_url() const { return ae_->page_url(); }

http::PageHandler Gateway::pages() {
  return display_pages({settings_, *journal_, desk_, board_, csrf_token_,
                        [this](const std::string& by) { return check_wanted(by); }});
}

bool Gateway::settle(std::chrono::milliseconds at_most) {
  return ae_->settle(at_most) && inquiry_queue_.settle(at_most) && job_queue_.settle(at_most);
}

void Gateway::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (stop_current_) stop_current_();
  }
  desk_.stop();
  if (nodes_) nodes_->stop();
  inquiry_queue_.stop();
  job_queue_.stop();
  if (cse_) cse_->unsubscribe();
  ae_.reset();
}

void Gateway::inquired(const Value& inquiry) {
  const bool taken = inquiry_queue_.post([this, inquiry] {
    while (!inquiries_->answer(inquiry)) {
      if (!inquiry_queue_.pause(settings_.retry_pause)) return;
    }
  });
  if (!taken) log_.step('D', "ignored", {{"reason", "too many inquiries wait"}});
}

/// One at a time; the server answers by an inquiry.
bool Gateway::check_wanted(const std::string& by) {
  if (check_waits_.exchange(true)) return false;
  const bool taken = inquiry_queue_.post([this, by] {
    import_bundles();
    const auto pushed =
        cse_->push_report(Value::object({{"purpose", "check"}, {"vehicle", settings_.vehicle}}));
    if (pushed) {
      board_.set_checked(ota::timestamp_now());
      log_.step('D', "check", {{"by", by}});
    } else {
      log_.say("check: " + pushed.error().detail);
    }
    check_waits_ = false;
  });
  if (!taken) check_waits_ = false;
  return taken;
}

void Gateway::offered(const std::string& serial) {
  const std::lock_guard lock(offer_mutex_);
  const Result<Value> firmware = cse_->firmware(serial);
  if (!firmware || !firmware->bool_at("ud")) return;
  const auto open = journal_->open_job_of(serial);
  std::optional<Job> job = job_of_offer(settings_, *journal_, serial, *firmware);
  if (!job) return;
  if (open) return refuse_busy(serial, *firmware, "another update of this ECU is under way");
  if (const std::string release = releases_->holding(serial); !release.empty()) {
    return refuse_busy(serial, *firmware, "release " + release + " is not at its end on all ECUs");
  }
  log_.step('E', "offered", {{"ecu", serial}, {"version", job->version}, {"url", job->url}});
  if (job->failure) {
    log_.step('E', "refused",
              {{"ecu", serial}, {"stage", "offer"}, {"reason", job->failure->reason}});
  }
  if (const auto kept = journal_->save(*job); !kept) return log_.say(kept.error().detail);
  enqueue(*std::move(job));
}

/// The order that is under way decides about the [firmware]; this one is only reported.
void Gateway::refuse_busy(const std::string& serial, const Value& firmware,
                          const std::string& reason) {
  log_.step('E', "refused", {{"ecu", serial}, {"stage", "offer"}, {"reason", reason}});
  const std::string nonce = nonce_label(firmware);
  const auto pushed = cse_->push_report(
      Value::object({{"inquiry", nonce.empty() ? "none" : nonce},
                     {"vehicle", settings_.vehicle},
                     {"purpose", "refusal"},
                     {"reports", Value::array()},
                     {"error", Value::object({{"ecu", serial},
                                              {"stage", "offer"},
                                              {"reason", reason},
                                              {"version", firmware.string_at("vr")}})}}));
  if (!pushed) log_.say("refusal: " + pushed.error().detail);
}

/// Not twice.
void Gateway::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (!queued_.insert(job.id).second) return;
  }
  const std::string id = job.id, serial = job.ecu;
  if (!job_queue_.post([this, job = std::move(job)]() mutable {
        attempt(std::make_shared<Update>(*tools_, *ecus_.at(job.ecu), std::move(job)));
      })) {
    log_.say("the order for " + serial + " waits for the next start");
    const std::lock_guard lock(mutex_);
    queued_.erase(id);
  }
}

/// What stop() ends while it runs.
Update::End Gateway::watched(const std::function<Update::End()>& run, std::function<void()> stop) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return Update::End::kInterrupted;
    stop_current_ = std::move(stop);
  }
  const Update::End end = run();
  const std::lock_guard lock(mutex_);
  stop_current_ = nullptr;
  return end;
}

/// What has to wait does so outside the queue: others go on meanwhile.
void Gateway::attempt(const std::shared_ptr<Update>& update) {
  const Update::End end = watched([&] { return update->run(); }, [&] { update->stop(); });
  if (end == Update::End::kTryLater) {
    job_queue_.post_after(settings_.retry_pause, [this, update] { attempt(update); });
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    queued_.erase(update->job().id);
  }
  if (end == Update::End::kGathers) gather(update->job().release);
}

void Gateway::gather(const std::string& release) {
  if (!gathering_.insert(release).second) return;
  const auto run = std::make_shared<ReleaseRun>(*tools_, *releases_, ecus_, release);
  job_queue_.post([this, release, run] { attempt_release(release, run); });
}

/// Orders of the same release come within moments; an ECU that does not answer may take days.
void Gateway::attempt_release(const std::string& id, const std::shared_ptr<ReleaseRun>& release) {
  constexpr std::chrono::milliseconds kGatherPause{100};
  const Update::End end = watched([&] { return release->run(); }, [&] { release->stop(); });
  if (end == Update::End::kInterrupted) return;
  if (end != Update::End::kGathers) go_on_after(id);
  if (end == Update::End::kClosed) {
    gathering_.erase(id);
    return;
  }
  const auto pause = end == Update::End::kGathers ? std::min(settings_.retry_pause, kGatherPause)
                                                  : release->pause();
  job_queue_.post_after(pause, [this, id, release] { attempt_release(id, release); });
}

/// Jobs whose ECU has come to its end in the release.
void Gateway::go_on_after(const std::string& release) {
  for (const Job& job : journal_->jobs()) {
    if (job.release == release && !job.closed() && job.state > JobState::kFlashing) enqueue(job);
  }
}

}  // namespace gatehouse::gateway
