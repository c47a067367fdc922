#pragma once
#include <string>
#include <string_view>

namespace gatehouse {

/// The text as it may stand in an element or in a quoted attribute of a page: nothing in it is
/// markup any more.
std::string html_escaped(std::string_view text);

}  // namespace gatehouse
