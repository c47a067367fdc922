#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gatehouse {

class Value;

/// One named member of an object.
struct Member;

/// The content model that JSON, CBOR and XML share: what a primitive or a resource says, free of
/// its encoding. Members keep the order in which they were set. A Value never throws for a wrong
/// type: every reader returns an optional or a pointer, so foreign data cannot make the program
/// fail.
class Value {
 public:
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;

  Value();
  Value(std::nullptr_t);
  Value(bool value);
  Value(int value);
  Value(unsigned value);
  Value(std::int64_t value);
  Value(std::uint64_t value);
  Value(double value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(Array value);
  Value(Object value);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  /// `Value::object({{"rn", "temp"}, {"mni", 10}})`
  static Value object(std::initializer_list<Member> members = {});
  /// `Value::array({1, 2, 3})`
  static Value array(std::initializer_list<Value> items = {});

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_integer() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }
  /// "null", "boolean", "integer", "number", "string", "list" or "object": for error texts.
  std::string_view kind_name() const;

  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_integer() const {
    const auto* value = std::get_if<std::int64_t>(&data_);
    return value ? std::optional<std::int64_t>(*value) : std::nullopt;
  }
  std::optional<double> as_number() const;  ///< integers too
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  Array* as_array() { return std::get_if<Array>(&data_); }
  Object* as_object() { return std::get_if<Object>(&data_); }

  /// The member of that name, or nullptr if there is none or this is no object. O(members).
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Members read in one step; an absent or differently typed member gives the fallback.
  std::string string_at(std::string_view name, std::string_view fallback = {}) const;
  std::int64_t integer_at(std::string_view name, std::int64_t fallback = 0) const;
  bool bool_at(std::string_view name, bool fallback = false) const;
  /// The strings of a list member (one string counts as a list of one); anything else is left out.
  std::vector<std::string> strings_at(std::string_view name) const;

  /// Inserts or replaces. Turns a null into an object.
  Value& set(std::string_view name, Value value);
  /// True if there was one.
  bool erase(std::string_view name);
  /// Appends to a list. Turns a null into a list.
  Value& push_back(Value item);
  std::size_t size() const;  ///< items of a list, members of an object, else 0

  /// Equal in structure; objects compare without regard to the order of members.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> data_;
};

struct Member {
  std::string name;
  Value value;
};

// Here, where Member is complete: a constructor can destroy the variant, and clang looks at once.
inline Value::Value() = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(int value) : data_(std::int64_t{value}) {}
inline Value::Value(unsigned value) : data_(std::int64_t{value}) {}
inline Value::Value(std::int64_t value) : data_(value) {}
inline Value::Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
inline Value::Value(double value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(Array value) : data_(std::move(value)) {}

}  // namespace gatehouse
