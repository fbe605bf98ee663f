#include "checkpoint/safetensors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "checkpoint/strict_json.hpp"
#include "json/keys.hpp"

namespace kiln::checkpoint {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaximumHeader = 100'000'000;  // as the reference implementation of the format
constexpr std::size_t kMaximumShape = 8;
constexpr std::array<std::string_view, 3> kEntryKeys = {"dtype", "shape", "data_offsets"};

struct Dtype {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Dtype, 14> kDtypes = {{{"F32", 4},
                                            {"F16", 2},
                                            {"BF16", 2},
                                            {"BOOL", 1},
                                            {"U8", 1},
                                            {"I8", 1},
                                            {"F8_E5M2", 1},
                                            {"F8_E4M3", 1},
                                            {"I16", 2},
                                            {"U16", 2},
                                            {"I32", 4},
                                            {"U32", 4},
                                            {"I64", 8},
                                            {"F64", 8}}};

/// One entry of the header. `where` names file and tensor; offsets are relative to the data.
base::Result<SafeTensor> parse_entry(const std::string& name, const json::Value& entry, const std::string& where) {
  const auto fail = [&](const std::string& what) { return base::Error{where + ": " + what}; };
  if (!entry.is_object()) return fail("an object of dtype, shape and data_offsets is expected");
  for (const auto key : json::unknown_keys(entry.object(), kEntryKeys))
    return fail(fmt::format("unknown key \"{}\"", key));
  const json::Value* dtype = entry.find("dtype");
  const json::Value* shape = entry.find("shape");
  const json::Value* offsets = entry.find("data_offsets");
  if (dtype == nullptr || !dtype->is_text()) return fail("dtype is missing or no string");
  if (shape == nullptr || !shape->is_array() || shape->size() > kMaximumShape)
    return fail(fmt::format("shape is missing or no list of at most {} sizes", kMaximumShape));
  if (offsets == nullptr || !offsets->is_array() || offsets->size() != 2 || !offsets->array()[0].is_whole() ||
      !offsets->array()[1].is_whole())
    return fail("data_offsets is missing or no pair of byte offsets");

  SafeTensor tensor;
  tensor.name = name;
  tensor.dtype = dtype->text();
  const auto known =
      std::find_if(kDtypes.begin(), kDtypes.end(), [&](const Dtype& d) { return d.name == tensor.dtype; });
  if (known == kDtypes.end()) return fail(fmt::format("unknown dtype \"{}\"; expected F32, F16 or BF16", tensor.dtype));
  tensor.format = find_format(known->name);

  std::optional<std::uint64_t> bytes = known->bytes;
  for (const auto& size : shape->array()) {
    if (!size.is_whole()) return fail(fmt::format("the size {} in its shape is no count", json::write(size)));
    tensor.shape.push_back(size.whole());
    bytes = multiply(*bytes, tensor.shape.back());
    if (!bytes) return fail("its shape needs more than 2^64 bytes");
  }
  const auto begin = offsets->array()[0].whole();
  const auto end = offsets->array()[1].whole();
  if (end < begin || end - begin != *bytes)
    return fail(fmt::format("data_offsets [{}, {}] do not hold the {} bytes of shape [{}] in {}", begin, end, *bytes,
                            fmt::join(tensor.shape, ", "), tensor.dtype));
  tensor.offset = begin;
  tensor.bytes = *bytes;
  return tensor;
}

/// Tensors sorted by offset must follow each other without overlap or gap up to the end of the file.
base::Status check_cover(const std::vector<SafeTensor>& tensors, std::uint64_t data_begin, std::uint64_t file_size,
                         const std::string& path) {
  // An overlap leaves a gap elsewhere, perhaps before it; the overlap is the better thing to say.
  for (std::size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i].offset < tensors[i - 1].offset + tensors[i - 1].bytes)
      return base::Error{fmt::format("{}: the tensors {} and {} overlap at byte {}", path, tensors[i - 1].name,
                                     tensors[i].name, tensors[i].offset)};
  std::uint64_t expected = data_begin;
  for (const SafeTensor& t : tensors) {
    if (t.offset > expected)
      return base::Error{fmt::format("{}: bytes {} to {} belong to no tensor; data without gaps is expected", path,
                                     expected, t.offset)};
    expected += t.bytes;
  }
  if (expected != file_size)
    return base::Error{fmt::format("{}: bytes {} to {} belong to no tensor; data without gaps is expected", path,
                                   expected, file_size)};
  return {};
}

}  // namespace

base::Result<std::vector<SafeTensor>> read_safetensors(const base::MappedFile& file) {
  const auto bytes = file.bytes();
  const std::string& path = file.path();
  if (bytes.size() < kLengthBytes)
    return base::Error{
        fmt::format("{} has {} bytes; a safetensors file starts with 8 bytes of header length", path, bytes.size())};
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length > kMaximumHeader)
    return base::Error{
        fmt::format("{}: the header length at byte 0 is {}; at most {} is expected", path, length, kMaximumHeader)};
  if (length > bytes.size() - kLengthBytes)
    return base::Error{fmt::format("{}: the header at byte 8 has {} bytes but the file ends after {}; is it truncated?",
                                   path, length, bytes.size() - kLengthBytes)};
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  const auto json = parse_strict(header, path, kLengthBytes);
  if (!json) return json.error();

  const std::uint64_t data_begin = kLengthBytes + length;
  const std::uint64_t data_bytes = bytes.size() - data_begin;
  std::vector<SafeTensor> tensors;
  for (const auto& [name, entry] : json->object()) {
    if (name == "__metadata__") continue;
    auto tensor = parse_entry(name, entry, fmt::format("{}: tensor {}", path, name));
    if (!tensor) return tensor.error();
    if (tensor->offset > data_bytes || tensor->bytes > data_bytes - tensor->offset)
      return base::Error{fmt::format("{}: tensor {} ends at byte {} of the data, which has {}; is the file truncated?",
                                     path, name, tensor->offset + tensor->bytes, data_bytes)};
    tensor->offset += data_begin;
    tensors.push_back(std::move(*tensor));
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.bytes < b.bytes;  // an empty one before its neighbour
  });
  if (const auto covered = check_cover(tensors, data_begin, bytes.size(), path); !covered) return covered.error();
  return tensors;
}

}  // namespace kiln::checkpoint
