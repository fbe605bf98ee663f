// An image as a Kiln before provenance wrote it.
#pragma once

#include "rom/small_image.hpp"

namespace kiln::rom::test {

/// Without the record of what it was baked from, which is the last section.
inline Bytes without_record(Bytes bytes) {
  auto header = header_of(bytes);
  const auto entry = static_cast<std::ptrdiff_t>(sizeof header + --header.sections * sizeof(Section));
  bytes.resize(section_of(bytes, header.sections).offset);
  bytes.erase(bytes.begin() + entry, bytes.begin() + entry + sizeof(Section));
  header.file_bytes = bytes.size();
  put(bytes, header);
  for (std::size_t i = 0; i < header.sections; ++i) {
    Section section = section_of(bytes, i);
    section.offset -= sizeof section;
    put(bytes, i, section);
  }
  reseal(bytes);
  return bytes;
}

}  // namespace kiln::rom::test
