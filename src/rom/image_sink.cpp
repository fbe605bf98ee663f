#include "rom/image_sink.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/atomic_file.hpp"

namespace kiln::rom {
namespace {

class FileSink final : public ImageSink {
 public:
  explicit FileSink(base::AtomicFile file) : file_(std::move(file)) {}
  base::Status leave(std::uint64_t bytes) override { return file_.append(std::vector<std::byte>(bytes)); }
  base::Status append(std::span<const std::byte> data) override { return file_.append(data); }
  base::Status write_at(std::uint64_t offset, std::span<const std::byte> data) override {
    return file_.write_at(offset, data);
  }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  base::Status commit() override { return file_.commit(); }

 private:
  base::AtomicFile file_;
};

}  // namespace

base::Result<std::unique_ptr<ImageSink>> file_sink(const std::string& path) {
  auto file = base::AtomicFile::create(path);
  if (!file) return file.error();
  return std::unique_ptr<ImageSink>(std::make_unique<FileSink>(std::move(*file)));
}

base::Status ComparingSink::leave(std::uint64_t bytes) {
  size_ += bytes;
  return {};
}

base::Status ComparingSink::append(std::span<const std::byte> data) {
  compare(size_, data);
  size_ += data.size();
  return {};
}

base::Status ComparingSink::write_at(std::uint64_t offset, std::span<const std::byte> data) {
  compare(offset, data);
  return {};
}

base::Status ComparingSink::commit() {
  if (!difference_ && size_ != image_.size()) difference_ = std::min<std::uint64_t>(size_, image_.size());
  return {};
}

void ComparingSink::compare(std::uint64_t offset, std::span<const std::byte> data) {
  if (difference_ || data.empty()) return;
  const std::uint64_t begin = std::min<std::uint64_t>(offset, image_.size());
  const auto there = image_.subspan(begin, std::min<std::uint64_t>(data.size(), image_.size() - begin));
  if (data.size() == there.size() && std::memcmp(data.data(), there.data(), data.size()) == 0) return;
  const auto at = std::ranges::mismatch(data, there).in1;
  if (at != data.end()) difference_ = offset + static_cast<std::uint64_t>(at - data.begin());
}

}  // namespace kiln::rom
