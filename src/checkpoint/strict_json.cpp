#include "checkpoint/strict_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "json/read.hpp"

namespace kiln::checkpoint {
namespace {

constexpr std::size_t kMaximumDepth = 16;

}  // namespace

base::Result<json::Value> parse_strict(std::string_view text, const std::string& file, std::uint64_t offset) {
  if (const auto bad = base::first_invalid_utf8(text))
    return base::Error{fmt::format("{}: byte {} is not UTF-8; JSON in UTF-8 is expected", file, offset + *bad)};
  std::string wrong;
  auto value = json::read(text, kMaximumDepth, [&](const json::Problem& problem) {
    const auto inside = [&](const std::string& what) {
      return fmt::format("{}: JSON at byte {}: {}", file, offset, what);
    };
    switch (problem.kind) {
      case json::Problem::Kind::Syntax:
        wrong = fmt::format("{}: not JSON at byte {}", file, offset + problem.byte);
        break;
      case json::Problem::Kind::NumberTooLarge:
        wrong =
            fmt::format("{}: byte {}: a number is too large; finite ones are expected", file, offset + problem.byte);
        break;
      case json::Problem::Kind::TooDeep:
        wrong = inside(fmt::format("nested deeper than {} levels", kMaximumDepth));
        break;
      case json::Problem::Kind::KeyTwice:
        wrong = inside(fmt::format("the key \"{}\" stands twice in one object", problem.what));
        break;
    }
    return false;
  });
  if (!value) return base::Error{std::move(wrong)};
  if (!value->is_object()) return base::Error{fmt::format("{}: a JSON object is expected at byte {}", file, offset)};
  return *std::move(value);
}

std::string excerpt(const json::Value& value) { return base::excerpt(json::write(value, json::Escapes::NonAscii)); }

const json::Value* ObjectReader::find(const char* key) const {
  const json::Value* value = object_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void ObjectReader::fail(const char* key, const std::string& what) {
  if (!failure_) failure_ = base::Error{fmt::format("{}: {}/{}: {}", file_, pointer_, key, what)};
}

std::uint32_t ObjectReader::integer(const char* key, std::optional<std::uint32_t> otherwise) {
  const json::Value* value = find(key);
  if (value == nullptr) {
    if (!otherwise) fail(key, "missing; an integer is expected");
    return otherwise.value_or(0);
  }
  if (!value->is_whole() || value->whole() > std::numeric_limits<std::uint32_t>::max()) {
    fail(key, fmt::format("found {}; an integer from 0 to 4294967295 is expected", excerpt(*value)));
    return 0;
  }
  return static_cast<std::uint32_t>(value->whole());
}

double ObjectReader::number(const char* key, std::optional<double> otherwise) {
  const json::Value* value = find(key);
  if (value == nullptr) {
    if (!otherwise) fail(key, "missing; a number is expected");
    return otherwise.value_or(0);
  }
  if (!value->is_number() || !std::isfinite(value->number())) {
    fail(key, fmt::format("found {}; a finite number is expected", excerpt(*value)));
    return 0;
  }
  return value->number();
}

bool ObjectReader::boolean(const char* key, bool otherwise) {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(key, fmt::format("found {}; true or false is expected", excerpt(*value)));
  return value->is_boolean() && value->boolean();
}

std::string ObjectReader::text(const char* key, const std::string& otherwise) {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_text()) fail(key, fmt::format("found {}; a string is expected", excerpt(*value)));
  return value->is_text() ? value->text() : otherwise;
}

}  // namespace kiln::checkpoint
