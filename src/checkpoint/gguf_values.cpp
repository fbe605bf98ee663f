// Metadata values of a GGUF file by key. The header has been walked: offsets and lengths are inside the file.
#include <cmath>
#include <limits>

#include "base/utf8.hpp"
#include "checkpoint/blocks.hpp"
#include "checkpoint/gguf_cursor.hpp"
#include "checkpoint/gguf_reader.hpp"

namespace kiln::checkpoint {

using blocks::load;

namespace {
constexpr std::uint64_t kMaximumNumbers = std::uint64_t{1} << 20;  ///< of a key that has one, or one a layer
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

base::Error GgufFile::error(const std::string& what) const { return base::Error{fmt::format("{}: {}", path(), what)}; }

base::Error GgufFile::wrong(std::string_view key, std::string_view expected) const {
  const GgufValue* value = find(key);
  return base::Error{fmt::format("{}: metadata {}{}: {} is expected", path(), key,
                                 value != nullptr ? fmt::format(" at byte {}", value->offset) : std::string(),
                                 expected)};
}

std::optional<std::int64_t> GgufFile::integer_at(GgufType type, std::uint64_t offset) const {
  const std::byte* at = file_.bytes().data() + offset;
  switch (type) {
    case GgufType::U8:
      return load<std::uint8_t>(at);
    case GgufType::I8:
      return load<std::int8_t>(at);
    case GgufType::U16:
      return load<std::uint16_t>(at);
    case GgufType::I16:
      return load<std::int16_t>(at);
    case GgufType::U32:
      return load<std::uint32_t>(at);
    case GgufType::I32:
      return load<std::int32_t>(at);
    case GgufType::I64:
      return load<std::int64_t>(at);
    case GgufType::U64: {
      const auto value = load<std::uint64_t>(at);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

base::Result<std::optional<std::uint64_t>> GgufFile::integer(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<std::uint64_t>{};
  const auto number = integer_at(value->type, value->offset);
  if (!number || *number < 0) return wrong(key, "an integer from 0 to 9223372036854775807");
  return std::optional<std::uint64_t>{static_cast<std::uint64_t>(*number)};
}

base::Result<std::optional<double>> GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<double>{};
  const std::byte* at = file_.bytes().data() + value->offset;
  double number = 0;
  if (value->type == GgufType::F32) {
    number = static_cast<double>(load<float>(at));
  } else if (value->type == GgufType::F64) {
    number = load<double>(at);
  } else {
    return wrong(key, "a floating-point number");
  }
  if (!std::isfinite(number)) return wrong(key, "a finite number");
  return std::optional<double>{number};
}

base::Result<std::vector<double>> GgufFile::numbers(std::string_view key) const {
  const GgufValue* value = find(key);
  std::vector<double> all;
  if (value == nullptr) return all;
  if (value->count > kMaximumNumbers)
    return wrong(key, fmt::format("a number or an array of at most {} numbers", kMaximumNumbers));
  const GgufType type = value->type == GgufType::Array ? value->element : value->type;
  const std::byte* at = file_.bytes().data() + value->offset;
  for (std::uint64_t i = 0; i < value->count; ++i, at += gguf_size(type)) {
    if (type == GgufType::F32) {
      all.push_back(static_cast<double>(load<float>(at)));
    } else if (type == GgufType::F64) {
      all.push_back(load<double>(at));
    } else if (type == GgufType::Bool) {
      all.push_back(load<std::uint8_t>(at));
    } else if (const auto integer = integer_at(type, value->offset + i * gguf_size(type))) {
      all.push_back(static_cast<double>(*integer));
    } else {
      return wrong(key, "a number");
    }
    if (!std::isfinite(all.back())) return wrong(key, "a finite number");
  }
  return all;
}

base::Result<std::optional<bool>> GgufFile::boolean(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<bool>{};
  const auto byte = load<std::uint8_t>(file_.bytes().data() + value->offset);
  if (value->type != GgufType::Bool || byte > 1) return wrong(key, "a boolean");
  return std::optional<bool>{byte == 1};
}

base::Result<std::optional<std::string>> GgufFile::text(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::optional<std::string>{};
  if (value->type != GgufType::String) return wrong(key, "a string");
  GgufCursor in(file_.bytes().subspan(value->offset), path());
  const std::string_view text = in.take_text("a string");
  if (base::first_invalid_utf8(text)) return wrong(key, "a string in UTF-8");
  return std::optional<std::string>{std::string(text)};
}

base::Result<const GgufValue*> GgufFile::array(std::string_view key, std::uint64_t limit) const {
  const GgufValue* value = find(key);
  if (value != nullptr && value->type != GgufType::Array) return wrong(key, "an array");
  if (value != nullptr && value->count > limit)
    return wrong(key, fmt::format("an array of at most {} elements (there are {})", limit, value->count));
  return value;
}

base::Result<std::vector<std::string>> GgufFile::texts(std::string_view key, std::uint64_t limit) const {
  const auto value = array(key, limit);
  if (!value) return value.error();
  std::vector<std::string> all;
  if (*value == nullptr) return all;
  if ((*value)->element != GgufType::String) return wrong(key, "an array of strings");
  GgufCursor in(file_.bytes().subspan((*value)->offset), path());
  for (std::uint64_t i = 0; i < (*value)->count; ++i) {
    const std::string_view text = in.take_text("a string");
    if (base::first_invalid_utf8(text)) return wrong(key, fmt::format("UTF-8 in its string {}", i));
    all.emplace_back(text);
  }
  return all;
}

base::Result<std::vector<float>> GgufFile::floats(std::string_view key, std::uint64_t limit) const {
  const auto value = array(key, limit);
  if (!value) return value.error();
  std::vector<float> all;
  if (*value == nullptr) return all;
  const bool integers = (*value)->element == GgufType::I32;
  if (!integers && (*value)->element != GgufType::F32) return wrong(key, "an array of 32-bit floats");
  for (std::uint64_t i = 0; i < (*value)->count; ++i) {
    const std::byte* at = file_.bytes().data() + (*value)->offset + 4 * i;
    all.push_back(integers ? static_cast<float>(load<std::int32_t>(at)) : load<float>(at));
    if (!std::isfinite(all.back())) return wrong(key, fmt::format("a finite number as its element {}", i));
  }
  return all;
}

base::Result<std::vector<std::int64_t>> GgufFile::integers(std::string_view key, std::uint64_t limit) const {
  const auto value = array(key, limit);
  if (!value) return value.error();
  std::vector<std::int64_t> all;
  if (*value == nullptr) return all;
  for (std::uint64_t i = 0; i < (*value)->count; ++i) {
    const auto number = integer_at((*value)->element, (*value)->offset + gguf_size((*value)->element) * i);
    if (!number) return wrong(key, "an array of integers");
    all.push_back(*number);
  }
  return all;
}

}  // namespace kiln::checkpoint
