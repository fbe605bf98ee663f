// A GGUF file, version 2 or 3, taken apart: metadata by key and tensor descriptions. Counts, lengths, offsets and
// overlaps are checked against the file before anything is allocated for them. Values stay in the mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.hpp"
#include "checkpoint/format.hpp"
#include "kiln/base/result.hpp"

namespace kiln::checkpoint {

enum class GgufType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

struct GgufValue {
  GgufType type = GgufType::U8;
  GgufType element = GgufType::U8;  ///< of an array
  std::uint64_t count = 1;          ///< elements of an array
  std::uint64_t offset = 0;         ///< of the (first) value in the file
  std::uint64_t bytes = 0;
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> dimensions;  ///< columns first, as in the file
  const Format* format = nullptr;
  std::uint64_t offset = 0;  ///< from the start of the file
  std::uint64_t bytes = 0;
  std::size_t file = 0;  ///< the part that it is in

  /// Whether the dimensions are these, but for ones at the end, which writers put and leave out.
  [[nodiscard]] bool has_shape(std::span<const std::uint64_t> expected) const;
};

class GgufFile {
 public:
  static base::Result<GgufFile> read(base::MappedFile file);

  /// Adds the tensors of a further part of the same model. Fails where there is one of the same name.
  base::Status join(GgufFile part);
  /// A key that both have, with values that differ; not those that differ from part to part.
  [[nodiscard]] std::optional<std::string> differing_key(const GgufFile& part) const;

  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }
  [[nodiscard]] const GgufTensor* tensor(std::string_view name) const;
  [[nodiscard]] const std::string& path() const { return file_.path(); }
  /// A sentence about this file.
  [[nodiscard]] base::Error error(const std::string& what) const;
  /// The file that a tensor is in.
  [[nodiscard]] const base::MappedFile& file_of(const GgufTensor& tensor) const;
  /// Hands over the mappings, in the order of GgufTensor::file; the metadata can no longer be read.
  std::vector<base::MappedFile> take_files() &&;

  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(key); }
  /// Each fails, naming file and key, if the key's value has another type or range; nothing if the key is absent.
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> integer(std::string_view key) const;
  [[nodiscard]] base::Result<std::optional<double>> number(std::string_view key) const;
  /// Of a number or a boolean, or of an array of them: each as a number; empty if the key is absent.
  [[nodiscard]] base::Result<std::vector<double>> numbers(std::string_view key) const;
  [[nodiscard]] base::Result<std::optional<bool>> boolean(std::string_view key) const;
  [[nodiscard]] base::Result<std::optional<std::string>> text(std::string_view key) const;
  /// Arrays of at most `limit` elements; empty if the key is absent.
  [[nodiscard]] base::Result<std::vector<std::string>> texts(std::string_view key, std::uint64_t limit) const;
  /// Of floats or of 32-bit integers.
  [[nodiscard]] base::Result<std::vector<float>> floats(std::string_view key, std::uint64_t limit) const;
  [[nodiscard]] base::Result<std::vector<std::int64_t>> integers(std::string_view key, std::uint64_t limit) const;

 private:
  explicit GgufFile(base::MappedFile file) : file_(std::move(file)) {}
  base::Status read_header();
  base::Status place_tensors(std::uint64_t header_end);
  [[nodiscard]] const GgufValue* find(std::string_view key) const;
  [[nodiscard]] base::Result<const GgufValue*> array(std::string_view key, std::uint64_t limit) const;
  [[nodiscard]] base::Error wrong(std::string_view key, std::string_view expected) const;
  [[nodiscard]] std::optional<std::int64_t> integer_at(GgufType type, std::uint64_t offset) const;

  base::MappedFile file_;
  std::map<std::string, GgufValue, std::less<>> values_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::vector<base::MappedFile> further_;
};

}  // namespace kiln::checkpoint
