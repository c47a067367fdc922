#include "cse/services/semantics/descriptor.h"

#include "cse/core/address.h"
#include "cse/services/semantics/base64.h"
#include "cse/services/semantics/rdf.h"

namespace gatehouse {
namespace {

constexpr int kIri = 1;
constexpr std::size_t kMaxRelated = 100;

bool is_readable(std::int64_t format) {
  return format == static_cast<int>(RdfFormat::kRdfXml) ||
         format == static_cast<int>(RdfFormat::kTurtle) ||
         format == static_cast<int>(RdfFormat::kJsonLd);
}

/// The content of a descriptor or an ontology must be in the syntax that its format names.
Result<void> check_syntax(std::int64_t format, const std::string& encoded, const char* attribute,
                          bool must_be_base64) {
  const auto decoded = base64_decoded(encoded);
  if (!decoded && must_be_base64)
    return fail(Rsc::kBadRequest, std::string(attribute) + ": is no base64 text");
  if (!is_readable(format)) return {};
  auto triples = triples_of(static_cast<RdfFormat>(format), decoded ? *decoded : encoded);
  if (triples) return {};
  return fail(triples.error().rsc, std::string(attribute) + ": is not in the format " +
                                       std::to_string(format) + ": " + triples.error().detail);
}

Result<void> validate(Value& attributes, OperationContext& context) {
  attributes.set("svd", false);
  if (!attributes.bool_at("vlde")) return {};
  const auto related = attributes.strings_at("rels");
  if (related.size() > kMaxRelated)
    return fail(Rsc::kBadRequest, "rels (relatedSemantics): more than 100");
  for (const std::string& address : related) {
    auto linked = find_local(address, context.settings, context.resources);
    if (!linked) return fail(linked.error());
    if (!*linked || (*linked)->type() != type_number::kSemanticDescriptor) {
      return fail(Rsc::kLinkedSemanticsNotAvailable,
                  "rels (relatedSemantics): \"" + address + "\" is no <semanticDescriptor> here");
    }
  }
  if (const std::string ontology = attributes.string_at("or"); !ontology.empty()) {
    auto referenced = find_local(ontology, context.settings, context.resources);
    if (!referenced) return fail(referenced.error());
    if (!*referenced || (*referenced)->type() != type_number::kOntology) {
      return fail(Rsc::kOntologyNotAvailable,
                  "or (ontologyRef): \"" + ontology + "\" is no <ontology> of this CSE");
    }
  }
  attributes.set("svd", is_readable(attributes.integer_at("dcrp")));
  return {};
}

class SemanticDescriptor final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    if (auto sound = check(draft.attributes); !sound) return sound;
    return validate(draft.attributes, context);
  }

  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (requested.contains("soe")) {
      if (requested.contains("dsp")) {
        return fail(Rsc::kBadRequest,
                    "soe (semanticOpExec), dsp (descriptor): only one of them in an UPDATE");
      }
      const std::string operation = attributes.string_at("soe");
      if (auto sound = check_sparql_update(operation); !sound)
        return fail(sound.error().rsc, "soe (semanticOpExec): " + sound.error().detail);
      return fail(Rsc::kSparqlUpdateError,
                  "soe (semanticOpExec): updates are not executed here; update dsp (descriptor)");
    }
    if (requested.contains("dsp") || requested.contains("dcrp")) {
      if (auto sound = check(attributes); !sound) return sound;
    }
    return validate(attributes, context);
  }

 private:
  static Result<void> check(const Value& attributes) {
    const std::int64_t format = attributes.integer_at("dcrp");
    if (format == kIri) {
      return fail(Rsc::kBadRequest,
                  "dcrp (descriptorRepresentation): must not be 1 (IRI) for a descriptor");
    }
    return check_syntax(format, attributes.string_at("dsp"), "dsp (descriptor)", true);
  }
};

class Ontology final : public TypeBehaviour {
 public:
  Result<void> on_create(Draft& draft, OperationContext&) const override {
    return check(draft.attributes);
  }
  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext&) const override {
    if (requested.contains("soe"))
      return fail(Rsc::kSparqlUpdateError, "soe (semanticOpExec): updates are not executed here");
    return check(attributes);
  }

 private:
  static Result<void> check(const Value& attributes) {
    return check_syntax(attributes.integer_at("ontf"), attributes.string_at("ontc"),
                        "ontc (ontologyContent)", false);
  }
};

}  // namespace

std::shared_ptr<const TypeBehaviour> semantic_descriptor_behaviour() {
  return std::make_shared<SemanticDescriptor>();
}
std::shared_ptr<const TypeBehaviour> ontology_behaviour() { return std::make_shared<Ontology>(); }

std::string triples_of_descriptor(const Resource& descriptor, std::string_view blank_prefix) {
  const std::int64_t format = descriptor.attributes().integer_at("dcrp");
  const auto text = base64_decoded(descriptor.attributes().string_at("dsp"));
  if (!is_readable(format) || !text) return {};
  auto triples = triples_of(static_cast<RdfFormat>(format), *text, blank_prefix);
  return triples ? *std::move(triples) : std::string();
}

}  // namespace gatehouse
