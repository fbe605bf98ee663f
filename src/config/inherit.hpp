// `"extends": "NAME"`: a config takes everything from another of its kind and says what differs (configs/README.md). An
// object is merged key by key, anything else replaces what it stands for, null removes it. `name` and `description` are
// the file's own. A reason of a base holds as long as what it is about does. Private to the config module.
#pragma once

#include "config/errors.hpp"
#include "json/value.hpp"
#include "kiln/base/result.hpp"
#include "kiln/config/load.hpp"

namespace kiln::config {

/// Files that a chain of `extends` may have, without the first.
inline constexpr std::size_t kMostBases = 8;

/// Completes `tree`, the text of `errors.file()`, in place. `errors` then names the file that a pointer is from. Fails
/// where a base cannot be read, where a chain is too long or leads back to itself.
base::Status inherit(json::Value& tree, const FindBase& find, Errors& errors);

}  // namespace kiln::config
