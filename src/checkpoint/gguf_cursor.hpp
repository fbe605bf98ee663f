// Reads a GGUF header front to back. Every step is bounded by the file's end; the first failure is final.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "checkpoint/gguf_reader.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::checkpoint {

/// Bytes of one value; 0 for strings and arrays.
constexpr std::uint64_t gguf_size(GgufType type) {
  constexpr auto kSizes = base::enum_table<std::uint64_t, GgufType>({{GgufType::U8, 1},
                                                                     {GgufType::I8, 1},
                                                                     {GgufType::U16, 2},
                                                                     {GgufType::I16, 2},
                                                                     {GgufType::U32, 4},
                                                                     {GgufType::I32, 4},
                                                                     {GgufType::F32, 4},
                                                                     {GgufType::Bool, 1},
                                                                     {GgufType::String, 0},
                                                                     {GgufType::Array, 0},
                                                                     {GgufType::U64, 8},
                                                                     {GgufType::I64, 8},
                                                                     {GgufType::F64, 8}});
  return kSizes[type];
}

class GgufCursor {
 public:
  GgufCursor(std::span<const std::byte> bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t left() const { return bytes_.size() - position_; }
  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }
  void fail(std::uint64_t at, const std::string& what) {
    if (!failure_) failure_ = base::Error{fmt::format("{}: byte {}: {}", path_, at, what)};
  }

  template <class T>
  T take(std::string_view what) {
    T value{};
    if (failure_) return value;
    if (left() < sizeof(T)) {
      fail(position_, fmt::format("the file ends before {}; is it truncated?", what));
      return value;
    }
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  std::string_view take_text(std::string_view what) {
    const std::uint64_t at = position_;
    const auto length = take<std::uint64_t>(what);
    if (failure_) return {};
    if (length > left()) {
      fail(at, fmt::format("{} has {} bytes but the file ends after {}", what, length, left()));
      return {};
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
    position_ += length;
    return text;
  }

  /// A key or a name: short, not empty, UTF-8.
  std::string take_name(std::string_view what) {
    constexpr std::size_t kMaximumName = 65535;
    const std::uint64_t at = position_;
    const std::string_view name = take_text(what);
    if (failure_) return {};
    if (name.empty() || name.size() > kMaximumName)
      fail(at, fmt::format("{} of {} bytes; 1 to {} are expected", what, name.size(), kMaximumName));
    if (const auto bad = base::first_invalid_utf8(name)) fail(at + 8 + *bad, fmt::format("{} is not UTF-8", what));
    return failure_ ? std::string() : std::string(name);
  }

  GgufType take_type() {
    const std::uint64_t at = position_;
    const auto type = take<std::uint32_t>("a value's type");
    if (type > static_cast<std::uint32_t>(GgufType::F64))
      fail(at, fmt::format("unknown metadata type {}; 0 to 12 are expected", type));
    return failure_ ? GgufType::U8 : static_cast<GgufType>(type);
  }

  /// Steps over `count` values of a type, which are side by side.
  void skip(GgufType type, std::uint64_t count) {
    if (failure_) return;
    if (const std::uint64_t size = gguf_size(type); size != 0) {
      if (count > left() / size)
        return fail(position_,
                    fmt::format("{} values of {} bytes but the file ends after {} bytes", count, size, left()));
      position_ += count * size;
      return;
    }
    if (type == GgufType::Array) return fail(position_, "an array of arrays is not supported");
    for (std::uint64_t i = 0; i < count && !failure_; ++i) take_text("a string");
  }

  GgufValue take_value() {
    GgufValue value;
    value.type = take_type();
    if (value.type == GgufType::Array) {
      value.element = take_type();
      value.count = take<std::uint64_t>("an array's length");
    }
    value.offset = position_;
    skip(value.type == GgufType::Array ? value.element : value.type, value.count);
    value.bytes = position_ - value.offset;
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::string path_;
  std::uint64_t position_ = 0;
  std::optional<base::Error> failure_;
};

}  // namespace kiln::checkpoint
