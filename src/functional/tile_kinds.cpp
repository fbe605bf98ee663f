#include "functional/tile_kinds.hpp"

#include <vector>

#include "numerics/tile_products.hpp"

namespace kiln::functional {
namespace {

template <class Products>
SegmentProducts products_by() {
  return [](const numerics::MatrixView& matrix, std::size_t first, std::size_t end,
            const numerics::QuantisedVector& x) -> RowProducts {
    return [products = Products(matrix, first, end, x)](std::uint32_t row) { return products.row(row); };
  };
}

}  // namespace

base::Registry<SegmentProducts>& tile_kinds() {
  static base::Registry<SegmentProducts> kinds({
      {"product_select", products_by<numerics::ProductSelect>()},
      {"bit_serial", products_by<numerics::BitSerial>()},
      {"rom_mac", products_by<numerics::RomMac>()},
  });
  return kinds;
}

SegmentProducts tile_products(std::string_view name) {
  const SegmentProducts* own = tile_kinds().find(name);
  return own != nullptr ? *own : products_by<numerics::RomMac>();
}

SegmentProducts segment_products(const TileKind& kind) {
  return [products = kind.products](const numerics::MatrixView& matrix, std::size_t first, std::size_t end,
                                    const numerics::QuantisedVector& x) -> RowProducts {
    return [&products, &matrix, &x, first, end](std::uint32_t row) {
      std::vector<std::uint8_t> codes;
      for (std::size_t i = first; i < end; ++i)
        codes.push_back(numerics::code_at(matrix, row, static_cast<std::uint32_t>(i)));
      return products(codes, {matrix.codebook.data(), matrix.codebook.size()}, {&x.codes[first], end - first});
    };
  };
}

}  // namespace kiln::functional
