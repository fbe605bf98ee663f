// Where the bytes of an image go, in their order: into a file, or against those of another image. Header and directory
// are known last and go to the place that was left for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "kiln/base/result.hpp"

namespace kiln::rom {

class ImageSink {
 public:
  virtual ~ImageSink() = default;
  /// Room at the end, for write_at() or for what is there already.
  virtual base::Status leave(std::uint64_t bytes) = 0;
  virtual base::Status append(std::span<const std::byte> data) = 0;
  virtual base::Status write_at(std::uint64_t offset, std::span<const std::byte> data) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Nothing may be written after it.
  virtual base::Status commit() = 0;
};

/// Appears at `path` on commit(), by rename.
base::Result<std::unique_ptr<ImageSink>> file_sink(const std::string& path);

/// Keeps nothing and says where what is written first differs from `image`.
class ComparingSink : public ImageSink {
 public:
  explicit ComparingSink(std::span<const std::byte> image) : image_(image) {}
  base::Status leave(std::uint64_t bytes) override;
  base::Status append(std::span<const std::byte> data) override;
  base::Status write_at(std::uint64_t offset, std::span<const std::byte> data) override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  base::Status commit() override;

  /// The byte of the image that differs first in the order of writing: the contents, then the directory, then the
  /// header, which follows from them. Nothing if all bytes are the same and none is left.
  [[nodiscard]] std::optional<std::uint64_t> difference() const { return difference_; }

 private:
  void compare(std::uint64_t offset, std::span<const std::byte> data);
  std::span<const std::byte> image_;
  std::uint64_t size_ = 0;
  std::optional<std::uint64_t> difference_;
};

}  // namespace kiln::rom
