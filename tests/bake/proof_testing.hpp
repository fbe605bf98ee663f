// Images as bytes, and what comparing them with a checkpoint says: for the tests of compare().
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

#include "bake_testing.hpp"
#include "rom/small_image.hpp"

namespace kiln::bake::test {

using config::TensorClass;
using rom::SectionKind;
using rom::test::Bytes;
using rom::test::read_bytes;

inline Bytes bytes_of(const checkpoint::Checkpoint& checkpoint, const config::BakeRecipe& recipe,
                      std::size_t threads = 2) {
  base::ThreadPool pool(threads);
  const auto path = temp_path("proof_bytes");
  const auto done = bake(checkpoint, recipe, path, pool);
  EXPECT_TRUE(done.ok()) << done.error().message;
  Bytes bytes = read_bytes(path);
  std::filesystem::remove(path);
  return bytes;
}

inline rom::RomImage image_of(const Bytes& bytes) {
  base::ThreadPool pool(1);
  const auto path = temp_path("proof");
  rom::test::write_bytes(path, bytes);
  auto image = rom::RomImage::open(path, pool);
  if (!image) throw std::runtime_error(image.error().message);
  std::filesystem::remove(path);  // the mapping stays
  return std::move(*image);
}

inline Comparison proof(const rom::RomImage& image, const checkpoint::Checkpoint& checkpoint, Proof kind = Proof::Bytes,
                        std::size_t threads = 2) {
  base::ThreadPool pool(threads);
  auto result = compare(image, checkpoint, pool, {}, {kind, nullptr});
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

/// Where a section of a matrix begins.
inline std::uint64_t offset_of(const Bytes& bytes, SectionKind kind, const config::ModelConfig& model, TensorClass c,
                               std::uint32_t layer) {
  const auto matrix = rom::tensor_index(model, c, base::LayerId{layer});
  return rom::test::section_of(bytes, rom::place_of(kind, matrix)).offset;
}

/// Every role has a tensor of its own.
inline config::ModelConfig untied_model() {
  auto model = odd_model();
  model.tied_embeddings = false;
  return model;
}

}  // namespace kiln::bake::test
