#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "cse/core/settings.h"
#include "cse/core/working_set.h"

namespace gatehouse {

class Behaviours;

/// What a procedure knows while it runs on the write lane.
struct OperationContext {
  WorkingSet& resources;
  const Request& request;
  const CseSettings& settings;
  const Behaviours& behaviours;
  /// Who asks: an AE-ID-Stem of this CSE ("CAE1"), an SP-relative AE-ID or CSE-ID, the
  /// administrator.
  std::string originator;
  /// Set where access control permits these attributes only: no others are shown in the answer.
  std::optional<std::vector<std::string>> visible = {};

  Timestamp now() const { return resources.now(); }
};

/// A resource about to be created.
struct Draft {
  Record record;  ///< id, parent, name, type, order, expires, originator are set
  const TypeSchema* schema;
  ResourcePtr parent;  ///< null for the CSEBase
  Value attributes;    ///< requested ones and the universal ones
  Value internal;      ///< kept beside the attributes; null if nothing
};

/// The end of a step that must ask a remote entity before a request can run (subscription
/// verification, an AE-ID from the service provider). `done(nullopt)`: go on; an Error: the request
/// is answered with it. `done(nullopt, "SAE1")`: go on, the originator is known by that name from
/// now on. May be called on any thread.
class Prepared {
 public:
  Prepared() = default;
  /// From whatever takes (refused) or (refused, originator).
  template <class Done>
  requires(!std::is_same_v<std::remove_cvref_t<Done>, Prepared>)
      Prepared(Done done) {  // NOLINT(google-explicit-constructor): as with std::function
    if constexpr (std::is_invocable_v<Done&, std::optional<Error>, std::string>) {
      done_ = std::move(done);
    } else {
      done_ = [done = std::move(done)](std::optional<Error> refused, const std::string&) {
        done(std::move(refused));
      };
    }
  }
  void operator()(std::optional<Error> refused, std::string originator = {}) const {
    done_(std::move(refused), std::move(originator));
  }

 private:
  std::function<void(std::optional<Error>, std::string)> done_;
};

/// The own rules of one resource type, beside its table. One object per type, stateless or
/// thread-safe. All hooks but prepare_create run on the write lane, in one transaction with the
/// request; an Error undoes it.
class TypeBehaviour {
 public:
  virtual ~TypeBehaviour() = default;
  /// nullopt: the operation exists for this type. Called before access control.
  virtual std::optional<Error> refuses(Operation /*operation*/, const Request& /*request*/) const {
    return std::nullopt;
  }
  /// False: the type checks by itself who may create it (AE, remoteCSE, pollingChannel …), in
  /// on_create.
  virtual bool create_needs_privilege() const { return true; }
  /// nullopt: the ordinary rules decide. A value overrides them for this resource (e.g. <request>,
  /// announced copies).
  virtual std::optional<bool> allows(const Resource& /*self*/, const std::string& /*originator*/,
                                     Operation /*operation*/) const {
    return std::nullopt;
  }
  /// Does the state of the resource, or of what is above it, forbid an operation that the
  /// originator may do? For RETRIEVE and DELETE of the resource itself; after access control.
  virtual Result<void> permits(Operation /*operation*/, const Resource& /*self*/,
                               ResourceReader& /*resources*/) const {
    return {};
  }
  /// True: allows() decides for some resources of this type, so each is asked itself, never only
  /// its parent.
  virtual bool decides_access() const { return false; }
  /// Before the insert: completes or refuses the draft; may change id, name and attributes.
  virtual Result<void> on_create(Draft& /*draft*/, OperationContext& /*context*/) const {
    return {};
  }
  /// After the insert: creates children, links others.
  virtual Result<void> created(const ResourcePtr& /*self*/, OperationContext& /*context*/) const {
    return {};
  }
  /// `attributes`: the whole resource after the update, which may be completed; `requested`: what
  /// the request says.
  virtual Result<void> on_update(const ResourcePtr& /*before*/, Value& /*attributes*/,
                                 const Value& /*requested*/, OperationContext& /*context*/) const {
    return {};
  }
  /// After the update, when participants are to see it as well as what follows: what is changed
  /// here is a side effect. `requested`: what the request says.
  virtual Result<void> updated(const ResourcePtr& /*self*/, const Value& /*requested*/,
                               OperationContext& /*context*/) const {
    return {};
  }
  /// Before the resource and everything below it goes.
  virtual Result<void> on_delete(const ResourcePtr& /*self*/, OperationContext& /*context*/) const {
    return {};
  }
  /// A direct child of `self` was created or deleted by a request (not with `self` itself, not as a
  /// side effect).
  virtual Result<void> on_child_created(const ResourcePtr& /*self*/, const ResourcePtr& /*child*/,
                                        OperationContext& /*context*/) const {
    return {};
  }
  virtual Result<void> on_child_deleted(const ResourcePtr& /*self*/, const ResourcePtr& /*child*/,
                                        OperationContext& /*context*/) const {
    return {};
  }
  /// True: a RETRIEVE of the resource uses it up; then it runs on the write lane, and on_read after
  /// it. The answer shows what was before.
  virtual bool is_used_by_read(const Resource& /*self*/) const { return false; }
  virtual Result<void> on_read(const ResourcePtr& /*self*/, OperationContext& /*context*/) const {
    return {};
  }
  /// True: the resource has attributes that change by themselves (add_momentary).
  virtual bool has_momentary() const { return false; }
  /// Adds to what a RETRIEVE of the resource alone answers what holds at that moment only.
  virtual void add_momentary(Value& /*attributes*/, Timestamp /*now*/) const {}
  /// True if a CREATE of this type must be prepared; then the checks run first without effect, then
  /// prepare_create, then the CREATE itself.
  virtual bool needs_preparation(const Request& /*request*/) const { return false; }
  virtual void prepare_create(const Request& /*request*/, const ResourcePtr& /*parent*/,
                              const std::string& /*originator*/, Prepared done) const {
    done(std::nullopt);
  }
  /// The same for an UPDATE of `target`.
  virtual bool update_needs_preparation(const ResourcePtr& /*target*/,
                                        const Request& /*request*/) const {
    return false;
  }
  virtual void prepare_update(const Request& /*request*/, const ResourcePtr& /*target*/,
                              const std::string& /*originator*/, Prepared done) const {
    done(std::nullopt);
  }
};

/// A child that is not stored: <latest>, <oldest>, <fanOutPoint>, <pollingChannelURI>.
class VirtualResource {
 public:
  virtual ~VirtualResource() = default;
  /// Takes over the whole request. `rest` is the path behind it ("…/fopt/la" gives {"la"}).
  /// Threading: the caller's; must not block.
  virtual void handle(Request request, const ResourcePtr& parent, std::vector<std::string> rest,
                      const std::string& originator, std::function<void(Response&&)> reply) = 0;
};

/// Type numbers to behaviours, and (parent type, name) to virtual resources. Filled by main(), then
/// only read.
class Behaviours {
 public:
  void add(int type, std::shared_ptr<const TypeBehaviour> behaviour) {
    types_[type] = std::move(behaviour);
  }
  void add_virtual(int parent_type, std::string name, std::shared_ptr<VirtualResource> resource) {
    virtuals_[{parent_type, std::move(name)}] = std::move(resource);
  }
  /// Never null: a type without rules of its own has the default ones.
  const TypeBehaviour& of(int type) const;
  VirtualResource* find_virtual(int parent_type, const std::string& name) const;

 private:
  std::unordered_map<int, std::shared_ptr<const TypeBehaviour>> types_;
  std::map<std::pair<int, std::string>, std::shared_ptr<VirtualResource>> virtuals_;
};

}  // namespace gatehouse
