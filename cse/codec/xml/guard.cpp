#include "cse/codec/xml/guard.h"

#include <algorithm>
#include <charconv>

#include "cse/codec/utf8.h"
#include "cse/codec/xml/scalars.h"

namespace gatehouse::xml {
namespace {

constexpr std::string_view kNamedEntities[] = {"lt", "gt", "amp", "quot", "apos"};
constexpr std::size_t kLongestReference = 10;
constexpr std::size_t kMaxAttributes = 64;  ///< of one element; oneM2M knows three

class Guard {
 public:
  Guard(std::string_view text, const DecodeLimits& limits) : text_(text), limits_(limits) {}

  Result<void> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    if (const std::size_t wrong = find_no_utf8(text_); wrong != std::string_view::npos) {
      return fail_at(wrong, "bytes that are not UTF-8");
    }
    while (at_ < text_.size()) {
      const Result<void> step = text_[at_] == '<' ? take_markup() : take_text();
      if (!step) return step;
    }
    if (depth_ > 0) return fail_at(at_, "the text ends within an element");
    if (elements_ == 0) return fail_at(at_, "there is no element");
    return {};
  }

 private:
  static tl::unexpected<Error> fail_at(std::size_t byte, std::string_view problem) {
    return fail(Rsc::kBadRequest,
                "XML, at byte " + std::to_string(byte) + ": " + std::string(problem));
  }
  bool next_is(std::string_view word) const { return text_.substr(at_, word.size()) == word; }

  /// Passes over what begins here and ends with `end`.
  Result<void> skip_to(std::string_view end, std::string_view what) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) {
      return fail_at(at_, "the end of " + std::string(what) + " is missing");
    }
    if (!is_xml_text(text_.substr(at_, found - at_))) return fail_at(at_, kForbidden);
    at_ = found + end.size();
    return {};
  }

  Result<void> take_text() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view run = text_.substr(at_, end - at_);
    if (depth_ == 0 && !trimmed(run).empty()) {
      return fail_at(at_, "text outside of the document element");
    }
    const Result<void> checked = check_run(run);
    at_ = end;
    return checked;
  }

  /// Text or the value of an attribute.
  Result<void> check_run(std::string_view run) const {
    if (!is_xml_text(run)) return fail_at(at_, kForbidden);
    for (std::size_t at = run.find('&'); at != run.npos; at = run.find('&', at + 1)) {
      if (!is_reference(run.substr(at + 1, kLongestReference))) {
        return fail_at(static_cast<std::size_t>(run.data() + at - text_.data()),
                       "a reference to an entity that XML does not define");
      }
    }
    return {};
  }

  static bool is_reference(std::string_view text) {
    const std::size_t end = text.find(';');
    if (end == std::string_view::npos) return false;
    text = text.substr(0, end);
    if (!text.starts_with('#')) {
      return std::find(std::begin(kNamedEntities), std::end(kNamedEntities), text) !=
             std::end(kNamedEntities);
    }
    const int base = text.starts_with("#x") ? 16 : 10;
    text.remove_prefix(base == 16 ? 2 : 1);
    std::uint32_t code = 0;
    const char* const last = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), last, code, base);
    if (text.empty() || error != std::errc{} || stop != last) return false;
    const bool blank = code == 0x9 || code == 0xA || code == 0xD;
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return blank ||
           (code >= 0x20 && code <= 0x10FFFF && !surrogate && code != 0xFFFE && code != 0xFFFF);
  }

  Result<void> take_markup() {
    if (next_is("<!--")) {
      at_ += 4;
      return skip_to("-->", "a comment");
    }
    if (next_is("<![CDATA[")) {
      if (depth_ == 0) return fail_at(at_, "text outside of the document element");
      at_ += 9;
      return skip_to("]]>", "a CDATA section");
    }
    if (next_is("<!")) return fail_at(at_, "a document type declaration is not allowed");
    if (next_is("<?")) return take_instruction();
    return next_is("</") ? take_end_tag() : take_start_tag();
  }

  /// The XML declaration is the only one that says something: its encoding.
  Result<void> take_instruction() {
    const std::size_t begin = at_;
    if (Result<void> skipped = skip_to("?>", "a processing instruction"); !skipped) return skipped;
    std::string_view declaration = text_.substr(begin, at_ - begin);
    const std::size_t encoding = declaration.find("encoding");
    if (!declaration.starts_with("<?xml ") || encoding == std::string_view::npos) return {};
    declaration.remove_prefix(encoding);
    const std::size_t quote = declaration.find_first_of("\"'");
    if (quote == std::string_view::npos) return fail_at(begin, "a malformed XML declaration");
    std::string name(declaration.substr(quote + 1, 6));
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (!name.starts_with("UTF-8") || name.back() != declaration[quote]) {
      return fail_at(begin, "an encoding other than UTF-8");
    }
    return {};
  }

  Result<void> take_end_tag() {
    const std::size_t end = text_.find('>', at_);
    if (end == std::string_view::npos) return fail_at(at_, "the end of a tag is missing");
    if (depth_ == 0) return fail_at(at_, "an end tag without its start tag");
    --depth_;
    at_ = end + 1;
    return {};
  }

  Result<void> take_start_tag() {
    const std::size_t begin = at_++;
    if (depth_ == 0 && elements_ > 0) return fail_at(begin, "a second document element");
    if (++elements_ > limits_.max_values) {
      return fail_at(begin, "more than " + std::to_string(limits_.max_values) + " values");
    }
    std::size_t attributes = 0;
    for (;;) {
      const std::size_t stop = text_.find_first_of("<>\"'", at_);
      if (stop == std::string_view::npos || text_[stop] == '<') {
        return fail_at(begin, "the end of a tag is missing");
      }
      if (text_[stop] == '>') {
        const bool empty = text_[stop - 1] == '/';
        at_ = stop + 1;
        return empty ? Result<void>{} : enter(begin);
      }
      const std::size_t end = text_.find(text_[stop], stop + 1);
      if (end == std::string_view::npos) return fail_at(stop, "the end of a value is missing");
      if (++attributes > kMaxAttributes) return fail_at(stop, "too many attributes");
      const std::string_view value = text_.substr(stop + 1, end - stop - 1);
      if (value.find('<') != std::string_view::npos) return fail_at(stop, "'<' in a value");
      if (Result<void> checked = check_run(value); !checked) return checked;
      at_ = end + 1;
    }
  }

  Result<void> enter(std::size_t begin) {
    if (++depth_ > limits_.max_depth) {
      return fail_at(begin, "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    return {};
  }

  static constexpr std::string_view kForbidden = "a character that XML does not allow";
  std::string_view text_;
  const DecodeLimits& limits_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t elements_ = 0;
};

}  // namespace

Result<void> check_document(std::string_view text, const DecodeLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Rsc::kBadRequest,
                "XML: longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  return Guard(text, limits).run();
}

}  // namespace gatehouse::xml
