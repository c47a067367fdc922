#pragma once
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cse/node/settings.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse::node {

/// A value as the file or a command line gives it.
using Scalar = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

/// A configuration key. `apply` returns what is wrong, or nothing.
struct Option {
  std::string key;
  std::string description;
  std::function<std::optional<std::string>(NodeSettings&, const Scalar&)> apply;
  std::function<std::string(const NodeSettings&)> show;
};

inline std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

template <class Access>
Option text(std::string key, std::string description, Access access,
            std::function<std::optional<std::string>(const std::string&)> check = {}) {
  return {std::move(key), std::move(description),
          [access, check](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const std::string* given = std::get_if<std::string>(&value);
            if (!given) return "must be a text in quotes";
            if (check) {
              if (auto wrong = check(*given)) return wrong;
            }
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) { return access(const_cast<NodeSettings&>(s)); }};
}

template <class Access>
Option number(std::string key, std::string description, std::int64_t low, std::int64_t high,
              Access access) {
  return {std::move(key), std::move(description),
          [access, low, high](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const std::int64_t* given = std::get_if<std::int64_t>(&value);
            if (!given || *given < low || *given > high) {
              return "must be an integer from " + std::to_string(low) + " to " +
                     std::to_string(high);
            }
            using Target = std::remove_reference_t<decltype(access(s))>;
            access(s) = static_cast<Target>(*given);
            return std::nullopt;
          },
          [access](const NodeSettings& s) {
            return std::to_string(static_cast<std::int64_t>(access(const_cast<NodeSettings&>(s))));
          }};
}

template <class Access>
Option flag(std::string key, std::string description, Access access) {
  return {std::move(key), std::move(description),
          [access](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const bool* given = std::get_if<bool>(&value);
            if (!given) return "must be true or false";
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) {
            return access(const_cast<NodeSettings&>(s)) ? "true" : "false";
          }};
}

template <class Access>
Option list(std::string key, std::string description, Access access,
            std::function<std::optional<std::string>(const std::string&)> check = {}) {
  return {std::move(key), std::move(description),
          [access, check](NodeSettings& s, const Scalar& value) -> std::optional<std::string> {
            const auto* given = std::get_if<std::vector<std::string>>(&value);
            if (!given) return "must be a list of texts";
            for (const std::string& item : *given) {
              if (auto wrong = check ? check(item) : std::nullopt)
                return "\"" + item + "\": " + *wrong;
            }
            access(s) = *given;
            return std::nullopt;
          },
          [access](const NodeSettings& s) { return join(access(const_cast<NodeSettings&>(s))); }};
}

inline std::optional<std::string> cse_id(const std::string& id) {
  if (is_cse_id(id) && !id.starts_with("//")) return std::nullopt;
  return "must be an SP-relative CSE-ID such as /id-in";
}

inline std::optional<std::string> optional_cse_id(const std::string& id) {
  return id.empty() ? std::nullopt : cse_id(id);
}

inline std::function<std::optional<std::string>(const std::string&)> one_of(
    std::vector<std::string> allowed) {
  return [allowed](const std::string& value) -> std::optional<std::string> {
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return std::nullopt;
    return "must be one of " + join(allowed);
  };
}

/// Every key, one row each.
const std::vector<Option>& options();

/// nullptr: there is no such key.
const Option* find_option(const std::string& key);

}  // namespace gatehouse::node
