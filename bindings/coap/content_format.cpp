#include "bindings/coap/content_format.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace gatehouse::coap {
namespace {

struct Row {
  std::uint32_t number;
  std::string_view codec;
  BodyKind kind;
};

// The first row of a codec and kind is the one that is sent.
constexpr std::array kRows = {
    Row{41, "xml", BodyKind::kPlain},
    Row{50, "json", BodyKind::kPlain},
    Row{60, "cbor", BodyKind::kPlain},
    Row{10014, "xml", BodyKind::kResource},
    Row{10000, "xml", BodyKind::kResource},  // of Release 1 and 2
    Row{10001, "json", BodyKind::kResource},
    Row{10002, "xml", BodyKind::kNotification},
    Row{10003, "json", BodyKind::kNotification},
    Row{10006, "xml", BodyKind::kRequest},
    Row{10007, "json", BodyKind::kRequest},
    Row{10008, "xml", BodyKind::kResponse},
    Row{10009, "json", BodyKind::kResponse},
    Row{10010, "cbor", BodyKind::kResource},
    Row{10011, "cbor", BodyKind::kNotification},
    Row{10012, "cbor", BodyKind::kRequest},
    Row{10013, "cbor", BodyKind::kResponse},
};

struct RootRow {
  std::string_view root;
  BodyKind kind;
};
constexpr std::array kRoots = {
    RootRow{"m2m:rqp", BodyKind::kRequest},
    RootRow{"m2m:rsp", BodyKind::kResponse},
    RootRow{"m2m:sgn", BodyKind::kNotification},
};

}  // namespace

Format format_of(std::uint32_t number, const Codecs& codecs) {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [number](const Row& r) { return r.number == number; });
  if (row == kRows.end()) return {};
  return {codecs.by_name(row->codec), row->kind};
}

std::optional<std::uint32_t> number_of(const Codec& codec, BodyKind kind) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&codec, kind](const Row& r) {
    return r.codec == codec.name() && r.kind == kind;
  });
  if (row == kRows.end()) return std::nullopt;
  return row->number;
}

BodyKind kind_of(const Content& content) {
  const Value* tree = content.tree();
  const std::string* json = content.json();
  for (const RootRow& row : kRoots) {
    const bool in_text =
        json && std::string_view(*json).substr(0, row.root.size() + 2).ends_with(row.root);
    if ((tree && tree->contains(row.root)) || in_text) return row.kind;
  }
  return BodyKind::kResource;
}

}  // namespace gatehouse::coap
