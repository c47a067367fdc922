#include "cse/schema/flex_containers.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "cse/schema/announced_rows.h"
#include "cse/schema/flex_data.h"
#include "cse/schema/standard_types.h"
#include "cse/schema/value_check.h"

namespace gatehouse {
namespace {

using namespace type_number;

/// How the data file marks an attribute.
struct Mark {
  char mark;
  Need create, update;
  bool one;
};
constexpr Mark kMarks[] = {{'?', Need::kOptional, Need::kOptional, false},
                           {'1', Need::kOptional, Need::kOptional, true},
                           {'m', Need::kMandatory, Need::kOptional, true},
                           {'M', Need::kMandatory, Need::kNotPermitted, true},
                           {'f', Need::kOptional, Need::kNotPermitted, false}};

/// Up to the next `end`, which is taken off too.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t length = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return part;
}

FlexAttribute attribute_of(std::string_view line) {
  FlexAttribute made;
  made.short_name = cut(line, ' ');
  made.long_name = cut(line, ' ');
  const auto type = flex_data_type(cut(line, ' '));
  const auto mark = std::find_if(std::begin(kMarks), std::end(kMarks), [&line](const Mark& m) {
    return line == std::string_view(&m.mark, 1);
  });
  if (!type || mark == std::end(kMarks))
    throw std::logic_error("flexcontainers.txt: attribute " + made.short_name);
  made.type = *type;
  made.create = mark->create;
  made.update = mark->update;
  made.multiplicity_one = mark->one;
  return made;
}

/// One block of the data file.
std::unique_ptr<FlexDefinition> definition_of(std::string_view block) {
  auto made = std::make_unique<FlexDefinition>();
  std::string_view head = cut(block, '\n');
  made->root = cut(head, ' ');
  made->name = cut(head, ' ');
  if (head != "-") made->container_definition = head;
  while (!block.empty()) made->attributes.push_back(attribute_of(cut(block, '\n').substr(1)));
  return made;
}

/// "cod:tempe" of "cod:tempeAnnc"; nothing where the root is no announced variant's.
std::string_view original_of(std::string_view root) {
  const std::string_view suffix = root.starts_with("m2m:") ? "A" : "Annc";
  return root.ends_with(suffix) ? root.substr(0, root.size() - suffix.size()) : std::string_view();
}

const TypeSchema& general(int type) {
  return type == kFlexContainerInstance ? standard::kFlexContainerInstanceType
                                        : standard::kFlexContainerType;
}

AttributeRule rule_of(int type, const FlexAttribute& from) {
  AttributeRule rule{from.short_name, from.long_name, from.create,          from.update,
                     from.type,       from.announced, from.multiplicity_one};
  if (type == kFlexContainerInstance) rule.create = rule.update = Need::kNotPermitted;
  return rule;
}

/// The domain that a namespace belongs to. Source: TS-0023 clause 6.1 (cod: org.onem2m.common …).
std::string_view domain_of(std::string_view container_definition) {
  for (int part = 0; part < 2; ++part) {
    const std::size_t dot = container_definition.rfind('.');
    if (dot == container_definition.npos) return {};
    container_definition = container_definition.substr(0, dot);
  }
  return container_definition;
}

}  // namespace

/// One table, with what it refers to.
struct FlexContainers::Made {
  std::string root, name, container_definition;
  std::vector<AttributeRule> rules;
  TypeSchema schema;
};

FlexContainers::FlexContainers() = default;
FlexContainers::~FlexContainers() = default;

void FlexContainers::index() const {
  if (indexed_) return;
  indexed_ = true;
  std::string_view rest = kFlexContainerData;
  while (!rest.empty()) {
    const std::string_view start = rest;
    const std::string_view line = cut(rest, '\n');
    if (line.empty() || line[0] == '#') continue;
    while (rest.starts_with(' ')) cut(rest, '\n');
    blocks_.emplace(line.substr(0, line.find(' ')), start.substr(0, start.size() - rest.size()));
  }
}

const FlexDefinition* FlexContainers::definition(std::string_view root) const {
  if (const auto known = definitions_.find(root); known != definitions_.end())
    return known->second.get();
  index();
  const auto block = blocks_.find(root);
  if (block == blocks_.end()) return nullptr;
  return definitions_.emplace(std::string(root), definition_of(block->second)).first->second.get();
}

Result<void> FlexContainers::add(std::string_view file_text) {
  auto read = parse_flex_definitions(file_text);
  if (!read) return fail(read.error());
  const std::lock_guard lock(mutex_);
  for (auto& definition : *read) {
    const std::string root = definition->root;
    if (this->definition(root)) return fail(Rsc::kBadRequest, root + ": is defined already");
    for (const FlexAttribute& attribute : definition->attributes) {
      const bool common =
          standard::kFlexContainerType.find(attribute.short_name) ||
          std::any_of(universal_rules().begin(), universal_rules().end(),
                      [&](const AttributeRule& r) { return r.short_name == attribute.short_name; });
      const auto same = std::count_if(
          definition->attributes.begin(), definition->attributes.end(),
          [&](const FlexAttribute& other) { return other.short_name == attribute.short_name; });
      if (common || same > 1)
        return fail(Rsc::kBadRequest,
                    root + "/" + attribute.short_name + ": is the name of another attribute");
    }
    definitions_.emplace(root, std::move(definition));
  }
  return {};
}

const TypeSchema& FlexContainers::made(int type, const std::string& root,
                                       const FlexDefinition& from) const {
  auto& place = made_[{type, root}];
  if (place) return place->schema;
  place = std::make_unique<Made>();
  Made& table = *place;
  table.root = from.root;
  table.name = from.name;
  table.container_definition = from.container_definition;
  const TypeSchema& base = general(type);
  table.rules.assign(base.rules.begin(), base.rules.end());
  for (const FlexAttribute& attribute : from.attributes)
    table.rules.push_back(rule_of(type, attribute));
  table.schema = base;
  table.schema.abstract = false;
  table.schema.rules = table.rules;
  table.schema.custom = table.schema.rules.subspan(base.rules.size());
  if (type > kAnnounced) {
    table.rules = announced_rules(table.schema.rules);
    table.schema = announced_schema(table.schema, table.rules);
    table.schema.custom = {};
    table.name += "Annc";
  } else if (type == kFlexContainer) {
    table.schema.container_definition = table.container_definition;
  }
  table.root = root;
  table.schema.root = table.root;
  table.schema.name = table.name;
  return table.schema;
}

const TypeSchema* FlexContainers::find(int type, std::string_view root) const {
  const std::string_view of = type > kAnnounced ? original_of(root) : root;
  const std::lock_guard lock(mutex_);
  const FlexDefinition* from = of.empty() ? nullptr : definition(of);
  return from ? &made(type, std::string(root), *from) : nullptr;
}

const TypeSchema& FlexContainers::find_stored(int type, std::string_view root) const {
  if (const TypeSchema* known = find(type, root)) return *known;
  FlexDefinition bare;
  bare.name = root.substr(root.find(':') + 1);
  const std::lock_guard lock(mutex_);
  return made(type, std::string(root), bare);
}

bool FlexContainers::has_attribute(std::string_view short_name) const {
  if (short_name.empty() || short_name.find_first_of(" \n") != short_name.npos) return false;
  // Each line of an attribute begins with a space and its short name.
  if (kFlexContainerData.find("\n " + std::string(short_name) + ' ') != std::string_view::npos)
    return true;
  const std::lock_guard lock(mutex_);
  for (const auto& [root, known] : definitions_) {
    const auto& attributes = known->attributes;
    if (std::any_of(attributes.begin(), attributes.end(),
                    [&](const FlexAttribute& each) { return each.short_name == short_name; }))
      return true;
  }
  return false;
}

const FlexDefinition* FlexContainers::definition_by_container_definition(
    std::string_view cnd) const {
  index();
  for (const auto& [root, block] : blocks_) {
    const std::string_view head = block.substr(0, block.find('\n'));
    if (head.ends_with(cnd) && head.size() > cnd.size() &&
        head[head.size() - cnd.size() - 1] == ' ')
      return definition(root);
  }
  for (const auto& [root, known] : definitions_) {
    if (known->container_definition == cnd) return known.get();
  }
  return nullptr;
}

Error FlexContainers::refusal(std::string_view root, const Value& attributes) const {
  const std::string cnd = attributes.string_at("cnd");
  const std::lock_guard lock(mutex_);
  if (const FlexDefinition* meant =
          cnd.empty() ? nullptr : definition_by_container_definition(cnd)) {
    return {Rsc::kBadRequest, "cnd (containerDefinition): \"" + cnd + "\" is the definition of \"" +
                                  meant->root + "\", not of \"" + shortened(root) + "\""};
  }
  // A namespace of TS-0023 goes with the definitions of one domain.
  const std::size_t colon = root.find(':');
  const auto neighbour = blocks_.lower_bound(root.substr(0, colon == root.npos ? 0 : colon + 1));
  const bool known_namespace = colon != root.npos && neighbour != blocks_.end() &&
                               neighbour->first.starts_with(root.substr(0, colon + 1));
  if (known_namespace) {
    const std::string domain(domain_of(definition(neighbour->first)->container_definition));
    if (domain.empty() || domain_of(cnd) != domain) {
      return {Rsc::kBadRequest,
              "pc: \"" + shortened(root) + "\" is no flexContainer of the namespace \"" +
                  std::string(root.substr(0, colon)) + "\"" +
                  (domain.empty() ? "" : ", whose definitions begin with " + domain)};
    }
  }
  if (cnd.empty()) return {Rsc::kBadRequest, "cnd (containerDefinition): is mandatory on CREATE"};
  return {Rsc::kSpecializationSchemaNotFound,
          "cnd (containerDefinition): the schema \"" + shortened(cnd) + "\" of \"" +
              shortened(root) +
              "\" is not known to this CSE; a file of definitions (cse.flexcontainers) can add it"};
}

std::vector<std::string> FlexContainers::roots() const {
  const std::lock_guard lock(mutex_);
  index();
  std::vector<std::string> all;
  for (const auto& [root, block] : blocks_) all.emplace_back(root);
  for (const auto& [root, known] : definitions_) {
    if (!blocks_.contains(root)) all.push_back(root);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace gatehouse
