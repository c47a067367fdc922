#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace gatehouse::test {

/// One row of an attribute, as data/standard_listing.txt has it.
struct ListedAttribute {
  std::string short_name, long_name, kind, multiplicity, access, create, update, announced, release;

  bool is_list() const { return multiplicity.ends_with('L'); }
};

struct ListedType {
  int type = 0;
  std::int64_t management_definition = 0;
  std::string root, name, release;
  bool announced = false;
  std::vector<ListedAttribute> attributes;
  std::vector<std::string> children, children_of_announced;

  /// Its short names are known.
  bool is_named() const { return root != "-"; }
};

struct ListedMember {
  std::string short_name, long_name, multiplicity;
};

/// What the standard's tables say, independent of ours. The format stands at the top of the file.
struct StandardListing {
  std::vector<ListedType> types;
  std::map<std::string, std::set<std::int64_t>> enumerations;
  std::map<std::string, std::vector<ListedMember>> complex_types;
};

inline std::vector<std::string> words_of(std::istringstream& words) {
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  return all;
}

/// "1" or "100..999"
inline void add_values(const std::string& text, std::set<std::int64_t>& values) {
  const std::size_t dots = text.find("..");
  const std::int64_t first = std::stoll(text);
  const std::int64_t last = dots == std::string::npos ? first : std::stoll(text.substr(dots + 2));
  for (std::int64_t value = first; value <= last; ++value) values.insert(value);
}

inline void read_row_of_type(const std::string& first, std::istringstream& words,
                             ListedType& type) {
  if (first == "children") {
    type.children = words_of(words);
  } else if (first == "annc-children") {
    type.children_of_announced = words_of(words);
  } else {
    ListedAttribute row{first, {}, {}, {}, {}, {}, {}, {}, {}};
    words >> row.long_name >> row.kind >> row.multiplicity >> row.access >> row.create >>
        row.update >> row.announced >> row.release;
    EXPECT_FALSE(words.fail()) << type.name << "/" << first;
    type.attributes.push_back(std::move(row));
  }
}

inline StandardListing read_standard_listing(const std::string& path) {
  StandardListing listing;
  std::ifstream file(path);
  std::string complex_type;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first;
    if (!(words >> first) || first.starts_with('#')) continue;
    const bool is_head = !line.starts_with(' ');
    if (is_head) complex_type.clear();
    if (is_head && first == "type") {
      ListedType type;
      std::string announced;
      words >> type.type >> type.management_definition >> type.root >> type.name >> type.release >>
          announced;
      type.announced = announced == "announced";
      listing.types.push_back(std::move(type));
    } else if (is_head && first == "enum") {
      std::string name, value;
      words >> name;
      while (words >> value) add_values(value, listing.enumerations[name]);
    } else if (is_head && first == "complex") {
      words >> complex_type;
    } else if (!complex_type.empty()) {
      ListedMember member{first, {}, {}};
      words >> member.long_name >> member.multiplicity;
      listing.complex_types[complex_type].push_back(std::move(member));
    } else {
      read_row_of_type(first, words, listing.types.back());
    }
  }
  return listing;
}

}  // namespace gatehouse::test
