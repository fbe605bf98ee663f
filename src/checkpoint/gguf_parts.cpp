#include "checkpoint/gguf_parts.hpp"

#include <fmt/format.h>

namespace kiln::checkpoint {
namespace {

constexpr std::uint64_t kMaximumParts = 4096;
constexpr std::string_view kNumber = "split.no";
constexpr std::string_view kCount = "split.count";
constexpr std::string_view kTensors = "split.tensors.count";

base::Result<GgufFile> read_one(const std::string& path) {
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return mapped.error();
  return GgufFile::read(std::move(*mapped));
}

std::string ending(std::uint64_t number, std::uint64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
}

/// What the parts' names begin with, by the name of one of them.
base::Result<std::string> prefix_of(const GgufFile& file, std::uint64_t count) {
  if (count > kMaximumParts)
    return file.error(fmt::format("metadata {} is {}; at most {} parts are expected", kCount, count, kMaximumParts));
  const auto number = file.integer(kNumber);
  if (!number) return number.error();
  if (!*number || **number >= count)
    return file.error(fmt::format("metadata {} is {}; a number below the {} parts of this split GGUF is expected",
                                  kNumber, *number ? fmt::format("{}", **number) : "missing", count));
  const std::string expected = ending(**number, count);
  if (!file.path().ends_with(expected))
    return file.error(
        fmt::format("is part {} of the {} of a split GGUF; a name that ends in {} is expected, by which "
                    "the others are found",
                    **number + 1, count, expected));
  return file.path().substr(0, file.path().size() - expected.size());
}

base::Status check_part(const GgufFile& first, const GgufFile& part, std::uint64_t index, std::uint64_t count) {
  const std::pair<std::string_view, std::uint64_t> expected[] = {{kNumber, index}, {kCount, count}};
  for (const auto& [key, value] : expected) {
    const auto found = part.integer(key);
    if (!found) return found.error();
    if (*found != value)
      return part.error(fmt::format("metadata {} is {}; {} is expected by the file's name", key,
                                    *found ? fmt::format("{}", **found) : "missing", value));
  }
  if (const auto differing = first.differing_key(part))
    return part.error(
        fmt::format("metadata {} differs from that of {}; parts of one model are expected", *differing, first.path()));
  return {};
}

base::Status check_total(const GgufFile& whole, std::uint64_t count) {
  const auto total = whole.integer(kTensors);
  if (!total) return total.error();
  if (*total && **total != whole.tensors().size())
    return whole.error(fmt::format("the {} parts have {} tensors; metadata {} asks for {}", count,
                                   whole.tensors().size(), kTensors, **total));
  return {};
}

}  // namespace

base::Result<GgufFile> open_gguf_parts(const std::string& source) {
  auto named = read_one(source);
  if (!named) return named;
  const auto declared = named->integer(kCount);
  if (!declared) return declared.error();
  const std::uint64_t count = declared->value_or(1);
  if (count <= 1) return named;
  const auto prefix = prefix_of(*named, count);
  if (!prefix) return prefix.error();

  std::optional<GgufFile> whole;
  for (std::uint64_t i = 0; i < count; ++i) {
    auto part = read_one(*prefix + ending(i, count));
    if (!part)
      return named->error(
          fmt::format("part {} of the {} of this split GGUF does not open: {}", i + 1, count, part.error().message));
    if (const auto good = check_part(whole ? *whole : *part, *part, i, count); !good) return good.error();
    if (!whole) {
      whole.emplace(std::move(*part));
    } else if (const auto joined = whole->join(std::move(*part)); !joined) {
      return joined.error();
    }
  }
  if (const auto good = check_total(*whole, count); !good) return good.error();
  return std::move(*whole);
}

}  // namespace kiln::checkpoint
