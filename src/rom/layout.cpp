#include "rom/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/hash.hpp"
#include "numerics/matrix.hpp"

namespace kiln::rom {
namespace {

using config::TensorClass;

struct NamedKind {
  SectionKind kind;
  std::string_view name;
};
constexpr std::array<NamedKind, kFixedSections + kSectionsPerTensor> kNamedKinds = {
    {{SectionKind::Model, "model"},
     {SectionKind::Recipe, "recipe"},
     {SectionKind::Tokenizer, "tokenizer"},
     {SectionKind::RopeIncrements, "rope increments"},
     {SectionKind::Norms, "norms"},
     {SectionKind::Codebook, "codebook"},
     {SectionKind::Codes, "codes"},
     {SectionKind::Scales, "scales"},
     {SectionKind::RowScales, "row scales"}}};
static_assert([] {
  for (std::size_t i = 0; i < kNamedKinds.size(); ++i)
    if (place_of(kNamedKinds[i].kind) != i) return false;
  return true;
}());

class Planner {
 public:
  explicit Planner(std::uint64_t sections) : offset_(align_up(sizeof(Header) + sections * sizeof(Section))) {}

  void add(SectionKind kind, const TensorShape& shape, std::uint32_t bits, std::uint64_t bytes) {
    Section section;
    section.kind = kind;
    section.tensor_class = static_cast<std::uint32_t>(shape.tensor_class);
    section.layer = shape.layer.value;
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
  const std::string_view added = text_of(section.name);
  if (section.kind == SectionKind::Added && !added.empty()) return fmt::format("section \"{}\"", added);
  const std::size_t place = place_of(section.kind);  // of kind 0: far outside
  if (place >= kNamedKinds.size() || section.flags != 0) return "unknown section";
  const std::string_view kind = kNamedKinds[place].name;
  if (section.kind < SectionKind::Codebook) return std::string(kind);
  if (section.tensor_class >= config::kTensorClasses) return fmt::format("{} of an unknown tensor", kind);
  const auto name = config::kTensorClassNames[section.tensor_class];
  if (!config::in_layer(static_cast<TensorClass>(section.tensor_class))) return fmt::format("{} of {}", kind, name);
  return fmt::format("{} of layer {} {}", kind, section.layer, name);
}

std::optional<SectionName> section_name(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  SectionName name = {};
  if (text.empty() || text.size() > name.size() || text.find_first_not_of(kLetters) != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), name.begin());
  return name;
}

std::string_view text_of(const SectionName& name) {
  const std::string_view text(name.data(), static_cast<std::size_t>(std::ranges::find(name, '\0') - name.begin()));
  return section_name(text) == name ? text : "";
}

std::vector<TensorShape> tensor_shapes(const config::ModelConfig& model) {
  std::vector<TensorShape> shapes(tensor_index(model, TensorClass::LmHead, {}) + 1);
  for (const auto& tensor : config::model_tensors(model)) {
    if (config::is_norm(tensor.role)) continue;
    const TensorClass c = config::class_of(tensor.role);
    for (std::uint32_t layer = 0; layer < (config::in_layer(c) ? model.layers : 1); ++layer)
      shapes[tensor_index(model, c, {layer})] = {c, {layer}, tensor.rows, tensor.columns};
  }
  return shapes;
}

/// The embedding, the matrices of layer after layer, the LM head.
std::size_t tensor_index(const config::ModelConfig& model, TensorClass c, base::LayerId layer) {
  if (c == TensorClass::Embedding) return 0;
  if (c == TensorClass::LmHead) return 1 + kTensorsPerLayer * model.layers;
  return 1 + kTensorsPerLayer * layer.value + static_cast<std::size_t>(c) - static_cast<std::size_t>(TensorClass::Q);
}

std::vector<Section> plan_sections(const config::ModelConfig& model, const config::BakeRecipe& recipe,
                                   const std::array<std::uint64_t, 3>& text_bytes, std::size_t added) {
  const auto shapes = tensor_shapes(model);
  Planner planner(place_of(SectionKind::Codebook, shapes.size()) + added);
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

void plan_added(std::vector<Section>& sections, const SectionName& name, bool optional, std::uint64_t bytes) {
  Section section;
  section.kind = SectionKind::Added;
  section.flags = optional ? kOptional : 0;
  section.offset = align_up(sections.back().offset + sections.back().bytes);
  section.bytes = bytes;
  section.name = name;
  sections.push_back(section);
}

std::size_t count_added(std::span<const Section> sections) {
  const auto last = std::find_if(sections.rbegin(), sections.rend(),
                                 [](const Section& section) { return section.kind != SectionKind::Added; });
  return static_cast<std::size_t>(last - sections.rbegin());
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
