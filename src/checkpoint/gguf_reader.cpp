#include "checkpoint/gguf_reader.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "checkpoint/gguf_cursor.hpp"
#include "kiln/base/units.hpp"

namespace kiln::checkpoint {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaximumAlignment = std::uint64_t{1} << 20;
constexpr std::uint64_t kSmallestValue = 8 + 1 + 4 + 1;  // length and byte of a key, type, value
constexpr std::uint64_t kSmallestTensor =
    8 + 1 + 4 + 8 + 4 + 8;  // length and byte of a name, rank, one size, type, offset
constexpr std::uint32_t kMaximumDimensions = 4;

// ggml's type numbers by name, also of what was withdrawn; which of them Kiln reads is in format.cpp.
constexpr std::array<std::string_view, 41> kTypes = {
    "F32",        "F16",        "Q4_0",       "Q4_1",  "Q4_2",     "Q4_3",     "Q5_0",     "Q5_1",    "Q8_0",
    "Q8_1",       "Q2_K",       "Q3_K",       "Q4_K",  "Q5_K",     "Q6_K",     "Q8_K",     "IQ2_XXS", "IQ2_XS",
    "IQ3_XXS",    "IQ1_S",      "IQ4_NL",     "IQ3_S", "IQ2_S",    "IQ4_XS",   "I8",       "I16",     "I32",
    "I64",        "F64",        "IQ1_M",      "BF16",  "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0",   "TQ2_0",
    "IQ4_NL_4_4", "IQ4_NL_4_8", "IQ4_NL_8_8", "MXFP4", "NVFP4"};

/// One tensor description; its offset is still relative to the data.
GgufTensor take_tensor(GgufCursor& in) {
  GgufTensor tensor;
  tensor.name = in.take_name("a tensor's name");
  const std::uint64_t at = in.position();
  const auto rank = in.take<std::uint32_t>("a tensor's rank");
  if (rank == 0 || rank > kMaximumDimensions)
    in.fail(at, fmt::format("tensor {} has the rank {}; 1 to {} is expected", tensor.name, rank, kMaximumDimensions));
  std::uint64_t rows = 1;
  for (std::uint32_t d = 0; d < rank && !in.failure(); ++d) {
    tensor.dimensions.push_back(in.take<std::uint64_t>("a tensor's shape"));
    const auto product = d == 0 ? rows : multiply(rows, tensor.dimensions.back());
    if (!product) in.fail(at, fmt::format("tensor {} has more than 2^64 rows", tensor.name));
    rows = product.value_or(0);
  }
  const auto type = in.take<std::uint32_t>("a tensor's type");
  tensor.offset = in.take<std::uint64_t>("a tensor's offset");
  if (in.failure()) return tensor;
  if (type >= kTypes.size()) {
    in.fail(at, fmt::format("tensor {} has the unknown type {}; {}", tensor.name, type, kReadable));
  } else if (tensor.format = find_format(kTypes[type]); tensor.format == nullptr) {
    in.fail(at,
            fmt::format("tensor {} has the type {}, which is not supported; {}", tensor.name, kTypes[type], kReadable));
  } else {
    const auto bytes = matrix_bytes(*tensor.format, rows, tensor.dimensions[0]);
    if (!bytes)
      in.fail(
          at,
          fmt::format(
              "tensor {} has rows of {} weights; a multiple of {} ({}) and fewer than 2^64 bytes in all are expected",
              tensor.name, tensor.dimensions[0], tensor.format->block_weights, tensor.format->name));
    tensor.bytes = bytes.value_or(0);
  }
  return tensor;
}

}  // namespace

bool GgufTensor::has_shape(std::span<const std::uint64_t> expected) const {
  const auto is_one = [](std::uint64_t size) { return size == 1; };
  const std::span<const std::uint64_t> own = dimensions;
  const auto both = std::min(own.size(), expected.size());
  return std::ranges::equal(own.first(both), expected.first(both)) && std::ranges::all_of(own.subspan(both), is_one) &&
         std::ranges::all_of(expected.subspan(both), is_one);
}

base::Result<GgufFile> GgufFile::read(base::MappedFile file) {
  GgufFile gguf(std::move(file));
  if (const auto read = gguf.read_header(); !read) return read.error();
  return gguf;
}

base::Status GgufFile::read_header() {
  GgufCursor in(file_.bytes(), path());
  if (in.take<std::uint32_t>("the magic") != kMagic) in.fail(0, "no GGUF file; it starts with the letters GGUF");
  const auto version = in.take<std::uint32_t>("the version");
  if (version != 2 && version != 3) {
    const bool swapped = version != 0 && (version & 0xFFFFU) == 0;
    in.fail(4, swapped ? "a big-endian GGUF is not supported"
                       : fmt::format("GGUF version {} is not supported; 2 or 3 is expected", version));
  }
  const auto tensor_count = in.take<std::uint64_t>("the number of tensors");
  if (tensor_count > in.left() / kSmallestTensor)
    in.fail(8, fmt::format("{} tensors do not fit into {} bytes", tensor_count, in.left()));
  const auto value_count = in.take<std::uint64_t>("the number of metadata values");
  if (value_count > in.left() / kSmallestValue)
    in.fail(16, fmt::format("{} metadata values do not fit into {} bytes", value_count, in.left()));

  for (std::uint64_t i = 0; i < value_count && !in.failure(); ++i) {
    const std::uint64_t at = in.position();
    std::string key = in.take_name("a metadata key");
    const GgufValue value = in.take_value();
    if (in.failure()) break;
    if (const auto [existing, fresh] = values_.try_emplace(std::move(key), value); !fresh)
      in.fail(at, fmt::format("the metadata key {} stands twice", existing->first));
  }
  for (std::uint64_t i = 0; i < tensor_count && !in.failure(); ++i) tensors_.push_back(take_tensor(in));
  if (in.failure()) return *in.failure();
  return place_tensors(in.position());
}

base::Status GgufFile::place_tensors(std::uint64_t header_end) {
  const auto declared = integer("general.alignment");
  if (!declared) return declared.error();
  const std::uint64_t alignment = declared->value_or(kDefaultAlignment);
  if (!std::has_single_bit(alignment) || alignment > kMaximumAlignment)
    return wrong("general.alignment", fmt::format("a power of two up to {}", kMaximumAlignment));
  const std::uint64_t data_begin = base::ceil_div(header_end, alignment) * alignment;
  const std::uint64_t size = file_.bytes().size();
  for (auto& t : tensors_) {
    if (t.offset % alignment != 0)
      return base::Error{fmt::format("{}: tensor {} starts at byte {} of the data; a multiple of {} is expected",
                                     path(), t.name, t.offset, alignment)};
    if (data_begin > size || t.offset > size - data_begin || t.bytes > size - data_begin - t.offset)
      return base::Error{
          fmt::format("{}: tensor {} ({} bytes at byte {} of the data) leaves the file of {} bytes; is it truncated?",
                      path(), t.name, t.bytes, t.offset, size)};
    t.offset += data_begin;
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (!by_name_.try_emplace(tensors_[i].name, i).second)
      return base::Error{fmt::format("{}: the tensor {} stands twice", path(), tensors_[i].name)};
  std::vector<const GgufTensor*> order;
  order.reserve(tensors_.size());
  for (const auto& t : tensors_) order.push_back(&t);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset)
      return base::Error{fmt::format("{}: the tensors {} and {} overlap at byte {}", path(), order[i - 1]->name,
                                     order[i]->name, order[i]->offset)};
  return {};
}

base::Status GgufFile::join(GgufFile part) {
  further_.push_back(std::move(part.file_));
  for (auto& tensor : part.tensors_) {
    tensor.file = further_.size();
    if (const auto [at, fresh] = by_name_.try_emplace(tensor.name, tensors_.size()); !fresh)
      return base::Error{fmt::format("{}: the tensor {} is in {} as well", further_.back().path(), tensor.name,
                                     file_of(tensors_[at->second]).path())};
    tensors_.push_back(std::move(tensor));
  }
  return {};
}

std::optional<std::string> GgufFile::differing_key(const GgufFile& part) const {
  for (const auto& [key, value] : values_) {
    const GgufValue* other = part.find(key);
    if (other == nullptr || key == "split.no" || key == "general.alignment") continue;
    const auto ours = file_.bytes().subspan(value.offset, value.bytes);
    const auto theirs = part.file_.bytes().subspan(other->offset, other->bytes);
    if (value.type != other->type || value.element != other->element || !std::ranges::equal(ours, theirs)) return key;
  }
  return std::nullopt;
}

const GgufTensor* GgufFile::tensor(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &tensors_[at->second];
}

const base::MappedFile& GgufFile::file_of(const GgufTensor& tensor) const {
  return tensor.file == 0 ? file_ : further_[tensor.file - 1];
}

std::vector<base::MappedFile> GgufFile::take_files() && {
  std::vector<base::MappedFile> all;
  all.push_back(std::move(file_));
  for (auto& file : further_) all.push_back(std::move(file));
  return all;
}

}  // namespace kiln::checkpoint
