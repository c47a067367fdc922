#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cse/schema/flex_definition.h"

namespace gatehouse {

/// Every specialisation of <flexContainer> that this node knows: those of TS-0023 and of TS-0004
/// annex J (data/flexcontainers.txt, inside the program), and those of users' files. Nothing is
/// read before the first one is asked for, and a table is made when its type is: a node that holds
/// no flexContainer pays nothing.
///
/// For "cod:tempe" it knows the types flexContainer (28, root "cod:tempe"), flexContainerInstance
/// (58, the same root) and flexContainerAnnc (10028, "cod:tempeAnnc"; "m2m:gisA" for m2m:gis).
class FlexContainers final : public Specialisations {
 public:
  FlexContainers();
  ~FlexContainers() override;
  /// Definitions of a user's file (format: parse_flex_definitions). Before the first use by others.
  /// Errors: as that; kBadRequest if a type is defined twice or an attribute has the name of a
  /// common one.
  Result<void> add(std::string_view file_text);

  const TypeSchema* find(int type, std::string_view root) const override;
  const TypeSchema& find_stored(int type, std::string_view root) const override;
  /// Cost: one look through the data file; meant for names that no other table has.
  bool has_attribute(std::string_view short_name) const override;
  Error refusal(std::string_view root, const Value& attributes) const override;
  /// Roots of all definitions, sorted.
  std::vector<std::string> roots() const;

 private:
  struct Made;
  const FlexDefinition* definition(std::string_view root) const;
  const FlexDefinition* definition_by_container_definition(std::string_view cnd) const;
  void index() const;
  const TypeSchema& made(int type, const std::string& root, const FlexDefinition& from) const;

  mutable std::mutex mutex_;  ///< for all below
  mutable bool indexed_ = false;
  mutable std::map<std::string_view, std::string_view, std::less<>> blocks_;  ///< of the data file
  mutable std::map<std::string, std::unique_ptr<FlexDefinition>, std::less<>> definitions_;
  mutable std::map<std::pair<int, std::string>, std::unique_ptr<Made>, std::less<>> made_;
};

}  // namespace gatehouse
