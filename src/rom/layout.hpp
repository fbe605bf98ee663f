// The ROM image's bytes: header, directory, and which sections a model and a recipe call for. Reader and writer share
// it, so the one order and the one place that docs/formats/rom-image.md gives each section are computed in one
// function.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kiln/base/result.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::rom {

static_assert(std::endian::native == std::endian::little, "the image is mapped as it is, and it is little-endian");

inline constexpr std::array<char, 8> kMagic = {'K', 'I', 'L', 'N', 'R', 'O', 'M', '\n'};
inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint64_t kAlignment = 64;
inline constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;  ///< a section's checksum is made piece by piece
inline constexpr std::size_t kFixedSections = 5;                      ///< those in front of the matrices
inline constexpr std::size_t kSectionsPerTensor = 4;
inline constexpr std::uint64_t kMaxSections = kFixedSections + kSectionsPerTensor * (7 * 1024 + 2);
inline constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 16;  ///< model, recipe
inline constexpr std::uint64_t kMaxTokenizerBytes = std::uint64_t{1} << 31;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t header_bytes = 128;
  std::uint64_t file_bytes = 0;
  std::uint32_t sections = 0;
  std::uint32_t zero = 0;
  std::array<char, 32> content_hash = {};  ///< XXH3-128 of the directory, hex digits
  std::array<std::uint64_t, 7> reserved = {};
  std::uint64_t checksum = 0;  ///< XXH3-64 of the 120 bytes before it
};
static_assert(sizeof(Header) == 128);

enum class SectionKind : std::uint32_t {
  Model = 1,
  Recipe,
  Tokenizer,
  RopeIncrements,
  Norms,
  Codebook,
  Codes,
  Scales,
  RowScales
};

struct Section {
  SectionKind kind = SectionKind::Model;
  std::uint32_t tensor_class = 0;
  std::uint32_t layer = 0;
  std::uint32_t bits = 0;  ///< of one element
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
  std::array<std::uint64_t, 2> reserved = {};
};
static_assert(sizeof(Section) == 64);

constexpr std::uint64_t align_up(std::uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// "codes of layer 3 gate", "tokenizer": for error messages.
std::string describe(const Section& section);

struct TensorShape {
  config::TensorClass tensor_class = config::TensorClass::Embedding;
  std::uint32_t layer = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
};
/// All matrices of an image in their order.
std::vector<TensorShape> tensor_shapes(const config::ModelConfig& model);

/// All sections with their places and sizes; the checksums are still 0. `text_bytes`: of the model, the recipe and the
/// tokenizer.
std::vector<Section> plan_sections(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                   const std::array<std::uint64_t, 3>& text_bytes);

/// XXH3-64 over the XXH3-64 of each MiB, so that pieces can be checked in parallel and written as a stream.
class SectionChecksum {
 public:
  void update(std::span<const std::byte> data);
  std::uint64_t finish();

 private:
  std::vector<std::byte> partial_;
  std::vector<std::uint64_t> pieces_;
};

std::uint64_t header_checksum(const Header& header);
/// 32 hex digits over the directory, which holds the checksum of every section.
std::string content_hash_of(std::span<const Section> directory);

}  // namespace kiln::rom
