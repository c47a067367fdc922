#include "ae-apps/ota/gateway/gateway.h"

#include <algorithm>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/gateway/display.h"
#include "ae-apps/ota/gateway/ecu_link.h"
#include "ae-apps/ota/gateway/offer.h"
#include "ae-apps/ota/gateway/time_servers.h"

namespace gatehouse::gateway {

namespace {

constexpr std::string_view kForUser = "user";  ///< tasks that an answer of the user wakes
constexpr std::ptrdiff_t kMaxUntold = 64;      ///< refusals; further orders wait in the [firmware]

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
  desk_.on_answer([this] {
    ++answers_;
    job_queue_.wake(kForUser);
  });
  auto ae = parts.link ? sdk::Ae::connect(settings_.ae, std::move(parts.link))
                       : sdk::Ae::connect(settings_.ae);
  if (!ae) return fail(ae.error());
  ae_ = *std::move(ae);
  log_.step(
      'B', "registered",
      {{"ae", ae_->sp_relative_id()}, {"cse", settings_.ae.cse_id}, {"url", settings_.ae.cse_url}});
  cse_ = std::make_unique<CseSide>(settings_, *ae_);
  if (auto done = cse_->prepare(); !done) return done;
  if (auto done = meet_ecus(parts.transport); !done) return done;
  const Primary::Clock clock = parts.clock ? std::move(parts.clock) : Primary::Clock(system_time);
  refused_ = std::make_unique<RefusedAnswers>(log_, clock);
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

Result<void> Gateway::meet_ecus(const EcuLink::MakeTransport& transport) {
  for (const EcuEntry& entry : settings_.ecus) {
    if (!entry.node) {
      ecus_.emplace(entry.serial, std::make_unique<EcuLink>(settings_, entry, transport,
                                                            ask_time_servers(settings_)));
      continue;
    }
    if (!nodes_) {
      nodes_ = std::make_unique<NodeDesk>(settings_, *ae_);
      if (auto done = nodes_->prepare(); !done) return done;
    }
    ecus_.emplace(entry.serial,
                  std::make_unique<NodeLink>(entry, *nodes_, ask_time_servers(settings_)));
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
    if (job.closed() || job.set_aside || !ecus_.contains(job.ecu)) continue;
    log_.step('E', "resumed", {{"ecu", job.ecu}, {"state", std::string(name_of(job.state))}});
    enqueue(job);
  }
  tell_refusals();
}

std::string Gateway::page_url() const { return ae_->page_url(); }

http::PageHandler Gateway::pages() {
  return display_pages({settings_, *journal_, desk_, board_, csrf_token_,
                        [this](const std::string& by) { return check_wanted(by); }, *refused_});
}

bool Gateway::settle(std::chrono::milliseconds at_most) {
  constexpr std::chrono::milliseconds kNow{0};
  TaskQueue* const queues[] = {&inquiry_queue_, &node_queue_, &job_queue_};
  const auto all = [&](std::chrono::milliseconds span) {
    return std::all_of(std::begin(queues), std::end(queues),
                       [&](TaskQueue* queue) { return queue->settle(span); });
  };
  do {  // what was done in one queue may have left work to another
    if (!ae_->settle(at_most) || !all(at_most)) return false;
  } while (!all(kNow) || !all(kNow));
  return true;
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
  node_queue_.stop();
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

/// What cannot be read or kept now is looked at again: nobody else would.
void Gateway::offered(const std::string& serial) {
  if (look_at_order(serial)) return;
  inquiry_queue_.post_after(settings_.retry_pause, [this, serial] { offered(serial); });
}

/// What stands in the [firmware] of an ECU, at any moment and any number of times: each order is
/// taken or refused once. False: look again.
bool Gateway::look_at_order(const std::string& serial) {
  const std::lock_guard lock(offer_mutex_);
  const Result<Value> firmware = cse_->firmware(serial);
  if (!firmware) {
    log_.say("firmware of " + serial + ": " + firmware.error().detail);
    return firmware.error().rsc == Rsc::kNotFound;
  }
  if (!firmware->bool_at("ud")) return true;
  const auto open = journal_->open_job_of(serial);
  if (const auto known = journal_->find(nonce_label(*firmware)); known && known->set_aside) {
    if (!open) close_refused(*known);
    return true;
  }
  std::optional<Job> job = job_of_offer(settings_, *journal_, serial, *firmware);
  if (!job) return true;
  if (open) {
    // It is the next if that one has come to its end but for its report. One that is nobody's,
    // having no nonce of its own, is dealt with then, too.
    const bool ends = open->state > JobState::kFlashing;
    if (ends || job->id != nonce_label(*firmware)) return true;
    return refuse_busy(*std::move(job), "another update of this ECU is under way");
  }
  if (const std::string release = releases_->holding(serial); !release.empty() && !job->failure) {
    const Job order = *job;
    if (!refuse_busy(order, "release " + release + " is not at its end on all ECUs")) return false;
    close_refused(order);
    return true;
  }
  return take(*std::move(job));
}

bool Gateway::take(Job job) {
  log_.step('E', "offered", {{"ecu", job.ecu}, {"version", job.version}, {"url", job.url}});
  if (job.failure) {
    log_.step('E', "refused",
              {{"ecu", job.ecu}, {"stage", "offer"}, {"reason", job.failure->reason}});
  }
  if (const auto kept = journal_->save(job); !kept) {
    log_.say(kept.error().detail);
    return false;
  }
  enqueue(std::move(job));
  return true;
}

/// The [firmware] is closed by the order that is under way, when it ends.
bool Gateway::refuse_busy(Job order, const std::string& reason) {
  const auto jobs = journal_->jobs();
  const auto untold = std::count_if(
      jobs.begin(), jobs.end(), [](const Job& each) { return each.set_aside && !each.closed(); });
  if (untold >= kMaxUntold) return false;
  const Job job = set_aside(std::move(order), reason);
  log_.step('E', "refused", {{"ecu", job.ecu}, {"stage", "offer"}, {"reason", reason}});
  if (const auto kept = journal_->save(job); !kept) {
    log_.say(kept.error().detail);
    return false;
  }
  tell_refusals();
  return true;
}

/// There is no order under way that would do it.
void Gateway::close_refused(const Job& order) {
  job_queue_.post([this, order] {
    if (journal_->open_job_of(order.ecu)) return;
    const Result<Value> firmware = cse_->firmware(order.ecu);
    if (firmware && (!firmware->bool_at("ud") || nonce_label(*firmware) != order.id)) return;
    const Result<EcuFacts> facts = ecus_.at(order.ecu)->look();
    const auto closed =
        end_order(*cse_, *journal_, order, sdk::UpdateStatus::kFailure, facts ? &*facts : nullptr);
    if (closed) return tell_refusals();
    log_.say("order of " + order.ecu + ": " + closed.error().detail);
    inquiry_queue_.post_after(settings_.retry_pause, [this, order] { offered(order.ecu); });
  });
}

/// All that were set aside; also those that were before a restart.
void Gateway::tell_refusals() {
  if (refusals_wait_.exchange(true)) return;
  if (!inquiry_queue_.post([this] { push_refusals(); })) refusals_wait_ = false;
}

void Gateway::push_refusals() {
  refusals_wait_ = false;
  for (Job job : journal_->jobs()) {
    if (!job.set_aside || job.closed()) continue;
    if (const auto pushed = cse_->push_report(refusal_of(settings_, job)); !pushed) {
      log_.say("refusal: " + pushed.error().detail);
      if (refusals_wait_.exchange(true)) return;
      inquiry_queue_.post_after(settings_.retry_pause, [this] { push_refusals(); });
      return;
    }
    job.state = JobState::kReported;
    job.closed_at = ota::timestamp_now();
    if (const auto kept = journal_->save(job); !kept) log_.say(kept.error().detail);
  }
}

/// Not twice.
void Gateway::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (!queued_.insert(job.id).second) return;
  }
  const std::string id = job.id, serial = job.ecu;
  Member& ecu = *ecus_.at(serial);
  if (!try_soon(std::make_shared<Update>(*tools_, ecu, std::move(job)), {})) {
    log_.say("the order for " + serial + " waits for the next start");
    const std::lock_guard lock(mutex_);
    queued_.erase(id);
  }
}

/// A field node that is silent is waited for outside the queue; there it is then asked briefly
/// (node_desk.h).
bool Gateway::try_soon(const std::shared_ptr<Update>& update, std::chrono::milliseconds pause) {
  Member& ecu = *ecus_.at(update->job().ecu);
  if (!ecu.entry().node) return job_queue_.post_after(pause, [this, update] { attempt(update); });
  return node_queue_.post_after(pause, [this, update, &ecu] {
    (void)ecu.look();
    job_queue_.post([this, update] { attempt(update); });
  });
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

/// After the pause, or as soon as the user says something; `answers`: how many there were when he
/// was last asked.
bool Gateway::once_answered(unsigned answers, std::chrono::milliseconds pause,
                            std::function<void()> task) {
  if (!job_queue_.post_after(pause, std::move(task), kForUser)) return false;
  if (answers != answers_) job_queue_.wake(kForUser);  // it came before the task did
  return true;
}

/// What has to wait does so outside the queue: others go on meanwhile.
void Gateway::attempt(const std::shared_ptr<Update>& update) {
  const unsigned answers = answers_;
  const Update::End end = watched([&] { return update->run(); }, [&] { update->stop(); });
  if (end == Update::End::kTryLater) {
    try_soon(update, update->pause());
    return;
  }
  if (end == Update::End::kAsks) {
    once_answered(answers, update->pause(), [this, update] { attempt(update); });
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    queued_.erase(update->job().id);
  }
  if (end == Update::End::kGathers) gather(update->job().release);
  if (end != Update::End::kClosed) return;
  tell_refusals();
  offered(update->job().ecu);  // what has come since it was near its end
}

void Gateway::gather(const std::string& release) {
  if (!gathering_.insert(release).second) return;
  const auto run = std::make_shared<ReleaseRun>(*tools_, *releases_, ecus_, release);
  job_queue_.post([this, release, run] { attempt_release(release, run); });
}

/// Orders of the same release come within moments; an ECU that does not answer may take days.
void Gateway::attempt_release(const std::string& id, const std::shared_ptr<ReleaseRun>& release) {
  constexpr std::chrono::milliseconds kGatherPause{100};
  const unsigned answers = answers_;
  const Update::End end = watched([&] { return release->run(); }, [&] { release->stop(); });
  if (end == Update::End::kInterrupted) return;
  if (end != Update::End::kGathers) go_on_after(id);
  if (end == Update::End::kClosed) {
    gathering_.erase(id);
    return;
  }
  if (end == Update::End::kAsks) {
    once_answered(answers, release->pause(), [this, id, release] { attempt_release(id, release); });
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
