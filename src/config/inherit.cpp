#include "config/inherit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "base/mapped_file.hpp"
#include "config/json_text.hpp"

namespace kiln::config {
namespace {

namespace fs = std::filesystem;

/// By pointer: the file that what is there comes from.
using Origins = std::map<std::string, std::string, std::less<>>;

struct Whole {
  json::Value tree;
  Origins origins;
};

/// The files of a chain so far, each as it is called and where it is.
struct Chain {
  std::vector<std::string> called, where;

  [[nodiscard]] bool has(const std::string& place) const { return std::ranges::find(where, place) != where.end(); }
  void add(const std::string& file) {
    called.push_back(file);
    where.push_back(place_of(file));
  }
  static std::string place_of(const std::string& file) {
    std::error_code failed;
    const auto real = fs::weakly_canonical(file, failed);
    return failed ? file : real.string();
  }
};

/// Whether `tree` says anything of what `pointer` names: it, something above that replaces it, or something below.
bool speaks_of(const json::Value& tree, std::string_view pointer) {
  const json::Value* node = &tree;
  while (!pointer.empty()) {
    if (!node->is_object()) return true;
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    node = node->find(json::unescaped(pointer.substr(0, end)));
    if (node == nullptr) return false;
    pointer.remove_prefix(end);
  }
  return true;
}

/// A base's reasons of what `derived` leaves as it is.
void keep_reasons(const json::Value& derived, json::Value& base) {
  const auto reasons = base.object().find("reasons");
  if (reasons == base.object().end() || !reasons->second.is_object()) return;
  std::erase_if(reasons->second.object(),
                [&](const auto& reason) { return reason.first.starts_with('/') && speaks_of(derived, reason.first); });
}

class Merge {
 public:
  Merge(const Whole& base, std::string file, Origins& origins)
      : base_(base), file_(std::move(file)), origins_(origins) {}

  /// `derived` over `base`, which are at `pointer`.
  void run(json::Value& derived, const json::Value& base, const std::string& pointer) {
    for (const auto& [key, value] : base.object()) {
      const std::string at = join_pointer(pointer, printable(key));  // as errors will ask; a key may be megabytes
      const auto [own, left_out] = derived.object().try_emplace(key, value);
      if (left_out)
        inherit_origins(at);
      else if (own->second.is_null())
        derived.object().erase(own);
      else if (own->second.is_object() && value.is_object())
        run(own->second, value, at);
    }
    // What the base says nothing of is taken away as well: its default holds.
    std::erase_if(derived.object(), [](const auto& entry) { return entry.second.is_null(); });
  }

 private:
  void inherit_origins(const std::string& pointer) {
    origins_[pointer] = origin_of(pointer);
    const std::string below = pointer + "/";
    for (auto at = base_.origins.lower_bound(below); at != base_.origins.end() && at->first.starts_with(below); ++at)
      origins_[at->first] = at->second;
  }

  /// The file of the nearest thing at or above the pointer of which the base knows where it comes from.
  [[nodiscard]] std::string origin_of(std::string_view pointer) const {
    while (true) {
      if (const auto found = base_.origins.find(pointer); found != base_.origins.end()) return found->second;
      if (pointer.empty()) return file_;
      pointer = pointer.substr(0, pointer.rfind('/'));
    }
  }

  const Whole& base_;
  std::string file_;
  Origins& origins_;
};

base::Error refused(const std::string& file, const std::string& why) {
  return base::Error{fmt::format("{}: /extends {}", file, why)};
}

base::Result<std::string> file_of(const std::string& name, const std::string& file, const FindBase& find) {
  const bool path = name.find('/') != name.npos || name.ends_with(".json");
  if (!path && find) return find(name);
  // Without ".", of which every file of a chain would add one. A ".." stays: what it leaves may be a link.
  fs::path beside;
  for (const auto& part : fs::path(file).parent_path() / (path ? name : name + ".json"))
    if (part != ".") beside /= part;
  std::error_code ignored;
  if (fs::is_regular_file(beside, ignored)) return beside.string();
  return base::Error{fmt::format("there is no file {}", printable(beside.string(), 200))};
}

base::Result<Whole> read_whole(const std::string& file, const FindBase& find, Chain& chain);

base::Status complete(Whole& derived, const std::string& file, const FindBase& find, Chain& chain) {
  const json::Value* extends = derived.tree.find("extends");
  if (extends == nullptr) return {};
  if (!extends->is_text() || extends->text().empty())
    return refused(file, "is no text; allowed: the name or the file of a config of the same kind.");
  const auto base_file = file_of(extends->text(), file, find);
  if (!base_file) return refused(file, "cannot be followed: " + base_file.error().message);
  derived.tree.object().erase("extends");
  if (chain.has(Chain::place_of(*base_file))) {
    std::string way;
    for (const auto& each : chain.called) way += each + ", ";
    return refused(file, fmt::format("leads back to a file that it came from: {}{}.", way, *base_file));
  }
  if (chain.called.size() > kMostBases)
    return refused(file,
                   fmt::format("is the {}th of a chain; at most {} are allowed.", chain.called.size(), kMostBases));
  auto base = read_whole(*base_file, find, chain);
  if (!base) return base.error();
  for (const auto* own : {"name", "description"}) base->tree.object().erase(own);
  keep_reasons(derived.tree, base->tree);
  Merge(*base, *base_file, derived.origins).run(derived.tree, base->tree, "");
  return {};
}

base::Result<Whole> read_whole(const std::string& file, const FindBase& find, Chain& chain) {
  chain.add(file);
  const auto text = base::read_text_file(file, kMaximumFileBytes);
  if (!text) return text.error();
  Errors errors(file);
  auto tree = parse_json(*text, errors);
  if (!tree) return errors.joined();
  if (!tree->is_object()) {
    errors.add("", "is no object, which a config is.");
    return errors.joined();
  }
  Whole whole{*std::move(tree), {}};
  if (const auto done = complete(whole, file, find, chain); !done) return done.error();
  return whole;
}

}  // namespace

base::Status inherit(json::Value& tree, const FindBase& find, Errors& errors) {
  if (tree.find("extends") == nullptr) return {};
  Chain chain;
  chain.add(errors.file());
  Whole whole{std::move(tree), {}};
  if (const auto done = complete(whole, errors.file(), find, chain); !done) return done.error();
  tree = std::move(whole.tree);
  for (const auto& [pointer, file] : whole.origins) errors.note_origin(pointer, file);
  return {};
}

}  // namespace kiln::config
