#include "checkpoint/mapped_checkpoint.hpp"

#include <fmt/format.h>

#include <bit>

namespace kiln::checkpoint {

std::optional<std::size_t> first_not_finite(std::span<const float> values) {
  constexpr std::uint32_t kExponent = 0x7F800000U;
  // One pass without a branch inside, which is the usual case; a second one to find the place.
  std::uint32_t bad = 0;
  for (const float v : values) bad |= (std::bit_cast<std::uint32_t>(v) & kExponent) == kExponent ? 1U : 0U;
  if (bad == 0) return std::nullopt;
  for (std::size_t i = 0;; ++i)
    if ((std::bit_cast<std::uint32_t>(values[i]) & kExponent) == kExponent) return i;
}

const Storage& MappedCheckpoint::storage_of(const TensorInfo& tensor) const {
  const TensorInfo* own = find(tensor.role, tensor.layer);
  base::check(own != nullptr, "a tensor of another checkpoint");
  return parts_.storage[static_cast<std::size_t>(own - parts_.tensors.data())];
}

std::vector<std::string> MappedCheckpoint::files() const {
  std::vector<std::string> all;
  all.reserve(parts_.files.size());
  for (const auto& file : parts_.files) all.push_back(file.path());
  return all;
}

std::string MappedCheckpoint::identity() const {
  std::string all = parts_.kind;
  for (const auto& file : parts_.files) all += "\n" + file.identity();
  return all;
}

base::Status MappedCheckpoint::read_rows(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                         std::span<float> out) const {
  const Storage& at = storage_of(tensor);
  base::check(first <= tensor.rows && count <= tensor.rows - first, "rows inside the tensor");
  base::check(out.size() == count * tensor.columns, "room for exactly the rows asked for");
  const base::MappedFile& file = parts_.files[at.file];
  const std::uint64_t blocks = tensor.columns / at.format->block_weights;  // of a row
  const std::uint64_t row_bytes = blocks * at.format->block_bytes;
  const std::byte* data = file.bytes().data() + at.offset;

  if (at.interleaved_head == 0) {
    at.format->decode(data + first * row_bytes, count * blocks, out.data());
  } else {
    // GGUF has the pair (i, i + head/2) that RoPE turns side by side, at 2i and 2i + 1.
    const std::uint64_t head = at.interleaved_head;
    for (std::uint64_t r = 0; r < count; ++r) {
      const std::uint64_t in_head = (first + r) % head;
      const std::uint64_t stored = first + r - in_head + in_head % (head / 2) * 2 + in_head / (head / 2);
      at.format->decode(data + stored * row_bytes, blocks, out.data() + r * tensor.columns);
    }
  }
  if (const auto bad = first_not_finite(out))
    return base::Error{fmt::format(
        "{}: {} holds {} at row {}, column {} (tensor at byte {}); finite weights are expected", file.path(),
        tensor.name, out[*bad], first + *bad / tensor.columns, *bad % tensor.columns, at.offset)};
  return {};
}

void MappedCheckpoint::expect(const TensorInfo& tensor, std::uint64_t first, std::uint64_t count) const {
  const Storage& at = storage_of(tensor);
  const std::uint64_t row_bytes = at.bytes / tensor.rows;
  const base::MappedFile& file = parts_.files[at.file];
  file.need_soon(file.bytes().subspan(at.offset + first * row_bytes, count * row_bytes));
}

void MappedCheckpoint::release(const TensorInfo& tensor) const {
  const Storage& at = storage_of(tensor);
  parts_.files[at.file].release(parts_.files[at.file].bytes().subspan(at.offset, at.bytes));
}

}  // namespace kiln::checkpoint
