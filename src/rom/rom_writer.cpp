#include "rom/rom_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kiln/config/load.hpp"
#include "rom/head_check.hpp"
#include "rom/layout.hpp"
#include "rom/tokenizer_codec.hpp"

namespace kiln::rom {

struct RomWriter::Impl {
  std::unique_ptr<ImageSink> sink;
  std::vector<Section> sections;
  std::size_t current = 0;    // section that is being written
  std::uint64_t written = 0;  // bytes of it
  SectionChecksum checksum = {};
  std::vector<std::uint8_t> scales = {};  // of the matrix whose codes are being written
  std::vector<float> row_scales = {};
  std::vector<AddedSection> added = {};

  base::Status append(std::span<const std::byte> data) {
    const Section& section = sections[current];
    base::check(data.size() <= section.bytes - written, "more bytes than the section holds");
    if (auto status = sink->append(data); !status) return status;
    checksum.update(data);
    written += data.size();
    return {};
  }

  /// Ends the current section: its checksum, and zeros up to the next one's place.
  base::Status close(std::uint64_t sum) {
    Section& section = sections[current];
    base::check(written == section.bytes, "a section ends before it is full");
    section.checksum = sum;
    written = 0;
    const auto next = ++current < sections.size() ? sections[current].offset : align_up(section.offset + section.bytes);
    const std::array<std::byte, kAlignment> zeros = {};
    return sink->append(std::span(zeros).first(next - sink->size()));
  }

  base::Status whole(std::span<const std::byte> data) {
    if (auto status = append(data); !status) return status;
    return close(checksum.finish());
  }

  [[nodiscard]] bool in(SectionKind kind) const { return current < sections.size() && sections[current].kind == kind; }
  [[nodiscard]] bool matrices_complete() const { return current + added.size() == sections.size(); }

  /// Behind the last code of a matrix: its scales, which were kept meanwhile.
  base::Status end_tensor() {
    if (auto status = close(checksum.finish()); !status) return status;
    if (auto status = whole(std::as_bytes(std::span(scales))); !status) return status;
    if (auto status = whole(std::as_bytes(std::span(row_scales))); !status) return status;
    scales.clear();
    row_scales.clear();
    return {};
  }
};

namespace {

std::vector<Section> sections_of(const ImageHead& head, const std::array<std::uint64_t, 3>& text_bytes) {
  auto sections = plan_sections(head.model, head.recipe, text_bytes, head.added.size());
  std::string_view before;
  for (const AddedSection& section : head.added) {
    const auto name = section_name(section.name);
    base::check(name && section.name > before, "the names of added sections are valid and rise");
    plan_added(sections, *name, section.optional, section.bytes.size());
    before = section.name;
  }
  base::check(sections.size() <= kMaxSections, "no more sections than a reader takes");
  return sections;
}

std::vector<std::byte> copied(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

RomWriter::RomWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RomWriter::RomWriter(RomWriter&&) noexcept = default;
RomWriter& RomWriter::operator=(RomWriter&&) noexcept = default;
RomWriter::~RomWriter() = default;

base::Result<ImagePlan> plan_image(const std::string& path, const ImageHead& head) {
  const std::string model = config::to_json(head.model);
  const std::string recipe = config::to_json(head.recipe);
  auto tokens = encode_tokenizer(head.tokenizer);
  const auto cannot = [&](const std::string& why) {
    return base::Error{fmt::format("cannot write {}: {}", path, why)};
  };
  if (const auto read = parse_model_section(model); !read) return cannot(read.error().message);
  if (const auto read = parse_recipe_section(recipe); !read) return cannot(read.error().message);
  if (const auto fault = fault_of_norms(head.norms); !fault.empty()) return cannot(fault);
  if (tokens.size() > kMaxTokenizerBytes)
    return cannot(fmt::format("the tokenizer takes {} bytes, expected at most {}", tokens.size(), kMaxTokenizerBytes));

  ImagePlan plan{
      sections_of(head, {model.size(), recipe.size(), tokens.size()}),
      {copied(std::as_bytes(std::span(model))), copied(std::as_bytes(std::span(recipe))), std::move(tokens),
       copied(std::as_bytes(std::span(head.rope_increments))), copied(std::as_bytes(std::span(head.norms)))}};
  const auto bytes_of = [&](SectionKind kind) { return plan.sections[place_of(kind)].bytes; };
  base::check(head.rope_increments.size() * 8 == bytes_of(SectionKind::RopeIncrements),
              "one RoPE increment for each pair of a head");
  base::check(head.norms.size() * 4 == bytes_of(SectionKind::Norms), "two norms a layer and a final one");
  for (std::size_t i = 0; i < kFixedSections; ++i) {
    SectionChecksum sum;
    sum.update(plan.fixed[i]);
    plan.sections[i].checksum = sum.finish();
  }
  return plan;
}

base::Result<RomWriter> RomWriter::create(const std::string& path, const ImageHead& head) {
  auto plan = plan_image(path, head);
  if (!plan) return plan.error();
  auto sink = file_sink(path);
  if (!sink) return sink.error();
  return create(*std::move(sink), head, *std::move(plan));
}

base::Result<RomWriter> RomWriter::create(std::unique_ptr<ImageSink> sink, const ImageHead& head) {
  auto plan = plan_image("the image", head);
  if (!plan) return plan.error();
  return create(std::move(sink), head, *std::move(plan));
}

base::Result<RomWriter> RomWriter::create(std::unique_ptr<ImageSink> sink, const ImageHead& head, ImagePlan plan) {
  auto impl = std::make_unique<Impl>(Impl{std::move(sink), std::move(plan.sections)});
  impl->added = head.added;
  // Header and directory are known last.
  if (auto status = impl->sink->leave(impl->sections.front().offset); !status) return status.error();
  for (const auto& part : plan.fixed)
    if (auto status = impl->whole(part); !status) return status.error();
  return RomWriter(std::move(impl));
}

base::Status RomWriter::begin_tensor(std::span<const std::int8_t> codebook) {
  base::check(!impl_->matrices_complete(), "more matrices than the model has");
  base::check(impl_->in(SectionKind::Codebook), "the matrix before it is not complete");
  return impl_->whole(std::as_bytes(codebook));
}

base::Status RomWriter::append_panels(std::span<const std::byte> codes, std::span<const std::uint8_t> scales,
                                      std::span<const float> row_scales) {
  base::check(impl_->in(SectionKind::Codes), "panels without a matrix");
  impl_->scales.insert(impl_->scales.end(), scales.begin(), scales.end());
  impl_->row_scales.insert(impl_->row_scales.end(), row_scales.begin(), row_scales.end());
  if (auto status = impl_->append(codes); !status) return status;
  if (impl_->written < impl_->sections[impl_->current].bytes) return {};
  return impl_->end_tensor();
}

TensorChecksums RomWriter::checksums() const {
  base::check(impl_->current >= kFixedSections + kSectionsPerTensor, "a matrix is complete");
  TensorChecksums sums;
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] = impl_->sections[impl_->current - kSectionsPerTensor + i].checksum;
  return sums;
}

base::Status RomWriter::keep_tensor(const TensorChecksums& checksums) {
  base::check(!impl_->matrices_complete(), "more matrices than the model has");
  base::check(impl_->in(SectionKind::Codebook) && impl_->written == 0, "the matrix before it is not complete");
  for (const std::uint64_t checksum : checksums) {
    const std::uint64_t bytes = impl_->sections[impl_->current].bytes;
    if (auto status = impl_->sink->leave(bytes); !status) return status;
    impl_->written = bytes;
    if (auto status = impl_->close(checksum); !status) return status;
  }
  return {};
}

void RomWriter::replace_added(std::string_view name, std::vector<std::byte> bytes) {
  const auto at = std::ranges::find(impl_->added, name, &AddedSection::name);
  base::check(at != impl_->added.end() && at->bytes.size() == bytes.size(), "an added section of this size");
  at->bytes = std::move(bytes);
}

base::Result<WrittenImage> RomWriter::finish() {
  base::check(impl_->matrices_complete(), "the image is not complete");
  for (const AddedSection& section : impl_->added)
    if (auto status = impl_->whole(section.bytes); !status) return status.error();
  const auto& sections = impl_->sections;
  Header header;
  header.file_bytes = impl_->sink->size();
  header.sections = static_cast<std::uint32_t>(sections.size());
  WrittenImage written{content_hash_of(sections), header.file_bytes};
  std::copy_n(written.content_hash.begin(), header.content_hash.size(), header.content_hash.begin());
  header.checksum = header_checksum(header);
  if (auto status = impl_->sink->write_at(sizeof header, std::as_bytes(std::span(sections))); !status)
    return status.error();
  if (auto status = impl_->sink->write_at(0, std::as_bytes(std::span(&header, 1))); !status) return status.error();
  if (auto status = impl_->sink->commit(); !status) return status.error();
  return written;
}

}  // namespace kiln::rom
