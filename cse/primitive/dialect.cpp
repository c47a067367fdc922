#include "cse/primitive/dialect.h"

namespace gatehouse {

void add_switch(std::string& list, std::string_view name) {
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (std::string_view(list).substr(begin, end - begin) == name) return;
    begin = end + 1;
  }
  if (!list.empty()) list += ',';
  list += name;
}

std::string would_accept(std::string_view name) {
  return "; the switch compat." + std::string(name) + " would accept this";
}

}  // namespace gatehouse
