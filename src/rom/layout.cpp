#include "rom/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/hash.hpp"
#include "numerics/matrix.hpp"

namespace kiln::rom {
namespace {

using config::TensorClass;

constexpr std::array<std::string_view, 10> kSectionNames = {
    "", "model", "recipe", "tokenizer", "rope increments", "norms", "codebook", "codes", "scales", "row scales"};

class Planner {
 public:
  explicit Planner(std::uint64_t sections) : offset_(align_up(sizeof(Header) + sections * sizeof(Section))) {}

  void add(SectionKind kind, const TensorShape& shape, std::uint32_t bits, std::uint64_t bytes) {
    Section section;
    section.kind = kind;
    section.tensor_class = static_cast<std::uint32_t>(shape.tensor_class);
    section.layer = shape.layer;
    section.bits = bits;
    section.rows = shape.rows;
    section.columns = shape.columns;
    section.offset = offset_;
    section.bytes = bytes;
    offset_ = align_up(offset_ + bytes);
    sections_.push_back(section);
  }

  void add_tensor(const TensorShape& shape, std::uint32_t bits) {
    add(SectionKind::Codebook, shape, bits, std::uint64_t{1} << bits);
    add(SectionKind::Codes, shape, bits,
        numerics::packed_code_bytes(shape.rows, shape.columns, static_cast<int>(bits)));
    add(SectionKind::Scales, shape, bits, numerics::scale_count(shape.rows, shape.columns));
    add(SectionKind::RowScales, shape, bits, std::uint64_t{shape.rows} * sizeof(float));
  }

  std::vector<Section> take() { return std::move(sections_); }

 private:
  std::uint64_t offset_;
  std::vector<Section> sections_;
};

}  // namespace

std::string describe(const Section& section) {
  const auto kind = static_cast<std::size_t>(section.kind);
  if (kind == 0 || kind >= kSectionNames.size()) return "unknown section";
  if (section.kind < SectionKind::Codebook) return std::string(kSectionNames[kind]);
  if (section.tensor_class >= config::kTensorClasses)
    return fmt::format("{} of an unknown tensor", kSectionNames[kind]);
  const auto name = config::kTensorClassNames[section.tensor_class];
  const auto of = static_cast<TensorClass>(section.tensor_class);
  if (of == TensorClass::Embedding || of == TensorClass::LmHead)
    return fmt::format("{} of {}", kSectionNames[kind], name);
  return fmt::format("{} of layer {} {}", kSectionNames[kind], section.layer, name);
}

std::vector<TensorShape> tensor_shapes(const config::ModelConfig& model) {
  std::vector<TensorShape> shapes;
  shapes.push_back({TensorClass::Embedding, 0, model.vocab_size, model.hidden_size});
  for (std::uint32_t layer = 0; layer < model.layers; ++layer) {
    shapes.push_back({TensorClass::Q, layer, model.q_width(), model.hidden_size});
    shapes.push_back({TensorClass::K, layer, model.kv_width(), model.hidden_size});
    shapes.push_back({TensorClass::V, layer, model.kv_width(), model.hidden_size});
    shapes.push_back({TensorClass::O, layer, model.hidden_size, model.q_width()});
    shapes.push_back({TensorClass::Gate, layer, model.intermediate_size, model.hidden_size});
    shapes.push_back({TensorClass::Up, layer, model.intermediate_size, model.hidden_size});
    shapes.push_back({TensorClass::Down, layer, model.hidden_size, model.intermediate_size});
  }
  shapes.push_back({TensorClass::LmHead, 0, model.vocab_size, model.hidden_size});
  return shapes;
}

std::vector<Section> plan_sections(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                   const std::array<std::uint64_t, 3>& text_bytes) {
  const auto shapes = tensor_shapes(model);
  Planner planner(kFixedSections + kSectionsPerTensor * shapes.size());
  planner.add(SectionKind::Model, {}, 8, text_bytes[0]);
  planner.add(SectionKind::Recipe, {}, 8, text_bytes[1]);
  planner.add(SectionKind::Tokenizer, {}, 8, text_bytes[2]);
  TensorShape rope;
  rope.rows = 1;
  rope.columns = model.head_dim / 2;
  planner.add(SectionKind::RopeIncrements, rope, 64, std::uint64_t{rope.columns} * 8);
  TensorShape norms;
  norms.rows = 2 * model.layers + 1;
  norms.columns = model.hidden_size;
  planner.add(SectionKind::Norms, norms, 32, std::uint64_t{norms.rows} * norms.columns * 4);
  for (const auto& shape : shapes)
    planner.add_tensor(shape, static_cast<std::uint32_t>(recipe.of(shape.tensor_class).bits));
  return planner.take();
}

void SectionChecksum::update(std::span<const std::byte> data) {
  while (!data.empty()) {
    if (partial_.empty() && data.size() >= kPieceBytes) {
      pieces_.push_back(base::checksum64(data.first(kPieceBytes)));
      data = data.subspan(kPieceBytes);
      continue;
    }
    const auto take = std::min<std::size_t>(data.size(), kPieceBytes - partial_.size());
    partial_.insert(partial_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(take));
    data = data.subspan(take);
    if (partial_.size() < kPieceBytes) continue;
    pieces_.push_back(base::checksum64(partial_));
    partial_.clear();
  }
}

std::uint64_t SectionChecksum::finish() {
  if (!partial_.empty()) pieces_.push_back(base::checksum64(partial_));
  const auto sum = base::checksum64(std::as_bytes(std::span(pieces_)));
  partial_.clear();
  pieces_.clear();
  return sum;
}

std::uint64_t header_checksum(const Header& header) {
  return base::checksum64(std::as_bytes(std::span(&header, 1)).first(sizeof(Header) - sizeof header.checksum));
}

std::string content_hash_of(std::span<const Section> directory) {
  base::ContentHash hash;
  hash.update(std::as_bytes(directory));
  return hash.hex();
}

}  // namespace kiln::rom
