#include "checkpoint/strict_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "base/text.hpp"

namespace kiln::checkpoint {
namespace {

constexpr int kMaximumDepth = 16;

struct Refused {
  std::string what;
};

}  // namespace

base::Result<Json> parse_strict(std::string_view text, const std::string& file, std::uint64_t offset) {
  if (const auto bad = base::first_invalid_utf8(text))
    return base::Error{fmt::format("{}: byte {} is not UTF-8; JSON in UTF-8 is expected", file, offset + *bad)};
  std::vector<std::set<std::string, std::less<>>> keys;  // of the objects that are open
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
        keys.emplace_back();
        [[fallthrough]];
      case Json::parse_event_t::array_start:
        if (depth >= kMaximumDepth) throw Refused{fmt::format("nested deeper than {} levels", kMaximumDepth)};
        break;
      case Json::parse_event_t::object_end:
        keys.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!keys.back().insert(parsed.get_ref<const std::string&>()).second)
          throw Refused{fmt::format("the key \"{}\" stands twice in one object", parsed.get_ref<const std::string&>())};
        break;
      default:
        break;
    }
    return true;
  };
  try {
    Json json = Json::parse(text.begin(), text.end(), watch);
    if (!json.is_object()) return base::Error{fmt::format("{}: a JSON object is expected at byte {}", file, offset)};
    return json;
  } catch (const Refused& refused) {
    return base::Error{fmt::format("{}: JSON at byte {}: {}", file, offset, refused.what)};
  } catch (const Json::parse_error& e) {
    return base::Error{fmt::format("{}: not JSON at byte {}", file, offset + e.byte)};
  } catch (const Json::exception&) {  // what is left is out_of_range
    return base::Error{
        fmt::format("{}: JSON at byte {}: a number is too large; finite ones are expected", file, offset)};
  }
}

std::string excerpt(const Json& value) {
  return base::excerpt(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

const Json* ObjectReader::find(const char* key) const {
  const auto at = object_.find(key);
  return at == object_.end() || at->is_null() ? nullptr : &*at;
}

void ObjectReader::fail(const char* key, const std::string& what) {
  if (!failure_) failure_ = base::Error{fmt::format("{}: {}/{}: {}", file_, pointer_, key, what)};
}

std::uint32_t ObjectReader::integer(const char* key, std::optional<std::uint32_t> otherwise) {
  const Json* value = find(key);
  if (value == nullptr) {
    if (!otherwise) fail(key, "missing; an integer is expected");
    return otherwise.value_or(0);
  }
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
    fail(key, fmt::format("found {}; an integer from 0 to 4294967295 is expected", excerpt(*value)));
    return 0;
  }
  return value->get<std::uint32_t>();
}

double ObjectReader::number(const char* key, std::optional<double> otherwise) {
  const Json* value = find(key);
  if (value == nullptr) {
    if (!otherwise) fail(key, "missing; a number is expected");
    return otherwise.value_or(0);
  }
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    fail(key, fmt::format("found {}; a finite number is expected", excerpt(*value)));
    return 0;
  }
  return value->get<double>();
}

bool ObjectReader::boolean(const char* key, bool otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(key, fmt::format("found {}; true or false is expected", excerpt(*value)));
  return value->is_boolean() && value->get<bool>();
}

std::string ObjectReader::text(const char* key, const std::string& otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) fail(key, fmt::format("found {}; a string is expected", excerpt(*value)));
  return value->is_string() ? value->get<std::string>() : otherwise;
}

}  // namespace kiln::checkpoint
