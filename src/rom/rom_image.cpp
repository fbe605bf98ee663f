#include "rom/rom_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/mapped_file.hpp"
#include "base/text.hpp"
#include "rom/head_check.hpp"
#include "rom/layout.hpp"
#include "rom/tokenizer_codec.hpp"
#include "rom/verify.hpp"

namespace kiln::rom {

using config::TensorClass;

std::uint64_t RomTensor::rom_bits() const {
  const auto bits = static_cast<std::uint64_t>(matrix.bits);
  const std::uint64_t rows = matrix.rows;
  return rows * matrix.columns * bits + rows * matrix.groups() * 8 + rows * 32 + (std::uint64_t{8} << bits);
}

double RomTensor::bits_per_weight() const {
  return static_cast<double>(rom_bits()) / (static_cast<double>(matrix.rows) * static_cast<double>(matrix.columns));
}

struct RomImage::Impl {
  base::MappedFile file;
  config::ModelConfig model = {};
  config::BakeRecipe recipe = {};
  std::optional<tokenizer::TokenizerSpec> tokenizer = {};
  std::string content_hash = {};
  std::vector<RomTensor> tensors = {};
  std::span<const std::uint64_t> rope_increments = {};
  std::span<const float> norms = {};
  std::vector<Section> directory = {};
  std::optional<Provenance> provenance = {};

  /// Sections are aligned to 64 bytes in a mapping that is aligned to pages.
  template <class T>
  [[nodiscard]] std::span<const T> part(const Section& section) const {
    const auto bytes = file.bytes().subspan(section.offset, section.bytes);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  [[nodiscard]] std::string text(const Section& section) const {
    const auto chars = part<char>(section);
    return {chars.begin(), chars.end()};
  }

  base::Result<std::vector<Section>> read_head();
  [[nodiscard]] base::Result<RomTensor> matrix(std::span<const Section> sections, std::size_t index) const;
  base::Status bind();
  base::Status read_provenance();
};

namespace {

bool is_row_scale(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits == 0 || (bits >= 0x00800000U && bits < 0x7F800000U);
}

}  // namespace

/// Model, recipe and tokenizer, and with them the check that every section is what it must be.
base::Result<std::vector<Section>> RomImage::Impl::read_head() {
  const auto refuse = [&](const std::string& why) { return base::Error{fmt::format("{}: {}", file.path(), why)}; };
  const auto header = check_header(file.path(), file.bytes());
  if (!header) return header.error();
  auto sections = check_directory(file.path(), file.bytes(), *header);
  if (!sections) return sections.error();
  if (const auto status = check_texts(file.path(), file.bytes(), *sections); !status) return status.error();
  content_hash.assign(header->content_hash.begin(), header->content_hash.end());
  const auto at = [&](SectionKind kind) -> const Section& { return (*sections)[place_of(kind)]; };
  const Section &model_text = at(SectionKind::Model), &recipe_text = at(SectionKind::Recipe),
                &tokens = at(SectionKind::Tokenizer);
  auto read_model = parse_model_section(text(model_text));
  if (!read_model) return refuse(read_model.error().message);
  model = std::move(*read_model);
  auto read_recipe = parse_recipe_section(text(recipe_text));
  if (!read_recipe) return refuse(read_recipe.error().message);
  recipe = std::move(*read_recipe);
  const auto plan =
      plan_sections(model, recipe, {model_text.bytes, recipe_text.bytes, tokens.bytes}, count_added(*sections));
  if (const auto status = check_plan(file.path(), file.bytes(), *sections, plan); !status) return status.error();
  auto read_tokenizer = decode_tokenizer(part<std::byte>(tokens));
  if (!read_tokenizer)
    return refuse("its tokenizer cannot be used: " + base::without_controls(read_tokenizer.error().message));
  tokenizer = std::move(*read_tokenizer);
  return sections;
}

base::Result<RomTensor> RomImage::Impl::matrix(std::span<const Section> sections, std::size_t index) const {
  const auto of = [&](SectionKind kind) -> const Section& { return sections[place_of(kind, index)]; };
  const Section &book = of(SectionKind::Codebook), &codes = of(SectionKind::Codes), &rows = of(SectionKind::RowScales);
  RomTensor tensor;
  tensor.tensor_class = static_cast<TensorClass>(codes.tensor_class);
  tensor.layer = base::LayerId{codes.layer};
  tensor.matrix = {codes.rows,
                   codes.columns,
                   static_cast<int>(codes.bits),
                   part<std::int8_t>(book),
                   part<std::byte>(codes),
                   part<std::uint8_t>(of(SectionKind::Scales)),
                   part<float>(rows)};
  const auto fault = [&](const Section& section, auto bad, const auto& values, const char* what) {
    const auto at = section.offset + static_cast<std::uint64_t>(bad - values.begin()) * sizeof(*bad);
    return base::Error{fmt::format("{}: the {} has at byte {} {}", file.path(), describe(section), at, what)};
  };
  const auto& levels = tensor.matrix.codebook;
  if (const auto bad = std::ranges::find(levels, std::int8_t{-128}); bad != levels.end())
    return fault(book, bad, levels, "a level of -128, expected -127 to 127");
  const auto& scales = tensor.matrix.row_scales;
  if (const auto bad = std::ranges::find_if_not(scales, is_row_scale); bad != scales.end())
    return fault(rows, bad, scales, "a row scale that is not 0 or a positive normal number");
  return tensor;
}

base::Status RomImage::Impl::read_provenance() {
  for (const Section& section : std::span(directory).last(count_added(directory))) {
    if (text_of(section.name) != kProvenance) continue;
    const auto chars = part<char>(section);
    auto read = parse_provenance({chars.data(), chars.size()}, model);
    if (!read) return base::Error{fmt::format("{}: {}", file.path(), read.error().message)};
    provenance = std::move(*read);
  }
  return {};
}

base::Status RomImage::Impl::bind() {
  rope_increments = part<std::uint64_t>(directory[place_of(SectionKind::RopeIncrements)]);
  norms = part<float>(directory[place_of(SectionKind::Norms)]);
  const std::size_t matrices = (directory.size() - kFixedSections - count_added(directory)) / kSectionsPerTensor;
  for (std::size_t i = 0; i < matrices; ++i) {
    auto tensor = matrix(directory, i);
    if (!tensor) return tensor.error();
    tensors.push_back(*tensor);
  }
  if (const auto fault = fault_of_norms(norms); !fault.empty())
    return base::Error{fmt::format("{}: {}", file.path(), fault)};
  return read_provenance();
}

base::Result<RomImage> RomImage::open(const std::string& path, base::ThreadPool& pool, const base::Progress& progress) {
  auto file = base::MappedFile::open(path);
  if (!file) return file.error();
  auto impl = std::make_unique<Impl>(Impl{std::move(*file)});
  auto sections = impl->read_head();
  if (!sections) return sections.error();
  if (auto status = check_contents(impl->file, *sections, pool, progress); !status) return status.error();
  impl->directory = std::move(*sections);
  if (auto status = impl->bind(); !status) return status.error();
  return RomImage(std::move(impl));
}

RomImage::RomImage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RomImage::RomImage(RomImage&&) noexcept = default;
RomImage& RomImage::operator=(RomImage&&) noexcept = default;
RomImage::~RomImage() = default;

const config::ModelConfig& RomImage::model() const { return impl_->model; }
const config::BakeRecipe& RomImage::recipe() const { return impl_->recipe; }
const std::optional<tokenizer::TokenizerSpec>& RomImage::tokenizer() const { return impl_->tokenizer; }
const std::string& RomImage::content_hash() const { return impl_->content_hash; }
std::uint64_t RomImage::file_bytes() const { return impl_->file.bytes().size(); }
const std::string& RomImage::path() const { return impl_->file.path(); }
std::span<const std::byte> RomImage::bytes() const { return impl_->file.bytes(); }
const std::optional<Provenance>& RomImage::provenance() const { return impl_->provenance; }

void RomImage::need_soon(base::LayerId layer) const {
  const numerics::MatrixView& first = tensor(TensorClass::Q, layer).matrix;
  const numerics::MatrixView& last = tensor(TensorClass::Down, layer).matrix;
  const auto end = std::as_bytes(last.row_scales);  // the last section of a matrix
  impl_->file.need_soon({first.codes.data(), end.data() + end.size()});
}
void RomImage::need_head_soon() const { impl_->file.need_soon(tensor(TensorClass::LmHead).matrix.codes); }
double RomImage::share_in_memory() const { return impl_->file.share_in_memory(); }

std::string RomImage::part_at(std::uint64_t byte) const {
  if (byte < sizeof(Header)) return "header";
  std::string part = "directory";
  for (const Section& section : impl_->directory)
    if (section.bytes > 0 && section.offset <= byte) part = describe(section);  // the zeros after it included
  return part;
}
std::span<const RomTensor> RomImage::tensors() const { return impl_->tensors; }

const RomTensor& RomImage::tensor(TensorClass c, base::LayerId layer) const {
  base::check(!config::in_layer(c) || layer.value < impl_->model.layers, "a layer of the model");
  return impl_->tensors[tensor_index(impl_->model, c, layer)];
}

std::span<const float> RomImage::attention_norm(base::LayerId layer) const {
  base::check(layer.value < impl_->model.layers, "a layer of the model");
  return impl_->norms.subspan(std::size_t{layer.value} * 2 * impl_->model.hidden_size, impl_->model.hidden_size);
}

std::span<const float> RomImage::ffn_norm(base::LayerId layer) const {
  base::check(layer.value < impl_->model.layers, "a layer of the model");
  return impl_->norms.subspan((std::size_t{layer.value} * 2 + 1) * impl_->model.hidden_size, impl_->model.hidden_size);
}

std::span<const float> RomImage::final_norm() const { return impl_->norms.last(impl_->model.hidden_size); }
std::span<const std::uint64_t> RomImage::rope_increments() const { return impl_->rope_increments; }

std::optional<std::span<const std::byte>> RomImage::added(std::string_view name) const {
  for (const Section& section : std::span(impl_->directory).last(count_added(impl_->directory)))
    if (text_of(section.name) == name) return impl_->part<std::byte>(section);
  return std::nullopt;
}

}  // namespace kiln::rom
