// Headers and directories of ROM images as bytes, for tests that change some and repair the checksums, as somebody would who
// means harm.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "rom/layout.hpp"

namespace kiln::rom::test {

using Bytes = std::vector<std::byte>;

inline Header header_of(const Bytes& bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

inline void put(Bytes& bytes, const Header& header) { std::memcpy(bytes.data(), &header, sizeof header); }

inline Section section_of(const Bytes& bytes, std::size_t index) {
  Section section;
  std::memcpy(&section, bytes.data() + sizeof(Header) + index * sizeof section, sizeof section);
  return section;
}

inline void put(Bytes& bytes, std::size_t index, const Section& section) {
  std::memcpy(bytes.data() + sizeof(Header) + index * sizeof section, &section, sizeof section);
}

/// Makes all checksums right again, wherever the directory still points into the file.
inline void reseal(Bytes& bytes) {
  Header header = header_of(bytes);
  const std::uint64_t room = (bytes.size() - sizeof(Header)) / sizeof(Section);
  std::vector<Section> sections;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(header.sections, room); ++i) {
    Section section = section_of(bytes, i);
    if (section.offset <= bytes.size() && section.bytes <= bytes.size() - section.offset) {
      SectionChecksum sum;
      sum.update(std::span(bytes).subspan(section.offset, section.bytes));
      section.checksum = sum.finish();
    }
    put(bytes, i, section);
    sections.push_back(section);
  }
  const auto hash = content_hash_of(sections);
  std::copy_n(hash.begin(), 32, header.content_hash.begin());
  header.checksum = header_checksum(header);
  put(bytes, header);
}

}  // namespace kiln::rom::test
