#include "bake/source_hash.hpp"

namespace kiln::bake {

void SourceHash::add(std::uint64_t first, std::uint64_t columns, std::span<const float> values) {
  for (std::uint64_t row = 0; row * columns < values.size(); ++row)
    rows_[first + row] = base::digest128(std::as_bytes(values.subspan(row * columns, columns)));
}

std::string SourceHash::hex() const { return base::hex_of(base::digest128(std::as_bytes(std::span(rows_)))); }

}  // namespace kiln::bake
