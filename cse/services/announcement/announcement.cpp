#include "cse/services/announcement/announcement.h"

#include <unordered_map>

#include "cse/services/announcement/announced_type.h"
#include "cse/services/announcement/announcer.h"
#include "cse/services/announcement/copies.h"

namespace gatehouse {
namespace {

using namespace announcement;

bool concerns(const Resource& resource) {
  return resource.schema().announceable && (resource.attribute("at") || Copies::any(resource));
}

/// Brings `at` and `aa` into the form in which they are kept.
Result<ResourcePtr> normalise(const ResourceId& id, OperationContext& context) {
  auto current = context.resources.find(id);
  if (!current || !*current) return current;
  const Resource& original = **current;
  Value attributes = original.attributes();
  const auto put = [&attributes](const char* name, const std::vector<std::string>& kept) {
    if (!attributes.contains(name) || attributes.strings_at(name) == kept) return false;
    if (kept.empty())
      attributes.erase(name);
    else
      attributes.set(name, list_of_strings(kept));
    return true;
  };
  const bool targets = put("at", normalised_targets(original, context.settings));
  const bool names = put("aa", normalised_names(original));
  if (!targets && !names) return current;
  return context.resources.update(*current, std::move(attributes), true);
}

/// The copies of what was deleted go too; those below another one go with it.
void remove_copies(std::span<const Change> changes, OperationContext& context) {
  std::unordered_map<std::string, Copies> deleted;
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDeleted && Copies::any(*change.before))
      deleted.emplace(change.before->id().text, Copies::of(*change.before));
  }
  for (const Change& change : changes) {
    const auto own = deleted.find(change.resource().id().text);
    if (change.kind != Change::Kind::kDeleted || own == deleted.end()) continue;
    const auto parent = deleted.find(change.before->parent().text);
    for (const auto& [target, copy] : own->second.all()) {
      const bool goes_with_parent =
          copy.below_parent && parent != deleted.end() && parent->second.all().contains(target);
      if (!goes_with_parent) Announcer::put_removal(context.resources, copy.address);
    }
  }
}

}  // namespace

Announcement::Announcement(Cse& cse, AnnouncementSettings settings)
    : announcer_(std::make_shared<Announcer>(cse, settings)) {
  for (const TypeSchema* schema : cse.schemas().all()) {
    if (schema->type > type_number::kAnnounced)
      cse.behaviours().add(schema->type, announced_type_behaviour(cse));
  }
  cse.extensions().participants.push_back(this);
  cse.extensions().listeners.push_back(this);
}

Announcement::~Announcement() { stop(); }

void Announcement::start() { announcer_->start(); }
void Announcement::stop() { announcer_->stop(); }

Result<void> Announcement::on_changes(std::span<const Change> changes, OperationContext& context) {
  remove_copies(changes, context);
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::kDeleted || !concerns(*change.after)) continue;
    auto original = normalise(change.after->id(), context);
    if (!original) return fail(original.error());
    if (*original && !pending_steps(**original, context.settings).empty())
      Announcer::put_work(context.resources, (*original)->id());
  }
  return {};
}

void Announcement::committed(const Committed& event) {
  bool work = false, routes = false;
  for (const Change& change : event.changes) {
    const Resource& resource = change.resource();
    routes = routes ||
             (resource.type() == type_number::kRemoteCse && change.kind != Change::Kind::kDeleted);
    work = work || concerns(resource);
  }
  if (work) announcer_->wake();
  if (routes) announcer_->routes_changed();
}

}  // namespace gatehouse
