#include "sweep/object_reader.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "json/keys.hpp"

namespace kiln::sweep {

ObjectReader::ObjectReader(const json::Value& object, std::string file, std::string pointer)
    : object_(object), file_(std::move(file)), pointer_(std::move(pointer)) {
  if (!object_.is_object())
    status_ = base::Error{fmt::format("{}: {} is {}; an object is expected", file_, pointer_.empty() ? "/" : pointer_,
                                      base::excerpt(json::write(object_, json::Escapes::NonAscii)))};
}

const json::Value* ObjectReader::find(std::string_view key) {
  known_.emplace_back(key);
  return object_.find(key);
}

void ObjectReader::text(std::string_view key, std::string& value) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_text() || found->text().empty()) return reject(key, "a text that is not empty");
  value = found->text();
}

void ObjectReader::whole(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_whole() || found->whole() < least || found->whole() > most)
    return reject(key, fmt::format("an integer from {} to {}", least, most));
  value = found->whole();
}

void ObjectReader::real(std::string_view key, double& value, double above, double most) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_number() || !(found->number() > above && found->number() <= most))
    return reject(key, fmt::format("a number above {}, to {},", above, most));
  value = found->number();
}

void ObjectReader::texts(std::string_view key, std::vector<std::string>& values) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_array()) return reject(key, "a list of texts");
  for (const auto& item : found->array()) {
    if (!item.is_text()) return reject(key, "a list of texts");
    values.push_back(item.text());
  }
}

std::string ObjectReader::place(std::string_view key) const {
  return fmt::format("{}: {}", file_, base::without_controls(json::join_pointer(pointer_, key)));
}

void ObjectReader::reject(std::string_view key, std::string_view expected) {
  const auto* found = object_.find(key);
  fail(key, fmt::format(
                "{}; {} is expected",
                found == nullptr ? "is missing" : "is " + base::excerpt(json::write(*found, json::Escapes::NonAscii)),
                expected));
}

void ObjectReader::fail(std::string_view key, std::string_view sentence) {
  if (status_) status_ = base::Error{fmt::format("{} {}", place(key), sentence)};
}

base::Status ObjectReader::done() {
  if (!status_) return status_;
  const auto unknown = json::unknown_keys(object_.object(), known_);
  if (unknown.empty()) return {};
  const auto near = json::nearest_key(unknown.front(), known_);
  std::string all;
  for (const auto& key : known_) all += (all.empty() ? "" : ", ") + key;
  return base::Error{fmt::format("{} is not a known key; {}", place(base::excerpt(std::string(unknown.front()))),
                                 near ? fmt::format("did you mean {}?", *near) : all + " are expected")};
}

}  // namespace kiln::sweep
