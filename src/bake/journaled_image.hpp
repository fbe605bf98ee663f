// An image that is being baked, in its X.partial, so that a bake that was killed or interrupted goes on where it was. The
// image's bytes are at their final places; behind its end is a journal, which commit() cuts off:
//
//     records    one a matrix, in the image's order; zeros until the matrix is in the file
//     trailer    the key: what decides the image's bytes, as a hash; ends the file
//
// Nothing that a journal says is believed: a record counts if it matches its own checksum and the matrix' sections
// match theirs. So it needs no order of writing, and what a power cut has lost is found and baked again. Private to the
// bake module.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/hash.hpp"
#include "kiln/base/progress.hpp"
#include "kiln/base/thread_pool.hpp"
#include "rom/image_sink.hpp"
#include "rom/rom_writer.hpp"

namespace kiln::bake {

/// A baked matrix, without its bytes.
struct TensorRecord {
  std::uint32_t place = 0;   ///< in the image's order
  std::uint32_t hashed = 0;  ///< 1: `source` is the hash of the checkpoint's tensor; 0: that was read before
  rom::TensorChecksums checksums = {};
  double energy = 0;
  double error = 0;
  double max_error = 0;
  std::array<char, 32> source = {};
  std::uint64_t checksum = 0;  ///< XXH3-64 of the key and of the bytes before it
};
static_assert(sizeof(TensorRecord) == 104);

class JournaledImage final : public rom::ImageSink {
 public:
  struct Context {
    base::ThreadPool& pool;
    const base::Progress& progress;
    const std::function<void(const std::string&)>& tell;  ///< gets a sentence where X.partial was there; may be empty
  };
  /// Takes X.partial with the matrices that are whole in it, if its key is `key`; else it begins anew. Fails where
  /// another process bakes X, where the disk has no room for the image, and when it is interrupted.
  static base::Result<std::unique_ptr<JournaledImage>> open(const std::string& path, const rom::ImagePlan& plan,
                                                            const base::Digest& key, const Context& context);

  /// Null if the matrix is still to be baked.
  [[nodiscard]] const TensorRecord* find(std::size_t place) const;
  /// The matrix is written.
  base::Status record(TensorRecord record);
  /// Of an interrupted bake, if it leaves something.
  void tell_how_to_go_on(const std::function<void(const std::string&)>& tell) const;
  /// A failure that the next bake would meet, too: nothing is left behind.
  void drop() { file_.keep(false); }

  base::Status leave(std::uint64_t bytes) override;
  base::Status append(std::span<const std::byte> data) override;
  base::Status write_at(std::uint64_t offset, std::span<const std::byte> data) override;
  [[nodiscard]] std::uint64_t size() const override { return at_; }
  base::Status commit() override;

 private:
  JournaledImage(base::AtomicFile file, const rom::ImagePlan& plan, const base::Digest& key);
  [[nodiscard]] std::size_t baked() const;
  [[nodiscard]] std::uint64_t file_bytes() const;
  [[nodiscard]] std::uint64_t checksum_of(const TensorRecord& record) const;
  base::Status begin();
  base::Status resume(const rom::ImagePlan& plan, const Context& context);
  base::Status read_records();
  base::Status drop_damaged(const rom::ImagePlan& plan, const Context& context);

  base::AtomicFile file_;
  base::Digest key_;
  std::uint64_t image_bytes_;
  std::vector<TensorRecord> records_;  ///< those that are not baked have another place
  std::uint64_t at_ = 0;
};

}  // namespace kiln::bake
