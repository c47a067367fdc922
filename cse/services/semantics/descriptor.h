#pragma once
#include <memory>

#include "cse/core/access_control.h"

namespace gatehouse {

/// Rules of <semanticDescriptor> beside its table. Source: TS-0004 clause 7.4.34.2. Errors:
/// kBadRequest (format IRI, a descriptor in another syntax than dcrp says, dsp and soe together),
/// kInvalidSparqlQuery and kSparqlUpdateError (soe), kOntologyNotAvailable,
/// kLinkedSemanticsNotAvailable (validation).
std::shared_ptr<const TypeBehaviour> semantic_descriptor_behaviour();
/// Rules of <ontology>: its content is in the syntax that ontf says.
std::shared_ptr<const TypeBehaviour> ontology_behaviour();

/// The triples of a descriptor; empty for a format that cannot be read. What was stored has been
/// parsed once, so an error means that it was changed behind the CSE's back; it counts as empty.
std::string triples_of_descriptor(const Resource& descriptor, std::string_view blank_prefix);

}  // namespace gatehouse
