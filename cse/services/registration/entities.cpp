#include "cse/services/registration/entities.h"

#include <algorithm>

#include "cse/services/registration/node_links.h"
#include "cse/services/registration/service_subscription.h"

namespace gatehouse {
namespace {

class CseBase final : public TypeBehaviour {
 public:
  std::optional<Error> refuses(Operation operation, const Request&) const override {
    if (operation == Operation::kRetrieve || operation == Operation::kNotify) return std::nullopt;
    return Error{Rsc::kOperationNotAllowed,
                 std::string(name_of(operation)) + " is not allowed on <CSEBase>"};
  }
  bool has_momentary() const override { return true; }
  /// currentTime. Source: TS-0001 table 9.6.3-2.
  void add_momentary(Value& attributes, Timestamp now) const override {
    attributes.set("ctm", to_text(now));
  }
};

class Ae final : public TypeBehaviour {
 public:
  explicit Ae(std::shared_ptr<ProviderAes> provider) : provider_(std::move(provider)) {}

  bool create_needs_privilege() const override { return false; }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const std::string api = draft.attributes.string_at("api");
    // TS-0001 clause 7.2: registered App-IDs begin with R, others with N; 'r' was tolerated up to
    // release 3.
    const bool old_release = context.request.release_version.value_or("1") <= "3";
    if (api.size() < 2 || !(api[0] == 'N' || api[0] == 'R' || (api[0] == 'r' && old_release))) {
      return fail(Rsc::kBadRequest,
                  "api (App-ID): must begin with 'R' (registered) or 'N' (not registered), not \"" +
                      api + "\"");
    }
    // A name that is taken is told first: a client that starts again learns that its AE is still
    // there.
    if (draft.record.name != draft.record.id.text) {
      auto sibling = context.resources.child(*draft.parent, draft.record.name);
      if (!sibling) return fail(sibling.error());
      if (*sibling) {
        return fail(Rsc::kConflict, "rn (resourceName): \"" + draft.record.name +
                                        "\" is taken by another child of " + draft.parent->path());
      }
    }
    auto stem = assign_stem(draft, context);
    if (!stem) return fail(stem.error());
    if (auto subscribed = check_service_subscription(registree_of(api, *stem, context), context);
        !subscribed) {
      return subscribed;
    }
    draft.record.id.text = *stem;
    draft.record.originator = *stem;
    draft.attributes.set("aei", *stem);
    remember_credential(draft, context.request);
    return {};
  }
  bool needs_preparation(const Request& request) const override {
    return provider_->concerns(request);
  }
  void prepare_create(const Request& request, const ResourcePtr&, const std::string& originator,
                      Prepared done) const override {
    provider_->ask(request, originator, std::move(done));
  }
  Result<void> created(const ResourcePtr& self, OperationContext& context) const override {
    return move_hosted_ae(*self, "", self->attributes().string_at("nl"), context);
  }
  Result<void> on_update(const ResourcePtr& before, Value& attributes, const Value&,
                         OperationContext& context) const override {
    return move_hosted_ae(*before, before->attributes().string_at("nl"), attributes.string_at("nl"),
                          context);
  }
  Result<void> on_delete(const ResourcePtr& self, OperationContext& context) const override {
    return move_hosted_ae(*self, self->attributes().string_at("nl"), "", context);
  }

 private:
  /// Who asked for an AE-ID shows who it is by the same credential from then on, where that names
  /// no AE-ID itself. Source: TS-0003 clause 8.2 (Credential-ID).
  static void remember_credential(Draft& draft, const Request& request) {
    const Peer* peer = request.peer.get();
    const bool asked = request.from.empty() || request.from == "C" || request.from == "S";
    if (!asked || !peer || !peer->authenticated || peer->credential.empty()) return;
    if (!draft.internal.is_object()) draft.internal = Value::object();
    draft.internal.set("credential", peer->credential);
  }

  Result<std::string> assign_stem(const Draft& draft, OperationContext& context) const {
    const std::string& from = context.originator;
    if (from.empty() || from == "C") {
      const std::string known = stem_of_credential(context.request, 'C');
      return known.empty() ? IdGenerator::identifier("C", draft.record.order)
                           : vacant(known, context);
    }
    if (from == "S") {
      const std::string known = stem_of_credential(context.request, 'S');
      if (!known.empty()) return vacant(known, context);
      // Elsewhere only to see whether anything else is wrong: the IN-CSE is asked afterwards.
      if (context.settings.cse_type != 1 && !provider_->concerns(context.request)) {
        return fail(Rsc::kNotImplemented,
                    "fr (From): \"S\" asks for an AE-ID of the service provider, which its IN-CSE "
                    "assigns; this CSE has no registrar to ask; register with the whole "
                    "AE-ID-Stem");
      }
      return IdGenerator::identifier("S", draft.record.order);
    }
    if (auto names_cse = is_cse(from, context); !names_cse || *names_cse) {
      return names_cse ? fail(Rsc::kSecurityAssociationRequired,
                              "fr (From): \"" + from + "\" is a CSE; an AE cannot be it")
                       : fail(names_cse.error());
    }
    if (!is_ae_id_stem(from)) {
      return fail(
          Rsc::kBadRequest,
          "fr (From): an AE registers with an AE-ID-Stem that begins with 'C' or 'S', not \"" +
              from + "\"");
    }
    return vacant(from, context);
  }

  /// This CSE, or one that is registered here. Source: TS-0004 clause 7.3.2.1 (4107).
  static Result<bool> is_cse(const std::string& stem, OperationContext& context) {
    if (stem == context.settings.cse_id_stem()) return true;
    auto existing = context.resources.find(ResourceId{stem});
    if (!existing) return fail(existing.error());
    return *existing && (*existing)->type() == type_number::kRemoteCse;
  }

  static Result<std::string> vacant(const std::string& stem, OperationContext& context) {
    auto existing = context.resources.find(ResourceId{stem});
    if (!existing) return fail(existing.error());
    if (*existing) {
      return fail(Rsc::kOriginatorHasAlreadyRegistered,
                  "fr (From): \"" + stem + "\" is registered already, as " + (*existing)->path());
    }
    return stem;
  }

  const std::shared_ptr<ProviderAes> provider_;
};

class RemoteCse final : public TypeBehaviour {
 public:
  RemoteCse(std::vector<std::string> allowed, std::string administrator)
      : allowed_(std::move(allowed)), administrator_(std::move(administrator)) {}
  bool create_needs_privilege() const override { return false; }
  /// Who may never register as a CSE learns that before what is wrong with the content. Source:
  /// TS-0004 clause 7.2.2.2 (Recv-6.3 comes before Recv-6.4).
  std::optional<Error> refuses(Operation operation, const Request& request) const override {
    const std::string& from = request.from;
    if (operation != Operation::kCreate || from.starts_with('/') || from == administrator_)
      return std::nullopt;
    return no_cse(from);
  }

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    const std::string& from = context.originator;
    if (!is_cse_id(from) || from.starts_with("//")) return fail(no_cse(from));
    if (context.settings.cse_type == 3) {
      return fail(Rsc::kOperationNotAllowed, "an ASN-CSE takes no registrations of other CSEs");
    }
    if (!allowed_.empty() && std::find(allowed_.begin(), allowed_.end(), from) == allowed_.end()) {
      return fail(Rsc::kOriginatorHasNoPrivilege,
                  "fr (From): \"" + from +
                      "\" is not among the CSEs that may register here (cse.allowed_cses)");
    }
    if (draft.attributes.string_at("csi", from) != from) {
      return fail(Rsc::kBadRequest, "csi (CSE-ID): must be the originator, \"" + from + "\"");
    }
    auto existing = context.resources.find(ResourceId{from.substr(1)});
    if (!existing) return fail(existing.error());
    if (*existing)
      return fail(Rsc::kOriginatorHasAlreadyRegistered,
                  "fr (From): \"" + from + "\" is registered already");
    draft.attributes.set("csi", from);
    draft.record.id.text = from.substr(1);
    return {};
  }

 private:
  static Error no_cse(const std::string& from) {
    return {Rsc::kOperationNotAllowed,
            "only a CSE registers as <remoteCSE>; \"" + from + "\" is no CSE-ID"};
  }

  const std::vector<std::string> allowed_;
  const std::string administrator_;
};

}  // namespace

std::shared_ptr<const TypeBehaviour> csebase_behaviour() { return std::make_shared<CseBase>(); }
std::shared_ptr<const TypeBehaviour> ae_behaviour(std::shared_ptr<ProviderAes> provider) {
  return std::make_shared<Ae>(std::move(provider));
}
std::shared_ptr<const TypeBehaviour> remote_cse_behaviour(std::vector<std::string> allowed_cses,
                                                          std::string administrator) {
  return std::make_shared<RemoteCse>(std::move(allowed_cses), std::move(administrator));
}

}  // namespace gatehouse
