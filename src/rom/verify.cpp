#include "rom/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.hpp"
#include "rom/provenance.hpp"

namespace kiln::rom {
namespace {

/// Names of added sections that this Kiln reads; the others it skips if they are optional, else refuses the image.
constexpr std::array<std::string_view, 1> kKnownNames = {kProvenance};

struct Piece {
  std::size_t section = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

std::vector<Piece> pieces_of(std::span<const Section> sections) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < sections.size(); ++i)
    for (std::uint64_t at = 0; at < sections[i].bytes; at += kPieceBytes)
      pieces.push_back({i, sections[i].offset + at, std::min(kPieceBytes, sections[i].bytes - at)});
  return pieces;
}

base::Error damaged(const std::string& path, const Section& section) {
  return base::Error{fmt::format("{} is damaged: the {} (bytes {} to {}) does not match its checksum", path,
                                 describe(section), section.offset, section.offset + section.bytes)};
}

base::Status check_padding(const std::string& path, std::span<const std::byte> file,
                           std::span<const Section> sections) {
  for (const auto& section : sections) {
    const auto end = section.offset + section.bytes;
    for (auto at = end; at < align_up(end); ++at)
      if (file[at] != std::byte{0})
        return base::Error{fmt::format("{} is damaged: byte {} behind the {} is not 0", path, at, describe(section))};
  }
  return {};
}

/// What a directory entry says where it departs from the plan, or empty.
std::string departure(const Section& found, const Section& planned) {
  if (found.kind != planned.kind || found.flags != planned.flags || found.tensor_class != planned.tensor_class ||
      found.layer != planned.layer)
    return fmt::format("is the {}, expected the {}", describe(found), describe(planned));
  if (found.rows != planned.rows || found.columns != planned.columns)
    return fmt::format("({}) is {} x {}, but the model calls for {} x {}", describe(planned), found.rows, found.columns,
                       planned.rows, planned.columns);
  if (found.bits != planned.bits)
    return fmt::format("({}) has {} bits, but the recipe calls for {}", describe(planned), found.bits, planned.bits);
  if (found.bytes != planned.bytes)
    return fmt::format("({}) has {} bytes, expected {}", describe(planned), found.bytes, planned.bytes);
  if (found.offset != planned.offset)
    return fmt::format("({}) starts at byte {}, expected {}, right behind the section before it", describe(planned),
                       found.offset, planned.offset);
  if (found.name != planned.name) return fmt::format("({}) has reserved words that are not 0", describe(planned));
  return "";
}

/// What is wrong with an added section that begins at byte `offset`, or empty; `before`: the name of the one before it.
std::string fault_of_added(const Section& section, std::string_view before, std::uint64_t offset,
                           std::uint64_t file_bytes) {
  const std::string_view name = text_of(section.name);
  if (name.empty()) return "has no name of 1 to 16 lower-case letters, digits and underscores";
  if (name <= before) return fmt::format("(\"{}\") follows \"{}\", expected names that rise", name, before);
  if ((section.flags & ~kOptional) != 0)
    return fmt::format("(\"{}\") has flags of {}, expected 0 or {}", name, section.flags, kOptional);
  if (section.flags == 0 && std::ranges::find(kKnownNames, name) == kKnownNames.end())
    return fmt::format("(\"{}\") is one that a reader must know, and this version of Kiln does not", name);
  if (section.offset != offset)
    return fmt::format("(\"{}\") starts at byte {}, expected {}, right behind the section before it", name,
                       section.offset, offset);
  if (offset > file_bytes || section.bytes > file_bytes - offset)
    return fmt::format("(\"{}\") ends behind the file", name);
  return "";
}

}  // namespace

base::Result<Header> check_header(const std::string& path, std::span<const std::byte> file) {
  const auto refuse = [&](const std::string& why) { return base::Error{fmt::format("{} {}", path, why)}; };
  if (file.size() < kMagic.size() || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
    return refuse("is not a ROM image: it does not start with \"KILNROM\\n\"");
  if (file.size() < sizeof(Header))
    return refuse(fmt::format("is cut off: it has {} bytes, expected a header of {}", file.size(), sizeof(Header)));
  Header header;
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != kVersion)
    return refuse(fmt::format(
        "is a ROM image of version {} (byte 8), expected version {}: {}", header.version, kVersion,
        header.version < kVersion ? "an older Kiln wrote it, bake the checkpoint again" : "a newer Kiln wrote it"));
  if (header.checksum != header_checksum(header))
    return refuse("is damaged: its header (bytes 0 to 128) does not match its checksum");
  if (header.header_bytes != sizeof(Header) || header.zero != 0 || header.reserved != Header().reserved)
    return refuse(fmt::format(
        "has a header (bytes 0 to 128) with reserved words that are not as version {} writes them", kVersion));
  if (header.file_bytes != file.size())
    return refuse(fmt::format("is cut off or has grown: it has {} bytes, but its header says {}", file.size(),
                              header.file_bytes));
  return header;
}

base::Result<std::vector<Section>> check_directory(const std::string& path, std::span<const std::byte> file,
                                                   const Header& header) {
  const std::uint64_t count = header.sections;
  if (count < kFixedSections || count > kMaxSections || count * sizeof(Section) > file.size() - sizeof(Header))
    return base::Error{fmt::format("{} has a directory of {} sections (byte 24), expected {} to {} and inside the file",
                                   path, count, kFixedSections, kMaxSections)};
  std::vector<Section> sections(count);
  std::memcpy(sections.data(), file.data() + sizeof(Header), count * sizeof(Section));
  const auto hash = content_hash_of(sections);
  if (!std::equal(hash.begin(), hash.end(), header.content_hash.begin(), header.content_hash.end()))
    return base::Error{fmt::format("{} is damaged: its directory (bytes {} to {}) does not match the content hash",
                                   path, sizeof(Header), sizeof(Header) + count * sizeof(Section))};
  return sections;
}

base::Status check_texts(const std::string& path, std::span<const std::byte> file, std::span<const Section> sections) {
  constexpr std::pair<SectionKind, std::uint64_t> kTexts[] = {{SectionKind::Model, kMaxTextBytes},
                                                              {SectionKind::Recipe, kMaxTextBytes},
                                                              {SectionKind::Tokenizer, kMaxTokenizerBytes}};
  std::uint64_t expected = align_up(sizeof(Header) + sections.size() * sizeof(Section));
  for (const auto& [kind, most] : kTexts) {
    const std::size_t i = place_of(kind);
    const auto& section = sections[i];
    Section planned;
    planned.kind = kind;
    planned.bits = 8;
    planned.offset = expected;
    planned.bytes = std::min(section.bytes, most);
    if (const auto why = departure(section, planned); !why.empty())
      return base::Error{fmt::format("{}: section {} of the directory {}", path, i, why)};
    if (section.offset > file.size() || section.bytes > file.size() - section.offset)
      return base::Error{
          fmt::format("{}: section {} of the directory ({}) ends behind the file", path, i, describe(section))};
    SectionChecksum sum;
    sum.update(file.subspan(section.offset, section.bytes));
    if (sum.finish() != section.checksum) return damaged(path, section);
    expected = align_up(section.offset + section.bytes);
  }
  return {};
}

base::Status check_plan(const std::string& path, std::span<const std::byte> file, std::span<const Section> sections,
                        std::span<const Section> plan) {
  const std::size_t own = sections.size() - count_added(sections);
  if (own != plan.size())
    return base::Error{fmt::format("{} has {} sections, but its model calls for {}", path, own, plan.size())};
  for (std::size_t i = 0; i < plan.size(); ++i)
    if (const auto why = departure(sections[i], plan[i]); !why.empty())
      return base::Error{fmt::format("{}: section {} of the directory {}", path, i, why)};
  auto end = align_up(plan.back().offset + plan.back().bytes);
  std::string_view before;
  for (std::size_t i = own; i < sections.size(); ++i) {
    if (const auto why = fault_of_added(sections[i], before, end, file.size()); !why.empty())
      return base::Error{fmt::format("{}: section {} of the directory {}", path, i, why)};
    end = align_up(end + sections[i].bytes);
    before = text_of(sections[i].name);
  }
  if (end != file.size())
    return base::Error{fmt::format("{} has {} bytes, but its sections end at byte {}", path, file.size(), end)};
  return {};
}

base::Status check_contents(const base::MappedFile& file, std::span<const Section> sections, base::ThreadPool& pool,
                            const base::Progress& progress) {
  const auto bytes = file.bytes();
  const auto pieces = pieces_of(sections);
  std::vector<std::uint64_t> sums(pieces.size());
  constexpr std::size_t kBatch = 128;
  for (std::size_t first = 0; first < pieces.size(); first += kBatch) {
    if (progress.stopped()) return base::Error{"interrupted"};
    progress("checking the ROM image", first, pieces.size());
    pool.parallel_for(std::min(kBatch, pieces.size() - first), [&](std::size_t i) {
      const auto& piece = pieces[first + i];
      const auto part = bytes.subspan(piece.offset, piece.bytes);
      sums[first + i] = base::checksum64(part);
      file.release(part);
    });
  }
  std::size_t next = 0;
  for (const auto& section : sections) {
    const std::size_t count = (section.bytes + kPieceBytes - 1) / kPieceBytes;
    if (base::checksum64(std::as_bytes(std::span(sums).subspan(next, count))) != section.checksum)
      return damaged(file.path(), section);
    next += count;
  }
  return check_padding(file.path(), bytes, sections);
}

}  // namespace kiln::rom
