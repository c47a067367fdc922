#pragma once
#include <bit>
#include <cmath>
#include <random>

#include "cse/primitive/value.h"

namespace gatehouse::test {

/// Makes values of every kind; the same seed makes the same values.
class RandomValues {
 public:
  explicit RandomValues(unsigned seed) : engine_(seed) {}

  Value value(int depth = 0) {
    switch (below(depth < 6 ? 8 : 6)) {
      case 0:
        return Value();
      case 1:
        return Value(below(2) == 1);
      case 2:
        return Value(integer());
      case 3:
        return Value(real());
      case 4:
      case 5:
        return Value(text());
      case 6:
        return list(depth);
      default:
        return object(depth);
    }
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  std::int64_t integer() {
    return static_cast<std::int64_t>(engine_() >> below(64)) * (below(2) ? 1 : -1);
  }
  double real() {
    const double any = std::bit_cast<double>(engine_());  // every exponent is as likely as another
    return std::isfinite(any) ? any : 0.5;
  }
  std::string text() {
    static constexpr std::string_view kPieces[] = {"a",
                                                   "\"",
                                                   "\\",
                                                   "/",
                                                   "\n",
                                                   "\x01",
                                                   std::string_view("\0", 1),
                                                   "\x7F",
                                                   "\xC3\xBC",
                                                   "\xE2\x82\xAC",
                                                   "\xED\x9F\xBF",
                                                   "\xEF\xBF\xBF",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xF4\x8F\xBF\xBF",
                                                   "m2m:",
                                                   " "};
    std::string out;
    for (std::uint64_t n = below(12); n > 0; --n) out += kPieces[below(std::size(kPieces))];
    return out;
  }
  Value list(int depth) {
    Value out = Value::array();
    for (std::uint64_t n = below(6); n > 0; --n) out.push_back(value(depth + 1));
    return out;
  }
  Value object(int depth) {
    Value out = Value::object();
    for (std::uint64_t n = below(20); n > 0; --n) out.set(text(), value(depth + 1));
    return out;
  }

  std::mt19937_64 engine_;
};

}  // namespace gatehouse::test
