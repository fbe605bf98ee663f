// The checks of a ROM image, outermost first: header, directory, places, checksums. Later checks rely on
// earlier ones.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/result.hpp"
#include "kiln/base/thread_pool.hpp"
#include "rom/layout.hpp"

namespace kiln::rom {

/// Header (magic, version, size, checksum), then the directory's hash. Sections still may say anything.
base::Result<Header> check_header(const std::string& path, std::span<const std::byte> file);
base::Result<std::vector<Section>> check_directory(const std::string& path, std::span<const std::byte> file,
                                                   const Header& header);

/// The three sections of text: right after the directory, of their kinds, of bearable sizes, inside the file,
/// undamaged.
base::Status check_texts(const std::string& path, std::span<const std::byte> file, std::span<const Section> sections);

/// Every section is where and what the plan says, those that were added follow, and the file ends after the last one.
base::Status check_plan(const std::string& path, std::span<const std::byte> file, std::span<const Section> sections,
                        std::span<const Section> plan);

/// All checksums, piece by piece on all threads; the zeros between sections; pages are released again.
base::Status check_contents(const base::MappedFile& file, std::span<const Section> sections, base::ThreadPool& pool,
                            const base::Progress& progress);

}  // namespace kiln::rom
