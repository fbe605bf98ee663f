// The ROM image's bytes: header, directory, and which sections a model and a recipe call for. Reader and writer share
// it, so the one order and the one place that docs/formats/rom-image.md gives each section are computed in one
// function. What a later Kiln adds is a section with a name, after those, which a reader may skip or must know.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/model_tensors.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/units.hpp"
#include "kiln/config/bake_recipe.hpp"
#include "kiln/config/model_config.hpp"

namespace kiln::rom {

static_assert(std::endian::native == std::endian::little, "the image is mapped as it is, and it is little-endian");

inline constexpr std::array<char, 8> kMagic = {'K', 'I', 'L', 'N', 'R', 'O', 'M', '\n'};
inline constexpr std::uint32_t kVersion = 2;  ///< 2: codes in lines of 64 bytes
inline constexpr std::uint64_t kAlignment = 64;
inline constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;    ///< a section's checksum is made piece by piece
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

/// What a section holds. The first five occur once, in this order; then come four of each matrix, in this order.
enum class SectionKind : std::uint16_t {
  Model = 1,
  Recipe,
  Tokenizer,
  RopeIncrements,
  Norms,
  Codebook,
  Codes,
  Scales,
  RowScales,
  Added,  ///< after the last matrix; its name says what it holds
};
inline constexpr std::uint16_t kOptional = 1;  ///< flag: a reader that does not know the section's name skips it

constexpr std::size_t distance(SectionKind from, SectionKind to) {
  return static_cast<std::size_t>(to) - static_cast<std::size_t>(from);
}
/// Those in front of the matrices, and those of a matrix.
inline constexpr std::size_t kFixedSections = distance(SectionKind::Model, SectionKind::Codebook);
inline constexpr std::size_t kSectionsPerTensor = distance(SectionKind::Codebook, SectionKind::Added);
/// The place in the directory of a section in front of the matrices, and of one of the n-th matrix.
constexpr std::size_t place_of(SectionKind kind) { return distance(SectionKind::Model, kind); }
constexpr std::size_t place_of(SectionKind kind, std::size_t matrix) {
  return kFixedSections + kSectionsPerTensor * matrix + distance(SectionKind::Codebook, kind);
}

/// Lower-case letters, digits and underscores, zeros after them.
using SectionName = std::array<char, 16>;

struct Section {
  SectionKind kind = SectionKind::Model;
  std::uint16_t flags = 0;         ///< 0 except for added sections
  std::uint32_t tensor_class = 0;  ///< this and the next four: of added sections as their own description says
  std::uint32_t layer = 0;
  std::uint32_t bits = 0;  ///< of one element
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
  SectionName name = {};  ///< zeros except for added sections: the names of the others follow from their kinds
};
static_assert(sizeof(Section) == 64);

constexpr std::uint64_t align_up(std::uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// "codes of layer 3 gate", "tokenizer", the name of an added section: for error messages.
std::string describe(const Section& section);

/// Nothing if the text is no section's name: 1 to 16 lower-case letters, digits and underscores.
std::optional<SectionName> section_name(std::string_view text);
/// Empty if the bytes are no name.
std::string_view text_of(const SectionName& name);

struct TensorShape {
  config::TensorClass tensor_class = config::TensorClass::Embedding;
  base::LayerId layer;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  [[nodiscard]] std::uint64_t weights() const { return std::uint64_t{rows} * columns; }
};
/// All matrices of an image in their order.
std::vector<TensorShape> tensor_shapes(const config::ModelConfig& model);
/// Matrices of a layer, and the place of a matrix in that order.
inline constexpr std::size_t kTensorsPerLayer = [] {
  std::size_t count = 0;
  for (std::size_t c = 0; c < config::kTensorClasses; ++c)
    count += config::in_layer(static_cast<config::TensorClass>(c)) ? 1 : 0;
  return count;
}();
std::size_t tensor_index(const config::ModelConfig& model, config::TensorClass c, base::LayerId layer);

/// Of a model of 1,024 layers, the most that there may be.
inline constexpr std::uint64_t kMaxSections = kFixedSections + kSectionsPerTensor * (kTensorsPerLayer * 1024 + 2);

/// All sections that model and recipe call for with their places and sizes, in a directory that has `added` more; the
/// checksums are still 0. `text_bytes`: of the model, the recipe and the tokenizer.
std::vector<Section> plan_sections(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                   const std::array<std::uint64_t, 3>& text_bytes, std::size_t added = 0);
/// Appends an added section after the last one.
void plan_added(std::vector<Section>& sections, const SectionName& name, bool optional, std::uint64_t bytes);
/// Added sections at the directory's end.
std::size_t count_added(std::span<const Section> sections);

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
