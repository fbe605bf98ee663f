// A ROM image of a small model with seeded random codes, scales and norms: real enough for tokens to differ, written
// under the test's temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "kiln/base/thread_pool.hpp"
#include "kiln/program/dataflow.hpp"
#include "numerics/matrix.hpp"
#include "numerics/vector_ops.hpp"
#include "rom/adapter.hpp"
#include "rom/rom_image.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::support {

class ToyRom {
 public:
  explicit ToyRom(std::uint64_t seed) : random_(seed) {}

  /// Row scales from 2^-4 to 2^4 times the usual one, so that no row can pass for another.
  bool rows_differ = false;

  /// Code widths per class are drawn too.
  rom::RomImage make(const config::ModelConfig& model, base::ThreadPool& pool) {
    config::BakeRecipe recipe;
    recipe.name = "toy";
    constexpr int kBits[] = {2, 3, 4, 6, 8};
    for (auto& format : recipe.formats) format = {kBits[random_.below(5)], config::CodebookKind::Uniform};
    return make(model, recipe, pool);
  }

  rom::RomImage make(const config::ModelConfig& model, const config::BakeRecipe& recipe, base::ThreadPool& pool) {
    rom::ImageHead head;
    head.model = model;
    head.recipe = recipe;
    head.rope_increments = numerics::rope_increments(model.head_dim, model.rope_theta, {});
    head.norms.resize((2 * std::size_t{model.layers} + 1) * model.hidden_size);
    for (float& x : head.norms) x = 0.5F + static_cast<float>(random_.unit());
    const std::string path = testing::TempDir() + "toy-" + std::to_string(random_.next()) + ".rom";
    auto created = rom::RomWriter::create(path, head);
    base::check(created.ok(), created.ok() ? "" : created.error().message);
    write_matrices(*created, head);
    auto image = written(*created, path, pool);
    std::remove(path.c_str());
    return image;
  }

  /// An adapter of these ranks in every layer.
  rom::Adapter adapter(const config::ModelConfig& model, const config::AdapterShape& ranks) {
    const program::Dataflow dataflow(model);
    rom::Adapter adapter;
    for (std::uint32_t layer = 0; layer < model.layers; ++layer) {
      for (std::size_t i = 0; i < program::kArrays; ++i) {
        const auto kind = static_cast<program::ArrayKind>(i);
        for (const auto& section : dataflow.sections(kind)) {
          const std::uint32_t rank = ranks.rank(section.tensor_class);
          if (rank == 0) continue;
          adapter.targets.push_back({section.tensor_class, base::LayerId{layer}, stored(8, rank, dataflow.inputs(kind)),
                                     stored(8, section.rows, rank)});
        }
      }
    }
    return adapter;
  }

 private:
  static void must(const base::Status& status) { base::check(status.ok(), status.ok() ? "" : status.error().message); }

  static rom::RomImage written(rom::RomWriter& writer, const std::string& path, base::ThreadPool& pool) {
    auto finished = writer.finish();
    base::check(finished.ok(), finished.ok() ? "" : finished.error().message);
    auto opened = rom::RomImage::open(path, pool);
    base::check(opened.ok(), opened.ok() ? "" : opened.error().message);
    return std::move(opened).value();
  }

  void write_matrices(rom::RomWriter& writer, const rom::ImageHead& head) {
    using config::TensorClass;
    const config::ModelConfig& m = head.model;
    const auto put = [&](TensorClass c, std::uint64_t rows, std::uint64_t columns) {
      matrix(writer, head.recipe.of(c).bits, rows, columns);
    };
    put(TensorClass::Embedding, m.vocab_size, m.hidden_size);
    for (std::uint32_t layer = 0; layer < m.layers; ++layer) {
      put(TensorClass::Q, m.q_width(), m.hidden_size);
      put(TensorClass::K, m.kv_width(), m.hidden_size);
      put(TensorClass::V, m.kv_width(), m.hidden_size);
      put(TensorClass::O, m.hidden_size, m.q_width());
      put(TensorClass::Gate, m.intermediate_size, m.hidden_size);
      put(TensorClass::Up, m.intermediate_size, m.hidden_size);
      put(TensorClass::Down, m.hidden_size, m.intermediate_size);
    }
    put(TensorClass::LmHead, m.vocab_size, m.hidden_size);
  }

  void matrix(rom::RomWriter& writer, int bits, std::uint64_t rows, std::uint64_t columns) {
    const rom::StoredMatrix m = stored(bits, rows, columns);
    must(writer.begin_tensor(m.codebook));
    must(writer.append_panels(m.codes, m.scales, m.row_scales));
  }

  rom::StoredMatrix stored(int bits, std::uint64_t rows, std::uint64_t columns) {
    rom::StoredMatrix m;
    m.rows = static_cast<std::uint32_t>(rows);
    m.columns = static_cast<std::uint32_t>(columns);
    m.bits = bits;
    m.codebook.resize(std::size_t{1} << bits);
    for (std::size_t i = 0; i < m.codebook.size(); ++i) {
      m.codebook[i] = static_cast<std::int8_t>(-127 + static_cast<int>(i * 254 / (m.codebook.size() - 1)));
    }
    const std::size_t groups = base::ceil_div(columns, numerics::kGroup);
    const std::size_t padded = groups * numerics::kGroup;
    m.row_scales.assign(rows, 1.0F / (100.0F * 64.0F * static_cast<float>(columns)));
    if (rows_differ)
      for (float& scale : m.row_scales) scale *= static_cast<float>(random_.between(1, 256)) / 16;
    for (std::uint64_t first = 0; first < rows; first += numerics::kPanelRows) {
      const std::uint64_t real = std::min<std::uint64_t>(rows - first, numerics::kPanelRows);
      std::vector<std::uint8_t> codes(numerics::kPanelRows * padded, 0);
      std::vector<std::uint8_t> scales(numerics::kPanelRows * groups, 0);
      for (std::size_t row = 0; row < real; ++row) {
        for (std::size_t i = 0; i < columns; ++i)
          codes[row * padded + i] = static_cast<std::uint8_t>(random_.below(m.codebook.size()));
        for (std::size_t g = 0; g < groups; ++g)
          scales[g * numerics::kPanelRows + row] = static_cast<std::uint8_t>(random_.between(1, 255));
      }
      std::vector<std::byte> packed(numerics::packed_code_bytes(numerics::kPanelRows, columns, bits));
      numerics::pack_panel(bits, columns, codes, packed);
      m.codes.insert(m.codes.end(), packed.begin(), packed.end());
      m.scales.insert(m.scales.end(), scales.begin(), scales.end());
    }
    return m;
  }

  base::Random random_;
};

}  // namespace kiln::support
