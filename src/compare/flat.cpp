#include "compare/flat.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "json/keys.hpp"

namespace kiln::compare {
namespace {

bool is_leaf(const json::Value& value) {
  if (value.is_array())
    return std::ranges::none_of(value.array(), [](const auto& each) { return each.is_array() || each.is_object(); });
  return !value.is_object();
}

/// What each entry of a list is called: its name, "name#2" for the second of that name; indices where one has no name.
std::vector<std::string> names_of(const json::Array& list) {
  std::vector<std::string> names;
  std::map<std::string_view, int> seen;
  for (const json::Value& entry : list) {
    const auto* name = entry.is_object() ? entry.find("name") : nullptr;
    if (name == nullptr || !name->is_text()) break;
    const int before = seen[name->text()]++;
    names.push_back(name->text() + (before == 0 ? "" : "#" + std::to_string(before + 1)));
  }
  if (names.size() == list.size()) return names;
  names.clear();
  for (std::size_t i = 0; i < list.size(); ++i) names.push_back(std::to_string(i));
  return names;
}

void enter(const json::Value& tree, const std::string& path, Values& figures) {
  if (is_leaf(tree)) {
    figures[path] = tree;
  } else if (tree.is_array()) {
    const auto names = names_of(tree.array());
    for (std::size_t i = 0; i < tree.size(); ++i) enter(tree.array()[i], path + "." + names[i], figures);
  } else {
    const auto before = path + ".";
    for (const auto& [key, member] : tree.object()) enter(member, before + key, figures);
  }
}

void enter_config(const json::Value& config, const std::string& key, Values& keys) {
  if (!config.is_object()) {
    keys[key] = config;
    return;
  }
  for (const auto& [name, member] : config.object()) enter_config(member, json::join_pointer(key, name), keys);
}

}  // namespace

void add_figures(const json::Value& tree, const std::function<bool(std::string_view key)>& skip, Values& figures) {
  for (const auto& [key, member] : tree.object())
    if (!skip(key)) enter(member, key, figures);
}

void add_keys(const std::string& kind, const json::Value& config, Values& keys) {
  enter_config(config, kind + ":", keys);
}

void put(json::Value& tree, std::string_view pointer, const json::Value* value) {
  pointer.remove_prefix(1);
  const auto end = pointer.find('/');
  const auto key = json::unescaped(pointer.substr(0, end));
  if (!tree.is_object()) tree = json::Object();
  if (end != pointer.npos) {
    put(tree.object()[key], pointer.substr(end), value);
  } else if (value != nullptr) {
    tree.object()[key] = *value;
  } else {
    tree.object().erase(key);
  }
}

}  // namespace kiln::compare
