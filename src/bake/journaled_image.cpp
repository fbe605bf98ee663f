#include "bake/journaled_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "rom/layout.hpp"

namespace kiln::bake {
namespace {

constexpr std::array<char, 8> kJournal = {'K', 'I', 'L', 'N', 'B', 'A', 'K', 'E'};
constexpr std::uint32_t kJournalVersion = 1;
constexpr std::uint32_t kNone = ~std::uint32_t{0};  ///< place of a record that does not count

struct Trailer {
  std::array<char, 8> magic = kJournal;
  std::uint32_t version = kJournalVersion;
  std::uint32_t tensors = 0;
  std::uint64_t image_bytes = 0;
  base::Digest key = {};
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Trailer) == 48);

template <class T>
std::span<const std::byte> bytes_of(const T& one) {
  return std::as_bytes(std::span(&one, 1));
}

template <class T>
std::span<std::byte> room_of(T& one) {
  return std::as_writable_bytes(std::span(&one, 1));
}

std::uint64_t checksum_of(const Trailer& trailer) {
  return base::checksum64(bytes_of(trailer).first(sizeof trailer - sizeof trailer.checksum));
}

bool is_journal(const Trailer& trailer) {
  return trailer.magic == kJournal && trailer.checksum == checksum_of(trailer);
}

/// A MiB of a matrix' section.
struct Piece {
  std::size_t tensor = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

}  // namespace

JournaledImage::JournaledImage(base::AtomicFile file, const rom::ImagePlan& plan, const base::Digest& key)
    : file_(std::move(file)),
      key_(key),
      image_bytes_(rom::align_up(plan.sections.back().offset + plan.sections.back().bytes)),
      records_((plan.sections.size() - rom::kFixedSections - rom::count_added(plan.sections)) /
               rom::kSectionsPerTensor) {
  for (auto& record : records_) record.place = kNone;
}

std::uint64_t JournaledImage::file_bytes() const {
  return image_bytes_ + records_.size() * sizeof(TensorRecord) + sizeof(Trailer);
}

std::uint64_t JournaledImage::checksum_of(const TensorRecord& record) const {
  std::array<std::byte, sizeof key_ + sizeof record - sizeof record.checksum> all;
  std::ranges::copy(key_, all.begin());
  std::ranges::copy(bytes_of(record).first(sizeof record - sizeof record.checksum), all.begin() + sizeof key_);
  return base::checksum64(all);
}

base::Result<std::unique_ptr<JournaledImage>> JournaledImage::open(const std::string& path, const rom::ImagePlan& plan,
                                                                   const base::Digest& key, const Context& context) {
  auto file = base::AtomicFile::resume(path);
  if (!file) return file.error();
  std::unique_ptr<JournaledImage> image(new JournaledImage(*std::move(file), plan, key));
  Trailer trailer;
  const std::uint64_t there = image->file_.size();
  if (there >= sizeof trailer)
    if (auto status = image->file_.read_at(there - sizeof trailer, room_of(trailer)); !status) return status.error();
  const bool journal = there >= sizeof trailer && is_journal(trailer);
  const bool own = journal && trailer.version == kJournalVersion && trailer.key == key &&
                   trailer.tensors == image->records_.size() && there == image->file_bytes();
  if (!own && there > 0 && context.tell)
    context.tell(fmt::format("{} is {}: the bake begins anew", image->file_.partial(),
                             journal ? "of a bake of something else" : "damaged, or of no bake"));
  if (auto status = own ? image->resume(plan, context) : image->begin(); !status) {
    if (context.progress.stopped()) image->tell_how_to_go_on(context.tell);
    return status.error();
  }
  return image;
}

base::Status JournaledImage::begin() {
  if (auto status = file_.cut(0); !status) return status;
  if (auto status = file_.grow(file_bytes()); !status) return status;
  Trailer trailer;
  trailer.tensors = static_cast<std::uint32_t>(records_.size());
  trailer.image_bytes = image_bytes_;
  trailer.key = key_;
  trailer.checksum = bake::checksum_of(trailer);
  return file_.write_at(file_bytes() - sizeof trailer, bytes_of(trailer));
}

base::Status JournaledImage::resume(const rom::ImagePlan& plan, const Context& context) {
  file_.keep(true);  // whatever happens now, it is worth as much as before
  if (auto status = read_records(); !status) return status;
  const std::size_t recorded = baked();
  if (auto status = drop_damaged(plan, context); !status) return status;
  const std::size_t damaged = recorded - baked();
  if (context.tell)
    context.tell(fmt::format("resuming {}: {} of {} tensors are baked{}", file_.partial(), baked(), records_.size(),
                             damaged > 0 ? fmt::format(", {} more are damaged and will be baked again", damaged) : ""));
  return {};
}

base::Status JournaledImage::read_records() {
  std::vector<TensorRecord> found(records_.size());
  if (auto status = file_.read_at(image_bytes_, std::as_writable_bytes(std::span(found))); !status) return status;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].place == i && found[i].checksum == checksum_of(found[i])) records_[i] = found[i];
  return {};
}

/// Reads all that is recorded, on all threads.
base::Status JournaledImage::drop_damaged(const rom::ImagePlan& plan, const Context& context) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const std::size_t first = rom::place_of(rom::SectionKind::Codebook, i);
    for (std::size_t s = first; find(i) != nullptr && s < first + rom::kSectionsPerTensor; ++s) {
      const auto& section = plan.sections[s];
      for (std::uint64_t at = 0; at < section.bytes; at += rom::kPieceBytes)
        pieces.push_back({i, section.offset + at, std::min(rom::kPieceBytes, section.bytes - at)});
    }
  }
  std::vector<std::uint64_t> sums(pieces.size());
  std::vector<base::Status> failures(pieces.size());
  constexpr std::size_t kBatch = 128;
  for (std::size_t first = 0; first < pieces.size(); first += kBatch) {
    if (context.progress.stopped()) return base::Error{"interrupted"};
    context.progress("checking what is baked", first, pieces.size());
    context.pool.parallel_for(std::min(kBatch, pieces.size() - first), [&](std::size_t i) {
      std::vector<std::byte> bytes(pieces[first + i].bytes);
      failures[first + i] = file_.read_at(pieces[first + i].offset, bytes);
      sums[first + i] = base::checksum64(bytes);
    });
  }
  context.progress("checking what is baked", pieces.size(), pieces.size());
  for (const auto& failure : failures)
    if (!failure) return failure;
  std::size_t next = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (find(i) == nullptr) continue;
    for (std::size_t s = 0; s < rom::kSectionsPerTensor; ++s) {
      const auto& section = plan.sections[rom::place_of(rom::SectionKind::Codebook, i) + s];
      const std::size_t count = (section.bytes + rom::kPieceBytes - 1) / rom::kPieceBytes;
      const auto sum = base::checksum64(std::as_bytes(std::span(sums).subspan(next, count)));
      if (sum != records_[i].checksums[s]) records_[i].place = kNone;
      next += count;
    }
  }
  return {};
}

const TensorRecord* JournaledImage::find(std::size_t place) const {
  return records_[place].place == place ? &records_[place] : nullptr;
}

std::size_t JournaledImage::baked() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) count += find(i) != nullptr ? 1 : 0;
  return count;
}

void JournaledImage::tell_how_to_go_on(const std::function<void(const std::string&)>& tell) const {
  if (!tell || file_.partial().empty() || baked() == 0) return;
  tell(fmt::format("{} has {} of {} tensors: run the same command again to go on", file_.partial(), baked(),
                   records_.size()));
}

base::Status JournaledImage::record(TensorRecord record) {
  record.checksum = checksum_of(record);
  const std::uint64_t offset = image_bytes_ + record.place * sizeof record;
  if (auto status = file_.write_at(offset, bytes_of(record)); !status) return status;
  records_[record.place] = record;
  file_.keep(true);
  return {};
}

base::Status JournaledImage::leave(std::uint64_t bytes) {
  at_ += bytes;
  return {};
}

base::Status JournaledImage::append(std::span<const std::byte> data) {
  auto status = file_.write_at(at_, data);
  if (status) at_ += data.size();
  return status;
}

base::Status JournaledImage::write_at(std::uint64_t offset, std::span<const std::byte> data) {
  return file_.write_at(offset, data);
}

/// All bytes are durable before the journal goes, so that hardly a moment is left in which a kill loses them.
base::Status JournaledImage::commit() {
  base::check(at_ == image_bytes_, "the image is as long as planned");
  if (auto status = file_.sync(); !status) return status;
  if (auto status = file_.cut(image_bytes_); !status) return status;
  return file_.commit();
}

}  // namespace kiln::bake
